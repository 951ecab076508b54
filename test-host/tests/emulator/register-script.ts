// Firmware that does nothing but write, read and wait for registers, one after another: for tests of peripherals on the bus.

import type { Chunk } from '../../emulator/image.js';
import { RESULTS, testImage, words } from '../../emulator/test-image.js';
import { FINISH } from './rig.js';

/** Offset in flash of the list of steps. */
const STEPS = 0x2000;

/** A step: what, the address, a value. */
export type Step = [number, number, number];

export const write = (address: number, value: number): Step => [1, address, value >>> 0];
/** Puts the register's value behind the results so far. */
export const read = (address: number): Step => [2, address, 0];
/** Waits until one of those bits is set. */
export const untilSet = (address: number, bits: number): Step => [3, address, bits >>> 0];
/** Waits until none of those bits is set. */
export const untilClear = (address: number, bits: number): Step => [4, address, bits >>> 0];

const PROGRAM = `
  ldr r4, =${0x10000000 + STEPS}
  ldr r5, =${RESULTS}
next:
  ldr r0, [r4]
  ldr r1, [r4, #4]
  ldr r2, [r4, #8]
  adds r4, #12
  cmp r0, #1
  beq write
  cmp r0, #2
  beq read
  cmp r0, #3
  beq set
  cmp r0, #4
  beq clear
${FINISH}
write:
  str r2, [r1]
  b next
read:
  ldr r3, [r1]
  str r3, [r5]
  adds r5, #4
  b next
set:
  ldr r3, [r1]
  tst r3, r2
  beq set
  b next
clear:
  ldr r3, [r1]
  tst r3, r2
  bne clear
  b next
`;

/** An image that takes the steps and ends; what it read is at RESULTS. */
export function scriptImage(steps: Step[], ...data: Chunk[]): Chunk[] {
  return testImage(PROGRAM, { offset: STEPS, bytes: words(...steps.flat(), 0, 0, 0) }, ...data);
}
