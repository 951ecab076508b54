// IPv4 (RFC 791, RFC 1122, 3.2).

import { ERR_OK, type Err } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';

export interface Ip4State {
  id: number;
}

export function ip4Init(stack: Stack): void {
  stack.ip4 = { id: stack.random16() };
}

export function ip4Input(_p: Pbuf, _netif: Netif): Err {
  return ERR_OK;
}

export function ip4Route(_stack: Stack, _src: Ip4Addr, _dst: Ip4Addr): Netif | null {
  return null;
}

export function ip4OutputIf(
  _p: Pbuf,
  _src: Ip4Addr,
  _dst: Ip4Addr,
  _ttl: number,
  _tos: number,
  _proto: number,
  _netif: Netif,
): Err {
  return ERR_OK;
}

export function ip4IsBroadcast(_addr: Ip4Addr, _netif: Netif): boolean {
  return false;
}

export function ip4AddrIsLocal(_stack: Stack, _addr: Ip4Addr): boolean {
  return false;
}
