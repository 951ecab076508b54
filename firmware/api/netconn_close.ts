// The end of netconns: shutting down, closing, deleting.

import {
  ERR_ARG,
  ERR_CLSD,
  ERR_CONN,
  ERR_OK,
  ERR_TIMEOUT,
  ERR_WOULDBLOCK,
  type Err,
} from '../stack/core/err.js';
import { LWIP_RAW, LWIP_TCP, LWIP_UDP } from '../stack/core/opt.js';
import { pbufFree } from '../stack/core/pbuf.js';
import { BLOCKED, sysBlock, sysCancel, sysEventAll, type Wait } from '../stack/core/sys.js';
import { rawRemove } from '../stack/raw/raw.js';
import { tcpAbort, tcpClose, tcpErr, tcpShutdown, tcpSndbuf } from '../stack/tcp/tcp.js';
import { ESTABLISHED, TIME_WAIT } from '../stack/tcp/tcp_state.js';
import { udpRemove } from '../stack/udp/udp.js';
import { netbufDelete } from './netbuf.js';
import {
  NETCONN_EVT_RCVPLUS,
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_NON_BLOCKING,
  NETCONN_FLAG_RXEND,
  NETCONN_FLAG_TXEND,
  NETCONN_INVALID,
  NETCONN_STATE_CLOSE,
  netconnCall,
  netconnEvent,
  netconnFree,
  netconnTcpCall,
  type Netconn,
} from './netconn_state.js';
import { netconnTcpLive } from './netconn_tcp.js';

/**
 * Closes one direction or both. What has come can still be received, what was written is still sent.
 * @returns ERR_OK; ERR_CONN: not connected; ERR_CLSD: closed already; ERR_ARG: not TCP
 */
export function netconnShutdown(conn: Netconn, rx: boolean, tx: boolean): Err | Wait {
  return LWIP_TCP ? netconnTcpCall(conn, shutdown, { rx, tx }) : ERR_ARG;
}

function shutdown(conn: Netconn, which: { rx: boolean; tx: boolean }): Err {
  return netconnTcpShutdown(conn, which.rx, which.tx);
}

/**
 * Closes a connection or a listener; the netconn stays, to be deleted. Others that wait for it get ERR_CLSD. With data that
 * nobody has received the peer is reset (RFC 1122, 4.2.2.13). conn.linger says whether to wait until the peer has what was
 * written.
 * @returns ERR_OK; ERR_TIMEOUT: it has not, and was reset; ERR_WOULDBLOCK: it has not yet, it must not block, and nothing
 *   is closed; ERR_CONN: closed already; ERR_ARG: not TCP
 */
export function netconnClose(conn: Netconn): Err | Wait {
  return LWIP_TCP ? netconnTcpCall(conn, close, 0) : ERR_ARG;
}

function close(conn: Netconn): Err | Wait {
  if (conn.state === NETCONN_STATE_CLOSE) return ERR_CONN;
  if (conn.flags & NETCONN_FLAG_NON_BLOCKING && netconnTcpLingers(conn)) return ERR_WOULDBLOCK;
  netconnTcpCloseBegin(conn);
  return sysBlock(conn.stack, conn.writers, conn.linger * 1000, netconnTryClose, conn, null);
}

/**
 * Closes and frees it with all that it holds. Others that wait for it get ERR_CLSD. It is not used again.
 * @returns ERR_OK, after as long as conn.linger says; ERR_ARG
 */
export function netconnDelete(conn: Netconn): Err | Wait {
  return netconnCall(conn, netconnRemove, 0);
}

/** netconnDelete() for who is in the core context already. */
export function netconnRemove(conn: Netconn): Err | Wait {
  conn.type = NETCONN_INVALID;
  conn.callback = null;
  if (LWIP_TCP && (conn.tcp || conn.listener)) {
    if (conn.state === NETCONN_STATE_CLOSE) sysCancel(conn.writers, ERR_CLSD);
    else netconnTcpCloseBegin(conn);
    return sysBlock(conn.stack, conn.writers, conn.linger * 1000, tryDelete, conn, null);
  }
  sysCancel(conn.readers, ERR_CLSD);
  if (conn.leaveGroups) conn.leaveGroups(conn);
  if (LWIP_UDP && conn.udp) udpRemove(conn.udp);
  if (LWIP_RAW && conn.raw) rawRemove(conn.raw);
  while (conn.netbufs.length) netbufDelete(conn.netbufs.shift()!);
  netconnFree(conn);
  return ERR_OK;
}

