// netbufs: what netconns receive and send. One holds a packet, a chain of pbufs, and for what was received whom it came
// from. The present pbuf is what netbufData() gives; netbufNext() and netbufFirst() move it.

import { ERR_ARG, ERR_BUF, ERR_MEM, ERR_OK, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import { MEMP_NETBUF, mempFree, mempTake } from '../stack/core/memp.js';
import {
  PBUF_RAM,
  PBUF_REF,
  PBUF_UDP,
  pbufAlloc,
  pbufAllocReference,
  pbufCat,
  pbufFree,
  type Pbuf,
} from '../stack/core/pbuf.js';
import { pbufCopyPartial, pbufTake } from '../stack/core/pbuf_data.js';
import type { Stack } from '../stack/core/stack.js';

export interface Netbuf {
  stack: Stack;
  /** Holds its place in the pool: not deleted. */
  live: boolean;
  /** Whom it came from; for RAW the port is the protocol number. */
  addr: IpAddr;
  port: number;
  /** The packet, and its present pbuf. */
  p: Pbuf | null;
  ptr: Pbuf | null;
}

/** A netbuf without data. @returns null when MEMP_NUM_NETBUF are in use (counted) */
export function netbufNew(stack: Stack): Netbuf | null {
  return netbufOf(stack, null, IP_ADDR_ANY, 0);
}

/** A netbuf around a packet, which becomes its own. @returns null as netbufNew(); `p` then stays the caller's */
export function netbufOf(stack: Stack, p: Pbuf | null, addr: IpAddr, port: number): Netbuf | null {
  return mempTake(stack, MEMP_NETBUF) === ERR_OK ? { stack, live: true, addr, port, p, ptr: p } : null;
}

/** Ends a netbuf and frees its data. A second time does nothing. */
export function netbufDelete(buf: Netbuf | null): void {
  if (!buf || !buf.live) return;
  netbufFree(buf);
  buf.live = false;
  mempFree(buf.stack, MEMP_NETBUF);
}

/**
 * Gives it memory of its own, in place of what it had.
 * @param size bytes
 * @returns the memory, to be filled in; null when the heap is exhausted, or for a deleted netbuf
 */
export function netbufAlloc(buf: Netbuf, size: number): Uint8Array | null {
  if (!buf.live || !(size >= 0)) return null;
  netbufFree(buf);
  buf.p = buf.ptr = pbufAlloc(buf.stack, PBUF_UDP, size, PBUF_RAM);
  return buf.p && netbufData(buf);
}

/** Frees its data; the netbuf stays. */
export function netbufFree(buf: Netbuf): void {
  pbufFree(buf.p);
  buf.p = buf.ptr = null;
}

/**
 * Refers to the caller's bytes in place of what it had; they are not copied, and stay as they are while the netbuf has
 * them.
 * @returns ERR_OK; ERR_MEM when MEMP_NUM_PBUF are in use; ERR_ARG for what is no array of bytes, or a deleted netbuf
 */
export function netbufRef(buf: Netbuf, bytes: Uint8Array): Err {
  if (!buf.live || !bytes || !bytes.subarray) return ERR_ARG;
  netbufFree(buf);
  buf.p = buf.ptr = pbufAllocReference(buf.stack, bytes, 0, bytes.length, PBUF_REF);
  return buf.p ? ERR_OK : ERR_MEM;
}

/** Appends the data of `tail` to `head`, and deletes `tail`. */
export function netbufChain(head: Netbuf, tail: Netbuf): void {
  if (tail.p) {
    if (head.p) pbufCat(head.p, tail.p);
    else head.p = tail.p;
    tail.p = null;
  }
  head.ptr = head.p;
  netbufDelete(tail);
}

/** The bytes of the present pbuf, as they lie in memory. */
export function netbufData(buf: Netbuf): Uint8Array {
  const p = buf.ptr;
  return p ? p.payload.subarray(p.off, p.off + p.len) : buf.stack.noBytes;
}

/** Bytes in all pbufs together. TCP gives netbufs of one pbuf, so it is the length of netbufData() there. */
export function netbufLen(buf: Netbuf): number {
  return buf.p ? buf.p.totLen : 0;
}

/** Moves on to the next pbuf. @returns 0; 1 when that is the last; -1 when there was none */
export function netbufNext(buf: Netbuf): number {
  if (!buf.ptr || !buf.ptr.next) return -1;
  buf.ptr = buf.ptr.next;
  return buf.ptr.next ? 0 : 1;
}

/** Moves back to the first pbuf. */
export function netbufFirst(buf: Netbuf): void {
  buf.ptr = buf.p;
}

/** Copies bytes out: as pbufCopyPartial(), to the beginning of `to`. @returns bytes copied */
export function netbufCopyPartial(buf: Netbuf, to: Uint8Array, len: number, offset: number): number {
  return pbufCopyPartial(buf.p, to, 0, len < to.length ? len : to.length, offset);
}

/** Copies an array into it. @returns ERR_OK, or ERR_BUF when it is shorter */
export function netbufTake(buf: Netbuf, bytes: Uint8Array): Err {
  return buf.p && pbufTake(buf.p, bytes) === ERR_OK ? ERR_OK : ERR_BUF;
}

/** The address it came from. */
export function netbufFromaddr(buf: Netbuf): IpAddr {
  return buf.addr;
}

/** The port it came from. */
export function netbufFromport(buf: Netbuf): number {
  return buf.port;
}
