// Iovars that do something or have a form of their own. With the prefix "bsscfg:" the data begins with the interface
// that is meant; that is taken off before one of these is called.

import { i32, u16, u32, cString, words } from './bytes.js';
import { chanspecOf } from './bss-info.js';
import { BCME_BADADDR, BCME_BADARG, BCME_NOTFOUND, BCME_RANGE, BCME_UNSUPPORTED, Refusal } from './errors.js';
import { JOIN_LENGTH, joinTarget } from './join-request.js';
import { readSsid, ssidBytes } from './ssid.js';
import type { WlanFirmware } from './wlan-firmware.js';

export interface Iovar {
  needsUp?: boolean;
  /** Bytes that a set takes at least. */
  length?: number;
  set?(fw: WlanFirmware, iface: number, data: Uint8Array): void;
  /** @param data what followed the name */
  get?(fw: WlanFirmware, iface: number, data: Uint8Array): Uint8Array;
}

const EVENT_MASK_MAX = 24;
const SAE_PASSWORD_MAX = 128;

/** A number of an interface. */
function number(
  get: (fw: WlanFirmware, iface: number) => number,
  set: (fw: WlanFirmware, iface: number, value: number) => void,
): Iovar {
  return {
    length: 4,
    get: (fw, iface) => words(get(fw, iface)),
    set: (fw, iface, data) => set(fw, iface, i32(data, 0)),
  };
}

