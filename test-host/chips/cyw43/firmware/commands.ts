// The firmware's commands by number. Iovars (commands 262 and 263) are in iovars.ts and variables.ts.

import { i32, u16, u32, words } from './bytes.js';
import {
  BCME_BADARG,
  BCME_NOTAP,
  BCME_NOTFOUND,
  BCME_NOTREADY,
  BCME_OUTOFRANGECHAN,
  BCME_RANGE,
  Refusal,
} from './errors.js';
import { getVariable, setVariable } from './iovar-access.js';
import { ssidTarget } from './join-request.js';
import { PM_FAST, PM_OFF } from './power-save.js';
import { readSsid, ssidBytes } from './ssid.js';
import * as W from './wlc.js';
import type { WlanFirmware } from './wlan-firmware.js';

export interface Command {
  name: string;
  needsUp?: boolean;
  /** Bytes that it takes at least. */
  length?: number;
  set?(fw: WlanFirmware, iface: number, data: Uint8Array): void;
  get?(fw: WlanFirmware, iface: number, data: Uint8Array): Uint8Array;
}

type Getter = (fw: WlanFirmware, iface: number) => number;
type Setter = (fw: WlanFirmware, iface: number, value: number) => void;

const MAGIC = 0x14e46c77;
const PASSPHRASE = 1;

export const COMMANDS = new Map<number, Command>([
  [W.WLC_GET_MAGIC, { name: 'GET_MAGIC', get: () => words(MAGIC) }],
  [W.WLC_GET_VERSION, { name: 'GET_VERSION', get: () => words(1) }],
  [W.WLC_UP, { name: 'UP', set: (fw) => up(fw) }],
  [W.WLC_DOWN, { name: 'DOWN', set: (fw) => fw.down() }],
  ...number('INFRA', W.WLC_GET_INFRA, W.WLC_SET_INFRA, 0, 1, infra, (fw, iface, value) => {
    fw.bsscfgs[iface]!.infra = value;
  }),
  ...number('AUTH', W.WLC_GET_AUTH, W.WLC_SET_AUTH, 0, 3, auth, (fw, iface, value) => {
    fw.bsscfgs[iface]!.auth = value;
  }),
  ...number('ANTDIV', W.WLC_GET_ANTDIV, W.WLC_SET_ANTDIV, 0, 3, antenna, (fw, _iface, value) => {
    if (value === 2) throw new Refusal(BCME_RANGE, 'valueOutOfRange', 'ANTDIV 2');
    fw.antenna = value;
  }),
  ...number('DTIMPRD', W.WLC_GET_DTIMPRD, W.WLC_SET_DTIMPRD, 1, 255, dtim, (fw, iface, value) => {
    fw.bsscfgs[iface]!.dtimPeriod = value;
  }),
  ...number('GMODE', W.WLC_GET_GMODE, W.WLC_SET_GMODE, 0, 2, gmode, (fw, iface, value) => {
    fw.bsscfgs[iface]!.gmode = value;
  }),
  ...number('PM', W.WLC_GET_PM, W.WLC_SET_PM, PM_OFF, PM_FAST, pm, (fw, _iface, value) => {
    fw.powerSave.mode = value;
  }),
  ...number('BAND', W.WLC_GET_BAND, W.WLC_SET_BAND, 0, 2, band, (fw, _iface, value) => {
    fw.band = value;
  }),
  ...number('WSEC', W.WLC_GET_WSEC, W.WLC_SET_WSEC, 0, 0xffff, wsec, (fw, iface, value) => {
    fw.bsscfgs[iface]!.wsec = value;
  }),
  ...number('WPA_AUTH', W.WLC_GET_WPA_AUTH, W.WLC_SET_WPA_AUTH, 0, 0xfffff, wpaAuth, (fw, iface, value) => {
    fw.bsscfgs[iface]!.wpaAuth = value;
  }),
  [W.WLC_GET_BSSID, { name: 'GET_BSSID', get: (fw) => joined(fw).bssid }],
  [
    W.WLC_GET_SSID,
    { name: 'GET_SSID', get: (fw, iface) => ssidBytes(fw.currentSsid(iface) ?? new Uint8Array(0)) },
  ],
  [W.WLC_SET_SSID, { name: 'SET_SSID', length: 36, needsUp: true, set: setSsid }],
  [W.WLC_GET_CHANNEL, { name: 'GET_CHANNEL', get: (fw, iface) => channelInfo(fw.channel(iface)) }],
  [
    W.WLC_SET_CHANNEL,
    { name: 'SET_CHANNEL', length: 4, set: (fw, _iface, data) => fw.softAp.setChannel(u32(data, 0)) },
  ],
  [
    W.WLC_DISASSOC,
    { name: 'DISASSOC', needsUp: true, set: (fw, iface) => (iface ? fw.softAp.down() : fw.station.leave()) },
  ],
  [W.WLC_GET_RSSI, { name: 'GET_RSSI', get: (fw) => words(joined(fw).rssi) }],
  [W.WLC_GET_ASSOCLIST, { name: 'GET_ASSOCLIST', length: 4, get: assocList }],
  [
    W.WLC_SCB_DEAUTHENTICATE_FOR_REASON,
    {
      name: 'SCB_DEAUTHENTICATE_FOR_REASON',
      length: 10,
      needsUp: true,
      set: (fw, iface, data) => {
        if (!iface) throw new Refusal(BCME_NOTAP);
        fw.softAp.deauthenticate(data.slice(4, 10), u32(data, 0));
      },
    },
  ],
  [W.WLC_GET_VAR, { name: 'GET_VAR', get: getVariable }],
  [W.WLC_SET_VAR, { name: 'SET_VAR', set: setVariable }],
  [W.WLC_SET_WSEC_PMK, { name: 'SET_WSEC_PMK', length: 4, set: setPmk }],
]);

