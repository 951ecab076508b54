// The raw API of TCP, lwIP's in camelCase. All calls are for the stack's own context, such as its callbacks.
// A pcb that is gone (closed, aborted, reset) is not used again: calls on it return an error and do nothing.

import { tcpipAssert } from '../core/context.js';
import { ERR_ARG, ERR_BUF, ERR_CLSD, ERR_ISCONN, ERR_OK, ERR_RTE, ERR_USE, ERR_VAL } from '../core/err.js';
import { ERR_ABRT, type Err } from '../core/err.js';
import { IP_ADDR_ANY, IP_ADDR_BROADCAST, ipAddrEq, ipAddrIsAny, ipAddrIsMulticast } from '../core/ipaddr.js';
import type { IpAddr } from '../core/ipaddr.js';
import { MEMP_TCP_PCB_LISTEN, mempTake } from '../core/memp.js';
import {
  LWIP_ASSERT_CORE_LOCKED,
  LWIP_TCP_KEEPALIVE,
  TCP_ACTIVE_OPEN,
  TCP_LISTEN_BACKLOG,
} from '../core/opt.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { SOF_KEEPALIVE, SOF_REUSEADDR } from '../ip/ip_pcb.js';
import { ipRoute, ipSrcAddr } from '../ip/ip.js';
import { tcpConnectionClose, tcpHalfClose, tcpListenerClose } from './tcp_close.js';
import { tcpOpenWindow, tcpRedeliver } from './tcp_deliver.js';
import { tcpNextPort, tcpRandomPort } from './tcp_isn.js';
import { tcpSetup } from './tcp_open.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpAbandon, tcpActivate, tcpAlloc, tcpBacklogDone, tcpFind, tcpFree } from './tcp_pcb.js';
import { tcpQueue, tcpQueueControl, tcpUnqueue } from './tcp_queue.js';
import {
  CLOSED,
  LISTEN,
  SYN_SENT,
  TCP_PRIO_NORMAL,
  TCP_WRITE_FLAG_MORE,
  TF_BACKLOGPEND,
  TF_LIVE,
  TF_NODELAY,
  type TcpAcceptFn,
  type TcpConnectedFn,
  type TcpErrFn,
  type TcpListenPcb,
  type TcpPcb,
  type TcpPollFn,
  type TcpRecvFn,
  type TcpSentFn,
} from './tcp_state.js';
import { SYN } from './tcp_wire.js';
import { tcpKeepHeard, tcpDeadline } from './tcp_timers.js';

export { TCP_WRITE_FLAG_COPY, TCP_WRITE_FLAG_MORE } from './tcp_state.js';
export { tcpStateName } from './tcp_state.js';

/**
 * A new connection or, with tcpListen(), listener.
 * @returns null when MEMP_NUM_TCP_PCB are in use and none can be given up
 */
export function tcpNew(stack: Stack): TcpPcb | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'tcpNew');
  const pcb = tcpAlloc(stack, TCP_PRIO_NORMAL);
  return pcb;
}

/** Sets the first argument of all callbacks. Connections inherit their listener's. */
export function tcpArg(pcb: TcpPcb | TcpListenPcb, arg: unknown): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpArg');
  pcb.arg = arg;
}

/** Sets the priority: TCP_PRIO_MIN to TCP_PRIO_MAX. When pcbs run out, a higher one takes a lower one's place. */
export function tcpSetprio(pcb: TcpPcb | TcpListenPcb, prio: number): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpSetprio');
  pcb.prio = prio;
}

/**
 * Binds to an own address and port.
 * @param ip IP_ADDR_ANY for all
 * @param port 0: a free one is chosen
 * @returns ERR_OK; ERR_USE: the port is taken; ERR_BUF: no free port; ERR_VAL: connected or listening already;
 *   ERR_ARG: no port, or a freed pcb
 */
