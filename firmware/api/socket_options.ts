// Options of sockets: getsockopt(), setsockopt(), and what fcntl() and ioctl() set and tell. Values are as on Linux.

import { LWIP_IGMP, LWIP_MULTICAST_TX_OPTIONS } from '../stack/core/opt.js';
import type { Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { SOF_BROADCAST, SOF_KEEPALIVE, SOF_REUSEADDR } from '../stack/ip/ip_pcb.js';
import { EDOM, EFAULT, EINVAL, ENOPROTOOPT, ENOTTY, EOPNOTSUPP } from './errno.js';
import { netbufLen } from './netbuf.js';
import { netconnRecvAvail } from './netconn_recv.js';
import { NETCONN_STATE_LISTEN } from './netconn_state.js';
import {
  AF_INET,
  FIONBIO,
  FIONREAD,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  IPPROTO_IP,
  IPPROTO_TCP,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  O_NONBLOCK,
  O_RDWR,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  type IpMreq,
  type Linger,
  type OptionValue,
  type Timeval,
} from './socket_defs.js';
import { sockGroupInterface, sockSetGroup, sockSetGroupInterface } from './socket_group.js';
import { sockApply, sockTakeError } from './socket_state.js';
import {
  BAD_FD,
  checkHolder,
  sockOf,
  socketLater,
  socketLeave,
  type Sock,
  type SockOptions,
  type Sockets,
} from './socket_table.js';

/** Linux's bounds of SO_RCVBUF, in bytes; it grants twice of what is asked for, and tells that. */
const RCVBUF_MIN = 1152;
const RCVBUF_MAX = 212992;
/** The payload of a full frame, by which the default of datagrams is counted. */
const FRAME = 1472;

/** Whether the build has multicast options. */
const MULTICAST = LWIP_IGMP && LWIP_MULTICAST_TX_OPTIONS;

/** The bits of options that are a flag in the stack, too. */
function flagOf(name: number): number {
  return name === SO_REUSEADDR
    ? SOF_REUSEADDR
    : name === SO_KEEPALIVE
      ? SOF_KEEPALIVE
      : name === SO_BROADCAST
        ? SOF_BROADCAST
        : 0;
}

/**
 * Sets an option.
 * @param level SOL_SOCKET: SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_RCVBUF, SO_SNDBUF (changes nothing), SO_LINGER (a Linger), SO_RCVTIMEO,
 *   SO_SNDTIMEO (a Timeval). IPPROTO_TCP: TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. IPPROTO_IP: IP_TTL,
 *   IP_TOS, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_IF (an address), IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP (an IpMreq)
 * @returns 0; or -1 with EBADF, ENOPROTOOPT (no such option), EINVAL, EDOM (a Timeval), EFAULT (no value), ENODEV (no such
 *   interface, or it does no multicast), EADDRINUSE (in the group already), EADDRNOTAVAIL (not in it; no such interface),
 *   ENOBUFS (MEMP_NUM_IGMP_GROUP), EPROTO (groups of a TCP socket)
 */
export function setsockopt(
  s: Sockets,
  fd: number,
  level: number,
  name: number,
  value: OptionValue,
): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return setsockopt(s, fd, level, name, value);
    });
  }
  const sock = sockOf(s, fd);
  let r: number | Wait = BAD_FD;
  if (sock) r = value === null || value === undefined ? -EFAULT : set(sock, level, name, value);
  if (r === 0) sockApply(sock!);
  return socketLeave(s, r);
}

function set(sock: Sock, level: number, name: number, value: OptionValue): number {
  if (level === SOL_SOCKET) return setSocket(sock, name, value);
  if (level === IPPROTO_TCP && sock.type === SOCK_STREAM) return setTcp(sock.options, name, value);
  return level === IPPROTO_IP ? setIp(sock, name, value) : -ENOPROTOOPT;
}

