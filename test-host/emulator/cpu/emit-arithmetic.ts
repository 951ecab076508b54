// Instructions that compute in registers. Where rp2040js's interpreter and the architecture differ (carry of a register shift
// by 0, flags of a sum with carry), this does what rp2040js does.

import type { Alu, Extension, Operand } from './decode.js';
import { Local, PC, SP } from './emitter.js';
import type { Emitter } from './emitter.js';
import { Op } from './wasm-code.js';

const { a: A, b: B, t: T, n: N, c: C, v: V, flagA: FLAG_A, flagB: FLAG_B } = Local;

/** flagA + flagB to T, with all flags but C. */
function sum(e: Emitter): void {
  e.code.get(FLAG_A).get(FLAG_B).op(Op.add).set(T);
  e.setNz(T);
  e.code.get(FLAG_A).get(T).op(Op.xor).get(FLAG_B).get(T).op(Op.xor).op(Op.and).set(V);
}

/** flagA - flagB to T, with all flags but C. */
function difference(e: Emitter): void {
  e.code.get(FLAG_A).get(FLAG_B).op(Op.sub).set(T);
  e.setNz(T);
  e.code.get(FLAG_A).get(FLAG_B).op(Op.xor).get(FLAG_A).get(T).op(Op.xor).op(Op.and).set(V);
}

/** n + operand to T. */
export function emitAdd(e: Emitter, n: number, operand: Operand): void {
  e.get(n).set(FLAG_A);
  e.operand(operand).set(FLAG_B);
  sum(e);
  e.code.get(T).get(FLAG_A).op(Op.ltU).set(C);
}

/** n - operand to T; n is pushed by `minuend`. */
function subtract(e: Emitter, minuend: () => void, operand: Operand): void {
  minuend();
  e.code.set(FLAG_A);
  e.operand(operand).set(FLAG_B);
  difference(e);
  e.code.get(FLAG_A).get(FLAG_B).op(Op.geU).set(C);
  e.compared = true;
}

export function emitSubtract(e: Emitter, n: number, operand: Operand): void {
  subtract(e, () => e.get(n), operand);
}

function addWithCarry(e: Emitter, d: number, m: number): void {
  e.get(m).set(FLAG_A);
  e.get(d).get(C).op(Op.add).set(FLAG_B);
  sum(e);
  e.code.get(FLAG_B).get(C).op(Op.ltU).get(T).get(FLAG_A).op(Op.ltU).op(Op.or).set(C);
}

function subtractWithCarry(e: Emitter, d: number, m: number): void {
  e.get(d).set(FLAG_A);
  e.get(m).tee(B).const(1).get(C).op(Op.sub).op(Op.add).set(FLAG_B);
  difference(e);
  e.code.get(FLAG_A).get(B).op(Op.gtU).get(FLAG_A).get(B).op(Op.eq).get(C).op(Op.and).op(Op.or).set(C);
}

/** Bit (`B` - 1) & 31 of A to C: the last one shifted out to the right. */
function carryOfRightShift(e: Emitter): void {
  e.code.get(A).get(B).const(1).op(Op.sub).op(Op.shrU).const(1).op(Op.and);
}

/** Shifts of register d by the low byte of register m; result in T. */
function shiftByRegister(e: Emitter, alu: 'lsl' | 'lsr' | 'asr' | 'ror', d: number, m: number): void {
  const { code } = e;
  e.get(d).set(A);
  e.get(m).const(255).op(Op.and).set(B);
  switch (alu) {
    case 'lsl':
      code.get(A).get(B).op(Op.shl).const(0).get(B).const(32).op(Op.ltU).op(Op.select).set(T);
      code.get(A).const(32).get(B).op(Op.sub).op(Op.shrU).const(1).op(Op.and);
      code.get(C).get(B).op(Op.select).set(C);
      break;
    case 'lsr':
      code.get(A).get(B).op(Op.shrU).const(0).get(B).const(32).op(Op.ltU).op(Op.select).set(T);
      carryOfRightShift(e);
      code.const(0).get(B).const(32).op(Op.leU).op(Op.select).set(C);
      break;
    case 'asr':
      code.get(B).const(32).get(B).const(32).op(Op.ltU).op(Op.select).set(B);
      code.get(A).get(B).const(31).get(B).const(31).op(Op.ltU).op(Op.select).op(Op.shrS).set(T);
      carryOfRightShift(e);
      code.set(C);
      break;
    case 'ror':
      code.get(A).get(B).op(Op.rotr).tee(T).const(31).op(Op.shrU).set(C);
      break;
  }
  e.setNz(T);
}

export function emitShift(e: Emitter, alu: 'lsl' | 'lsr' | 'asr', d: number, m: number, by: number): void {
  const { code } = e;
  e.get(m).set(A);
  if (alu === 'lsl') {
    code.get(A).const(by).op(Op.shl).set(T);
    if (by)
      code
        .get(A)
        .const(32 - by)
        .op(Op.shrU)
        .const(1)
        .op(Op.and)
        .set(C);
  } else if (alu === 'lsr') {
    if (by === 32) code.const(0).set(T);
    else code.get(A).const(by).op(Op.shrU).set(T);
    code
      .get(A)
      .const(by - 1)
      .op(Op.shrU)
      .const(1)
      .op(Op.and)
      .set(C);
  } else {
    code.get(A).const(Math.min(by, 31)).op(Op.shrS).set(T);
    code
      .get(A)
      .const(by - 1)
      .op(Op.shrU)
      .const(1)
      .op(Op.and)
      .set(C);
  }
  e.setNz(T);
  code.get(T);
  e.set(d);
}

