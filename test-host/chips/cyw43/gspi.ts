// One transaction after the other: from chip select low to high a command, data words in one direction after a response
// delay, and a status word. What a function does with its words is behind BusFunction. Hot: nothing is allocated here.

import type { Cyw43 } from './cyw43.js';
import { hex } from './misuse.js';
import { FUNCTION_BACKPLANE, FUNCTION_BUS, FUNCTION_PACKETS, F2_MAX, TEST } from './registers.js';
import { HALF_WORDS, reorder } from './word-order.js';
import type { WordOrder } from './word-order.js';

/** Takes and gives the data words of one function; values, not wire words. */
export interface BusFunction {
  begin(write: boolean, address: number, length: number, increment: boolean): void;
  /** @param bytes 1 to 4, those in the low end of the word that count */
  writeWord(value: number, bytes: number): void;
  readWord(bytes: number): number;
  /** All bytes of the command are through. */
  complete(): void;
  /** Chip select rose before. */
  abort(): void;
}

const enum State {
  Idle,
  Command,
  Write,
  Read,
  /** A command that cannot be: words are clocked through without effect. */
  Refused,
  /** Power off or starting up: the line stays low. */
  Silent,
  /** The fault of that name. */
  Deaf,
}

export class Gspi {
  order: WordOrder = HALF_WORDS;
  private state: State = State.Idle;
  private target: BusFunction;
  private function = 0;
  private write = false;
  private bytesLeft = 0;
  private dataWords = 0;
  private wordsClocked = 0;
  private delayLeft = 0;
  /** Bits that a delay of part words pushes into the next word, and their number of bytes. */
  private carry = 0;
  private shift = 0;
  private statusGiven = false;
  private excess = false;
  private misdirected = false;

  constructor(private readonly chip: Cyw43) {
    this.target = chip.bus;
  }

  reset(): void {
    this.order = HALF_WORDS;
    if (this.state === State.Idle) return;
    this.state = State.Silent;
    // What is under way has begun with power.
    this.wordsClocked = 1;
  }

  select(): void {
    const { chip } = this;
    if (this.state !== State.Idle) this.deselect();
    chip.counters.transactions++;
    this.wordsClocked = 0;
    this.statusGiven = false;
    this.excess = false;
    this.misdirected = false;
    if (!chip.answers) this.state = State.Silent;
    else if (chip.faults.takeDeaf()) this.state = State.Deaf;
    else this.state = State.Command;
  }

  wordIn(wire: number): void {
    const { chip } = this;
    chip.counters.wordsIn++;
    if (chip.faults.bitErrorRate > 0) wire = chip.faults.disturb(wire);
    switch (this.state) {
      case State.Write: {
        if (this.bytesLeft === 0) {
          this.countExcess();
          return;
        }
        const bytes = this.bytesLeft < 4 ? this.bytesLeft : 4;
        this.bytesLeft -= bytes;
        this.target.writeWord(reorder(this.order, wire), bytes);
        if (this.bytesLeft === 0) this.target.complete();
        return;
      }
      case State.Command:
        this.command(reorder(this.order, wire));
        return;
      case State.Read:
        this.countMisdirected('word sent in a read');
        return;
      case State.Silent:
        if (this.wordsClocked++ === 0) this.early(reorder(HALF_WORDS, wire));
        return;
      case State.Idle:
      case State.Refused:
      case State.Deaf:
    }
  }

  wordOut(): number {
    const { chip } = this;
    chip.counters.wordsOut++;
    let wire = 0;
    switch (this.state) {
      case State.Read:
        this.wordsClocked++;
        if (this.delayLeft >= 4) this.delayLeft -= 4;
        else if (this.shift === 0) wire = this.nextWord();
        else {
          const next = this.nextWord();
          wire = (this.carry | (next >>> (8 * this.shift))) >>> 0;
          this.carry = next << (32 - 8 * this.shift);
        }
        break;
      case State.Write:
        if (this.bytesLeft) this.countMisdirected('word read in a write');
        else wire = this.nextWord();
        break;
      case State.Deaf:
        wire = chip.faults.deafAnswer;
        break;
      case State.Command:
        this.countMisdirected('word read before a command');
        break;
      case State.Idle:
      case State.Refused:
      case State.Silent:
    }
    return chip.faults.bitErrorRate > 0 ? chip.faults.disturb(wire) : wire;
  }

