// How a network protects itself, as bits: one for each way that it offers or that a station may use; and how the firmware
// wants to be told.

import { put16 } from './words.js';

export const SECURITY_OPEN = 0;
/** This and SECURITY_EAP are told by scans only: such networks cannot be joined. */
export const SECURITY_WEP = 1;
export const SECURITY_WPA = 2;
export const SECURITY_WPA2 = 4;
export const SECURITY_WPA3 = 8;
/** User names, certificates. */
export const SECURITY_EAP = 16;

/** The ciphers that go with it: TKIP is 2, AES 4. */
export function wsecOf(security: number): number {
  return (security & SECURITY_WPA ? 2 : 0) | (security & (SECURITY_WPA2 | SECURITY_WPA3) ? 4 : 0);
}

/** The key managements that go with it: WPA-PSK is 4, WPA2-PSK 80h, WPA3-SAE 40000h. */
export function authOf(security: number): number {
  return (
    (security & SECURITY_WPA ? 4 : 0) |
    (security & SECURITY_WPA2 ? 0x80 : 0) |
    (security & SECURITY_WPA3 ? 0x40000 : 0)
  );
}

/** What WLC_SET_WSEC_PMK takes. @param secret the passphrase's bytes */
export function pmkOf(secret: Uint8Array): Uint8Array {
  const key = new Uint8Array(68);
  put16(key, 0, secret.length);
  // A passphrase, not a key.
  put16(key, 2, 1);
  key.set(secret, 4);
  return key;
}

/** What `sae_password` takes. */
export function saeOf(secret: Uint8Array): Uint8Array {
  const password = new Uint8Array(130);
  put16(password, 0, secret.length);
  password.set(secret, 2);
  return password;
}

/** Protected management frames, which WPA3 wants: 1 is "if the other side can", 2 "always". */
export function mfpOf(security: number): number {
  return security & SECURITY_WPA3 ? (security === SECURITY_WPA3 ? 2 : 1) : 0;
}
