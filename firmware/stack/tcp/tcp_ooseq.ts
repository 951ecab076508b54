// Segments that arrived ahead of a gap (RFC 9293, 3.10.7.4): kept sorted and without overlap, within
// TCP_OOSEQ_MAX_PBUFS and the receive window. They are the first to go when receive buffers run out.

import { TCP_QUEUE_OOSEQ } from '../core/opt.js';
import { pbufCat, pbufClen, pbufFree, pbufFreeHeader, pbufRealloc, type Pbuf } from '../core/pbuf.js';
import { STAT_TCPX, TCPX_OOSEQ, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { tcpSegFree, tcpSegNew, tcpSegRelease, tcpSegsFree } from './tcp_pcb.js';
import type { TcpPcb, TcpSeg } from './tcp_state.js';
import { FIN } from './tcp_wire.js';

/**
 * Keeps a segment for later. Consumes `p`.
 * @param p its data, already within the window; null for a bare FIN
 * @param fin whether a FIN follows the data
 */
export function tcpOoseqInsert(pcb: TcpPcb, p: Pbuf | null, seq: number, len: number, fin: boolean): void {
  const stack = pcb.stack;
  statInc(stack, STAT_TCPX + TCPX_OOSEQ);
  // A bare FIN comes again once the gap is filled.
  if (!TCP_QUEUE_OOSEQ || !p || len === 0) {
    pbufFree(p);
    return;
  }
  let end = (seq + len) | 0;
  let prev: TcpSeg | null = null;
  let cur = pcb.ooseq;
  while (cur && ((cur.seq - seq) | 0) <= 0) {
    prev = cur;
    cur = cur.next;
  }
  if (prev) {
    const over = (prev.end - seq) | 0;
    if (over >= len) {
      if (fin && over === len) prev.flags |= FIN;
      pbufFree(p);
      return;
    }
    if (over > 0) {
      p = pbufFreeHeader(p, over)!;
      seq = prev.end;
      len -= over;
    }
  }
  // Drop what the new segment covers, and let what reaches beyond it keep its bytes.
  while (cur && ((cur.end - end) | 0) <= 0) {
    if (cur.flags & FIN && cur.end === end) fin = true;
    const next: TcpSeg | null = cur.next;
    tcpSegFree(stack, cur);
    cur = next;
  }
  if (prev) prev.next = cur;
  else pcb.ooseq = cur;
  if (cur) {
    const over = (end - cur.seq) | 0;
    if (over > 0) {
      end = cur.seq;
      len -= over;
      fin = false;
      pbufRealloc(p, len);
    }
  }
  const seg = tcpSegNew(stack, p, seq, len, fin ? FIN : 0, end);
  if (!seg) {
    pbufFree(p);
    return;
  }
  seg.next = cur;
  if (prev) prev.next = seg;
  else pcb.ooseq = seg;
  // Beyond the limit the farthest go first: the peer sends them again last.
  let left = stack.opt.TCP_OOSEQ_MAX_PBUFS;
  let last: TcpSeg | null = null;
  for (let s = pcb.ooseq; s; s = s.next) {
    left -= pbufClen(s.p);
    if (left < 0) {
      if (last) last.next = null;
      else pcb.ooseq = null;
      tcpSegsFree(stack, s);
      return;
    }
    last = s;
  }
}

/**
 * Takes what has become contiguous: appends it to `p` and moves rcvNxt and rcvWnd.
 * @returns whether a FIN comes next
 */
export function tcpOoseqDrain(pcb: TcpPcb, p: Pbuf): boolean {
  let fin = false;
  for (let s = pcb.ooseq; s && !fin; s = pcb.ooseq) {
    const next = pcb.rcvNxt;
    const skip = (next - s.seq) | 0;
    if (skip < 0) break;
    pcb.ooseq = s.next;
    const n = s.len - skip;
    if (n >= 0 && s.flags & FIN) fin = true;
    if (n > 0) {
      pbufCat(p, pbufFreeHeader(s.p, skip)!);
      tcpSegRelease(pcb.stack, s);
      pcb.rcvNxt = (next + n) | 0;
      pcb.rcvWnd -= n;
    } else tcpSegFree(pcb.stack, s);
  }
  return fin;
}

/** Frees all that a connection keeps. */
export function tcpOoseqFree(pcb: TcpPcb): void {
  tcpSegsFree(pcb.stack, pcb.ooseq);
  pcb.ooseq = null;
}

/** When receive buffers run out: frees what all connections keep. @returns whether there was any */
export function tcpOoseqFreeAll(stack: Stack): boolean {
  let any = false;
  for (let q = stack.tcp.active; q; q = q.next) {
    if (!q.ooseq) continue;
    any = true;
    tcpOoseqFree(q);
  }
  return any;
}
