// What the emission of every instruction needs: registers and flags as locals of the function, cycles, and the ways out of
// it. Registers are read from the processor's state at the entry and written back at the exit, as far as they occur.

import type { Operand } from './decode.js';
import { State } from './memory.js';
import { Access, Op, WasmCode } from './wasm-code.js';
import type { Label } from './wasm-code.js';

export const SP = 13;
export const LR = 14;
export const PC = 15;

/** Locals; the first one is the parameter. */
export const Local = {
  /** Number of the entry to go to. */
  entry: 0,
  /** r0; the others follow. */
  registers: 1,
  n: 17,
  z: 18,
  c: 19,
  v: 20,
  left: 21,
  /** What the function returns. */
  result: 22,
  /** Operands of the last instruction that set flags. */
  flagA: 23,
  flagB: 24,
  a: 25,
  b: 26,
  address: 27,
  t: 28,
} as const;
export const LOCALS = 28;

const FLAGS = [
  [Local.n, State.n],
  [Local.z, State.z],
  [Local.c, State.c],
  [Local.v, State.v],
] as const;

/** Functions that the module imports for accesses which are not to RAM or flash. */
export const SLOW_ACCESSES = ['load32', 'load16', 'load8', 'store32', 'store16', 'store8'] as const;
export type SlowAccess = (typeof SLOW_ACCESSES)[number];

export class Emitter {
  readonly code = new WasmCode();
  /** Whether the flags are those of flagA minus flagB. */
  compared = false;
  /** Cycles of the present block's instructions so far. */
  spent = 0;
  /** Cycles before the last instruction of the present block. */
  beforeLast = 0;
  private readonly read = new Set<number>();
  private readonly written = new Set<number>();
  private readonly exit: Label;

  constructor() {
    this.exit = this.code.block();
  }

  /** Pushes a register; `pc` stands for r15. */
  get(register: number, pc = 0): WasmCode {
    if (register === PC) return this.code.const(pc);
    this.read.add(register);
    return this.code.get(Local.registers + register);
  }

  /** Pops a register. */
  set(register: number): WasmCode {
    this.written.add(register);
    return this.code.set(Local.registers + register);
  }

  operand(operand: Operand): WasmCode {
    return 'register' in operand ? this.get(operand.register) : this.code.const(operand.constant);
  }

  /** Pops the stack pointer: its low bits are zero, and its lowest value is kept. */
  setSp(): void {
    const { code } = this;
    code.const(~3).op(Op.and);
    this.set(SP);
    this.get(SP)
      .const(0)
      .access(Access.load32, State.lowestSp * 4)
      .op(Op.ltU);
    code.if();
    code.const(0);
    this.get(SP).access(Access.store32, State.lowestSp * 4);
    code.end();
  }

  /** N and Z from a local. */
  setNz(local: number): void {
    this.compared = false;
    this.code.get(local).tee(Local.n).set(Local.z);
  }

  /** Charges the present block up to here plus `more` cycles. */
  charge(more = 0): void {
    const cycles = this.spent + more;
    if (cycles) this.code.get(Local.left).const(cycles).op(Op.sub).set(Local.left);
  }

  /** Leaves the function to go on at `address`. */
  leaveTo(address: number, more = 0): void {
    this.charge(more);
    this.code.const(address).set(Local.result).br(this.exit);
  }

  /** Leaves the function to have the instruction at `address` interpreted. */
  leaveToInterpreter(address: number): void {
    this.leaveTo(address | 1);
  }

  /** Leaves the function to go on at the address on the stack, whose bit 0 does not count. */
  leaveToComputed(cycles: number): void {
    this.code.const(~1).op(Op.and).set(Local.result);
    this.charge(cycles);
    this.code.br(this.exit);
  }

  /** The whole function, when all blocks are written. */
  finish(): WasmCode {
    const whole = new WasmCode();
    const registers = new Set([...this.read, ...this.written]);
    for (const r of registers) {
      whole
        .const(0)
        .access(Access.load32, r * 4)
        .set(Local.registers + r);
    }
    for (const [local, word] of FLAGS)
      whole
        .const(0)
        .access(Access.load32, word * 4)
        .set(local);
    whole
      .const(0)
      .access(Access.load32, State.left * 4)
      .set(Local.left);
    this.code.end();
    whole.bytes.append(this.code.bytes);
    const store = (local: number, word: number): void => {
      whole
        .const(0)
        .get(local)
        .access(Access.store32, word * 4);
    };
    for (const r of this.written) store(Local.registers + r, r);
    for (const [local, word] of FLAGS) store(local, word);
    store(Local.left, State.left);
    return whole.get(Local.result);
  }
}
