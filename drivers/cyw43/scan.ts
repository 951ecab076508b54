// Looking for networks: a scan's results as they come, one for each access point.

import {
  ERR_ABRT,
  ERR_ALREADY,
  ERR_ARG,
  ERR_IF,
  ERR_OK,
  ERR_TIMEOUT,
  type Err,
} from '../../firmware/stack/core/err.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import { elementsSecurity } from './elements.js';
import { STATUS_PARTIAL, STATUS_SUCCESS, STATUS_TIMEOUT } from './commands.js';
import { iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import { SECURITY_WEP } from './security.js';
import { get32, put16, put32, text, utf8 } from './words.js';

export interface ScanOptions {
  /** Listens only, which takes three times as long; default: asks. */
  passive?: boolean;
  /** Asks for one network by its name, which hidden ones answer to. */
  ssid?: string;
  /** Looks at these channels only. */
  channels?: number[];
  /** Tells an access point each time that it is heard; default: once. */
  duplicates?: boolean;
}

export interface ScanResult {
  /** Empty when the access point hides it. */
  ssid: string;
  bssid: Uint8Array;
  channel: number;
  /** Signal strength, dBm. */
  rssi: number;
  /** SECURITY_ bits. */
  security: number;
}

/** Milliseconds that a scan may take; a passive one over all channels takes two seconds, in a busy network more. */
const LIMIT = 15000;
const ACTION_START = 1;
/** Bytes of the request before its channels. */
const REQUEST = 72;

// A result in the event's data (12 bytes of header, then the access point): where its fields are.
const SYNC = 8;
const BSS_BSSID = 20;
const BSS_CAPABILITY = 28;
const BSS_SSID_LENGTH = 30;
const BSS_SSID = 31;
const BSS_CHANSPEC = 84;
const BSS_RSSI = 90;
const BSS_CONTROL_CHANNEL = 100;
const BSS_ELEMENTS = 128;
const BSS_ELEMENTS_LENGTH = 132;
const BSS_LENGTH = 138;
const BSS = 12;
const CAPABILITY_PRIVACY = 0x10;

/**
 * Looks for networks. There is one scan at a time; joining a network ends it.
 * @param found called for each access point
 * @param done called at the end: ERR_OK; ERR_ABRT when it was ended before; ERR_TIMEOUT; ERR_IF when the chip refused it
 * @returns ERR_OK; ERR_IF when the chip is not ready, ERR_ALREADY while there is a scan, ERR_ARG for a name that is none:
 * then nothing is called
 */
export function cyw43Scan(
  netif: Netif,
  options: ScanOptions,
  found: (result: ScanResult) => void,
  done: (err: Err) => void,
): Err {
  const dev = netif.state as Cyw43;
  const wifi = dev.wifi;
  const name = utf8(options.ssid || '');
  if (name.length > 32) return ERR_ARG;
  if (!wifi.up) return ERR_IF;
  if (wifi.onScan) return ERR_ALREADY;
  // Results of a scan that was ended may still come.
  const sync = netif.stack.random16();
  const seen: Record<string, boolean> = {};
  const end = function (err: Err): void {
    wifi.onScan = null;
    done(err);
  };
  const ear = function (status: number, bytes: Uint8Array | null, off: number, length: number): void {
    if (bytes && length >= BSS && (bytes[off + SYNC]! | (bytes[off + SYNC + 1]! << 8)) !== sync) return;
    if (status !== STATUS_PARTIAL) {
      return end(status === STATUS_SUCCESS ? ERR_OK : status === STATUS_TIMEOUT ? ERR_TIMEOUT : ERR_ABRT);
    }
    if (!bytes || !isResult(bytes, off, length)) return;
    const key = get32(bytes, off + BSS_BSSID) + ':' + get32(bytes, off + BSS_BSSID + 2);
    if (seen[key] && !options.duplicates) return;
    seen[key] = true;
    found(result(bytes, off));
  };
  wifi.onScan = ear;
  wifi.scanLeft = LIMIT;
  iovarSet(dev, 'escan', request(options, name, sync), 0, function (_dev, status) {
    if (status && wifi.onScan === ear) end(ERR_IF);
  });
  return ERR_OK;
}

/** Ends the scan, if there is one; its `done` is called with ERR_ABRT. */
export function cyw43ScanAbort(netif: Netif): void {
  const dev = netif.state as Cyw43;
  const ear = dev.wifi.onScan;
  if (!ear) return;
  iovarSet(dev, 'scanabort', new Uint8Array(0), 0, null);
  ear(-1, null, 0, 0);
}

function request(options: ScanOptions, name: Uint8Array, sync: number): Uint8Array {
  const channels = options.channels || [];
  const b = new Uint8Array(REQUEST + 2 * channels.length);
  b[0] = 1;
  b[4] = ACTION_START;
  put16(b, 6, sync);
  b[8] = name.length;
  b.set(name, 12);
  // Any access point.
  for (let i = 44; i < 50; i++) b[i] = 0xff;
  b[50] = 2;
  b[51] = options.passive ? 1 : 0;
  // Probes and times: as the firmware likes.
  for (let i = 52; i < 68; i += 4) put32(b, i, -1);
  b[68] = channels.length;
  for (let i = 0; i < channels.length; i++) put16(b, REQUEST + 2 * i, 0x1000 | channels[i]!);
  return b;
}

/** Whether the fields of a result are all there. */
function isResult(b: Uint8Array, off: number, length: number): boolean {
  if (length < BSS_LENGTH || b[off + BSS_SSID_LENGTH]! > 32) return false;
  const elements = get32(b, off + BSS_ELEMENTS_LENGTH);
  return (
    elements >= 0 && elements <= length - BSS - (b[off + BSS_ELEMENTS]! | (b[off + BSS_ELEMENTS + 1]! << 8))
  );
}

function result(b: Uint8Array, off: number): ScanResult {
  const elements = off + BSS + (b[off + BSS_ELEMENTS]! | (b[off + BSS_ELEMENTS + 1]! << 8));
  const security = elementsSecurity(b, elements, elements + get32(b, off + BSS_ELEMENTS_LENGTH));
  return {
    // One that is hidden may come as zeros, of the name's length.
    ssid: b[off + BSS_SSID] ? text(b, off + BSS_SSID, b[off + BSS_SSID_LENGTH]!) : '',
    bssid: new Uint8Array(b.subarray(off + BSS_BSSID, off + BSS_BSSID + 6)),
    channel: b[off + BSS_CONTROL_CHANNEL] || b[off + BSS_CHANSPEC]!,
    rssi: (b[off + BSS_RSSI]! << 24) >> 24,
    security: security || (b[off + BSS_CAPABILITY]! & CAPABILITY_PRIVACY ? SECURITY_WEP : 0),
  };
}
