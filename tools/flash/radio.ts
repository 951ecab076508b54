// The network of a Pico W on the command line: what is on the air, what the program on the board tries to join, and
// whether the radio's firmware is in its flash.

import type { Security } from '../../test-host/air/index.js';
import { cyw43InReach } from '../../test-host/chips/cyw43/on-air.js';
import type { Cyw43 } from '../../test-host/chips/cyw43/index.js';
import { PUBLISHED_SIZE, standInImage } from '../../test-host/chips/cyw43/stand-in-image.js';
import type { Scheduler } from '../../test-host/sim/scheduler.js';
import type { Port } from '../../test-host/sim/wire.js';
import type { BoardChip } from './board-chip.js';
import { UserError } from './user-error.js';

/** Options of the command line that concern the radio. */
export interface RadioOptions {
  board: BoardChip;
  /** Name and passphrase of the network. */
  ssid?: string;
  pass?: string;
  security?: Security;
  /** What the program tries to join instead. */
  joinSsid?: string;
  joinPass?: string;
  /** False: the radio's firmware is not in the board's flash. */
  cyw43Firmware: boolean;
}

interface Credentials {
  ssid: string;
  pass: string | undefined;
}

export interface Network extends Credentials {
  security: Security;
  join: Credentials;
}

const DEFAULT_SSID = 'lightwire';
/** IEEE 802.11, 9.4.2.2: bytes of an SSID. */
const SSID_MAX = 32;
/** IEEE 802.11, J.4.1: characters of a passphrase. */
const PASS_MIN = 8;
const PASS_MAX = 63;
/** Names that Kaluma's `wifi` module has for them. */
const KALUMA_NAMES: Partial<Record<Security, string>> = {
  'wpa': 'WPA_PSK',
  'wpa2': 'WPA2_PSK',
  'wpa2-wpa': 'WPA2_WPA_PSK',
};

/**
 * @returns the network of a board with a radio, null for one without
 * @throws UserError for options that do not go together
 */
export function networkOf(options: RadioOptions): Network | null {
  const { board, ssid = DEFAULT_SSID, pass, security, joinSsid, joinPass, cyw43Firmware } = options;
  if (board !== 'cyw43') {
    const given = { ssid: options.ssid, pass, security, 'join-ssid': joinSsid, 'join-pass': joinPass };
    const wrong = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
    if (wrong !== undefined) throw new UserError(`--${wrong} is for --board cyw43`);
    if (!cyw43Firmware) throw new UserError('--no-cyw43-firmware is for --board cyw43');
    return null;
  }
  if (security === 'open' && pass !== undefined) throw new UserError('an open network has no --pass');
  if (security !== undefined && security !== 'open' && pass === undefined) {
    throw new UserError(`--security ${security} needs --pass`);
  }
  checkSsid('--ssid', ssid);
  checkPass('--pass', pass);
  const join = { ssid: joinSsid ?? ssid, pass: joinPass ?? pass };
  checkSsid('--join-ssid', join.ssid);
  checkPass('--join-pass', join.pass);
  return { ssid, pass, security: security ?? (pass === undefined ? 'open' : 'wpa2'), join };
}

function checkSsid(option: string, ssid: string): void {
  const length = Buffer.byteLength(ssid);
  if (length < 1 || length > SSID_MAX) {
    throw new UserError(`${option} is ${length} bytes; a network's name has 1 to ${SSID_MAX}`);
  }
}

function checkPass(option: string, pass: string | undefined): void {
  if (pass === undefined) return;
  const length = Buffer.byteLength(pass);
  if (length < PASS_MIN || length > PASS_MAX) {
    throw new UserError(`${option} has ${length} characters; a passphrase has ${PASS_MIN} to ${PASS_MAX}`);
  }
}

/** What Kaluma's storage holds for programs that join a network. */
export function storedItems({ join, security }: Network): Record<string, string> {
  const name = KALUMA_NAMES[security];
  return {
    WIFI_SSID: join.ssid,
    ...(join.pass !== undefined && { WIFI_PASSWORD: join.pass }),
    ...(join.pass !== undefined && name !== undefined && { WIFI_SECURITY: name }),
  };
}

/**
 * The network on the air, and a radio that is in its reach.
 * @param port the access point's way to the rest of the network
 */
export function openAir(network: Network, scheduler: Scheduler, port: Port, seed: number): Cyw43 {
  const { ssid, security, pass } = network;
  const options = { ssid, security, port, ...(pass !== undefined && { passphrase: pass }) };
  return cyw43InReach(scheduler, options, seed).chip;
}

/** What stands in for the radio's firmware in the board's flash. */
export function radioImage(): Uint8Array {
  return standInImage(PUBLISHED_SIZE);
}

/** 'network "demo", WPA2' */
export function describe({ ssid, security }: Network): string {
  return `network ${JSON.stringify(ssid)}, ${security === 'open' ? 'open' : security.toUpperCase()}`;
}
