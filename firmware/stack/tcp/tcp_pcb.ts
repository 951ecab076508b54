// Life and death of segments and connections: pools, lists, freeing, aborting, and whom to give up when all pcbs
// are taken. A freed pcb is not used again; calls on it find it CLOSED.

import { ERR_ABRT, ERR_OK, type Err } from '../core/err.js';
import { ipAddrEq, type IpAddr } from '../core/ipaddr.js';
import { MEMP_TCP_PCB, MEMP_TCP_SEG, mempFree, mempTake } from '../core/memp.js';
import { TCP_LISTEN_BACKLOG, TCP_PRIORITIES } from '../core/opt.js';
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
  tcpSegMake,
  type TcpPcb,
  type TcpSeg,
  type TcpTw,
} from './tcp_state.js';

/** Connections that are not closing are worth more than those that are, and the more, the higher their priority. */
const WORTH_PRIO = 5;

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
  const seg = tcp.freeSegs || tcpSegMake(p);
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
  seg.p = tcp.ackSeg.p;
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
  if (pool.used >= pool.num) recycle(stack, prio);
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

/** Finds a connection, or a TIME_WAIT record, by addresses and ports; null when it is not in the list. */
export function tcpFind<T extends TcpTw | TcpPcb>(
  list: T | null,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
): T | null {
  let q = list;
  while (
    q &&
    (q.remotePort !== remotePort ||
      q.localPort !== localPort ||
      !ipAddrEq(q.remoteIp, remoteIp) ||
      !ipAddrEq(q.localIp, localIp))
  ) {
    q = q.next as T | null;
  }
  return q;
}

/** Takes a pcb out of its list. */
function tcpUnlink(pcb: TcpPcb): void {
  const tcp = pcb.stack.tcp;
  tcp.active = tcpWithout(tcp.active, pcb);
  tcp.bound = tcpWithout(tcp.bound, pcb);
  tcp.changed = true;
}

/** @returns the list without one of its items */
export function tcpWithout<T extends { next: T | null }>(list: T | null, item: T): T | null {
  if (list === item) return item.next;
  for (let q = list; q; q = q.next) if (q.next === item) q.next = item.next;
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
  pcb.unsent = null;
  pcb.sndQueuelen = 0;
  pcb.timer = TIMER_NONE;
  tcpOoseqFree(pcb);
  tcpRefusedFree(pcb);
  pcb.flags = 0;
  mempFree(stack, MEMP_TCP_PCB);
}

/** Frees data that the application has refused. */
export function tcpRefusedFree(pcb: TcpPcb): void {
  pbufFree(pcb.refusedData);
  pcb.refusedData = null;
}

/** No longer counted in its listener's backlog. */
export function tcpBacklogDone(pcb: TcpPcb): void {
  if (!TCP_LISTEN_BACKLOG || !(pcb.flags & TF_BACKLOGPEND)) return;
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

/** Makes room for a connection of priority `prio`, where there is somebody to give up. */
function recycle(stack: Stack, prio: number): void {
  let found: TcpPcb | null = null;
  let worth = 0;
  let halfOpen = 0;
  for (let q = stack.tcp.active; q; q = q.next) if (q.state === SYN_RCVD) halfOpen++;
  for (let q = stack.tcp.active; q; q = q.next) {
    const state = q.state;
    const w =
      state === LAST_ACK
        ? 1
        : state === CLOSING
          ? 2
          : state === FIN_WAIT_2 && q.flags & TF_ORPHAN
            ? 3
            : // Handshakes that had no answer may not hold more than half of the pcbs against new ones.
              state === SYN_RCVD && q.nrtx && halfOpen * 2 > stack.memp[MEMP_TCP_PCB]!.num
              ? 4
              : TCP_PRIORITIES && q.prio < prio
                ? WORTH_PRIO + q.prio
                : 0;
    if (w && (!found || w < worth || (w === worth && ((q.since - found.since) | 0) < 0))) {
      found = q;
      worth = w;
    }
  }
  if (found) tcpAbandon(found, worth >= WORTH_PRIO, ERR_ABRT);
}
