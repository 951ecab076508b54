// Firmware images of our own, for tests without Kaluma's: boot stage 2, a vector table, and a program in assembly.

import { crc32 } from './bootrom.js';
import { XIP_BASE, type Chunk } from './image.js';
import { assemble } from './thumb.js';

const STAGE2_SIZE = 256;
const VECTORS = XIP_BASE + STAGE2_SIZE;
/** Where the program of testImage() begins. */
export const PROGRAM = VECTORS + 8;
/** Where the program puts its results: RAM that nothing else uses. */
export const RESULTS = 0x20000000;
const STACK_TOP = 0x20042000;

/** Sets the stack and jumps as the vector table says. */
const STAGE2 = `
  ldr r0, =${VECTORS}
  ldr r1, [r0]
  mov sp, r1
  ldr r0, [r0, #4]
  bx r0
`;

/**
 * A bootable image.
 * @param program assembly that begins at PROGRAM
 * @param data further contents of flash
 */
export function testImage(program: string, ...data: Chunk[]): Chunk[] {
  const stage2 = new Uint8Array(STAGE2_SIZE);
  stage2.set(assemble(STAGE2, 0x20041f00));
  new DataView(stage2.buffer).setUint32(STAGE2_SIZE - 4, crc32(stage2.subarray(0, STAGE2_SIZE - 4)), true);
  const vectors = new Uint8Array(8);
  new DataView(vectors.buffer).setUint32(0, STACK_TOP, true);
  new DataView(vectors.buffer).setUint32(4, PROGRAM | 1, true);
  return [
    { offset: 0, bytes: stage2 },
    { offset: VECTORS - XIP_BASE, bytes: vectors },
    { offset: PROGRAM - XIP_BASE, bytes: assemble(program, PROGRAM) },
    ...data,
  ];
}

/** Words as flash holds them. */
export function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}
