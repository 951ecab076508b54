// Reading and writing packet data across the pbufs of a chain.

import { ERR_ARG, ERR_MEM, ERR_OK, type Err } from './err.js';
import { pbufAlloc, pbufFree, PBUF_RAM, type Pbuf } from './pbuf.js';

/**
 * Copies packet data into an array.
 * @param to where to; @param at offset there
 * @param len bytes wanted
 * @param offset where in the packet to begin
 * @returns bytes copied: less than `len` where the packet ends
 */
export function pbufCopyPartial(
  p: Pbuf | null,
  to: Uint8Array,
  at: number,
  len: number,
  offset: number,
): number {
  let done = 0;
  for (; p && done < len; p = p.next) {
    if (offset >= p.len) {
      offset -= p.len;
      continue;
    }
    let n = p.len - offset;
    if (n > len - done) n = len - done;
    const from = p.off + offset;
    to.set(p.payload.subarray(from, from + n), at + done);
    done += n;
    offset = 0;
  }
  return done;
}

/**
 * Copies an array into a packet, from `offset` on.
 * @returns ERR_OK, or ERR_MEM when the packet is too short (nothing is copied)
 */
export function pbufTakeAt(p: Pbuf, bytes: Uint8Array, offset: number): Err {
  if (offset + bytes.length > p.totLen) return ERR_MEM;
  let done = 0;
  for (let q: Pbuf | null = p; q && done < bytes.length; q = q.next) {
    if (offset >= q.len) {
      offset -= q.len;
      continue;
    }
    const room = q.len - offset;
    const left = bytes.length - done;
    q.payload.set(room < left || done ? bytes.subarray(done, done + room) : bytes, q.off + offset);
    done += room;
    offset = 0;
  }
  return ERR_OK;
}

/** Copies an array into the beginning of a packet. */
export function pbufTake(p: Pbuf, bytes: Uint8Array): Err {
  return pbufTakeAt(p, bytes, 0);
}

/**
 * Copies packet `from` into packet `to`, which is at least as long.
 * @returns ERR_OK or ERR_ARG
 */
export function pbufCopy(to: Pbuf, from: Pbuf): Err {
  if (to.totLen < from.totLen) return ERR_ARG;
  let at = 0;
  for (let q: Pbuf | null = from; q; q = q.next) {
    pbufTakeAt(to, q.payload.subarray(q.off, q.off + q.len), at);
    at += q.len;
  }
  return ERR_OK;
}

/**
 * A copy of a packet in one PBUF_RAM.
 * @param layer headroom of the copy
 * @returns null when the heap is exhausted
 */
export function pbufClone(p: Pbuf, layer: number): Pbuf | null {
  const q = pbufAlloc(p.stack, layer, p.totLen, PBUF_RAM);
  if (q) {
    pbufCopyPartial(p, q.payload, q.off, p.totLen, 0);
    q.flags = p.flags;
  }
  return q;
}

/**
 * The packet in one piece: `p` itself where it is, else a copy, and `p` is freed.
 * @returns `p`, unchanged and unfreed, when the heap is exhausted
 */
export function pbufCoalesce(p: Pbuf, layer: number): Pbuf {
  if (!p.next) return p;
  const q = pbufClone(p, layer);
  if (!q) return p;
  pbufFree(p);
  return q;
}

/** The byte at `offset`, or -1 past the end. */
export function pbufTryGetAt(p: Pbuf | null, offset: number): number {
  while (p && offset >= p.len) {
    offset -= p.len;
    p = p.next;
  }
  return p ? p.payload[p.off + offset]! : -1;
}

/** The byte at `offset`, 0 past the end. */
export function pbufGetAt(p: Pbuf | null, offset: number): number {
  const v = pbufTryGetAt(p, offset);
  return v < 0 ? 0 : v;
}

/** Writes the byte at `offset`; nothing past the end. */
export function pbufPutAt(p: Pbuf | null, offset: number, value: number): void {
  while (p && offset >= p.len) {
    offset -= p.len;
    p = p.next;
  }
  if (p) p.payload[p.off + offset] = value;
}

/** The 16-bit field at `offset`, network order. */
export function pbufGet16(p: Pbuf | null, offset: number): number {
  return (pbufGetAt(p, offset) << 8) | pbufGetAt(p, offset + 1);
}

/** 0 when the packet holds `bytes` at `offset`, else 1 + the index of the first difference. */
export function pbufMemcmp(p: Pbuf | null, offset: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) if (pbufTryGetAt(p, offset + i) !== bytes[i]) return i + 1;
  return 0;
}

/** Where `bytes` first stand at or after `offset`, or -1. */
export function pbufMemfind(p: Pbuf, bytes: Uint8Array, offset: number): number {
  for (let at = offset; at + bytes.length <= p.totLen; at++) if (!pbufMemcmp(p, at, bytes)) return at;
  return -1;
}

/** A packet's bytes as a fresh array. */
export function pbufBytes(p: Pbuf): Uint8Array {
  const b = new Uint8Array(p.totLen);
  pbufCopyPartial(p, b, 0, p.totLen, 0);
  return b;
}
