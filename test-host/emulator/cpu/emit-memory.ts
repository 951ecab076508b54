// Loads and stores. Aligned ones to RAM, and loads from flash, are done in place; all others by functions of the chip
// (slow-access.ts), or, of several registers, by the interpreter.

import type { Operand, Size } from './decode.js';
import { Local, SLOW_ACCESSES, SP } from './emitter.js';
import type { Emitter, SlowAccess } from './emitter.js';
import { FLASH_BASE, FLASH_OFFSET, FLASH_SIZE, RAM_BASE, RAM_OFFSET, RAM_SIZE, State } from './memory.js';
import { Access, Op } from './wasm-code.js';
import type { AccessKind } from './wasm-code.js';

const { a: A, b: B, address: ADDRESS, t: T } = Local;

const LOADS: Record<string, AccessKind> = {
  '1': Access.load8U,
  '2': Access.load16U,
  '4': Access.load32,
  '-1': Access.load8S,
  '-2': Access.load16S,
};
const STORES = { 1: Access.store8, 2: Access.store16, 4: Access.store32 } as const;

/**
 * Pushes whether ADDRESS is aligned and, with room for `count` values, in the `length` bytes at `base`; its distance from
 * there is in T. The rotation moves the low bits, which must be 0, to the top.
 */
function inRange(e: Emitter, base: number, length: number, size: Size, count = 1): void {
  const { code } = e;
  code.get(ADDRESS).const(base).op(Op.sub).tee(T);
  if (size > 1) code.const(size >> 1).op(Op.rotr);
  code.const(length / size - (count - 1)).op(Op.ltU);
}

/** Base and offset to A and B, their sum to ADDRESS. */
function computeAddress(e: Emitter, base: Operand, offset: Operand): void {
  e.operand(base).set(A);
  e.operand(offset).set(B);
  e.code.get(A).get(B).op(Op.add).set(ADDRESS);
}

/** Calls the chip for the access, then leaves if that was asked for, or if the limit has come near. */
function slowAccess(e: Emitter, access: SlowAccess, address: number, value: number | undefined): void {
  const { code } = e;
  code.get(A).get(B);
  if (value !== undefined) e.get(value);
  code.const(address).get(Local.left).const(e.spent).op(Op.sub);
  code.call(SLOW_ACCESSES.indexOf(access));
}

/** Behind a slow access: cycles are what the chip says, corrected for what is charged at the end of the block. */
function afterSlowAccess(e: Emitter, next: number): void {
  const { code } = e;
  const charged = e.spent + 2;
  code
    .const(0)
    .access(Access.load32, State.left * 4)
    .const(charged)
    .op(Op.add)
    .tee(Local.left);
  code.const(e.beforeLast).op(Op.leS);
  code
    .const(0)
    .access(Access.load32, State.leave * 4)
    .op(Op.or);
  code.if();
  e.leaveTo(next | 1, 2);
  code.end();
}

/** A load that is at `address` and whose next instruction is at `address` + 2. */
export function emitLoad(
  e: Emitter,
  address: number,
  size: Size,
  signed: boolean,
  d: number,
  base: Operand,
  offset: Operand,
): void {
  const { code } = e;
  const kind = LOADS[signed ? -size : size]!;
  computeAddress(e, base, offset);
  const done = code.block();
  inRange(e, RAM_BASE, RAM_SIZE, size);
  code.if();
  code.get(T).access(kind, RAM_OFFSET);
  e.set(d).br(done);
  code.end();
  inRange(e, FLASH_BASE, FLASH_SIZE, size);
  code.if();
  code.get(T).access(kind, FLASH_OFFSET);
  e.set(d).br(done);
  code.end();
  slowAccess(e, size === 4 ? 'load32' : size === 2 ? 'load16' : 'load8', address, undefined);
  if (signed) code.op(size === 2 ? Op.extend16S : Op.extend8S);
  e.set(d);
  afterSlowAccess(e, address + 2);
  code.end();
}

