// Which interface a datagram leaves by (RFC 1122, 3.3.1). The last answer is kept until any interface changes.

import type { Ip4Addr } from '../core/ipaddr.js';
import { NETIF_FLAG_BROADCAST, NETIF_FLAG_LOOPBACK, netifIsReady, type Netif } from '../core/netif.js';
import type { Stack } from '../core/stack.js';

export function ip4RouteInit(stack: Stack): void {
  stack.netifHooks.push(forget);
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
  const usable = standard && netifIsReady(standard) ? standard : null;
  // Groups and 255.255.255.255 name no network: the source decides, or the default interface.
  const group = dst >>> 28 === 14 || dst === 0xffffffff;
  let best: Netif | null = null;
  let bestMask = -1;
  let gateway: Netif | null = null;
  let bySource: Netif | null = null;
  let broadcasting: Netif | null = null;
  for (let n = stack.netifs; n; n = n.next) {
    const own = n.ipAddr;
    if (own === 0 || !netifIsReady(n)) continue;
    if (own === dst) return n;
    const flags = n.flags;
    if (own === src) bySource = n;
    if (flags & NETIF_FLAG_BROADCAST && !broadcasting) broadcasting = n;
    const mask = n.netmask;
    if (((dst ^ own) & mask) === 0 && !group) {
      if (mask > bestMask || (mask === bestMask && own === src)) {
        best = n;
        bestMask = mask;
      }
    }
    if (n.gw !== 0 && !(flags & NETIF_FLAG_LOOPBACK) && (!gateway || own === src)) gateway = n;
  }
  if (group) return bySource || usable || broadcasting;
  if (best) return best;
  // RFC 1122, 3.2.1.3 (g): loopback addresses stay inside the host.
  if (dst >>> 24 === 127) return null;
  if (gateway && gateway.ipAddr === src) return gateway;
  if (usable && usable.ipAddr !== 0 && !(usable.flags & NETIF_FLAG_LOOPBACK)) return usable;
  return gateway;
}
