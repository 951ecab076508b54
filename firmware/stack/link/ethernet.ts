// Ethernet II framing (RFC 894, RFC 1122, 2.3.3).

import { ERR_OK, type Err } from '../core/err.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';

export const ETHTYPE_IP = 0x0800;
export const ETHTYPE_ARP = 0x0806;

export function ethernetInput(_p: Pbuf, _netif: Netif): Err {
  return ERR_OK;
}

export function ethernetOutput(_netif: Netif, _p: Pbuf, _dst: Uint8Array, _type: number): Err {
  return ERR_OK;
}
