// Kaluma's shim against stand-ins for Kaluma's globals.

import assert from 'node:assert/strict';
import Module from 'node:module';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { kalumaHal, kalumaOpenSpi, kalumaSpi } from '../../../hal/kaluma.js';
import { CHeap } from '../../board/c-heap.js';

type Any = Record<string, unknown>;
const g = globalThis as unknown as Any;

describe('hal: Kaluma', () => {
  // Node's require() stands in for Kaluma's.
  const loader = Module as unknown as { _load: (id: string, ...rest: unknown[]) => unknown };
  const load = loader._load;
  const saved: Any = {};
  let made: { bus: number; options: Any }[] = [];
  let watches: { fn: unknown; pin: number; event: number }[] = [];
  let heap: CHeap;
  let opens = true;
  let now = 0;
  const names = [
    'digitalWrite',
    'digitalRead',
    'pinMode',
    'setWatch',
    'clearWatch',
    'OUTPUT',
    'INPUT_PULLUP',
    'LOW_LEVEL',
    'millis',
    'micros',
    'delay',
    'analogRead',
    'storage',
  ];

  class SPI {
    bus: number;
    constructor(bus: number, options: Any) {
      if (!opens) throw new Error('EDEVINIT');
      this.bus = bus;
      made.push({ bus, options });
    }
    send(data: Uint8Array): number {
      assert.equal(this.bus, 0);
      return data.length;
    }
    transfer(data: Uint8Array): Uint8Array {
      return new Uint8Array(data.length);
    }
    recv(length: number): Uint8Array {
      assert.equal(this.bus, 0);
      if (!heap.malloc(length)) throw new RangeError('Invalid offset.');
      return new Uint8Array(length);
    }
  }

  beforeEach(() => {
    for (const n of names) saved[n] = g[n];
    made = [];
    watches = [];
    opens = true;
    heap = new CHeap();
    Object.assign(g, {
      digitalWrite: () => undefined,
      digitalRead: () => 1,
      pinMode: () => undefined,
      setWatch: (fn: unknown, pin: number, event: number) => watches.push({ fn, pin, event }),
      clearWatch: (id: number) => watches.splice(id - 1, 1),
      OUTPUT: 1,
      INPUT_PULLUP: 2,
      LOW_LEVEL: 1,
      millis: () => 7,
      micros: () => (now += 1001),
      delay: () => undefined,
      storage: { getItem: () => null, setItem: () => undefined },
      analogRead: () => Math.floor(((now * 7919) % 4096) + 0.5) / 4096,
    });
    loader._load = (id, ...rest) => (id === 'spi' ? { SPI } : load(id, ...rest));
  });

  afterEach(() => {
    loader._load = load;
    for (const n of names)
      if (saved[n] === undefined) delete g[n];
      else g[n] = saved[n];
  });

  it('opens the bus with the defaults of the wiring', () => {
    const hal = kalumaHal({});
    const spi = kalumaOpenSpi();
    assert.deepEqual(made, [
      { bus: 0, options: { bus: 0, mode: 0, baudrate: 20e6, sck: 18, mosi: 19, miso: 16 } },
    ]);
    assert.equal(spi.send(new Uint8Array(3)), 3);
    assert.equal(spi.transfer(new Uint8Array(3)).length, 3);
    assert.equal(spi.recv(5).length, 5);
    assert.equal(hal.gpio.digitalWrite, g['digitalWrite'], 'the native function itself');
    assert.equal(hal.clock.millis(), 7);
  });

  it('says what is wrong with pins, bus and clock', () => {
    assert.throws(() => kalumaSpi(0, 17, 19, 16, 20e6), /SCK cannot be GPIO 17/);
    assert.throws(() => kalumaSpi(0, 18, 16, 16, 20e6), /MOSI cannot be GPIO 16/);
    assert.throws(() => kalumaSpi(1, 10, 11, 16, 20e6), /SPI 1 MISO cannot be GPIO 16/);
    assert.throws(() => kalumaSpi(2, 18, 19, 16, 20e6), /SPI bus must be 0 or 1/);
    assert.throws(() => kalumaSpi(0, 18, 19, 16, 30e6), /1 to 20 MHz/);
    assert.throws(() => kalumaSpi(0, 18, 19, 16, 1000), /1 to 20 MHz/);
    for (const [bus, sck, mosi, miso] of [
      [0, 2, 3, 0],
      [0, 6, 7, 4],
      [0, 18, 19, 16],
      [1, 10, 11, 8],
      [1, 14, 15, 12],
    ] as const) {
      const spi = { bus, mode: 0, baudrate: 8e6, sck, mosi, miso };
      assert.deepEqual(kalumaSpi(bus, sck, mosi, miso, 8e6), spi);
    }
    kalumaOpenSpi(kalumaSpi(1, 10, 11, 8, 8e6));
    assert.equal(made[0]!.bus, 1);
    opens = false;
    assert.throws(() => kalumaOpenSpi(), /SPI 0 cannot be opened/);
  });

  it('watches the level, which its event loop cannot overlook', () => {
    const hal = kalumaHal({});
    const stop = hal.gpio.watch(20, 0, () => undefined);
    assert.deepEqual(
      watches.map((w) => [w.pin, w.event]),
      [[20, 1]],
    );
    stop();
    assert.equal(watches.length, 0);
  });

  it('keeps the C heap from filling by making the collector run', () => {
    const spi = kalumaOpenSpi();
    const real = g['Uint8Array'] as Uint8ArrayConstructor;
    const parse = JSON.parse;
    let objects = 0;
    let grown = 0;
    // The collector as JerryScript decides it: 8 KB of growth, and a sixteenth of the objects new.
    JSON.parse = ((text: string) => {
      const v = parse(text) as unknown[];
      objects += v.length;
      return v;
    }) as typeof JSON.parse;
    g['Uint8Array'] = new Proxy(real, {
      construct(target, args: [number]) {
        if ((grown += args[0]) >= 8192) {
          grown = 0;
          if (objects * 16 > 2000) {
            heap.collect();
            objects = 0;
          }
        }
        return new target(...args);
      },
    });
    try {
      for (let i = 0; i < 2000; i++) spi.recv(i % 3 ? 1520 : 66);
    } finally {
      g['Uint8Array'] = real;
      JSON.parse = parse;
    }
    assert.equal(heap.refused, 0);
    assert.ok(heap.peak < 20000, String(heap.peak));
    assert.ok(heap.collections > 50 && heap.collections < 200, String(heap.collections));
  });

  it('gives random numbers that differ from boot to boot', () => {
    const a = kalumaHal({}).random;
    const b = kalumaHal({}).random;
    const first = Array.from({ length: 8 }, () => a.random16());
    const second = Array.from({ length: 8 }, () => b.random16());
    assert.notDeepEqual(first, second);
    for (const v of first) assert.ok(v >= 0 && v <= 0xffff);
  });

  it('does without a noise source that is not there', () => {
    g['analogRead'] = () => {
      throw new Error('EINVPIN');
    };
    assert.ok(kalumaHal({ noise: [30, 29] }).random.random16() >= 0);
  });
});
