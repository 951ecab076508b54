// How strong the access point is heard.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { WLC_GET_RSSI } from './commands.js';
import { ioctl } from './control.js';
import type { Cyw43 } from './device.js';
import { get32 } from './words.js';

/** @param done takes dBm, or 0 when no network is joined */
export function cyw43Rssi(netif: Netif, done: (dbm: number) => void): void {
  ioctl(netif.state as Cyw43, false, WLC_GET_RSSI, 0, new Uint8Array(4), function (_dev, status, bytes, off) {
    done(status ? 0 : get32(bytes, off));
  });
}