function setSocket(sock: Sock, name: number, value: OptionValue): number {
  const o = sock.options;
  const conn = sock.conn;
  const v = value as number;
  const flag = flagOf(name);
  if (name === SO_LINGER) {
    const linger = value as Linger;
    if (typeof linger.linger !== 'number') return -EINVAL;
    o.lingerOn = !!linger.onoff;
    if (o.lingerOn) o.lingerSeconds = linger.linger;
    return 0;
  }
  if (name === SO_RCVTIMEO || name === SO_SNDTIMEO) {
    const tv = value as Timeval;
    if (typeof tv.tvSec !== 'number' || typeof tv.tvUsec !== 'number') return -EINVAL;
    if (!(tv.tvUsec >= 0 && tv.tvUsec < 1000000)) return -EDOM;
    const ms = tv.tvSec < 0 ? -1 : tv.tvSec * 1000 + Math.ceil(tv.tvUsec / 1000);
    if (name === SO_RCVTIMEO) conn.recvTimeout = ms;
    else conn.sendTimeout = ms;
    return 0;
  }
  if (!flag && name !== SO_RCVBUF && name !== SO_SNDBUF) return -ENOPROTOOPT;
  if (typeof v !== 'number') return -EINVAL;
  // A hint for Linux, too: here the stack's options say how large it is.
  if (name === SO_SNDBUF) return 0;
  if (name === SO_RCVBUF) {
    o.rcvbuf = v < 0 || v > RCVBUF_MAX ? RCVBUF_MAX : v < RCVBUF_MIN ? RCVBUF_MIN : v;
  } else if (v) o.soOptions |= flag;
  else o.soOptions &= ~flag;
  return 0;
}

function setTcp(o: SockOptions, name: number, v: OptionValue): number {
  if (name !== TCP_NODELAY && name !== TCP_KEEPIDLE && name !== TCP_KEEPINTVL && name !== TCP_KEEPCNT) {
    return -ENOPROTOOPT;
  }
  if (typeof v !== 'number') return -EINVAL;
  if (name === TCP_NODELAY) {
    o.nodelay = v !== 0;
    return 0;
  }
  if (!(v >= 1 && v <= (name === TCP_KEEPCNT ? 127 : 32767))) return -EINVAL;
  if (name === TCP_KEEPIDLE) o.keepIdle = v;
  else if (name === TCP_KEEPINTVL) o.keepIntvl = v;
  else o.keepCnt = v;
  return 0;
}

function setIp(sock: Sock, name: number, value: OptionValue): number {
  const o = sock.options;
  const v = value as number;
  if (MULTICAST) {
    if (name === IP_ADD_MEMBERSHIP || name === IP_DROP_MEMBERSHIP) {
      return sockSetGroup(sock, name === IP_ADD_MEMBERSHIP, value as IpMreq);
    }
    if (name === IP_MULTICAST_IF) return sockSetGroupInterface(sock, value);
  }
  const multicast = MULTICAST && (name === IP_MULTICAST_TTL || name === IP_MULTICAST_LOOP);
  if (name !== IP_TTL && name !== IP_TOS && !multicast) return -ENOPROTOOPT;
  if (typeof v !== 'number') return -EINVAL;
  if (name === IP_TTL) {
    if (v !== -1 && !(v >= 1 && v <= 255)) return -EINVAL;
    o.ttl = v < 0 ? sock.table.stack.opt.IP_DEFAULT_TTL : v;
  } else if (name === IP_TOS) {
    // The two bits of ECN are TCP's own.
    o.tos = sock.type === SOCK_STREAM ? v & 0xfc : v & 0xff;
  } else if (name === IP_MULTICAST_TTL) {
    if (sock.type === SOCK_STREAM || !(v >= -1 && v <= 255)) return -EINVAL;
    o.multicastTtl = v < 0 ? 1 : v;
  } else o.multicastLoop = v !== 0;
  return 0;
}

/**
 * Tells an option.
 * @param level as setsockopt(); of SOL_SOCKET beside those SO_TYPE, SO_ERROR (the pending error, told once), SO_ACCEPTCONN,
 *   SO_DOMAIN and SO_PROTOCOL
 * @param out its `value` receives it
 * @returns 0; or -1 with EBADF, ENOPROTOOPT (no such option), EOPNOTSUPP (no such level), EFAULT (nothing to receive it)
 */
export function getsockopt(
  s: Sockets,
  fd: number,
  level: number,
  name: number,
  out: { value: OptionValue },
): number {
  const sock = sockOf(s, fd);
  let err = sock ? checkHolder(out) : BAD_FD;
  if (!err) {
    if (level === SOL_SOCKET) err = getSocket(sock!, name, out);
    else if (level === IPPROTO_TCP && sock!.type === SOCK_STREAM) err = getTcp(sock!.options, name, out);
    else err = level === IPPROTO_IP ? getIp(sock!, name, out) : -EOPNOTSUPP;
  }
  return s.handOut(err);
}

