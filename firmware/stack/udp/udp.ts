// UDP PCBs: binding, connecting, sending (RFC 768; RFC 1122, 4.1). Received datagrams find their PCB in udp_in.ts.

import { tcpipAssert } from '../core/context.js';
import { store16, store32 } from '../core/bytes.js';
import { CHKSUM_HEADROOM, chksumPseudo } from '../core/checksum.js';
import { ERR_MEM, ERR_OK, ERR_RTE, ERR_USE, ERR_VAL, type Err } from '../core/err.js';
import {
  IP_ADDR_ANY,
  ipAddrEq,
  ipAddrIsAny,
  ipAddrIsMulticast,
  type Ip4Addr,
  type IpAddr,
} from '../core/ipaddr.js';
import { listWithout } from '../core/list.js';
import { MEMP_UDP_PCB, mempFree, mempTake } from '../core/memp.js';
import {
  NETIF_CHECKSUM_GEN_UDP,
  NETIF_REASON_IPV4,
  NETIF_REASON_REMOVED,
  type Netif,
} from '../core/netif.js';
import {
  IP_FRAG,
  LWIP_ASSERT_CORE_LOCKED,
  LWIP_CHECKSUM_CTRL_PER_NETIF,
  LWIP_IGMP,
  LWIP_MULTICAST_TX_OPTIONS,
  LWIP_SINGLE_NETIF,
  LWIP_UDP_ERR,
  UDP_CONNECT,
} from '../core/opt.js';
import { PBUF_FLAG_MCASTLOOP, PBUF_IP, pbufFree, type Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { ERR as STAT_ERR, LENERR, MEMERR, RTERR, STAT_UDP, XMIT, statInc } from '../core/stats.js';
import { igmpLookfor } from '../igmp/igmp.js';
import { ipOutputIf, ipRoute, ipSrcAddr } from '../ip/ip.js';
import { SOF_REUSEADDR, ipHeaderRoom, type IpPcb } from '../ip/ip_pcb.js';
import { IP_PROTO_UDP } from '../ip/ip_wire.js';
import { IP4_HLEN } from '../ip4/ip4_wire.js';
import { UDP_CHKSUM, UDP_DST, UDP_HLEN, UDP_LEN } from './udp_wire.js';

export { udpIcmpError, udpInput } from './udp_in.js';

/** pcb.flags: send without a checksum (RFC 768, "Checksum"). */
export const UDP_FLAGS_NOCHKSUM = 0x01;
/** pcb.flags: multicasts come back to this host's members of the group, too; set at first. */
export const UDP_FLAGS_MULTICAST_LOOP = 0x08;

/** Ports for PCBs that did not ask for one (RFC 6335, 6). */
const EPHEMERAL_FIRST = 49152;
const EPHEMERAL_COUNT = 16384;

/**
 * Takes a received datagram.
 * @param p its payload; the callback's to free
 * @param addr and @param port where it comes from
 */
export type UdpRecv<T> = (arg: T, pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number) => void;

/** Told of an ICMP error: ERR_CONN (port closed), ERR_RTE (unreachable), ERR_TIMEOUT (time exceeded). */
export type UdpErr<T> = (arg: T, pcb: UdpPcb, err: Err) => void;

export interface UdpPcb extends IpPcb {
  /** What multicasts leave by, null for the route's choice; and with which TTL. */
  mcastNetif: Netif | null;
  mcastTtl: number;
  flags: number;
  errArg: unknown;
  err: UdpErr<unknown> | null;
  recvArg: unknown;
  recv: UdpRecv<unknown> | null;
  next: UdpPcb | null;
  /** 0 while not connected. */
  remotePort: number;
  localPort: number;
}

export interface UdpState {
  pcbs: UdpPcb | null;
}

export function udpInit(stack: Stack): void {
  stack.udp = { pcbs: null };
  stack.netifHooks.push(netifChanged);
}

/** A PCB for one UDP endpoint. @returns null when MEMP_NUM_UDP_PCB are in use (counted) */
export function udpNew(stack: Stack): UdpPcb | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'udpNew');
  if (mempTake(stack, MEMP_UDP_PCB) !== ERR_OK) return null;
  const pcb = (stack.udp.pcbs = {
    stack,
    netif: null,
    soOptions: 0,
    tos: 0,
    ttl: stack.opt.IP_DEFAULT_TTL,
    remoteIp: IP_ADDR_ANY,
    localIp: IP_ADDR_ANY,
    flags: LWIP_MULTICAST_TX_OPTIONS ? UDP_FLAGS_MULTICAST_LOOP : 0,
    errArg: null,
    err: null,
    recvArg: null,
    recv: null,
    next: stack.udp.pcbs,
    remotePort: 0,
    localPort: 0,
  } as UdpPcb);
  if (LWIP_MULTICAST_TX_OPTIONS) {
    pcb.mcastNetif = null;
    pcb.mcastTtl = 1;
  }
  return pcb;
}