  /** @param bits of the last word, 1 to 31 */
  partial(bits: number): void {
    const { chip } = this;
    if (this.state === State.Silent || this.state === State.Deaf || bits <= 0) return;
    chip.misuse.count('incompleteWord', `${bits} bits`);
    chip.interrupts.dataError();
  }

  deselect(): void {
    const { chip, state } = this;
    this.state = State.Idle;
    if (state === State.Command) chip.misuse.count('selectWithoutCommand');
    if ((state === State.Write || state === State.Read) && this.bytesLeft) {
      if (this.delayForgotten(state)) chip.misuse.count('responseDelayMissing', 'words short by the delay');
      else chip.misuse.count('wordsMissing', `${this.bytesLeft} bytes of F${this.function}`);
      this.bytesLeft = 0;
      this.target.abort();
    }
    // Register 0: the new word order holds from the next transaction on.
    if (state !== State.Idle) this.order = chip.bus.order;
    chip.packets.deselected();
  }

  private command(word: number): void {
    const { chip } = this;
    const c = chip.counters;
    this.write = word < 0 || word >= 0x80000000;
    this.function = (word >>> 28) & 3;
    const address = (word >>> 11) & 0x1ffff;
    let length = word & 0x7ff;
    if (this.function === FUNCTION_BUS) {
      this.target = chip.bus;
      if (this.write) c.busWrites++;
      else c.busReads++;
    } else if (this.function === FUNCTION_BACKPLANE) {
      this.target = chip.backplaneFunction;
      if (this.write) c.backplaneWrites++;
      else c.backplaneReads++;
    } else if (this.function === FUNCTION_PACKETS) {
      this.target = chip.packets;
      if (length === 0) length = F2_MAX;
      if (this.write) c.packetWrites++;
      else c.packetReads++;
    } else {
      this.refuse('commandFunction', word);
      return;
    }
    if (length === 0) {
      this.refuse('commandLength', word);
      return;
    }
    this.bytesLeft = length;
    this.dataWords = (length + 3) >> 2;
    this.state = this.write ? State.Write : State.Read;
    this.delayLeft = this.write ? 0 : chip.bus.responseDelay(this.function);
    this.shift = this.delayLeft & 3;
    this.carry = 0;
    this.target.begin(this.write, address, length, (word & 0x40000000) !== 0);
  }

  private refuse(kind: 'commandFunction' | 'commandLength', word: number): void {
    this.chip.misuse.count(kind, hex(word));
    this.chip.interrupts.commandError();
    this.state = State.Refused;
  }

  /** Data, then the status word, then nothing. */
  private nextWord(): number {
    const { chip } = this;
    if (this.bytesLeft) {
      const bytes = this.bytesLeft < 4 ? this.bytesLeft : 4;
      const value = this.target.readWord(bytes);
      this.bytesLeft -= bytes;
      if (this.bytesLeft === 0) this.target.complete();
      return reorder(this.order, value);
    }
    if (!this.statusGiven && chip.bus.statusEnabled) {
      this.statusGiven = true;
      chip.counters.statusWords++;
      return reorder(this.order, chip.bus.status());
    }
    this.countExcess();
    return 0;
  }

  private delayForgotten(state: State): boolean {
    const { function: f, wordsClocked, dataWords } = this;
    return state === State.Read && f === FUNCTION_BACKPLANE && wordsClocked >= dataWords;
  }

  /** A first word before the bus answers; polling TEST is how drivers wait. */
  private early(command: number): void {
    // The select pin may be low before: no driver can help what pins do while they are set up.
    if (!this.chip.powered) this.chip.misuse.count('poweredOff');
    const isTest = (command & 0xb0000000) === 0 && ((command >>> 11) & 0x1ffff) === TEST;
    if (this.chip.powered && !isTest) this.chip.misuse.count('startingUp', hex(command));
  }

  private countExcess(): void {
    if (this.excess) return;
    this.excess = true;
    this.chip.misuse.count('wordsExcess', `F${this.function}`);
  }

  private countMisdirected(detail: string): void {
    if (this.misdirected) return;
    this.misdirected = true;
    this.chip.misuse.count('wrongDirection', detail);
  }
}