function getSocket(sock: Sock, name: number, out: { value: OptionValue }): number {
  const o = sock.options;
  const conn = sock.conn;
  const flag = flagOf(name);
  if (flag) out.value = o.soOptions & flag ? 1 : 0;
  else if (name === SO_TYPE) out.value = sock.type;
  else if (name === SO_ERROR) out.value = sockTakeError(sock);
  else if (name === SO_ACCEPTCONN) out.value = conn.state === NETCONN_STATE_LISTEN ? 1 : 0;
  else if (name === SO_DOMAIN) out.value = AF_INET;
  else if (name === SO_PROTOCOL) out.value = sock.protocol;
  else if (name === SO_RCVBUF) {
    const opt = conn.stack.opt;
    out.value = o.rcvbuf ? 2 * o.rcvbuf : sock.type === SOCK_STREAM ? opt.TCP_WND : conn.recvLimit * FRAME;
  } else if (name === SO_SNDBUF) {
    // A datagram may take what memory there is.
    out.value = sock.type === SOCK_STREAM ? conn.stack.opt.TCP_SND_BUF : conn.stack.opt.MEM_SIZE;
  } else if (name === SO_LINGER) {
    out.value = { onoff: o.lingerOn ? 1 : 0, linger: o.lingerSeconds };
  } else if (name === SO_RCVTIMEO || name === SO_SNDTIMEO) {
    const limit = name === SO_RCVTIMEO ? conn.recvTimeout : conn.sendTimeout;
    const ms = limit < 0 ? 0 : limit;
    out.value = { tvSec: Math.floor(ms / 1000), tvUsec: (ms % 1000) * 1000 };
  } else return -ENOPROTOOPT;
  return 0;
}

function getTcp(o: SockOptions, name: number, out: { value: OptionValue }): number {
  if (name === TCP_NODELAY) out.value = o.nodelay ? 1 : 0;
  else if (name === TCP_KEEPIDLE) out.value = o.keepIdle;
  else if (name === TCP_KEEPINTVL) out.value = o.keepIntvl;
  else if (name === TCP_KEEPCNT) out.value = o.keepCnt;
  else return -ENOPROTOOPT;
  return 0;
}

function getIp(sock: Sock, name: number, out: { value: OptionValue }): number {
  const o = sock.options;
  if (name === IP_TTL) out.value = o.ttl;
  else if (name === IP_TOS) out.value = o.tos;
  else if (MULTICAST && name === IP_MULTICAST_TTL) out.value = o.multicastTtl;
  else if (MULTICAST && name === IP_MULTICAST_LOOP) out.value = o.multicastLoop ? 1 : 0;
  else if (MULTICAST && name === IP_MULTICAST_IF) out.value = sockGroupInterface(sock);
  else return -ENOPROTOOPT;
  return 0;
}

/**
 * Tells or sets whether calls wait.
 * @param command F_GETFL or F_SETFL; F_GETFD and F_SETFD do nothing: there is no exec()
 * @param argument for F_SETFL: O_NONBLOCK, or 0
 * @returns for F_GETFL O_RDWR, with O_NONBLOCK; else 0; or -1 with EBADF, EINVAL
 */
export function fcntl(s: Sockets, fd: number, command: number, argument: number): number {
  const sock = sockOf(s, fd);
  if (!sock) return s.handOut(BAD_FD);
  if (command === F_GETFL) return sock.nonblock ? O_RDWR | O_NONBLOCK : O_RDWR;
  if (command === F_GETFD || command === F_SETFD) return 0;
  if (command !== F_SETFL) return s.handOut(-EINVAL);
  sock.nonblock = (argument & O_NONBLOCK) !== 0;
  return 0;
}

/**
 * @param request FIONREAD: bytes that can be received: TCP all, else those of the next datagram; FIONBIO: whether calls
 *   shall not wait
 * @param arg its `value` receives or gives that
 * @returns 0; or -1 with EBADF, EINVAL (FIONREAD of a listener), ENOTTY (another request), EFAULT
 */
export function ioctl(s: Sockets, fd: number, request: number, arg: { value: number }): number {
  const sock = sockOf(s, fd);
  let err = sock ? checkHolder(arg) : BAD_FD;
  if (!err) {
    const conn = sock!.conn;
    if (request === FIONBIO) sock!.nonblock = !!arg.value;
    else if (request !== FIONREAD) err = -ENOTTY;
    else if (sock!.type !== SOCK_STREAM) arg.value = conn.netbufs.length ? netbufLen(conn.netbufs[0]!) : 0;
    else if (conn.state === NETCONN_STATE_LISTEN) err = -EINVAL;
    else arg.value = netconnRecvAvail(conn);
  }
  return s.handOut(err);
}
