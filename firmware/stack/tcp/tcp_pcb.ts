// Life and death of segments and connections: pools, lists, freeing, aborting, and whom to give up when all pcbs
// are taken. A freed pcb is not used again; calls on it find it CLOSED.

import { ERR_ABRT, ERR_OK, type Err } from '../core/err.js';
import { ipAddrEq, type IpAddr } from '../core/ipaddr.js';
import { MEMP_TCP_PCB, MEMP_TCP_SEG, mempFree, mempTake } from '../core/memp.js';
import { pbufFree, type Pbuf } from '../core/pbuf.js';
import { STAT_TCPX, TCPX_ABORTED, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { tcpOoseqFree } from './tcp_ooseq.js';
import { tcpSendRst } from './tcp_emit.js';
import {
  CLOSED,
  CLOSING,
  CLOSE_WAIT,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_RCVD,
  TF_BACKLOGPEND,
  TF_LIVE,
  TF_ORPHAN,
  TIMER_NONE,
  tcpPcbNew,
  type TcpPcb,
  type TcpSeg,
} from './tcp_state.js';

/**
 * A segment around `p`, which becomes its own.
 * @returns null when MEMP_NUM_TCP_SEG are in use (counted); `p` then stays the caller's
 */
export function tcpSegNew(
  stack: Stack,
  p: Pbuf,
  seq: number,
  len: number,
  flags: number,
  end: number,
): TcpSeg | null {
  if (mempTake(stack, MEMP_TCP_SEG) !== ERR_OK) return null;
  const tcp = stack.tcp;
  const seg = tcp.freeSegs;
  if (!seg) return { chksum: -1, flags, p, len, seq, next: null, end };
  tcp.freeSegs = seg.next;
  seg.chksum = -1;
  seg.flags = flags;
  seg.p = p;
  seg.len = len;
  seg.seq = seq;
  seg.next = null;
  seg.end = end;
  return seg;
}

/** Gives a segment and its pbufs back. */
export function tcpSegFree(stack: Stack, seg: TcpSeg): void {
  pbufFree(seg.p);
  tcpSegRelease(stack, seg);
}

/** Gives a segment back whose pbufs went elsewhere. */
export function tcpSegRelease(stack: Stack, seg: TcpSeg): void {
  const tcp = stack.tcp;
  seg.p = tcp.ackPbuf;
  seg.next = tcp.freeSegs;
  tcp.freeSegs = seg;
  mempFree(stack, MEMP_TCP_SEG);
}

/** Gives a list of segments back. */
export function tcpSegsFree(stack: Stack, seg: TcpSeg | null): void {
  while (seg) {
    const next: TcpSeg | null = seg.next;
    tcpSegFree(stack, seg);
    seg = next;
  }
}

/**
 * A new pcb, in no list. When all are taken, gives up what is closing anyway, then what has lower priority.
 * @param prio TCP_PRIO_...
 * @returns null when there is none to be had (counted)
 */
export function tcpAlloc(stack: Stack, prio: number): TcpPcb | null {
  const pool = stack.memp[MEMP_TCP_PCB]!;
  if (pool.used >= pool.num) tcpRecycle(stack, prio);
  if (mempTake(stack, MEMP_TCP_PCB) !== ERR_OK) return null;
  const pcb = tcpPcbNew(stack, prio);
  pcb.flags = TF_LIVE;
  return pcb;
}

/** Puts a pcb into the list of connections. */
export function tcpActivate(pcb: TcpPcb): void {
  tcpUnlink(pcb);
  const tcp = pcb.stack.tcp;
  pcb.next = tcp.active;
  tcp.active = pcb;
  tcp.changed = true;
}

interface Ends {
  next: Ends | null;
  localIp: IpAddr;
  localPort: number;
  remoteIp: IpAddr;
  remotePort: number;
}

/** Finds a connection, or a TIME_WAIT record, by addresses and ports; null when it is not in the list. */
export function tcpFind<T extends Ends>(
  list: T | null,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
): T | null {
  let q: Ends | null = list;
  while (
    q &&
    (q.remotePort !== remotePort ||
      q.localPort !== localPort ||
      !ipAddrEq(q.remoteIp, remoteIp) ||
      !ipAddrEq(q.localIp, localIp))
  ) {
    q = q.next;
  }
  return q as T | null;
}

/** Takes a pcb out of its list. */
export function tcpUnlink(pcb: TcpPcb): void {
  const tcp = pcb.stack.tcp;
  tcp.active = without(tcp.active, pcb);
  tcp.bound = without(tcp.bound, pcb);
  tcp.changed = true;
  pcb.next = null;
}

function without(list: TcpPcb | null, pcb: TcpPcb): TcpPcb | null {
  if (list === pcb) return pcb.next;
  for (let q = list; q; q = q.next) if (q.next === pcb) q.next = pcb.next;
  return list;
}

/**
 * Frees a pcb with all that it holds; tells nobody.
 * @param state what it is to be seen as: CLOSED, or TIME_WAIT
 */
export function tcpFree(pcb: TcpPcb, state: number): void {
  pcb.state = state;
  if (!(pcb.flags & TF_LIVE)) return;
  const stack = pcb.stack;
  tcpBacklogDone(pcb);
  tcpUnlink(pcb);
  tcpSegsFree(stack, pcb.sndQ);
  pcb.sndQ = null;
  pcb.sndQTail = null;
  pcb.unsent = null;
  pcb.sndQueuelen = 0;
  pcb.timer = TIMER_NONE;
  tcpOoseqFree(pcb);
  if (pcb.refusedData) {
    pbufFree(pcb.refusedData);
    pcb.refusedData = null;
  }
  pcb.flags = 0;
  mempFree(stack, MEMP_TCP_PCB);
}

/** No longer counted in its listener's backlog. */
export function tcpBacklogDone(pcb: TcpPcb): void {
  if (!(pcb.flags & TF_BACKLOGPEND)) return;
  pcb.flags &= ~TF_BACKLOGPEND;
  if (pcb.listener) pcb.listener.acceptsPending--;
}

/**
 * Gives a connection up and tells the application.
 * @param reset whether the peer is told by RST
 * @param err what the error callback gets
 */
export function tcpAbandon(pcb: TcpPcb, reset: boolean, err: Err): void {
  if (!(pcb.flags & TF_LIVE)) return;
  const fn = pcb.errFn;
  const arg = pcb.arg;
  const state = pcb.state;
  // RFC 9293, 3.10.5: a RST in SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT.
  if (reset && state >= SYN_RCVD && state <= CLOSE_WAIT) tcpSendRst(pcb);
  tcpFree(pcb, CLOSED);
  pcb.errFn = null;
  statInc(pcb.stack, STAT_TCPX + TCPX_ABORTED);
  if (fn) fn(arg as never, err);
}

/** Connections in handshake that a peer began. */
export function tcpHalfOpen(stack: Stack): number {
  let n = 0;
  for (let q = stack.tcp.active; q; q = q.next) if (q.state === SYN_RCVD) n++;
  return n;
}

function tcpRecycle(stack: Stack, prio: number): void {
  const pool = stack.memp[MEMP_TCP_PCB]!;
  let victim = oldest(stack, LAST_ACK, 0) || oldest(stack, CLOSING, 0) || oldest(stack, FIN_WAIT_2, 0);
  // Handshakes that had no answer may not hold more than half of the pcbs against new ones.
  if (!victim && tcpHalfOpen(stack) * 2 > pool.num) victim = oldest(stack, SYN_RCVD, 0);
  let reset = false;
  if (!victim) {
    victim = oldest(stack, -1, prio);
    reset = true;
  }
  if (victim) tcpAbandon(victim, reset, ERR_ABRT);
}

/** The oldest pcb in `state`, or (-1) the oldest of the lowest priority below `prio`. */
function oldest(stack: Stack, state: number, prio: number): TcpPcb | null {
  let found: TcpPcb | null = null;
  for (let q = stack.tcp.active; q; q = q.next) {
    if (state < 0) {
      if (q.prio >= prio) continue;
      if (found && found.prio < q.prio) continue;
      if (found && found.prio > q.prio) found = null;
    } else {
      if (q.state !== state) continue;
      if (state === FIN_WAIT_2 && !(q.flags & TF_ORPHAN)) continue;
      if (state === SYN_RCVD && q.nrtx === 0) continue;
    }
    if (!found || ((q.since - found.since) | 0) < 0) found = q;
  }
  return found;
}
