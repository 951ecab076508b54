// NVRAM as the host puts it at the end of RAM: text of "key=value" strings, each with a NUL, a further NUL, padded to
// words; the last word of RAM is the length in words and its complement.

import { RAM_SIZE } from './registers.js';

/** Longest NVRAM text that is believed, bytes. */
const MAX_LENGTH = 4096;

/** The last word of RAM for NVRAM of `length` bytes, a multiple of 4. */
export function lengthWord(length: number): number {
  const words = length / 4;
  return (((~words & 0xffff) << 16) | words) >>> 0;
}

/** @returns what is wrong with the NVRAM at the end of `ram`, or null */
export function nvramProblem(ram: Uint8Array): string | null {
  const end = RAM_SIZE - 4;
  const words = ram[end]! | (ram[end + 1]! << 8);
  const complement = ram[end + 2]! | (ram[end + 3]! << 8);
  if ((words ^ complement) !== 0xffff) return 'NVRAM length word and its complement do not match';
  const length = words * 4;
  if (length === 0 || length > MAX_LENGTH) return `NVRAM length of ${length} bytes`;
  const text = ram.subarray(end - length, end);
  if (text[length - 1] !== 0) return 'NVRAM does not end with NUL';
  const first = text.indexOf(0);
  if (text.subarray(0, first).indexOf(0x3d) < 1) return 'NVRAM does not begin with key=value';
  return null;
}