export function tcpBind(pcb: TcpPcb, ip: IpAddr, port: number): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpBind');
  if (!(port >= 0 && port <= 0xffff) || !(pcb.flags & TF_LIVE)) return ERR_ARG;
  if (pcb.state !== CLOSED) return ERR_VAL;
  const stack = pcb.stack;
  if (TCP_ACTIVE_OPEN && port === 0) port = freePort(stack);
  if (port === 0) return ERR_BUF;
  if (portTaken(stack, pcb, ip, port)) return ERR_USE;
  pcb.localIp = ip;
  if (pcb.localPort === 0) {
    pcb.next = stack.tcp.bound;
    stack.tcp.bound = pcb;
  }
  pcb.localPort = port;
  return ERR_OK;
}

/** Binds to an interface: only its segments are taken, and all leave by it. null: any. */
export function tcpBindNetif(pcb: TcpPcb | TcpListenPcb, netif: Netif | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpBindNetif');
  pcb.netif = netif;
  if (pcb.state !== LISTEN) (pcb as TcpPcb).route = null;
}

function portTaken(stack: Stack, pcb: TcpPcb | null, ip: IpAddr, port: number): boolean {
  const tcp = stack.tcp;
  const reuse = pcb !== null && (pcb.soOptions & SOF_REUSEADDR) !== 0;
  return (
    holds(tcp.listen, pcb, ip, port, reuse) ||
    holds(tcp.bound, pcb, ip, port, reuse) ||
    holds(tcp.active, pcb, ip, port, reuse) ||
    (!reuse && holds(tcp.tw, pcb, ip, port, reuse))
  );
}

interface Bound {
  soOptions?: number;
  localIp: IpAddr;
  localPort: number;
  next: Bound | null;
}

/** Whether one of a list, other than `pcb`, keeps an address and port from being bound. */
function holds(q: Bound | null, pcb: TcpPcb | null, ip: IpAddr, port: number, reuse: boolean): boolean {
  for (; q; q = q.next) {
    if (
      q !== pcb &&
      q.localPort === port &&
      (ipAddrIsAny(q.localIp) || ipAddrIsAny(ip) || ipAddrEq(q.localIp, ip)) &&
      !(reuse && q.soOptions! & SOF_REUSEADDR)
    ) {
      return true;
    }
  }
  return false;
}

/** A free port of the dynamic range, or 0. */
function freePort(stack: Stack): number {
  const first = tcpRandomPort(stack);
  let port = first;
  do {
    if (!portTaken(stack, null, IP_ADDR_ANY, port)) return port;
    port = tcpNextPort(port);
  } while (port !== first);
  return 0;
}

/**
 * Turns a bound pcb into a listener; the pcb itself is freed, as in lwIP.
 * @returns null, and the pcb stays as it is, when MEMP_NUM_TCP_PCB_LISTEN are in use, or it is no fresh pcb
 */
export function tcpListen(pcb: TcpPcb): TcpListenPcb | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpListen');
  return tcpListenWithBacklog(pcb, pcb.stack.opt.TCP_DEFAULT_LISTEN_BACKLOG);
}

/** Like tcpListen(), with at most `backlog` connections (1 to 255) between SYN and accept. */
export function tcpListenWithBacklog(pcb: TcpPcb, backlog: number): TcpListenPcb | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpListenWithBacklog');
  if (pcb.state !== CLOSED || !(pcb.flags & TF_LIVE)) return null;
  if (pcb.localPort === 0 && tcpBind(pcb, pcb.localIp, 0) !== ERR_OK) return null;
  return listen(pcb, backlog, pcb.localPort);
}

/**
 * Listens on every port of an interface that takes all addresses as its own (NETIF_FLAG_ACCEPT_ALL). Accepted
 * connections tell by localIp and localPort whom the peer wanted.
 */
export function tcpListenAny(pcb: TcpPcb, netif: Netif): TcpListenPcb | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpListenAny');
  if (pcb.state !== CLOSED || !(pcb.flags & TF_LIVE)) return null;
  pcb.netif = netif;
  return listen(pcb, pcb.stack.opt.TCP_DEFAULT_LISTEN_BACKLOG, 0);
}

