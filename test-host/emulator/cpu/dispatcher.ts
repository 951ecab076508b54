// Goes from translated function to translated function until one wants the interpreter, or there is none for an address.

import {
  CODE_SIZE,
  FLASH_BASE,
  FLASH_ENTRIES,
  MEMORY_PAGES,
  RAM_BASE,
  RAM_ENTRIES,
  RAM_SIZE,
} from './memory.js';
import { ENTRY_BITS } from './code-cache.js';
import type { ChipMemory } from './memory.js';
import { Access, Op, WasmCode } from './wasm-code.js';
import { assembleModule } from './wasm-module.js';

/**
 * Runs from the given address; returns the address of the first instruction that is not executed, with bit 0 set if
 * it is translated, but to be interpreted this time.
 */
export type Dispatch = (address: number) => number;

const ADDRESS = 0;
const T = 1;
const ENTRY = 2;

/** Looks the address up in one of the two tables of entries. */
function lookUp(code: WasmCode, base: number, length: number, entries: number): void {
  code.get(ADDRESS).const(base).op(Op.sub).tee(T).const(length).op(Op.ltU).if();
  code.get(T).const(1).op(Op.shl).access(Access.load32, entries).set(ENTRY);
}

export function makeDispatcher(memory: ChipMemory, table: WebAssembly.Table): Dispatch {
  const code = new WasmCode();
  const loop = code.loop();
  lookUp(code, FLASH_BASE, CODE_SIZE, FLASH_ENTRIES);
  code.else().const(0).set(ENTRY);
  lookUp(code, RAM_BASE, RAM_SIZE, RAM_ENTRIES);
  code.end().end();
  code.get(ENTRY).if();
  code
    .get(ENTRY)
    .const((1 << ENTRY_BITS) - 1)
    .op(Op.and);
  code.get(ENTRY).const(ENTRY_BITS).op(Op.shrU).callIndirect(1).tee(ADDRESS);
  code.const(1).op(Op.and).op(Op.eqz).brIf(loop);
  code.end();
  code.end();
  code.get(ADDRESS);
  const binary = assembleModule({
    types: [
      { parameters: 1, results: 1 },
      { parameters: 1, results: 1 },
    ],
    imports: [],
    memoryPages: MEMORY_PAGES,
    table: true,
    functions: [{ type: 0, locals: 2, code }],
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), {
    chip: { memory: memory.memory, table },
  });
  return exports['0'] as Dispatch;
}
