// IPv4 datagrams in and out (RFC 791; RFC 1122, 3.2 and 3.3): what is valid, what is for this host, and the header.
// Which interface a datagram leaves by is in ip4_route.ts; fragments are in reassembly.ts and fragment.ts.
// For reception this is a weak host (RFC 1122, 3.3.4.2): it takes datagrams to any of its addresses on any
// interface, except loopback addresses from outside.

import { chksumBytes } from '../core/checksum.js';
import { get16, put16, store16, store32 } from '../core/bytes.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_BUF, ERR_OK, ERR_VAL, type Err } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import {
  NETIF_CHECKSUM_CHECK_IP,
  NETIF_CHECKSUM_GEN_IP,
  NETIF_FLAG_ACCEPT_ALL,
  NETIF_FLAG_IGMP,
  NETIF_FLAG_UP,
  netifIsLoopback,
  type Netif,
} from '../core/netif.js';
import {
  IP_FORWARD,
  IP_FRAG,
  IP_OPTIONS_ALLOWED,
  IP_REASSEMBLY,
  LWIP_ACCEPT_ALL,
  LWIP_CHECKSUM_CTRL_PER_NETIF,
  LWIP_DHCP,
  LWIP_ICMP,
  LWIP_IGMP,
  LWIP_MULTICAST_TX_OPTIONS,
  LWIP_NETIF_LOOPBACK,
  LWIP_RAW,
  LWIP_SINGLE_NETIF,
  LWIP_TCP,
  LWIP_UDP,
} from '../core/opt.js';
import {
  PBUF_FLAG_LLBCAST,
  PBUF_FLAG_LLMCAST,
  PBUF_FLAG_MCASTLOOP,
  pbufAddHeader,
  pbufRealloc,
  type Pbuf,
} from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { CHKERR, DROP, ERR, LENERR, OPTERR, PROTERR, RECV, STAT_IP, XMIT, statInc } from '../core/stats.js';
import { ICMP_DUR_PROTO, icmpDestUnreach, icmpInput } from '../icmp/icmp.js';
import { igmpInput, igmpLookfor } from '../igmp/igmp.js';
import { ALL_HOSTS } from '../igmp/igmp_wire.js';
import { IP_PROTO_ICMP, IP_PROTO_IGMP, IP_PROTO_TCP, IP_PROTO_UDP, IP_TOS_DF } from '../ip/ip_wire.js';
import { loopOutput } from '../link/loopif.js';
import { rawInput } from '../raw/raw.js';
import { tcpInput } from '../tcp/tcp_in.js';
import { udpInput } from '../udp/udp.js';
import { ip4Forward } from './forward.js';
import { ip4Frag } from './fragment.js';
import { ip4AddrIsLocal, ip4IsBroadcast } from './ip4_addr.js';
import { ip4RouteInit } from './ip4_route.js';
import {
  IP4_CHKSUM,
  IP4_DF,
  IP4_DST,
  IP4_FRAG,
  IP4_HLEN,
  IP4_ID,
  IP4_LEN,
  IP4_MF,
  IP4_OFFMASK,
  IP4_OPT_END,
  IP4_OPT_LSRR,
  IP4_OPT_NOP,
  IP4_OPT_SSRR,
  IP4_PROTO,
  IP4_SRC,
  IP4_TOS,
  IP4_TTL,
  ip4HeaderLength,
} from './ip4_wire.js';
import { ip4Reass, type ReassDatagram } from './reassembly.js';

export { ip4AddrIsLocal, ip4IsBroadcast } from './ip4_addr.js';
export { ip4Route } from './ip4_route.js';

export interface Ip4State {
  /** Datagrams being reassembled, newest first; pbufs they hold. */
  reass: ReassDatagram | null;
  reassPbufs: number;
  /** The last route that was looked up; null is stale. */
  routeNetif: Netif | null;
  routeSrc: Ip4Addr;
  routeDst: Ip4Addr;
  /** Identification of the next datagram that may be fragmented. */
  id: number;
  /** The last header that was sent, without length, identification and checksum; and its 16-bit sum. */
  header: Uint8Array;
  headerSum: number;
  headerTos: number;
  headerTtlProto: number;
  headerSrc: Ip4Addr;
  headerDst: Ip4Addr;
}

