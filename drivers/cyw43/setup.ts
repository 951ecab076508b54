// Set-up of the radio of a chip whose firmware has just started. Part of a start, and like boot.ts out of memory afterwards,
// where the build does so.

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
  WLC_SET_ANTDIV,
  WLC_SET_PM,
  WLC_UP,
} from './commands.js';
import { CONTROL_CANCELLED, ioctl, ioctlNumber, iovarGet, iovarNumbers, iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import { joinStart } from './join.js';
import { PM_FAST } from './power.js';
import { tell } from './wifi.js';
import { put32 } from './words.js';

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
  wifi.settled = configure;
  if (mac) iovarSet(dev, 'cur_etheraddr', mac, 0, null);
  iovarGet(dev, 'cur_etheraddr', 6, 0, addressRead);
  const rules = new Uint8Array(12);
  rules[0] = rules[8] = country.charCodeAt(0);
  rules[1] = rules[9] = country.charCodeAt(1);
  // The newest revision of the country's rules.
  put32(rules, 4, -1);
  iovarSet(dev, 'country', rules, 0, answered);
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
  wifi.settled = wifi.done = null;
  if (!wifi.fault) {
    wifi.up = true;
    tell(wifi, true);
  }
  done(dev, wifi.fault);
  if (wifi.up && wifi.join) joinStart(dev);
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
