// Which frames the chip takes beside its own: multicast groups by the hash table, or everything (DS39662E, chapter 8).

import { ERR_ARG, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { NETIF_FLAG_RXFILTER, type Netif } from '../../firmware/stack/core/netif.js';
import { writeRegister } from './bus.js';
import { MODE_RUNNING, type Enc28j60 } from './device.js';
import { filterOf } from './init.js';
import { EHT0, ERXFCON } from './registers.js';

/**
 * Receives every good frame, or only what is addressed here.
 */
export function enc28j60SetPromiscuous(netif: Netif, on: boolean): void {
  const dev = netif.state as Enc28j60;
  dev.promiscuous = on;
  if (on || dev.config.macFilter) netif.flags &= ~NETIF_FLAG_RXFILTER;
  else netif.flags |= NETIF_FLAG_RXFILTER;
  if (dev.mode === MODE_RUNNING) writeRegister(dev, ERXFCON, filterOf(dev));
}

/**
 * Joins or leaves a multicast group: netif.macFilter, for Enc28j60Config. Groups that share a bit of the hash table
 * are counted.
 * @returns ERR_OK, or ERR_ARG for an address that is no group or was not joined
 */
export function enc28j60MacFilter(netif: Netif, mac: Uint8Array, join: boolean): Err {
  const dev = netif.state as Enc28j60;
  if (mac.length !== 6 || !(mac[0]! & 1)) return ERR_ARG;
  const groups = dev.groups || (dev.groups = new Uint8Array(64));
  const bit = hashBit(mac);
  const before = groups[bit]!;
  if (join ? before === 255 : before === 0) return ERR_ARG;
  const now = join ? before + 1 : before - 1;
  groups[bit] = now;
  if (!before !== !now) {
    const at = bit >> 3;
    dev.hash[at]! ^= 1 << (bit & 7);
    if (dev.mode === MODE_RUNNING) writeRegister(dev, EHT0 + at, dev.hash[at]!);
  }
  return ERR_OK;
}

/** DS39662E, 8.4: bits 28:23 of the CRC-32 over the destination address, shifted in as the wire carries it. */
function hashBit(mac: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < 6; i++) {
    let byte = mac[i]!;
    for (let b = 0; b < 8; b++) {
      const feedback = (crc < 0 ? 1 : 0) ^ (byte & 1);
      crc <<= 1;
      if (feedback) crc ^= 0x04c11db7;
      byte >>= 1;
    }
  }
  return (crc >>> 23) & 0x3f;
}
