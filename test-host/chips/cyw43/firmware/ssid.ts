// A network's name as commands carry it.

import { u32, words } from './bytes.js';
import { BCME_BADSSIDLEN, Refusal } from './errors.js';

/** u32 length and 32 bytes. */
export function ssidBytes(ssid: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(36);
  bytes.set(words(ssid.length));
  bytes.set(ssid, 4);
  return bytes;
}

export function readSsid(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = u32(data, 0);
  if (length > 32) throw new Refusal(BCME_BADSSIDLEN, 'valueOutOfRange', `SSID of ${length} bytes`);
  return Uint8Array.from(data.subarray(4, 4 + length));
}
