// Loss: the retransmission time-out (RFC 6298), fast retransmit and recovery (RFC 5681, RFC 6582, RFC 5827), and
// the persist timer (RFC 9293, 3.8.6.1). How the congestion window moves is in tcp_cc.ts.

import { ERR_ABRT, ERR_OK } from '../core/err.js';
import { TCP_REF_WRITE } from '../core/opt.js';
import { PBUF_TRANSPORT } from '../core/pbuf.js';
import { pbufGetAt } from '../core/pbuf_data.js';
import { STAT_TCPX, TCPX_FASTREXMIT, TCPX_DUPACK, TCPX_PERSIST, TCPX_RTO, statInc } from '../core/stats.js';
import { ccDupAck, ccEnterRecovery, ccExitRecovery, ccPartialAck, ccTimeout } from './tcp_cc.js';
import { tcpEmit, tcpNormalise } from './tcp_emit.js';
import { tcpOutputNow, tcpSendSegment } from './tcp_out.js';
import { tcpAbandon } from './tcp_pcb.js';
import { tcpSplit } from './tcp_queue.js';
import {
  ESTABLISHED,
  TF_INFR,
  TF_LOSS,
  TF_ORPHAN,
  TF_PARTIAL,
  TF_RTT,
  TIMER_PERSIST,
  TIMER_RETRY,
  TIMER_RTO,
  type TcpPcb,
} from './tcp_state.js';
import { tcpTimerSet } from './tcp_timers.js';
import { ACK, TCP_HLEN } from './tcp_wire.js';

/** RFC 6298, 2.1. */
export const RTO_INITIAL = 1000;
/** RFC 6298, 5.7: for data after a lost SYN. */
export const RTO_AFTER_SYN_LOSS = 3000;
/** Retransmissions and probes for a connection that its application has closed. */
const ORPHAN_RETRIES = 8;
/** The waits after a refusal begin at a tenth of a second, so a few more make the same time as retransmissions do. */
const RETRIES_MORE = 3;
/** RFC 1122, 4.2.3.5: R1, after which the route is looked up anew. */
const R1 = 3;

/** RFC 6298, 2: takes one round-trip measurement, milliseconds. */
export function tcpRttSample(pcb: TcpPcb, r: number): void {
  let srtt8 = pcb.srtt8;
  let rttvar4 = pcb.rttvar4;
  if (srtt8 < 0) {
    srtt8 = r << 3;
    rttvar4 = r << 1;
  } else {
    const delta = r - (srtt8 >> 3);
    // RTTVAR with beta 1/4, from the old SRTT; SRTT with alpha 1/8.
    rttvar4 += (delta < 0 ? -delta : delta) - (rttvar4 >> 2);
    srtt8 += delta;
  }
  pcb.srtt8 = srtt8;
  pcb.rttvar4 = rttvar4;
  const o = pcb.stack.opt;
  // The clock's granularity is 1 ms.
  const rto = (srtt8 >> 3) + (rttvar4 > 1 ? rttvar4 : 1);
  pcb.rto = rto < o.TCP_RTO_MIN ? o.TCP_RTO_MIN : rto > o.TCP_RTO_MAX ? o.TCP_RTO_MAX : rto;
}

/** The retransmission, persist or retry timer expired. Gives the connection up after so many times. */
export function tcpTimedOut(pcb: TcpPcb, timer: number): void {
  const o = pcb.stack.opt;
  const handshake = pcb.state < ESTABLISHED;
  let max = handshake ? o.TCP_SYNMAXRTX : o.TCP_MAXRTX;
  if (pcb.flags & TF_ORPHAN && max > ORPHAN_RETRIES) max = ORPHAN_RETRIES;
  if (timer === TIMER_RETRY) max += RETRIES_MORE;
  const n = timer === TIMER_RTO ? ++pcb.nrtx : ++pcb.persistProbes;
  // RFC 9293, 3.8.3: R2 reached.
  if (n > max) tcpAbandon(pcb, !handshake, ERR_ABRT);
  else if (timer === TIMER_RTO) rexmit(pcb, handshake, n);
  else if (timer === TIMER_PERSIST) probe(pcb);
  else {
    // The interface refused a segment a while ago (no link, no route, its queue full).
    pcb.route = null;
    tcpOutputNow(pcb);
  }
}

function backoff(pcb: TcpPcb, ms: number): number {
  const max = pcb.stack.opt.TCP_RTO_MAX;
  return ms * 2 < max ? ms * 2 : max;
}

