// The register file: stored values, masks, and hooks by which each block sees reads and writes of its registers.
// It knows the SPI operations WCR, BFS and BFC, and counts their misuse; what a bit does is the blocks' business.

import type { Misuse } from './misuse.js';
import { ECON1, ECON1_BSEL, REGISTERS, placeOf } from './registers.js';

export type WriteOperation = 'WCR' | 'BFS' | 'BFC';

/** Gives the value to be read for the stored one. */
export type ReadHook = (stored: number) => number;

/**
 * Sees a write before it is stored and gives the value to store.
 * @param next the value with read-only bits kept
 * @param old the value before
 * @param data the byte as the host sent it
 */
export type WriteHook = (next: number, old: number, data: number, operation: WriteOperation) => number;

export class RegisterFile {
  readonly values = new Uint8Array(128);
  private readonly readHooks: (ReadHook | undefined)[] = [];
  private readonly writeHooks: (WriteHook | undefined)[] = [];

  constructor(private readonly misuse: Misuse) {
    this.reset();
  }

  reset(): void {
    for (let a = 0; a < 128; a++) this.values[a] = REGISTERS[a]!.reset;
  }

  onRead(place: number, hook: ReadHook): void {
    this.readHooks[place] = hook;
  }

  onWrite(place: number, hook: WriteHook): void {
    this.writeHooks[place] = hook;
  }

  get bank(): number {
    return this.values[ECON1]! & ECON1_BSEL;
  }

  place(address: number): number {
    return placeOf(this.bank, address);
  }

  /** True for registers whose read has a dummy byte. DS39662E, 4.2.1: MAC and MII registers. */
  hasDummyByte(place: number): boolean {
    const g = REGISTERS[place]!.group;
    return g === 'mac' || g === 'mii';
  }

  /** A read by the host. */
  read(place: number): number {
    const info = REGISTERS[place]!;
    if (info.group === 'none') this.misuse.count('unimplementedRegister', `read ${info.name}`);
    else if (info.group === 'reserved') this.misuse.count('reservedRegister', `read ${info.name}`);
    const hook = this.readHooks[place];
    const value = hook ? hook(this.values[place]!) : this.values[place]!;
    return value & info.implemented;
  }

  /** A write by the host. */
  write(place: number, data: number, operation: WriteOperation): void {
    const info = REGISTERS[place]!;
    const old = this.values[place]!;
    if (info.group === 'none') {
      this.misuse.count('unimplementedRegister', `write ${info.name}`);
      return;
    }
    if (info.group === 'reserved') {
      this.misuse.count('reservedRegister', `write ${info.name}`);
      return;
    }
    // DS39662E, 4.2.5 and 4.2.6: BFS and BFC work on ETH registers only.
    if (operation !== 'WCR' && info.group !== 'eth') {
      this.misuse.count('bitFieldOnMac', `${operation} ${info.name}`);
      return;
    }
    const wanted = operation === 'BFS' ? old | data : operation === 'BFC' ? old & ~data : data;
    if (operation !== 'BFC' && data & info.reserved) this.misuse.count('reservedBits', info.name);
    if (!info.writable && !info.clearable) this.misuse.count('readOnlyRegister', info.name);

    const kept = old & ~(info.writable | info.clearable);
    let next = kept | (wanted & info.writable) | (old & wanted & info.clearable);
    const hook = this.writeHooks[place];
    if (hook) next = hook(next, old, data, operation);
    this.values[place] = next;
  }

  /** A register pair, low byte first. */
  word(place: number): number {
    return this.values[place]! | (this.values[place + 1]! << 8);
  }

  setWord(place: number, value: number): void {
    this.values[place] = value & 255;
    this.values[place + 1] = value >> 8;
  }

  set(place: number, bits: number): void {
    this.values[place]! |= bits;
  }

  clear(place: number, bits: number): void {
    this.values[place]! &= ~bits;
  }

  has(place: number, bits: number): boolean {
    return (this.values[place]! & bits) !== 0;
  }
}
