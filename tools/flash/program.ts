// The program that goes to a board: the bytes that flash gets, after everything that would fail there is refused here.

import { parse } from 'acorn';
import { HEAP_AT_BOOT, estimateHeap } from '../build/heap-estimate.js';
import { readBundle } from './bundle-file.js';
import { LAYOUTS, type FlashLayout } from './flash-layout.js';
import { syntaxError } from './syntax-error.js';
import { UserError } from './user-error.js';
import { userHeap, withUserProgram } from './user-program.js';

/** What flash gets. */
export interface ProgramImage {
  name: string;
  /** UTF-8 source, without the NUL byte that ends it in flash. */
  bytes: Uint8Array;
}

export interface Program extends ProgramImage {
  /** Estimated heap once parsed, bytes, Kaluma's own left out. */
  heap: number;
}

/**
 * @param app an app of dist/, or a file
 * @param userPath the user's own program, to follow it
 * @throws UserError when it cannot be read, is not ES5 or holds a NUL byte
 */
export async function readProgram(app: string, userPath?: string): Promise<Program> {
  const bundle = readBundle(app);
  const { name, code } = bundle;
  if (!code.trim()) throw new UserError(`${name} is empty`);
  const nul = code.indexOf('\0');
  if (nul >= 0) {
    throw new UserError(`${name} holds a NUL byte at offset ${nul}; to Kaluma it is the program's end`);
  }
  // Kaluma parses every program in strict mode.
  const error = syntaxError((strict) => parse(strict + code, { ecmaVersion: 5, sourceType: 'script' }));
  if (error) throw new UserError(`${name} is not ES5: ${error}`);
  const whole = withUserProgram(bundle, userPath);
  const heap = estimateHeap(code) + (whole.user === undefined ? 0 : await userHeap(whole.user));
  return { name: whole.name, bytes: Buffer.from(whole.code, 'utf8'), heap };
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
  const heap = program.heap + HEAP_AT_BOOT;
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
