// The heap for outgoing data. Blocks come in a few sizes and are kept for reuse, so that steady traffic
// allocates nothing; together they never exceed MEM_SIZE. Each block is an ArrayBuffer of its own, because an
// engine's SPI sends whole buffers.

import { PBUF_LINK_ENCAPSULATION_HLEN } from './opt.js';
import type { Stack } from './stack.js';

/**
 * Block sizes, bytes: a bare TCP segment, small messages, a DHCP message, and a full frame, the first and the last with
 * the driver's headroom. All are whole words.
 */
function blockSizes(): number[] {
  return [
    (65 + PBUF_LINK_ENCAPSULATION_HLEN) & ~3,
    128,
    256,
    640,
    1088,
    (1521 + PBUF_LINK_ENCAPSULATION_HLEN) & ~3,
  ];
}

/** @external */
interface Block extends Uint8Array {
  /** The same memory in words. */
  words?: Uint32Array;
}

export interface MemHeap {
  /** MEM_SIZE: bytes that blocks in use and blocks kept may have together. */
  size: number;
  /** Requests refused since the start. */
  err: number;
  /** Highest use since the start, bytes. */
  max: number;
  /** Bytes in blocks kept for reuse. */
  kept: number;
  /** Bytes in blocks in use. */
  used: number;
  sizes: number[];
  /** Kept blocks, one list per size; made when the first block of the size is freed. */
  free: Uint8Array[][];
}

export function memInit(size: number): MemHeap {
  return { size, err: 0, max: 0, kept: 0, used: 0, sizes: blockSizes(), free: [] };
}

/** Which size of block holds `size` bytes; beyond the last: none, and such a block is not kept. */
function sizeClass(sizes: number[], size: number): number {
  let c = 0;
  while (sizes[c]! < size) c++;
  return c;
}

/**
 * Takes a block of at least `size` bytes; its content is whatever the last user left.
 * @param size bytes
 * @returns the block, or null when MEM_SIZE is exhausted (counted)
 */
export function memMalloc(stack: Stack, size: number): Uint8Array | null {
  const heap = stack.mem;
  const c = sizeClass(heap.sizes, size);
  const n = heap.sizes[c] || size;
  const used = heap.used + n;
  const list = heap.free[c];
  let block = list && list.pop();
  if (block) heap.kept -= n;
  else {
    if (used > heap.size) {
      heap.err++;
      return null;
    }
    if (used + heap.kept > heap.size) memTrim(stack);
    block = new Uint8Array(n);
  }
  heap.used = used;
  if (used > heap.max) heap.max = used;
  return block;
}

/** Gives a block back. */
export function memFree(stack: Stack, block: Uint8Array): void {
  const heap = stack.mem;
  const n = block.length;
  const c = sizeClass(heap.sizes, n);
  heap.used -= n;
  if (heap.sizes[c]) {
    (heap.free[c] || (heap.free[c] = [])).push(block);
    heap.kept += n;
  }
}

/**
 * A block's memory in words, for drivers that hand words to the hardware. The array is kept with the block, so that it
 * is made once. Not for blocks of odd sizes, larger than a frame.
 */
export function memWords(block: Uint8Array): Uint32Array {
  const words = (block as Block).words;
  return words || ((block as Block).words = new Uint32Array(block.buffer));
}

/** The bytes of words that a driver received into: a block whose words are known. */
export function memBytes(words: Uint32Array): Uint8Array {
  const bytes: Block = new Uint8Array(words.buffer);
  bytes.words = words;
  return bytes;
}

/** Lets go of all kept blocks, so that other sizes find room. */
export function memTrim(stack: Stack): void {
  const heap = stack.mem;
  heap.free = [];
  heap.kept = 0;
}
