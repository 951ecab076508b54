// The globals that Kaluma 1.2.1 for the plain Pico gives a program, on a simulated machine: digital I/O, watches
// and interrupts, timers and clocks, console, process, text coding, require. Left out because no network program
// needs them, and saying so when called: analogWrite, tone, noTone, pulseRead, pulseWrite, process.stdin/stdout.

import { argumentChecks } from './arguments.js';
import { CHANGE, FALLING, HIGH_LEVEL, LOW_LEVEL, RISING } from './event-loop.js';
import { createPioBinding } from './kaluma-pio.js';
import { BUILTIN_MODULES, createRequire } from './kaluma-modules.js';
import type { Machine } from './machine.js';
import { INPUT, INPUT_PULLDOWN, INPUT_PULLUP, OUTPUT, PIN_COUNT } from './pins.js';
import { formatArguments } from './pretty-print.js';
import { createRealm, type Realm } from './realm.js';
import { defineSystemError, EINVPIN, systemError } from './system-error.js';

export const KALUMA_VERSION = '1.2.1';

/** JavaScript heap, and what Kaluma itself has taken of it at boot, in bytes (measured). */
const HEAP_TOTAL = 184312;
const HEAP_AT_BOOT = 12376;
/** Heap that a byte of minified source takes as byte code (measured, middle of 1.3 to 1.6). */
const HEAP_PER_SOURCE_BYTE = 1.45;

/** @returns a fresh realm with Kaluma's globals, as after a reset */
export function createKalumaContext(machine: Machine): Realm {
  const millis = (): number => machine.loop.millis();
  const realm = createRealm(millis, () => machine.random(), machine.heap);
  const g = realm.global;
  defineSystemError(realm);
  g['global'] = g;
  addDigitalIo(realm, machine);
  addTimers(realm, machine);
  addConsole(realm, machine);
  addText(realm);
  const require = createRequire(realm, machine);
  addProcess(realm, machine, require);
  g['require'] = require;
  Object.defineProperty(g, 'storage', { get: () => require('storage'), configurable: true });
  addBoard(realm, require);
  for (const name of ['analogWrite', 'tone', 'noTone', 'pulseRead', 'pulseWrite']) {
    g[name] = realm.fn(() => {
      throw new realm.Error(`${name} is not simulated`);
    }, name);
  }
  return realm;
}

