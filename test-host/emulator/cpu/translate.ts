// Translates a region to a WebAssembly function: the layout of its blocks and the branches between them. A block runs only if
// all its instructions would also start before the cycle limit, so that a run ends exactly where rp2040js's would.
//
// The function takes the number of the entry, and returns the address to go on at; with bit 0 set it wants the instruction
// there executed by the interpreter.

import type { Instruction } from './decode.js';
import {
  emitAdd,
  emitAlu,
  emitCondition,
  emitExtend,
  emitHigh,
  emitHighToPc,
  emitShift,
  emitSubtract,
} from './emit-arithmetic.js';
import {
  emitLoad,
  emitLoadMany,
  emitPop,
  emitPush,
  emitReturnCheck,
  emitStore,
  emitStoreMany,
} from './emit-memory.js';
import { Emitter, Local, LR, PC, SP } from './emitter.js';
import { FLASH_BASE, FLASH_SIZE, RAM_BASE, RAM_OFFSET } from './memory.js';
import type { Block, Region } from './region.js';
import { Access, Op } from './wasm-code.js';
import type { Label, WasmCode } from './wasm-code.js';

export type ReadWord = (address: number) => number;

export interface Translation {
  code: WasmCode;
  /** Address of each entry, by its number. */
  entries: number[];
}

function inFlash(address: number): boolean {
  return address >= FLASH_BASE && address < FLASH_BASE + FLASH_SIZE;
}

class Translator {
  private readonly e = new Emitter();
  private readonly entries: Block[];
  private readonly labels = new Map<number, Label>();
  private loop: Label = 0;

  constructor(
    private readonly region: Region,
    private readonly readWord: ReadWord,
  ) {
    this.entries = region.blocks.filter((block) => block.entry);
  }

  translate(): Translation {
    const { code } = this.e;
    const { blocks } = this.region;
    this.loop = code.loop();
    for (let i = blocks.length - 1; i >= 0; i--) this.labels.set(blocks[i]!.address, code.block());
    const table = this.entries.map((block) => this.labels.get(block.address)!);
    code.get(Local.entry).brTable(table);
    for (const block of blocks) {
      code.end();
      this.labels.delete(block.address);
      this.block(block);
    }
    code.end();
    return { code: this.e.finish(), entries: this.entries.map((block) => block.address) };
  }

  private block(block: Block): void {
    const { e } = this;
    const { instructions } = block;
    e.spent = 0;
    e.compared = false;
    e.beforeLast = 0;
    for (const i of instructions) e.beforeLast += i.cycles;
    e.beforeLast -= instructions[instructions.length - 1]!.cycles;
    if (!inFlash(block.address)) this.checkUnchanged(block);
    e.code.get(Local.left).const(e.beforeLast).op(Op.leS).if();
    e.leaveToInterpreter(block.address);
    e.code.end();
    for (const i of instructions) {
      if (this.instruction(i)) return;
      e.spent += i.cycles;
    }
    this.goTo(block.next);
  }

  /** Code in RAM: leaves the function if it is not what was translated. */
  private checkUnchanged(block: Block): void {
    const { code } = this.e;
    code.const(0);
    for (let at = block.address & ~3; at < block.next; at += 4) {
      let mask = -1;
      if (at < block.address) mask &= 0xffff0000;
      if (at + 4 > block.next) mask &= 0xffff;
      code.const(at - RAM_BASE + RAM_OFFSET).access(Access.load32, 0);
      code.const(this.readWord(at)).op(Op.xor).const(mask).op(Op.and).op(Op.or);
    }
    code.if();
    this.e.leaveToInterpreter(block.address);
    code.end();
  }

  /** Goes on at a fixed address, inside or outside the region, having charged `more` cycles besides those spent. */
  private goTo(target: number, more = 0): void {
    const { e } = this;
    const label = this.labels.get(target);
    const entry = this.entries.findIndex((block) => block.address === target);
    if (label !== undefined) {
      e.charge(more);
      e.code.br(label);
    } else if (entry >= 0) {
      e.charge(more);
      e.code.const(entry).set(Local.entry).br(this.loop);
    } else {
      e.leaveTo(target, more);
    }
  }

