// The hardware on a PC, for tests: pins that are numbers in an array, chips that hang on an SPI bus by their chip
// select, and a clock that the test owns.

import { hostPioBus, type HostGspiDevice } from './host_pio_bus.js';
import type { Clock, Gpio, Level, Log, PinId, PioBus, Random, Spi, Timers } from './interfaces.js';

/** A chip as its SPI pins see the world. */
export interface HostSpiDevice {
  spiSelect(): void;
  spiTransfer(tx: Uint8Array): Uint8Array;
  spiDeselect(): void;
}

export interface HostConfig {
  /** Milliseconds; default the wall clock. */
  millis?: () => number;
  /** Time passes, µs: a pin is written or read, bytes are clocked. */
  spend?: (us: number) => void;
  /** µs per pin access, per SPI or PIO call, per SPI byte and per PIO word; defaults those of Kaluma on RP2040. */
  pinTime?: number;
  callTime?: number;
  byteTime?: number;
  wordTime?: number;
  random16?: () => number;
  log?: (line: string) => void;
}

/** How often the hardware was called. */
export interface HostCalls {
  digitalWrite: number;
  digitalRead: number;
  send: number;
  transfer: number;
  recv: number;
  /** Bytes clocked. */
  bytes: number;
}

/** How often the gSPI bus was called, and the words that it carried either way. */
export interface HostPioCalls {
  put: number;
  get: number;
  words: number;
}

export interface HostHal {
  gpio: Gpio;
  spi: Spi;
  /** The gSPI bus. */
  pioBus: PioBus;
  clock: Clock;
  random: Random;
  log: Log;
  timers: Timers;
  calls: HostCalls;
  pioCalls: HostPioCalls;
  /** Hangs a chip on the bus. */
  connect(device: HostSpiDevice, cs: number): void;
  /** Puts a chip on the gSPI bus. */
  connectGspi(device: HostGspiDevice): void;
  /** A chip drives a pin. */
  drive(pin: number, level: Level): void;
  /** Called when the program writes `pin`. */
  onWrite(pin: number, handler: (level: Level) => void): void;
}

/** Makes a board without chips; pins nobody drives read high. */
export function hostHal(config: HostConfig): HostHal {
  const levels: Level[] = [];
  const writers: (((level: Level) => void) | undefined)[] = [];
  const watches: { pin: number; level: Level; handler: () => void }[] = [];
  const devices: { device: HostSpiDevice; cs: number }[] = [];
  const calls: HostCalls = { digitalWrite: 0, digitalRead: 0, send: 0, transfer: 0, recv: 0, bytes: 0 };
  const pioCalls: HostPioCalls = { put: 0, get: 0, words: 0 };
  for (let i = 0; i < 64; i++) levels.push(1);
  const spend =
    config.spend ||
    function () {
      return undefined;
    };
  const or = function (value: number | undefined, other: number): number {
    return value === undefined ? other : value;
  };
  const pinTime = or(config.pinTime, 19);
  const callTime = or(config.callTime, 48);
  const byteTime = or(config.byteTime, 0.6);

  const wordTime = or(config.wordTime, 1.1);
  let gspi: HostGspiDevice | null = null;

  const check = function (pin: PinId): number {
    if (typeof pin !== 'number' || !(pin >= 0 && pin < levels.length)) throw new Error('no such pin: ' + pin);
    return pin;
  };
  const clock = function (tx: Uint8Array): Uint8Array {
    if (tx.byteLength !== tx.buffer.byteLength) throw new Error('SPI wants whole buffers, not views');
    calls.bytes += tx.length;
    let rx: Uint8Array | null = null;
    for (let i = 0; i < devices.length; i++) {
      if (levels[devices[i]!.cs]) continue;
      if (rx) throw new Error('two chips are selected');
      rx = devices[i]!.device.spiTransfer(tx);
    }
    spend(callTime + byteTime * tx.length);
    if (rx) return rx;
    // Nobody drives MISO: its pull-up does.
    rx = new Uint8Array(tx.length);
    for (let i = 0; i < rx.length; i++) rx[i] = 0xff;
    return rx;
  };
  const set = function (pin: number, level: Level): void {
    const before = levels[pin]!;
    levels[pin] = level;
    if (before === level) return;
    for (let i = 0; i < devices.length; i++) {
      if (devices[i]!.cs !== pin) continue;
      if (level) devices[i]!.device.spiDeselect();
      else devices[i]!.device.spiSelect();
    }
    const writer = writers[pin];
    if (writer) writer(level);
  };

  return {
    calls,
    pioCalls,
    gpio: {
      digitalWrite: function (pin, level) {
        calls.digitalWrite++;
        spend(pinTime);
        set(check(pin), level);
      },
      digitalRead: function (pin) {
        calls.digitalRead++;
        spend(pinTime);
        return levels[check(pin)]!;
      },
      output: function (pin) {
        check(pin);
      },
      inputPullup: function (pin) {
        check(pin);
      },
      watch: function (pin, level, handler) {
        const watch = { pin: check(pin), level, handler };
        watches.push(watch);
        return function () {
          const at = watches.indexOf(watch);
          if (at >= 0) watches.splice(at, 1);
        };
      },
    },
    spi: {
      send: function (data) {
        calls.send++;
        clock(data);
      },
      transfer: function (data) {
        calls.transfer++;
        return clock(data);
      },
      recv: function (length) {
        calls.recv++;
        return clock(new Uint8Array(length));
      },
    },
    pioBus: hostPioBus(
      function () {
        return gspi;
      },
      function (isPut, words) {
        if (isPut) pioCalls.put++;
        else pioCalls.get++;
        pioCalls.words += words;
        spend(pinTime + wordTime * words);
      },
    ),
    clock: {
      millis:
        config.millis ||
        function () {
          return Date.now() % 0x100000000;
        },
      delayMs: function (ms) {
        spend(ms * 1000);
      },
    },
    random: {
      random16:
        config.random16 ||
        function () {
          return crypto.getRandomValues(new Uint16Array(1))[0]!;
        },
    },
    log: {
      log:
        config.log ||
        function (line) {
          console.log(line);
        },
    },
    timers: {
      setTimeout: function (fn, ms) {
        return setTimeout(fn, ms);
      },
      clearTimeout: function (handle) {
        clearTimeout(handle as ReturnType<typeof setTimeout>);
      },
    },
    connect: function (device, cs) {
      devices.push({ device, cs: check(cs) });
    },
    connectGspi: function (device) {
      gspi = device;
    },
    drive: function (pin, level) {
      const before = levels[check(pin)]!;
      levels[pin] = level;
      if (before === level) return;
      for (let i = 0; i < watches.length; i++) {
        if (watches[i]!.pin === pin && watches[i]!.level === level) watches[i]!.handler();
      }
    },
    onWrite: function (pin, handler) {
      writers[check(pin)] = handler;
    },
  };
}
