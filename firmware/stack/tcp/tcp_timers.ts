// The timers of TCP. A connection's deadlines are fields; setting one costs a few property writes. One time-out of
// the stack covers them all: it is armed for the earliest deadline when that is set, is not moved when a deadline
// moves on, and looks through the connections when it falls due. So a steady flow costs one pass per TCP_DELACK
// or RTO, deadlines are kept to the millisecond, and an idle stack has no time-out pending.

import { ERR_ABRT, ERR_OK } from '../core/err.js';
import { STAT_TCPX, TCPX_KEEPALIVE, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { SOF_KEEPALIVE } from '../ip/ip_pcb.js';
import { LWIP_TCP_KEEPALIVE } from '../core/opt.js';
import { tcpEmit } from './tcp_emit.js';
import { tcpRedeliver } from './tcp_deliver.js';
import { tcpSendFin } from './tcp_queue.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpAbandon } from './tcp_pcb.js';
import { tcpTimedOut } from './tcp_rexmit.js';
import {
  CLOSE_WAIT,
  ESTABLISHED,
  TF_ACK_DELAY,
  TF_ACK_NOW,
  TF_CLOSEPEND,
  TF_LIVE,
  TIMER_FIN,
  TIMER_NONE,
  type TcpPcb,
} from './tcp_state.js';
import { tcpTwRemove } from './tcp_timewait.js';
import { ACK } from './tcp_wire.js';

/** Milliseconds after which refused data are offered again, and a FIN that found no memory is tried again. */
export const TCP_RETRY = 250;
/** Milliseconds a closed connection waits in FIN_WAIT_2 for the peer's FIN. */
export const TCP_FIN_WAIT_TIMEOUT = 60000;
/** Makes sure that the timer runs at `at` or earlier. */
export function tcpTimerNeed(stack: Stack, at: number): void {
  const tcp = stack.tcp;
  if (tcp.timerOn) {
    if (((at - tcp.timerAt) | 0) >= 0) return;
    sysUntimeout(stack, tcpTimer, stack);
  }
  const ms = (at - stack.clock()) | 0;
  tcp.timerAt = at;
  tcp.timerOn = sysTimeout(stack, ms > 0 ? ms : 0, tcpTimer, stack) === ERR_OK;
}

/**
 * Starts or restarts the retransmission, persist or retry timer, or that of FIN_WAIT_2.
 * @param ms milliseconds from now
 */
export function tcpTimerSet(pcb: TcpPcb, timer: number, ms: number): void {
  pcb.timer = timer;
  pcb.timerAt = tcpDeadline(pcb.stack, ms);
}

/**
 * The clock value `ms` milliseconds from now. The timer will run then, and look through the deadlines.
 */
export function tcpDeadline(stack: Stack, ms: number): number {
  const at = (stack.clock() + ms) | 0;
  tcpTimerNeed(stack, at);
  return at;
}

function tcpTimer(stack: Stack): void {
  const tcp = stack.tcp;
  const now = stack.clock() | 0;
  tcp.timerOn = false;
  let pcb = tcp.active;
  while (pcb) {
    tcp.changed = false;
    runTimers(pcb, now);
    // Those that were visited before have nothing due any more.
    pcb = tcp.changed ? tcp.active : pcb.next;
  }
  for (let tw = tcp.tw; tw; tw = tw.next) if (due(stack, tw.deadline, now)) tcpTwRemove(stack, tw);
}

/** Whether a deadline is reached; if not, the timer will run for it. */
function due(stack: Stack, at: number, now: number): boolean {
  if (((at - now) | 0) <= 0) return true;
  tcpTimerNeed(stack, at);
  return false;
}

/** Does what is due for one connection. Each step may end it. */
function runTimers(pcb: TcpPcb, now: number): void {
  const stack = pcb.stack;
  const timer = pcb.timer;
  if (timer !== TIMER_NONE && due(stack, pcb.timerAt, now)) {
    pcb.timer = TIMER_NONE;
    if (timer === TIMER_FIN) tcpAbandon(pcb, false, ERR_ABRT);
    else tcpTimedOut(pcb, timer);
  }
  if (pcb.flags & TF_ACK_DELAY && due(stack, pcb.ackAt, now)) {
    pcb.flags = (pcb.flags & ~TF_ACK_DELAY) | TF_ACK_NOW;
    tcpOutputNow(pcb);
  }
  if ((pcb.refusedData || pcb.flags & TF_CLOSEPEND) && due(stack, pcb.retryAt, now)) {
    pcb.retryAt = tcpDeadline(stack, TCP_RETRY);
    if (pcb.flags & TF_CLOSEPEND) tcpSendFin(pcb);
    if (pcb.refusedData) tcpRedeliver(pcb);
    tcpOutputNow(pcb);
  }
  // FIN_WAIT_2, between these two, counts: an application that has closed one direction only waits there for a peer
  // that may be gone.
  if (
    LWIP_TCP_KEEPALIVE &&
    pcb.soOptions & SOF_KEEPALIVE &&
    pcb.state >= ESTABLISHED &&
    pcb.state <= CLOSE_WAIT &&
    due(stack, pcb.keep!.at, now)
  ) {
    keepalive(pcb);
  }
  const poll = pcb.pollFn;
  if (poll && pcb.flags & TF_LIVE && due(stack, pcb.pollAt, now)) {
    pcb.pollAt = tcpDeadline(stack, pcb.pollInterval * 500);
    if (poll(pcb.arg as never, pcb) === ERR_OK) tcpOutputNow(pcb);
  }
}

/** RFC 9293, 3.8.4; RFC 1122, 4.2.3.6: a probe repeats the last acknowledged sequence number and has no data. */
function keepalive(pcb: TcpPcb): void {
  const keep = pcb.keep!;
  if (keep.sent >= keep.cnt) {
    tcpAbandon(pcb, true, ERR_ABRT);
    return;
  }
  if (pcb.sndNxt === pcb.sndUna) {
    keep.sent++;
    statInc(pcb.stack, STAT_TCPX + TCPX_KEEPALIVE);
    tcpEmit(pcb, (pcb.sndUna - 1) | 0, ACK, -1);
  }
  keep.at = tcpDeadline(pcb.stack, keep.intvl);
}

/** Something was heard of the peer: the idle time begins anew. */
export function tcpKeepHeard(pcb: TcpPcb): void {
  const keep = pcb.keep!;
  keep.sent = 0;
  keep.at = tcpDeadline(pcb.stack, keep.idle);
}
