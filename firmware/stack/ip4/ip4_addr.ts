// What an IPv4 address means to this host.

import type { Ip4Addr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import { LWIP_SINGLE_NETIF } from '../core/opt.js';
import type { Stack } from '../core/stack.js';

/** Whether `addr` is 255.255.255.255 or the directed broadcast address of the interface's network. */
export function ip4IsBroadcast(addr: Ip4Addr, netif: Netif): boolean {
  if (addr === 0xffffffff) return true;
  const mask = netif.netmask;
  // Networks of 31 and 32 bits have no broadcast address (RFC 3021, 2.1).
  return (addr | mask) === -1 && mask < 0xfffffffe && mask !== 0 && ((addr ^ netif.ipAddr) & mask) === 0;
}

/** Whether `addr` cannot be a single host's: 0.0.0.0, groups, reserved and broadcast addresses. */
export function ip4IsNoHost(addr: Ip4Addr, netif: Netif): boolean {
  return addr === 0 || addr >>> 28 >= 14 || ip4IsBroadcast(addr, netif);
}

/** Whether `addr` is the address of one of the host's interfaces, or a loopback address. */
export function ip4AddrIsLocal(stack: Stack, addr: Ip4Addr): boolean {
  if (addr >>> 24 === 127) return true;
  for (let n = stack.netifs; n; n = LWIP_SINGLE_NETIF ? null : n.next)
    if (n.ipAddr === addr) return addr !== 0;
  return false;
}
