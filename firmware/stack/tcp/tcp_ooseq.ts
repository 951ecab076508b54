// Segments that arrived ahead of a gap (RFC 9293, 3.10.7.4): kept sorted, none within another, by
// TCP_OOSEQ_MAX_PBUFS and the receive window; where they overlap, tcpOoseqDrain() cuts. They are the first to go when receive buffers run out.

import { TCP_QUEUE_OOSEQ } from '../core/opt.js';
import { pbufCat, pbufClen, pbufFree, pbufFreeHeader, type Pbuf } from '../core/pbuf.js';
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
  const end = (seq + len + (fin ? 1 : 0)) | 0;
  let prev: TcpSeg | null = null;
  let cur = pcb.ooseq;
  while (cur && ((cur.seq - seq) | 0) < 0 && ((cur.end - end) | 0) < 0) {
    prev = cur;
    cur = cur.next;
  }
  const known = cur && ((cur.seq - seq) | 0) <= 0 && ((cur.end - end) | 0) >= 0;
  const seg = known ? null : tcpSegNew(stack, p, seq, len, fin ? FIN : 0, end);
  if (!seg) {
    pbufFree(p);
    return;
  }
  // Drop what the new segment covers.
  while (cur && ((cur.end - end) | 0) <= 0) {
    const next: TcpSeg | null = cur.next;
    tcpSegFree(stack, cur);
    cur = next;
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
