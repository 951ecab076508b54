// Puts function bodies together to a WebAssembly module that shares the chip's memory: one type, import, function and
// export section as translated code and the dispatcher need them.

import { unsigned } from './wasm-code.js';
import type { WasmCode } from './wasm-code.js';

const I32 = 0x7f;

export interface FunctionType {
  parameters: number;
  /** 0 or 1. */
  results: number;
}

export interface ImportedFunction {
  name: string;
  /** Index into the module's types. */
  type: number;
}

export interface ModuleFunction {
  /** Index into the module's types. */
  type: number;
  /** Locals besides the parameters. All values are i32. */
  locals: number;
  code: WasmCode;
}

export interface ModuleParts {
  types: FunctionType[];
  /** Imported functions come first in the function index space. */
  imports: ImportedFunction[];
  /** Size of the imported memory in pages of 64 KB. */
  memoryPages: number;
  /** Whether the function table is imported too. */
  table: boolean;
  /** Exported under their position: '0', '1', … */
  functions: ModuleFunction[];
}

function name(out: number[], text: string): void {
  unsigned(out, text.length);
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i));
}

function append(out: number[], bytes: readonly number[]): void {
  for (const byte of bytes) out.push(byte);
}

function section(out: number[], id: number, count: number, write: (body: number[]) => void): void {
  const body: number[] = [];
  unsigned(body, count);
  write(body);
  out.push(id);
  unsigned(out, body.length);
  append(out, body);
}

/** The binary of a module; all its imports come from the namespace 'chip': memory, table, functions. */
export function assembleModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  section(out, 1, parts.types.length, (body) => {
    for (const type of parts.types) {
      body.push(0x60, type.parameters);
      for (let i = 0; i < type.parameters; i++) body.push(I32);
      body.push(type.results);
      for (let i = 0; i < type.results; i++) body.push(I32);
    }
  });
  section(out, 2, parts.imports.length + (parts.table ? 2 : 1), (body) => {
    for (const imported of parts.imports) {
      name(body, 'chip');
      name(body, imported.name);
      body.push(0, imported.type);
    }
    name(body, 'chip');
    name(body, 'memory');
    body.push(2, 1);
    unsigned(body, parts.memoryPages);
    unsigned(body, parts.memoryPages);
    if (parts.table) {
      name(body, 'chip');
      name(body, 'table');
      body.push(1, 0x70, 0, 0);
    }
  });
  section(out, 3, parts.functions.length, (body) => {
    for (const f of parts.functions) body.push(f.type);
  });
  section(out, 7, parts.functions.length, (body) => {
    parts.functions.forEach((_, i) => {
      name(body, String(i));
      body.push(0);
      unsigned(body, parts.imports.length + i);
    });
  });
  section(out, 10, parts.functions.length, (body) => {
    for (const f of parts.functions) {
      const locals = f.locals ? [1, f.locals, I32] : [0];
      unsigned(body, locals.length + f.code.bytes.length + 1);
      append(body, locals);
      append(body, f.code.bytes);
      body.push(0x0b);
    }
  });
  return Uint8Array.from(out);
}
