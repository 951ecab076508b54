// ICMP (RFC 792, RFC 1122, 3.2.2).

import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';

export const ICMP_DUR_NET = 0;
export const ICMP_DUR_HOST = 1;
export const ICMP_DUR_PROTO = 2;
export const ICMP_DUR_PORT = 3;
export const ICMP_DUR_FRAG = 4;
export const ICMP_DUR_SR = 5;
export const ICMP_TE_TTL = 0;
export const ICMP_TE_FRAG = 1;

export interface IcmpState {
  tokens: number;
  since: number;
}

export function icmpInit(stack: Stack): void {
  stack.icmp = { tokens: 0, since: 0 };
}

export function icmpInput(_p: Pbuf, _netif: Netif, _src: IpAddr, _dst: IpAddr, _hlen: number): void {}

export function icmpErrorAllowed(_stack: Stack): boolean {
  return true;
}

export function icmpDestUnreach(_p: Pbuf, _netif: Netif, _hlen: number, _code: number): void {}

export function icmpTimeExceeded(_p: Pbuf, _netif: Netif, _hlen: number, _code: number): void {}