const LOGIC = { and: Op.and, eor: Op.xor, orr: Op.or, mul: Op.mul, tst: Op.and } as const;

function logic(e: Emitter, op: number, d: number, m: number): void {
  e.get(d);
  e.get(m).op(op).set(T);
  e.setNz(T);
}

export function emitAlu(e: Emitter, alu: Alu, d: number, m: number): void {
  switch (alu) {
    case 'and':
    case 'eor':
    case 'orr':
    case 'mul':
    case 'tst':
      logic(e, LOGIC[alu], d, m);
      break;
    case 'bic':
      e.get(d);
      e.get(m).const(-1).op(Op.xor).op(Op.and).set(T);
      e.setNz(T);
      break;
    case 'mvn':
      e.get(m).const(-1).op(Op.xor).set(T);
      e.setNz(T);
      break;
    case 'lsl':
    case 'lsr':
    case 'asr':
    case 'ror':
      shiftByRegister(e, alu, d, m);
      break;
    case 'adc':
      addWithCarry(e, d, m);
      break;
    case 'sbc':
      subtractWithCarry(e, d, m);
      break;
    case 'neg':
      subtract(e, () => e.code.const(0), { register: m });
      break;
    case 'cmp':
      emitSubtract(e, d, { register: m });
      break;
    case 'cmn':
      emitAdd(e, d, { register: m });
      break;
  }
  if (alu === 'tst' || alu === 'cmp' || alu === 'cmn') return;
  e.code.get(T);
  e.set(d);
}

export function emitExtend(e: Emitter, extension: Extension, d: number, m: number): void {
  const { code } = e;
  e.get(m);
  switch (extension) {
    case 'sxtb':
      code.op(Op.extend8S);
      break;
    case 'sxth':
      code.op(Op.extend16S);
      break;
    case 'uxtb':
      code.const(0xff).op(Op.and);
      break;
    case 'uxth':
      code.const(0xffff).op(Op.and);
      break;
    case 'rev':
      code.tee(A).const(8).op(Op.rotl).const(0x00ff00ff).op(Op.and);
      code.get(A).const(8).op(Op.rotr).const(0xff00ff00).op(Op.and).op(Op.or);
      break;
    case 'rev16':
      code.tee(A).const(8).op(Op.shrU).const(0x00ff00ff).op(Op.and);
      code.get(A).const(8).op(Op.shl).const(0xff00ff00).op(Op.and).op(Op.or);
      break;
    case 'revsh':
      code.tee(A).const(8).op(Op.shrU).const(0xff).op(Op.and);
      code.get(A).const(8).op(Op.shl).op(Op.or).op(Op.extend16S);
      break;
  }
  e.set(d);
}

/** MOV and ADD with high registers, but for those that write the program counter. */
export function emitHigh(e: Emitter, add: boolean, d: number, m: number, pc: number): void {
  if (add) e.get(d);
  e.get(m, pc);
  if (add) e.code.op(Op.add);
  if (d === SP) e.setSp();
  else e.set(d);
}

/** The same for the program counter: pushes the target. */
export function emitHighToPc(e: Emitter, add: boolean, m: number, pc: number): void {
  if (add) e.get(PC, pc);
  e.get(m, pc);
  if (add) e.code.op(Op.add);
}

/** Pushes 1 if the condition (bits 11–8 of the branch) holds. */
export function emitCondition(e: Emitter, condition: number): void {
  const { code } = e;
  if (e.compared && COMPARED[condition]) {
    code.get(FLAG_A).get(FLAG_B).op(COMPARED[condition]);
    return;
  }
  switch (condition >> 1) {
    case 0:
      code.get(Local.z).op(Op.eqz);
      break;
    case 1:
      code.get(C);
      break;
    case 2:
      code.get(N).const(0).op(Op.ltS);
      break;
    case 3:
      code.get(V).const(0).op(Op.ltS);
      break;
    case 4:
      code.get(C).get(Local.z).const(0).op(Op.ne).op(Op.and);
      break;
    case 5:
      code.get(N).get(V).op(Op.xor).const(0).op(Op.geS);
      break;
    case 6:
      code.get(N).get(V).op(Op.xor).const(0).op(Op.geS).get(Local.z).const(0).op(Op.ne).op(Op.and);
      break;
  }
  if (condition & 1) code.op(Op.eqz);
}

/** The conditions as comparisons of the operands of a subtraction. */
const COMPARED: (number | undefined)[] = [
  Op.eq,
  Op.ne,
  Op.geU,
  Op.ltU,
  undefined,
  undefined,
  undefined,
  undefined,
  Op.gtU,
  Op.leU,
  Op.geS,
  Op.ltS,
  Op.gtS,
  Op.leS,
];
