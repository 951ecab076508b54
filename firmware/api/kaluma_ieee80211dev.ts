// `global.__ieee80211dev` as the module `wifi` of Kaluma 1.2.1 uses it, over whatever radio there is. What the radio tells
// is only noted; the program's callbacks come in a turn of the event loop of their own.

import { netifIsReady, type Netif } from '../stack/core/netif.js';
import { sysTimeout, sysUntimeout } from '../stack/core/timers.js';
import { ECONNABORTED, EINPROGRESS, EINVAL, ENODEV, errToErrno, ETIMEDOUT } from './errno.js';
import { ERR_OK, type Err } from '../stack/core/err.js';

/** What ends a call: 0, or an errno as Kaluma's SystemError numbers them (Linux's numbers). */
type Done<T> = ((err: number, result?: T) => void) | undefined;

/** @external */
export interface KalumaNetwork {
  ssid: string;
  /** AA:BB:CC:DD:EE:FF. */
  bssid: string;
  /** OPEN, WEP_PSK, WPA_PSK, WPA2_PSK, WPA2_WPA_PSK, WPA3_PSK, WPA3_WPA2_PSK or WPA2_EAP. */
  security: string;
  /** dBm. */
  rssi: number;
  channel: number;
}

/** @external */
export interface KalumaConnection {
  ssid: string;
  bssid: string;
}

/** @external */
export interface KalumaConnectInfo {
  ssid: string;
  password?: string | null;
  /** As of a network found; absent: whatever fits. */
  security?: string | null;
}

/** @external */
export interface KalumaApInfo {
  ssid: string;
  password?: string | null;
  /** The board's address in its own network, and the mask; dotted decimal. */
  gateway?: string | null;
  subnet_mask?: string | null;
}

/**
 * `global.__ieee80211dev`. Each call sets `errno`; none throws.
 * @external
 */
export interface KalumaIeee80211dev {
  /** Of the last call or, in a callback, of what it tells. */
  errno: number;
  /** Set by the program: a network is joined; there is an address, too; the network is gone. */
  assoc_cb?: (() => void) | undefined;
  connect_cb?: (() => void) | undefined;
  disconnect_cb?: (() => void) | undefined;
  reset(callback?: Done<void>): void;
  scan(callback?: Done<KalumaNetwork[]>): void;
  connect(info: KalumaConnectInfo, callback?: Done<void>): void;
  disconnect(callback?: Done<void>): void;
  /** `null` without connection. */
  get_connection(callback?: Done<KalumaConnection | null>): void;
  // Only with a radio that can be an access point.
  ap_mode?(info: KalumaApInfo, callback?: Done<void>): void;
  disable_ap_mode?(): void;
  /** Addresses of the stations. */
  get_ap_client?(): string[];
}

/** A radio, as the device wants it. */
export interface WifiRadio {
  /** The interface that gets an address when a network is joined. */
  netif: Netif;
  /** Set by the device; called when what state() tells may have changed. */
  onChange: (() => void) | null;
  /** 0 in a network; EINPROGRESS on the way; ENODEV while the chip is being started; else why not. */
  state(): number;
  /** Joins, and joins again whenever the network was lost. */
  join(ssid: string, passphrase: string | null, security: string | null): Err;
  leave(): void;
  /** Address of the access point. */
  bssid(): string;
  /** @param done takes 0 or an errno */
  scan(found: (network: KalumaNetwork) => void, done: (err: number) => void): Err;
  restart(): void;
  ap: WifiRadioAp | null;
}

/** The access point of a radio that can be one. */
export interface WifiRadioAp {
  start(ssid: string, passphrase: string | null, gateway: string | null, mask: string | null): Err;
  stop(): void;
  clients(): string[];
}

/** Milliseconds until a network must be joined and an address be there; until a chip that starts must be ready. */
const CONNECT_LIMIT = 30000;
const READY_LIMIT = 15000;

/**
 * Kaluma's Wi-Fi device.
 * @param later calls a function soon, in a turn of the event loop of its own, where what it throws is reported
 */
