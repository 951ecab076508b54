// What a network asks of a station and what a station has to offer: key management, cipher, secret; and whether the
// two agree. The handshakes themselves are not modelled, only their outcome.

import { pbkdf2Sync } from 'node:crypto';

export type Security = 'open' | 'wpa' | 'wpa2' | 'wpa2-wpa' | 'wpa3' | 'wpa3-wpa2';

/** Authentication and key management. */
export type Akm = 'open' | 'wpa-psk' | 'wpa2-psk' | 'sae';
export type Cipher = 'none' | 'tkip' | 'ccmp';

export interface Suite {
  akm: Akm;
  cipher: Cipher;
}

/** A passphrase, or the pairwise master key that is made of one. */
export type Secret = { passphrase: Uint8Array } | { pmk: Uint8Array };

/** What a station brings along. */
export interface Offer {
  akms: readonly Akm[];
  ciphers: readonly Cipher[];
  /** For WPA and WPA2. */
  psk?: Secret;
  /** For WPA3. */
  sae?: Uint8Array;
  /** Management frame protection; SAE needs it. */
  protectsManagement?: boolean;
}

const OPEN: Suite = { akm: 'open', cipher: 'none' };
const WPA: Suite = { akm: 'wpa-psk', cipher: 'tkip' };
const WPA2: Suite = { akm: 'wpa2-psk', cipher: 'ccmp' };
const SAE: Suite = { akm: 'sae', cipher: 'ccmp' };

/** Strongest first. */
const SUITES: Record<Security, readonly Suite[]> = {
  'open': [OPEN],
  'wpa': [WPA],
  'wpa2': [WPA2],
  'wpa2-wpa': [WPA2, WPA],
  'wpa3': [SAE],
  'wpa3-wpa2': [SAE, WPA2],
};

export function suitesOf(security: Security): readonly Suite[] {
  return SUITES[security];
}

/** The strongest suite that both sides have, or null. */
export function agree(security: Security, offer: Offer): Suite | null {
  for (const suite of SUITES[security]) {
    if (!offer.akms.includes(suite.akm) || !offer.ciphers.includes(suite.cipher)) continue;
    if (suite.akm === 'sae' && !offer.protectsManagement) continue;
    return suite;
  }
  return null;
}

/** An offer for any kind of network: what a phone or a laptop does with a passphrase. */
export function offerOf(passphrase: string | null): Offer {
  if (passphrase === null) return { akms: ['open'], ciphers: ['none'] };
  const bytes = utf8(passphrase);
  return {
    akms: ['sae', 'wpa2-psk', 'wpa-psk'],
    ciphers: ['ccmp', 'tkip'],
    psk: { passphrase: bytes },
    sae: bytes,
    protectsManagement: true,
  };
}

/** Whether the station's secret for `suite` is that of a network with this passphrase. */
export function knows(offer: Offer, suite: Suite, ssid: Uint8Array, passphrase: Uint8Array): boolean {
  if (suite.akm === 'open') return true;
  if (suite.akm === 'sae') return offer.sae !== undefined && equal(offer.sae, passphrase);
  const secret = offer.psk;
  if (!secret) return false;
  if ('passphrase' in secret) return equal(secret.passphrase, passphrase);
  // IEEE 802.11-2020, J.4.1: PSK = PBKDF2(HMAC-SHA-1, passphrase, ssid, 4096 rounds, 256 bits).
  return equal(secret.pmk, new Uint8Array(pbkdf2Sync(passphrase, ssid, 4096, 32, 'sha1')));
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

export function utf8(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}
