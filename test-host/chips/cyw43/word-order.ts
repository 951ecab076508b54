// How a 32-bit value travels on the wire, by the two bits of BUS_CONTROL: 16-bit words after reset, 32-bit words least
// or most significant byte first. Each conversion is its own inverse, so one function serves both directions.

import { ENDIAN_BIG, WORD_LENGTH_32 } from './registers.js';

/** b1 b0 b3 b2 on the wire: two 16-bit words, the lower first. */
export const HALF_WORDS = 0;
/** b3 b2 b1 b0 on the wire. */
export const WORDS = 1;
/** b0 b1 b2 b3 on the wire: as the bytes lie in memory. */
export const BYTES = 2;

export type WordOrder = typeof HALF_WORDS | typeof WORDS | typeof BYTES;

export function orderOf(busControl: number): WordOrder {
  if (busControl & ENDIAN_BIG) return BYTES;
  return busControl & WORD_LENGTH_32 ? WORDS : HALF_WORDS;
}

/** @returns the value of a wire word or the wire word of a value, unsigned */
export function reorder(order: WordOrder, word: number): number {
  if (order === WORDS) return word >>> 0;
  if (order === HALF_WORDS) return ((word << 16) | (word >>> 16)) >>> 0;
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