export const IOVARS: Record<string, Iovar> = {
  'ver': { get: (fw) => cString(fw.versionText()) },
  'clmver': {
    get: (fw) => {
      if (!fw.clm.loaded) throw new Refusal(BCME_NOTFOUND);
      return cString('API: 12.2\nData: stand-in\nCompiler: none');
    },
  },
  'clmload': { length: 12, set: (fw, _iface, data) => fw.clm.load(data) },
  'clmload_status': { get: (fw) => words(fw.clm.status) },
  'country': {
    length: 12,
    get: (fw) => fw.clm.countryBytes(),
    set: (fw, _iface, data) => fw.clm.setCountry(data),
  },
  'cur_etheraddr': {
    length: 6,
    get: (fw, iface) => (iface ? fw.apMac : fw.mac),
    set: (fw, iface, data) => {
      if (data[0]! & 1) throw new Refusal(BCME_BADADDR, 'valueOutOfRange', 'a group address');
      if (iface) fw.apMac = data.slice(0, 6);
      else fw.setMac(data.slice(0, 6));
    },
  },
  'event_msgs': {
    length: 16,
    get: (fw, iface) => fw.bsscfgs[iface]!.eventMask ?? new Uint8Array(EVENT_MASK_MAX),
    set: (fw, iface, data) => {
      fw.bsscfgs[iface]!.eventMask = data.slice(0, EVENT_MASK_MAX);
    },
  },
  'sup_wpa': number(
    (fw, iface) => fw.bsscfgs[iface]!.supplicant,
    (fw, iface, value) => {
      fw.bsscfgs[iface]!.supplicant = oneOf('sup_wpa', value, 0, 1);
    },
  ),
  'sup_wpa2_eapver': number(
    (fw, iface) => fw.bsscfgs[iface]!.supplicantEapolVersion,
    (fw, iface, value) => {
      fw.bsscfgs[iface]!.supplicantEapolVersion = oneOf('sup_wpa2_eapver', value, -1, 1, 2);
    },
  ),
  'sup_wpa_tmo': number(
    (fw, iface) => fw.bsscfgs[iface]!.supplicantTimeout,
    (fw, iface, value) => {
      fw.bsscfgs[iface]!.supplicantTimeout = value || 5000;
    },
  ),
  'mfp': number(
    (fw, iface) => fw.bsscfgs[iface]!.mfp,
    (fw, iface, value) => {
      fw.bsscfgs[iface]!.mfp = inRange('mfp', value, 0, 2);
    },
  ),
  'sae_password': {
    length: 2,
    set: (fw, iface, data) => {
      const length = u16(data, 0);
      if (length > SAE_PASSWORD_MAX || data.length < 2 + length) {
        throw new Refusal(BCME_BADARG, 'iovarLength', `sae_password of ${length} in ${data.length} bytes`);
      }
      fw.bsscfgs[iface]!.saePassword = length ? data.slice(2, 2 + length) : null;
    },
  },
  'ssid': {
    length: 36,
    get: (fw, iface) => ssidBytes(fw.bsscfgs[iface]!.ssid),
    set: (fw, iface, data) => {
      fw.bsscfgs[iface]!.ssid = readSsid(data);
    },
  },
  'wsec': number(
    (fw, iface) => fw.bsscfgs[iface]!.wsec,
    (fw, iface, value) => {
      fw.bsscfgs[iface]!.wsec = value;
    },
  ),
  'wpa_auth': number(
    (fw, iface) => fw.bsscfgs[iface]!.wpaAuth,
    (fw, iface, value) => {
      fw.bsscfgs[iface]!.wpaAuth = value;
    },
  ),
  'chanspec': number(
    (fw, iface) => chanspecOf(fw.channel(iface)),
    (fw, _iface, value) => fw.softAp.setChannel(value & 0xff),
  ),
  'escan': { needsUp: true, length: 8, set: (fw, _iface, data) => fw.escan.command(data) },
  'scanabort': { set: (fw) => fw.escan.abort() },
  'join': {
    needsUp: true,
    length: JOIN_LENGTH,
    set: (fw, iface, data) => {
      if (iface) throw new Refusal(BCME_UNSUPPORTED);
      fw.station.join(joinTarget(fw, data));
    },
  },
  'mcast_list': {
    length: 4,
    get: (fw) => fw.multicast.get(),
    set: (fw, _iface, data) => fw.multicast.set(data),
  },
  'allmulti': number(
    (fw) => (fw.multicast.all ? 1 : 0),
    (fw, _iface, value) => {
      fw.multicast.all = value !== 0;
    },
  ),
  'pm2_sleep_ret': number(
    (fw) => fw.powerSave.stayAwake,
    (fw, _iface, value) => {
      fw.powerSave.stayAwake = inRange('pm2_sleep_ret', value, 0, 10_000);
    },
  ),
  'bcn_li_bcn': number(
    (fw) => fw.powerSave.beacons,
    (fw, _iface, value) => {
      fw.powerSave.beacons = inRange('bcn_li_bcn', value, 0, 255);
    },
  ),
  'bcn_li_dtim': number(
    (fw) => fw.powerSave.dtims,
    (fw, _iface, value) => {
      fw.powerSave.dtims = inRange('bcn_li_dtim', value, 0, 255);
    },
  ),
  'gpioout': { length: 8, get: (fw) => words(fw.gpio.outputs), set: (fw, _iface, data) => fw.gpio.set(data) },
  'ccgpioin': { get: (fw) => words(fw.gpio.inputs) },
  'rssi': {
    get: (fw) => {
      if (!fw.station.ap) throw new Refusal(BCME_NOTFOUND);
      return words(fw.station.ap.rssi);
    },
  },
  'bss': {
    length: 8,
    get: (fw, _iface, data) => {
      if (data.length < 4) throw new Refusal(BCME_BADARG, 'iovarLength', 'bss');
      return words(u32(data, 0) === 1 && fw.softAp.ap ? 1 : 0);
    },
    set: (fw, _iface, data) => {
      fw.checkInterface(u32(data, 0), 'bss');
      const up = u32(data, 4) !== 0;
      if (u32(data, 0) === 0) {
        if (!up) fw.station.leave();
      } else if (up) {
        fw.requireUp('bss');
        fw.softAp.up();
      } else fw.softAp.down();
    },
  },
};

function oneOf(name: string, value: number, ...values: number[]): number {
  if (!values.includes(value)) throw new Refusal(BCME_RANGE, 'valueOutOfRange', `${name} ${value}`);
  return value;
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (value < min || value > max) throw new Refusal(BCME_RANGE, 'valueOutOfRange', `${name} ${value}`);
  return value;
}
