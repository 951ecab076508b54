// A station's side towards an access point, and hardware addresses as text and bytes.

import type { AccessPoint } from './access-point.js';

export type Dismissal = 'deauthenticated' | 'disassociated';

/** IEEE 802.11-2020, table 9-49. */
export const REASON_UNSPECIFIED = 1;
export const REASON_INVALID_AUTHENTICATION = 2;
export const REASON_LEAVING = 3;
export const REASON_CLASS_2 = 6;
export const REASON_CLASS_3 = 7;
export const REASON_DISASSOC_LEAVING = 8;
export const REASON_HANDSHAKE_TIMEOUT = 15;

/** What an access point knows of a station. */
export interface Radio {
  readonly mac: Uint8Array;
  /** An Ethernet frame for the station. The array is the station's to keep. */
  receive(frame: Uint8Array): void;
  /** The access point ends it. */
  dismissed(by: AccessPoint, how: Dismissal, reason: number): void;
  /** The access point's beacons are no longer heard, or are again. */
  beacons(of: AccessPoint, heard: boolean): void;
}

export function macOf(text: string | Uint8Array): Uint8Array {
  if (typeof text !== 'string') return Uint8Array.from(text);
  const bytes = Uint8Array.from(text.split(':').map((x) => parseInt(x, 16)));
  if (bytes.length !== 6) throw new Error('not a hardware address: ' + text);
  return bytes;
}

export function macText(bytes: Uint8Array, at = 0): string {
  let text = '';
  for (let i = at; i < at + 6; i++) text += (i > at ? ':' : '') + bytes[i]!.toString(16).padStart(2, '0');
  return text;
}
