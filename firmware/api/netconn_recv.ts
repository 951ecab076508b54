// Receiving from netconns: netbufs from all of them, pbufs from TCP.

import {
  ERR_ARG,
  ERR_CLSD,
  ERR_MEM,
  ERR_OK,
  ERR_TIMEOUT,
  ERR_WOULDBLOCK,
  type Err,
} from '../stack/core/err.js';
import { LWIP_TCP } from '../stack/core/opt.js';
import type { Pbuf } from '../stack/core/pbuf.js';
import { BLOCKED, sysWait, type Attempt, type Wait } from '../stack/core/sys.js';
import { tcpipEnter, tcpipLater, tcpipLeave } from '../stack/core/tcpip.js';
import { tcpProcessRefusedData, tcpRecved } from '../stack/tcp/tcp.js';
import { netbufNew, type Netbuf } from './netbuf.js';
import {
  NETCONN_DONTBLOCK,
  NETCONN_EVT_RCVMINUS,
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_NON_BLOCKING,
  NETCONN_FLAG_NO_AUTO_RECVD,
  NETCONN_FLAG_RXEND,
  NETCONN_NOAUTORCVD,
  NETCONN_NOFLAG,
  NETCONN_STATE_LISTEN,
  NETCONN_TCP,
  netconnErr,
  netconnEvent,
  netconnTcpCall,
  netconnValid,
  type Netconn,
} from './netconn_state.js';
import { netconnTcpFault } from './netconn_tcp.js';

/**
 * Receives: from TCP what has come next, one pbuf of it; from UDP a datagram; from RAW a datagram with its IP header.
 * @param out its `buf` receives it; the caller's, to be deleted
 * @returns ERR_OK; ERR_CLSD: TCP: the peer has closed, and all data were received, or the netconn is closed; ERR_RST,
 *   ERR_ABRT (for UDP ERR_CONN, ERR_RTE, ERR_TIMEOUT): the failure, told once, after the data that came before it;
 *   ERR_CONN: not connected; ERR_TIMEOUT: nothing came in the time allowed; ERR_WOULDBLOCK: nothing is there, and it must
 *   not block; ERR_MEM: no netbuf, or no time-out is free; ERR_ARG
 */
export function netconnRecv(conn: Netconn, out: { buf: Netbuf | null }): Err | Wait {
  out.buf = null;
  return receive(conn, NETCONN_NOFLAG, netconnTryRecv, out);
}

/** As netconnRecv(), for UDP and RAW alone. */
export function netconnRecvUdpRawNetbuf(conn: Netconn, out: { buf: Netbuf | null }): Err | Wait {
  return netconnRecvUdpRawNetbufFlags(conn, out, NETCONN_NOFLAG);
}

/** As netconnRecvUdpRawNetbuf(). @param flags NETCONN_DONTBLOCK */
export function netconnRecvUdpRawNetbufFlags(
  conn: Netconn,
  out: { buf: Netbuf | null },
  flags: number,
): Err | Wait {
  out.buf = null;
  return netconnValid(conn) && conn.type !== NETCONN_TCP
    ? receive(conn, flags, netconnTryRecv, out)
    : ERR_ARG;
}

/** As netconnRecv(), for TCP alone: the pbuf itself; the caller's, to be freed. */
export function netconnRecvTcpPbuf(conn: Netconn, out: { p: Pbuf | null }): Err | Wait {
  return netconnRecvTcpPbufFlags(conn, out, NETCONN_NOFLAG);
}

/**
 * As netconnRecvTcpPbuf().
 * @param flags NETCONN_DONTBLOCK; NETCONN_NOAUTORCVD: the window stays as it is until netconnTcpRecvd()
 */
export function netconnRecvTcpPbufFlags(conn: Netconn, out: { p: Pbuf | null }, flags: number): Err | Wait {
  out.p = null;
  if (!netconnValid(conn) || conn.type !== NETCONN_TCP) return ERR_ARG;
  return receive(
    conn,
    flags,
    flags & NETCONN_NOAUTORCVD ? netconnTryRecvTcpPbufHeld : netconnTryRecvTcpPbuf,
    out,
  );
}

