// Joining a network, staying in it, and coming back: the state machine of the station. It is driven by the chip's events,
// and by wifiTick() where nothing happens.

import { ERR_ARG, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import {
  EVENT_ASSOC,
  EVENT_AUTH,
  EVENT_DEAUTH_IND,
  EVENT_DISASSOC_IND,
  EVENT_LINK,
  EVENT_PSK_SUP,
  EVENT_SET_SSID,
  STATUS_FAIL,
  STATUS_NO_NETWORKS,
  STATUS_SUCCESS,
  STATUS_UNSOLICITED,
  SUP_KEYED,
  SUP_WAIT_M3,
  WLC_DISASSOC,
  WLC_GET_BSSID,
  WLC_SET_AUTH,
  WLC_SET_INFRA,
  WLC_SET_SSID,
  WLC_SET_WPA_AUTH,
  WLC_SET_WSEC,
  WLC_SET_WSEC_PMK,
} from './commands.js';
import { CONTROL_TIMEOUT, ioctl, ioctlNumber, iovarNumbers, iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import {
  LINK_CONNECTED_NO_ADDRESS,
  LINK_JOINING,
  LINK_LOST,
  LINK_NO_ANSWER,
  LINK_NO_NETWORK,
  LINK_OFF,
  LINK_REFUSED,
  LINK_STARTING,
  LINK_WRONG_PASSWORD,
  setState,
} from './link.js';
import {
  authOf,
  mfpOf,
  pmkOf,
  saeOf,
  SECURITY_OPEN,
  SECURITY_WPA,
  SECURITY_WPA2,
  SECURITY_WPA3,
  wsecOf,
} from './security.js';
import type { Wifi } from './wifi.js';
import { get32, put16, put32, utf8 } from './words.js';

export interface JoinConfig {
  /** Name of the network, at most 32 bytes in UTF-8. */
  ssid: string;
  /** 8 to 63 characters, or 64 hexadecimal digits; absent for an open network. */
  passphrase?: string | null;
  /** SECURITY_ bits, any of which may do; absent: open without a passphrase, else the best that both sides know. */
  security?: number;
  /** The one access point to use, six bytes. */
  bssid?: Uint8Array;
  /** The one channel to look at. */
  channel?: number;
}

/** Milliseconds that an attempt may take: a scan takes two, a handshake up to five. */
const JOIN_LIMIT = 10000;
/** Milliseconds between two questions whether the chip is still associated: an event may get lost. */
const CHECK = 10000;
/** Milliseconds that the firmware waits for the access point's part of the handshake. */
const HANDSHAKE_LIMIT = 5000;
/** Pauses between attempts double from 1 s to 64 s. */
const MOST_TRIES = 7;
const FIRST_PAUSE = 500;
/** What a wrong password counts for: more of the same will not help. */
const PASSWORD_TRIES = 3;

// wifi.have
const HAVE_LINK = 1;
const HAVE_KEYS = 2;

/** A channel of 20 MHz in the 2.4 GHz band, as the firmware puts it. */
const CHANSPEC_20MHZ = 0x1000;

// IEEE 802.11, table 9-49: reasons that an access point gives when the handshake has shown another passphrase.
const REASON_AUTH_EXPIRED = 2;
const REASON_MIC_FAILURE = 14;
const REASON_HANDSHAKE_TIMEOUT = 15;

const AUTH_OPEN = 0;
const AUTH_SAE = 3;

/**
 * Joins a network and stays in it: whatever goes wrong is tried again, until cyw43Leave(). What comes of it is told by
 * cyw43LinkState(). May be called before the chip is ready.
 * @param join kept, not copied
 * @returns ERR_OK, or ERR_ARG for a name or passphrase of a length that cannot be
 */
export function cyw43Join(netif: Netif, join: JoinConfig): Err {
  const dev = netif.state as Cyw43;
  const wifi = dev.wifi;
  const name = utf8(join.ssid).length;
  const secret = join.passphrase ? utf8(join.passphrase).length : 0;
  if (!name || name > 32 || (secret ? secret < 8 || secret > 64 : join.security)) return ERR_ARG;
  wifi.join = join;
  wifi.tries = wifi.security = 0;
  if (wifi.up) {
    leave(dev);
    joinStart(dev);
  } else setState(dev, LINK_STARTING);
  return ERR_OK;
}

/** Leaves the network, or gives up joining one. */
export function cyw43Leave(netif: Netif): void {
  const dev = netif.state as Cyw43;
  const wifi = dev.wifi;
  wifi.join = null;
  // Set-up counts its own time.
  if (wifi.up) {
    wifi.left = 0;
    leave(dev);
  }
  setState(dev, LINK_OFF);
}

function leave(dev: Cyw43): void {
  ioctl(dev, true, WLC_DISASSOC, 0, new Uint8Array(0), null);
}

/** Makes an attempt, with each choice of security. */
export function joinStart(dev: Cyw43): void {
  const wifi = dev.wifi;
  const join = wifi.join!;
  const automatic = join.security === undefined && !!join.passphrase;
  wifi.second = automatic;
  wifi.failure = 0;
  // Begins with what did it last time.
  if (!automatic) wifi.security = join.security || SECURITY_OPEN;
  else if (!wifi.security) wifi.security = SECURITY_WPA3 | SECURITY_WPA2;
  attempt(dev, join);
  setState(dev, LINK_JOINING);
}

function attempt(dev: Cyw43, join: JoinConfig): void {
  const wifi = dev.wifi;
  const security = wifi.security;
  const ssid = utf8(join.ssid);
  const bssid = join.bssid;
  wifi.have = security ? 0 : HAVE_KEYS;
  wifi.left = JOIN_LIMIT;
  wifi.queued++;
  ioctlNumber(dev, WLC_SET_INFRA, 1, 0, null);
  ioctlNumber(dev, WLC_SET_WSEC, wsecOf(security), 0, null);
  iovarNumbers(dev, 'bsscfg:sup_wpa', [0, security ? 1 : 0], 0, null);
  if (security) {
    const secret = utf8(join.passphrase!);
    iovarNumbers(dev, 'bsscfg:sup_wpa2_eapver', [0, -1], 0, null);
    iovarNumbers(dev, 'bsscfg:sup_wpa_tmo', [0, HANDSHAKE_LIMIT], 0, null);
    ioctl(dev, true, WLC_SET_WSEC_PMK, 0, pmkOf(secret), null);
    if (security & SECURITY_WPA3) iovarSet(dev, 'sae_password', saeOf(secret), 0, null);
  }
  iovarNumbers(dev, 'mfp', [mfpOf(security)], 0, null);
  ioctlNumber(dev, WLC_SET_AUTH, security & SECURITY_WPA3 ? AUTH_SAE : AUTH_OPEN, 0, null);
  ioctlNumber(dev, WLC_SET_WPA_AUTH, authOf(security), 0, null);
  const aimed = bssid || join.channel;
  const request = new Uint8Array(aimed ? 70 : 36);
  put32(request, 0, ssid.length);
  request.set(ssid, 4);
  if (!aimed) return ioctl(dev, true, WLC_SET_SSID, 0, request, asked);
  // Times of the scan, and the address: as the firmware likes.
  for (let i = 40; i < 62; i++) request[i] = 0xff;
  if (bssid) request.set(bssid, 56);
  if (join.channel) {
    request[64] = 1;
    put16(request, 68, CHANSPEC_20MHZ | join.channel);
  }
  iovarSet(dev, 'join', request, 0, asked);
}

/** The attempt's last command is answered: what events tell from now on is about it. */
function asked(dev: Cyw43, status: number): void {
  const wifi = dev.wifi;
  wifi.queued--;
  if (status && status > CONTROL_TIMEOUT && !wifi.queued && wifi.state === LINK_JOINING) {
    wifi.reason = status;
    failed(dev, LINK_REFUSED, false);
  }
}

/** An event about the station. @param off where the event's data begins */
export function joinEvent(
  dev: Cyw43,
  type: number,
  status: number,
  reason: number,
  flags: number,
  bytes: Uint8Array,
  off: number,
): void {
  const wifi = dev.wifi;
  if (wifi.queued) return;
  const gone =
    type === EVENT_DEAUTH_IND || type === EVENT_DISASSOC_IND || (type === EVENT_LINK && !(flags & 1));
  if (gone && wifi.state >= LINK_JOINING) wifi.reason = reason;
  if (wifi.state === LINK_CONNECTED_NO_ADDRESS && gone) lost(dev);
  if (wifi.state !== LINK_JOINING) return;
  if (gone) {
    if (wifi.security && type !== EVENT_LINK && passphraseIsWrong(reason))
      failed(dev, LINK_WRONG_PASSWORD, true);
    else failed(dev, LINK_REFUSED, false);
  } else if (type === EVENT_LINK) {
    wifi.have |= HAVE_LINK;
    wifi.bssid.set(bytes.subarray(off - 24, off - 18));
  } else if (type === EVENT_PSK_SUP) {
    if (status === SUP_KEYED) wifi.have |= HAVE_KEYS;
    else if (reason) {
      wifi.reason = reason;
      if (status === SUP_WAIT_M3 || reason !== REASON_HANDSHAKE_TIMEOUT)
        failed(dev, LINK_WRONG_PASSWORD, true);
      else failed(dev, LINK_REFUSED, false);
    }
  } else if (status !== STATUS_SUCCESS && status !== STATUS_UNSOLICITED) {
    if (reason) wifi.reason = reason;
    if (type === EVENT_SET_SSID) {
      failed(dev, status === STATUS_NO_NETWORKS ? LINK_NO_NETWORK : LINK_REFUSED, false);
    } else if (type === EVENT_AUTH || type === EVENT_ASSOC) {
      // There may be another access point that the firmware tries now: SET_SSID will tell.
      const sae = type === EVENT_AUTH && status === STATUS_FAIL && wifi.security & SECURITY_WPA3;
      note(wifi, sae ? LINK_WRONG_PASSWORD : LINK_REFUSED);
    }
  }
  if (wifi.state === LINK_JOINING && wifi.have === (HAVE_LINK | HAVE_KEYS)) {
    wifi.left = CHECK;
    setState(dev, LINK_CONNECTED_NO_ADDRESS);
  }
}

function passphraseIsWrong(reason: number): boolean {
  return (
    reason === REASON_AUTH_EXPIRED || reason === REASON_MIC_FAILURE || reason === REASON_HANDSHAKE_TIMEOUT
  );
}

function note(wifi: Wifi, failure: number): void {
  if (failure > wifi.failure) wifi.failure = failure;
}

/** An attempt failed. @param sure other ways to prove the passphrase would not help */
function failed(dev: Cyw43, state: number, sure: boolean): void {
  const wifi = dev.wifi;
  note(wifi, state);
  leave(dev);
  if (wifi.second && !sure) {
    wifi.second = false;
    // What either side does not know may have spoilt the attempt: without WPA3 then, and with WPA.
    wifi.security ^= SECURITY_WPA3 | SECURITY_WPA;
    attempt(dev, wifi.join!);
  } else pause(dev, wifi.failure);
}

function lost(dev: Cyw43): void {
  leave(dev);
  pause(dev, LINK_LOST);
}

/** Waits with the next attempt, the longer the more of them have failed, and not in step with other stations. */
function pause(dev: Cyw43, state: number): void {
  const wifi = dev.wifi;
  wifi.tries += state === LINK_WRONG_PASSWORD ? PASSWORD_TRIES : 1;
  if (wifi.tries > MOST_TRIES) wifi.tries = MOST_TRIES;
  const least = FIRST_PAUSE << wifi.tries;
  wifi.left = least + (((least >> 3) * dev.netif!.stack.random16()) >> 14);
  setState(dev, state);
}

/** The state has lasted as long as it should. */
export function joinExpired(dev: Cyw43): void {
  const wifi = dev.wifi;
  if (wifi.state === LINK_CONNECTED_NO_ADDRESS) {
    wifi.tries = 0;
    wifi.left = CHECK;
    ioctl(dev, false, WLC_GET_BSSID, 0, new Uint8Array(6), checked);
  } else if (wifi.state === LINK_JOINING) failed(dev, LINK_NO_ANSWER, false);
  else if (wifi.join) joinStart(dev);
}

function checked(dev: Cyw43, status: number, bytes: Uint8Array, off: number): void {
  const wifi = dev.wifi;
  if (wifi.state !== LINK_CONNECTED_NO_ADDRESS || status <= CONTROL_TIMEOUT) return;
  if (status || !get32(bytes, off)) lost(dev);
  // The firmware may have gone over to another access point of the network.
  else wifi.bssid.set(bytes.subarray(off, off + 6));
}