/**
 * Gives a PCB its local address and port.
 * @param ip IP_ADDR_ANY for all of the host's
 * @param port 0 for a random free one (RFC 6056, 3.3.1)
 * @returns ERR_OK, or ERR_USE when another PCB has it and not both have SOF_REUSEADDR
 */
export function udpBind(pcb: UdpPcb, ip: IpAddr, port: number): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpBind');
  const stack = pcb.stack;
  if (port === 0) {
    port = freePort(stack);
    if (port === 0) return ERR_USE;
  } else {
    for (let other = stack.udp.pcbs; other; other = other.next) {
      if (
        other !== pcb &&
        other.localPort === port &&
        (ipAddrIsAny(ip) || ipAddrIsAny(other.localIp) || ipAddrEq(ip, other.localIp)) &&
        (LWIP_SINGLE_NETIF || !pcb.netif || !other.netif || pcb.netif === other.netif) &&
        !(pcb.soOptions & other.soOptions & SOF_REUSEADDR)
      ) {
        return ERR_USE;
      }
    }
  }
  pcb.localIp = ip;
  pcb.localPort = port;
  return ERR_OK;
}

/** A random port that no PCB has, or 0. */
function freePort(stack: Stack): number {
  let n = stack.random16();
  for (let tries = 0; tries < EPHEMERAL_COUNT; tries++) {
    const port = EPHEMERAL_FIRST + (n++ % EPHEMERAL_COUNT);
    let pcb = stack.udp.pcbs;
    while (pcb && pcb.localPort !== port) pcb = pcb.next;
    if (!pcb) return port;
  }
  return 0;
}

/** Receives and sends by one interface only; null for all. */
export function udpBindNetif(pcb: UdpPcb, netif: Netif | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpBindNetif');
  pcb.netif = netif;
}

/**
 * Sets the peer: udpSend() goes to it, and only its datagrams are received.
 * @returns ERR_OK, ERR_VAL (no address or port, or a build without UDP_CONNECT), ERR_USE (no free local port)
 */
export function udpConnect(pcb: UdpPcb, ip: IpAddr, port: number): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpConnect');
  if (!UDP_CONNECT || port === 0 || ipAddrIsAny(ip)) return ERR_VAL;
  if (pcb.localPort === 0) {
    const err = udpBind(pcb, pcb.localIp, 0);
    if (err !== ERR_OK) return err;
  }
  pcb.remoteIp = ip;
  pcb.remotePort = port;
  return ERR_OK;
}

/** Receives from anybody again. */
export function udpDisconnect(pcb: UdpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpDisconnect');
  pcb.remoteIp = IP_ADDR_ANY;
  pcb.remotePort = 0;
}

/** Multicasts leave by this interface; null: by the one that the route names. */
export function udpSetMulticastNetif(pcb: UdpPcb, netif: Netif | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSetMulticastNetif');
  pcb.mcastNetif = netif;
}

/** The TTL of multicasts, 0 to 255 (RFC 1112, 6.1: 1 unless asked for otherwise). */
export function udpSetMulticastTtl(pcb: UdpPcb, ttl: number): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSetMulticastTtl');
  pcb.mcastTtl = ttl;
}

/** Whether multicasts come back to this host's members of the group (RFC 1112, 6.1). */
export function udpSetMulticastLoop(pcb: UdpPcb, on: boolean): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSetMulticastLoop');
  if (on) pcb.flags |= UDP_FLAGS_MULTICAST_LOOP;
  else pcb.flags &= ~UDP_FLAGS_MULTICAST_LOOP;
}

/** Sets who receives datagrams; null drops them. */
export function udpRecv<T>(pcb: UdpPcb, fn: UdpRecv<T> | null, arg: T): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpRecv');
  pcb.recv = fn as UdpRecv<unknown> | null;
  pcb.recvArg = arg;
}

/** Sets who is told of ICMP errors about the PCB's datagrams; nobody in a build without LWIP_UDP_ERR. */
export function udpErr<T>(pcb: UdpPcb, fn: UdpErr<T> | null, arg: T): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpErr');
  if (!LWIP_UDP_ERR) return;
  pcb.err = fn as UdpErr<unknown> | null;
  pcb.errArg = arg;
}

/** Sends to the connected peer. @returns ERR_VAL when there is none, else as udpSendto() */
export function udpSend(pcb: UdpPcb, p: Pbuf): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSend');
  return udpSendto(pcb, p, pcb.remoteIp, pcb.remotePort);
}

/**
 * Sends a datagram. An unbound PCB gets a port.
 * @param p the payload; stays the caller's, but its headroom is used for headers, so it cannot be sent again
 * @returns ERR_OK (sent or queued), ERR_VAL (no address or port, or too long), ERR_RTE (no route), ERR_USE (no free
 *          port), ERR_MEM, ERR_IF
 */
