// Dispatch by address family: what transports call. The work is done in ../ip4/ (and ../ip6/, later).

import { ERR_OK, type Err } from '../core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';

export function ipInput(_p: Pbuf, _netif: Netif): Err {
  return ERR_OK;
}

export function ipRoute(_stack: Stack, _src: IpAddr, _dst: IpAddr): Netif | null {
  return null;
}

export function ipSrcAddr(_netif: Netif, _dst: IpAddr): IpAddr {
  return IP_ADDR_ANY;
}

export function ipOutput(
  _stack: Stack,
  _p: Pbuf,
  _src: IpAddr,
  _dst: IpAddr,
  _ttl: number,
  _tos: number,
  _proto: number,
): Err {
  return ERR_OK;
}

export function ipOutputIf(
  _p: Pbuf,
  _src: IpAddr,
  _dst: IpAddr,
  _ttl: number,
  _tos: number,
  _proto: number,
  _netif: Netif,
): Err {
  return ERR_OK;
}
