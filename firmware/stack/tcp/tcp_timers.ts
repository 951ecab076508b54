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
import { tcpEmitPcb } from './tcp_emit.js';
import { tcpRedeliver } from './tcp_deliver.js';
import { tcpSendFin } from './tcp_queue.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpAbandon } from './tcp_pcb.js';
import { tcpPersistTimer, tcpRetryTimer, tcpRexmitTimer } from './tcp_rexmit.js';
import {
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT_2,
  TF_ACK_DELAY,
  TF_ACK_NOW,
  TF_CLOSEPEND,
  TF_LIVE,
  TF_ORPHAN,
  TIMER_NONE,
  TIMER_PERSIST,
  TIMER_RTO,
  type TcpPcb,
} from './tcp_state.js';
import { tcpTwExpire } from './tcp_timewait.js';
import { ACK } from './tcp_wire.js';

/** Milliseconds after which refused data are offered again, and a FIN that found no memory is tried again. */
export const TCP_RETRY = 250;
/** Milliseconds a closed connection waits in FIN_WAIT_2 for the peer's FIN. */
export const TCP_FIN_WAIT_TIMEOUT = 60000;
/** Further than any deadline. */
const NEVER = 0x3fffffff;

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

/** Starts or restarts the retransmission, persist or retry timer. */
export function tcpTimerSet(pcb: TcpPcb, timer: number, at: number): void {
  pcb.timer = timer;
  pcb.timerAt = at;
  tcpTimerNeed(pcb.stack, at);
}

function tcpTimer(stack: Stack): void {
  const tcp = stack.tcp;
  const now = stack.clock() | 0;
  // Deadlines set from here on are found when the next one is looked for, below.
  tcp.timerOn = true;
  tcp.timerAt = (now - NEVER) | 0;
  const round = (tcp.round + 1) & 0xffff;
  tcp.round = round;
  let pcb = tcp.active;
  while (pcb) {
    if (pcb.round === round) {
      pcb = pcb.next;
      continue;
    }
    pcb.round = round;
    tcp.changed = false;
    runTimers(pcb, now);
    pcb = tcp.changed ? tcp.active : pcb.next;
  }
  tcpTwExpire(stack, now);
  tcp.timerOn = false;
  let next = NEVER;
  for (let q = tcp.active; q; q = q.next) next = nextDeadline(q, now, next);
  for (let tw = tcp.tw; tw; tw = tw.next) next = sooner(next, tw.deadline, now);
  if (next < NEVER) tcpTimerNeed(stack, (now + (next > 0 ? next : 1)) | 0);
}

function due(at: number, now: number): boolean {
  return ((at - now) | 0) <= 0;
}

function sooner(next: number, at: number, now: number): number {
  const ms = (at - now) | 0;
  return ms < next ? ms : next;
}

/**
 * Whether keepalive probes apply (RFC 9293, 3.8.4: off unless the application wants them). FIN_WAIT_2 counts: an
 * application that has closed one direction only waits there for a peer that may be gone.
 */
export function tcpKeeps(pcb: TcpPcb): boolean {
  return (
    LWIP_TCP_KEEPALIVE &&
    (pcb.soOptions & SOF_KEEPALIVE) !== 0 &&
    (pcb.state === ESTABLISHED || pcb.state === CLOSE_WAIT || pcb.state === FIN_WAIT_2)
  );
}

function nextDeadline(pcb: TcpPcb, now: number, next: number): number {
  const flags = pcb.flags;
  if (pcb.timer !== TIMER_NONE) next = sooner(next, pcb.timerAt, now);
  if (flags & TF_ACK_DELAY) next = sooner(next, pcb.ackAt, now);
  if (pcb.pollFn) next = sooner(next, pcb.pollAt, now);
  if (pcb.refusedData || flags & TF_CLOSEPEND) next = sooner(next, pcb.retryAt, now);
  if (pcb.state === FIN_WAIT_2 && flags & TF_ORPHAN) next = sooner(next, pcb.finAt, now);
  if (tcpKeeps(pcb)) next = sooner(next, pcb.keepAt, now);
  return next;
}

/** Does what is due for one connection. Each step may end it. */
function runTimers(pcb: TcpPcb, now: number): void {
  if (pcb.timer !== TIMER_NONE && due(pcb.timerAt, now)) {
    const timer = pcb.timer;
    pcb.timer = TIMER_NONE;
    if (timer === TIMER_RTO) tcpRexmitTimer(pcb);
    else if (timer === TIMER_PERSIST) tcpPersistTimer(pcb);
    else tcpRetryTimer(pcb);
  }
  if (pcb.flags & TF_ACK_DELAY && due(pcb.ackAt, now)) {
    pcb.flags = (pcb.flags & ~TF_ACK_DELAY) | TF_ACK_NOW;
    tcpOutputNow(pcb);
  }
  if ((pcb.refusedData || pcb.flags & TF_CLOSEPEND) && due(pcb.retryAt, now)) {
    pcb.retryAt = (now + TCP_RETRY) | 0;
    if (pcb.flags & TF_CLOSEPEND && tcpSendFin(pcb) === ERR_OK) tcpOutputNow(pcb);
    if (pcb.refusedData) {
      tcpRedeliver(pcb);
      if (pcb.flags & TF_LIVE) tcpOutputNow(pcb);
    }
  }
  if (pcb.flags & TF_LIVE && tcpKeeps(pcb) && due(pcb.keepAt, now)) keepalive(pcb, now);
  if (pcb.state === FIN_WAIT_2 && pcb.flags & TF_ORPHAN && due(pcb.finAt, now)) {
    tcpAbandon(pcb, false, ERR_ABRT);
  }
  const poll = pcb.pollFn;
  if (pcb.flags & TF_LIVE && poll && due(pcb.pollAt, now)) {
    pcb.pollAt = (now + pcb.pollInterval * 500) | 0;
    if (poll(pcb.arg as never, pcb) === ERR_OK && pcb.flags & TF_LIVE) tcpOutputNow(pcb);
  }
}

/** RFC 9293, 3.8.4; RFC 1122, 4.2.3.6: a probe repeats the last acknowledged sequence number and has no data. */
function keepalive(pcb: TcpPcb, now: number): void {
  if (pcb.keepSent >= pcb.keepCnt) {
    tcpAbandon(pcb, true, ERR_ABRT);
    return;
  }
  if (pcb.sndNxt === pcb.sndUna) {
    pcb.keepSent++;
    statInc(pcb.stack, STAT_TCPX + TCPX_KEEPALIVE);
    tcpEmitPcb(pcb, (pcb.sndUna - 1) | 0, ACK, -1);
  }
  pcb.keepAt = (now + pcb.keepIntvl) | 0;
}

/** Something was heard of the peer: the idle time begins anew. */
export function tcpKeepHeard(pcb: TcpPcb): void {
  pcb.keepSent = 0;
  pcb.keepAt = (pcb.stack.clock() + pcb.keepIdle) | 0;
  tcpTimerNeed(pcb.stack, pcb.keepAt);
}
