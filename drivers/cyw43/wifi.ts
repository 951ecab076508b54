// The radio's side of the device: its state, its events, and its slow clock. How it is set up is setup.ts's.

import type { Netif } from '../../firmware/stack/core/netif.js';
import type { Ap } from './ap.js';
import { EVENT_ESCAN_RESULT, STATUS_ABORT, STATUS_TIMEOUT } from './commands.js';
import type { Cyw43 } from './device.js';
import { joinEvent, joinExpired, type JoinConfig } from './join.js';
import { LINK_OFF, LINK_STARTING, setState } from './link.js';

export interface WifiConfig {
  /** Station address, six bytes; absent or null: the one that the chip was made with. */
  mac?: Uint8Array | null;
  /** Whose rules for channels and power hold: ISO 3166-1, two letters; default 'XX', what is allowed everywhere. */
  country?: string;
  /** Power save, a PM_ constant; default PM_FAST. */
  powerSave?: number;
}

export interface Wifi {
  config: WifiConfig;
  /** The step of set-up that failed, as cyw43WifiFaultText() names it, and how: a BCM error. 0 for none. */
  fault: number;
  faultStatus: number;
  /** Commands of set-up that are answered; what goes on when what they changed has settled, and is called after the last. */
  step: number;
  settled: ((dev: Cyw43) => void) | null;
  done: ((dev: Cyw43, fault: number) => void) | null;
  /** The chip is set up. */
  up: boolean;
  /** A LINK_ constant, without LINK_UP. */
  state: number;
  /** After `state` changed. */
  onState: ((netif: Netif) => void) | null;
  /** The network asked for. */
  join: JoinConfig | null;
  /** What of it is tried at present: SECURITY_ bits. */
  security: number;
  /** The other choice of security has its turn after this one. */
  second: boolean;
  /** Most telling failure of this attempt. */
  failure: number;
  /** Failed attempts in a row, weighted. */
  tries: number;
  /** Attempts whose last command is not answered yet. */
  queued: number;
  /** What of a connection there is: HAVE_ bits. */
  have: number;
  /** Of the last refusal or loss: IEEE 802.11 or the firmware's. */
  reason: number;
  bssid: Uint8Array;
  /** Milliseconds until the state of set-up or link has lasted long enough, 0 for never; clock value it was counted at. */
  left: number;
  last: number;
  /** The scan that is under way: takes its events, and those that it did not get. Milliseconds that it may still take. */
  onScan: ((status: number, bytes: Uint8Array | null, off: number, length: number) => void) | null;
  scanLeft: number;
  /** The access point, and what takes the events of its interface. */
  ap: Ap | null;
  onAp: ((type: number, bytes: Uint8Array, off: number) => void) | null;
  /** Called each time that the chip is set up, before it joins; and when it is not there any more. */
  onUp: ((up: boolean) => void)[];
  /** Of these, what power.ts has to do. */
  power: ((up: boolean) => void) | null;
}

/** Makes the radio's state. */
export function wifiNew(config: WifiConfig): Wifi {
  return {
    config,
    fault: 0,
    faultStatus: 0,
    step: 0,
    settled: null,
    done: null,
    up: false,
    state: LINK_OFF,
    onState: null,
    join: null,
    security: 0,
    second: false,
    failure: 0,
    tries: 0,
    queued: 0,
    have: 0,
    reason: 0,
    bssid: new Uint8Array(6),
    left: 0,
    last: 0,
    onScan: null,
    scanLeft: 0,
    ap: null,
    onAp: null,
    onUp: [],
    power: null,
  };
}

/** The chip is not there any more, for a while: what is asked for stays so. */
export function wifiDown(dev: Cyw43): void {
  const wifi = dev.wifi;
  wifi.up = false;
  wifi.left = 0;
  wifi.settled = wifi.done = null;
  if (wifi.onScan) wifi.onScan(STATUS_ABORT, null, 0, 0);
  tell(wifi, false);
  if (wifi.join) setState(dev, LINK_STARTING);
}

/** Called now and then, at least every 100 ms. @param now milliseconds, modulo 2^32 */
export function wifiTick(dev: Cyw43, now: number): void {
  const wifi = dev.wifi;
  const passed = (now - wifi.last) | 0;
  wifi.last = now;
  if (wifi.onScan && (wifi.scanLeft -= passed) <= 0) wifi.onScan(STATUS_TIMEOUT, null, 0, 0);
  if (!wifi.left || (wifi.left -= passed) > 0) return;
  wifi.left = 0;
  if (wifi.up) joinExpired(dev);
  else if (wifi.settled) wifi.settled(dev);
}

/** Tells those who have something to do whenever the chip is set up, or not there any more. */
export function tell(wifi: Wifi, up: boolean): void {
  for (let i = 0; i < wifi.onUp.length; i++) wifi.onUp[i]!(up);
}

/**
 * Takes an event of the firmware (event.ts).
 * @param off where the event's own data begin in `bytes`; its message is the 48 bytes before
 * @param length bytes of data
 */
export function wifiEvent(
  dev: Cyw43,
  type: number,
  status: number,
  reason: number,
  flags: number,
  iface: number,
  bytes: Uint8Array,
  off: number,
  length: number,
): void {
  const wifi = dev.wifi;
  if (type === EVENT_ESCAN_RESULT) {
    if (wifi.onScan) wifi.onScan(status, bytes, off, length);
  } else if (iface) {
    if (wifi.onAp) wifi.onAp(type, bytes, off);
  } else joinEvent(dev, type, status, reason, flags, bytes, off);
}
