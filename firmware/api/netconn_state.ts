// What a netconn is made of, its constants, and its birth and death. What is done with it is in the other netconn files:
// netconn.ts has the calls for both kinds, netconn_tcp.ts what TCP's callbacks do, netconn_write.ts and netconn_recv.ts
// the traffic.

import { ERR_ARG, ERR_OK, type Err } from '../stack/core/err.js';
import type { IpAddr } from '../stack/core/ipaddr.js';
import { MEMP_NETCONN, mempFree, mempTake } from '../stack/core/memp.js';
import { LWIP_IPV6 } from '../stack/core/opt.js';
import type { Pbuf } from '../stack/core/pbuf.js';
import type { Stack } from '../stack/core/stack.js';
import type { Wait, WaitQueue } from '../stack/core/sys.js';
import { tcpipEnter, tcpipLater, tcpipLeave } from '../stack/core/tcpip.js';
import type { RawPcb } from '../stack/raw/raw.js';
import type { TcpListenPcb, TcpPcb } from '../stack/tcp/tcp_state.js';
import type { UdpPcb } from '../stack/udp/udp.js';
import type { Netbuf } from './netbuf.js';

// Types of netconns, numbered as in lwIP.
/** What netconnDelete() leaves. */
export const NETCONN_INVALID = 0;
export const NETCONN_TCP = 0x10;
export const NETCONN_UDP = 0x20;
/** UDP whose datagrams leave without a checksum. */
export const NETCONN_UDPNOCHKSUM = 0x22;
export const NETCONN_RAW = 0x40;

// Flags of writing and receiving.
export const NETCONN_NOFLAG = 0;
/** The bytes stay as they are until the peer has acknowledged them. */
export const NETCONN_NOCOPY = 0;
export const NETCONN_COPY = 1;
/** More follows soon. */
export const NETCONN_MORE = 2;
/** This call does not wait. */
export const NETCONN_DONTBLOCK = 4;
/** In a write request: an incomplete segment at its end waits for what shall follow. */
export const NETCONN_HOLD = 0x100;
/** The window opens by netconnTcpRecvd() only. */
export const NETCONN_NOAUTORCVD = 8;

// conn.state, and what TCP is doing on the application's behalf.
export const NETCONN_STATE_NONE = 0;
export const NETCONN_STATE_LISTEN = 2;
export const NETCONN_STATE_CONNECT = 3;
export const NETCONN_STATE_CLOSE = 4;

// conn.flags.
export const NETCONN_FLAG_NON_BLOCKING = 0x02;
export const NETCONN_FLAG_NO_AUTO_RECVD = 0x08;
/** The application waits for room to write: NETCONN_EVT_SENDPLUS is due when there is. */
export const NETCONN_FLAG_CHECK_WRITESPACE = 0x10;
/** TCP: the connection was established. UDP and RAW: there is a peer. */
export const NETCONN_FLAG_CONNECTED = 0x20;
/** Nothing comes any more: the peer has closed, or netconnShutdown(). */
export const NETCONN_FLAG_RXEND = 0x40;
/** Nothing is sent any more. */
export const NETCONN_FLAG_TXEND = 0x80;
/** netconnBind() has chosen the address: a connection that failed is tried again from there. */
export const NETCONN_FLAG_BOUND = 0x100;

// What conn.callback is told.
/** There is more to receive: data, a connection, the end, or an error. */
export const NETCONN_EVT_RCVPLUS = 0;
export const NETCONN_EVT_RCVMINUS = 1;
/** It may be written, or the connection is there. */
export const NETCONN_EVT_SENDPLUS = 2;
export const NETCONN_EVT_SENDMINUS = 3;
export const NETCONN_EVT_ERROR = 4;

/** Told of events, within the core context: only for taking note. */
export type NetconnCallback = (conn: Netconn, event: number) => void;

/** Where one end of a connection is. */
export interface NetconnEnd {
  addr: IpAddr;
  port: number;
}

/** A multicast group that a netconn has joined, and by which interface: its address, or IP_ADDR_ANY. */
export interface NetconnGroup {
  netifAddr: IpAddr;
  group: IpAddr;
}

/** What netconnWrite() has yet to write. */
export interface NetconnWriteReq {
  /** More arrays to follow `bytes`, from index `next` on. */
  vectors: Uint8Array[] | null;
  next: number;
  flags: number;
  /** Bytes that are queued already. */
  written: number;
  /** Who is told of that; null: nobody. */
  out: { written: number } | null;
  bytes: Uint8Array;
  off: number;
  end: number;
}

