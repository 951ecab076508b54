// Memory and bit routines of the boot ROM (RP2040 datasheet, 2.8.3.1), in JavaScript.

import type { RP2040 } from 'rp2040js';

const RAM = 0x20000000;
const XIP = 0x10000000;

/** A routine: gets the chip with arguments in r0 to r3, leaves its result there. @returns cycles that it takes */
export type RomRoutine = (chip: RP2040) => number;

/** The bytes at `address` for `length`, or null where they are not plain RAM or flash. */
function memory(chip: RP2040, address: number, length: number): Uint8Array | null {
  const ram = address - RAM;
  if (ram >= 0 && ram + length <= chip.sram.length) return chip.sram.subarray(ram, ram + length);
  const flash = address - XIP;
  if (flash >= 0 && flash + length <= chip.flash.length) return chip.flash.subarray(flash, flash + length);
  return null;
}

function copy(chip: RP2040, to: number, from: number, length: number): void {
  const target = memory(chip, to, length);
  const source = memory(chip, from, length);
  if (target && source && to >= RAM) target.set(source);
  else for (let i = 0; i < length; i++) chip.writeUint8(to + i, chip.readUint8(from + i));
}

function fill(chip: RP2040, to: number, value: number, length: number): void {
  const target = memory(chip, to, length);
  if (target && to >= RAM) target.fill(value);
  else for (let i = 0; i < length; i++) chip.writeUint8(to + i, value);
}

// Cycles of loops that move words by LDM and STM in fours, or single bytes: counted from such loops on a Cortex-M0+.
const CALL = 25;
const WORDWISE = 0.9;
const BYTEWISE = 6;

const memcpy: RomRoutine = (chip) => {
  const [to, from, length] = chip.core.registers as unknown as [number, number, number];
  copy(chip, to, from, length);
  return CALL + length * (((to ^ from) & 3) === 0 ? WORDWISE : BYTEWISE);
};

const memset: RomRoutine = (chip) => {
  const [to, value, length] = chip.core.registers as unknown as [number, number, number];
  fill(chip, to, value & 0xff, length);
  return CALL + length * WORDWISE;
};

function unary(cycles: number, compute: (x: number) => number): RomRoutine {
  return (chip) => {
    const r = chip.core.registers;
    r[0] = compute(r[0]!);
    return cycles;
  };
}

function popcount(x: number): number {
  let n = 0;
  for (; x; x &= x - 1) n++;
  return n;
}

function reverse(x: number): number {
  let out = 0;
  for (let i = 0; i < 32; i++) out |= ((x >>> i) & 1) << (31 - i);
  return out;
}

/** By the two characters of their code in the ROM's function table. */
export const MEMORY_ROUTINES: Record<string, RomRoutine> = {
  MC: memcpy,
  C4: memcpy,
  MS: memset,
  S4: memset,
  P3: unary(18, popcount),
  R3: unary(21, reverse),
  L3: unary(20, Math.clz32),
  T3: unary(20, (x) => (x === 0 ? 32 : 31 - Math.clz32(x & -x))),
};