function addDigitalIo(realm: Realm, machine: Machine): void {
  const g = realm.global;
  const { pins, cost, loop } = machine;
  const check = argumentChecks(realm);
  const pinOf = (value: unknown): number => {
    const pin = check.number(value, 'pin') & 255;
    if (pin >= PIN_COUNT) throw systemError(realm, EINVPIN);
    return pin;
  };
  const eachPin = (value: unknown, act: (pin: number, index: number, count: number) => void): void => {
    if (typeof value === 'number') return act(pinOf(value), 0, 1);
    if (Array.isArray(value) && value.every((p) => typeof p === 'number')) {
      return value.forEach((p, i) => act(pinOf(p), i, value.length));
    }
    throw new realm.TypeError('"pin" argument must be a number or number[]');
  };

  Object.assign(g, { HIGH: 1, LOW: 0, INPUT, OUTPUT, INPUT_PULLUP, INPUT_PULLDOWN });
  Object.assign(g, { LOW_LEVEL, HIGH_LEVEL, RISING, FALLING, CHANGE });

  g['pinMode'] = realm.fn(function (pin?: unknown, mode?: unknown) {
    check.given(pin, arguments.length, 0, 'pin');
    const m = check.numberOr(mode, 'mode', INPUT);
    machine.spend(cost.pinMode);
    eachPin(pin, (p) => pins.setMode(p, m));
  }, 'pinMode');

  g['digitalRead'] = realm.fn((pin?: unknown) => {
    const p = pinOf(pin);
    machine.spend(cost.digitalRead);
    return pins.read(p);
  }, 'digitalRead');

  g['digitalWrite'] = realm.fn(function (pin?: unknown, value?: unknown) {
    check.given(pin, arguments.length, 0, 'pin');
    const v = check.numberOr(value, 'value', 0);
    machine.spend(cost.digitalWrite);
    if (typeof pin === 'number') pins.write(pinOf(pin), v ? 1 : 0);
    // Of an array the last pin takes the lowest bit.
    else eachPin(pin, (p, i, n) => pins.write(p, (v >> (n - 1 - i)) & 1 ? 1 : 0));
  }, 'digitalWrite');

  g['digitalToggle'] = realm.fn((pin?: unknown) => {
    const p = pinOf(pin);
    machine.spend(cost.digitalWrite);
    pins.write(p, pins.read(p) ? 0 : 1);
  }, 'digitalToggle');

  g['setWatch'] = realm.fn((callback?: unknown, pin?: unknown, events?: unknown, debounce?: unknown) => {
    const fn = check.function(callback, 'callback');
    const p = pinOf(pin);
    const mode = check.numberOr(events, 'events', CHANGE);
    return loop.setWatch(fn, p, mode, check.numberOr(debounce, 'debounce', 0));
  }, 'setWatch');

  g['clearWatch'] = realm.fn((id?: unknown) => {
    loop.clearWatch(check.numberOr(id, 'id', 0));
  }, 'clearWatch');

  g['attachInterrupt'] = realm.fn((pin?: unknown, callback?: unknown, events?: unknown) => {
    const p = pinOf(pin);
    const fn = check.function(callback, 'callback');
    const mode = check.numberOr(events, 'events', CHANGE);
    if (!(mode & CHANGE)) {
      throw new realm.RangeError('Only RISING, FALLING and CHANGE can be set for interrupt event.');
    }
    loop.attachInterrupt(fn, p, mode);
  }, 'attachInterrupt');

  g['detachInterrupt'] = realm.fn((pin?: unknown) => loop.detachInterrupt(pinOf(pin)), 'detachInterrupt');
  g['enableInterrupts'] = realm.fn(() => {}, 'enableInterrupts');
  g['disableInterrupts'] = realm.fn(() => {}, 'disableInterrupts');

  // GPIO 26 to 29, and 30 for the temperature sensor; noise in the lowest three bits.
  g['analogRead'] = realm.fn((pin?: unknown) => {
    const p = check.number(pin, 'pin') & 255;
    if (p < 26 || p > 30) throw systemError(realm, EINVPIN);
    machine.spend(cost.analogRead);
    return (880 + Math.floor(machine.random() * 8)) / 4096;
  }, 'analogRead');
}

function addTimers(realm: Realm, machine: Machine): void {
  const g = realm.global;
  const { cost, loop } = machine;
  const check = argumentChecks(realm);
  const timer = (repeat: boolean) => (callback?: unknown, delay?: unknown) => {
    const fn = check.function(callback, 'callback');
    const ms = check.number(delay, 'delay');
    machine.spend(cost.setTimer);
    return loop.setTimer(fn, ms, repeat);
  };
  g['setTimeout'] = realm.fn(timer(false), 'setTimeout');
  g['setInterval'] = realm.fn(timer(true), 'setInterval');
  const clear = (id?: unknown): void => {
    const n = check.number(id, 'id');
    machine.spend(cost.clearTimer);
    loop.clearTimer(n);
  };
  g['clearTimeout'] = realm.fn(clear, 'clearTimeout');
  g['clearInterval'] = realm.fn((id?: unknown) => clear(id), 'clearInterval');
  g['delay'] = realm.fn((ms?: unknown) => {
    machine.spend(Math.floor(check.numberOr(ms, 'msec', 0)) * 1000);
  }, 'delay');
  g['delayMicroseconds'] = realm.fn((us?: unknown) => {
    machine.spend(Math.floor(check.numberOr(us, 'usec', 0)));
  }, 'delayMicroseconds');
  g['millis'] = realm.fn(() => {
    machine.spend(cost.readClock);
    return loop.millis();
  }, 'millis');
  g['micros'] = realm.fn(() => {
    machine.spend(cost.readClock);
    return Math.floor(machine.scheduler.now - machine.bootTime);
  }, 'micros');
}

function addConsole(realm: Realm, machine: Machine): void {
  const log = (...args: unknown[]): void => {
    if (args.length) machine.write(formatArguments(args) + '\n');
  };
  realm.global['console'] = realm.object({
    log: realm.fn(log, 'log'),
    error: realm.fn((...args: unknown[]) => log(...args), 'error'),
  });
  realm.global['print'] = realm.fn((...args: unknown[]) => machine.write(formatArguments(args)), 'print');
  realm.global['seed'] = realm.fn(() => {}, 'seed');
}

