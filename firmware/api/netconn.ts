// The sequential API, lwIP's in camelCase: what a netconn is made, bound, connected and closed with. A call that has to wait
// returns a Wait, for a task to yield or `then`; all others, and those that need not wait, return an error code. A netconn
// that was deleted, a thing that is none, or one of another type than a call is for: ERR_ARG.

import { ERR_ARG, ERR_CONN, ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../stack/core/err.js';
import type { IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_RAW, LWIP_TCP, LWIP_UDP } from '../stack/core/opt.js';
import type { Stack } from '../stack/core/stack.js';
import { sysWait, type Wait } from '../stack/core/sys.js';
import { rawBind, rawConnect } from '../stack/raw/raw.js';
import { tcpBind, tcpNew } from '../stack/tcp/tcp.js';
import { ESTABLISHED } from '../stack/tcp/tcp_state.js';
import { udpBind, udpConnect } from '../stack/udp/udp.js';
import {
  NETCONN_FLAG_BOUND,
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_NON_BLOCKING,
  NETCONN_RAW,
  NETCONN_TCP,
  NETCONN_UDP,
  NETCONN_UDPNOCHKSUM,
  netconnAlloc,
  netconnCall,
  netconnFree,
  netconnIsEnd,
  netconnValid,
  type Netconn,
  type NetconnCallback,
  type NetconnEnd,
} from './netconn_state.js';
import { netconnTcpConnect, netconnTcpSetup, netconnTryConnected } from './netconn_tcp.js';
import { netconnRawSetup, netconnUdpSetup } from './netconn_dgram.js';

export * from './netconn_close.js';
export * from './netconn_dgram.js';
export * from './netconn_dns.js';
export * from './netconn_group.js';
export * from './netconn_listen.js';
export * from './netconn_options.js';
export * from './netconn_recv.js';
export * from './netconn_state.js';
export { netconnTcpConnect, netconnTryConnected } from './netconn_tcp.js';
export * from './netconn_write.js';

/**
 * A new netconn.
 * @param type NETCONN_TCP, NETCONN_UDP, NETCONN_UDPNOCHKSUM or NETCONN_RAW
 * @param proto for RAW: the protocol number, 0 to 255
 * @param callback told of events
 * @returns null when netconns or PCBs are exhausted (counted), for another type, and for one that the build is without
 */
export function netconnNew(
  stack: Stack,
  type: number,
  proto?: number,
  callback?: NetconnCallback | null,
): Netconn | null {
  const conn = netconnAlloc(stack, type, callback || null);
  if (!conn) return null;
  // A PCB in no use disturbs nobody, not even who holds the core lock.
  const sys = stack.sys;
  const holder = sys.holder;
  sys.holder = sys.runs;
  const err = setUp(conn, proto || 0);
  sys.holder = holder;
  if (err === ERR_OK) return conn;
  netconnFree(conn);
  return null;
}

function setUp(conn: Netconn, proto: number): Err {
  const type = conn.type;
  if (LWIP_TCP && type === NETCONN_TCP) {
    const pcb = tcpNew(conn.stack);
    if (!pcb) return ERR_MEM;
    netconnTcpSetup(conn, pcb);
    return ERR_OK;
  }
  if (LWIP_UDP && (type === NETCONN_UDP || type === NETCONN_UDPNOCHKSUM)) return netconnUdpSetup(conn);
  if (LWIP_RAW && type === NETCONN_RAW && proto >= 0 && proto <= 255) return netconnRawSetup(conn, proto);
  return ERR_VAL;
}

/**
 * Binds to an own address and port; RAW: to an address.
 * @param addr IP_ADDR_ANY for all
 * @param port 0: a free one is chosen
 * @returns ERR_OK; ERR_USE: taken; ERR_BUF: no free port; ERR_VAL: connected, listening or closed; ERR_ARG
 */
export function netconnBind(conn: Netconn, addr: IpAddr, port: number): Err | Wait {
  return netconnIsEnd(addr, port) ? netconnCall(conn, bind, { addr, port }) : ERR_ARG;
}

function bind(conn: Netconn, to: NetconnEnd): Err {
  let err: Err = ERR_VAL;
  if (LWIP_TCP && conn.tcp) err = tcpBind(conn.tcp, to.addr, to.port);
  else if (LWIP_UDP && conn.udp) err = udpBind(conn.udp, to.addr, to.port);
  else if (LWIP_RAW && conn.raw) err = rawBind(conn.raw, to.addr);
  if (err === ERR_OK) conn.flags |= NETCONN_FLAG_BOUND;
  return err === ERR_ARG ? ERR_VAL : err;
}

/**
 * Connects. TCP waits until the connection is there, at most for the send time-out; UDP and RAW are done at once: they
 * send to that peer, and hear it alone.
 * @returns ERR_OK; TCP: ERR_RST: refused; ERR_ABRT: no answer; ERR_INPROGRESS: it goes on, without blocking or after the
 *   time-out; ERR_ALREADY: it was going on; ERR_ISCONN: connected, or listening; ERR_CLSD: was closed; ERR_USE: the same
 *   connection exists; ERR_RTE; ERR_VAL: no address to connect to; ERR_BUF: no free port; ERR_MEM; ERR_ARG
 */
export function netconnConnect(conn: Netconn, addr: IpAddr, port: number): Err | Wait {
  return netconnIsEnd(addr, port) ? netconnCall(conn, connect, { addr, port }) : ERR_ARG;
}

function connect(conn: Netconn, to: NetconnEnd): Err | Wait {
  if (LWIP_TCP && conn.type === NETCONN_TCP) {
    const err = netconnTcpConnect(conn, to.addr, to.port);
    if (err !== ERR_OK) return err;
    if (conn.flags & NETCONN_FLAG_NON_BLOCKING) return ERR_INPROGRESS;
    return sysWait(conn.stack, conn.writers, conn.sendTimeout, netconnTryConnected, conn, null);
  }
  let err: Err = ERR_VAL;
  if (LWIP_UDP && conn.udp) err = udpConnect(conn.udp, to.addr, to.port);
  else if (LWIP_RAW && conn.raw) err = rawConnect(conn.raw, to.addr);
  if (err === ERR_OK) conn.flags |= NETCONN_FLAG_CONNECTED;
  return err;
}

/**
 * Tells an end's address and port; the port of a RAW netconn is its protocol number.
 * @param local true for this end, false for the peer
 * @returns ERR_OK; ERR_CONN: there is no peer; ERR_ARG
 */
export function netconnGetaddr(conn: Netconn, out: NetconnEnd, local: boolean): Err {
  if (!netconnValid(conn)) return ERR_ARG;
  const tcp = conn.tcp;
  const pcb = (LWIP_TCP && (tcp || conn.listener)) || (LWIP_UDP && conn.udp) || conn.raw!;
  if (local) {
    out.addr = pcb.localIp;
    out.port = (pcb as { localPort?: number }).localPort || conn.proto;
    return ERR_OK;
  }
  if (!(conn.flags & NETCONN_FLAG_CONNECTED)) return ERR_CONN;
  if (LWIP_TCP && conn.type === NETCONN_TCP && !(tcp && tcp.state >= ESTABLISHED)) return ERR_CONN;
  const peer = pcb as { remoteIp: IpAddr; remotePort?: number };
  out.addr = peer.remoteIp;
  out.port = peer.remotePort || conn.proto;
  return ERR_OK;
}

/** The peer's address and port: netconnGetaddr(). */
export function netconnPeer(conn: Netconn, out: NetconnEnd): Err {
  return netconnGetaddr(conn, out, false);
}

/** The own address and port: netconnGetaddr(). */
export function netconnAddr(conn: Netconn, out: NetconnEnd): Err {
  return netconnGetaddr(conn, out, true);
}
