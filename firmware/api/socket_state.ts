// The state of a socket as Linux sees it: pending error, readiness for poll(), and the fresh start after a connection that
// came to nothing. Where POSIX leaves a choice, tcp_poll() and friends of Linux are the model.

import { ERR_CLSD, ERR_CONN, ERR_OK, ERR_RST } from '../stack/core/err.js';
import { LWIP_MULTICAST_TX_OPTIONS, LWIP_RAW, LWIP_TCP, LWIP_UDP } from '../stack/core/opt.js';
import { SOF_KEEPALIVE } from '../stack/ip/ip_pcb.js';
import {
  tcpAbort,
  tcpBind,
  tcpClose,
  tcpErr,
  tcpKeepalive,
  tcpNagleDisable,
  tcpNagleEnable,
  tcpNew,
} from '../stack/tcp/tcp.js';
import { udpSetMulticastLoop, udpSetMulticastTtl } from '../stack/udp/udp.js';
import { ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ENOBUFS, EPIPE, ETIMEDOUT } from './errno.js';
import { netconnDropReceived, netconnStopListening } from './netconn_close.js';
import {
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_RXEND,
  NETCONN_FLAG_TXEND,
  NETCONN_STATE_CONNECT,
  NETCONN_STATE_LISTEN,
  NETCONN_STATE_NONE,
} from './netconn_state.js';
import { netconnTcpRoom, netconnTcpSetup } from './netconn_tcp.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  SOCK_STREAM,
} from './socket_defs.js';
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SOCKET_FLAG_DONE,
  SS_UNCONNECTED,
  livePcb,
  type Sock,
} from './socket_table.js';

const UNREACHABLE = 3 << 8;

/** The pending error, an errno; 0 for none. */
export function sockError(sock: Sock): number {
  const conn = sock.conn;
  const err = conn.pendingErr;
  if (err === ERR_OK) return 0;
  if (sock.type !== SOCK_STREAM) {
    // Linux tells of the fatal ones alone, unless asked by IP_RECVERR.
    if (err === ERR_CONN) return ECONNREFUSED;
    conn.pendingErr = ERR_OK;
    return 0;
  }
  if (err === ERR_RST) {
    if (!(conn.flags & NETCONN_FLAG_CONNECTED)) return ECONNREFUSED;
    return conn.flags & SOCKET_FLAG_DONE ? EPIPE : ECONNRESET;
  }
  if (err === ERR_CLSD) return ECONNRESET;
  // No answer; an ICMP error may have said why.
  const soft = conn.tcp ? conn.tcp.softError : -1;
  if (soft === UNREACHABLE) return ENETUNREACH;
  return soft >> 8 === 3 ? EHOSTUNREACH : ETIMEDOUT;
}

/** The pending error, which is then told. */
export function sockTakeError(sock: Sock): number {
  const errno = sockError(sock);
  sock.conn.pendingErr = ERR_OK;
  return errno;
}

/** Which directions are closed: by shutdown(), by the peer, or by the connection's end. */
export function sockShut(sock: Sock): number {
  const flags = sock.conn.flags;
  return (
    sock.shut |
    (flags & NETCONN_FLAG_RXEND ? RCV_SHUTDOWN : 0) |
    (flags & NETCONN_FLAG_TXEND ? SEND_SHUTDOWN : 0)
  );
}

/** Whether there is neither a connection nor the beginning of one. */
export function sockIsClosed(sock: Sock): boolean {
  const pcb = livePcb(sock.conn);
  return sock.conn.state !== NETCONN_STATE_LISTEN && (!pcb || pcb.state === 0);
}

