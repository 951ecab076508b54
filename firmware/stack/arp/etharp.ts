// ARP (RFC 826).

import { ERR_OK, type Err } from '../core/err.js';
import type { Ip4Addr, IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';

export interface ArpState {
  table: unknown[];
}

export function arpInit(stack: Stack): void {
  stack.arp = { table: [] };
}

export function etharpOutput(_netif: Netif, _p: Pbuf, _dst: IpAddr): Err {
  return ERR_OK;
}

export function etharpInput(_p: Pbuf, _netif: Netif): void {}

export function etharpQuery(_netif: Netif, _ip: Ip4Addr, _p: Pbuf | null): Err {
  return ERR_OK;
}

export function etharpRequest(_netif: Netif, _ip: Ip4Addr): Err {
  return ERR_OK;
}

export function etharpGratuitous(_netif: Netif): Err {
  return ERR_OK;
}

export function etharpFindAddr(_netif: Netif, _ip: Ip4Addr): Uint8Array | null {
  return null;
}

export function etharpAddStatic(_netif: Netif, _ip: Ip4Addr, _mac: Uint8Array): Err {
  return ERR_OK;
}

export function etharpRemoveStatic(_netif: Netif, _ip: Ip4Addr): Err {
  return ERR_OK;
}

export function etharpCleanupNetif(_netif: Netif): void {}
