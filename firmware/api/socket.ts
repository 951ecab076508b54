// BSD sockets: making, shutting down and closing them; each other group of calls has a file of its own. Calls are free
// functions whose first argument is the table of socketsInit(), so that a bundle holds those alone that its program uses.
// A result is a number, -1 with `s.errno` set where it failed, or a Wait for that: a task yields either and goes on.

import { ERR_CLSD } from '../stack/core/err.js';
import { MEMP_NETCONN } from '../stack/core/memp.js';
import { LWIP_IGMP, LWIP_MULTICAST_TX_OPTIONS, LWIP_RAW, LWIP_TCP, LWIP_UDP } from '../stack/core/opt.js';
import { pbufFree } from '../stack/core/pbuf.js';
import { BLOCKED, sysCancel, sysEventAll, sysWait, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { tcpShutdown } from '../stack/tcp/tcp.js';
import {
  EAFNOSUPPORT,
  ECONNRESET,
  EINVAL,
  ENFILE,
  ENOBUFS,
  ENOTCONN,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from './errno.js';
import { netconnNew } from './netconn.js';
import { netconnRemove, netconnTcpLingers } from './netconn_close.js';
import {
  NETCONN_FLAG_CONNECTED,
  NETCONN_RAW,
  NETCONN_STATE_CONNECT,
  NETCONN_STATE_LISTEN,
  NETCONN_TCP,
  NETCONN_UDP,
} from './netconn_state.js';
import {
  AF_INET,
  IPPROTO_IP,
  IPPROTO_MAX,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_STREAM,
} from './socket_defs.js';
import { sockLeaveGroups } from './socket_group.js';
import { sockAbort, sockIsClosed } from './socket_state.js';
import {
  BAD_FD,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SS_CONNECTED,
  SS_CONNECTING,
  SS_DISCONNECTING,
  freeFd,
  isNumber,
  livePcb,
  sockEnter,
  sockOf,
  socketLater,
  socketLeave,
  socketsChanged,
  type Sock,
  type SockOptions,
  type Sockets,
} from './socket_table.js';

/** Types of sockets that there are in general. */
const SOCK_MAX = 11;
/** Bits of a type that are no flags. */
const TYPE_MASK = 15;

/**
 * A new socket.
 * @param domain AF_INET
 * @param type SOCK_STREAM, SOCK_DGRAM or SOCK_RAW; with SOCK_NONBLOCK its calls do not wait
 * @param protocol 0: what goes with the type; for SOCK_RAW the protocol number
 * @returns its descriptor, the lowest that is free; or -1 with EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EINVAL,
 *   EMFILE (the table is full), ENFILE (no netconn), ENOBUFS (no PCB)
 */
export function socket(s: Sockets, domain: number, type: number, protocol: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return socket(s, domain, type, protocol);
    });
  }
  return socketLeave(s, make(s, domain, type, protocol));
}

function make(s: Sockets, domain: number, flagged: number, protocol: number): number {
  const type = flagged & TYPE_MASK;
  const flags = flagged - type;
  if (!(flagged >= 0) || flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) return -EINVAL;
  if (!(domain >= 0 && domain < 46)) return -EAFNOSUPPORT;
  if (type >= SOCK_MAX) return -EINVAL;
  if (domain !== AF_INET) return -EAFNOSUPPORT;
  if (!(protocol >= 0 && protocol < IPPROTO_MAX)) return -EINVAL;
  let kind = NETCONN_RAW;
  let only = protocol;
  if (LWIP_TCP && type === SOCK_STREAM) {
    kind = NETCONN_TCP;
    only = IPPROTO_TCP;
  } else if (LWIP_UDP && type === SOCK_DGRAM) {
    kind = NETCONN_UDP;
    only = IPPROTO_UDP;
  } else if (!LWIP_RAW || type !== SOCK_RAW) return -ESOCKTNOSUPPORT;
  if (type === SOCK_RAW ? protocol === IPPROTO_IP || protocol > 255 : protocol && protocol !== only) {
    return -EPROTONOSUPPORT;
  }
  const fd = freeFd(s);
  if (fd < 0) return fd;
  const stack = s.stack;
  const conn = netconnNew(stack, kind, only, s.event);
  if (!conn) return poolLeft(s) ? -ENOBUFS : -ENFILE;
  const o = stack.opt;
  const options: SockOptions = {
    soOptions: 0,
    ttl: o.IP_DEFAULT_TTL,
    tos: 0,
    nodelay: false,
    keepIdle: o.TCP_KEEPIDLE_DEFAULT / 1000,
    keepIntvl: o.TCP_KEEPINTVL_DEFAULT / 1000,
    keepCnt: o.TCP_KEEPCNT_DEFAULT,
    lingerOn: false,
    lingerSeconds: 0,
    rcvbuf: 0,
    multicastTtl: 1,
    multicastLoop: true,
  };
  sockEnter(s, fd, conn, type, only, options).nonblock = (flags & SOCK_NONBLOCK) !== 0;
  return fd;
}

