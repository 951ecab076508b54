// ICMP (RFC 792; RFC 1122, 3.2.2): answers echo requests, sends errors where that is allowed, and hands received
// errors to the transport they are about. Asking is in ping.ts.

import { get16, load16, load32, store16, store32 } from '../core/bytes.js';
import { chksumPbuf, chksumBytes } from '../core/checksum.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_OK } from '../core/err.js';
import type { Ip4Addr, IpAddr } from '../core/ipaddr.js';
import {
  NETIF_CHECKSUM_CHECK_ICMP,
  NETIF_CHECKSUM_GEN_ICMP,
  netifIsLoopback,
  type Netif,
} from '../core/netif.js';
import {
  IP_REASSEMBLY,
  LWIP_CHECKSUM_CTRL_PER_NETIF,
  LWIP_ICMP,
  LWIP_TCP,
  LWIP_UDP,
  LWIP_UDP_ERR,
  TCP_ICMP,
} from '../core/opt.js';
import {
  PBUF_FLAG_LLBCAST,
  PBUF_FLAG_LLMCAST,
  PBUF_FLAG_REASS,
  PBUF_IP,
  PBUF_RAM,
  PBUF_REF,
  pbufAlloc,
  pbufFree,
  type Pbuf,
} from '../core/pbuf.js';
import { pbufClone } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { CHKERR, DROP, ERR, LENERR, MEMERR, PROTERR, RECV, STAT_ICMP, XMIT, statInc } from '../core/stats.js';
import { ipOutputIf, ipRoute } from '../ip/ip.js';
import { IP_PROTO_ICMP, IP_PROTO_TCP, IP_PROTO_UDP } from '../ip/ip_wire.js';
import { ip4AddrIsLocal, ip4IsBroadcast, ip4IsNoHost } from '../ip4/ip4_addr.js';
import { IP4_DST, IP4_FRAG, IP4_HLEN, IP4_OFFMASK, IP4_PROTO, IP4_SRC } from '../ip4/ip4_wire.js';
import { tcpIcmpError } from '../tcp/tcp_in.js';
import { udpIcmpError } from '../udp/udp.js';
import {
  ICMP_CHKSUM,
  ICMP_CODE,
  ICMP_DUR,
  ICMP_DUR_FRAG,
  ICMP_DUR_PORT,
  ICMP_DUR_PROTO,
  ICMP_ECHO,
  ICMP_ER,
  ICMP_HLEN,
  ICMP_MTU,
  ICMP_TE,
  ICMP_TS,
} from './icmp_wire.js';

export {
  ICMP_DUR_FRAG,
  ICMP_DUR_HOST,
  ICMP_DUR_NET,
  ICMP_DUR_PORT,
  ICMP_DUR_PROTO,
  ICMP_DUR_SR,
  ICMP_TE_FRAG,
  ICMP_TE_TTL,
} from './icmp_wire.js';

/** RFC 1122, 3.2.2.6 leaves it open whether echo requests to groups are answered: no, or this host amplifies. */
const ICMP_ECHO_GROUPS: boolean = false;

/** Bytes of the offending datagram's data that an error quotes (RFC 792: 64 bits). */
const QUOTED = 8;

export interface IcmpState {
  /** Clock since when errors that may be sent have been gathering: 1000 ms are ICMP_ERROR_RATE of them. */
  since: number;
}

export function icmpInit(stack: Stack): void {
  stack.icmp = { since: stack.clock() - 1000 };
}

/**
 * Takes a received message; consumes it.
 * @param p at the ICMP header, the IP header `hlen` bytes before it
 */
export function icmpInput(p: Pbuf, netif: Netif, src: IpAddr, dst: IpAddr, hlen: number): void {
  statInc(netif.stack, STAT_ICMP + RECV);
  const fault = receive(p, netif, src as Ip4Addr, dst as Ip4Addr, hlen);
  if (fault) pbufDrop(p, STAT_ICMP, fault);
  else pbufFree(p);
}

