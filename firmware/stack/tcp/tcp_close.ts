// Ending a connection from this side: close, half-close, and what becomes of data nobody has read.

import { ERR_CLSD, ERR_CONN, ERR_OK, type Err } from '../core/err.js';
import { MEMP_TCP_PCB_LISTEN, mempFree } from '../core/memp.js';
import { pbufFree } from '../core/pbuf.js';
import { tcpSendRst } from './tcp_emit.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpFree } from './tcp_pcb.js';
import { tcpSendFin } from './tcp_queue.js';
import {
  CLOSED,
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT_2,
  LISTEN,
  SYN_RCVD,
  SYN_SENT,
  TF_CLOSEPEND,
  TF_FIN,
  TF_LIVE,
  TF_ORPHAN,
  TF_RXCLOSED,
  TIME_WAIT,
  type TcpListenPcb,
  type TcpPcb,
} from './tcp_state.js';
import { TCP_FIN_WAIT_TIMEOUT, tcpTimerNeed } from './tcp_timers.js';

/** Ends a listener. Connections of its that are still in handshake are aborted when they complete. */
export function tcpListenerClose(lpcb: TcpListenPcb): Err {
  if (lpcb.state !== LISTEN) return ERR_CLSD;
  const stack = lpcb.stack;
  const tcp = stack.tcp;
  lpcb.state = CLOSED;
  if (tcp.listen === lpcb) tcp.listen = lpcb.next;
  for (let q = tcp.listen; q; q = q.next) if (q.next === lpcb) q.next = lpcb.next;
  for (let q = tcp.active; q; q = q.next) if (q.listener === lpcb) q.listener = null;
  mempFree(stack, MEMP_TCP_PCB_LISTEN);
  return ERR_OK;
}

/** Closes both directions; the pcb is no longer the application's. */
export function tcpConnectionClose(pcb: TcpPcb): Err {
  const state = pcb.state;
  if (!(pcb.flags & TF_LIVE)) {
    // Freed already: fine after the peer's FIN ended it, a mistake otherwise.
    pcb.state = CLOSED;
    return state === TIME_WAIT ? ERR_OK : ERR_CLSD;
  }
  pcb.recvFn = null;
  pcb.sentFn = null;
  pcb.pollFn = null;
  pcb.errFn = null;
  pcb.connectedFn = null;
  if (state === CLOSED || state === SYN_SENT || state === TIME_WAIT) {
    tcpFree(pcb, CLOSED);
    return ERR_OK;
  }
  // RFC 1122, 4.2.2.13: closing with data unread, or not taken with tcpRecved(), tells the peer by RST.
  const unread = pcb.refusedData || pcb.rcvWnd !== pcb.stack.opt.TCP_WND;
  if (unread && state >= ESTABLISHED && state <= CLOSE_WAIT) {
    tcpSendRst(pcb);
    tcpFree(pcb, CLOSED);
    return ERR_OK;
  }
  pbufFree(pcb.refusedData);
  pcb.refusedData = null;
  pcb.flags |= TF_RXCLOSED | TF_ORPHAN;
  finish(pcb);
  return ERR_OK;
}

/** The end of the stream for an application without receive callback. */
export function tcpCloseDefault(pcb: TcpPcb): void {
  tcpConnectionClose(pcb);
}

/** Closes one direction or both. */
export function tcpHalfClose(pcb: TcpPcb, rx: boolean, tx: boolean): Err {
  const state = pcb.state;
  if (!(pcb.flags & TF_LIVE) || state < SYN_RCVD || state === TIME_WAIT) return ERR_CONN;
  if (rx && tx) return tcpConnectionClose(pcb);
  if (rx) {
    pcb.flags |= TF_RXCLOSED;
    pbufFree(pcb.refusedData);
    pcb.refusedData = null;
  }
  if (tx) {
    if (state !== SYN_RCVD && state !== ESTABLISHED && state !== CLOSE_WAIT) return ERR_CONN;
    finish(pcb);
  }
  return ERR_OK;
}

/** Sends the FIN, unless that was done; a closed connection waits for the peer's only so long. */
function finish(pcb: TcpPcb): void {
  const state = pcb.state;
  if (state === SYN_RCVD || state === ESTABLISHED || state === CLOSE_WAIT) {
    if (!(pcb.flags & (TF_FIN | TF_CLOSEPEND)) && tcpSendFin(pcb) === ERR_OK) tcpOutputNow(pcb);
  } else if (state === FIN_WAIT_2) tcpFinWait(pcb);
}

/** Starts the time limit of FIN_WAIT_2 where the application has closed. */
export function tcpFinWait(pcb: TcpPcb): void {
  if (!(pcb.flags & TF_ORPHAN)) return;
  const now = pcb.stack.clock() | 0;
  pcb.since = now;
  pcb.finAt = (now + TCP_FIN_WAIT_TIMEOUT) | 0;
  tcpTimerNeed(pcb.stack, pcb.finAt);
}
