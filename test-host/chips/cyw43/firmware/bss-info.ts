// The structure by which a scan describes one network. Its fields lie as a C compiler lays them out.

import type { Sighting } from '../../../air/index.js';
import { EXTENDED_RATES, RATES } from '../../../air/elements.js';

const VERSION = 109;
/** The fixed part; the information elements follow. */
const FIXED = 128;
/** Channel specification of a 20 MHz channel. */
const CHANSPEC_20MHZ = 0x1000;
const NOISE = -92;

export function chanspecOf(channel: number): number {
  return CHANSPEC_20MHZ | channel;
}

export function bssInfo(sighting: Sighting): Uint8Array {
  const { elements, ssid, bssid, channel, rssi, capability, ap } = sighting;
  const bytes = new Uint8Array(FIXED + elements.length);
  const view = new DataView(bytes.buffer);
  const rates = [...RATES, ...EXTENDED_RATES];
  view.setUint32(0, VERSION, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(bssid, 8);
  view.setUint16(14, Math.round(ap.beaconInterval / 1024), true);
  view.setUint16(16, capability, true);
  bytes[18] = ssid.length;
  bytes.set(ssid, 19);
  view.setUint32(52, rates.length, true);
  bytes.set(rates, 56);
  view.setUint16(72, chanspecOf(channel), true);
  bytes[76] = ap.dtimPeriod;
  view.setInt16(78, rssi, true);
  view.setInt8(80, NOISE);
  // 802.11n capable.
  bytes[81] = 1;
  bytes[88] = channel;
  view.setUint16(116, FIXED, true);
  view.setUint32(120, elements.length, true);
  view.setInt16(124, rssi - NOISE, true);
  bytes.set(elements, FIXED);
  return bytes;
}