/** Whether it was not the netconns that ran out. */
function poolLeft(s: Sockets): boolean {
  const pool = s.stack.memp[MEMP_NETCONN]!;
  return pool.used < pool.num;
}

/**
 * Closes one direction of a connection or both; what has come can still be received, what was sent is still delivered.
 * A listener or a connection that is being made goes back to what it was before (not by SHUT_WR for a listener).
 * @param how SHUT_RD, SHUT_WR or SHUT_RDWR
 * @returns 0; or -1 with EBADF, EINVAL (how), ENOTCONN
 */
export function shutdown(s: Sockets, fd: number, how: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return shutdown(s, fd, how);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  if (!isNumber(how, 2)) return socketLeave(s, -EINVAL);
  const r = shut(sock, how + 1);
  const conn = sock.conn;
  sysEventAll(conn.writers);
  sysEventAll(conn.readers);
  socketsChanged(s);
  return socketLeave(s, r);
}

function shut(sock: Sock, bits: number): number {
  const conn = sock.conn;
  if (!LWIP_TCP || sock.type !== SOCK_STREAM) {
    sock.shut |= bits;
    return conn.flags & NETCONN_FLAG_CONNECTED ? 0 : -ENOTCONN;
  }
  const pcb = livePcb(conn);
  if (conn.state === NETCONN_STATE_LISTEN) {
    if (!(bits & RCV_SHUTDOWN)) return 0;
    sockAbort(sock);
    return 0;
  }
  if (conn.state === NETCONN_STATE_CONNECT) {
    const told = conn.writers.head !== null;
    sysCancel(conn.writers, -ECONNRESET);
    sockAbort(sock);
    // ECONNRESET, for who asks next.
    if (!told) conn.pendingErr = ERR_CLSD;
    return 0;
  }
  sock.shut |= bits;
  if (sockIsClosed(sock)) {
    if (sock.status === SS_CONNECTING) sock.status = SS_DISCONNECTING;
    return -ENOTCONN;
  }
  if (sock.status === SS_CONNECTING) sock.status = SS_CONNECTED;
  if (bits & SEND_SHUTDOWN) tcpShutdown(pcb!, false, true);
  return 0;
}

/**
 * Closes a socket. The descriptor is free at once; those who wait for the socket get EBADF. Data that nobody has received
 * make it a reset; so does SO_LINGER with 0 seconds. With more it waits until the peer has taken everything, at most for
 * that time; then, as without it, the stack goes on delivering.
 * @returns 0, or a Wait for it; or -1 with EBADF
 */
export function closesocket(s: Sockets, fd: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return closesocket(s, fd);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  s.fds[fd] = null;
  const conn = sock.conn;
  sysCancel(conn.readers, BAD_FD);
  sysCancel(conn.writers, BAD_FD);
  socketsChanged(s);
  if (LWIP_IGMP && LWIP_MULTICAST_TX_OPTIONS) sockLeaveGroups(sock);
  if (sock.held) pbufFree(sock.held.p);
  const o = sock.options;
  if (LWIP_TCP && o.lingerOn) {
    // Data that nobody has received are lost, and the peer shall know at once.
    conn.linger = o.lingerSeconds && conn.recvAvail ? -1 : o.lingerSeconds;
    const pcb = livePcb(conn);
    if (pcb && netconnTcpLingers(conn)) tcpShutdown(pcb, false, true);
  }
  // Without sysBlock() between: this is the way with the deepest stack.
  const r = tryClose(sock, 0, false);
  return socketLeave(
    s,
    r === BLOCKED ? sysWait(s.stack, conn.writers, conn.linger * 1000, tryClose, sock, 0) : r,
  );
}

export { closesocket as close };

function tryClose(sock: Sock, _call: number, late: boolean): number {
  const conn = sock.conn;
  if (!late && LWIP_TCP && netconnTcpLingers(conn)) return BLOCKED;
  if (conn.linger > 0) conn.linger = -1;
  // Nobody waits there but this very call, and its Wait is to be settled once.
  conn.writers.head = null;
  netconnRemove(conn);
  return 0;
}