/** Acts on a message, which stays the caller's. @returns why it is dropped, a STAT field, or 0 */
function receive(p: Pbuf, netif: Netif, src: Ip4Addr, dst: Ip4Addr, hlen: number): number {
  if (p.len < ICMP_HLEN) return LENERR;
  if (
    (!LWIP_CHECKSUM_CTRL_PER_NETIF ||
      netif.chksumFlags & NETIF_CHECKSUM_CHECK_ICMP ||
      (IP_REASSEMBLY && p.flags & PBUF_FLAG_REASS)) &&
    chksumPbuf(p, p.totLen, hlen) !== 0xffff
  ) {
    return CHKERR;
  }
  const type = p.payload[p.off]!;
  if (type === ICMP_ECHO) return echo(p, netif, src, dst);
  if (type === ICMP_DUR || type === ICMP_TE) return errorInput(p, netif.stack, type);
  // RFC 1122, 3.2.2: unknown types are silently discarded; replies are for raw PCBs, which saw them before.
  return type === ICMP_ER ? 0 : PROTERR;
}

/** Answers an echo request, in the buffer that it came in where that can be. @returns as receive() */
function echo(p: Pbuf, netif: Netif, src: Ip4Addr, dst: Ip4Addr): number {
  const stack = netif.stack;
  // An own address that the datagram came for is what it is answered from.
  let from = dst;
  if (dst !== netif.ipAddr && (dst >>> 28 >= 14 || ip4IsBroadcast(dst, netif))) {
    if (!ICMP_ECHO_GROUPS) return DROP;
    from = netif.ipAddr;
  }
  if (src === 0) return ERR;
  // What is somebody else's to read is not to be written to.
  const q = p.ref > 1 || p.type >= PBUF_REF ? pbufClone(p, PBUF_IP) : p;
  if (!q) return MEMERR;
  const b = q.payload;
  const o = q.off;
  // RFC 1624: with the type the sum gets less by ICMP_ECHO << 8, so the checksum more.
  const sum = get16(b, o + ICMP_CHKSUM) + (ICMP_ECHO << 8);
  b[o] = ICMP_ER;
  store16(b, o + ICMP_CHKSUM, genInSoftware(netif, q) ? (sum > 0xffff ? sum - 0xffff : sum) : 0);
  q.flags = 0;
  statInc(stack, STAT_ICMP + XMIT);
  ipOutputIf(q, from, src, stack.opt.IP_DEFAULT_TTL, 0, IP_PROTO_ICMP, netif);
  if (q !== p) pbufFree(q);
  return 0;
}

/** Whether the stack has to put the checksum in: also where the chip would, for a datagram in fragments. */
function genInSoftware(netif: Netif, p: Pbuf): boolean {
  return (
    !LWIP_CHECKSUM_CTRL_PER_NETIF ||
    (netif.chksumFlags & NETIF_CHECKSUM_GEN_ICMP) !== 0 ||
    (p.totLen + IP4_HLEN > netif.mtu && netif.mtu > 0)
  );
}

/** An error about a datagram of ours: to its transport. @returns as receive() */
function errorInput(p: Pbuf, stack: Stack, type: number): number {
  // Nobody here wants to know.
  if (!(LWIP_TCP && TCP_ICMP) && !(LWIP_UDP && LWIP_UDP_ERR)) return 0;
  const b = p.payload;
  const o = p.off;
  const q = o + ICMP_HLEN;
  const len = p.len - ICMP_HLEN;
  // Version and header length; where the message ends before them they are somebody's old bytes, but len tells.
  const vhl = b[q]!;
  const hlen = (vhl & 15) << 2;
  if (vhl >> 4 !== 4 || hlen < IP4_HLEN || len < hlen + QUOTED) return LENERR;
  const src = load32(b, q + IP4_SRC);
  const dst = load32(b, q + IP4_DST);
  // RFC 5927, 4: only what can be told to be about something that this host sent is of any use.
  if (!ip4AddrIsLocal(stack, src) || load16(b, q + IP4_FRAG) & IP4_OFFMASK) return PROTERR;
  const proto = b[q + IP4_PROTO]!;
  const code = b[o + ICMP_CODE]!;
  const t = q + hlen;
  const localPort = load16(b, t);
  const remotePort = load16(b, t + 2);
  if (LWIP_TCP && proto === IP_PROTO_TCP) {
    const mtu = type === ICMP_DUR && code === ICMP_DUR_FRAG ? load16(b, o + ICMP_MTU) : 0;
    tcpIcmpError(stack, src, dst, localPort, remotePort, load32(b, t + 4), type, code, mtu);
  } else if (LWIP_UDP && LWIP_UDP_ERR && proto === IP_PROTO_UDP) {
    udpIcmpError(stack, src, dst, localPort, remotePort, type, code);
  }
  return 0;
}

/**
 * Whether one more error (or RST to a stranger) may be sent now: a token bucket of ICMP_ERROR_RATE a second
 * (RFC 1812, 4.3.2.8). A token is taken.
 */
