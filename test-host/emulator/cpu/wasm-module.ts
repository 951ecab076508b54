// Puts function bodies together to a WebAssembly module that shares the chip's memory: one type, import, function and
// export section as translated code and the dispatcher need them.

import { ByteWriter } from './byte-writer.js';
import type { WasmCode } from './wasm-code.js';

/** Magic number and version (WebAssembly core specification 1.0, 5.5.15). */
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;
const I32 = 0x7f;
const FUNCREF = 0x70;
const END = 0x0b;

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

function section(out: ByteWriter, id: number, count: number, write: (body: ByteWriter) => void): void {
  const body = new ByteWriter();
  body.unsigned(count);
  write(body);
  out.byte(id).unsigned(body.length).append(body);
}

function values(out: ByteWriter, count: number): void {
  out.byte(count);
  for (let i = 0; i < count; i++) out.byte(I32);
}

/** The binary of a module; all its imports come from the namespace 'chip': memory, table, functions. */
export function assembleModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  for (const byte of HEADER) out.byte(byte);
  section(out, TYPES, parts.types.length, (body) => {
    for (const type of parts.types) {
      body.byte(0x60);
      values(body, type.parameters);
      values(body, type.results);
    }
  });
  section(out, IMPORTS, parts.imports.length + (parts.table ? 2 : 1), (body) => {
    for (const imported of parts.imports) body.name('chip').name(imported.name).byte(0).byte(imported.type);
    body.name('chip').name('memory').byte(2).byte(1);
    body.unsigned(parts.memoryPages).unsigned(parts.memoryPages);
    if (parts.table) body.name('chip').name('table').byte(1).byte(FUNCREF).byte(0).byte(0);
  });
  section(out, FUNCTIONS, parts.functions.length, (body) => {
    for (const f of parts.functions) body.byte(f.type);
  });
  section(out, EXPORTS, parts.functions.length, (body) => {
    parts.functions.forEach((_, i) =>
      body
        .name(String(i))
        .byte(0)
        .unsigned(parts.imports.length + i),
    );
  });
  section(out, CODE, parts.functions.length, (body) => {
    for (const f of parts.functions) {
      const whole = new ByteWriter();
      if (f.locals) whole.byte(1).byte(f.locals).byte(I32);
      else whole.byte(0);
      whole.append(f.code.bytes).byte(END);
      body.unsigned(whole.length).append(whole);
    }
  });
  return out.finish();
}
