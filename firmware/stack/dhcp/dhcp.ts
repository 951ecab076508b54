// DHCP client (RFC 2131).

import { ERR_OK, type Err } from '../core/err.js';
import type { Netif } from '../core/netif.js';
import type { Stack } from '../core/stack.js';

export function dhcpInit(_stack: Stack): void {}

export function dhcpStart(_netif: Netif): Err {
  return ERR_OK;
}

export function dhcpStop(_netif: Netif): void {}

export function dhcpRenew(_netif: Netif): Err {
  return ERR_OK;
}

export function dhcpRelease(_netif: Netif): Err {
  return ERR_OK;
}

export function dhcpReleaseAndStop(_netif: Netif): void {}

export function dhcpInform(_netif: Netif): Err {
  return ERR_OK;
}

export function dhcpSuppliedAddress(_netif: Netif): boolean {
  return false;
}

export function dhcpStateName(_netif: Netif): string {
  return 'OFF';
}