function receive<T>(conn: Netconn, flags: number, attempt: Attempt<Netconn, T>, out: T): Err | Wait {
  if (!netconnValid(conn)) return ERR_ARG;
  const stack = conn.stack;
  if (!tcpipEnter(stack)) {
    return tcpipLater(stack, function () {
      return receive(conn, flags, attempt, out);
    });
  }
  let r: number | Wait = attempt(conn, out, false);
  if (r === BLOCKED) {
    r =
      conn.flags & NETCONN_FLAG_NON_BLOCKING || flags & NETCONN_DONTBLOCK
        ? ERR_WOULDBLOCK
        : sysWait(stack, conn.readers, conn.recvTimeout, attempt, conn, out);
  }
  return tcpipLeave(stack, r);
}

/** Attempt: netconnRecv(). */
export function netconnTryRecv(conn: Netconn, out: { buf: Netbuf | null }, late: boolean): number {
  if (!LWIP_TCP || conn.type !== NETCONN_TCP) {
    if (!conn.netbufs.length) return nothing(conn, late);
    const buf = conn.netbufs.shift()!;
    conn.recvAvail -= buf.p!.totLen;
    netconnEvent(conn, NETCONN_EVT_RCVMINUS);
    out.buf = buf;
    return ERR_OK;
  }
  if (!conn.pbufs.length) return nothing(conn, late);
  const buf = netbufNew(conn.stack);
  if (!buf) return ERR_MEM;
  buf.p = buf.ptr = take(conn, false);
  out.buf = buf;
  return ERR_OK;
}

/** Attempt: netconnRecvTcpPbuf(). */
export function netconnTryRecvTcpPbuf(conn: Netconn, out: { p: Pbuf | null }, late: boolean): number {
  if (!conn.pbufs.length) return nothing(conn, late);
  out.p = take(conn, false);
  return ERR_OK;
}

/** Attempt: netconnRecvTcpPbufFlags() with NETCONN_NOAUTORCVD. */
export function netconnTryRecvTcpPbufHeld(conn: Netconn, out: { p: Pbuf | null }, late: boolean): number {
  if (!conn.pbufs.length) return nothing(conn, late);
  out.p = take(conn, true);
  return ERR_OK;
}

function take(conn: Netconn, hold: boolean): Pbuf {
  const pcb = conn.tcp!;
  const p = conn.pbufs.shift()!;
  const len = p.totLen;
  conn.recvAvail -= len;
  netconnEvent(conn, NETCONN_EVT_RCVMINUS);
  if (!hold && !(conn.flags & NETCONN_FLAG_NO_AUTO_RECVD)) tcpRecved(pcb, len);
  if (pcb.refusedData) tcpProcessRefusedData(pcb);
  return p;
}

/** What it means that there is nothing to receive. */
function nothing(conn: Netconn, late: boolean): number {
  if (conn.pendingErr !== ERR_OK) return netconnErr(conn);
  if (LWIP_TCP && conn.type === NETCONN_TCP && !(conn.flags & NETCONN_FLAG_CONNECTED))
    return netconnTcpFault(conn);
  if (conn.flags & NETCONN_FLAG_RXEND) return ERR_CLSD;
  return late ? ERR_TIMEOUT : BLOCKED;
}

/**
 * TCP with NETCONN_NOAUTORCVD: `len` received bytes are used up.
 * @returns ERR_OK, ERR_ARG
 */
export function netconnTcpRecvd(conn: Netconn, len: number): Err | Wait {
  return len >= 0 ? netconnTcpCall(conn, recvd, len) : ERR_ARG;
}

function recvd(conn: Netconn, len: number): Err {
  if (conn.tcp) tcpRecved(conn.tcp, len);
  return ERR_OK;
}

/** Bytes that have come and were not received yet, those that the connection still holds for us among them. */
export function netconnRecvAvail(conn: Netconn): number {
  const held = LWIP_TCP && conn.tcp && conn.tcp.refusedData;
  return conn.recvAvail + (held ? held.totLen : 0);
}

/** Whether receiving or accepting would not block: something is there, or it fails at once. */
export function netconnReadable(conn: Netconn): boolean {
  if (conn.state === NETCONN_STATE_LISTEN) return conn.acceptmbox.length > 0;
  return (
    conn.pbufs.length + conn.netbufs.length > 0 ||
    conn.pendingErr !== ERR_OK ||
    (conn.flags & NETCONN_FLAG_RXEND) !== 0
  );
}
