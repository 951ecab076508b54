// Dispatch by address family: what transports call. The work is done in ../ip4/ (and ../ip6/, later).

import { ERR_RTE, type Err } from '../core/err.js';
import type { Ip4Addr, IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { RTERR, STAT_IP, statInc } from '../core/stats.js';
import { ip4Input, ip4OutputIf, ip4Route } from '../ip4/ip4.js';

/** Takes a bare IP datagram: netif.input of links without a link header. Consumes `p`. */
export function ipInput(p: Pbuf, netif: Netif): Err {
  return ip4Input(p, netif);
}

/**
 * Finds the interface for a destination.
 * @param src wanted source address, or IP_ADDR_ANY
 * @returns null when there is no route
 * @inline
 */
export function ipRoute(stack: Stack, src: IpAddr, dst: IpAddr): Netif | null {
  return ip4Route(stack, src as Ip4Addr, dst as Ip4Addr);
}

/** The address that datagrams to `dst` have as their source when they leave by `netif`. @inline */
export function ipSrcAddr(netif: Netif, _dst: IpAddr): IpAddr {
  return netif.ipAddr;
}

/**
 * Sends a datagram by the interface that the route names.
 * @param p at the transport header, with room for the IP header before it
 * @param src source address; IP_ADDR_ANY for the interface's
 * @param tos type of service; IP_TOS_DF added forbids fragmentation
 * @returns ERR_OK, ERR_RTE (no route, counted), or as ipOutputIf()
 */
export function ipOutput(
  stack: Stack,
  p: Pbuf,
  src: IpAddr,
  dst: IpAddr,
  ttl: number,
  tos: number,
  proto: number,
): Err {
  const netif = ipRoute(stack, src, dst);
  if (!netif) {
    statInc(stack, STAT_IP + RTERR);
    return ERR_RTE;
  }
  return ipOutputIf(p, src, dst, ttl, tos, proto, netif);
}

/**
 * Sends a datagram by a given interface.
 * @returns ERR_OK, ERR_BUF (no room for the header), ERR_VAL (too long), ERR_MEM, ERR_RTE, ERR_IF
 * @inline
 */
export function ipOutputIf(
  p: Pbuf,
  src: IpAddr,
  dst: IpAddr,
  ttl: number,
  tos: number,
  proto: number,
  netif: Netif,
): Err {
  return ip4OutputIf(p, src as Ip4Addr, dst as Ip4Addr, ttl, tos, proto, netif);
}
