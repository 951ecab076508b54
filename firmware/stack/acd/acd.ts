// Address conflict detection (RFC 5227). A client (DHCP, AutoIP, a static address) keeps one Acd record.

import { ERR_OK, type Err } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Stack } from '../core/stack.js';

/** The address is free: use it. */
export const ACD_IP_OK = 0;
/** The address in use is another's and was given up: start over. */
export const ACD_RESTART_CLIENT = 1;
/** The probed address is another's. */
export const ACD_DECLINE = 2;

export type AcdCallback = (netif: Netif, result: number) => void;

export interface Acd {
  next: Acd | null;
  callback: AcdCallback | null;
  ip: Ip4Addr;
  state: number;
}

export interface AcdState {
  running: boolean;
}

export function acdInit(stack: Stack): void {
  stack.acd = { running: false };
}

/** A record for acdAdd(). */
export function acdNew(): Acd {
  return { next: null, callback: null, ip: 0, state: 0 };
}

export function acdAdd(_netif: Netif, _acd: Acd, _callback: AcdCallback): void {}

/** Begins to probe for `ip`; the callback tells the outcome. */
export function acdStart(_netif: Netif, _acd: Acd, _ip: Ip4Addr): Err {
  return ERR_OK;
}

export function acdStop(_acd: Acd): void {}

export function acdRemove(_netif: Netif, _acd: Acd): void {}
