// Float and double routines of the boot ROM (RP2040 datasheet, 2.8.3.2), in JavaScript. As in the ROM, denormals count as
// zero and are flushed to it; conversions to integers round towards minus infinity and clamp.

import type { RP2040 } from 'rp2040js';
import type { RomRoutine } from './rom-memory.js';

const buffer = new DataView(new ArrayBuffer(8));

/** One precision: how a value lies in registers. */
interface Precision {
  /** Registers that a value takes. */
  size: 1 | 2;
  get(chip: RP2040, register: number): number;
  set(chip: RP2040, register: number, value: number): void;
}

const SINGLE: Precision = {
  size: 1,
  get(chip, register) {
    const bits = chip.core.registers[register]!;
    buffer.setUint32(0, (bits & 0x7f800000) === 0 ? bits & 0x80000000 : bits);
    return buffer.getFloat32(0);
  },
  set(chip, register, value) {
    buffer.setFloat32(0, value);
    const bits = buffer.getUint32(0);
    chip.core.registers[register] = (bits & 0x7f800000) === 0 ? bits & 0x80000000 : bits;
  },
};

const DOUBLE: Precision = {
  size: 2,
  get(chip, register) {
    const r = chip.core.registers;
    const high = r[register + 1]!;
    const tiny = (high & 0x7ff00000) === 0;
    buffer.setUint32(0, tiny ? high & 0x80000000 : high);
    buffer.setUint32(4, tiny ? 0 : r[register]!);
    return buffer.getFloat64(0);
  },
  set(chip, register, value) {
    buffer.setFloat64(0, value);
    const r = chip.core.registers;
    const high = buffer.getUint32(0);
    const tiny = (high & 0x7ff00000) === 0;
    r[register + 1] = tiny ? high & 0x80000000 : high;
    r[register] = tiny ? 0 : buffer.getUint32(4);
  },
};

function unary(p: Precision, cycles: number, compute: (x: number) => number): RomRoutine {
  return (chip) => {
    p.set(chip, 0, compute(p.get(chip, 0)));
    return cycles;
  };
}

function binary(p: Precision, cycles: number, compute: (a: number, b: number) => number): RomRoutine {
  return (chip) => {
    p.set(chip, 0, compute(p.get(chip, 0), p.get(chip, p.size)));
    return cycles;
  };
}

/** -1, 0 or 1 in r0. */
function compare(p: Precision, cycles: number): RomRoutine {
  return (chip) => {
    chip.core.registers[0] = Math.sign(p.get(chip, 0) - p.get(chip, p.size)) | 0;
    return cycles;
  };
}

/** The same in the flags, as after a comparison of integers. */
function compareFlags(p: Precision, cycles: number): RomRoutine {
  return (chip) => {
    const a = p.get(chip, 0);
    const b = p.get(chip, p.size);
    chip.core.Z = a === b;
    chip.core.N = a < b;
    chip.core.C = a >= b;
    chip.core.V = false;
    return cycles;
  };
}

function clamp(value: number, low: number, high: number): number {
  if (Number.isNaN(value)) return high;
  return Math.min(high, Math.max(low, Math.floor(value)));
}

/** To a 32-bit integer; with `fixed`, of the value times 2 to the power of the next argument. */
function toInt(p: Precision, cycles: number, signed: boolean, fixed: boolean): RomRoutine {
  return (chip) => {
    const r = chip.core.registers;
    const scale = fixed ? 2 ** (r[p.size]! | 0) : 1;
    const value = p.get(chip, 0) * scale;
    r[0] = signed ? clamp(value, -0x80000000, 0x7fffffff) : clamp(value, 0, 0xffffffff);
    return cycles;
  };
}

function toInt64(p: Precision, cycles: number, signed: boolean, fixed: boolean): RomRoutine {
  return (chip) => {
    const r = chip.core.registers;
    const scale = fixed ? 2 ** (r[p.size]! | 0) : 1;
    const value = Math.floor(p.get(chip, 0) * scale);
    const low = signed ? -(2n ** 63n) : 0n;
    const high = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
    let big = Number.isFinite(value) ? BigInt(value) : value < 0 ? low : high;
    if (big < low) big = low;
    if (big > high) big = high;
    r[0] = Number(big & 0xffffffffn);
    r[1] = Number((big >> 32n) & 0xffffffffn);
    return cycles;
  };
}

