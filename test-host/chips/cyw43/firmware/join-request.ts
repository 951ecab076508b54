// What a join asks for, as the iovar `join` and WLC_SET_SSID say it.

import { channelsOf, isAnyAddress } from './scan-fields.js';
import { readSsid } from './ssid.js';
import type { JoinTarget } from './station.js';
import type { WlanFirmware } from './wlan-firmware.js';

const SCAN_TYPE = 36;
const BSSID = 56;
const CHANNEL_COUNT = 64;
const CHANNELS = 68;

/** Bytes that `join` has at least. */
export const JOIN_LENGTH = CHANNELS;

/** WLC_SET_SSID: the SSID alone. */
export function ssidTarget(fw: WlanFirmware, data: Uint8Array): JoinTarget {
  return { ssid: readSsid(data), bssid: null, channels: fw.clm.channels(), passive: false };
}

/** `join`: SSID, scan parameters, BSSID, channels. */
export function joinTarget(fw: WlanFirmware, data: Uint8Array): JoinTarget {
  const bssid = data.slice(BSSID, BSSID + 6);
  return {
    ssid: readSsid(data),
    bssid: isAnyAddress(bssid) ? null : bssid,
    channels: channelsOf(fw, data, CHANNEL_COUNT, CHANNELS),
    // -1: as the firmware likes.
    passive: data[SCAN_TYPE] === 1,
  };
}
