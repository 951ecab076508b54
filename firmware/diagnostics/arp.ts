// net.arp(): who is known on the wire, who is asked for, and what waits for the answers.

import { ETHARP_EMPTY, ETHARP_PENDING, ETHARP_STATIC, type ArpEntry } from '../stack/arp/etharp.js';
import { ipaddrNtoa } from '../stack/core/ipaddr.js';
import { ETHARP_SUPPORT_STATIC_ENTRIES, LWIP_SINGLE_NETIF } from '../stack/core/opt.js';
import { left, mac, right } from './columns.js';
import { show, type Diagnostics } from './console.js';

export function arp(d: Diagnostics): void {
  const lines = [row('Address', 'MAC', 'State', 'Age', 'Waiting', 'Interface')];
  const table = d.stack.arp.table;
  for (let i = 0; i < table.length; i++) {
    const e = table[i]!;
    if (e.state === ETHARP_EMPTY) continue;
    const pending = e.state === ETHARP_PENDING;
    lines.push(
      row(
        ipaddrNtoa(e.ip),
        pending ? '-' : mac(e.header),
        pending ? 'pending' : isStatic(e) ? 'static' : 'stable',
        isStatic(e) ? '-' : e.age + ' s',
        e.queue.length,
        LWIP_SINGLE_NETIF ? '' : e.netif!.name + e.netif!.num,
      ),
    );
  }
  show(d, lines);
}

/** @inline */
function isStatic(e: ArpEntry): boolean {
  return ETHARP_SUPPORT_STATIC_ENTRIES && e.state === ETHARP_STATIC;
}

function row(
  ip: string,
  hardware: string,
  state: string,
  age: string,
  waiting: string | number,
  netif: string,
): string {
  const s = left(ip, 16) + left(hardware, 18) + left(state, 8) + right(age, 9) + right(waiting, 9);
  return LWIP_SINGLE_NETIF ? s : s + '  ' + netif;
}