export function ip4Init(stack: Stack): void {
  stack.ip4 = {
    reass: null,
    reassPbufs: 0,
    routeNetif: null,
    routeSrc: 0,
    routeDst: 0,
    // RFC 7739, 5.2: the first value is random.
    id: stack.random16(),
    header: new Uint8Array(IP4_HLEN),
    headerSum: 0,
    headerTos: -1,
    headerTtlProto: 0,
    headerSrc: 0,
    headerDst: 0,
  };
  ip4RouteInit(stack);
}

/**
 * Takes a received datagram, from the link layer or as netif.input of links without one.
 * @param p at the IP header; trailing padding is cut off
 * @returns ERR_OK always: what is wrong is dropped and counted
 */
export function ip4Input(p: Pbuf, netif: Netif): Err {
  const stack = netif.stack;
  const b = p.payload;
  const o = p.off;
  const len = p.len;
  statInc(stack, STAT_IP + RECV);
  if (len < IP4_HLEN) return drop(p, LENERR);
  const vhl = b[o]!;
  const total = get16(b, o + IP4_LEN);
  let hlen = IP4_HLEN;
  if (vhl !== 0x45) {
    if (vhl >> 4 !== 4) return drop(p, PROTERR);
    const length = (vhl & 15) << 2;
    if (length < IP4_HLEN || length > len) return drop(p, LENERR);
    if (!IP_OPTIONS_ALLOWED) return drop(p, OPTERR);
    hlen = length;
  }
  const totLen = p.totLen;
  if (total < hlen || total > totLen) return drop(p, LENERR);

  // The header words are read once: for the checksum, and for what they say.
  const fragment = get16(b, o + IP4_FRAG);
  const ttl = b[o + IP4_TTL]!;
  const proto = b[o + IP4_PROTO]!;
  const srcHigh = get16(b, o + IP4_SRC);
  const srcLow = get16(b, o + IP4_SRC + 2);
  const dstHigh = get16(b, o + IP4_DST);
  const dstLow = get16(b, o + IP4_DST + 2);
  if (!LWIP_CHECKSUM_CTRL_PER_NETIF || netif.chksumFlags & NETIF_CHECKSUM_CHECK_IP) {
    let sum =
      ((vhl << 8) | b[o + IP4_TOS]!) +
      total +
      get16(b, o + IP4_ID) +
      fragment +
      ((ttl << 8) | proto) +
      get16(b, o + IP4_CHKSUM) +
      srcHigh +
      srcLow +
      dstHigh +
      dstLow;
    if (IP_OPTIONS_ALLOWED && hlen > IP4_HLEN) sum += chksumBytes(b, o + IP4_HLEN, hlen - IP4_HLEN);
    sum = (sum & 0xffff) + (sum >>> 16);
    if (sum !== 0xffff) return drop(p, CHKERR);
  }
  if (total < totLen) {
    if (p.next) pbufRealloc(p, total);
    else p.len = p.totLen = total;
  }
  const src = ((srcHigh << 16) | srcLow) >>> 0;
  const dst = ((dstHigh << 16) | dstLow) >>> 0;
  const own = netif.ipAddr;
  if (!(netif.flags & NETIF_FLAG_UP)) return drop(p, DROP);
  if (IP_OPTIONS_ALLOWED && hlen > IP4_HLEN && !optionsFine(b, o + IP4_HLEN, o + hlen))
    return drop(p, OPTERR);

  const group =
    dst !== own && (dstHigh >= 0xe000 ? dstHigh < 0xf000 || dst === 0xffffffff : ip4IsBroadcast(dst, netif));
  // RFC 1122, 3.2.1.3 and RFC 1812, 5.3.7: no groups, reserved, loopback or broadcast addresses as a source, nor
  // our own. 0.0.0.0 is that of a host which asks for an address, by broadcast.
  if (
    !netifIsLoopback(netif) &&
    (src === 0
      ? !group
      : srcHigh >= 0xe000 ||
        srcHigh >> 8 === 127 ||
        srcHigh < 0x100 ||
        src === own ||
        ((src | netif.netmask) === -1 && ip4IsBroadcast(src, netif)))
  ) {
    return drop(p, ERR);
  }

  if (dst !== own) {
    if (!accepted(dst, netif, group) && !(LWIP_DHCP && own === 0 && isDhcpAnswer(p, proto, hlen, fragment))) {
      if (IP_FORWARD && !group) ip4Forward(p, netif, src, dst, hlen);
      // Others' datagrams are no fault on a shared wire.
      else drop(p, DROP);
      return ERR_OK;
    }
  }
  // RFC 1122, 3.3.6: one to a single host has no business in a broadcast frame.
  if (p.flags & (PBUF_FLAG_LLBCAST | PBUF_FLAG_LLMCAST) && !group && own !== 0) return drop(p, ERR);

  if (fragment & (IP4_MF | IP4_OFFMASK)) {
    if (!IP_REASSEMBLY) return drop(p, OPTERR);
    const whole = ip4Reass(p, netif, src, dst, hlen);
    if (!whole) return ERR_OK;
    p = whole;
    // The header is the first fragment's, which may carry other options than the last to arrive.
    if (IP_OPTIONS_ALLOWED) hlen = ip4HeaderLength(p.payload, p.off);
  }
  p.off += hlen;
  p.len -= hlen;
  p.totLen -= hlen;
  if (LWIP_RAW && stack.rawPcbs && rawInput(p, netif, src, dst, hlen, proto)) return ERR_OK;
  if (LWIP_TCP && proto === IP_PROTO_TCP && !group) tcpInput(p, netif, src, dst, hlen);
  else if (LWIP_UDP && proto === IP_PROTO_UDP) udpInput(p, netif, src, dst, hlen);
  else if (LWIP_ICMP && proto === IP_PROTO_ICMP) icmpInput(p, netif, src, dst, hlen);
  else if (LWIP_IGMP && proto === IP_PROTO_IGMP) igmpInput(p, netif, dst);
  else {
    if (LWIP_ICMP && !group) icmpDestUnreach(p, netif, hlen, ICMP_DUR_PROTO);
    drop(p, PROTERR);
  }
  return ERR_OK;
}

