// An emulated board that runs an image of ours, and calls of ROM routines made by the emulated core.

import assert from 'node:assert/strict';
import type { Chunk } from '../../emulator/image.js';
import { Rp2040Board, type Rp2040BoardOptions } from '../../emulator/rp2040-board.js';
import { RESULTS, testImage, words } from '../../emulator/test-image.js';
import { Scheduler } from '../../sim/scheduler.js';

/** Offset in flash of the list of calls. */
const CALLS = 0x2000;
/** The result of a routine that the ROM does not have. */
export const MISSING = 0xdeadbeef;
const NO_OFFSET = 0xffff;
/** Where the program says that it has ended, and what. */
export const DONE = RESULTS + 0xfffc;
export const DONE_MARK = 0x600d;

/** The end of a program: says so, and sleeps. */
export const FINISH = `
  ldr r0, =${DONE}
  ldr r1, =${DONE_MARK}
  str r1, [r0]
sleep:
  wfi
  b sleep
`;

export function boardWith(flash: Chunk[], options: Partial<Rp2040BoardOptions> = {}): Rp2040Board {
  const scheduler = options.scheduler ?? new Scheduler();
  return new Rp2040Board({
    scheduler,
    flash,
    onWarning: (text) => assert.fail(`not emulated: ${text}`),
    onHalt: (pc) => assert.fail(`halted at ${pc.toString(16)}`),
    ...options,
  });
}

/** Starts the board and lets it run until its program has ended. */
export function finish(board: Rp2040Board, seconds = 0.2): Rp2040Board {
  board.start();
  const { scheduler } = board;
  const done = (): boolean => board.peek(DONE) === DONE_MARK;
  assert.ok(scheduler.runWhile(done, seconds * 1e6), 'the program comes to its end');
  board.stop();
  return board;
}

/** A call of a ROM routine: its code, or the code and offset of a table; up to four words of arguments. */
export interface RomCall {
  code: string;
  offset?: number;
  args?: number[];
}

/** r0 and r1 after the call. */
export type RomResult = [number, number];

const CALLER = `
  ldr r4, =${0x10000000 + CALLS}
  ldr r5, =${RESULTS}
next:
  ldrh r1, [r4]            ; two letters, 0 at the end
  cmp r1, #0
  beq finish
  ldrh r7, [r4, #2]
  movs r2, #0x18           ; rom_table_lookup
  ldrh r3, [r2]
  ldr r6, =${NO_OFFSET}
  cmp r7, r6
  beq function
  movs r2, #0x16           ; table of data
  ldrh r0, [r2]
  blx r3
  adds r0, r0, r7
  ldr r7, [r0]
  b call
function:
  movs r2, #0x14           ; table of functions
  ldrh r0, [r2]
  blx r3
  adds r7, r0, #0
  ldr r0, =${MISSING}
  cmp r7, #0
  beq store
call:
  ldr r0, [r4, #4]
  ldr r1, [r4, #8]
  ldr r2, [r4, #12]
  ldr r3, [r4, #16]
  blx r7
store:
  str r0, [r5]
  str r1, [r5, #4]
  adds r5, #8
  adds r4, #20
  b next
finish:
${FINISH}`;

/** An image that makes the calls, one after another, and ends. */
export function callerImage(calls: RomCall[], ...data: Chunk[]): Chunk[] {
  const list = calls.flatMap(({ code, offset, args = [] }) => [
    code.charCodeAt(0) | (code.charCodeAt(1) << 8) | ((offset ?? NO_OFFSET) << 16),
    ...[0, 1, 2, 3].map((i) => args[i] ?? 0),
  ]);
  return testImage(CALLER, { offset: CALLS, bytes: words(...list, 0) }, ...data);
}

/** Makes the calls on an emulated core. */
export function callRom(calls: RomCall[]): RomResult[] {
  const board = finish(boardWith(callerImage(calls)));
  return calls.map((_, i) => [board.peek(RESULTS + 8 * i), board.peek(RESULTS + 8 * i + 4)]);
}
