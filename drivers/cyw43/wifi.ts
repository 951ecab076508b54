// The radio's side of the device: its state, the set-up of a chip whose firmware has just started, and its slow clock.

import type { Netif } from '../../firmware/stack/core/netif.js';
import type { Ap } from './ap.js';
import {
  BCME_UNSUPPORTED,
  EVENT_ASSOC,
  EVENT_ASSOC_IND,
  EVENT_AUTH,
  EVENT_DEAUTH,
  EVENT_DEAUTH_IND,
  EVENT_DISASSOC,
  EVENT_DISASSOC_IND,
  EVENT_ESCAN_RESULT,
  EVENT_LINK,
  EVENT_PSK_SUP,
  EVENT_REASSOC_IND,
  EVENT_SET_SSID,
  STATUS_ABORT,
  STATUS_TIMEOUT,
  WLC_SET_ANTDIV,
  WLC_SET_PM,
  WLC_UP,
} from './commands.js';
import { CONTROL_CANCELLED, ioctl, ioctlNumber, iovarGet, iovarNumbers, iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import { joinEvent, joinExpired, joinStart, type JoinConfig } from './join.js';
import { LINK_OFF, LINK_STARTING, setState } from './link.js';
import { PM_FAST } from './power.js';
import { put32 } from './words.js';

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
  /** Commands of set-up that are answered, and what is called after the last. */
  step: number;
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

/** Milliseconds that the firmware takes no commands after it got other rules, or started its radio. */
const SETTLE = 50;

// Steps of set-up; text.ts has their names.
const STEP_COUNTRY = 2;
const STEP_UP = 10;

/**
 * Sets up the radio of a chip whose firmware and CLM are loaded; then joins the network that is asked for.
 * @param done called once: with 0, or with the step that failed. Not when the chip was given up meanwhile: wifiDown().
 */
export function wifiUp(dev: Cyw43, done: (dev: Cyw43, fault: number) => void): void {
  const wifi = dev.wifi;
  const mac = wifi.config.mac;
  const country = wifi.config.country || 'XX';
  wifi.fault = wifi.step = wifi.left = 0;
  wifi.done = done;
  dev.onEvent = wifiEvent;
  if (mac) iovarSet(dev, 'cur_etheraddr', mac, 0, null);
  iovarGet(dev, 'cur_etheraddr', 6, 0, addressRead);
  const rules = new Uint8Array(12);
  rules[0] = rules[8] = country.charCodeAt(0);
  rules[1] = rules[9] = country.charCodeAt(1);
  // The newest revision of the country's rules.
  put32(rules, 4, -1);
  iovarSet(dev, 'country', rules, 0, answered);
}

/** The chip is not there any more, for a while: what is asked for stays so. */
export function wifiDown(dev: Cyw43): void {
  const wifi = dev.wifi;
  wifi.up = false;
  wifi.left = 0;
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
  else configure(dev);
}

function addressRead(dev: Cyw43, status: number, bytes: Uint8Array, off: number, length: number): void {
  if (!status && length >= 6) dev.netif!.hwaddr.set(bytes.subarray(off, off + 6));
  answered(dev, status);
}

/** A step of set-up is done, or not. */
function answered(dev: Cyw43, status: number): void {
  const wifi = dev.wifi;
  if (status === CONTROL_CANCELLED) return;
  wifi.step++;
  if (status && status !== BCME_UNSUPPORTED && !wifi.fault) {
    wifi.fault = wifi.step;
    wifi.faultStatus = status;
  }
  if (wifi.step === STEP_COUNTRY || wifi.step === STEP_UP) {
    wifi.left = SETTLE;
    wifi.last = dev.clock.millis();
    dev.nextCheck = (wifi.last + SETTLE) | 0;
  }
}

/** Set-up, from where the rules have settled: the commands, or its end. */
function configure(dev: Cyw43): void {
  const wifi = dev.wifi;
  const done = wifi.done!;
  if (wifi.step < STEP_UP && !wifi.fault) {
    const power = wifi.config.powerSave;
    ioctlNumber(dev, WLC_SET_ANTDIV, 0, 0, answered);
    // One frame a packet.
    iovarNumbers(dev, 'bus:txglom', [0], 0, answered);
    // Station and access point may be there together.
    iovarNumbers(dev, 'apsta', [1], 0, answered);
    iovarNumbers(dev, 'ampdu_ba_wsize', [8], 0, answered);
    iovarNumbers(dev, 'ampdu_mpdu', [4], 0, answered);
    iovarSet(dev, 'bsscfg:event_msgs', eventMask(), 0, answered);
    ioctlNumber(dev, WLC_SET_PM, power === undefined ? PM_FAST : power, 0, answered);
    ioctl(dev, true, WLC_UP, 0, new Uint8Array(0), answered);
    return;
  }
  wifi.done = null;
  if (!wifi.fault) {
    wifi.up = true;
    tell(wifi, true);
  }
  done(dev, wifi.fault);
  if (wifi.up && wifi.join) joinStart(dev);
}

function tell(wifi: Wifi, up: boolean): void {
  for (let i = 0; i < wifi.onUp.length; i++) wifi.onUp[i]!(up);
}

/** Which events the chip tells: those that this driver has a use for. */
function eventMask(): Uint8Array {
  const mask = new Uint8Array(28);
  const events = [
    EVENT_SET_SSID,
    EVENT_AUTH,
    EVENT_DEAUTH,
    EVENT_DEAUTH_IND,
    EVENT_ASSOC,
    EVENT_ASSOC_IND,
    EVENT_REASSOC_IND,
    EVENT_DISASSOC,
    EVENT_DISASSOC_IND,
    EVENT_LINK,
    EVENT_PSK_SUP,
    EVENT_ESCAN_RESULT,
  ];
  for (let i = 0; i < events.length; i++) mask[4 + (events[i]! >> 3)]! |= 1 << (events[i]! & 7);
  return mask;
}

/** Takes the chip's events. @see OnEvent */
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