/** What poll() would tell of a socket. */
export function sockEvents(sock: Sock): number {
  const conn = sock.conn;
  const shut = sockShut(sock);
  const stream = LWIP_TCP && sock.type === SOCK_STREAM;
  let events = 0;
  if (stream && conn.state === NETCONN_STATE_LISTEN) return conn.acceptmbox.length ? POLLIN | POLLRDNORM : 0;
  if (shut === (RCV_SHUTDOWN | SEND_SHUTDOWN) || (stream && sockIsClosed(sock))) events |= POLLHUP;
  if (shut & RCV_SHUTDOWN) events |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (sockError(sock)) events |= POLLERR;
  if (conn.state === NETCONN_STATE_CONNECT) return events;
  if (conn.pbufs.length + conn.netbufs.length) events |= POLLIN | POLLRDNORM;
  if (stream && !(shut & SEND_SHUTDOWN) && livePcb(conn) && !netconnTcpRoom(conn)) return events;
  return events | POLLOUT | POLLWRNORM;
}

/** Hands a socket's options on to what carries them out. */
export function sockApply(sock: Sock): void {
  const o = sock.options;
  const conn = sock.conn;
  const pcb = conn.tcp || conn.listener || (LWIP_UDP ? conn.udp : null) || (LWIP_RAW ? conn.raw : null);
  if (!pcb) return;
  pcb.soOptions = o.soOptions;
  pcb.ttl = o.ttl;
  pcb.tos = o.tos;
  if (LWIP_UDP && LWIP_MULTICAST_TX_OPTIONS && conn.udp) {
    udpSetMulticastTtl(conn.udp, o.multicastTtl);
    udpSetMulticastLoop(conn.udp, o.multicastLoop);
  }
  if (o.rcvbuf) conn.recvBufsize = o.rcvbuf;
  const tcp = LWIP_TCP && conn.tcp;
  if (!tcp) return;
  if (o.nodelay) tcpNagleDisable(tcp);
  else tcpNagleEnable(tcp);
  tcpKeepalive(tcp, (o.soOptions & SOF_KEEPALIVE) !== 0, o.keepIdle * 1000, o.keepIntvl * 1000, o.keepCnt);
}

/**
 * Sets a TCP socket back to what it was before connect() or listen(): its connection is gone already.
 * @returns 0 or -ENOBUFS: then it is tried again when it is used
 */
export function sockRenew(sock: Sock): number {
  const conn = sock.conn;
  sock.status = SS_UNCONNECTED;
  sock.shut = 0;
  conn.state = NETCONN_STATE_NONE;
  conn.pendingErr = ERR_OK;
  conn.flags &= ~(NETCONN_FLAG_RXEND | NETCONN_FLAG_TXEND | NETCONN_FLAG_CONNECTED | SOCKET_FLAG_DONE);
  // After a connect() that failed bind() may have been called already.
  return livePcb(conn) ? 0 : sockNewPcb(sock);
}

/** A TCP socket's next pcb in place of one that is gone, with the address that bind() gave. @returns 0 or -ENOBUFS */
export function sockNewPcb(sock: Sock): number {
  const conn = sock.conn;
  const old = conn.tcp || conn.listener!;
  const pcb = tcpNew(conn.stack);
  if (!pcb) return -ENOBUFS;
  if (conn.tcp) pcb.softError = conn.tcp.softError;
  conn.listener = null;
  netconnTcpSetup(conn, pcb);
  sockApply(sock);
  pcb.localIp = sock.boundIp;
  if (old.localPort) sock.oldPort = old.localPort;
  if (sock.bound && tcpBind(pcb, sock.boundIp, sock.oldPort) !== ERR_OK) {
    tcpClose(pcb);
    return -ENOBUFS;
  }
  return 0;
}

/** For calls that begin something with an unconnected TCP socket. @returns 0 or -ENOBUFS */
export function sockReady(sock: Sock): number {
  return sock.status === SS_UNCONNECTED && sock.conn.state !== NETCONN_STATE_LISTEN && !livePcb(sock.conn)
    ? sockRenew(sock)
    : 0;
}

/** Resets a connection, ends a listener's or a connection's beginning, and starts afresh. */
export function sockAbort(sock: Sock): void {
  const conn = sock.conn;
  const pcb = conn.tcp;
  netconnStopListening(conn);
  if (pcb) {
    tcpErr(pcb, null);
    tcpAbort(pcb);
  }
  netconnDropReceived(conn);
  conn.writer = null;
  sockRenew(sock);
}
