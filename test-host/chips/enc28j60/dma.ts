// The DMA controller (DS39662E, chapter 13): copies within the buffer and computes checksums, following the receive
// ring at its source. It shares a memory port with the transmitter: each waits for the other.

import { MEMORY_SIZE } from './buffer-memory.js';
import type { Enc28j60 } from './enc28j60.js';
import type { Event } from '../../sim/scheduler.js';
import { DMAIF, ECON1, ECON1_CSUMEN, ECON1_DMAST, EDMACSL, EDMADSTL, EDMANDL, EDMASTL } from './registers.js';

/** 13.1, 13.2: a full frame of 1518 bytes takes 121.44 µs to copy and 60.72 µs to sum. */
const COPY_TIME = 0.08;
const SUM_TIME = 0.04;

export class Dma {
  private event: Event | null = null;
  private waiting = false;
  private running = false;
  private sumStart = -1;
  private sumEnd = -1;

  constructor(private readonly chip: Enc28j60) {
    for (let place = EDMASTL; place <= EDMADSTL + 1; place++) {
      chip.regs.onWrite(place, (next, old) => {
        if (this.busy && next !== old) chip.misuse.count('dmaPointersChanged');
        return next;
      });
    }
  }

  /** DMAST is set. */
  get busy(): boolean {
    return this.running || this.waiting;
  }

  /** The memory port is in use: a transmission has to wait. */
  get portBusy(): boolean {
    return this.running;
  }

  reset(): void {
    this.cancel();
    this.sumStart = this.sumEnd = -1;
  }

  /** ECON1.DMAST goes from 0 to 1. */
  start(): void {
    if (this.chip.transmitter.portBusy) {
      this.waiting = true;
      return;
    }
    this.run();
  }

  /** The transmitter has let the memory port go. */
  portFree(): void {
    if (this.waiting) this.run();
  }

  /** ECON1.DMAST is cleared by the host: the operation ends, registers stay. */
  cancel(): void {
    this.chip.scheduler.cancel(this.event);
    this.event = null;
    const ran = this.running;
    if (ran && this.sumEnd === Infinity) this.sumEnd = this.chip.scheduler.now;
    this.running = this.waiting = false;
    if (ran) this.chip.transmitter.portFree();
  }

  /** Has a checksum operation run at any time since `time`? */
  checksumSince(time: number): boolean {
    return this.sumStart >= 0 && this.sumEnd > time;
  }

  private run(): void {
    const { chip } = this;
    const { regs, memory } = chip;
    this.waiting = false;
    this.running = true;
    const summing = regs.has(ECON1, ECON1_CSUMEN);
    const from = regs.word(EDMASTL);
    const to = regs.word(EDMANDL);
    const source = walk(from, to, (a) => memory.next(a));
    if (summing) {
      this.sumStart = chip.scheduler.now;
      this.sumEnd = Infinity;
    }
    // 13.0, notes: an end that wrapping never meets; a copy of one byte overwrites all memory.
    if (!source || (!summing && from === to)) {
      chip.misuse.count('dmaEndless');
      if (!summing) this.overrun(from);
      return;
    }
    const time = source.length * (summing ? SUM_TIME : COPY_TIME);
    this.event = chip.scheduler.after(time, () => {
      if (summing) this.sum(source);
      else this.copy(source);
      this.running = false;
      this.event = null;
      if (summing) this.sumEnd = chip.scheduler.now;
      regs.clear(ECON1, ECON1_DMAST);
      chip.interrupts.raise(DMAIF);
      chip.transmitter.portFree();
    });
  }

  private copy(source: Uint16Array): void {
    const { bytes } = this.chip.memory;
    let to = this.chip.regs.word(EDMADSTL);
    for (const a of source) {
      bytes[to] = bytes[a]!;
      to = (to + 1) & (MEMORY_SIZE - 1);
    }
    this.chip.counters.dmaCopies++;
  }

  /** 13.2: one's complement of the one's-complement sum of big-endian words, an odd end padded with 0. */
  private sum(source: Uint16Array): void {
    const { bytes } = this.chip.memory;
    let sum = 0;
    for (let i = 0; i < source.length; i++) sum += i & 1 ? bytes[source[i]!]! : bytes[source[i]!]! << 8;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    const result = ~sum & 0xffff;
    this.chip.regs.setWord(EDMACSL, result);
    this.chip.counters.dmaChecksums++;
  }

  private overrun(from: number): void {
    const { memory, regs } = this.chip;
    let to = regs.word(EDMADSTL);
    let a = from;
    for (let i = 0; i < MEMORY_SIZE; i++) {
      memory.bytes[to] = memory.bytes[a]!;
      a = memory.next(a);
      to = (to + 1) & (MEMORY_SIZE - 1);
    }
  }
}

/** The addresses from `from` to `to`, both included; null when `to` is never met. */
function walk(from: number, to: number, next: (a: number) => number): Uint16Array | null {
  const out = new Uint16Array(MEMORY_SIZE);
  let a = from;
  for (let n = 0; n < MEMORY_SIZE; n++) {
    out[n] = a;
    if (a === to) return out.subarray(0, n + 1);
    a = next(a);
  }
  return null;
}
