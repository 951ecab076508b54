// TCP netconns: what the raw API's callbacks do to them, and connecting, listening, accepting, shutting down and closing
// as attempts.

import {
  ERR_ALREADY,
  ERR_CLSD,
  ERR_CONN,
  ERR_INPROGRESS,
  ERR_ISCONN,
  ERR_MEM,
  ERR_OK,
  type Err,
} from '../stack/core/err.js';
import type { IpAddr } from '../stack/core/ipaddr.js';
import { pbufClen, pbufDechain, type Pbuf } from '../stack/core/pbuf.js';
import { BLOCKED, sysEvent, sysEventAll } from '../stack/core/sys.js';
import {
  tcpArg,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpPoll,
  tcpRecv,
  tcpSent,
  tcpSndbuf,
  tcpSndqueuelen,
} from '../stack/tcp/tcp.js';
import { TF_LIVE, type TcpPcb } from '../stack/tcp/tcp_state.js';
import {
  NETCONN_EVT_ERROR,
  NETCONN_EVT_RCVPLUS,
  NETCONN_EVT_SENDPLUS,
  NETCONN_FLAG_BOUND,
  NETCONN_FLAG_CHECK_WRITESPACE,
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_RXEND,
  NETCONN_FLAG_TXEND,
  NETCONN_STATE_CLOSE,
  NETCONN_STATE_CONNECT,
  NETCONN_STATE_LISTEN,
  NETCONN_STATE_NONE,
  netconnErr,
  netconnEvent,
  type Netconn,
} from './netconn_state.js';

/** Half-seconds between two looks at whether memory has become free for who waits to write. */
const POLL_INTERVAL = 1;

/** Gives a netconn its connection. */
export function netconnTcpSetup(conn: Netconn, pcb: TcpPcb): void {
  conn.tcp = pcb;
  tcpArg(pcb, conn);
  tcpRecv(pcb, recvTcp);
  tcpSent(pcb, sentTcp);
  tcpErr(pcb, errTcp);
}

/** Whether it has a connection that is not gone. */
export function netconnTcpLive(conn: Netconn): boolean {
  return conn.tcp !== null && (conn.tcp.flags & TF_LIVE) !== 0;
}

/** Data, or with null the end of the stream. A full mailbox refuses: the window closes, and they are offered again. */
function recvTcp(conn: Netconn, _pcb: TcpPcb, p: Pbuf | null): Err {
  if (p === null) {
    conn.flags |= NETCONN_FLAG_RXEND;
    netconnEvent(conn, NETCONN_EVT_RCVPLUS);
    sysEventAll(conn.readers);
    return ERR_OK;
  }
  const box = conn.pbufs;
  const n = box.length;
  const avail = conn.recvAvail + p.totLen;
  // What was refused comes as one chain, of any length: an empty mailbox takes it.
  if (n && (n + (p.next ? pbufClen(p) : 1) > conn.recvLimit || avail > conn.recvBufsize)) return ERR_MEM;
  conn.recvAvail = avail;
  while (p.next) {
    const rest: Pbuf = pbufDechain(p)!;
    box.push(p);
    p = rest;
  }
  box.push(p);
  netconnEvent(conn, NETCONN_EVT_RCVPLUS);
  sysEvent(conn.readers);
  return ERR_OK;
}

function sentTcp(conn: Netconn): Err {
  if (conn.writers.head) sysEvent(conn.writers);
  if (conn.flags & NETCONN_FLAG_CHECK_WRITESPACE && netconnTcpSpace(conn)) {
    conn.flags &= ~NETCONN_FLAG_CHECK_WRITESPACE;
    netconnEvent(conn, NETCONN_EVT_SENDPLUS);
  }
  return ERR_OK;
}

/** Whether there is so much room that a write is worth it: half of the send buffer. */
function netconnTcpSpace(conn: Netconn): boolean {
  const pcb = conn.tcp!;
  const o = conn.stack.opt;
  return tcpSndbuf(pcb) * 2 >= o.TCP_SND_BUF && tcpSndqueuelen(pcb) * 2 <= o.TCP_SND_QUEUELEN;
}

/** Whether a write of a connection would take something; if not, NETCONN_EVT_SENDPLUS tells when it would. */
export function netconnTcpRoom(conn: Netconn): boolean {
  if (!conn.writer && netconnTcpSpace(conn)) return true;
  conn.flags |= NETCONN_FLAG_CHECK_WRITESPACE;
  return false;
}

