// A GspiSlave behind the words that Lightwire's PIO program for it takes and gives, without the program: a header tells how
// many bits go out and come in, then the words go out, and those that come in wait in a FIFO of four. A header of less than
// 0x10000 is no transaction: it has that many words dropped.

import type { GspiSlave } from './gspi-slave.js';

const WORD = 32;
const FIFO = 4;
/** 31.25 MHz out, 12.5 MHz in. */
const WORD_OUT_US = WORD * 0.032;
const WORD_IN_US = WORD * 0.08;
/** Time for which the program holds chip select high between two transactions. */
const GAP_US = 8;

export interface GspiWordsSurroundings {
  /** Virtual time, µs. */
  now(): number;
  /** Keeps the caller busy. */
  spend(us: number): void;
}

/** A call that would wait for ever. */
export class GspiStandstill extends Error {
  override readonly name = 'GspiStandstill';
}

export class GspiWords {
  /** The level of the data line while no transaction is under way. */
  onLine: (level: 0 | 1) => void = () => {};
  private readonly tx: number[] = [];
  private readonly rx: { word: number; ready: number }[] = [];
  private selected = false;
  private dropping = 0;
  private outgoing = 0;
  private incoming = 0;
  /** When the machine has clocked all that it had to, µs. */
  private free = -GAP_US;

  /** Takes `slave.onInterrupt`. */
  constructor(private readonly slave: GspiSlave) {
    slave.onInterrupt = (level) => {
      if (!this.selected) this.onLine(level);
    };
  }

  /** The machine begins anew: what was under way ends, and the FIFOs are empty. */
  reset(): void {
    this.clear();
    if (this.selected) this.end();
    this.dropping = this.outgoing = this.incoming = 0;
    this.onLine(this.slave.interrupt);
  }

  /** Empties the FIFOs. */
  clear(): void {
    this.tx.length = this.rx.length = 0;
  }

  /** @throws GspiStandstill when nobody takes what has come in for an earlier transaction */
  put(words: ArrayLike<number>, around: GspiWordsSurroundings): void {
    for (let i = 0; i < words.length; i++) {
      this.tx.push(words[i]! >>> 0);
      this.run(around);
      if (this.tx.length > FIFO) throw new GspiStandstill('gSPI: words have come in that nobody takes');
    }
    this.wait(this.free - FIFO * WORD_OUT_US, around);
  }

  /** @throws GspiStandstill when no word is to come */
  get(around: GspiWordsSurroundings): number {
    const first = this.rx[0];
    if (!first) throw new GspiStandstill('gSPI: no transaction brings a word');
    this.wait(first.ready, around);
    this.rx.shift();
    this.run(around);
    return first.word;
  }

  /** Words that wait. */
  waiting(around: GspiWordsSurroundings): number {
    return this.rx.filter(({ ready }) => ready <= around.now()).length;
  }

  /** Words that have been put and not yet clocked out. */
  get unsent(): number {
    return this.tx.length;
  }

  private run(around: GspiWordsSurroundings): void {
    for (;;) {
      if (!this.selected) {
        const header = this.tx.shift();
        if (header === undefined) return;
        if (this.dropping) this.dropping--;
        else if (header < 0x10000) this.dropping = header;
        else this.begin(header, around);
      } else if (this.outgoing) {
        const word = this.tx.shift();
        if (word === undefined) return;
        this.pass(WORD_OUT_US, around);
        this.outgoing--;
        this.slave.wordIn(word);
      } else if (this.incoming) {
        if (this.rx.length === FIFO) return;
        this.pass(WORD_IN_US, around);
        this.incoming--;
        this.rx.push({ word: this.slave.wordOut(), ready: this.free });
      } else {
        this.end();
      }
    }
  }

  private begin(header: number, around: GspiWordsSurroundings): void {
    const outBits = (header >>> 16) + 1;
    const inBits = header & 0xffff ? (header & 0xffff) + 1 : 0;
    if (outBits % WORD || inBits % WORD) {
      throw new Error(`gSPI: header ${header.toString(16)} does not count whole words`);
    }
    this.outgoing = outBits / WORD;
    this.incoming = inBits / WORD;
    this.free = Math.max(this.free + GAP_US, around.now());
    this.wait(this.free - FIFO * WORD_OUT_US, around);
    this.selected = true;
    this.onLine(0);
    this.slave.select();
  }

  private end(): void {
    this.selected = false;
    this.slave.deselect();
    this.onLine(this.slave.interrupt);
  }

  private pass(us: number, around: GspiWordsSurroundings): void {
    this.free = Math.max(this.free, around.now()) + us;
  }

  private wait(until: number, around: GspiWordsSurroundings): void {
    const us = until - around.now();
    if (us > 0) around.spend(us);
  }
}
