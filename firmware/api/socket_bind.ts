// The addresses of sockets: giving a socket its own, and telling both.

import { ERR_BUF, ERR_OK, ERR_USE } from '../stack/core/err.js';
import { ipAddrIsAny, ipAddrIsMulticast, type IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_RAW, LWIP_TCP, LWIP_UDP } from '../stack/core/opt.js';
import type { Stack } from '../stack/core/stack.js';
import type { Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { ip4AddrIsLocal, ip4IsBroadcast } from '../stack/ip4/ip4_addr.js';
import { rawBind } from '../stack/raw/raw.js';
import { tcpBind } from '../stack/tcp/tcp.js';
import { SYN_SENT } from '../stack/tcp/tcp_state.js';
import { udpBind } from '../stack/udp/udp.js';
import { EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, ENOTCONN } from './errno.js';
import { NETCONN_FLAG_CONNECTED } from './netconn_state.js';
import { AF_UNSPEC, INADDR_ANY, SOCK_STREAM, type SockaddrIn } from './socket_defs.js';
import { sockIsClosed, sockNewPcb } from './socket_state.js';
import {
  BAD_FD,
  checkAddr,
  checkHolder,
  livePcb,
  putAddr,
  sockOf,
  socketLater,
  socketLeave,
  type Sock,
  type Sockets,
} from './socket_table.js';

/**
 * Gives a socket its own address.
 * @param addr INADDR_ANY for all of the host's; port 0: a free one is chosen
 * @returns 0; or -1 with EBADF, EADDRINUSE, EADDRNOTAVAIL (no address of this host), EINVAL (has one, or is connected),
 *   EAFNOSUPPORT, EFAULT
 */
export function bind(s: Sockets, fd: number, addr: SockaddrIn): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return bind(s, fd, addr);
    });
  }
  const sock = sockOf(s, fd);
  return socketLeave(s, sock ? give(sock, addr) : BAD_FD);
}

function give(sock: Sock, addr: SockaddrIn): number {
  const conn = sock.conn;
  const stack = sock.table.stack;
  let err = checkAddr(addr);
  // BSD programs have left the family 0 where any address would do.
  if (err === -EAFNOSUPPORT && addr.sinFamily === AF_UNSPEC && addr.sinAddr === INADDR_ANY) err = 0;
  if (err) return err;
  const ip = addr.sinAddr;
  const port = addr.sinPort;
  if (!ipAddrIsAny(ip) && !canBind(stack, ip)) return -EADDRNOTAVAIL;
  if (LWIP_RAW && conn.raw) return conn.flags & NETCONN_FLAG_CONNECTED ? -EINVAL : rawBind(conn.raw, ip);
  if (LWIP_UDP && conn.udp)
    return conn.udp.localPort ? -EINVAL : bound(sock, ip, port, udpBind(conn.udp, ip, port));
  if (!LWIP_TCP) return -EINVAL;
  if (sock.bound || !sockIsClosed(sock)) return -EINVAL;
  if (port && portListens(stack, ip, port)) return -EADDRINUSE;
  // As on Linux, what is left of a connection may have a port, too: after a refused connect() it is of use.
  err = livePcb(conn) ? 0 : sockNewPcb(sock);
  if (err) return err;
  const pcb = conn.tcp!;
  return pcb.localPort ? -EINVAL : bound(sock, ip, port, tcpBind(pcb, ip, port));
}

function bound(sock: Sock, ip: IpAddr, port: number, err: number): number {
  if (err === ERR_OK) {
    sock.bound = port !== 0;
    sock.boundIp = ip;
  }
  return err === ERR_OK ? 0 : err === ERR_USE || err === ERR_BUF ? -EADDRINUSE : -EINVAL;
}

/** Whether something may come to an address: an own one, a group, a broadcast. */
function canBind(stack: Stack, ip: number): boolean {
  if (ip4AddrIsLocal(stack, ip) || ipAddrIsMulticast(ip)) return true;
  for (let n = stack.netifs; n; n = n.next) if (ip4IsBroadcast(ip, n)) return true;
  return false;
}

/** Whether somebody listens there already: then SO_REUSEADDR does not help, as on Linux. */
export function portListens(stack: Stack, ip: IpAddr, port: number): boolean {
  for (let l = stack.tcp.listen; l; l = l.next) {
    if (l.localPort === port && (ipAddrIsAny(ip) || ipAddrIsAny(l.localIp) || l.localIp === ip)) return true;
  }
  return false;
}

/**
 * The own address of a socket.
 * @param addr receives it: INADDR_ANY and port 0 before bind() and connect(); after a connection that was refused or
 *   given up its port, though it is no longer the socket's
 * @returns 0; or -1 with EBADF, EFAULT
 */
export function getsockname(s: Sockets, fd: number, addr: SockaddrIn): number {
  const sock = sockOf(s, fd);
  const err = sock ? checkHolder(addr) : BAD_FD;
  if (err || !sock) return s.handOut(err);
  const conn = sock.conn;
  const tcp = conn.tcp || conn.listener || conn.udp;
  if (tcp) putAddr(addr, tcp.localIp, tcp.localPort || sock.oldPort);
  else if (LWIP_RAW) putAddr(addr, conn.raw!.localIp, sock.protocol);
  return 0;
}

/**
 * The address of the other end.
 * @param addr receives it
 * @returns 0; or -1 with EBADF, ENOTCONN (not connected, no longer, or to no port), EFAULT
 */
export function getpeername(s: Sockets, fd: number, addr: SockaddrIn): number {
  const sock = sockOf(s, fd);
  if (!sock) return s.handOut(BAD_FD);
  const conn = sock.conn;
  const pcb = LWIP_TCP ? livePcb(conn) : null;
  const ends = pcb || conn.udp;
  // A peer without a port, as raw sockets have it, is none to Linux.
  const connected =
    sock.type === SOCK_STREAM
      ? pcb && pcb.state > SYN_SENT
      : conn.flags & NETCONN_FLAG_CONNECTED && ends && ends.remotePort;
  const err = connected ? checkHolder(addr) : -ENOTCONN;
  if (!err && ends) putAddr(addr, ends.remoteIp, ends.remotePort);
  return s.handOut(err);
}
