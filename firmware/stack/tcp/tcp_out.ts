// Output: which segments may leave now (window, congestion window, Nagle, silly windows), and sending them.

import { chksumFold, chksumPbuf } from '../core/checksum.js';
import { put16 } from '../core/bytes.js';
import { ERR_OK, ERR_RTE, ERR_USE, type Err } from '../core/err.js';
import { NETIF_CHECKSUM_GEN_TCP } from '../core/netif.js';
import { PBUF_IP, type Pbuf } from '../core/pbuf.js';
import { STAT_TCP, STAT_TCPX, TCPX_REXMIT, XMIT, statInc } from '../core/stats.js';
import { ipOutputIf } from '../ip/ip.js';
import { ccRestart } from './tcp_cc.js';
import { tcpAnnounce, tcpRoute, tcpSendAck } from './tcp_emit.js';
import { tcpSplit } from './tcp_queue.js';
import { seqToWire } from './tcp_seq.js';
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
import { ACK, FIN, IP_PROTO_TCP, SYN, TCP_ACKNO, TCP_CHKSUM, TCP_FLAGS, TCP_WND } from './tcp_wire.js';

/** Milliseconds after which a segment that the interface refused is tried again; doubles each time. */
const OUTPUT_RETRY = 100;

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
        if (seg.len > pcb.mss && seg.p.ref === 1) {
          normalise(seg.p);
          tcpSplit(pcb, seg, pcb.mss);
        }
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
      const now = pcb.stack.clock() | 0;
      if (err !== ERR_OK) {
        const wait = OUTPUT_RETRY << pcb.persistProbes;
        const max = pcb.stack.opt.TCP_RTO_MAX;
        tcpTimerSet(pcb, TIMER_RETRY, (now + (wait < max ? wait : max)) | 0);
      } else {
        pcb.persistBackoff = pcb.rto;
        pcb.persistProbes = 0;
        tcpTimerSet(pcb, TIMER_PERSIST, (now + pcb.rto) | 0);
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
    seg.p.ref === 1 &&
    normalise(seg.p) &&
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

/** Sets a queued segment's first pbuf back to its TCP header; lower layers have moved it. */
export function normalise(p: Pbuf): boolean {
  const n = PBUF_IP - p.off;
  if (n) {
    p.off = PBUF_IP;
    p.len -= n;
    p.totLen -= n;
  }
  return true;
}

/**
 * Sends one segment of the queue, for the first time or again: acknowledgment, window and checksum are brought up
 * to date in its buffer.
 * @returns ERR_OK; ERR_USE when an earlier transmission is still held (by ARP or the driver), so that it must not
 *   be touched; ERR_RTE; or what the interface says
 */
export function tcpSendSegment(pcb: TcpPcb, seg: TcpSeg): Err {
  const p = seg.p;
  if (p.ref !== 1) return ERR_USE;
  const route = tcpRoute(pcb);
  if (!route) return ERR_RTE;
  const stack = pcb.stack;
  normalise(p);
  const b = p.payload;
  const o = PBUF_IP;
  // In SYN_SENT both are zero, as the field is to be then.
  const acks = seqToWire(b, o + TCP_ACKNO, pcb.rcvNxt, pcb.irsHi, pcb.irsLo);
  const flags = pcb.state === SYN_SENT ? seg.flags : seg.flags | ACK;
  b[o + TCP_FLAGS] = flags;
  const wnd = tcpAnnounce(pcb);
  put16(b, o + TCP_WND, wnd);
  put16(b, o + TCP_CHKSUM, 0);
  if (route.chksumFlags & NETIF_CHECKSUM_GEN_TCP) {
    const changing = acks + flags + wnd;
    let sum = seg.chksum;
    if (sum < 0) {
      // Summed up once; what changes from one transmission to the next is taken off, modulo 0xffff.
      sum = chksumFold(chksumPbuf(p, p.totLen) + p.totLen + pcb.chksumBase + 4 * 0xffff - changing);
      seg.chksum = sum;
    }
    put16(b, o + TCP_CHKSUM, ~chksumFold(sum + changing));
  }

  const err = ipOutputIf(p, pcb.localIp, pcb.remoteIp, pcb.ttl, pcb.tos, IP_PROTO_TCP, route);
  if (err !== ERR_OK) return err;
  statInc(stack, STAT_TCP + XMIT);
  const now = stack.clock() | 0;
  let f = pcb.flags & ~(TF_ACK_DELAY | TF_ACK_NOW);
  if (((seg.seq - pcb.sndNxt) | 0) >= 0) {
    if (!(f & TF_RTT)) {
      f |= TF_RTT;
      pcb.rttSeq = seg.seq;
      pcb.rttTime = now;
    }
    pcb.sndNxt = seg.end;
    pcb.sentAt = now;
    if (seg.len < pcb.mss) pcb.sndShort = seg.end;
  } else {
    statInc(stack, STAT_TCPX + TCPX_REXMIT);
    // RFC 6298, 3 (Karn): the round trip of a segment sent twice tells nothing.
    if (f & TF_RTT && ((pcb.rttSeq - seg.seq) | 0) >= 0 && ((pcb.rttSeq - seg.end) | 0) < 0) f &= ~TF_RTT;
    if (((seg.end - pcb.sndNxt) | 0) > 0) pcb.sndNxt = seg.end;
  }
  pcb.flags = f;
  // RFC 6298, 5.1.
  if (pcb.timer !== TIMER_RTO) {
    pcb.persistProbes = 0;
    tcpTimerSet(pcb, TIMER_RTO, (now + pcb.rto) | 0);
  }
  return ERR_OK;
}
