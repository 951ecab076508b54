// The table of sockets: what one is made of, how a call finds it and enters the core context, and how results become
// errno. Inside, results are a number from 0 on, or an errno made negative; a program gets -1 for that, and finds the
// errno in the table at the moment it gets the result.

import { ERR_MEM } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import type { Pbuf } from '../stack/core/pbuf.js';
import type { Stack } from '../stack/core/stack.js';
import { sysBlock, sysEventAll, type Attempt, type Wait, type WaitQueue } from '../stack/core/sys.js';
import { tcpipLater, tcpipLeave } from '../stack/core/tcpip.js';
import { TF_LIVE, TIME_WAIT, type TcpPcb } from '../stack/tcp/tcp_state.js';
import { EAFNOSUPPORT, EBADF, EFAULT, EINVAL, EMFILE, ENOMEM } from './errno.js';
import { NETCONN_FLAG_RXEND, type Netconn } from './netconn_state.js';
import { AF_INET, type SockaddrIn } from './socket_defs.js';
import type { SockGroup } from './socket_group.js';

/** In conn.flags, beside netconn's own: the peer's FIN has come, so that what follows is no error of receiving. */
export const SOCKET_FLAG_DONE = 0x10000;

// sock.status: where connect() stands, for TCP.
export const SS_UNCONNECTED = 0;
export const SS_CONNECTING = 1;
export const SS_CONNECTED = 2;
/** It failed, and shutdown() came before connect() told: only connect() to AF_UNSPEC helps, as on Linux. */
export const SS_DISCONNECTING = 3;

// sock.shut: what shutdown() has closed.
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;

/** The table of one program's sockets. */
export interface Sockets {
  stack: Stack;
  /** Why the last call gave -1. */
  errno: number;
  /** Those in select() and poll(). */
  selectors: WaitQueue;
  handOut: (value: number) => number;
  event: (conn: Netconn) => void;
  fds: (Sock | null)[];
}

/** Options that outlive a connection, and that an accepted one inherits. */
export interface SockOptions {
  /** SOF_REUSEADDR, SOF_KEEPALIVE, SOF_BROADCAST. */
  soOptions: number;
  ttl: number;
  tos: number;
  nodelay: boolean;
  /** Seconds, and probes. */
  keepIdle: number;
  keepIntvl: number;
  keepCnt: number;
  lingerOn: boolean;
  lingerSeconds: number;
  /** Bytes; 0: as the stack's options say. */
  rcvbuf: number;
  multicastTtl: number;
  multicastLoop: boolean;
}

/** A datagram that MSG_MORE holds back, and where it goes. */
export interface HeldDatagram {
  p: Pbuf;
  ip: number;
  port: number;
}

export interface Sock {
  table: Sockets;
  type: number;
  protocol: number;
  options: SockOptions;
  /** Has a port that bind() named: it outlives a connection of TCP, and UDP's connect() to nobody. */
  bound: boolean;
  /** The port of a connection that is over: a socket that has none of its own is still shown with it. */
  oldPort: number;
  /** The address that bind() was given. */
  boundIp: IpAddr;
  status: number;
  nonblock: boolean;
  shut: number;
  groups: SockGroup[];
  held: HeldDatagram | null;
  conn: Netconn;
}

/**
 * A table of sockets on a stack; a program has one. Its size is MEMP_NUM_NETCONN. Calls take it as their first argument
 * and leave their errno in it.
 */
export function socketsInit(stack: Stack): Sockets {
  const fds: (Sock | null)[] = [];
  for (let i = 0; i < stack.opt.MEMP_NUM_NETCONN; i++) fds.push(null);
  const s: Sockets = {
    stack,
    errno: 0,
    selectors: { head: null },
    handOut: function (value) {
      if (value >= 0) return value;
      // The one error code of the stack that comes this way: no time-out was free.
      s.errno = value === ERR_MEM ? ENOMEM : -value;
      return -1;
    },
    event: function (conn) {
      if (conn.flags & NETCONN_FLAG_RXEND && !conn.pendingErr) conn.flags |= SOCKET_FLAG_DONE;
      socketsChanged(s);
    },
    fds,
  };
  return s;
}

/** Something has happened to a socket: select() and poll() look again. */
export function socketsChanged(s: Sockets): void {
  if (s.selectors.head) sysEventAll(s.selectors);
}

/** The lowest free descriptor, or -EMFILE. */
export function freeFd(s: Sockets): number {
  const fds = s.fds;
  for (let fd = 0; fd < fds.length; fd++) if (!fds[fd]) return fd;
  return -EMFILE;
}

