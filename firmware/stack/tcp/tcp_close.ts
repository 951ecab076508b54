// Ending a connection from this side: close, half-close, and what becomes of data nobody has read.

import { ERR_CLSD, ERR_CONN, ERR_OK, type Err } from '../core/err.js';
import { MEMP_TCP_PCB_LISTEN, mempFree } from '../core/memp.js';
import { TCP_ACTIVE_OPEN } from '../core/opt.js';
import { tcpSendRst } from './tcp_emit.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpFree, tcpRefusedFree, tcpWithout } from './tcp_pcb.js';
import { tcpMayQueue, tcpSendFin } from './tcp_queue.js';
import {
  CLOSED,
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT_2,
  LISTEN,
  SYN_RCVD,
  SYN_SENT,
  TF_CLOSEPEND,
  TF_LIVE,
  TF_ORPHAN,
  TF_RXCLOSED,
  TIMER_FIN,
  TIME_WAIT,
  type TcpListenPcb,
  type TcpPcb,
} from './tcp_state.js';
import { TCP_FIN_WAIT_TIMEOUT, tcpTimerSet } from './tcp_timers.js';

/** Ends a listener. Connections of its that are still in handshake are aborted when they complete. */
export function tcpListenerClose(lpcb: TcpListenPcb): Err {
  if (lpcb.state !== LISTEN) return ERR_CLSD;
  const stack = lpcb.stack;
  const tcp = stack.tcp;
  lpcb.state = CLOSED;
  // A connection may be about to become this listener's: it was closed to make room.
  lpcb.acceptFn = null;
  tcp.listen = tcpWithout(tcp.listen, lpcb);
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
  if (TCP_ACTIVE_OPEN) pcb.connectedFn = null;
  // RFC 1122, 4.2.2.13: closing with data unread, or not taken with tcpRecved(), tells the peer by RST.
  const reset =
    state >= ESTABLISHED && state <= CLOSE_WAIT && (pcb.refusedData || pcb.rcvWnd !== pcb.stack.opt.TCP_WND);
  if (reset) tcpSendRst(pcb);
  if (reset || state === CLOSED || (TCP_ACTIVE_OPEN && state === SYN_SENT) || state === TIME_WAIT) {
    tcpFree(pcb, CLOSED);
    return ERR_OK;
  }
  tcpRefusedFree(pcb);
  pcb.flags |= TF_RXCLOSED | TF_ORPHAN;
  finish(pcb);
  return ERR_OK;
}

/** Closes one direction or both. */
export function tcpHalfClose(pcb: TcpPcb, rx: boolean, tx: boolean): Err {
  const state = pcb.state;
  if (!(pcb.flags & TF_LIVE) || state < SYN_RCVD || state === TIME_WAIT) return ERR_CONN;
  if (rx && tx) return tcpConnectionClose(pcb);
  if (rx) {
    pcb.flags |= TF_RXCLOSED;
    tcpRefusedFree(pcb);
  }
  if (tx) {
    if (!tcpMayQueue(state)) return ERR_CONN;
    finish(pcb);
  }
  return ERR_OK;
}

/** Sends the FIN, unless that was done; a closed connection waits for the peer's only so long. */
function finish(pcb: TcpPcb): void {
  if (tcpMayQueue(pcb.state) && !(pcb.flags & TF_CLOSEPEND)) {
    tcpSendFin(pcb);
    tcpOutputNow(pcb);
  } else tcpFinWait(pcb);
}

/** Starts the time limit of FIN_WAIT_2 where the application has closed. */
export function tcpFinWait(pcb: TcpPcb): void {
  if (pcb.state !== FIN_WAIT_2 || !(pcb.flags & TF_ORPHAN)) return;
  pcb.since = pcb.stack.clock() | 0;
  tcpTimerSet(pcb, TIMER_FIN, TCP_FIN_WAIT_TIMEOUT);
}
