// Packet buffers, as in lwIP: a chain of descriptors, each with a window (off, len) on a byte array.
//   POOL  for reception: either one of the pool's own buffers or an array that the driver received into
//   RAM   for sending: a heap block with room for the headers in front
//   REF   somebody's changeable memory, ROM  somebody's constant memory; neither is copied or freed
// Descriptors are reused; an array belongs to one descriptor at a time.

import { ERR_OK, type Err } from './err.js';
import { memFree, memMalloc } from './mem.js';
import { MEMP_PBUF, MEMP_PBUF_POOL, mempFree, mempTake } from './memp.js';
import { PBUF_LINK_ENCAPSULATION_HLEN, PBUF_POOL_BUFFERS } from './opt.js';
import type { Stack } from './stack.js';

// Layers for pbufAlloc(): the headroom, in bytes, that is left before the payload.
export const PBUF_RAW = 0;
export const PBUF_RAW_TX = PBUF_LINK_ENCAPSULATION_HLEN;
export const PBUF_LINK = PBUF_RAW_TX + 14;
export const PBUF_IP = PBUF_LINK + 20;
export const PBUF_TRANSPORT = PBUF_IP + 20;
/** For datagrams: without the room that only TCP's header fills, so that a driver sends the block as it is. */
export const PBUF_UDP = PBUF_IP + 8;

export const PBUF_RAM = 0;
export const PBUF_POOL = 1;
// From here on the memory is not the stack's, and has no room for headers.
export const PBUF_REF = 2;
export const PBUF_ROM = 3;

/** The TCP segment's PSH flag was set, or the sender wants it so. */
export const PBUF_FLAG_PUSH = 0x01;
/** The frame was sent to a broadcast or multicast hardware address. */
export const PBUF_FLAG_LLBCAST = 0x02;
export const PBUF_FLAG_LLMCAST = 0x04;
/** Put together from fragments: no chip can have checked its transport checksum. */
export const PBUF_FLAG_REASS = 0x08;

/** To a group that this host is in: a copy comes back by the loopback interface. */
export const PBUF_FLAG_MCASTLOOP = 0x10;

export interface Pbuf {
  stack: Stack;
  /** The payload is one of the pool's own buffers, to be kept for reuse. */
  own: boolean;
  type: number;
  flags: number;
  /** References; the last pbufFree() gives the descriptor back. */
  ref: number;
  /** The next pbuf of the same packet. */
  next: Pbuf | null;
  /** Bytes in this and all following pbufs of the packet. */
  totLen: number;
  /** Bytes in this pbuf. */
  len: number;
  /** The byte array, and where in it the data begin. */
  off: number;
  payload: Uint8Array;
}

/**
 * Allocates a pbuf with room for lower headers in front.
 * @param layer PBUF_TRANSPORT, PBUF_IP, PBUF_LINK, PBUF_RAW_TX or PBUF_RAW: the headroom
 * @param length bytes of payload
 * @param type PBUF_RAM (one piece) or PBUF_POOL (a chain of pool buffers); for REF and ROM see pbufAllocReference()
 * @returns the pbuf, or null when heap or pool are exhausted (counted); null for PBUF_POOL in a build without
 *          PBUF_POOL_BUFFERS
 */
export function pbufAlloc(stack: Stack, layer: number, length: number, type: number): Pbuf | null {
  if (type === PBUF_RAM) {
    const block = memMalloc(stack, layer + length);
    return block && descriptor(stack, PBUF_RAM, block, layer, length);
  }
  if (!PBUF_POOL_BUFFERS) return null;
  const size = stack.opt.PBUF_POOL_BUFSIZE;
  let head: Pbuf | null = null;
  let last: Pbuf | null = null;
  let left = length;
  do {
    if (takePool(stack) !== ERR_OK) {
      if (head) pbufFree(head);
      return null;
    }
    const room = size - layer;
    const bytes = stack.poolBuffers.pop() || new Uint8Array(size);
    const p = descriptor(stack, PBUF_POOL, bytes, layer, left < room ? left : room);
    p.own = true;
    p.totLen = left;
    if (last) last.next = p;
    else head = p;
    last = p;
    left -= p.len;
    layer = 0;
  } while (left > 0);
  return head;
}

/**
 * A descriptor for memory of the caller's.
 * @param type PBUF_ROM (never changes) or PBUF_REF (may change after the call returns)
 * @returns the pbuf, or null when MEMP_NUM_PBUF are in use (counted)
 */
export function pbufAllocReference(
  stack: Stack,
  bytes: Uint8Array,
  off: number,
  length: number,
  type: number,
): Pbuf | null {
  return mempTake(stack, MEMP_PBUF) === ERR_OK ? descriptor(stack, type, bytes, off, length) : null;
}

/**
 * For drivers whose bus returns a fresh array per frame: a receive pbuf on that array. It counts against
 * PBUF_POOL_SIZE like any receive buffer.
 * @param bytes the array; the stack's until the pbuf is freed
 * @returns the pbuf, or null when PBUF_POOL_SIZE are in use (counted)
 */