function listen(pcb: TcpPcb, backlog: number, localPort: number): TcpListenPcb | null {
  const stack = pcb.stack;
  const tcp = stack.tcp;
  for (let l = tcp.listen; l; l = l.next) {
    if (localPort && l.localPort === localPort && ipAddrEq(l.localIp, pcb.localIp)) return null;
  }
  if (mempTake(stack, MEMP_TCP_PCB_LISTEN) !== ERR_OK) return null;
  const lpcb: TcpListenPcb = {
    stack,
    soOptions: pcb.soOptions,
    ttl: pcb.ttl,
    tos: pcb.tos,
    prio: pcb.prio,
    arg: pcb.arg,
    state: LISTEN,
    rstWhenFull: false,
    backlog: !TCP_LISTEN_BACKLOG || backlog > 255 ? 255 : backlog < 1 ? 1 : backlog,
    acceptsPending: 0,
    acceptFn: null,
    netif: pcb.netif,
    localIp: pcb.localIp,
    localPort,
    next: tcp.listen,
  };
  tcpFree(pcb, CLOSED);
  tcp.listen = lpcb;
  return lpcb;
}

/** In the accept callback: the connection goes on counting against the backlog, until tcpBacklogAccepted(). */
export function tcpBacklogDelayed(pcb: TcpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpBacklogDelayed');
  if (!TCP_LISTEN_BACKLOG || !(pcb.flags & TF_LIVE) || pcb.flags & TF_BACKLOGPEND || !pcb.listener) return;
  pcb.flags |= TF_BACKLOGPEND;
  pcb.listener.acceptsPending++;
}

/** The connection no longer counts against its listener's backlog. */
export function tcpBacklogAccepted(pcb: TcpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpBacklogAccepted');
  tcpBacklogDone(pcb);
}

/**
 * Sets the callback for new connections: accept(arg, newpcb, err). It returns ERR_OK to keep the connection; with
 * err ERR_MEM there was no pcb for it, and newpcb is null.
 */
export function tcpAccept(pcb: TcpListenPcb, fn: TcpAcceptFn | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpAccept');
  pcb.acceptFn = fn;
}

/**
 * Connects. The callback connected(arg, pcb, ERR_OK) tells success, the error callback failure.
 * @returns ERR_OK: the SYN is on its way; ERR_ISCONN; ERR_VAL: no address to connect to; ERR_RTE: no route;
 *   ERR_BUF: no free port; ERR_USE: the same connection exists; ERR_MEM; ERR_ARG: a freed pcb
 */
export function tcpConnect(pcb: TcpPcb, ip: IpAddr, port: number, connected: TcpConnectedFn | null): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpConnect');
  if (pcb.state !== CLOSED) return ERR_ISCONN;
  if (!(pcb.flags & TF_LIVE)) return ERR_ARG;
  if (ipAddrIsAny(ip) || ipAddrIsMulticast(ip) || ip === IP_ADDR_BROADCAST || !(port > 0 && port <= 0xffff)) {
    return ERR_VAL;
  }
  const stack = pcb.stack;
  const route = pcb.netif || ipRoute(stack, pcb.localIp, ip);
  if (!route) return ERR_RTE;
  const local = ipAddrIsAny(pcb.localIp) ? ipSrcAddr(route, ip) : pcb.localIp;
  if (ipAddrIsAny(local)) return ERR_RTE;
  let localPort = pcb.localPort;
  if (localPort === 0) {
    localPort = freePort(stack);
    if (localPort === 0) return ERR_BUF;
  }
  const tcp = stack.tcp;
  if (
    tcpFind(tcp.tw, local, localPort, ip, port) ||
    tcpFind<TcpPcb>(tcp.active, local, localPort, ip, port)
  ) {
    return ERR_USE;
  }
  const oldIp = pcb.localIp;
  const oldPort = pcb.localPort;
  tcpSetup(pcb, route, local, localPort, ip, port, null);
  const err = tcpQueueControl(pcb, SYN);
  if (err !== ERR_OK) {
    pcb.localIp = oldIp;
    pcb.localPort = oldPort;
    pcb.remotePort = 0;
    return err;
  }
  pcb.connectedFn = connected;
  pcb.state = SYN_SENT;
  tcpActivate(pcb);
  tcpOutputNow(pcb);
  return ERR_OK;
}