  /** Emits one instruction. Returns true if the block ends with it and its ways out are written. */
  private instruction(i: Instruction): boolean {
    const { e } = this;
    const { code } = e;
    const { operation: o } = i;
    const pc = i.address + 4;
    switch (o.kind) {
      case 'shift':
        emitShift(e, o.alu, o.d, o.m, o.by);
        return false;
      case 'add':
      case 'sub':
        (o.kind === 'add' ? emitAdd : emitSubtract)(e, o.n, o.operand);
        code.get(Local.t);
        e.set(o.d);
        return false;
      case 'compare':
        emitSubtract(e, o.n, o.operand);
        return false;
      case 'set':
        code.const(o.constant).set(Local.t);
        e.setNz(Local.t);
        code.get(Local.t);
        e.set(o.d);
        return false;
      case 'alu':
        emitAlu(e, o.alu, o.d, o.m);
        return false;
      case 'addHigh':
      case 'move':
        if (o.d !== PC) {
          emitHigh(e, o.kind === 'addHigh', o.d, o.m, pc);
          return false;
        }
        emitHighToPc(e, o.kind === 'addHigh', o.m, pc);
        e.leaveToComputed(i.cycles);
        return true;
      case 'address':
        e.operand(o.base).const(o.offset).op(Op.add);
        e.set(o.d);
        return false;
      case 'adjustSp':
        e.get(SP).const(o.by).op(Op.add);
        e.setSp();
        return false;
      case 'extend':
        emitExtend(e, o.extension, o.d, o.m);
        return false;
      case 'load':
        if ('constant' in o.base && inFlash(o.base.constant)) {
          code.const(this.readWord(o.base.constant));
          e.set(o.d);
        } else {
          emitLoad(e, i.address, o.size, o.signed, o.d, o.base, o.offset);
        }
        return false;
      case 'store':
        emitStore(e, i.address, o.size, o.d, o.base, o.offset);
        return false;
      case 'loadMany':
        emitLoadMany(e, i.address, o.n, o.list);
        return false;
      case 'storeMany':
        emitStoreMany(e, i.address, o.n, o.list);
        return false;
      case 'push':
        emitPush(e, i.address, o.list);
        return false;
      case 'pop':
        emitPop(e, i.address, o.list, false);
        return false;
      case 'popPc':
        emitPop(e, i.address, o.list, true);
        e.leaveToComputed(i.cycles);
        return true;
      case 'branch':
        this.goTo(o.target, i.cycles);
        return true;
      case 'branchIf':
        emitCondition(e, o.condition);
        code.if();
        this.goTo(o.target, i.cycles + 1);
        code.end();
        this.goTo(i.address + i.length, i.cycles);
        return true;
      case 'call':
        this.link(i);
        e.leaveTo(o.target, i.cycles);
        return true;
      case 'callRegister':
        // rp2040js sets LR before it reads the target: BLX LR goes on behind itself.
        this.link(i);
        e.get(o.m);
        e.leaveToComputed(i.cycles);
        return true;
      case 'jump':
        e.get(o.m).set(Local.a);
        emitReturnCheck(e, i.address);
        code.get(Local.a);
        e.leaveToComputed(i.cycles);
        return true;
      case 'nop':
        return false;
      case 'other':
        e.leaveToInterpreter(i.address);
        return true;
    }
  }

  private link(i: Instruction): void {
    this.e.code.const((i.address + i.length) | 1);
    this.e.set(LR);
  }
}

/** Translates `region`; `readWord` gives the chip's memory, for literals and to know changed code in RAM. */
export function translate(region: Region, readWord: ReadWord): Translation {
  return new Translator(region, readWord).translate();
}
