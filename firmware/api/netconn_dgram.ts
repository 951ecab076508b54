// UDP and RAW netconns: what comes in waits in a mailbox, or is dropped and counted when that is full; sending is done at
// once.

import { ERR_ARG, ERR_CONN, ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_RAW, LWIP_UDP } from '../stack/core/opt.js';
import { PBUF_RAM, PBUF_RAW, PBUF_UDP, pbufAlloc, pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { pbufClone, pbufCopyPartial } from '../stack/core/pbuf_data.js';
import { DROP, STAT_RAW, STAT_UDP, statInc } from '../stack/core/stats.js';
import { sysEvent, sysEventAll, type Wait } from '../stack/core/sys.js';
import { rawConnect, rawNew, rawRecv, rawSendto, type RawPcb } from '../stack/raw/raw.js';
import {
  UDP_FLAGS_NOCHKSUM,
  udpDisconnect,
  udpErr,
  udpNew,
  udpRecv,
  udpSendto,
  type UdpPcb,
} from '../stack/udp/udp.js';
import { netbufOf, type Netbuf } from './netbuf.js';
import {
  NETCONN_EVT_ERROR,
  NETCONN_EVT_RCVPLUS,
  NETCONN_FLAG_CONNECTED,
  NETCONN_TCP,
  NETCONN_UDPNOCHKSUM,
  netconnCall,
  netconnErr,
  netconnEvent,
  netconnIsEnd,
  type Netconn,
} from './netconn_state.js';

/** Gives a netconn a UDP PCB. @returns ERR_OK or ERR_MEM */
export function netconnUdpSetup(conn: Netconn): Err {
  const pcb = udpNew(conn.stack);
  if (!pcb) return ERR_MEM;
  conn.udp = pcb;
  if (conn.type === NETCONN_UDPNOCHKSUM) pcb.flags |= UDP_FLAGS_NOCHKSUM;
  udpRecv(pcb, recvUdp, conn);
  udpErr(pcb, errUdp, conn);
  return ERR_OK;
}

/** Gives a netconn a raw PCB. @returns ERR_OK or ERR_MEM */
export function netconnRawSetup(conn: Netconn, proto: number): Err {
  const pcb = rawNew(conn.stack, proto);
  if (!pcb) return ERR_MEM;
  conn.raw = pcb;
  conn.proto = proto;
  rawRecv(pcb, recvRaw, conn);
  return ERR_OK;
}

function room(conn: Netconn, len: number): boolean {
  return conn.netbufs.length < conn.recvLimit && conn.recvAvail + len <= conn.recvBufsize;
}

/** Puts a packet into the mailbox. @returns whether it was taken */
function post(conn: Netconn, p: Pbuf, addr: IpAddr, port: number): boolean {
  const buf = netbufOf(conn.stack, p, addr, port);
  if (!buf) return false;
  conn.netbufs.push(buf);
  conn.recvAvail += p.totLen;
  netconnEvent(conn, NETCONN_EVT_RCVPLUS);
  sysEvent(conn.readers);
  return true;
}

function recvUdp(conn: Netconn, _pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number): void {
  if (room(conn, p.totLen) && post(conn, p, addr, port)) return;
  pbufFree(p);
  statInc(conn.stack, STAT_UDP + DROP);
}

/** The datagram goes on to the stack, and to other PCBs: this takes a copy. */
function recvRaw(conn: Netconn, pcb: RawPcb, p: Pbuf, addr: IpAddr): number {
  const copy = room(conn, p.totLen) ? pbufClone(p, PBUF_RAW) : null;
  if (copy && post(conn, copy, addr, pcb.protocol)) return 0;
  pbufFree(copy);
  statInc(conn.stack, STAT_RAW + DROP);
  return 0;
}

/** RFC 1122, 4.1.3.3. Only a netconn with a peer can tell whom the error is about. */
function errUdp(conn: Netconn, _pcb: UdpPcb, err: Err): void {
  if (!(conn.flags & NETCONN_FLAG_CONNECTED)) return;
  conn.pendingErr = err;
  netconnEvent(conn, NETCONN_EVT_ERROR);
  sysEventAll(conn.readers);
}

/**
 * Sends a datagram, in the core context.
 * @returns ERR_OK; ERR_VAL: no data to send, or as udpSendto() and rawSendto(); what ICMP said of an earlier one
 */
export function netconnDgramSend(conn: Netconn, buf: Netbuf, addr: IpAddr, port: number): Err {
  const p = buf.p;
  if (conn.pendingErr !== ERR_OK) return netconnErr(conn);
  if (!p) return ERR_VAL;
  const off = p.off;
  const len = p.len;
  const totLen = p.totLen;
  let err: Err = ERR_VAL;
  if (LWIP_UDP && conn.udp) err = udpSendto(conn.udp, p, addr, port);
  else if (LWIP_RAW && conn.raw) err = rawSendto(conn.raw, p, addr);
  if (p.off === off) return err;
  // Headers were put in front of the data. The netbuf shall have the data alone again, in a copy where the packet still
  // waits to be sent.
  if (p.ref === 1) {
    p.off = off;
    p.len = len;
    p.totLen = totLen;
    return err;
  }
  const q = pbufAlloc(conn.stack, PBUF_UDP, totLen, PBUF_RAM);
  if (q) pbufCopyPartial(p, q.payload, q.off, totLen, off - p.off);
  pbufFree(p);
  buf.p = buf.ptr = q;
  return err;
}

/** UDP and RAW: from now on there is no peer. @returns ERR_OK; ERR_VAL for TCP; ERR_ARG */
export function netconnDisconnect(conn: Netconn): Err | Wait {
  return netconnCall(conn, disconnect, 0);
}

function disconnect(conn: Netconn): Err {
  if (LWIP_UDP && conn.udp) udpDisconnect(conn.udp);
  else if (LWIP_RAW && conn.raw) rawConnect(conn.raw, IP_ADDR_ANY);
  else return ERR_VAL;
  conn.flags &= ~NETCONN_FLAG_CONNECTED;
  return ERR_OK;
}

/**
 * UDP and RAW: sends to the peer that netconnConnect() has set.
 * @returns ERR_OK; ERR_CONN: there is no peer; else as netconnSendto()
 */
export function netconnSend(conn: Netconn, buf: Netbuf): Err | Wait {
  return buf && buf.live ? netconnCall(conn, send, buf) : ERR_ARG;
}

function send(conn: Netconn, buf: Netbuf): Err {
  if (LWIP_UDP && conn.udp) {
    return conn.udp.remotePort
      ? netconnDgramSend(conn, buf, conn.udp.remoteIp, conn.udp.remotePort)
      : ERR_CONN;
  }
  if (!LWIP_RAW || !conn.raw) return ERR_ARG;
  return conn.raw.remoteIp === IP_ADDR_ANY ? ERR_CONN : netconnDgramSend(conn, buf, conn.raw.remoteIp, 0);
}

/**
 * UDP and RAW: sends a datagram. It never waits. The netbuf stays the caller's; the bytes of netbufRef() stay as they are
 * until the call returns.
 * @returns ERR_OK; ERR_VAL: no data, no address, or too long; ERR_RTE; ERR_MEM; ERR_IF; ERR_USE: no free port; ERR_CONN,
 *   ERR_RTE, ERR_TIMEOUT: what ICMP said of an earlier datagram to the peer, told once; ERR_ARG
 */
export function netconnSendto(conn: Netconn, buf: Netbuf, addr: IpAddr, port: number): Err | Wait {
  return buf && buf.live && netconnIsEnd(addr, port)
    ? netconnCall(conn, sendto, { buf, addr, port })
    : ERR_ARG;
}

function sendto(conn: Netconn, to: { buf: Netbuf; addr: IpAddr; port: number }): Err {
  return conn.type === NETCONN_TCP ? ERR_ARG : netconnDgramSend(conn, to.buf, to.addr, to.port);
}
