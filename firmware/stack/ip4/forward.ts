// Forwarding between interfaces (RFC 1812, 5.2 and 5.3), for builds with IP_FORWARD. No redirects are sent and no
// options acted on.

import { get16, put16 } from '../core/bytes.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import { NETIF_CHECKSUM_GEN_IP, NETIF_FLAG_LOOPBACK, type Netif } from '../core/netif.js';
import { IP_FRAG, LWIP_CHECKSUM_CTRL_PER_NETIF, LWIP_ICMP } from '../core/opt.js';
import { PBUF_FLAG_LLBCAST, PBUF_FLAG_LLMCAST, pbufFree, pbufRemoveHeader, type Pbuf } from '../core/pbuf.js';
import { ERR, FW, RTERR, STAT_IP, XMIT, statDrop, statInc } from '../core/stats.js';
import {
  ICMP_DUR_FRAG,
  ICMP_DUR_NET,
  ICMP_TE_TTL,
  icmpDestUnreach,
  icmpFragNeeded,
  icmpTimeExceeded,
} from '../icmp/icmp.js';
import { ip4Frag } from './fragment.js';
import { ip4IsBroadcast } from './ip4_addr.js';
import { ip4Route } from './ip4_route.js';
import { IP4_CHKSUM, IP4_DF, IP4_FRAG, IP4_TTL } from './ip4_wire.js';

/**
 * Forwards a datagram that is for somebody else; consumes it.
 * @param p at its IP header
 * @param netif interface it came by
 */
export function ip4Forward(p: Pbuf, netif: Netif, src: Ip4Addr, dst: Ip4Addr, hlen: number): void {
  const stack = netif.stack;
  // RFC 1812, 5.3.4: not what came in a broadcast frame; RFC 3927, 2.7: nothing from or to link-local addresses.
  if (
    p.flags & (PBUF_FLAG_LLBCAST | PBUF_FLAG_LLMCAST) ||
    dst >>> 28 >= 14 ||
    dst >>> 24 === 0 ||
    dst >>> 24 === 127 ||
    dst >>> 16 === 0xa9fe ||
    src >>> 16 === 0xa9fe ||
    src === 0
  ) {
    statDrop(stack, STAT_IP, ERR);
    pbufFree(p);
    return;
  }
  const b = p.payload;
  const o = p.off;
  const out = ip4Route(stack, 0, dst);
  if (!out || out.flags & NETIF_FLAG_LOOPBACK || ip4IsBroadcast(dst, out)) {
    statDrop(stack, STAT_IP, RTERR);
    error(p, netif, hlen, ICMP_DUR_NET, 0);
    return;
  }
  const ttl = b[o + IP4_TTL]!;
  if (ttl <= 1) {
    statDrop(stack, STAT_IP, ERR);
    error(p, netif, hlen, -1, 0);
    return;
  }
  const tooLong = out.mtu > 0 && p.totLen > out.mtu;
  if (tooLong && (!IP_FRAG || get16(b, o + IP4_FRAG) & IP4_DF)) {
    statDrop(stack, STAT_IP, ERR);
    error(p, netif, hlen, ICMP_DUR_FRAG, out.mtu);
    return;
  }
  b[o + IP4_TTL] = ttl - 1;
  if (!LWIP_CHECKSUM_CTRL_PER_NETIF || out.chksumFlags & NETIF_CHECKSUM_GEN_IP) {
    // RFC 1141: the header's sum is less by 0x100, so its checksum more.
    const sum = get16(b, o + IP4_CHKSUM) + 0x100;
    put16(b, o + IP4_CHKSUM, sum > 0xffff ? sum - 0xffff : sum);
  } else put16(b, o + IP4_CHKSUM, 0);
  statInc(stack, STAT_IP + FW);
  statInc(stack, STAT_IP + XMIT);
  if (tooLong) ip4Frag(p, out, dst);
  else out.output(out, p, dst);
  pbufFree(p);
}

/** Tells the sender why its datagram goes no further. @param code of "unreachable", or -1 for time exceeded */
function error(p: Pbuf, netif: Netif, hlen: number, code: number, mtu: number): void {
  if (LWIP_ICMP) {
    pbufRemoveHeader(p, hlen);
    if (code < 0) icmpTimeExceeded(p, netif, hlen, ICMP_TE_TTL);
    else if (code === ICMP_DUR_FRAG) icmpFragNeeded(p, netif, hlen, mtu);
    else icmpDestUnreach(p, netif, hlen, code);
  }
  pbufFree(p);
}
