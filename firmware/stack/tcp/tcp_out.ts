// Output: which segments may leave now (window, congestion window, Nagle, silly windows), and sending them.

import { ERR_OK, ERR_USE, type Err } from '../core/err.js';
import { TCP_ACTIVE_OPEN, TCP_ICMP } from '../core/opt.js';
import { STAT_TCPX, TCPX_REXMIT, statInc } from '../core/stats.js';
import { ccRestart } from './tcp_cc.js';
import { tcpSendAck, tcpTransmit } from './tcp_emit.js';
import { tcpSplit } from './tcp_queue.js';
import {
  ESTABLISHED,
  SYN_SENT,
  TF_ACK_DELAY,
  TF_ACK_NOW,
  TF_INFR,
  TF_NAGLEMEMERR,
  TF_NODELAY,
  TF_RTT,
  TIMER_NONE,
  TIMER_PERSIST,
  TIMER_RETRY,
  TIMER_RTO,
  type TcpPcb,
  type TcpSeg,
} from './tcp_state.js';
import { tcpTimerSet } from './tcp_timers.js';
import { ACK, FIN, SYN } from './tcp_wire.js';

/** Milliseconds after which a segment that the interface refused is tried again; doubles so many times. */
const OUTPUT_RETRY = 100;
const OUTPUT_DOUBLINGS = 9;

/**
 * Sends what may be sent, and an ACK that is due. From within a callback of the same connection it only takes
 * note: the segment being processed is finished first, and its ACK travels with the data.
 */
export function tcpOutputNow(pcb: TcpPcb): Err {
  const tcp = pcb.stack.tcp;
  if (tcp.inputPcb === pcb) return ERR_OK;
  let err = ERR_OK;
  let seg = pcb.unsent;
  if (seg) {
    const una = pcb.sndUna;
    let cwnd = pcb.cwnd;
    if (pcb.sndNxt === una) {
      // RFC 5681, 4.1: nothing in flight and nothing sent for longer than the time-out.
      if (seg.len && ((pcb.stack.clock() - pcb.sentAt) | 0) > pcb.rto) {
        ccRestart(pcb);
        cwnd = pcb.cwnd;
      }
    } else if (pcb.dupAcks && !(pcb.flags & TF_INFR)) {
      // RFC 3042: a new segment for each of the first two duplicate ACKs.
      cwnd += (pcb.dupAcks < 2 ? 1 : 2) * pcb.mss;
    }
    const wnd = pcb.sndWnd < cwnd ? pcb.sndWnd : cwnd;
    while (seg) {
      if (!(seg.flags & SYN)) {
        if (pcb.state < ESTABLISHED) break;
        if ((TCP_ACTIVE_OPEN || TCP_ICMP) && seg.len > pcb.mss) tcpSplit(pcb, seg, pcb.mss);
        const room = wnd - ((seg.seq - una) | 0);
        if (seg.len > room && !fits(pcb, seg, room)) break;
        if (!nagleAllows(pcb, seg)) break;
      }
      err = tcpSendSegment(pcb, seg);
      if (err !== ERR_OK) break;
      seg = seg.next;
      pcb.unsent = seg;
    }
    if (seg && pcb.timer === TIMER_NONE) {
      // Nothing in flight that could bring an ACK: it is the window, or the interface, that stops us.
      if (err !== ERR_OK) {
        const n = pcb.persistProbes;
        tcpTimerSet(pcb, TIMER_RETRY, OUTPUT_RETRY << (n < OUTPUT_DOUBLINGS ? n : OUTPUT_DOUBLINGS));
      } else {
        pcb.persistBackoff = pcb.rto;
        pcb.persistProbes = 0;
        tcpTimerSet(pcb, TIMER_PERSIST, pcb.rto);
      }
    }
    if (!seg) pcb.flags &= ~TF_NAGLEMEMERR;
  }
  if (pcb.flags & TF_ACK_NOW) tcpSendAck(pcb);
  return err;
}

/**
 * Whether a segment longer than the window's room may leave after all, cut to fit: RFC 9293, 3.8.6.2.1 (3),
 * when at least half of the largest window ever offered is open and nothing is in flight.
 */
function fits(pcb: TcpPcb, seg: TcpSeg, room: number): boolean {
  return (
    pcb.sndNxt === pcb.sndUna &&
    room > 0 &&
    room === pcb.sndWnd &&
    room >= pcb.sndWndMax >> 1 &&
    tcpSplit(pcb, seg, room) === ERR_OK
  );
}

/**
 * RFC 9293, 3.7.4: a short segment waits while data are in flight, unless nothing can join it any more. By the
 * variant that RFC 9293, A.3 tells of (Minshall), only another short segment in flight makes it wait: the last
 * part of a long message leaves at once, and does not meet the peer's delayed ACK.
 */
function nagleAllows(pcb: TcpPcb, seg: TcpSeg): boolean {
  return (
    seg.len >= pcb.mss ||
    seg.next !== null ||
    ((pcb.sndShort - pcb.sndUna) | 0) <= 0 ||
    (pcb.flags & (TF_NODELAY | TF_INFR | TF_NAGLEMEMERR)) !== 0 ||
    (seg.flags & FIN) !== 0 ||
    ((seg.seq - pcb.sndNxt) | 0) < 0
  );
}

/**
 * Sends one segment of the queue, for the first time or again.
 * @returns ERR_OK; ERR_USE when an earlier transmission is still held (by ARP or the driver), so that it must not
 *   be touched; ERR_RTE; or what the interface says
 */
export function tcpSendSegment(pcb: TcpPcb, seg: TcpSeg): Err {
  if (seg.p.ref !== 1) return ERR_USE;
  const stack = pcb.stack;
  const seq = seg.seq;
  const end = seg.end;
  const err = tcpTransmit(
    pcb,
    seg,
    seq,
    TCP_ACTIVE_OPEN && pcb.state === SYN_SENT ? seg.flags : seg.flags | ACK,
  );
  if (err !== ERR_OK) return err;
  const now = stack.clock() | 0;
  let f = pcb.flags & ~(TF_ACK_DELAY | TF_ACK_NOW);
  const nxt = pcb.sndNxt;
  if (((seq - nxt) | 0) >= 0) {
    if (!(f & TF_RTT)) {
      f |= TF_RTT;
      pcb.rttSeq = seq;
      pcb.rttTime = now;
    }
    pcb.sentAt = now;
    if (seg.len < pcb.mss) pcb.sndShort = end;
  } else {
    statInc(stack, STAT_TCPX + TCPX_REXMIT);
    // RFC 6298, 3 (Karn): the round trip of a segment sent twice tells nothing.
    if (((pcb.rttSeq - seq) | 0) >= 0 && ((pcb.rttSeq - end) | 0) < 0) f &= ~TF_RTT;
  }
  if (((end - nxt) | 0) > 0) pcb.sndNxt = end;
  pcb.flags = f;
  // RFC 6298, 5.1.
  if (pcb.timer !== TIMER_RTO) {
    pcb.persistProbes = 0;
    tcpTimerSet(pcb, TIMER_RTO, pcb.rto);
  }
  return ERR_OK;
}