function fromInt(p: Precision, cycles: number, signed: boolean, fixed: boolean): RomRoutine {
  return (chip) => {
    const r = chip.core.registers;
    const scale = fixed ? 2 ** -(r[1]! | 0) : 1;
    p.set(chip, 0, (signed ? r[0]! | 0 : r[0]!) * scale);
    return cycles;
  };
}

function fromInt64(p: Precision, cycles: number, signed: boolean, fixed: boolean): RomRoutine {
  return (chip) => {
    const r = chip.core.registers;
    const scale = fixed ? 2 ** -(r[2]! | 0) : 1;
    const big = (BigInt(r[1]!) << 32n) | BigInt(r[0]!);
    p.set(chip, 0, Number(signed ? BigInt.asIntN(64, big) : big) * scale);
    return cycles;
  };
}

function sinCos(p: Precision, cycles: number): RomRoutine {
  return (chip) => {
    const angle = p.get(chip, 0);
    p.set(chip, 0, Math.sin(angle));
    p.set(chip, p.size, Math.cos(angle));
    return cycles;
  };
}

function convert(from: Precision, to: Precision, cycles: number): RomRoutine {
  return (chip) => {
    to.set(chip, 0, from.get(chip, 0));
    return cycles;
  };
}

/** Cycles of the routines in the order of the table; averages, rounded. */
type Costs = readonly number[];

/** The routines in the order of the ROM's table, whose entries are 4 bytes each. */
function table(p: Precision, c: Costs): RomRoutine[] {
  return [
    binary(p, c[0]!, (a, b) => a + b),
    binary(p, c[1]!, (a, b) => a - b),
    binary(p, c[2]!, (a, b) => a * b),
    binary(p, c[3]!, (a, b) => a / b),
    compare(p, c[4]!),
    compareFlags(p, c[5]!),
    unary(p, c[6]!, Math.sqrt),
    toInt(p, c[7]!, true, false),
    toInt(p, c[8]!, true, true),
    toInt(p, c[9]!, false, false),
    toInt(p, c[10]!, false, true),
    fromInt(p, c[11]!, true, false),
    fromInt(p, c[12]!, true, true),
    fromInt(p, c[13]!, false, false),
    fromInt(p, c[14]!, false, true),
    unary(p, c[15]!, Math.cos),
    unary(p, c[16]!, Math.sin),
    unary(p, c[17]!, Math.tan),
    sinCos(p, c[18]!),
    unary(p, c[19]!, Math.exp),
    unary(p, c[20]!, Math.log),
    compare(p, c[21]!),
    binary(p, c[22]!, Math.atan2),
    fromInt64(p, c[23]!, true, false),
    fromInt64(p, c[24]!, true, true),
    fromInt64(p, c[25]!, false, false),
    fromInt64(p, c[26]!, false, true),
    toInt64(p, c[27]!, true, false),
    toInt64(p, c[28]!, true, true),
    toInt64(p, c[29]!, false, false),
    toInt64(p, c[30]!, false, true),
    p === SINGLE ? convert(SINGLE, DOUBLE, c[31]!) : convert(DOUBLE, SINGLE, c[31]!),
  ];
}

// prettier-ignore
const SINGLE_COSTS: Costs = [
  71, 74, 58, 71, 40, 40, 63, 36, 33, 37, 33, 55, 53, 49, 46, 603, 593, 669, 700, 542, 810, 40, 599, 62, 60, 60, 58, 77,
  74, 76, 70, 15,
];
// prettier-ignore
const DOUBLE_COSTS: Costs = [
  91, 95, 155, 183, 50, 50, 169, 75, 74, 63, 62, 69, 68, 64, 63, 1617, 1618, 1891, 1800, 804, 428, 50, 2168, 75, 74, 70,
  69, 60, 59, 53, 52, 23,
];

/** The ROM's tables 'SF' and 'SD'. */
export const SINGLE_TABLE = table(SINGLE, SINGLE_COSTS);
export const DOUBLE_TABLE = table(DOUBLE, DOUBLE_COSTS);
