// TCP netconns that listen, and what they accept.

import {
  ERR_ARG,
  ERR_CLSD,
  ERR_MEM,
  ERR_OK,
  ERR_TIMEOUT,
  ERR_USE,
  ERR_VAL,
  ERR_WOULDBLOCK,
  type Err,
} from '../stack/core/err.js';
import { MEMP_TCP_PCB_LISTEN } from '../stack/core/memp.js';
import { LWIP_TCP } from '../stack/core/opt.js';
import { BLOCKED, sysEvent, sysWait, type Wait } from '../stack/core/sys.js';
import {
  tcpAccept,
  tcpArg,
  tcpBacklogAccepted,
  tcpBacklogDelayed,
  tcpBind,
  tcpListenWithBacklog,
} from '../stack/tcp/tcp.js';
import { CLOSED, type TcpPcb } from '../stack/tcp/tcp_state.js';
import {
  NETCONN_EVT_RCVMINUS,
  NETCONN_EVT_RCVPLUS,
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_NON_BLOCKING,
  NETCONN_STATE_CLOSE,
  NETCONN_STATE_LISTEN,
  NETCONN_TCP,
  netconnAlloc,
  netconnEvent,
  netconnTcpCall,
  netconnValid,
  type Netconn,
} from './netconn_state.js';
import { netconnTcpLive, netconnTcpSetup } from './netconn_tcp.js';

/** Listens, with as many connections waiting as the mailbox holds. @returns as netconnListenWithBacklog() */
export function netconnListen(conn: Netconn): Err | Wait {
  return netconnListenWithBacklog(conn, netconnValid(conn) ? conn.stack.opt.TCP_DEFAULT_LISTEN_BACKLOG : 0);
}

/**
 * Listens, or changes the backlog of who does.
 * @param backlog connections that may wait between SYN and netconnAccept(): 1 to DEFAULT_ACCEPTMBOX_SIZE; more is as much
 * @returns ERR_OK; ERR_USE: the port is taken; ERR_BUF: no free port; ERR_VAL: connected or closed; ERR_MEM; ERR_ARG: not
 *   TCP
 */
export function netconnListenWithBacklog(conn: Netconn, backlog: number): Err | Wait {
  return LWIP_TCP ? netconnTcpCall(conn, netconnTcpListen, backlog) : ERR_ARG;
}

/**
 * Takes the next connection, waiting for it at most for the receive time-out.
 * @param out its `conn` receives it; the caller's, to be deleted
 * @returns ERR_OK; ERR_CLSD: the listener was closed; ERR_VAL: does not listen; ERR_TIMEOUT; ERR_WOULDBLOCK; ERR_MEM: no
 *   time-out is free; ERR_ARG
 */
export function netconnAccept(conn: Netconn, out: { conn: Netconn | null }): Err | Wait {
  out.conn = null;
  return LWIP_TCP ? netconnTcpCall(conn, accept, out) : ERR_ARG;
}

function accept(conn: Netconn, out: { conn: Netconn | null }): Err | Wait {
  const r = netconnTryAccept(conn, out, false);
  if (r !== BLOCKED) return r;
  if (conn.flags & NETCONN_FLAG_NON_BLOCKING) return ERR_WOULDBLOCK;
  return sysWait(conn.stack, conn.readers, conn.recvTimeout, netconnTryAccept, conn, out);
}

/** @returns ERR_OK; ERR_VAL (connected, or closed); ERR_USE; ERR_MEM; ERR_BUF (no free port) */
export function netconnTcpListen(conn: Netconn, backlog: number): Err {
  const limit = conn.stack.opt.DEFAULT_ACCEPTMBOX_SIZE;
  // Who asks for more connections than the mailbox holds would only have them reset.
  const n = backlog > limit ? limit : backlog < 1 ? 1 : backlog;
  conn.acceptLimit = n;
  if (conn.state === NETCONN_STATE_LISTEN) {
    conn.listener!.backlog = n;
    return ERR_OK;
  }
  const pcb = conn.tcp!;
  if (!netconnTcpLive(conn) || pcb.state !== CLOSED) return ERR_VAL;
  if (pcb.localPort === 0) {
    const err = tcpBind(pcb, pcb.localIp, 0);
    if (err !== ERR_OK) return err;
  }
  const lpcb = tcpListenWithBacklog(pcb, n);
  if (!lpcb) {
    const pool = conn.stack.memp[MEMP_TCP_PCB_LISTEN]!;
    return pool.used < pool.num ? ERR_USE : ERR_MEM;
  }
  conn.listener = lpcb;
  conn.tcp = null;
  conn.state = NETCONN_STATE_LISTEN;
  tcpArg(lpcb, conn);
  tcpAccept(lpcb, acceptTcp);
  return ERR_OK;
}

function acceptTcp(conn: Netconn, pcb: TcpPcb | null): Err {
  // Without a pcb the SYN was dropped, and comes again.
  if (!pcb) return ERR_VAL;
  if (conn.acceptmbox.length >= conn.acceptLimit) return ERR_MEM;
  const newconn = netconnAlloc(conn.stack, NETCONN_TCP, conn.callback);
  if (!newconn) return ERR_MEM;
  netconnTcpSetup(newconn, pcb);
  newconn.flags = NETCONN_FLAG_CONNECTED;
  tcpBacklogDelayed(pcb);
  conn.acceptmbox.push(newconn);
  netconnEvent(conn, NETCONN_EVT_RCVPLUS);
  sysEvent(conn.readers);
  return ERR_OK;
}

/** Attempt: accepts. @returns ERR_OK; ERR_VAL (does not listen); ERR_CLSD; late, ERR_TIMEOUT */
export function netconnTryAccept(conn: Netconn, out: { conn: Netconn | null }, late: boolean): number {
  if (conn.state !== NETCONN_STATE_LISTEN) return conn.state === NETCONN_STATE_CLOSE ? ERR_CLSD : ERR_VAL;
  if (!conn.acceptmbox.length) return late ? ERR_TIMEOUT : BLOCKED;
  const newconn = conn.acceptmbox.shift()!;
  tcpBacklogAccepted(newconn.tcp!);
  out.conn = newconn;
  netconnEvent(conn, NETCONN_EVT_RCVMINUS);
  return ERR_OK;
}
