// The firmware half of the CYW43439 model with a host that sends commands and writes down what comes back.

import assert from 'node:assert/strict';
import { Air, type AccessPointOptions, type AccessPoint } from '../../air/index.js';
import {
  readEvent,
  WlanFirmware,
  type ReadEvent,
  type WlanFirmwareOptions,
} from '../../chips/cyw43/firmware/index.js';
import type { FirmwareHost } from '../../chips/cyw43/firmware.js';
import { standInClm, standInFirmware, standInNvram } from '../../chips/cyw43/stand-in.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import type { Port } from '../../sim/wire.js';

export const MAC = '28:cd:c1:00:a9:af';
const RAM_SIZE = 512 * 1024;

export interface Reply {
  status: number;
  flags: number;
  data: Uint8Array;
}

/** RAM as a driver leaves it before it starts the core. */
export function loadedRam(firmware = standInFirmware(), nvram = standInNvram()): Uint8Array {
  const ram = new Uint8Array(RAM_SIZE);
  ram.set(firmware, 0);
  const length = Math.ceil(nvram.length / 4) * 4;
  ram.set(nvram, RAM_SIZE - 4 - length);
  const words = length / 4;
  new DataView(ram.buffer).setUint32(RAM_SIZE - 4, (((~words & 0xffff) << 16) | words) >>> 0, true);
  return ram;
}

export function le(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((v) => [v & 255, (v >> 8) & 255, (v >> 16) & 255, (v >> 24) & 255]));
}

export function join(...parts: (Uint8Array | number[] | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((p) => (typeof p === 'string' ? [...Buffer.from(p, 'utf8')] : [...p])),
  );
}

export function ssidField(ssid: string | Uint8Array): Uint8Array {
  const bytes = typeof ssid === 'string' ? Buffer.from(ssid, 'utf8') : ssid;
  const field = new Uint8Array(36);
  field.set(le(bytes.length));
  field.set(bytes, 4);
  return field;
}

export class Rig implements FirmwareHost {
  readonly scheduler = new Scheduler();
  readonly air = new Air(this.scheduler, 7);
  readonly fw: WlanFirmware;
  readonly events: ReadEvent[] = [];
  readonly frames: { iface: number; frame: Uint8Array }[] = [];
  readonly replies = new Map<number, Reply>();
  readonly flow: number[] = [];
  isReady = 0;
  traps = 0;
  private id = 0;

  constructor(options: Partial<WlanFirmwareOptions> = {}) {
    this.fw = new WlanFirmware({ scheduler: this.scheduler, air: this.air, mac: MAC, ...options });
  }

  ready(): void {
    this.isReady++;
  }
  controlReply(
    id: number,
    _cmd: number,
    _iface: number,
    flags: number,
    status: number,
    data: Uint8Array,
  ): void {
    this.replies.set(id, { status, flags, data });
  }
  event(frame: Uint8Array): void {
    this.events.push(readEvent(frame));
  }
  frame(iface: number, frame: Uint8Array): void {
    this.frames.push({ iface, frame });
  }
  flowControl(bits: number): void {
    this.flow.push(bits);
  }
  trap(): void {
    this.traps++;
  }

  run(ms: number): void {
    this.scheduler.runFor(ms * 1000);
  }

  /** Sends a command and waits for its reply, at most 10 s. */
  command(set: boolean, cmd: number, data: Uint8Array = new Uint8Array(0), iface = 0): Reply {
    const id = ++this.id;
    this.fw.control({ id, cmd, set, iface, outputLength: data.length, data });
    assert.ok(
      this.scheduler.runWhile(() => this.replies.has(id), 10e6),
      `command ${cmd} is not answered`,
    );
    return this.replies.get(id)!;
  }
  /** Sends a command and does not wait. */
  post(set: boolean, cmd: number, data: Uint8Array, iface = 0): number {
    this.fw.control({ id: ++this.id, cmd, set, iface, outputLength: data.length, data });
    return this.id;
  }
  set(cmd: number, value: number, iface = 0): number {
    return this.command(true, cmd, le(value), iface).status;
  }
  setVar(name: string, data: Uint8Array | number, iface = 0): number {
    const bytes = typeof data === 'number' ? le(data) : data;
    return this.command(true, 263, join(`${name}\0`, bytes), iface).status;
  }
  getVar(name: string, length = 256, params: Uint8Array = new Uint8Array(0)): Reply {
    const data = new Uint8Array(length);
    data.set(join(`${name}\0`, params));
    return this.command(false, 262, data);
  }

  /** Power on: image in RAM, core started, ready. */
  boot(): this {
    this.fw.start(loadedRam(), this);
    this.run(100);
    assert.equal(this.isReady > 0, true);
    return this;
  }

  loadClm(blob = standInClm(), piece = 512): number {
    let status = 0;
    for (let at = 0; at < blob.length; at += piece) {
      const part = blob.subarray(at, at + piece);
      const flags = 0x1000 | (at === 0 ? 2 : 0) | (at + piece >= blob.length ? 4 : 0);
      status = this.setVar('clmload', join([flags & 255, flags >> 8, 2, 0], le(part.length, 0), part));
    }
    return status;
  }

