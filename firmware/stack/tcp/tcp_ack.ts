// What the acknowledgment and window fields of a segment do to the sending side (RFC 9293, 3.10.7.4, fifth
// check, ESTABLISHED).

import { TCP_REF_WRITE } from '../core/opt.js';
import { pbufClen } from '../core/pbuf.js';
import { ccAck } from './tcp_cc.js';
import { tcpSegFree } from './tcp_pcb.js';
import { tcpDupAck, tcpRecoveryAck, tcpRttSample } from './tcp_rexmit.js';
import { TF_INFR, TF_LOSS, TF_RTT, TIMER_NONE, TIMER_PERSIST, TIMER_RTO, type TcpPcb } from './tcp_state.js';
import { tcpTimerNeed } from './tcp_timers.js';
import { FIN, SYN } from './tcp_wire.js';

/**
 * Takes an acknowledgment in the acceptable range and the window that comes with it.
 * @param seq relative sequence number of the segment
 * @param len its bytes of data
 * @returns bytes of data newly acknowledged
 */
export function tcpAckReceived(
  pcb: TcpPcb,
  seq: number,
  ack: number,
  flags: number,
  wnd: number,
  len: number,
): number {
  const n = (ack - pcb.sndUna) | 0;
  let acked = 0;
  if (n > 0) acked = tcpAcked(pcb, ack, n);
  else if (n < 0) return 0;
  else if (
    // RFC 5681, 2: what counts as a duplicate acknowledgment.
    pcb.timer === TIMER_RTO &&
    len === 0 &&
    wnd === pcb.sndWnd &&
    pcb.sndNxt !== ack &&
    !(flags & (SYN | FIN))
  ) {
    tcpDupAck(pcb);
  }
  if (pcb.persistProbes) pcb.persistProbes = 0;
  // RFC 9293, 3.10.7.4: SND.WND is taken from the newest segment only.
  const newer = (seq - pcb.sndWl1) | 0;
  if (newer > 0 || (newer === 0 && ((ack - pcb.sndWl2) | 0) >= 0)) {
    pcb.sndWl1 = seq;
    pcb.sndWl2 = ack;
    if (wnd !== pcb.sndWnd) {
      pcb.sndWnd = wnd;
      if (wnd > pcb.sndWndMax) pcb.sndWndMax = wnd;
      // tcpOutputNow() starts it again where the window is still too small.
      if (pcb.timer === TIMER_PERSIST && wnd) pcb.timer = TIMER_NONE;
    }
  }
  return acked;
}

/**
 * Moves SND.UNA on by `n` to `ack`.
 * @returns bytes of data among them
 */
export function tcpAcked(pcb: TcpPcb, ack: number, n: number): number {
  const stack = pcb.stack;
  const now = stack.clock() | 0;
  let data = n;
  let seg = pcb.sndQ;
  while (seg && ((seg.end - ack) | 0) <= 0) {
    const next = seg.next;
    if (pcb.unsent === seg) pcb.unsent = next;
    if (seg.flags & (SYN | FIN)) data--;
    pcb.sndQueuelen -= TCP_REF_WRITE ? pbufClen(seg.p) : 1;
    tcpSegFree(stack, seg);
    seg = next;
  }
  pcb.sndQ = seg;
  if (!seg) pcb.sndQTail = null;
  pcb.sndUna = ack;
  pcb.sndBuf += data;

  let flags = pcb.flags;
  if (flags & TF_RTT && ((ack - pcb.rttSeq) | 0) > 0) {
    flags &= ~TF_RTT;
    pcb.flags = flags;
    tcpRttSample(pcb, (now - pcb.rttTime) | 0);
  }
  let restart = true;
  if (flags & TF_INFR) restart = tcpRecoveryAck(pcb, ack, n);
  else ccAck(pcb, n);
  if (flags & TF_LOSS && ((ack - pcb.recover) | 0) > 0) pcb.flags &= ~TF_LOSS;
  if (pcb.nrtx) pcb.nrtx = 0;
  if (pcb.dupAcks) pcb.dupAcks = 0;

  if (!seg) pcb.timer = TIMER_NONE;
  else if (pcb.timer === TIMER_RTO) {
    // RFC 6298, 5.2 and 5.3.
    if (pcb.sndNxt === ack) pcb.timer = TIMER_NONE;
    else if (restart) {
      const at = (now + pcb.rto) | 0;
      if (((at - pcb.timerAt) | 0) < 0) tcpTimerNeed(stack, at);
      pcb.timerAt = at;
    }
  }
  return data;
}