function tryDelete(conn: Netconn, _b: null, late: boolean): number {
  if (netconnTryClose(conn, null, late) === BLOCKED) return BLOCKED;
  netconnFree(conn);
  return ERR_OK;
}

/** @returns ERR_OK; ERR_CONN when not connected; ERR_CLSD after netconnClose() */
export function netconnTcpShutdown(conn: Netconn, rx: boolean, tx: boolean): Err {
  const pcb = conn.tcp;
  if (!pcb || !(conn.flags & NETCONN_FLAG_CONNECTED)) return ERR_CONN;
  if (conn.state === NETCONN_STATE_CLOSE) return ERR_CLSD;
  // What is pcb.state === TIME_WAIT or freed has both directions closed already.
  if (tx) {
    conn.flags |= NETCONN_FLAG_TXEND;
    tcpShutdown(pcb, false, true);
    sysCancel(conn.writers, ERR_CLSD);
  }
  if (rx) {
    conn.flags |= NETCONN_FLAG_RXEND;
    tcpShutdown(pcb, true, false);
    netconnEvent(conn, NETCONN_EVT_RCVPLUS);
    sysEventAll(conn.readers);
  }
  return ERR_OK;
}

/** Begins to close: those who wait get ERR_CLSD, and what nobody has received is freed. */
export function netconnTcpCloseBegin(conn: Netconn): void {
  conn.state = NETCONN_STATE_CLOSE;
  conn.flags |= NETCONN_FLAG_RXEND | NETCONN_FLAG_TXEND;
  conn.writer = null;
  sysCancel(conn.readers, ERR_CLSD);
  sysCancel(conn.writers, ERR_CLSD);
  netconnStopListening(conn);
  netconnDropReceived(conn);
}

/** Ends the listener, if it is one, and resets what waits to be accepted. */
export function netconnStopListening(conn: Netconn): void {
  if (conn.listener) tcpClose(conn.listener);
  while (conn.acceptmbox.length) {
    const newconn = conn.acceptmbox.shift()!;
    newconn.callback = null;
    netconnTcpCloseBegin(newconn);
    tcpAbort(newconn.tcp!);
    netconnFree(newconn);
  }
}

/** Frees what TCP has received and nobody will ask for. */
export function netconnDropReceived(conn: Netconn): void {
  while (conn.pbufs.length) pbufFree(conn.pbufs.shift()!);
  conn.recvAvail = 0;
}

/** Whether closing has to wait: conn.linger wants it, and not all that was written is acknowledged. */
export function netconnTcpLingers(conn: Netconn): boolean {
  return conn.linger > 0 && unacked(conn);
}

function unacked(conn: Netconn): boolean {
  const pcb = conn.tcp;
  return (
    netconnTcpLive(conn) &&
    pcb!.state >= ESTABLISHED &&
    pcb!.state !== TIME_WAIT &&
    tcpSndbuf(pcb!) < conn.stack.opt.TCP_SND_BUF
  );
}

/**
 * Attempt: closes, once what was written is acknowledged when conn.linger says so.
 * @returns ERR_OK; late, ERR_TIMEOUT: it was reset
 */
export function netconnTryClose(conn: Netconn, _b: unknown, late: boolean): number {
  if (!netconnTcpLive(conn)) return ERR_OK;
  const pcb = conn.tcp!;
  if (!late && netconnTcpLingers(conn)) return BLOCKED;
  if (conn.linger === 0 || late) {
    tcpErr(pcb, null);
    tcpAbort(pcb);
  } else tcpClose(pcb);
  return late ? ERR_TIMEOUT : ERR_OK;
}