/**
 * Sets the callback for data: recv(arg, pcb, p, err). With ERR_OK the callback has taken `p`, frees it, and tells
 * with tcpRecved() when the bytes are used up; p === null: the peer has closed. Any other value refuses the data:
 * they are kept and offered again. ERR_ABRT only after tcpAbort().
 */
export function tcpRecv(pcb: TcpPcb, fn: TcpRecvFn | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpRecv');
  pcb.recvFn = fn;
}

/** Sets the callback for acknowledged data: sent(arg, pcb, len). */
export function tcpSent(pcb: TcpPcb, fn: TcpSentFn | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpSent');
  pcb.sentFn = fn;
}

/**
 * Sets a callback that comes again and again: poll(arg, pcb).
 * @param interval half-seconds
 */
export function tcpPoll(pcb: TcpPcb, fn: TcpPollFn | null, interval: number): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpPoll');
  if (!(interval > 0)) interval = 1;
  pcb.pollFn = fn;
  pcb.pollInterval = interval;
  if (!fn) return;
  pcb.pollAt = tcpDeadline(pcb.stack, interval * 500);
}

/**
 * Sets the callback for the connection's failure: err(arg, err), with ERR_ABRT (given up: no answer, no pcb, the
 * address is gone, tcpAbort()) or ERR_RST (refused, or reset by the peer). The pcb is freed already.
 */
export function tcpErr(pcb: TcpPcb, fn: TcpErrFn | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpErr');
  pcb.errFn = fn;
}

/** `len` received bytes are used up: the window opens by as many. */
export function tcpRecved(pcb: TcpPcb, len: number): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpRecved');
  if (len > 0) tcpOpenWindow(pcb, len);
}

/** Offers data that the recv callback has refused once more, now that it may take them. */
export function tcpProcessRefusedData(pcb: TcpPcb): void {
  if (pcb.refusedData) tcpRedeliver(pcb);
}

/**
 * Queues data; all of it or nothing. tcpOutput() sends it, at the latest the next incoming segment does.
 * @param flags TCP_WRITE_FLAG_COPY: copied, otherwise the bytes must stay as they are until acknowledged;
 *   TCP_WRITE_FLAG_MORE: more follows soon
 * @param off where in `bytes` to begin (0)
 * @param len how many (all)
 * @returns ERR_OK; ERR_CONN: not connected, or closed for sending; ERR_MEM: the send buffer, the heap or the
 *   segments are exhausted: try again after the sent callback; ERR_ARG
 */
export function tcpWrite(pcb: TcpPcb, bytes: Uint8Array, flags: number, off?: number, len?: number): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpWrite');
  const from = off === undefined ? 0 : off;
  const n = len === undefined ? bytes.length - from : len;
  if (!(from >= 0 && n >= 0 && from + n <= bytes.length)) return ERR_ARG;
  return tcpQueue(pcb, bytes, flags, from, n);
}

/**
 * Queues the bytes of a pbuf chain, which stays the caller's; all of it or nothing.
 * @returns as tcpWrite()
 */
export function tcpWritePbuf(pcb: TcpPcb, p: Pbuf, flags: number): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpWritePbuf');
  const lbb = pcb.sndLbb;
  for (let q: Pbuf | null = p; q; q = q.next) {
    const err = tcpQueue(pcb, q.payload, q.next ? flags | TCP_WRITE_FLAG_MORE : flags, q.off, q.len);
    if (err === ERR_OK) continue;
    if (pcb.sndLbb !== lbb) tcpUnqueue(pcb, lbb);
    return err;
  }
  return ERR_OK;
}

