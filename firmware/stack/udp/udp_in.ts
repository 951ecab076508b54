// Which PCB a received UDP datagram, or an ICMP error about a sent one, is for.

import { get16 } from '../core/bytes.js';
import { chksumPseudo } from '../core/checksum.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_CONN, ERR_RTE, ERR_TIMEOUT } from '../core/err.js';
import { ipAddrEq, ipAddrIsAny, ipAddrIsMulticast, type Ip4Addr, type IpAddr } from '../core/ipaddr.js';
import { NETIF_CHECKSUM_CHECK_UDP, type Netif } from '../core/netif.js';
import {
  IP_REASSEMBLY,
  LWIP_CHECKSUM_CTRL_PER_NETIF,
  LWIP_ICMP,
  LWIP_SINGLE_NETIF,
  SO_REUSE_RXTOALL,
  UDP_CONNECT,
} from '../core/opt.js';
import { PBUF_FLAG_REASS, PBUF_RAW, pbufRealloc, type Pbuf } from '../core/pbuf.js';
import { pbufClone } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { CHKERR, DROP, LENERR, MEMERR, PROTERR, RECV, STAT_UDP, statInc } from '../core/stats.js';
import { ICMP_DUR_PORT, icmpDestUnreach } from '../icmp/icmp.js';
import { ICMP_DUR, ICMP_DUR_PROTO } from '../icmp/icmp_wire.js';
import { SOF_REUSEADDR } from '../ip/ip_pcb.js';
import { IP_PROTO_UDP } from '../ip/ip_wire.js';
import { ip4IsBroadcast } from '../ip4/ip4_addr.js';
import type { UdpPcb } from './udp.js';
import { UDP_CHKSUM, UDP_DST, UDP_HLEN, UDP_LEN } from './udp_wire.js';

/**
 * Takes a received datagram; consumes it.
 * @param p at the UDP header, the IP header `hlen` bytes before it
 */
export function udpInput(p: Pbuf, netif: Netif, src: IpAddr, dst: IpAddr, hlen: number): void {
  const stack = netif.stack;
  const b = p.payload;
  const o = p.off;
  const totLen = p.totLen;
  statInc(stack, STAT_UDP + RECV);
  if (p.len < UDP_HLEN) return drop(p, LENERR);
  const length = get16(b, o + UDP_LEN);
  if (length < UDP_HLEN || length > totLen) return drop(p, LENERR);
  if (length < totLen) pbufRealloc(p, length);
  // RFC 768: no checksum was made when the field is 0.
  if (
    (!LWIP_CHECKSUM_CTRL_PER_NETIF ||
      netif.chksumFlags & NETIF_CHECKSUM_CHECK_UDP ||
      (IP_REASSEMBLY && p.flags & PBUF_FLAG_REASS)) &&
    get16(b, o + UDP_CHKSUM) !== 0 &&
    chksumPseudo(p, IP_PROTO_UDP, length, src, dst, hlen) !== 0
  ) {
    return drop(p, CHKERR);
  }
  const port = get16(b, o);
  const localPort = get16(b, o + UDP_DST);
  const group = dst !== netif.ipAddr && (ipAddrIsMulticast(dst) || ip4IsBroadcast(dst as Ip4Addr, netif));

  // The closest match: connected to the sender before bound to the address before bound to the interface.
  let best: UdpPcb | null = null;
  let bestScore = -1;
  for (let pcb = stack.udp.pcbs; pcb; pcb = pcb.next) {
    if (pcb.localPort !== localPort) continue;
    const score = match(pcb, netif, src, port, dst, group);
    if (score > bestScore) {
      best = pcb;
      bestScore = score;
    }
  }
  if (!best) {
    if (LWIP_ICMP && !group) icmpDestUnreach(p, netif, hlen, ICMP_DUR_PORT);
    return drop(p, PROTERR);
  }
  p.off = o + UDP_HLEN;
  p.len -= UDP_HLEN;
  p.totLen = length - UDP_HLEN;
  if (SO_REUSE_RXTOALL && group && best.soOptions & SOF_REUSEADDR) {
    for (let pcb = stack.udp.pcbs, next: UdpPcb | null; pcb; pcb = next) {
      next = pcb.next;
      if (pcb === best || pcb.localPort !== localPort || !pcb.recv) continue;
      if (match(pcb, netif, src, port, dst, true) < 0) continue;
      const copy = pbufClone(p, PBUF_RAW);
      if (copy) pcb.recv(pcb.recvArg, pcb, copy, src, port);
      else statInc(stack, STAT_UDP + MEMERR);
    }
  }
  if (best.recv) best.recv(best.recvArg, best, p, src, port);
  else drop(p, DROP);
}

function drop(p: Pbuf, field: number): void {
  pbufDrop(p, STAT_UDP, field);
}

/** How closely a PCB with the right port fits; -1 for not at all. */
function match(
  pcb: UdpPcb,
  netif: Netif | null,
  src: IpAddr,
  port: number,
  dst: IpAddr,
  group: boolean,
): number {
  let score = 0;
  if (!LWIP_SINGLE_NETIF && pcb.netif) {
    if (pcb.netif !== netif) return -1;
    score = 1;
  }
  const local = pcb.localIp;
  if (!ipAddrIsAny(local)) {
    // Who is bound to the interface's own address hears its broadcasts, too.
    if (!ipAddrEq(local, dst) && !(group && local === netif!.ipAddr && !ipAddrIsMulticast(dst))) return -1;
    score += 2;
  }
  if (UDP_CONNECT && pcb.remotePort !== 0) {
    if (pcb.remotePort !== port || !ipAddrEq(pcb.remoteIp, src)) return -1;
    score += 4;
  }
  return score;
}

/**
 * Takes an ICMP error about a datagram of this host's.
 * @param src and @param dst addresses of that datagram, so `src` is the local one
 * @param type ICMP type, @param code its code
 */
export function udpIcmpError(
  stack: Stack,
  src: IpAddr,
  dst: IpAddr,
  localPort: number,
  remotePort: number,
  type: number,
  code: number,
): void {
  for (let pcb = stack.udp.pcbs; pcb; pcb = pcb.next) {
    // The error may come by another interface than the one that the PCB is bound to.
    if (pcb.localPort === localPort && match(pcb, pcb.netif, dst, remotePort, src, false) >= 0) {
      const closed = code === ICMP_DUR_PORT || code === ICMP_DUR_PROTO;
      if (pcb.err) pcb.err(pcb.errArg, pcb, type !== ICMP_DUR ? ERR_TIMEOUT : closed ? ERR_CONN : ERR_RTE);
      return;
    }
  }
}