export function emitStore(
  e: Emitter,
  address: number,
  size: Size,
  d: number,
  base: Operand,
  offset: Operand,
): void {
  const { code } = e;
  computeAddress(e, base, offset);
  inRange(e, RAM_BASE, RAM_SIZE, size);
  code.if();
  code.get(T);
  e.get(d).access(STORES[size], RAM_OFFSET);
  code.else();
  slowAccess(e, size === 4 ? 'store32' : size === 2 ? 'store16' : 'store8', address, d);
  afterSlowAccess(e, address + 2);
  code.end();
}

/** Has the instruction interpreted unless the condition on the stack holds. */
function otherwiseInterpret(e: Emitter, address: number): void {
  e.code.op(Op.eqz).if();
  e.leaveToInterpreter(address);
  e.code.end();
}

/** Loads the registers from T on, at `memory` of the linear memory. */
function loadList(e: Emitter, list: number[], memory: number): void {
  list.forEach((register, i) => {
    e.code.get(T).access(Access.load32, memory + i * 4);
    e.set(register);
  });
}

function storeList(e: Emitter, list: number[]): void {
  list.forEach((register, i) => {
    e.code.get(T);
    e.get(register).access(Access.store32, RAM_OFFSET + i * 4);
  });
}

/** The address behind the list to register n; rp2040js does that only if n is not in the list, for stores too. */
function writeBack(e: Emitter, n: number, list: number[]): void {
  if (list.includes(n)) return;
  e.code
    .get(ADDRESS)
    .const(list.length * 4)
    .op(Op.add);
  e.set(n);
}

export function emitLoadMany(e: Emitter, address: number, n: number, list: number[]): void {
  const { code } = e;
  e.get(n).set(ADDRESS);
  inRange(e, RAM_BASE, RAM_SIZE, 4, list.length);
  code.if();
  loadList(e, list, RAM_OFFSET);
  code.else();
  inRange(e, FLASH_BASE, FLASH_SIZE, 4, list.length);
  otherwiseInterpret(e, address);
  loadList(e, list, FLASH_OFFSET);
  code.end();
  writeBack(e, n, list);
}

export function emitStoreMany(e: Emitter, address: number, n: number, list: number[]): void {
  e.get(n).set(ADDRESS);
  inRange(e, RAM_BASE, RAM_SIZE, 4, list.length);
  otherwiseInterpret(e, address);
  storeList(e, list);
  writeBack(e, n, list);
}

export function emitPush(e: Emitter, address: number, list: number[]): void {
  e.get(SP)
    .const(list.length * 4)
    .op(Op.sub)
    .set(ADDRESS);
  inRange(e, RAM_BASE, RAM_SIZE, 4, list.length);
  otherwiseInterpret(e, address);
  storeList(e, list);
  e.code.get(ADDRESS);
  e.setSp();
}

/** With `pc`, the value for it is left on the stack; one that may be an exception return is for the interpreter. */
export function emitPop(e: Emitter, address: number, list: number[], pc: boolean): void {
  const { code } = e;
  const count = list.length + (pc ? 1 : 0);
  e.get(SP).set(ADDRESS);
  inRange(e, RAM_BASE, RAM_SIZE, 4, count);
  otherwiseInterpret(e, address);
  if (pc) {
    code
      .get(T)
      .access(Access.load32, RAM_OFFSET + list.length * 4)
      .set(A);
    emitReturnCheck(e, address);
  }
  loadList(e, list, RAM_OFFSET);
  code
    .get(ADDRESS)
    .const(count * 4)
    .op(Op.add);
  e.set(SP);
  if (pc) code.get(A);
}

/** Leaves to the interpreter if A is an address at which handlers return. */
export function emitReturnCheck(e: Emitter, address: number): void {
  e.code.get(A).const(28).op(Op.shrU).const(15).op(Op.ne);
  otherwiseInterpret(e, address);
}
