// Kaluma's `spi` module on a simulated bus, traps included: send and transfer clock out the whole underlying
// buffer whatever the view's bounds are, and what recv and transfer return lives on the C heap.

import { types } from 'node:util';
import { argumentChecks } from './arguments.js';
import type { Machine } from './machine.js';
import type { Realm } from './realm.js';
import { actualSpiClock } from './spi-bus.js';
import { EDEVINIT, EDEVREAD, EDEVWRITE, systemError } from './system-error.js';

const DEFAULT_PINS = [
  { miso: 16, mosi: 19, sck: 18 },
  { miso: 12, mosi: 11, sck: 10 },
];
// Pins that the RP2040 can route to each bus.
const ALLOWED_PINS: Record<'miso' | 'mosi' | 'sck', number[]>[] = [
  { miso: [0, 4, 16], mosi: [3, 7, 19], sck: [2, 6, 18] },
  { miso: [8, 12], mosi: [11, 15], sck: [10, 14] },
];

/** JavaScript heap bytes of a returned array and its external buffer. */
const EXTERNAL_ARRAY = 56;

interface SpiObject {
  bus?: unknown;
  mode?: number;
  baudrate?: number;
  bitorder?: number;
  miso?: number;
  mosi?: number;
  sck?: number;
}

export function createSpiModule(realm: Realm, machine: Machine): Record<string, unknown> {
  const check = argumentChecks(realm);
  const { cost } = machine;
  /** Microseconds per byte of an opened bus, null when closed. */
  const open: (number | null)[] = [null, null];
  const zeros = new Uint8Array(65536);

  const option = (options: Record<string, unknown>, name: string, fallback: number): number => {
    const value = options[name];
    return typeof value === 'number' ? value : fallback;
  };

  const SPI = realm.fn(function (this: SpiObject, busArgument?: unknown, options?: unknown) {
    const bus = check.number(busArgument, 'bus') & 255;
    if (options !== undefined && (typeof options !== 'object' || options === null)) {
      throw new realm.TypeError('"options" argument must be an object');
    }
    const o = (options ?? {}) as Record<string, unknown>;
    const pins = DEFAULT_PINS[bus] ?? { miso: -1, mosi: -1, sck: -1 };
    const mode = option(o, 'mode', 0);
    const baudrate = option(o, 'baudrate', 3000000);
    const bitorder = option(o, 'bitorder', 0) === 1 ? 1 : 0;
    const chosen = {
      miso: option(o, 'miso', pins.miso),
      mosi: option(o, 'mosi', pins.mosi),
      sck: option(o, 'sck', pins.sck),
    };
    if (mode < 0 || mode > 3) throw new realm.RangeError('SPI mode error.');
    const allowed = ALLOWED_PINS[bus];
    const routable =
      allowed &&
      (['miso', 'mosi', 'sck'] as const).every((k) => chosen[k] < 0 || allowed[k].includes(chosen[k]));
    if (!routable || open[bus] !== null) throw systemError(realm, EDEVINIT);
    const clock = actualSpiClock(baudrate);
    machine.spi[bus]!.setClock(clock);
    open[bus] = 8e6 / clock + cost.spiByteGap;
    this.bus = bus;
    this.mode = mode;
    this.baudrate = baudrate;
    this.bitorder = bitorder;
    this.miso = chosen.miso;
    this.mosi = chosen.mosi;
    this.sck = chosen.sck;
  }, 'SPI');

  const busOf = (spi: SpiObject): number => {
    if (typeof spi.bus !== 'number') throw new realm.ReferenceError('SPI bus is not initialized.');
    return spi.bus & 255;
  };

  /** The bytes that the engine clocks out for `data`: all of a Uint8Array's buffer, or a string's characters. */
  const outgoing = (data: unknown): Uint8Array => {
    if (types.isUint8Array(data)) {
      if (data.byteLength !== data.buffer.byteLength) machine.traps.spiSubarray++;
      return new Uint8Array(data.buffer);
    }
    if (typeof data === 'string') return Uint8Array.from(data, (c) => c.charCodeAt(0));
    throw new realm.TypeError('The data argument must be Uint8Array or string.');
  };

  /** An array of the realm on the C heap. */
  const incoming = (bytes: Uint8Array): Uint8Array => {
    const array = new realm.Uint8Array(bytes.length);
    array.set(bytes);
    return array;
  };

  // The engine makes the buffer's array before it sees that malloc failed.
  const reserve = (length: number): void => {
    const heap = machine.heap;
    if (!heap) return;
    if (!heap.malloc(length)) {
      machine.traps.cHeapFull++;
      throw new realm.RangeError('Invalid offset.');
    }
    heap.jsAlloc(EXTERNAL_ARRAY);
  };

  const send = realm.fn(function (this: SpiObject, data?: unknown, timeout?: unknown, count?: unknown) {
    check.given(data, arguments.length, 0, 'data');
    check.numberOr(timeout, 'timeout', 5000);
    const times = check.numberOr(count, 'count', 1);
    const bus = busOf(this);
    const tx = outgoing(data);
    const perByte = open[bus];
    if (perByte == null) throw systemError(realm, EDEVWRITE);
    machine.spend(cost.spiSend);
    for (let i = 0; i < times; i++) {
      machine.spi[bus]!.transfer(tx);
      machine.spend(tx.length * perByte);
    }
    return tx.length;
  }, 'send');

  const transfer = realm.fn(function (this: SpiObject, data?: unknown, timeout?: unknown) {
    check.given(data, arguments.length, 0, 'data');
    check.numberOr(timeout, 'timeout', 5000);
    const bus = busOf(this);
    const tx = outgoing(data);
    const perByte = open[bus];
    if (perByte == null) throw systemError(realm, EDEVREAD);
    reserve(tx.length);
    machine.spend(cost.spiTransfer);
    const rx = machine.spi[bus]!.transfer(tx);
    machine.spend(tx.length * perByte);
    return incoming(rx);
  }, 'transfer');

  const recv = realm.fn(function (this: SpiObject, lengthArgument?: unknown, timeout?: unknown) {
    const length = check.number(lengthArgument, 'length') >>> 0;
    check.numberOr(timeout, 'timeout', 5000);
    const bus = busOf(this);
    const perByte = open[bus];
    if (perByte == null) throw systemError(realm, EDEVREAD);
    reserve(length);
    machine.spend(cost.spiRecv);
    const tx = length <= zeros.length ? zeros.subarray(0, length) : new Uint8Array(length);
    const rx = machine.spi[bus]!.transfer(tx);
    machine.spend(length * perByte);
    return incoming(rx);
  }, 'recv');

  const close = realm.fn(function (this: SpiObject) {
    const bus = busOf(this);
    if (open[bus] === null) throw systemError(realm, EDEVINIT);
    open[bus] = null;
    delete this.bus;
  }, 'close');

  SPI.prototype = realm.object({ transfer, send, recv, close });
  Object.assign(SPI, {
    MODE_0: 0,
    MODE_1: 1,
    MODE_2: 2,
    MODE_3: 3,
    DATA_NOPULL: 0,
    MOSI_PULLUP: 1,
    MISO_PULLUP: 2,
    DATA_PULLUP: 3,
    MSB: 0,
    LSB: 1,
  });
  return realm.object({ SPI });
}