function number(
  name: string,
  getNumber: number,
  setNumber: number,
  min: number,
  max: number,
  get: Getter,
  set: Setter,
): [number, Command][] {
  const read: Command = { name: `GET_${name}`, get: (fw, iface) => words(get(fw, iface)) };
  const write: Command = {
    name: `SET_${name}`,
    length: 4,
    set: (fw, iface, data) => {
      const value = i32(data, 0);
      if (value < min || value > max) throw new Refusal(BCME_RANGE, 'valueOutOfRange', `${name} ${value}`);
      set(fw, iface, value);
    },
  };
  return [
    [getNumber, read],
    [setNumber, write],
  ];
}

function infra(fw: WlanFirmware, iface: number): number {
  return fw.bsscfgs[iface]!.infra;
}
function auth(fw: WlanFirmware, iface: number): number {
  return fw.bsscfgs[iface]!.auth;
}
function dtim(fw: WlanFirmware, iface: number): number {
  return fw.bsscfgs[iface]!.dtimPeriod;
}
function gmode(fw: WlanFirmware, iface: number): number {
  return fw.bsscfgs[iface]!.gmode;
}
function wsec(fw: WlanFirmware, iface: number): number {
  return fw.bsscfgs[iface]!.wsec;
}
function wpaAuth(fw: WlanFirmware, iface: number): number {
  return fw.bsscfgs[iface]!.wpaAuth;
}
function antenna(fw: WlanFirmware): number {
  return fw.antenna;
}
function pm(fw: WlanFirmware): number {
  return fw.powerSave.mode;
}
function band(fw: WlanFirmware): number {
  return fw.band;
}

function up(fw: WlanFirmware): void {
  if (!fw.clm.loaded) throw new Refusal(BCME_NOTREADY, 'beforeClm', 'UP');
  fw.up = true;
}

function joined(fw: WlanFirmware): { bssid: Uint8Array; rssi: number } {
  if (!fw.station.ap) throw new Refusal(BCME_NOTFOUND);
  return fw.station.ap;
}

function setSsid(fw: WlanFirmware, iface: number, data: Uint8Array): void {
  if (iface) {
    fw.bsscfgs[iface]!.ssid = readSsid(data);
    fw.softAp.up();
  } else fw.station.join(ssidTarget(fw, data));
}

/** The channel in use, the one aimed for, the one being scanned. */
function channelInfo(channel: number): Uint8Array {
  if (!channel) throw new Refusal(BCME_OUTOFRANGECHAN);
  return words(channel, channel, 0);
}

function assocList(fw: WlanFirmware, iface: number, data: Uint8Array): Uint8Array {
  if (!iface) throw new Refusal(BCME_NOTAP);
  return fw.softAp.stations(u32(data, 0));
}

/** u16 length, u16 flags, up to 64 bytes: a passphrase of 8 to 63 bytes, or a key in binary or hexadecimal. */
function setPmk(fw: WlanFirmware, iface: number, data: Uint8Array): void {
  const length = u16(data, 0);
  if (length > 64 || data.length < 4 + length) {
    throw new Refusal(BCME_BADARG, 'commandTooShort', `WSEC_PMK of ${length} in ${data.length} bytes`);
  }
  const key = data.slice(4, 4 + length);
  const bss = fw.bsscfgs[iface]!;
  if (u16(data, 2) & PASSPHRASE && length >= 8 && length < 64) bss.secret = { passphrase: key };
  else if (length === 64)
    bss.secret = { pmk: Uint8Array.from(Buffer.from(Buffer.from(key).toString('latin1'), 'hex')) };
  else if (length === 32) bss.secret = { pmk: key };
  else throw new Refusal(BCME_BADARG, 'valueOutOfRange', `a passphrase of ${length} bytes`);
}
