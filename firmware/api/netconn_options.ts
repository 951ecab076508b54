// How a netconn behaves: blocking, time-outs, limits.

import { NETCONN_FLAG_NO_AUTO_RECVD, NETCONN_FLAG_NON_BLOCKING, type Netconn } from './netconn_state.js';

function setFlag(conn: Netconn, flag: number, on: boolean): void {
  if (on) conn.flags |= flag;
  else conn.flags &= ~flag;
}

/** Calls that would block return ERR_WOULDBLOCK instead, netconnConnect() ERR_INPROGRESS. */
export function netconnSetNonblocking(conn: Netconn, on: boolean): void {
  setFlag(conn, NETCONN_FLAG_NON_BLOCKING, on);
}

export function netconnIsNonblocking(conn: Netconn): boolean {
  return (conn.flags & NETCONN_FLAG_NON_BLOCKING) !== 0;
}

/** TCP: receiving does not open the window; netconnTcpRecvd() does. */
export function netconnSetNoautorecved(conn: Netconn, on: boolean): void {
  setFlag(conn, NETCONN_FLAG_NO_AUTO_RECVD, on);
}

export function netconnGetNoautorecved(conn: Netconn): boolean {
  return (conn.flags & NETCONN_FLAG_NO_AUTO_RECVD) !== 0;
}

/** How long netconnRecv() and netconnAccept() wait, in milliseconds; 0: for ever. */
export function netconnSetRecvtimeout(conn: Netconn, ms: number): void {
  conn.recvTimeout = ms;
}

export function netconnGetRecvtimeout(conn: Netconn): number {
  return conn.recvTimeout;
}

/** How long netconnWrite() and netconnConnect() wait, in milliseconds; 0: for ever. */
export function netconnSetSendtimeout(conn: Netconn, ms: number): void {
  conn.sendTimeout = ms;
}

export function netconnGetSendtimeout(conn: Netconn): number {
  return conn.sendTimeout;
}

/** How many received bytes may wait in the netconn. TCP's window closes beyond, UDP and RAW drop. */
export function netconnSetRecvbufsize(conn: Netconn, bytes: number): void {
  conn.recvBufsize = bytes;
}

export function netconnGetRecvbufsize(conn: Netconn): number {
  return conn.recvBufsize;
}
