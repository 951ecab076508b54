// Which interface a datagram leaves by (RFC 1122, 3.3.1). The last answer is kept until any interface changes.

import type { Ip4Addr } from '../core/ipaddr.js';
import { NETIF_FLAG_BROADCAST, NETIF_FLAG_LOOPBACK, netifIsReady, type Netif } from '../core/netif.js';
import { LWIP_SINGLE_NETIF } from '../core/opt.js';
import type { Stack } from '../core/stack.js';

export function ip4RouteInit(stack: Stack): void {
  if (!LWIP_SINGLE_NETIF) stack.netifHooks.push(forget);
}

function forget(netif: Netif): void {
  netif.stack.ip4.routeNetif = null;
}

/**
 * Finds the interface for a destination: one that owns the address, else the one whose network matches with the
 * longest mask, else one that has a gateway, the default interface first.
 * @param src source address that is wanted, or 0; decides where several interfaces would do
 * @returns null when there is no route
 */
export function ip4Route(stack: Stack, src: Ip4Addr, dst: Ip4Addr): Netif | null {
  if (LWIP_SINGLE_NETIF) {
    const only = stack.netifs;
    return only && netifIsReady(only) && only.ipAddr !== 0 && dst >>> 24 !== 127 ? only : null;
  }
  const state = stack.ip4;
  const last = state.routeNetif;
  if (last && state.routeDst === dst && state.routeSrc === src) return last;
  const netif = lookUp(stack, src, dst);
  state.routeSrc = src;
  state.routeDst = dst;
  state.routeNetif = netif;
  return netif;
}

function lookUp(stack: Stack, src: Ip4Addr, dst: Ip4Addr): Netif | null {
  const standard = stack.netifDefault;
  // Groups and 255.255.255.255 name no network: the source decides, or the default interface.
  const group = dst >>> 28 === 14 || dst === 0xffffffff;
  let best: Netif | null = null;
  let bestRank = 0;
  for (let n = stack.netifs; n; n = n.next) {
    const own = n.ipAddr;
    const flags = n.flags;
    if (!netifIsReady(n) || (own === 0 && !(group && n === standard))) continue;
    if (own === dst) return n;
    const wanted = own === src;
    let rank = 0;
    if (group) rank = own !== 0 && wanted ? 3 : n === standard ? 2 : flags & NETIF_FLAG_BROADCAST ? 1 : 0;
    else if (((dst ^ own) & n.netmask) === 0) rank = 4 + n.netmask + (wanted ? 0.5 : 0);
    // RFC 1122, 3.2.1.3 (g): loopback addresses stay inside the host.
    else if (dst >>> 24 !== 127 && !(flags & NETIF_FLAG_LOOPBACK)) {
      rank = wanted && n.gw !== 0 ? 3 : n === standard ? 2 : n.gw !== 0 ? 1 : 0;
    }
    if (rank > bestRank) {
      bestRank = rank;
      best = n;
    }
  }
  return best;
}