/** Puts a socket into the table. */
export function sockEnter(
  s: Sockets,
  fd: number,
  conn: Netconn,
  type: number,
  protocol: number,
  options: SockOptions,
): Sock {
  conn.socket = fd;
  return (s.fds[fd] = {
    table: s,
    type,
    protocol,
    options,
    bound: false,
    oldPort: 0,
    boundIp: IP_ADDR_ANY,
    status: SS_UNCONNECTED,
    nonblock: false,
    shut: 0,
    groups: [],
    held: null,
    conn,
  });
}

/** The socket of a descriptor; null for what is none. */
export function sockOf(s: Sockets, fd: number): Sock | null {
  return (typeof fd === 'number' && s.fds[fd]) || null;
}

/** Ends a call that tcpipEnter() began. @returns what the program gets */
export function socketLeave(s: Sockets, r: number | Wait): number | Wait {
  tcpipLeave(s.stack, 0);
  if (typeof r === 'number') return s.handOut(r);
  r.handOut = s.handOut;
  return r;
}

/** As socketLeave(), for calls that never wait. */
export function socketDone(s: Sockets, r: number): number {
  return socketLeave(s, r) as number;
}

/** Makes a call when the core lock is free. */
export function socketLater(s: Sockets, call: () => number | Wait): number | Wait {
  const w = tcpipLater(s.stack, function () {
    const r = call();
    // Errno is set when the result is handed out, not when it comes to be.
    if (typeof r === 'number') return r < 0 ? -s.errno : r;
    r.handOut = null;
    return r;
  });
  if (typeof w === 'number') return s.handOut(w);
  w.handOut = s.handOut;
  return w;
}

/**
 * Makes a call that may block.
 * @param dontWait the call's last try is its first
 * @param ms time limit; 0: none; negative: no time at all
 */
export function sockBlock<B>(
  sock: Sock,
  queue: WaitQueue,
  dontWait: boolean,
  ms: number,
  attempt: Attempt<Sock, B>,
  call: B,
): number | Wait {
  if (dontWait || ms < 0) return attempt(sock, call, true);
  return sysBlock(sock.table.stack, queue, ms, attempt, sock, call);
}

/** A TCP socket's connection, while there is one: null for a listener, before connect(), and once it is over. */
export function livePcb(conn: Netconn): TcpPcb | null {
  const pcb = conn.tcp;
  return pcb && pcb.flags & TF_LIVE && pcb.state !== TIME_WAIT ? pcb : null;
}

/** Whether there are bytes to be read or written in an array. @returns 0 or -EFAULT */
export function checkBytes(buf: Uint8Array, len: number): number {
  return buf && buf.BYTES_PER_ELEMENT === 1 && len >= 0 && len <= buf.length && len % 1 === 0 ? 0 : -EFAULT;
}

/** The bytes of several pieces together. @returns that or -EFAULT */
export function iovLength(iov: Uint8Array[]): number {
  if (checkHolder(iov)) return -EFAULT;
  let len = 0;
  for (let i = 0; i < iov.length; i++) {
    if (!iov[i] || checkBytes(iov[i]!, iov[i]!.length)) return -EFAULT;
    len += iov[i]!.length;
  }
  return len;
}

/** Whether an object is there to be filled in. @returns 0 or -EFAULT */
export function checkHolder(holder: object): number {
  return typeof holder === 'object' && holder !== null ? 0 : -EFAULT;
}

/** Whether it is an address of IPv4. @returns 0, -EFAULT, -EAFNOSUPPORT or -EINVAL */
export function checkAddr(addr: SockaddrIn | null): number {
  if (typeof addr !== 'object' || addr === null) return -EFAULT;
  if (addr.sinFamily !== AF_INET) return -EAFNOSUPPORT;
  return isNumber(addr.sinPort, 0xffff) && isNumber(addr.sinAddr, 0xffffffff) ? 0 : -EINVAL;
}

/** Whether `v` is a whole number of 0 to `max`. */
export function isNumber(v: unknown, max: number): boolean {
  return typeof v === 'number' && v >= 0 && v <= max && v % 1 === 0;
}

/** Fills an address in, where the program wants one. */
export function putAddr(addr: SockaddrIn | null, ip: IpAddr, port: number): void {
  if (!addr) return;
  addr.sinFamily = AF_INET;
  addr.sinPort = port;
  addr.sinAddr = ip as number;
}

/** What a call on no socket gives. */
export const BAD_FD = -EBADF;