function addProcess(realm: Realm, machine: Machine, require: (id: unknown) => unknown): void {
  let rp2: object | undefined;
  const binding = realm.fn((name: unknown) => {
    if (name === 'rp2') return (rp2 ??= createPioBinding(realm, machine));
    return BUILTIN_MODULES.includes(String(name)) ? require(name) : undefined;
  }, 'binding') as unknown as Record<string, unknown>;
  for (const name of BUILTIN_MODULES) binding[name] = name;
  const process = realm.object({
    arch: 'cortex-m0-plus',
    platform: 'rp2',
    version: KALUMA_VERSION,
    // An estimate: the realm's own heap is not the board's.
    memoryUsage: realm.fn(() => {
      const code = Math.round(machine.programSize * HEAP_PER_SOURCE_BYTE);
      const heapUsed = Math.min(HEAP_TOTAL, HEAP_AT_BOOT + code + (machine.heap?.jsBytes ?? 0));
      return realm.object({ heapTotal: HEAP_TOTAL, heapUsed, heapPeak: heapUsed });
    }, 'memoryUsage'),
    binding,
    builtin_modules: realm.Array.from(BUILTIN_MODULES),
  });
  for (const name of ['stdin', 'stdout']) {
    Object.defineProperty(process, name, {
      get() {
        throw new realm.Error(`process.${name} is not simulated`);
      },
    });
  }
  realm.global['process'] = process;
}

function addBoard(realm: Realm, require: (id: unknown) => unknown): void {
  const maker = (module: string, name: string) =>
    realm.fn((...args: unknown[]) => {
      const made = require(module) as Record<string, new (...args: unknown[]) => unknown>;
      return new made[name]!(...args);
    }, module);
  realm.global['board'] = realm.object({
    name: 'pico',
    LED: 25,
    uid: 'E660000000000000',
    gpio: maker('gpio', 'GPIO'),
    spi: maker('spi', 'SPI'),
    led: maker('led', 'LED'),
    button: maker('button', 'Button'),
    pwm: maker('pwm', 'PWM'),
    adc: maker('adc', 'ADC'),
    i2c: maker('i2c', 'I2C'),
    uart: maker('uart', 'UART'),
  });
}

function addText(realm: Realm): void {
  const g = realm.global;
  const check = argumentChecks(realm);
  const unsupported = (): never => {
    throw new realm.Error('Unsupported encoding.');
  };
  const array = (bytes: Uint8Array): Uint8Array => {
    const out = new (g['Uint8Array'] as Uint8ArrayConstructor)(bytes.length);
    out.set(bytes);
    return out;
  };
  const bytesOf = (data: unknown): Buffer => {
    if (typeof data === 'string') return Buffer.from(data, 'latin1');
    if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    throw new realm.TypeError('Unsupported binary data.');
  };
  interface Coder {
    encoding: string;
  }
  const coder = (name: string, prototype: Record<string, unknown>): void => {
    const constructor = realm.fn(function (this: Coder, label?: unknown) {
      this.encoding = label === undefined ? 'utf-8' : check.string(label, 'label');
    }, name);
    constructor.prototype = realm.object(prototype);
    g[name] = constructor;
  };
  coder('TextEncoder', {
    encode: realm.fn(function (this: Coder, input?: unknown) {
      const text = check.string(input, 'input');
      if (this.encoding === 'ascii') return array(Buffer.from(text, 'latin1'));
      return this.encoding === 'utf-8' ? array(Buffer.from(text, 'utf8')) : unsupported();
    }, 'encode'),
  });
  coder('TextDecoder', {
    decode: realm.fn(function (this: Coder, input?: unknown) {
      if (!ArrayBuffer.isView(input)) throw new realm.Error('input must be Uint8Array.');
      if (this.encoding === 'ascii') return bytesOf(input).toString('latin1');
      return this.encoding === 'utf-8' ? bytesOf(input).toString('utf8') : unsupported();
    }, 'decode'),
  });
  g['btoa'] = realm.fn((data?: unknown) => bytesOf(data).toString('base64'), 'btoa');
  g['atob'] = realm.fn(
    (text?: unknown) => array(Buffer.from(check.string(text, 'encodedData'), 'base64')),
    'atob',
  );
}
