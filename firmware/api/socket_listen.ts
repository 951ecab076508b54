// Listening for connections, and accepting them.

import { ERR_OK, ERR_USE } from '../stack/core/err.js';
import { LWIP_TCP } from '../stack/core/opt.js';
import { BLOCKED, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { EADDRINUSE, EAGAIN, EINVAL, ENOBUFS, EOPNOTSUPP } from './errno.js';
import { netconnTcpListen, netconnTryAccept } from './netconn_listen.js';
import { NETCONN_STATE_LISTEN, type Netconn } from './netconn_state.js';
import { portListens } from './socket_bind.js';
import { IPPROTO_TCP, SOCK_STREAM, type SockaddrIn } from './socket_defs.js';
import { sockApply, sockIsClosed, sockReady } from './socket_state.js';
import {
  BAD_FD,
  SS_CONNECTED,
  SS_UNCONNECTED,
  checkHolder,
  freeFd,
  putAddr,
  sockBlock,
  sockEnter,
  sockOf,
  socketLater,
  socketLeave,
  type Sock,
  type Sockets,
} from './socket_table.js';

/**
 * Listens for connections; without bind() on a port that is chosen. Again: changes the backlog.
 * @param backlog connections that may wait for accept(): at most DEFAULT_ACCEPTMBOX_SIZE
 * @returns 0; or -1 with EBADF, EOPNOTSUPP (no TCP socket), EINVAL (connected), EADDRINUSE (another listens there, or no
 *   port is free), ENOBUFS
 */
export function listen(s: Sockets, fd: number, backlog: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return listen(s, fd, backlog);
    });
  }
  const sock = sockOf(s, fd);
  return socketLeave(s, sock ? startListening(sock, backlog) : BAD_FD);
}

function startListening(sock: Sock, backlog: number): number {
  if (!LWIP_TCP || sock.type !== SOCK_STREAM) return -EOPNOTSUPP;
  const conn = sock.conn;
  if (conn.state !== NETCONN_STATE_LISTEN) {
    const err = sockReady(sock);
    if (err < 0) return err;
    const pcb = conn.tcp!;
    if (sock.status !== SS_UNCONNECTED || !sockIsClosed(sock)) return -EINVAL;
    if (pcb.localPort && portListens(sock.table.stack, pcb.localIp, pcb.localPort)) return -EADDRINUSE;
  }
  // Linux takes a negative one for a very large one.
  const err = netconnTcpListen(conn, backlog < 0 ? 255 : backlog | 0);
  if (err === ERR_OK) return 0;
  return err === ERR_USE ? -EADDRINUSE : -ENOBUFS;
}

/**
 * Takes the next connection to a listener, waiting for it as long as SO_RCVTIMEO allows. The new socket has the listener's
 * options; it blocks.
 * @param addr receives the peer's address; or null
 * @returns the new socket's descriptor, or a Wait for it; or -1 with EBADF, EOPNOTSUPP (no TCP socket), EINVAL (does not
 *   listen, or no longer), EAGAIN (none there, and it does not wait, or not longer), EMFILE (the connection goes on
 *   waiting), EFAULT
 */
export function accept(s: Sockets, fd: number, addr: SockaddrIn | null): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return accept(s, fd, addr);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  if (!LWIP_TCP || sock.type !== SOCK_STREAM) return socketLeave(s, -EOPNOTSUPP);
  const err = addr ? checkHolder(addr) : 0;
  if (err) return socketLeave(s, err);
  const conn = sock.conn;
  return socketLeave(s, sockBlock(sock, conn.readers, sock.nonblock, conn.recvTimeout, tryAccept, addr));
}

function tryAccept(sock: Sock, addr: SockaddrIn | null, late: boolean): number {
  const s = sock.table;
  const conn = sock.conn;
  if (conn.state !== NETCONN_STATE_LISTEN) return -EINVAL;
  const fd = freeFd(s);
  if (fd < 0) return fd;
  const out: { conn: Netconn | null } = { conn: null };
  const err = netconnTryAccept(conn, out, late);
  if (err === BLOCKED) return BLOCKED;
  const newconn = out.conn;
  if (!newconn) return -EAGAIN;
  const o = sock.options;
  const accepted = sockEnter(s, fd, newconn, SOCK_STREAM, IPPROTO_TCP, {
    soOptions: o.soOptions,
    ttl: o.ttl,
    tos: o.tos,
    nodelay: o.nodelay,
    keepIdle: o.keepIdle,
    keepIntvl: o.keepIntvl,
    keepCnt: o.keepCnt,
    lingerOn: o.lingerOn,
    lingerSeconds: o.lingerSeconds,
    rcvbuf: o.rcvbuf,
    multicastTtl: o.multicastTtl,
    multicastLoop: o.multicastLoop,
  });
  accepted.status = SS_CONNECTED;
  newconn.recvTimeout = conn.recvTimeout;
  newconn.sendTimeout = conn.sendTimeout;
  sockApply(accepted);
  const pcb = newconn.tcp!;
  putAddr(addr, pcb.remoteIp, pcb.remotePort);
  return fd;
}