export function icmpErrorAllowed(stack: Stack): boolean {
  // Without ICMP the bucket still limits TCP's resets.
  if (!LWIP_ICMP && !stack.icmp) icmpInit(stack);
  const state = stack.icmp;
  const rate = stack.opt.ICMP_ERROR_RATE;
  const now = stack.clock();
  let credit = now - state.since;
  // Full; also after the clock went round.
  if (credit < 0 || credit > 1000) credit = 1000;
  // A token is 1000 / rate ms; what rounding takes is not missed.
  if (credit * rate < 999) return false;
  state.since = now - credit + 1000 / rate;
  return true;
}

/**
 * Tells the sender of a datagram that it cannot be delivered, where RFC 1122, 3.2.2 allows to.
 * @param p at the transport header, the IP header `hlen` bytes before it; stays the caller's
 * @param netif interface it came by
 * @param code ICMP_DUR_ constant
 */
export function icmpDestUnreach(p: Pbuf, netif: Netif, hlen: number, code: number): void {
  sendError(p, netif, hlen, ICMP_DUR, code, 0);
}

/** As icmpDestUnreach() with ICMP_DUR_FRAG, naming the MTU that a datagram with DF was too long for. */
export function icmpFragNeeded(p: Pbuf, netif: Netif, hlen: number, mtu: number): void {
  sendError(p, netif, hlen, ICMP_DUR, ICMP_DUR_FRAG, mtu);
}

/** As icmpDestUnreach(), for a datagram whose time is over. @param code ICMP_TE_TTL or ICMP_TE_FRAG */
export function icmpTimeExceeded(p: Pbuf, netif: Netif, hlen: number, code: number): void {
  sendError(p, netif, hlen, ICMP_TE, code, 0);
}

function sendError(p: Pbuf, netif: Netif, hlen: number, type: number, code: number, mtu: number): void {
  const stack = netif.stack;
  const b = p.payload;
  const ipAt = p.off - hlen;
  const src = load32(b, ipAt + IP4_SRC);
  const dst = load32(b, ipAt + IP4_DST);
  // RFC 1122, 3.2.2: no errors about errors, groups, link broadcasts, later fragments, sources that are no host.
  if (
    p.flags & (PBUF_FLAG_LLBCAST | PBUF_FLAG_LLMCAST) ||
    load16(b, ipAt + IP4_FRAG) & IP4_OFFMASK ||
    ip4IsNoHost(src, netif) ||
    ip4IsNoHost(dst, netif) ||
    (src >>> 24 === 127 && !netifIsLoopback(netif)) ||
    (b[ipAt + IP4_PROTO] === IP_PROTO_ICMP && (p.len < 1 || !isQuery(b[p.off]!)))
  ) {
    return;
  }
  // The way back is by the interface it came by, unless that is loopback turned round for another's address.
  const out = netifIsLoopback(netif) ? ipRoute(stack, 0, src) : netif;
  if (!out || !icmpErrorAllowed(stack)) {
    statInc(stack, STAT_ICMP + DROP);
    return;
  }
  const n = hlen + (p.len < QUOTED ? p.len : QUOTED);
  const q = pbufAlloc(stack, PBUF_IP, ICMP_HLEN + n, PBUF_RAM);
  if (!q) {
    statInc(stack, STAT_ICMP + MEMERR);
    return;
  }
  const to = q.payload;
  const o = q.off;
  to[o] = type;
  to[o + ICMP_CODE] = code;
  store16(to, o + ICMP_CHKSUM, 0);
  store32(to, o + 4, mtu);
  to.set(b.subarray(ipAt, ipAt + n), o + ICMP_HLEN);
  if (genInSoftware(out, q)) store16(to, o + ICMP_CHKSUM, ~chksumBytes(to, o, ICMP_HLEN + n));
  // RFC 1122, 3.2.2: what reached its host is answered from the address that it was sent to.
  const local = type === ICMP_DUR && (code === ICMP_DUR_PORT || code === ICMP_DUR_PROTO);
  if (
    ipOutputIf(q, local ? dst : out.ipAddr, src, stack.opt.IP_DEFAULT_TTL, 0, IP_PROTO_ICMP, out) === ERR_OK
  ) {
    statInc(stack, STAT_ICMP + XMIT);
  }
  pbufFree(q);
}

/** Whether an ICMP message of this type asks or answers, rather than reports an error. */
function isQuery(type: number): boolean {
  return type === ICMP_ECHO || type === ICMP_ER || type >= ICMP_TS;
}