export function pbufAllocRx(stack: Stack, bytes: Uint8Array, off: number, length: number): Pbuf | null {
  return takePool(stack) === ERR_OK ? descriptor(stack, PBUF_POOL, bytes, off, length) : null;
}

/** Whether a receive buffer can be had now; false is counted as a refusal. */
export function pbufRxAvailable(stack: Stack): boolean {
  if (takePool(stack) !== ERR_OK) return false;
  mempFree(stack, MEMP_PBUF_POOL);
  return true;
}

function takePool(stack: Stack): Err {
  const err = mempTake(stack, MEMP_PBUF_POOL);
  if (err === ERR_OK || !stack.onPoolEmpty || !stack.onPoolEmpty(stack)) return err;
  return mempTake(stack, MEMP_PBUF_POOL);
}

function descriptor(stack: Stack, type: number, payload: Uint8Array, off: number, len: number): Pbuf {
  const p = stack.freePbufs || {
    stack,
    own: false,
    type,
    flags: 0,
    ref: 1,
    next: null,
    totLen: len,
    len,
    off,
    payload,
  };
  stack.freePbufs = p.next;
  if (PBUF_POOL_BUFFERS) p.own = false;
  p.type = type;
  p.flags = 0;
  p.ref = 1;
  p.next = null;
  p.totLen = len;
  p.len = len;
  p.off = off;
  p.payload = payload;
  return p;
}

/** Takes one more reference to `p`. */
export function pbufRef(p: Pbuf): void {
  p.ref++;
}

/**
 * Gives one reference back; where it was the last, the pbuf is freed and its successor loses one, too.
 * @returns how many pbufs were freed
 */
export function pbufFree(p: Pbuf | null): number {
  let n = 0;
  while (p) {
    const ref = p.ref - 1;
    if (ref < 0) {
      // Freed before: refuse, or the free list would be corrupted. The counter tells.
      p.stack.memp[MEMP_PBUF]!.err++;
      return n;
    }
    p.ref = ref;
    if (ref > 0) return n;
    const stack = p.stack;
    const next: Pbuf | null = p.next;
    if (p.type === PBUF_POOL) {
      mempFree(stack, MEMP_PBUF_POOL);
      if (PBUF_POOL_BUFFERS && p.own) stack.poolBuffers.push(p.payload);
    } else if (p.type === PBUF_RAM) memFree(stack, p.payload);
    else mempFree(stack, MEMP_PBUF);
    p.payload = stack.noBytes;
    p.next = stack.freePbufs;
    stack.freePbufs = p;
    n++;
    p = next;
  }
  return n;
}

/** The number of pbufs in a chain. */
export function pbufClen(p: Pbuf | null): number {
  let n = 0;
  for (; p; p = p.next) n++;
  return n;
}

/** Appends `tail` to `head`; the caller's reference to `tail` passes to the chain. */
export function pbufCat(head: Pbuf, tail: Pbuf): void {
  let p = head;
  for (;;) {
    p.totLen += tail.totLen;
    if (!p.next) break;
    p = p.next;
  }
  p.next = tail;
}

/** Appends `tail` to `head`; the caller keeps its reference to `tail`. */
export function pbufChain(head: Pbuf, tail: Pbuf): void {
  pbufCat(head, tail);
  pbufRef(tail);
}

/**
 * Cuts a chain after its first pbuf.
 * @returns the rest of the chain, now the caller's, or null
 */
export function pbufDechain(p: Pbuf): Pbuf | null {
  const rest = p.next;
  p.next = null;
  p.totLen = p.len;
  return rest;
}

/** Shortens a packet to `length` bytes; pbufs that become empty are freed. Longer than it is: no change. */
export function pbufRealloc(p: Pbuf, length: number): void {
  if (length >= p.totLen) return;
  const shrink = p.totLen - length;
  let q = p;
  while (length > q.len) {
    length -= q.len;
    q.totLen -= shrink;
    q = q.next!;
  }
  q.len = length;
  q.totLen = length;
  if (q.next) {
    pbufFree(q.next);
    q.next = null;
  }
}

/**
 * Moves the start of the payload forward, past a header that was read.
 * @returns false, with nothing changed, when the first pbuf is shorter than `n` bytes
 */
export function pbufRemoveHeader(p: Pbuf, n: number): boolean {
  if (n > p.len) return false;
  p.off += n;
  p.len -= n;
  p.totLen -= n;
  return true;
}

/**
 * Moves the start of the payload back by `n` bytes, for a header to be written or looked at again.
 * @returns false, with nothing changed, when there is no room; always so for ROM
 */
export function pbufAddHeader(p: Pbuf, n: number): boolean {
  const off = p.off - n;
  if (off < 0 || p.type >= PBUF_REF) return false;
  p.off = off;
  p.len += n;
  p.totLen += n;
  return true;
}

/**
 * Drops `n` bytes from the front of a packet, freeing pbufs that become empty.
 * @returns what is left, or null when nothing is
 */
export function pbufFreeHeader(p: Pbuf | null, n: number): Pbuf | null {
  while (p && n >= p.len) {
    n -= p.len;
    const next: Pbuf | null = p.next;
    p.next = null;
    pbufFree(p);
    p = next;
  }
  if (p && n) pbufRemoveHeader(p, n);
  return p;
}
