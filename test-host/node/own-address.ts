// Addresses that a socket may be bound to.

import { IP_ADDR_ANY, ipaddrAton, type IpAddr } from '../../firmware/stack/core/ipaddr.js';
import { NETIF_FLAG_UP } from '../../firmware/stack/core/netif.js';
import type { StackContext } from './context.js';

/**
 * @param address dotted decimal; absent, `0.0.0.0` or `::`: all
 * @returns the address to bind to; null when no interface of the host that is up has it
 */
export function ownAddress(ctx: StackContext, address: string | undefined): IpAddr | null {
  if (address === undefined || address === '' || address === '::') return IP_ADDR_ANY;
  const ip = ipaddrAton(address);
  if (ip === IP_ADDR_ANY) return ip;
  for (let netif = ctx.host.stack.netifs; netif; netif = netif.next) {
    if (netif.ipAddr === ip && netif.flags & NETIF_FLAG_UP) return ip;
  }
  return null;
}
