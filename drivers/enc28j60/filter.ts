// Which frames the chip takes: its own address, broadcasts, multicast groups by the hash table, or everything
// (DS39662E, chapter 8).

import { ERR_ARG, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import { clearBits, setBits, writeRegister } from './bus.js';
import { MODE_RUNNING, type Enc28j60 } from './device.js';
import { BCEN, CRCEN, EHT0, ERXFCON, HTEN, UCEN } from './registers.js';

/** Writes hash table and filter configuration; the filter may change while frames arrive. */
export function writeFilter(dev: Enc28j60): void {
  for (let i = 0; i < 8; i++) {
    let bits = 0;
    for (let b = 0; b < 8; b++) if (dev.hash[i * 8 + b]) bits |= 1 << b;
    writeRegister(dev, EHT0 + i, bits);
  }
  writeRegister(dev, ERXFCON, dev.promiscuous ? CRCEN : UCEN | CRCEN | BCEN | HTEN);
}

/**
 * Receives every good frame, or only what is addressed here.
 */
export function enc28j60SetPromiscuous(netif: Netif, on: boolean): void {
  const dev = netif.state as Enc28j60;
  dev.promiscuous = on;
  if (dev.mode === MODE_RUNNING) writeFilter(dev);
}

/**
 * Joins or leaves a multicast group: netif.macFilter. Groups that share a bit of the hash table are counted.
 * @returns ERR_OK, or ERR_ARG for an address that is no group or was not joined
 */
export function enc28j60MacFilter(netif: Netif, mac: Uint8Array, join: boolean): Err {
  const dev = netif.state as Enc28j60;
  if (mac.length !== 6 || !(mac[0]! & 1)) return ERR_ARG;
  const bit = hashBit(mac);
  const before = dev.hash[bit]!;
  if (join ? before === 255 : before === 0) return ERR_ARG;
  const now = join ? before + 1 : before - 1;
  dev.hash[bit] = now;
  if (dev.mode === MODE_RUNNING && !before !== !now) {
    const change = join ? setBits : clearBits;
    change(dev, EHT0 + (bit >> 3), 1 << (bit & 7));
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
