// The 8-Kbyte buffer and the host's way into it: the pointers ERDPT and EWRPT, their auto-increment and where they
// wrap (DS39662E, 3.2.3). The ring arithmetic that receiver and DMA need is here too.

import type { Misuse } from './misuse.js';
import type { RegisterFile } from './register-file.js';
import {
  ECON1,
  ECON1_RXEN,
  ECON2,
  ECON2_AUTOINC,
  ERDPTL,
  ERXNDL,
  ERXRDPTL,
  ERXSTL,
  EWRPTL,
} from './registers.js';

export const MEMORY_SIZE = 8192;
const MASK = MEMORY_SIZE - 1;

export class BufferMemory {
  readonly bytes = new Uint8Array(MEMORY_SIZE);
  /** Asked for each stretch that the host writes: does it hit the packet being transmitted? */
  isTransmitting: (address: number) => boolean = () => false;
  /** The receiver's internal write pointer. */
  writePointer: () => number = () => 0;

  /** Misuse already counted for the present command. */
  private counted = false;

  constructor(
    private readonly regs: RegisterFile,
    private readonly misuse: Misuse,
  ) {}

  /** An RBM or WBM command begins: each kind of misuse counts once a command, however its bytes are clocked. */
  beginCommand(): void {
    this.counted = false;
  }

  get rxStart(): number {
    return this.regs.word(ERXSTL);
  }

  get rxEnd(): number {
    return this.regs.word(ERXNDL);
  }

  /** The address after `address` in the receive ring, or plainly in memory outside of it. */
  next(address: number): number {
    return address === this.rxEnd ? this.rxStart : (address + 1) & MASK;
  }

  /** The address `n` bytes after `address`, wrapping as the ring does. */
  advance(address: number, n: number): number {
    const end = this.rxEnd;
    const toEnd = (end - address) & MASK;
    if (n <= toEnd) return (address + n) & MASK;
    const size = ((end - this.rxStart) & MASK) + 1;
    return (this.rxStart + ((n - toEnd - 1) % size)) & MASK;
  }

  inRing(address: number): boolean {
    const st = this.rxStart;
    const nd = this.rxEnd;
    return st <= nd ? address >= st && address <= nd : address >= st || address <= nd;
  }

  /** True where the receive hardware may write: in the ring, from its write pointer up to ERXRDPT. */
  inFreeSpace(address: number): boolean {
    if (!this.inRing(address)) return false;
    const size = ((this.rxEnd - this.rxStart) & MASK) + 1;
    const at = (a: number): number => (a - this.rxStart) & MASK;
    const fromRead = (at(address) - at(this.regs.word(ERXRDPTL)) + size) % size;
    const used = (at(this.writePointer()) - at(this.regs.word(ERXRDPTL)) + size) % size;
    return fromRead >= used;
  }

  /** RBM: `n` bytes from ERDPT. DS39662E, 4.2.2: ERDPT goes from ERXND to ERXST, from 1FFFh to 0000h. */
  read(out: Uint8Array, at: number, n: number): void {
    const step = this.regs.has(ECON2, ECON2_AUTOINC);
    let p = this.regs.word(ERDPTL);
    this.checkRead(p, step ? n : 1);
    if (!step) {
      out.fill(this.bytes[p]!, at, at + n);
      return;
    }
    const end = this.rxEnd;
    while (n > 0) {
      const stop = p <= end ? end : MASK;
      const run = Math.min(n, stop - p + 1);
      out.set(this.bytes.subarray(p, p + run), at);
      at += run;
      n -= run;
      p += run - 1;
      p = p === end ? this.rxStart : (p + 1) & MASK;
    }
    this.regs.setWord(ERDPTL, p);
  }

  /** WBM: bytes to EWRPT, which wraps from 1FFFh to 0000h only. DS39662E, 4.2.4. */
  write(data: Uint8Array, from: number, to: number): void {
    const step = this.regs.has(ECON2, ECON2_AUTOINC);
    let p = this.regs.word(EWRPTL);
    this.checkWrite(p, step ? to - from : Math.min(1, to - from));
    if (!step) {
      if (to > from) this.bytes[p] = data[to - 1]!;
      return;
    }
    while (from < to) {
      const run = Math.min(to - from, MEMORY_SIZE - p);
      this.bytes.set(data.subarray(from, from + run), p);
      from += run;
      p = (p + run) & MASK;
    }
    this.regs.setWord(EWRPTL, p);
  }

  private checkRead(from: number, n: number): void {
    if (this.counted || n < 1 || !this.regs.has(ECON1, ECON1_RXEN)) return;
    const last = this.advance(from, n - 1);
    if (!this.inFreeSpace(from) && !this.inFreeSpace(last)) return;
    this.counted = true;
    this.misuse.count('readFreeSpace', `${hex(from)}..${hex(last)}`);
  }

  private checkWrite(from: number, n: number): void {
    if (this.counted || n < 1) return;
    const last = (from + n - 1) & MASK;
    const detail = `${hex(from)}..${hex(last)}`;
    if (this.regs.has(ECON1, ECON1_RXEN) && (this.inFreeSpace(from) || this.inFreeSpace(last))) {
      this.counted = true;
      this.misuse.count('writeIntoReceiveBuffer', detail);
    }
    if (this.isTransmitting(from) || this.isTransmitting(last)) {
      this.counted = true;
      this.misuse.count('writeIntoTransmitBuffer', detail);
    }
  }
}

export function hex(v: number): string {
  return v.toString(16).toUpperCase().padStart(4, '0') + 'h';
}