export interface Netconn {
  stack: Stack;
  /** The socket's number; -1: not a socket. */
  socket: number;
  /** Seconds that netconnClose() waits for the peer to take what was written; 0: it resets; -1: it does not wait. */
  linger: number;
  /** Leaves the multicast groups that it has joined; null when there are none. */
  leaveGroups: ((conn: Netconn) => void) | null;
  groups: NetconnGroup[];
  /** RAW: the protocol number. */
  proto: number;
  raw: RawPcb | null;
  udp: UdpPcb | null;
  listener: TcpListenPcb | null;
  /** Listening: connections that wait to be accepted, and how many may. */
  acceptmbox: Netconn[];
  acceptLimit: number;
  /** Milliseconds; 0: no limit. */
  sendTimeout: number;
  recvTimeout: number;
  /** Bytes that may wait here. */
  recvBufsize: number;
  /** Messages that may wait here. */
  recvLimit: number;
  callback: NetconnCallback | null;
  /** Who has written in part. */
  writer: NetconnWriteReq | null;
  /** An error that the application has not been told of. */
  pendingErr: Err;
  /** NETCONN_TCP ..., or NETCONN_INVALID once deleted. */
  type: number;
  state: number;
  /** Those who wait to receive or accept, and those who wait to write, connect, or close. */
  readers: WaitQueue;
  writers: WaitQueue;
  /** Bytes that wait here. */
  recvAvail: number;
  /** TCP: what has come. */
  pbufs: Pbuf[];
  /** UDP and RAW: what has come. */
  netbufs: Netbuf[];
  flags: number;
  /** TCP: the connection; one that has ended stays to be asked for its addresses. */
  tcp: TcpPcb | null;
}

/** Larger than any mailbox: recvBufsize unless netconnSetRecvbufsize() says otherwise. */
const RECV_BUFSIZE_DEFAULT = 0x3fffffff;

/** A netconn without a pcb. @returns null when MEMP_NUM_NETCONN are in use (counted) */
export function netconnAlloc(stack: Stack, type: number, callback: NetconnCallback | null): Netconn | null {
  if (mempTake(stack, MEMP_NETCONN) !== ERR_OK) return null;
  const o = stack.opt;
  return {
    stack,
    socket: -1,
    linger: -1,
    leaveGroups: null,
    groups: [],
    proto: 0,
    raw: null,
    udp: null,
    listener: null,
    acceptmbox: [],
    acceptLimit: 0,
    sendTimeout: 0,
    recvTimeout: 0,
    recvBufsize: RECV_BUFSIZE_DEFAULT,
    recvLimit:
      type === NETCONN_TCP
        ? o.DEFAULT_TCP_RECVMBOX_SIZE
        : type === NETCONN_RAW
          ? o.DEFAULT_RAW_RECVMBOX_SIZE
          : o.DEFAULT_UDP_RECVMBOX_SIZE,
    callback,
    writer: null,
    pendingErr: ERR_OK,
    type,
    state: NETCONN_STATE_NONE,
    readers: { head: null },
    writers: { head: null },
    recvAvail: 0,
    pbufs: [],
    netbufs: [],
    flags: 0,
    tcp: null,
  };
}

/** Gives a netconn's place back; its pcb is gone and its mailboxes are empty. */
export function netconnFree(conn: Netconn): void {
  conn.type = NETCONN_INVALID;
  conn.callback = null;
  mempFree(conn.stack, MEMP_NETCONN);
}

/** Whether it can be used as a netconn: neither something else nor deleted. */
export function netconnValid(conn: Netconn): boolean {
  return !!conn && conn.type > NETCONN_INVALID;
}

/**
 * Makes a call in the core context, at once or when the lock is free.
 * @returns what it returns, or ERR_ARG for no valid netconn
 */
export function netconnCall<B>(
  conn: Netconn,
  call: (conn: Netconn, b: B) => number | Wait,
  b: B,
): number | Wait {
  if (!netconnValid(conn)) return ERR_ARG;
  const stack = conn.stack;
  if (tcpipEnter(stack)) return tcpipLeave(stack, call(conn, b));
  return tcpipLater(stack, function () {
    return netconnCall(conn, call, b);
  });
}

/** As netconnCall(), for TCP alone. */
export function netconnTcpCall<B>(
  conn: Netconn,
  call: (conn: Netconn, b: B) => number | Wait,
  b: B,
): number | Wait {
  return netconnValid(conn) && conn.type === NETCONN_TCP ? netconnCall(conn, call, b) : ERR_ARG;
}

/** Whether address and port are numbers that can be such. */
export function netconnIsEnd(addr: IpAddr, port: number): boolean {
  return (LWIP_IPV6 || (addr as number) >= 0) && port >= 0 && port <= 0xffff && port === (port | 0);
}

/** Tells conn.callback. */
export function netconnEvent(conn: Netconn, event: number): void {
  if (conn.callback) conn.callback(conn, event);
}

/**
 * The error that waits to be told, which is then told: ERR_RST (reset or refused by the peer), ERR_ABRT (given up), for a
 * connected UDP netconn ERR_CONN (nobody has the peer's port), ERR_RTE or ERR_TIMEOUT (as ICMP says); ERR_OK for none.
 * Calls that fail by it have told it.
 */
export function netconnErr(conn: Netconn): Err {
  const err = conn.pendingErr;
  conn.pendingErr = ERR_OK;
  return err;
}