function drop(p: Pbuf, field: number): Err {
  return pbufDrop(p, STAT_IP, field);
}

/** Whether a datagram that is not to the interface's own address is for this host. */
function accepted(dst: Ip4Addr, netif: Netif, group: boolean): boolean {
  const flags = netif.flags;
  // RFC 1112, 4: every host that supports multicast is in the all-hosts group.
  if (group && (dst >>> 28 !== 14 || ((flags & NETIF_FLAG_IGMP) !== 0 && dst === ALL_HOSTS))) return true;
  if (group) return LWIP_IGMP && joined(dst, netif);
  if (LWIP_ACCEPT_ALL && flags & NETIF_FLAG_ACCEPT_ALL && dst >>> 28 < 14) return true;
  // It is not the interface's own address.
  if (LWIP_SINGLE_NETIF) return false;
  return dst >>> 24 === 127 ? netifIsLoopback(netif) : ip4AddrIsLocal(netif.stack, dst);
}

/** Whether the interface is in a group; one that comes back by lo0 is for the members on any. */
function joined(dst: Ip4Addr, netif: Netif): boolean {
  if (!netifIsLoopback(netif)) return igmpLookfor(netif, dst) !== null;
  for (let g = netif.stack.igmp.groups; g; g = g.next) if (g.addr === dst) return true;
  return false;
}

/** RFC 2131, 4.1: a host without an address takes what a server sends to its client port. */
function isDhcpAnswer(p: Pbuf, proto: number, hlen: number, fragment: number): boolean {
  return (
    proto === IP_PROTO_UDP &&
    !(fragment & IP4_OFFMASK) &&
    p.len >= hlen + 8 &&
    get16(p.payload, p.off + hlen + 2) === 68
  );
}

/**
 * Walks through the options, of which none is acted on. Source routes are refused (RFC 7126, 4.3, 4.4), the
 * malformed too.
 */
