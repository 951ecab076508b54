// Information elements of beacons and probe responses: what a scan shows of a network. IEEE 802.11-2020, 9.4.2.

import { suitesOf } from './security.js';
import type { Akm, Cipher, Security } from './security.js';

export const ELEMENT_SSID = 0;
export const ELEMENT_RATES = 1;
export const ELEMENT_DS = 3;
export const ELEMENT_RSN = 48;
export const ELEMENT_EXTENDED_RATES = 50;
export const ELEMENT_VENDOR = 221;

/** Capability information (9.4.1.4): ESS, privacy, short preamble, short slot. */
export const CAPABILITY_ESS = 0x0001;
export const CAPABILITY_PRIVACY = 0x0010;
const CAPABILITY_SHORT = 0x0420;

/** Rates in units of 500 kbit/s; bit 7: basic. */
export const RATES = [0x82, 0x84, 0x8b, 0x96, 0x0c, 0x12, 0x18, 0x24];
export const EXTENDED_RATES = [0x30, 0x48, 0x60, 0x6c];

/** RSN capabilities (9.4.2.24.4): management frame protection required, capable. */
const MFP_REQUIRED = 0x40;
const MFP_CAPABLE = 0x80;

const IEEE = [0x00, 0x0f, 0xac];
const MICROSOFT = [0x00, 0x50, 0xf2];
/** Suite types: table 9-149 (ciphers) and table 9-151 (AKM). */
const CIPHER_TYPE: Record<Cipher, number> = { none: 0, tkip: 2, ccmp: 4 };
const AKM_TYPE: Record<Akm, number> = { 'open': 0, 'wpa-psk': 2, 'wpa2-psk': 2, 'sae': 8 };

export interface Advertised {
  /** Empty for a hidden network. */
  ssid: Uint8Array;
  channel: number;
  security: Security;
}

export function capabilityOf(security: Security): number {
  return CAPABILITY_ESS | CAPABILITY_SHORT | (security === 'open' ? 0 : CAPABILITY_PRIVACY);
}

/** The elements of a beacon, one behind the other. */
export function elementsOf(network: Advertised): Uint8Array {
  return Uint8Array.from([
    ...element(ELEMENT_SSID, [...network.ssid]),
    ...element(ELEMENT_RATES, RATES),
    ...element(ELEMENT_DS, [network.channel]),
    ...rsn(network.security),
    ...element(ELEMENT_EXTENDED_RATES, EXTENDED_RATES),
    ...wpa(network.security),
  ]);
}

function element(id: number, body: number[]): number[] {
  return [id, body.length, ...body];
}

/** 9.4.2.24: WPA2 and WPA3. The group cipher is the weakest that the network allows. */
function rsn(security: Security): number[] {
  const all = suitesOf(security);
  const suites = all.filter((s) => s.akm === 'wpa2-psk' || s.akm === 'sae');
  if (!suites.length) return [];
  const group: Cipher = all.some((s) => s.cipher === 'tkip') ? 'tkip' : 'ccmp';
  const sae = suites.some((s) => s.akm === 'sae');
  const capabilities = sae ? MFP_CAPABLE | (suites.length === 1 ? MFP_REQUIRED : 0) : 0;
  return element(ELEMENT_RSN, [
    ...word(1),
    ...suite(IEEE, CIPHER_TYPE[group]),
    ...word(1),
    ...suite(IEEE, CIPHER_TYPE.ccmp),
    ...word(suites.length),
    ...suites.flatMap((s) => suite(IEEE, AKM_TYPE[s.akm])),
    ...word(capabilities),
  ]);
}

/** Wi-Fi Alliance, WPA 3.1, 2.1: the element from before 802.11i. */
function wpa(security: Security): number[] {
  if (!suitesOf(security).some((s) => s.akm === 'wpa-psk')) return [];
  return element(ELEMENT_VENDOR, [
    ...suite(MICROSOFT, 1),
    ...word(1),
    ...suite(MICROSOFT, CIPHER_TYPE.tkip),
    ...word(1),
    ...suite(MICROSOFT, CIPHER_TYPE.tkip),
    ...word(1),
    ...suite(MICROSOFT, AKM_TYPE['wpa-psk']),
  ]);
}

function word(value: number): number[] {
  return [value & 255, value >> 8];
}

function suite(oui: number[], type: number): number[] {
  return [...oui, type];
}
