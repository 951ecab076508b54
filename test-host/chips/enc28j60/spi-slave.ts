// The SPI side: from CS low to CS high one instruction, decoded byte by byte (DS39662E, 4.2), with a bulk path for
// the two buffer instructions. What registers and memory do is behind RegisterFile and BufferMemory.

import type { Enc28j60 } from './enc28j60.js';
import { REGISTERS } from './registers.js';

/** DS39662E, table 4-1: opcode in bits 7:5, argument in bits 4:0. */
export const RCR = 0x00;
export const RBM = 0x3a;
export const WCR = 0x40;
export const WBM = 0x7a;
export const BFS = 0x80;
export const BFC = 0xa0;
export const SRC = 0xff;

type State = 'idle' | 'opcode' | 'dummy' | 'read' | 'repeat' | 'write' | 'rbm' | 'wbm' | 'done' | 'ignore';

/** Fastest SPI clock, DS39662E, table 16-6; slowest for the MAC registers under erratum 1. */
const MAX_CLOCK = 20e6;
const MIN_MAC_CLOCK = 8e6;

export class SpiSlave {
  private state: State = 'idle';
  private place = 0;
  private operation: 'WCR' | 'BFS' | 'BFC' = 'WCR';
  private value = 0;
  private trailing = false;
  private readonly one = new Uint8Array(1);

  constructor(private readonly chip: Enc28j60) {}

  /** CS goes low. */
  select(): void {
    const chip = this.chip;
    if (this.state !== 'idle') this.deselect();
    chip.counters.spiSelects++;
    this.trailing = false;
    if (chip.inReset) {
      chip.misuse.count('spiInReset');
      this.state = 'ignore';
      return;
    }
    if (chip.spiClockHz > MAX_CLOCK) chip.misuse.count('spiClockTooFast', `${chip.spiClockHz} Hz`);
    this.state = 'opcode';
  }

  /** CS goes high. */
  deselect(): void {
    const s = this.state;
    this.state = 'idle';
    const misuse = this.chip.misuse;
    if (s === 'read' || s === 'dummy' || s === 'write')
      misuse.count('abortedCommand', REGISTERS[this.place]!.name);
    if (this.trailing) misuse.count('trailingBytes', REGISTERS[this.place]!.name);
  }

  /** Eight clocks: takes the byte on SI, gives the one on SO. */
  exchange(byte: number): number {
    const chip = this.chip;
    chip.counters.spiBytes++;
    switch (this.state) {
      case 'idle':
        chip.misuse.count('spiNotSelected');
        return 0;
      case 'opcode':
        this.decode(byte);
        return 0;
      case 'dummy':
        this.state = 'read';
        return 0;
      case 'read':
        this.value = this.readRegister();
        this.state = 'repeat';
        return this.value;
      case 'repeat':
        return this.value;
      case 'write':
        this.state = 'done';
        this.writeRegister(byte);
        return 0;
      case 'rbm':
        chip.memory.read(this.one, 0, 1);
        return this.one[0]!;
      case 'wbm':
        this.one[0] = byte;
        chip.memory.write(this.one, 0, 1);
        return 0;
      case 'done':
        this.trailing = true;
        return 0;
      case 'ignore':
        return 0;
    }
  }

  /** Any number of bytes within one select; buffer instructions run in bulk. */
  transfer(tx: Uint8Array): Uint8Array {
    const rx = new Uint8Array(tx.length);
    let i = 0;
    while (i < tx.length) {
      if (this.state === 'rbm') {
        this.chip.counters.spiBytes += tx.length - i;
        this.chip.memory.read(rx, i, tx.length - i);
        break;
      }
      if (this.state === 'wbm') {
        this.chip.counters.spiBytes += tx.length - i;
        this.chip.memory.write(tx, i, tx.length);
        break;
      }
      rx[i] = this.exchange(tx[i]!);
      i++;
    }
    return rx;
  }

  private decode(byte: number): void {
    const chip = this.chip;
    const c = chip.counters;
    if (byte === RBM) {
      c.rbm++;
      chip.memory.beginCommand();
      this.state = 'rbm';
      return;
    }
    if (byte === WBM) {
      c.wbm++;
      chip.memory.beginCommand();
      this.state = 'wbm';
      return;
    }
    if (byte === SRC) {
      c.src++;
      this.state = 'ignore';
      chip.softReset();
      return;
    }
    this.place = chip.regs.place(byte & 0x1f);
    switch (byte & 0xe0) {
      case RCR:
        c.rcr++;
        this.state = chip.regs.hasDummyByte(this.place) ? 'dummy' : 'read';
        break;
      case WCR:
        c.wcr++;
        this.operation = 'WCR';
        this.state = 'write';
        break;
      case BFS:
        c.bfs++;
        this.operation = 'BFS';
        this.state = 'write';
        break;
      case BFC:
        c.bfc++;
        this.operation = 'BFC';
        this.state = 'write';
        break;
      default:
        chip.misuse.count('unknownOpcode', `${byte.toString(16).toUpperCase()}h`);
        this.state = 'ignore';
    }
  }

  private readRegister(): number {
    if (!this.macReady()) return 0;
    const value = this.chip.regs.read(this.place);
    return this.slowMac() ? value ^ this.flippedBit() : value;
  }

  private writeRegister(byte: number): void {
    if (!this.macReady()) return;
    this.chip.regs.write(this.place, this.slowMac() ? byte ^ this.flippedBit() : byte, this.operation);
  }

  /** DS39662E, 2.2 and 14.0: MAC, MII and PHY need the running clock; ETH registers do not. */
  private macReady(): boolean {
    const chip = this.chip;
    if (!chip.regs.hasDummyByte(this.place)) return true;
    const name = REGISTERS[this.place]!.name;
    if (chip.power.asleep) chip.misuse.count('macInPowerSave', name);
    else if (!chip.power.clockRunning) chip.misuse.count('macBeforeClockReady', name);
    else return true;
    return false;
  }

  // DS80349C, 1.
  private slowMac(): boolean {
    const chip = this.chip;
    if (!chip.errata.e1MacSlowSpi || chip.spiClockHz >= MIN_MAC_CLOCK || chip.spiClockHz <= 0) return false;
    if (!chip.regs.hasDummyByte(this.place)) return false;
    chip.misuse.count('spiClockTooSlow', REGISTERS[this.place]!.name);
    return chip.random.chance(chip.errataRates.e1MacSlowSpi);
  }

  private flippedBit(): number {
    return 1 << this.chip.random.below(8);
  }
}
