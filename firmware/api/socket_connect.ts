// connect(): TCP's states as Linux has them, and for UDP and RAW the one whom to talk to.

import { ERR_BUF, ERR_MEM, ERR_OK, ERR_USE, ERR_VAL } from '../stack/core/err.js';
import { IP_ADDR_ANY, IP_ADDR_LOOPBACK, ipAddrIsAny, ipAddrIsMulticast } from '../stack/core/ipaddr.js';
import { LWIP_RAW, LWIP_TCP, LWIP_UDP } from '../stack/core/opt.js';
import { BLOCKED, sysEventAll, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { ipRoute, ipSrcAddr } from '../stack/ip/ip.js';
import { SOF_BROADCAST } from '../stack/ip/ip_pcb.js';
import { ip4IsBroadcast } from '../stack/ip4/ip4_addr.js';
import { rawConnect } from '../stack/raw/raw.js';
import { udpConnect, udpDisconnect } from '../stack/udp/udp.js';
import {
  EACCES,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOBUFS,
} from './errno.js';
import {
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_TXEND,
  NETCONN_STATE_CONNECT,
  NETCONN_STATE_LISTEN,
} from './netconn_state.js';
import { netconnTcpConnect } from './netconn_tcp.js';
import { AF_UNSPEC, SOCK_STREAM, type SockaddrIn } from './socket_defs.js';
import { sockAbort, sockReady, sockRenew, sockTakeError } from './socket_state.js';
import {
  BAD_FD,
  SS_CONNECTED,
  SS_CONNECTING,
  SS_DISCONNECTING,
  SS_UNCONNECTED,
  checkAddr,
  checkHolder,
  sockBlock,
  sockOf,
  socketLater,
  socketLeave,
  socketsChanged,
  type Sock,
  type Sockets,
} from './socket_table.js';

/**
 * Connects. TCP waits until the connection is there, at most for SO_SNDTIMEO. UDP and RAW have a peer from now on: they
 * send to it, and hear it alone.
 * @param addr INADDR_ANY is this host; with the family AF_UNSPEC ends what there was: TCP resets it
 * @returns 0, or a Wait for it; or -1 with EBADF, ECONNREFUSED, ETIMEDOUT (no answer), EHOSTUNREACH and ENETUNREACH (so
 *   ICMP says, or there is no route), EINPROGRESS (it goes on: poll() tells when it is writable, and SO_ERROR the outcome),
 *   EALREADY (it was going on), EISCONN (connected, or listening), ECONNABORTED (it had failed, and that was told),
 *   EADDRNOTAVAIL (no free port, or the same connection exists), EACCES (a broadcast address without SO_BROADCAST),
 *   EAFNOSUPPORT, EINVAL, EFAULT, ENOBUFS
 */
export function connect(s: Sockets, fd: number, addr: SockaddrIn): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return connect(s, fd, addr);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  const err = checkHolder(addr);
  if (err) return socketLeave(s, err);
  return socketLeave(s, LWIP_TCP && sock.type === SOCK_STREAM ? stream(sock, addr) : datagram(sock, addr));
}

function stream(sock: Sock, addr: SockaddrIn): number | Wait {
  const conn = sock.conn;
  if (addr.sinFamily === AF_UNSPEC) {
    sockAbort(sock);
    sysEventAll(conn.writers);
    sysEventAll(conn.readers);
    socketsChanged(sock.table);
    return 0;
  }
  if (sock.status === SS_CONNECTED || conn.state === NETCONN_STATE_LISTEN) return -EISCONN;
  if (sock.status === SS_DISCONNECTING) return -EINVAL;
  let goesOn = -EALREADY;
  if (sock.status === SS_UNCONNECTED) {
    const err = start(sock, addr);
    if (err) return err;
    sock.status = SS_CONNECTING;
    goesOn = -EINPROGRESS;
  }
  return sockBlock(sock, conn.writers, sock.nonblock, conn.sendTimeout, tryConnect, goesOn);
}

/** Sends the SYN. */
function start(sock: Sock, addr: SockaddrIn): number {
  const err = checkAddr(addr) || sockReady(sock);
  if (err) return err;
  const ip = addr.sinAddr || IP_ADDR_LOOPBACK;
  const route = ipRoute(sock.table.stack, sock.conn.tcp!.localIp, ip);
  if (!route || ipAddrIsMulticast(ip) || ip4IsBroadcast(ip, route)) return -ENETUNREACH;
  // Nobody listens on port 0.
  if (addr.sinPort === 0) return -ECONNREFUSED;
  const e = netconnTcpConnect(sock.conn, ip, addr.sinPort);
  if (e === ERR_OK) {
    sock.conn.pendingErr = ERR_OK;
    return 0;
  }
  return e === ERR_MEM ? -ENOBUFS : e === ERR_USE || e === ERR_BUF ? -EADDRNOTAVAIL : -ENETUNREACH;
}

/** @param goesOn what to tell while it does */
function tryConnect(sock: Sock, goesOn: number, late: boolean): number {
  const conn = sock.conn;
  if (conn.state === NETCONN_STATE_CONNECT) return late ? goesOn : BLOCKED;
  if (conn.flags & NETCONN_FLAG_TXEND) {
    const errno = sockTakeError(sock) || ECONNABORTED;
    sockRenew(sock);
    return -errno;
  }
  sock.status = SS_CONNECTED;
  return 0;
}

function datagram(sock: Sock, addr: SockaddrIn): number {
  const conn = sock.conn;
  const udp = LWIP_UDP ? conn.udp : null;
  const pcb = udp || conn.raw!;
  if (addr.sinFamily === AF_UNSPEC) {
    if (udp) udpDisconnect(udp);
    else if (LWIP_RAW) rawConnect(conn.raw!, IP_ADDR_ANY);
    pcb.localIp = sock.boundIp;
    if (udp && !sock.bound) udp.localPort = 0;
    conn.flags &= ~NETCONN_FLAG_CONNECTED;
    return 0;
  }
  const err = checkAddr(addr);
  if (err) return err;
  const ip = addr.sinAddr || IP_ADDR_LOOPBACK;
  const route = ipRoute(sock.table.stack, pcb.localIp, ip);
  if (!route) return -ENETUNREACH;
  if (ip4IsBroadcast(ip, route) && !(sock.options.soOptions & SOF_BROADCAST)) return -EACCES;
  const e = udp ? udpConnect(udp, ip, addr.sinPort) : rawConnect(conn.raw!, ip);
  if (e !== ERR_OK) return e === ERR_VAL ? -EINVAL : -EAGAIN;
  // A datagram that MSG_MORE holds back goes to the new peer, as on Linux.
  const held = sock.held;
  if (held) {
    held.ip = ip;
    held.port = addr.sinPort;
  }
  if (ipAddrIsAny(pcb.localIp)) pcb.localIp = ipSrcAddr(route, ip);
  conn.flags |= NETCONN_FLAG_CONNECTED;
  return 0;
}
