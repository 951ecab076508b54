// What TCP does when an interface changes.
import type { Ip4Addr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';

export function tcpNetifChanged(_netif: Netif, _reason: number, _oldAddr: Ip4Addr): void {}
