// Which interface is the host's own, for adapters whose programs know of one.

import { netifIsLoopback, type Netif } from '../stack/core/netif.js';
import type { Stack } from '../stack/core/stack.js';

/** The first interface with an address, other than loopback; null while there is none. */
export function ownInterface(stack: Stack): Netif | null {
  for (let n = stack.netifs; n; n = n.next) if (n.ipAddr && !netifIsLoopback(n)) return n;
  return null;
}