/** The retransmission timer expired: RFC 6298, 5.4 to 5.7. */
function rexmit(pcb: TcpPcb, handshake: boolean, nrtx: number): void {
  statInc(pcb.stack, STAT_TCPX + TCPX_RTO);
  if (nrtx === R1) pcb.route = null;
  // RFC 6298, 5.5; the doubled value stays until the next valid measurement (5.7, Karn).
  pcb.rto = backoff(pcb, pcb.rto);
  pcb.flags &= ~(TF_INFR | TF_RTT | TF_PARTIAL);
  if (!handshake) {
    ccTimeout(pcb, (pcb.sndNxt - pcb.sndUna) | 0, nrtx === 1);
    pcb.recover = pcb.sndNxt;
    pcb.flags |= TF_LOSS;
  }
  pcb.dupAcks = 0;
  // All is sent again from the oldest segment on, as the window opens (RFC 5681, 3.1: slow start).
  pcb.unsent = pcb.sndQ;
  tcpOutputNow(pcb);
  // Still held by ARP or the driver, or refused: the timer must go on.
  if (pcb.timer !== TIMER_RTO && pcb.timer !== TIMER_PERSIST) tcpTimerSet(pcb, TIMER_RTO, pcb.rto);
}

/**
 * The window has been too small for the next segment for a while: send what fits, or a byte to learn whether the
 * window has opened (RFC 9293, 3.8.6.1). Goes on for as long as the peer answers.
 */
function probe(pcb: TcpPcb): void {
  const seg = pcb.unsent;
  if (!seg) return;
  pcb.persistBackoff = backoff(pcb, pcb.persistBackoff);
  tcpTimerSet(pcb, TIMER_PERSIST, pcb.persistBackoff);
  statInc(pcb.stack, STAT_TCPX + TCPX_PERSIST);
  const room = pcb.sndWnd - ((seg.seq - pcb.sndUna) | 0);
  if (seg.len && room <= 0) {
    if (TCP_REF_WRITE) tcpNormalise(seg.p);
    tcpEmit(pcb, seg.seq, ACK, TCP_REF_WRITE ? pbufGetAt(seg.p, TCP_HLEN) : seg.p.payload[PBUF_TRANSPORT]!);
    const next = (seg.seq + 1) | 0;
    if (((next - pcb.sndNxt) | 0) > 0) pcb.sndNxt = next;
  } else if (seg.len <= room || tcpSplit(pcb, seg, room) === ERR_OK) {
    // RFC 9293, 3.8.6.2.1 (4): the override time-out.
    tcpOutputNow(pcb);
  }
}

/** Sends the oldest unacknowledged segment again, leaving the rest of the queue as it is. */
export function tcpRexmitFirst(pcb: TcpPcb): void {
  const seg = pcb.sndQ;
  if (!seg || pcb.unsent === seg) return;
  tcpSendSegment(pcb, seg);
}

/** A duplicate ACK: RFC 5681, 3.2; RFC 6582, 3.2; RFC 3042; RFC 5827. */
export function tcpDupAck(pcb: TcpPcb): void {
  const stack = pcb.stack;
  statInc(stack, STAT_TCPX + TCPX_DUPACK);
  const n = pcb.dupAcks + 1;
  pcb.dupAcks = n;
  if (pcb.flags & TF_INFR) {
    ccDupAck(pcb);
    return;
  }
  const flight = (pcb.sndNxt - pcb.sndUna) | 0;
  const mss = pcb.mss;
  const next = pcb.unsent;
  // RFC 5827, 3.1: with fewer than four segments in flight and none to send, three duplicates cannot come.
  const early =
    flight > mss &&
    flight <= 3 * mss &&
    (!next || ((next.seq + next.len - pcb.sndUna) | 0) > pcb.sndWnd || ((next.seq - pcb.sndNxt) | 0) < 0);
  if (n < (early ? (flight > 2 * mss ? 2 : 1) : 3)) return;
  // RFC 6582, 3.2, step 2: not for losses of a window that is being recovered already.
  if (pcb.flags & TF_LOSS) return;
  ccEnterRecovery(pcb, flight, n);
  pcb.recover = pcb.sndNxt;
  pcb.flags = (pcb.flags | TF_INFR | TF_LOSS) & ~TF_PARTIAL;
  statInc(stack, STAT_TCPX + TCPX_FASTREXMIT);
  tcpRexmitFirst(pcb);
  tcpTimerSet(pcb, TIMER_RTO, pcb.rto);
}

/**
 * New data were acknowledged while in recovery (RFC 6582, 3.2, step 3).
 * @returns whether the retransmission timer is to be restarted
 */
export function tcpRecoveryAck(pcb: TcpPcb, ack: number, acked: number): boolean {
  if (((ack - pcb.recover) | 0) >= 0) {
    ccExitRecovery(pcb, (pcb.sndNxt - ack) | 0);
    pcb.flags &= ~(TF_INFR | TF_PARTIAL);
    return true;
  }
  ccPartialAck(pcb, acked);
  tcpRexmitFirst(pcb);
  const first = !(pcb.flags & TF_PARTIAL);
  pcb.flags |= TF_PARTIAL;
  return first;
}
