// The program that goes to a board: the bytes that flash gets, after everything that would fail there is refused here.

import { parse } from 'acorn';
import { HEAP_AT_BOOT, estimateHeap } from '../build/heap-estimate.js';
import { readBundle } from './bundle-file.js';
import { LAYOUTS, type FlashLayout } from './flash-layout.js';
import { UserError } from './user-error.js';

export interface Program {
  name: string;
  /** UTF-8 source, without the NUL byte that ends it in flash. */
  bytes: Uint8Array;
}

/**
 * @param app an app of dist/, or a file
 * @throws UserError when it cannot be read, is not ES5 or holds a NUL byte
 */
export function readProgram(app: string): Program {
  const { name, code } = readBundle(app);
  if (!code.trim()) throw new UserError(`${name} is empty`);
  const nul = code.indexOf('\0');
  if (nul >= 0) {
    throw new UserError(`${name} holds a NUL byte at offset ${nul}; to Kaluma it is the program's end`);
  }
  const error = syntaxError(code);
  if (error) throw new UserError(`${name} is not ES5: ${error}`);
  return { name, bytes: Buffer.from(code, 'utf8') };
}

/**
 * @param force take a program whose heap is too large by estimate
 * @throws UserError when the program does not fit the board
 */
export function checkFit(program: Program, layout: FlashLayout, force: boolean): void {
  const size = program.bytes.length;
  const room = layout.program.size - 1;
  if (size > room) {
    throw new UserError(
      `${program.name} is ${size} bytes; flash of ${layout.board} has room for ${room}${fitting(size, 0)}`,
    );
  }
  const heap = estimateHeap(Buffer.from(program.bytes).toString()) + HEAP_AT_BOOT;
  if (heap > layout.heap && !force) {
    throw new UserError(
      `${program.name} takes about ${heap} bytes of heap once parsed, Kaluma's own included; ${layout.board} has ` +
        `${layout.heap}${fitting(size, heap)} (--force takes it all the same)`,
    );
  }
}

/** Names the boards that would do. */
function fitting(size: number, heap: number): string {
  const boards = Object.values(LAYOUTS).filter((l) => size < l.program.size && heap <= l.heap);
  return boards.length ? `; it would fit ${boards.map((l) => l.board).join(', ')}` : '';
}

/** Kaluma parses every program in strict mode. @returns what is wrong, or '' */
function syntaxError(code: string): string {
  const strict = '"use strict";\n';
  try {
    parse(strict + code, { ecmaVersion: 5, sourceType: 'script' });
    return '';
  } catch (error) {
    const { message, loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    if (!loc) return message;
    return message.replace(/ \(\d+:\d+\)$/, ` at line ${loc.line - 1}, column ${loc.column + 1}`);
  }
}
