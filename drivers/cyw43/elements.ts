// The information elements of a beacon that tell how a network protects itself (IEEE 802.11, 9.4.2.24 for RSN; WPA's
// looks alike).

import { SECURITY_EAP, SECURITY_WPA, SECURITY_WPA2, SECURITY_WPA3 } from './security.js';
import { get32 } from './words.js';

const ELEMENT_RSN = 48;
const ELEMENT_VENDOR = 221;
/** 00:50:f2 and 1, WPA's vendor element, as get32() reads it. */
const WPA_OUI = 0x01f25000;

/**
 * @param at where the elements begin in `b`
 * @param end behind them
 * @returns SECURITY_ bits; 0 when there is nothing
 */
export function elementsSecurity(b: Uint8Array, at: number, end: number): number {
  let security = 0;
  while (at + 2 <= end) {
    const id = b[at]!;
    const body = at + 2;
    at = body + b[at + 1]!;
    if (at > end) break;
    if (id === ELEMENT_RSN) security |= keyManagement(b, body, at, false);
    else if (id === ELEMENT_VENDOR && at - body >= 4 && get32(b, body) === WPA_OUI) {
      security |= keyManagement(b, body + 4, at, true);
    }
  }
  return security;
}

/** Version, group cipher, pairwise ciphers, key managements: two bytes, four, and twice a count with four each. */
function keyManagement(b: Uint8Array, at: number, end: number, wpa: boolean): number {
  let security = 0;
  const ciphers = at + 6;
  at = ciphers + 2 + 4 * b[ciphers]!;
  for (let n = at < end ? b[at]! : 0; n && at + 6 <= end; n--, at += 4) {
    const suite = b[at + 5]!;
    if (suite === 2 || suite === 6) security |= wpa ? SECURITY_WPA : SECURITY_WPA2;
    else if (suite === 8 || suite === 24) security |= SECURITY_WPA3;
    else security |= SECURITY_EAP;
  }
  return security;
}
