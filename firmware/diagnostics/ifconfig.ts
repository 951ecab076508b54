// net.ifconfig(): the interfaces with their addresses, counters and lease, and the DNS servers.

import { ipAddrIsAny, ipaddrNtoa } from '../stack/core/ipaddr.js';
import {
  NETIF_FLAG_BROADCAST,
  NETIF_FLAG_ETHARP,
  NETIF_FLAG_IGMP,
  NETIF_FLAG_LINK_UP,
  NETIF_FLAG_LOOPBACK,
  NETIF_FLAG_UP,
  type Netif,
} from '../stack/core/netif.js';
import { LWIP_DHCP, LWIP_DNS, LWIP_NETIF_LOOPBACK, LWIP_STATS } from '../stack/core/opt.js';
import { DROP, STAT_LINK } from '../stack/core/stats.js';
import { dhcpLeaseLeft, dhcpStateName } from '../stack/dhcp/dhcp.js';
import { mac } from './columns.js';
import { show, type Diagnostics } from './console.js';

export function ifconfig(d: Diagnostics): void {
  const stack = d.stack;
  const lines: string[] = [];
  for (let n = stack.netifs; n; n = n.next) describe(n, lines);
  if (LWIP_STATS) lines.push('received and dropped: ' + stack.stats[STAT_LINK + DROP]);
  if (LWIP_DNS) {
    const servers = stack.dns.servers;
    for (let i = 0; i < servers.length; i++) {
      if (!ipAddrIsAny(servers[i]!)) lines.push('dns ' + ipaddrNtoa(servers[i]!));
    }
  }
  show(d, lines);
}

function describe(netif: Netif, lines: string[]): void {
  const flags = netif.flags;
  lines.push(netif.name + netif.num + ': <' + flagNames(flags, !!netif.dhcp) + '> mtu ' + netif.mtu);
  if (flags & NETIF_FLAG_ETHARP) lines.push('  ether ' + mac(netif.hwaddr));
  lines.push(
    '  inet ' +
      ipaddrNtoa(netif.ipAddr) +
      ' mask ' +
      ipaddrNtoa(netif.netmask) +
      ' gateway ' +
      ipaddrNtoa(netif.gw),
  );
  if (LWIP_DHCP && netif.dhcp) {
    const left = dhcpLeaseLeft(netif);
    lines.push(
      '  dhcp ' +
        dhcpStateName(netif) +
        (left ? ', lease ' + (left === Infinity ? 'without end' : Math.floor(left) + ' s left') : ''),
    );
  }
  lines.push(
    traffic('RX', netif.inPackets, netif.inOctets),
    traffic('TX', netif.outPackets, netif.outOctets),
  );
}

function traffic(way: string, packets: number, octets: number): string {
  return '  ' + way + ' packets ' + packets + ' bytes ' + octets;
}

function flagNames(flags: number, dhcp: boolean): string {
  const names: string[] = [];
  const add = function (flag: number, name: string): void {
    if (flags & flag) names.push(name);
  };
  add(NETIF_FLAG_UP, 'UP');
  add(NETIF_FLAG_LINK_UP, 'LINK');
  add(NETIF_FLAG_BROADCAST, 'BROADCAST');
  add(NETIF_FLAG_IGMP, 'MULTICAST');
  add(NETIF_FLAG_ETHARP, 'ARP');
  if (LWIP_NETIF_LOOPBACK) add(NETIF_FLAG_LOOPBACK, 'LOOPBACK');
  if (LWIP_DHCP && dhcp) names.push('DHCP');
  return names.join(',');
}
