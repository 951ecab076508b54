// The radio's part of the driver without a chip: a firmware that writes down what it is told and answers as the test
// wants, at the bus; events come from the test.

import assert from 'node:assert/strict';
import { netifAdd, netifSetUp, type Netif } from '../../../firmware/stack/core/netif.js';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { createStack } from '../../../firmware/stack/init.js';
import { controlReply } from '../../../drivers/cyw43/control.js';
import { cyw43New, MODE_RUNNING, type Cyw43 } from '../../../drivers/cyw43/device.js';
import { eventInput } from '../../../drivers/cyw43/event.js';
import { F2_RX_READY } from '../../../drivers/cyw43/registers.js';
import { wifiUp } from '../../../drivers/cyw43/setup.js';
import { wifiTick, type WifiConfig } from '../../../drivers/cyw43/wifi.js';
import { hostHal } from '../../../hal/host.js';
import { SeededRandom } from '../../sim/random.js';

const COMMANDS: Record<number, string> = {
  2: 'UP',
  3: 'DOWN',
  20: 'SET_INFRA',
  22: 'SET_AUTH',
  23: 'GET_BSSID',
  26: 'SET_SSID',
  30: 'SET_CHANNEL',
  52: 'DISASSOC',
  64: 'SET_ANTDIV',
  78: 'SET_DTIMPRD',
  85: 'GET_PM',
  86: 'SET_PM',
  110: 'SET_GMODE',
  127: 'GET_RSSI',
  134: 'SET_WSEC',
  142: 'SET_BAND',
  159: 'GET_ASSOCLIST',
  165: 'SET_WPA_AUTH',
  201: 'SCB_DEAUTHENTICATE_FOR_REASON',
  268: 'SET_WSEC_PMK',
};
const GET_VAR = 262;
const SET_VAR = 263;

/** A control as the firmware got it. */
export interface Told {
  /** A WLC_ command, or the name of a variable; `get ` before it where it asks. */
  name: string;
  iface: number;
  data: Uint8Array;
}

export const BSSID = [0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0x01];
export const OTP_MAC = [0x28, 0xcd, 0xc1, 0x01, 0x02, 0x03];

const NOTHING = new Uint8Array(0);

export interface EventParts {
  flags?: number;
  iface?: number;
  address?: number[];
  data?: Uint8Array;
}

export class Fake {
  readonly stack: Stack;
  readonly dev: Cyw43;
  readonly netif: Netif;
  now = 0;
  /** Controls since it was last looked at, in order. */
  told: Told[] = [];
  /** Status of controls that are to fail, by name. */
  readonly refuse = new Map<string, number>();
  /** Answers to questions, by name. */
  readonly answers = new Map<string, number[]>([
    ['cur_etheraddr', OTP_MAC],
    ['GET_BSSID', BSSID],
  ]);
  /** The firmware takes controls and does not answer. */
  mute = false;
  private readonly waiting: Uint8Array[] = [];
  private readonly random = new SeededRandom(7);

  constructor(wifi: WifiConfig = {}) {
    this.stack = createStack({ clock: () => this.now, random16: () => this.random.below(65536) });
    this.dev = cyw43New({
      bus: {
        pio: 0,
        sm: 0,
        put: (_pio: number, _sm: number, words: Uint32Array) => this.take(new Uint8Array(words.buffer)),
        get: () => F2_RX_READY,
      },
      gpio: hostHal({ millis: () => this.now, spend: () => undefined }).gpio,
      clock: { millis: () => this.now, delayMs: () => undefined },
      power: 23,
      data: 24,
      start: () => null,
      wifi,
      output: () => ERR_OK,
    });
    this.netif = netifAdd(
      this.stack,
      0,
      0,
      0,
      this.dev,
      (netif) => {
        this.dev.netif = netif;
        netif.output = netif.linkoutput = () => ERR_OK;
        return ERR_OK;
      },
      () => ERR_OK,
    )!;
    netifSetUp(this.netif);
    this.dev.mode = MODE_RUNNING;
    this.dev.credit = 100;
  }

