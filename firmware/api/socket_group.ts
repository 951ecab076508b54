// Multicast options of sockets. A socket leaves its groups when it is closed; whatever comes for a group of the host's goes
// to all who have bound the port, as on Linux with IP_MULTICAST_ALL.

import { ERR_MEM, ERR_OK } from '../stack/core/err.js';
import { ipAddrIsMulticast, type Ip4Addr } from '../stack/core/ipaddr.js';
import type { Netif } from '../stack/core/netif.js';
import { LWIP_UDP } from '../stack/core/opt.js';
import { igmpJoingroupNetif, igmpLeavegroupNetif } from '../stack/igmp/igmp.js';
import { ipRoute } from '../stack/ip/ip.js';
import { udpSetMulticastNetif } from '../stack/udp/udp.js';
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOBUFS, ENODEV, EPROTO } from './errno.js';
import { INADDR_ANY, SOCK_STREAM, type IpMreq, type OptionValue } from './socket_defs.js';
import { isNumber, type Sock } from './socket_table.js';

/** A group that a socket has joined. */
export interface SockGroup {
  netif: Netif;
  group: Ip4Addr;
}

/**
 * Joins or leaves a group.
 * @returns 0; -EINVAL (no group), -ENODEV (no such interface, or it does no multicast), -EADDRINUSE (joined already),
 *   -EADDRNOTAVAIL (not joined), -ENOBUFS, -EPROTO (TCP)
 */
export function sockSetGroup(sock: Sock, join: boolean, mreq: IpMreq): number {
  if (sock.type === SOCK_STREAM) return -EPROTO;
  const group = mreq.imrMultiaddr;
  if (!isNumber(group, 0xffffffff) || !ipAddrIsMulticast(group)) return -EINVAL;
  const ifaddr = mreq.imrInterface;
  const netif = interfaceOf(sock, ifaddr, group);
  if (!netif) return -ENODEV;
  const groups = sock.groups;
  let i = 0;
  while (i < groups.length && (groups[i]!.group !== group || groups[i]!.netif !== netif)) i++;
  const joined = i < groups.length;
  if (join) {
    if (joined) return -EADDRINUSE;
    const err = igmpJoingroupNetif(netif, group);
    if (err !== ERR_OK) return err === ERR_MEM ? -ENOBUFS : -ENODEV;
    groups.push({ netif, group });
    return 0;
  }
  if (!joined) return -EADDRNOTAVAIL;
  groups.splice(i, 1);
  igmpLeavegroupNetif(netif, group);
  return 0;
}

/** Leaves all groups. */
export function sockLeaveGroups(sock: Sock): void {
  const groups = sock.groups;
  for (let i = 0; i < groups.length; i++) igmpLeavegroupNetif(groups[i]!.netif, groups[i]!.group);
  sock.groups = [];
}

/** The interface that a group is meant on: the one with the address, or the one that the route names. */
function interfaceOf(sock: Sock, ifaddr: Ip4Addr, group: Ip4Addr): Netif | null {
  const stack = sock.table.stack;
  if (!ifaddr) return ipRoute(stack, INADDR_ANY, group);
  let n = stack.netifs;
  while (n && n.ipAddr !== ifaddr) n = n.next;
  return n;
}

/**
 * IP_MULTICAST_IF.
 * @param value the interface's address, also as an IpMreq; INADDR_ANY: what the route says
 * @returns 0; -EADDRNOTAVAIL: no such interface; -EINVAL
 */
export function sockSetGroupInterface(sock: Sock, value: OptionValue): number {
  const ifaddr = typeof value === 'number' ? value : (value as IpMreq).imrInterface;
  if (sock.type === SOCK_STREAM || !isNumber(ifaddr, 0xffffffff)) return -EINVAL;
  const netif = ifaddr ? interfaceOf(sock, ifaddr, 0) : null;
  if (ifaddr && !netif) return -EADDRNOTAVAIL;
  if (LWIP_UDP && sock.conn.udp) udpSetMulticastNetif(sock.conn.udp, netif);
  return 0;
}

/** The address of the interface that IP_MULTICAST_IF has set, or INADDR_ANY. */
export function sockGroupInterface(sock: Sock): Ip4Addr {
  const udp = LWIP_UDP ? sock.conn.udp : null;
  return udp && udp.mcastNetif ? udp.mcastNetif.ipAddr : INADDR_ANY;
}