/** There was no memory to write: whoever waits for some is asked again and again, not only after the next ACK. */
export function netconnTcpPoll(conn: Netconn): void {
  tcpPoll(conn.tcp!, pollTcp, POLL_INTERVAL);
}

/** Whether there is but an incomplete segment to be sent: it may wait for more, until the poll that this asks for. */
export function netconnTcpHeld(conn: Netconn): boolean {
  const pcb = conn.tcp!;
  if (((pcb.sndLbb - pcb.sndNxt) | 0) >= pcb.mss) return false;
  netconnTcpPoll(conn);
  return true;
}

function pollTcp(conn: Netconn, pcb: TcpPcb): Err {
  sentTcp(conn);
  if (!conn.writers.head && !(conn.flags & NETCONN_FLAG_CHECK_WRITESPACE)) tcpPoll(pcb, null, 0);
  return ERR_OK;
}

function errTcp(conn: Netconn, err: Err): void {
  conn.pendingErr = err;
  if (conn.state === NETCONN_STATE_CONNECT) conn.state = NETCONN_STATE_NONE;
  conn.flags |= NETCONN_FLAG_RXEND | NETCONN_FLAG_TXEND;
  netconnEvent(conn, NETCONN_EVT_ERROR);
  sysEventAll(conn.writers);
  sysEventAll(conn.readers);
}

/** Why a connection can no longer be used: an error is told once; afterwards it is closed, or was never there. */
export function netconnTcpFault(conn: Netconn): Err {
  if (conn.pendingErr !== ERR_OK) return netconnErr(conn);
  if (conn.state === NETCONN_STATE_CONNECT) return ERR_INPROGRESS;
  return conn.flags & NETCONN_FLAG_CONNECTED || conn.state === NETCONN_STATE_CLOSE ? ERR_CLSD : ERR_CONN;
}

/**
 * Starts to connect.
 * @returns ERR_OK: netconnTryConnected() tells the end; ERR_ALREADY; ERR_ISCONN (also when it listens); ERR_CLSD; else as
 *   tcpConnect()
 */
export function netconnTcpConnect(conn: Netconn, addr: IpAddr, port: number): Err {
  const state = conn.state;
  if (state === NETCONN_STATE_CONNECT) return ERR_ALREADY;
  if (state === NETCONN_STATE_CLOSE) return ERR_CLSD;
  if (state === NETCONN_STATE_LISTEN) return ERR_ISCONN;
  if (!netconnTcpLive(conn)) {
    if (conn.flags & NETCONN_FLAG_CONNECTED) return ERR_CLSD;
    const err = netconnErr(conn) || renew(conn);
    if (err !== ERR_OK) return err;
  }
  const err = tcpConnect(conn.tcp!, addr, port, connectedTcp);
  if (err === ERR_OK) conn.state = NETCONN_STATE_CONNECT;
  return err;
}

/** A new pcb after a connection that could not be made. */
function renew(conn: Netconn): Err {
  const old = conn.tcp!;
  const pcb = tcpNew(conn.stack);
  if (!pcb) return ERR_MEM;
  pcb.soOptions = old.soOptions;
  pcb.keep = old.keep;
  pcb.ttl = old.ttl;
  pcb.tos = old.tos;
  pcb.prio = old.prio;
  pcb.netif = old.netif;
  const err = conn.flags & NETCONN_FLAG_BOUND ? tcpBind(pcb, old.localIp, old.localPort) : ERR_OK;
  if (err !== ERR_OK) {
    tcpClose(pcb);
    return err;
  }
  conn.pendingErr = ERR_OK;
  conn.flags &= ~(NETCONN_FLAG_RXEND | NETCONN_FLAG_TXEND);
  netconnTcpSetup(conn, pcb);
  return ERR_OK;
}

function connectedTcp(conn: Netconn): Err {
  conn.state = NETCONN_STATE_NONE;
  conn.flags |= NETCONN_FLAG_CONNECTED;
  netconnEvent(conn, NETCONN_EVT_SENDPLUS);
  sysEventAll(conn.writers);
  return ERR_OK;
}

/**
 * Attempt: the end of netconnTcpConnect().
 * @returns ERR_OK; ERR_RST (refused); ERR_ABRT (no answer, or given up); late, ERR_INPROGRESS: it goes on
 */
export function netconnTryConnected(conn: Netconn, _b: unknown, late: boolean): number {
  if (conn.state === NETCONN_STATE_CONNECT) return late ? ERR_INPROGRESS : BLOCKED;
  return conn.flags & NETCONN_FLAG_TXEND ? netconnTcpFault(conn) : ERR_OK;
}