export function kalumaIeee80211dev(radio: WifiRadio, later: (fn: () => void) => void): KalumaIeee80211dev {
  const netif = radio.netif;
  const stack = netif.stack;
  let ssid = '';
  let joined = false;
  let connected = false;
  let due = false;
  let pending: { callback: Done<void> } | null = null;
  /** What is to be done when the chip is ready. */
  let waiting: ((err: number) => void)[] = [];

  const answer = function <T>(err: number, callback: Done<T>, result?: T): void {
    device.errno = err;
    if (typeof callback === 'function') callback(err, result);
  };

  const tell = function (callback: (() => void) | undefined): void {
    device.errno = 0;
    if (callback) callback();
  };

  /** Ends the attempt to connect, if there is one. */
  const finish = function (err: number): void {
    const ended = pending;
    if (!ended) return;
    pending = null;
    sysUntimeout(stack, expired, null);
    answer(err, ended.callback);
  };

  const giveUp = function (err: number): void {
    if (pending) radio.leave();
    finish(err);
  };

  const expired = function (): void {
    later(function () {
      giveUp(radio.state() === ENODEV ? ENODEV : ETIMEDOUT);
    });
  };

  const ready = function (err: number): void {
    const jobs = waiting;
    waiting = [];
    sysUntimeout(stack, unready, null);
    for (let i = 0; i < jobs.length; i++) jobs[i]!(err);
  };

  const unready = function (): void {
    later(function () {
      ready(ENODEV);
    });
  };

  const whenReady = function (job: (err: number) => void): void {
    if (radio.state() !== ENODEV) return job(0);
    if (!waiting.length) sysTimeout(stack, READY_LIMIT, unready, null);
    waiting.push(job);
  };

  /** Compares what is with what was told. */
  const look = function (): void {
    due = false;
    const state = radio.state();
    if (state !== ENODEV && waiting.length) ready(0);
    if (state) {
      const was = joined;
      joined = connected = false;
      if (was) tell(device.disconnect_cb);
      if (state !== ENODEV && state !== EINPROGRESS) giveUp(state);
      return;
    }
    if (!joined) {
      joined = true;
      tell(device.assoc_cb);
    }
    const address = netifIsReady(netif) && netif.ipAddr !== 0;
    if (address && !connected) {
      connected = true;
      tell(device.connect_cb);
      finish(0);
    }
    connected = address;
  };

  const note = function (): void {
    if (due) return;
    due = true;
    later(look);
  };

  const device: KalumaIeee80211dev = {
    errno: 0,

    reset: function (callback) {
      finish(ECONNABORTED);
      radio.restart();
      whenReady(function (err) {
        answer(err, callback);
      });
    },

    scan: function (callback) {
      whenReady(function (unready) {
        if (unready) return answer(unready, callback);
        const networks: KalumaNetwork[] = [];
        const err = radio.scan(
          function (network) {
            networks.push(network);
          },
          function (failed) {
            later(function () {
              answer(failed, callback, failed ? undefined : networks);
            });
          },
        );
        if (err !== ERR_OK) answer(errToErrno(err), callback);
      });
    },

    connect: function (info, callback) {
      finish(ECONNABORTED);
      const name = info && info.ssid;
      const err =
        typeof name === 'string'
          ? errToErrno(radio.join(name, info.password || null, info.security || null))
          : EINVAL;
      if (err) return answer(err, callback);
      ssid = name;
      pending = { callback };
      sysTimeout(stack, CONNECT_LIMIT, expired, null);
      note();
    },

    disconnect: function (callback) {
      finish(ECONNABORTED);
      radio.leave();
      look();
      answer(0, callback);
    },

    get_connection: function (callback) {
      answer(0, callback, connected ? { ssid, bssid: radio.bssid() } : null);
    },
  };

  const ap = radio.ap;
  if (ap) {
    device.ap_mode = function (info, callback) {
      const name = info && info.ssid;
      const err =
        typeof name === 'string'
          ? errToErrno(ap.start(name, info.password || null, info.gateway || null, info.subnet_mask || null))
          : EINVAL;
      answer(err, callback);
    };
    device.disable_ap_mode = function () {
      ap.stop();
    };
    device.get_ap_client = function () {
      return ap.clients();
    };
  }
  radio.onChange = note;
  stack.netifHooks.push(note);
  return device;
}
