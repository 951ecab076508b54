// Thumb instructions (ARMv6-M Architecture Reference Manual, A5 and A6) as the translator wants them: operation, operands and
// cost. What is not here is 'other': executed by rp2040js's own interpreter.

export type Alu =
  | 'and'
  | 'eor'
  | 'lsl'
  | 'lsr'
  | 'asr'
  | 'adc'
  | 'sbc'
  | 'ror'
  | 'tst'
  | 'neg'
  | 'cmp'
  | 'cmn'
  | 'orr'
  | 'mul'
  | 'bic'
  | 'mvn';

export type Extension = 'sxth' | 'sxtb' | 'uxth' | 'uxtb' | 'rev' | 'rev16' | 'revsh';

/** Register number, or a constant. */
export type Operand = { register: number } | { constant: number };

/** Bytes of a load or store. */
export type Size = 1 | 2 | 4;

export type Operation =
  | { kind: 'shift'; alu: 'lsl' | 'lsr' | 'asr'; d: number; m: number; by: number }
  | { kind: 'add' | 'sub'; d: number; n: number; operand: Operand }
  | { kind: 'compare'; n: number; operand: Operand }
  | { kind: 'set'; d: number; constant: number }
  | { kind: 'alu'; alu: Alu; d: number; m: number }
  | { kind: 'addHigh' | 'move'; d: number; m: number }
  | { kind: 'address'; d: number; base: Operand; offset: number }
  | { kind: 'adjustSp'; by: number }
  | { kind: 'extend'; extension: Extension; d: number; m: number }
  | { kind: 'load'; size: Size; signed: boolean; d: number; base: Operand; offset: Operand }
  | { kind: 'store'; size: Size; d: number; base: Operand; offset: Operand }
  | { kind: 'loadMany' | 'storeMany'; n: number; list: number[] }
  | { kind: 'push' | 'pop'; list: number[] }
  | { kind: 'popPc'; list: number[] }
  | { kind: 'branch'; target: number }
  | { kind: 'branchIf'; condition: number; target: number }
  | { kind: 'call'; target: number }
  | { kind: 'callRegister' | 'jump'; m: number }
  | { kind: 'nop' | 'other' };

export interface Instruction {
  operation: Operation;
  address: number;
  /** Bytes. */
  length: number;
  /** Cycles; of a conditional branch: when it is not taken. Accesses count as to RAM. */
  cycles: number;
}

const ALU: Alu[] = [
  'and',
  'eor',
  'lsl',
  'lsr',
  'asr',
  'adc',
  'sbc',
  'ror',
  'tst',
  'neg',
  'cmp',
  'cmn',
  'orr',
  'mul',
  'bic',
  'mvn',
];
const EXTEND: Extension[] = ['sxth', 'sxtb', 'uxth', 'uxtb'];
/** LDR/STR with register offset by opcode bits 11–9: size, load, signed. */
const REGISTER_OFFSET: [Size, boolean, boolean][] = [
  [4, false, false],
  [2, false, false],
  [1, false, false],
  [1, true, true],
  [4, true, false],
  [2, true, false],
  [1, true, false],
  [2, true, true],
];
const SP = 13;
const PC = 15;

function list(bits: number): number[] {
  const registers = [];
  for (let i = 0; i < 8; i++) if (bits & (1 << i)) registers.push(i);
  return registers;
}

const register = (r: number): Operand => ({ register: r });
const constant = (value: number): Operand => ({ constant: value });

