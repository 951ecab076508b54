// What becomes of connections when an interface changes: without its address a connection cannot go on.

import { ERR_ABRT } from '../core/err.js';
import { IP_ADDR_ANY, type Ip4Addr } from '../core/ipaddr.js';
import { NETIF_REASON_IPV4, NETIF_REASON_REMOVED, type Netif } from '../core/netif.js';
import { tcpAbandon } from './tcp_pcb.js';
import type { TcpPcb } from './tcp_state.js';
import { tcpTwRemove } from './tcp_timewait.js';

/** The hook that tcpInit() registers. */
export function tcpNetifChanged(netif: Netif, reason: number, oldAddr: Ip4Addr): void {
  const stack = netif.stack;
  const tcp = stack.tcp;
  const removed = (reason & NETIF_REASON_REMOVED) !== 0;
  const gone = reason & NETIF_REASON_IPV4 && oldAddr !== IP_ADDR_ANY ? oldAddr : -1;
  // Collected first: their error callbacks change the lists, and may connect anew.
  const doomed: TcpPcb[] = [];
  for (let list = 0; list < 2; list++) {
    for (let q = list ? tcp.bound : tcp.active; q; q = q.next) {
      // Routes are looked up anew when next used.
      if (q.route === netif) q.route = null;
      if (q.localIp === gone || (removed && q.netif === netif)) doomed.push(q);
    }
  }
  for (let i = 0; i < doomed.length; i++) tcpAbandon(doomed[i]!, false, ERR_ABRT);
  for (let tw = tcp.tw; tw; tw = tw.next) {
    if (tw.localIp === gone || (removed && tw.route === netif)) tcpTwRemove(stack, tw);
  }
  if (gone >= 0) for (let l = tcp.listen; l; l = l.next) if (l.localIp === gone) l.localIp = netif.ipAddr;
}