  /** What a driver does to switch Wi-Fi on. */
  on(country = 'XX'): this {
    this.boot();
    assert.equal(this.loadClm(), 0);
    assert.equal(this.setVar('country', join(`${country}\0\0`, le(-1), `${country}\0\0`)), 0);
    assert.equal(this.setVar('apsta', 1), 0);
    assert.equal(this.setVar('bsscfg:event_msgs', join(le(0), new Array<number>(24).fill(255))), 0);
    assert.equal(this.command(true, 2).status, 0);
    return this;
  }

  /** Settings for a WPA2 (or with null, open) network. */
  credentials(passphrase: string | null, wpaAuth = 0x80, wsec = 4): void {
    this.set(20, 1);
    this.set(22, 0);
    this.set(134, passphrase === null ? 0 : wsec);
    this.setVar('bsscfg:sup_wpa', le(0, passphrase === null ? 0 : 1));
    this.set(165, passphrase === null ? 0 : wpaAuth);
    if (passphrase !== null) assert.equal(this.setPmk(passphrase), 0);
  }

  setPmk(passphrase: string, iface = 0): number {
    const key = new Uint8Array(64);
    key.set(Buffer.from(passphrase, 'utf8'));
    const length = Buffer.byteLength(passphrase);
    return this.command(true, 268, join([length, 0, 1, 0], key), iface).status;
  }

  /** Settings for WPA3, with WPA2 as well where `wpaAuth` says so. */
  saeCredentials(password: string, wpaAuth = 0x40000): void {
    this.credentials(null);
    this.set(134, 4);
    this.set(165, wpaAuth);
    this.set(22, 3);
    this.setVar('bsscfg:sup_wpa', le(0, 1));
    this.setVar('mfp', wpaAuth === 0x40000 ? 2 : 1);
    const field = new Uint8Array(130);
    field[0] = Buffer.byteLength(password);
    field.set(Buffer.from(password, 'utf8'), 2);
    assert.equal(this.setVar('sae_password', field), 0);
  }

  /** WLC_SET_SSID, and the time a join takes. */
  joinSsid(ssid: string | Uint8Array, ms = 3500): number {
    const { status } = this.command(true, 26, ssidField(ssid));
    this.run(ms);
    return status;
  }

  /** The iovar `join`. */
  joinIovar(ssid: string, bssid = 'ff:ff:ff:ff:ff:ff', channels: number[] = []): number {
    const address = bssid.split(':').map((x) => parseInt(x, 16));
    const list = channels.flatMap((c) => [c, 0x10]);
    const status = this.setVar(
      'join',
      join(ssidField(ssid), le(0, -1, -1, -1, -1), address, [0, 0], le(channels.length), list),
    );
    this.run(3500);
    return status;
  }

  escanRequest(
    options: { ssid?: string; passive?: boolean; channels?: number[]; syncId?: number; action?: number } = {},
  ): Uint8Array {
    const { ssid = '', passive = false, channels = [], syncId = 0x1234, action = 1 } = options;
    return join(
      le(1),
      [action, 0, syncId & 255, syncId >> 8],
      ssidField(ssid),
      new Array<number>(6).fill(255),
      [2, passive ? 1 : 0],
      le(-1, -1, -1, -1, channels.length),
      channels.flatMap((c) => [c, 0x10]),
    );
  }

  /** An access point whose Ethernet side ends in the returned port. */
  network(options: AccessPointOptions): { ap: AccessPoint; wire: Port } {
    const link = new Link(this.scheduler);
    return { ap: this.air.add({ port: link.a, ...options }), wire: link.b };
  }

  take(): string[] {
    const names = this.events.map(eventText);
    this.events.length = 0;
    return names;
  }
}

const NAMES: Record<number, string> = {
  0: 'SET_SSID',
  1: 'JOIN',
  3: 'AUTH',
  4: 'AUTH_IND',
  5: 'DEAUTH',
  6: 'DEAUTH_IND',
  7: 'ASSOC',
  8: 'ASSOC_IND',
  11: 'DISASSOC',
  12: 'DISASSOC_IND',
  16: 'LINK',
  23: 'PRUNE',
  46: 'PSK_SUP',
  69: 'ESCAN_RESULT',
  80: 'CSA_COMPLETE_IND',
  88: 'ASSOC_RESP_IE',
};

/** "LINK 0,0 up": type, status, reason. */
export function eventText(e: ReadEvent): string {
  const up = e.type === 16 ? (e.flags & 1 ? ' up' : ' down') : '';
  return `${NAMES[e.type] ?? e.type} ${e.status},${e.reason}${up}${e.iface ? ` on ${e.iface}` : ''}`;
}

export function mac(text: string): number[] {
  return text.split(':').map((x) => parseInt(x, 16));
}

export function ethernet(to: string, from: string, payload = 'hello'): Uint8Array {
  const body = new Uint8Array(46);
  body.set(Buffer.from(payload, 'utf8'));
  return join(mac(to), mac(from), [0x88, 0xb5], body);
}