  /** Has the radio set up. @returns the step that failed, 0, or -1 when it has not come to its end */
  up(): number {
    let result = -1;
    wifiUp(this.dev, (_dev, fault) => (result = fault));
    this.run(400);
    return result;
  }

  /** Lets time pass, in steps of 100 ms, with all answers given. */
  run(ms: number): void {
    for (let end = this.now + ms; ;) {
      this.answer();
      if (this.now >= end) return;
      this.now += 100;
      wifiTick(this.dev, this.now);
    }
  }

  /** Gives the answers that wait, and those to what comes of them. */
  answer(): void {
    for (let packet = this.waiting.shift(); packet; packet = this.waiting.shift()) {
      this.dev.credit = (this.dev.txSequence + 10) & 0xff;
      controlReply(this.dev, packet, 0, packet.length);
    }
  }

  /** An event, as the firmware sends it. */
  event(
    type: number,
    status = 0,
    reason = 0,
    { flags = 0, iface = 0, address = BSSID, data = NOTHING }: EventParts = {},
  ): void {
    const frame = new Uint8Array(72 + data.length);
    const view = new DataView(frame.buffer);
    view.setUint16(12, 0x886c);
    frame.set([0x80, 0x01, 0, 0, 0, 0, 0x10, 0x18, 0, 1], 14);
    view.setUint16(24, 2);
    view.setUint16(26, flags);
    view.setUint32(28, type);
    view.setUint32(32, status);
    view.setUint32(36, reason);
    view.setUint32(44, data.length);
    frame.set(address, 48);
    frame[70] = iface;
    frame.set(data, 72);
    // Where frames lie in a packet, on no boundary.
    const packet = new Uint8Array(7 + frame.length);
    packet.set(frame, 7);
    eventInput(this.dev, packet, 7, packet.length);
    this.answer();
  }

  /** Events of a network that has let the station in. */
  joined(secure = true): void {
    this.event(3);
    this.event(7);
    this.event(16, 0, 0, { flags: 1 });
    if (secure) this.event(46, 6);
    this.event(1);
    this.event(0);
  }

  /** Names of the controls since the last look. */
  names(): string[] {
    return this.told.splice(0).map((t) => t.name);
  }

  /** The data of the last control of that name, as 32-bit numbers. */
  numbers(name: string): number[] {
    const { data } = this.find(name);
    return [...new Int32Array(data.slice(0, data.length & ~3).buffer)];
  }

  find(name: string): Told {
    const found = this.told.filter((t) => t.name === name).pop();
    assert.ok(found, `${name} was not told, but ${this.told.map((t) => t.name).join(', ')}`);
    return found;
  }

  private take(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer);
    // A question about the bus, or a frame.
    if (!(bytes[7]! & 0x80) || bytes[13]! & 0x0f) return;
    const size = view.getUint16(8, true);
    const command = view.getUint32(20, true);
    const flags = view.getUint32(28, true);
    let data = bytes.slice(36, 8 + size);
    let name = COMMANDS[command] ?? String(command);
    if (command === GET_VAR || command === SET_VAR) {
      const end = data.indexOf(0);
      name = String.fromCharCode(...data.subarray(0, end));
      data = data.slice(end + 1);
    }
    const set = (flags & 2) !== 0;
    this.told.push({ name: set ? name : `get ${name}`, iface: (flags >> 12) & 15, data });
    if (this.mute) return;
    const status = this.refuse.get(name) ?? 0;
    const answer = set || status ? [] : (this.answers.get(name) ?? [...data]);
    const reply = new Uint8Array(16 + answer.length);
    const out = new DataView(reply.buffer);
    out.setUint32(0, command, true);
    out.setUint32(8, flags | (status ? 1 : 0), true);
    out.setInt32(12, status, true);
    reply.set(answer, 16);
    this.waiting.push(reply);
  }
}