export function udpSendto(pcb: UdpPcb, p: Pbuf, ip: IpAddr, port: number): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSendto');
  const netif =
    pcb.netif ||
    (LWIP_MULTICAST_TX_OPTIONS && ipAddrIsMulticast(ip) && pcb.mcastNetif) ||
    ipRoute(pcb.stack, pcb.localIp, ip);
  if (!netif) {
    statInc(pcb.stack, STAT_UDP + RTERR);
    return ERR_RTE;
  }
  return udpSendtoIf(pcb, p, ip, port, netif);
}

/** As udpSendto(), by a given interface. */
export function udpSendtoIf(pcb: UdpPcb, p: Pbuf, ip: IpAddr, port: number, netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSendtoIf');
  const local = pcb.localIp;
  return udpSendtoIfSrc(pcb, p, ip, port, netif, ipAddrIsAny(local) ? ipSrcAddr(netif, ip) : local);
}

/** As udpSendto(), by a given interface and from a given address, which may be IP_ADDR_ANY (DHCP). */
export function udpSendtoIfSrc(
  pcb: UdpPcb,
  p: Pbuf,
  ip: IpAddr,
  port: number,
  netif: Netif,
  src: IpAddr,
): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpSendtoIfSrc');
  const stack = pcb.stack;
  if (port === 0 || ipAddrIsAny(ip)) return ERR_VAL;
  if (pcb.localPort === 0) {
    const err = udpBind(pcb, pcb.localIp, 0);
    if (err !== ERR_OK) return err;
  }
  const length = p.totLen + UDP_HLEN;
  if (length > 0xffff - IP4_HLEN) {
    statInc(stack, STAT_UDP + LENERR);
    return ERR_VAL;
  }
  const q = ipHeaderRoom(p, UDP_HLEN);
  if (!q) {
    statInc(stack, STAT_UDP + MEMERR);
    return ERR_MEM;
  }
  const b = q.payload;
  const o = q.off;
  store16(b, o, pcb.localPort);
  store16(b, o + UDP_DST, port);
  // The checksum field after it is 0 until the sum is known.
  store32(b, o + UDP_LEN, length << 16);
  if (
    !(pcb.flags & UDP_FLAGS_NOCHKSUM) &&
    (!LWIP_CHECKSUM_CTRL_PER_NETIF ||
      netif.chksumFlags & NETIF_CHECKSUM_GEN_UDP ||
      // A chip sees fragments one at a time, so it cannot sum over all of them.
      (IP_FRAG && length + IP4_HLEN > netif.mtu && netif.mtu > 0))
  ) {
    // RFC 768: 0 says that there is no checksum, so one that comes out as 0 is sent as its other form.
    // Before the room for lower headers an application may keep something of its own.
    const before = o === PBUF_IP ? CHKSUM_HEADROOM : 0;
    store16(b, o + UDP_CHKSUM, chksumPseudo(q, IP_PROTO_UDP, length, src, ip, before) || 0xffff);
  }
  let ttl = pcb.ttl;
  if (LWIP_MULTICAST_TX_OPTIONS && ipAddrIsMulticast(ip)) {
    ttl = pcb.mcastTtl;
    if (LWIP_IGMP && pcb.flags & UDP_FLAGS_MULTICAST_LOOP && igmpLookfor(netif, ip as Ip4Addr))
      q.flags |= PBUF_FLAG_MCASTLOOP;
  }
  const err = ipOutputIf(q, src, ip, ttl, pcb.tos, IP_PROTO_UDP, netif);
  statInc(stack, STAT_UDP + (err === ERR_OK ? XMIT : STAT_ERR));
  if (q !== p) pbufFree(q);
  return err;
}

/** Ends a PCB. */
export function udpRemove(pcb: UdpPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'udpRemove');
  const stack = pcb.stack;
  // Where a datagram is being handed to several, this one may be next.
  pcb.recv = null;
  for (let u = stack.udp.pcbs; u; u = u.next) if (u === pcb) mempFree(stack, MEMP_UDP_PCB);
  stack.udp.pcbs = listWithout(stack.udp.pcbs, pcb);
}

function netifChanged(netif: Netif, reason: number, oldAddr: Ip4Addr): void {
  for (let pcb = netif.stack.udp.pcbs; pcb; pcb = pcb.next) {
    // Who is bound to an interface's address means the interface: the PCB moves to the new address.
    if (reason & NETIF_REASON_IPV4 && oldAddr !== 0 && pcb.localIp === oldAddr && netif.ipAddr !== 0) {
      pcb.localIp = netif.ipAddr;
    }
    if (reason & NETIF_REASON_REMOVED && pcb.netif === netif) pcb.netif = null;
    if (LWIP_MULTICAST_TX_OPTIONS && reason & NETIF_REASON_REMOVED && pcb.mcastNetif === netif)
      pcb.mcastNetif = null;
  }
}
