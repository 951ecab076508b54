// The constants and structures of BSD sockets (POSIX.1-2024, <sys/socket.h>, <netinet/in.h>, <poll.h>), numbered as on Linux.

export const AF_UNSPEC = 0;
export const AF_INET = 2;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
// Added to the type:
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_MAX = 263;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_ACCEPTCONN = 30;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;

export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;

export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;

export const MSG_OOB = 0x01;
export const MSG_PEEK = 0x02;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const O_RDWR = 0x02;
export const O_NONBLOCK = 0x800;
export const FIONBIO = 0x5421;
export const FIONREAD = 0x541b;

export const POLLIN = 0x01;
export const POLLPRI = 0x02;
export const POLLOUT = 0x04;
export const POLLERR = 0x08;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
export const POLLRDNORM = 0x40;
export const POLLWRNORM = 0x100;
export const POLLRDHUP = 0x2000;

export const INADDR_ANY = 0;
export const INADDR_NONE = 0xffffffff;
export const INADDR_BROADCAST = 0xffffffff;
export const INADDR_LOOPBACK = 0x7f000001;

/** An IPv4 socket address. Numbers have no byte order here: `sinPort` 80 is port 80. */
export interface SockaddrIn {
  sinFamily: number;
  sinPort: number;
  sinAddr: number;
}

/** What SO_RCVTIMEO and SO_SNDTIMEO take; 0: no limit. Negative seconds: calls do not wait, and it reads as 0. */
export interface Timeval {
  tvSec: number;
  tvUsec: number;
}

/** SO_LINGER's value. */
export interface Linger {
  onoff: number;
  /** Seconds. */
  linger: number;
}

/** What IP_ADD_MEMBERSHIP takes. */
export interface IpMreq {
  imrMultiaddr: number;
  /** Address of the interface; INADDR_ANY: the default one. */
  imrInterface: number;
}

/** The value of an option of getsockopt() and setsockopt(); most are a number, flags among them 0 or 1. */
export type OptionValue = number | Linger | Timeval | IpMreq;

/** What sendmsg() and recvmsg() take. */
export interface Msghdr {
  /** Whom to; receives from whom; or null. */
  msgName: SockaddrIn | null;
  /** The bytes, in several pieces. */
  msgIov: Uint8Array[];
  /** recvmsg() tells by MSG_TRUNC that a datagram did not fit. */
  msgFlags: number;
}

/** One file descriptor for poll(). */
export interface Pollfd {
  fd: number;
  events: number;
  revents: number;
}

/**
 * Numbers have no byte order: gives back its argument, so that ported code may read as it did.
 * @inline
 */
export function htons(port: number): number {
  return port;
}
