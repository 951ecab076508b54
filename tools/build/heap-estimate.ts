// How much JavaScript heap a program takes once it is parsed.

/** Heap that Kaluma 1.2.1 has in use before a program is loaded, bytes. */
export const HEAP_AT_BOOT = 12_700;

/** Bytes of heap for so many bytes of minified source: 1.5 for each, see docs/decisions/0001. */
export function heapOfSource(bytes: number): number {
  return Math.round(bytes * 1.5);
}