function optionsFine(b: Uint8Array, at: number, end: number): boolean {
  if (!IP_OPTIONS_ALLOWED) return false;
  while (at < end) {
    const type = b[at]!;
    if (type === IP4_OPT_END) return true;
    if (type === IP4_OPT_NOP) at++;
    else {
      const n = at + 1 < end ? b[at + 1]! : 0;
      if (n < 2 || at + n > end || type === IP4_OPT_LSRR || type === IP4_OPT_SSRR) return false;
      at += n;
    }
  }
  return true;
}

/**
 * Sends a datagram by an interface.
 * @param p at the transport header, with 20 bytes of room before it; the IP header is put there
 * @param src source address; 0 for the interface's
 * @param tos type of service, with IP_TOS_DF added to forbid fragmentation
 * @returns ERR_OK, ERR_BUF (no room for the header), ERR_VAL (longer than a datagram can be, or than the MTU with
 *          IP_TOS_DF), ERR_MEM, ERR_RTE, ERR_IF
 */
export function ip4OutputIf(
  p: Pbuf,
  src: Ip4Addr,
  dst: Ip4Addr,
  ttl: number,
  tos: number,
  proto: number,
  netif: Netif,
): Err {
  const stack = netif.stack;
  if (!pbufAddHeader(p, IP4_HLEN)) return ERR_BUF;
  const total = p.totLen;
  if (total > 0xffff) return ERR_VAL;
  if (src === 0) src = netif.ipAddr;
  const state = stack.ip4;
  const ttlProto = (ttl << 8) | proto;
  if (
    dst !== state.headerDst ||
    src !== state.headerSrc ||
    ttlProto !== state.headerTtlProto ||
    tos !== state.headerTos
  ) {
    fillHeader(stack, src, dst, ttlProto, tos);
  }
  const b = p.payload;
  const o = p.off;
  let id = 0;
  b.set(state.header, o);
  put16(b, o + IP4_LEN, total);
  // RFC 6864, 4.1: one that cannot be fragmented needs no identification.
  if (!(tos & IP_TOS_DF)) {
    id = state.id;
    state.id = (id + 1) & 0xffff;
    put16(b, o + IP4_ID, id);
  }
  if (!LWIP_CHECKSUM_CTRL_PER_NETIF || netif.chksumFlags & NETIF_CHECKSUM_GEN_IP) {
    let sum = state.headerSum + total + id;
    sum = (sum & 0xffff) + (sum >>> 16);
    if (sum > 0xffff) sum -= 0xffff;
    put16(b, o + IP4_CHKSUM, ~sum);
  }
  statInc(stack, STAT_IP + XMIT);
  if (LWIP_NETIF_LOOPBACK && dst === netif.ipAddr) return loopOutput(netif, p);
  if (LWIP_NETIF_LOOPBACK && LWIP_IGMP && p.flags & PBUF_FLAG_MCASTLOOP) loopOutput(netif, p);
  // RFC 1112, 6.1: not beyond this host.
  if (LWIP_MULTICAST_TX_OPTIONS && ttl === 0) return ERR_OK;
  const mtu = netif.mtu;
  if (total > mtu && mtu > 0) {
    if (tos & IP_TOS_DF || !IP_FRAG) return ERR_VAL;
    return ip4Frag(p, netif, dst);
  }
  return netif.output(netif, p, dst);
}

/** Fills in the header that the next datagrams of the same kind share. */
function fillHeader(stack: Stack, src: Ip4Addr, dst: Ip4Addr, ttlProto: number, tos: number): void {
  const state = stack.ip4;
  const h = state.header;
  h[0] = 0x45;
  h[IP4_TOS] = tos;
  store16(h, IP4_FRAG, tos & IP_TOS_DF ? IP4_DF : 0);
  store16(h, IP4_TTL, ttlProto);
  store32(h, IP4_SRC, src);
  store32(h, IP4_DST, dst);
  state.headerSum = chksumBytes(h, 0, IP4_HLEN);
  state.headerSrc = src;
  state.headerDst = dst;
  state.headerTtlProto = ttlProto;
  state.headerTos = tos;
}