function operation(address: number, op: number): [Operation, number] {
  const low = op & 7;
  const mid = (op >> 3) & 7;
  const high = (op >> 8) & 7;
  const imm5 = (op >> 6) & 31;
  const imm8 = op & 255;
  const other: [Operation, number] = [{ kind: 'other' }, 1];
  switch (op >> 11) {
    case 0:
      return [{ kind: 'shift', alu: 'lsl', d: low, m: mid, by: imm5 }, 1];
    case 1:
      return [{ kind: 'shift', alu: 'lsr', d: low, m: mid, by: imm5 || 32 }, 1];
    case 2:
      return [{ kind: 'shift', alu: 'asr', d: low, m: mid, by: imm5 || 32 }, 1];
    case 3: {
      const value = (op >> 6) & 7;
      const operand = op & 0x400 ? constant(value) : register(value);
      return [{ kind: op & 0x200 ? 'sub' : 'add', d: low, n: mid, operand }, 1];
    }
    case 4:
      return [{ kind: 'set', d: high, constant: imm8 }, 1];
    case 5:
      return [{ kind: 'compare', n: high, operand: constant(imm8) }, 1];
    case 6:
    case 7:
      return [{ kind: op >> 11 === 6 ? 'add' : 'sub', d: high, n: high, operand: constant(imm8) }, 1];
    case 8:
      return op & 0x400 ? highRegister(op) : [{ kind: 'alu', alu: ALU[(op >> 6) & 15]!, d: low, m: mid }, 1];
    case 9: {
      const base = constant(((address + 4) & ~3) + imm8 * 4);
      return [{ kind: 'load', size: 4, signed: false, d: high, base, offset: constant(0) }, 2];
    }
    case 10:
    case 11: {
      const [size, load, signed] = REGISTER_OFFSET[(op >> 9) & 7]!;
      const base = register((op >> 6) & 7);
      const offset = register(mid);
      if (load) return [{ kind: 'load', size, signed, d: low, base, offset }, 2];
      return [{ kind: 'store', size, d: low, base, offset }, 2];
    }
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17: {
      const size = op >> 11 < 14 ? 4 : op >> 11 < 16 ? 1 : 2;
      const base = register(mid);
      const offset = constant(imm5 * size);
      if (op & 0x800) return [{ kind: 'load', size, signed: false, d: low, base, offset }, 2];
      return [{ kind: 'store', size, d: low, base, offset }, 2];
    }
    case 18:
      return [{ kind: 'store', size: 4, d: high, base: register(SP), offset: constant(imm8 * 4) }, 2];
    case 19:
      return [
        { kind: 'load', size: 4, signed: false, d: high, base: register(SP), offset: constant(imm8 * 4) },
        2,
      ];
    case 20:
      return [{ kind: 'address', d: high, base: constant((address & ~3) + 4), offset: imm8 * 4 }, 1];
    case 21:
      return [{ kind: 'address', d: high, base: register(SP), offset: imm8 * 4 }, 1];
    case 22:
    case 23:
      return miscellaneous(op);
    case 24:
    case 25: {
      const registers = list(imm8);
      const kind = op & 0x800 ? 'loadMany' : 'storeMany';
      return [{ kind, n: high, list: registers }, 1 + registers.length];
    }
    case 26:
    case 27: {
      const condition = (op >> 8) & 15;
      if (condition >= 14) return other;
      return [{ kind: 'branchIf', condition, target: address + 4 + ((imm8 << 24) >> 23) }, 1];
    }
    case 28:
      return [{ kind: 'branch', target: address + 4 + (((op & 0x7ff) << 21) >> 20) }, 2];
    default:
      return other;
  }
}

function highRegister(op: number): [Operation, number] {
  const m = (op >> 3) & 15;
  const d = ((op >> 4) & 8) | (op & 7);
  switch ((op >> 8) & 3) {
    case 0:
      return [{ kind: 'addHigh', d, m }, d === PC ? 2 : 1];
    case 1:
      if (d === PC || m === PC) return [{ kind: 'other' }, 1];
      return [{ kind: 'compare', n: d, operand: register(m) }, 1];
    case 2:
      return [{ kind: 'move', d, m }, d === PC ? 2 : 1];
    default:
      if (op & 7 || m === PC) return [{ kind: 'other' }, 1];
      return [{ kind: op & 0x80 ? 'callRegister' : 'jump', m }, 2];
  }
}

function miscellaneous(op: number): [Operation, number] {
  const d = op & 7;
  const m = (op >> 3) & 7;
  const registers = list(op & 255);
  switch ((op >> 8) & 15) {
    case 0x0: {
      const by = (op & 127) * 4;
      return [{ kind: 'adjustSp', by: op & 0x80 ? -by : by }, 1];
    }
    case 0x2:
      return [{ kind: 'extend', extension: EXTEND[(op >> 6) & 3]!, d, m }, 1];
    case 0x4:
      return [{ kind: 'push', list: registers }, 1 + registers.length];
    case 0x5:
      return [{ kind: 'push', list: [...registers, 14] }, 1 + registers.length];
    case 0xa: {
      const extension = (['rev', 'rev16', undefined, 'revsh'] as const)[(op >> 6) & 3];
      return [extension ? { kind: 'extend', extension, d, m } : { kind: 'other' }, 1];
    }
    case 0xc:
      return [{ kind: 'pop', list: registers }, 1 + registers.length];
    case 0xd:
      return [{ kind: 'popPc', list: registers }, 3 + registers.length];
    default:
      return [{ kind: op === 0xbf00 ? 'nop' : 'other' }, 1];
  }
}

/**
 * The instruction at `address` with the halfwords `op` and, for a 32-bit one, `second`.
 */
export function decode(address: number, op: number, second: number): Instruction {
  const wide = op >> 11 >= 29;
  if (op >> 11 === 30 && (second & 0xd000) === 0xd000) {
    const s = (op >> 10) & 1;
    const i1 = 1 ^ s ^ ((second >> 13) & 1);
    const i2 = 1 ^ s ^ ((second >> 11) & 1);
    const offset = (-s << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((second & 0x7ff) << 1);
    return { operation: { kind: 'call', target: address + 4 + offset }, address, length: 4, cycles: 3 };
  }
  const [found, cycles] = operation(address, op);
  return { operation: found, address, length: wide ? 4 : 2, cycles };
}

/** Whether the block ends here: nothing, or not only the next instruction, follows. */
export function endsBlock(operation: Operation): boolean {
  switch (operation.kind) {
    case 'branch':
    case 'branchIf':
    case 'call':
    case 'callRegister':
    case 'jump':
    case 'popPc':
    case 'other':
      return true;
    case 'addHigh':
    case 'move':
      return operation.d === PC;
    default:
      return false;
  }
}