/**
 * Sends what the windows and Nagle's algorithm allow. In a callback of the same connection the sending happens
 * after the callback.
 * @returns ERR_OK, or what the interface says
 */
export function tcpOutput(pcb: TcpPcb): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpOutput');
  return pcb.flags & TF_LIVE ? tcpOutputNow(pcb) : ERR_CLSD;
}

/**
 * Closes. The pcb is no longer the caller's, and no callback comes any more; queued data are still sent, then a
 * FIN. With received data not taken, or not told by tcpRecved(), the peer is reset instead (RFC 1122, 4.2.2.13).
 * @returns ERR_OK; ERR_CLSD when it is closed already
 */
export function tcpClose(pcb: TcpPcb | TcpListenPcb): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpClose');
  if ((pcb as TcpListenPcb).acceptFn !== undefined) return tcpListenerClose(pcb as TcpListenPcb);
  return tcpConnectionClose(pcb as TcpPcb);
}

/**
 * Closes one direction: `rx` for receiving, `tx` for sending (a FIN follows the queued data).
 * @returns ERR_OK; ERR_CONN when not connected
 */
export function tcpShutdown(pcb: TcpPcb, rx: boolean, tx: boolean): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpShutdown');
  return tcpHalfClose(pcb, rx, tx);
}

/** Ends the connection at once with a RST; the error callback gets ERR_ABRT. A callback then returns ERR_ABRT. */
export function tcpAbort(pcb: TcpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpAbort');
  tcpAbandon(pcb, true, ERR_ABRT);
}

/** Bytes that tcpWrite() takes now, memory permitting. */
export function tcpSndbuf(pcb: TcpPcb): number {
  return pcb.sndBuf;
}

/** pbufs in the send queue. */
export function tcpSndqueuelen(pcb: TcpPcb): number {
  return pcb.sndQueuelen;
}

/** Bytes of the largest segment to send. */
export function tcpMss(pcb: TcpPcb): number {
  return pcb.mss;
}

/** Small segments leave at once, even while others are in flight. */
export function tcpNagleDisable(pcb: TcpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpNagleDisable');
  pcb.flags |= TF_NODELAY;
}

export function tcpNagleEnable(pcb: TcpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpNagleEnable');
  pcb.flags &= ~TF_NODELAY;
}

export function tcpNagleDisabled(pcb: TcpPcb): boolean {
  return (pcb.flags & TF_NODELAY) !== 0;
}

/**
 * Turns keepalive probes on or off, for a connection in whatever state.
 * @param idle milliseconds of silence before the first probe
 * @param interval milliseconds between probes
 * @param count probes without answer before the connection is given up
 */
export function tcpKeepalive(pcb: TcpPcb, on: boolean, idle: number, interval: number, count: number): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpKeepalive');
  if (!LWIP_TCP_KEEPALIVE || !on) {
    pcb.soOptions &= ~SOF_KEEPALIVE;
    return;
  }
  const keep = pcb.keep!;
  keep.idle = idle;
  keep.intvl = interval;
  keep.cnt = count;
  pcb.soOptions |= SOF_KEEPALIVE;
  if (pcb.flags & TF_LIVE) tcpKeepHeard(pcb);
}

/**
 * The addresses and ports of a connection's ends.
 * @param local true for this end, false for the peer
 * @returns ERR_OK, or ERR_VAL when there is no such end yet
 */
export function tcpTcpGetTcpAddrinfo(
  pcb: TcpPcb | TcpListenPcb,
  local: boolean,
  out: { addr: IpAddr; port: number },
): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'tcpTcpGetTcpAddrinfo');
  if (!local && pcb.state === LISTEN) return ERR_VAL;
  out.addr = local ? pcb.localIp : (pcb as TcpPcb).remoteIp;
  out.port = local ? pcb.localPort : (pcb as TcpPcb).remotePort;
  return ERR_OK;
}
