// The hardware as Kaluma 1.2.1 on RP2040 offers it: its own functions handed over as they are, and around them only
// what its traps call for.

import { randomPoolAdd, randomPoolNew, randomPoolNext, type RandomPool } from './random_pool.js';
import type { Clock, Gpio, Level, Log, Memory, PinId, Random, Spi, Storage, Timers } from './interfaces.js';

declare const digitalWrite: (pin: number, level: number) => void;
declare const digitalRead: (pin: number) => Level;
declare const pinMode: (pin: number, mode: number) => void;
declare const setWatch: (handler: () => void, pin: number, event: number, debounce: number) => number;
declare const clearWatch: (id: number) => void;
declare const OUTPUT: number;
declare const INPUT_PULLUP: number;
declare const LOW_LEVEL: number;
declare const millis: () => number;
declare const micros: () => number;
declare const delay: (ms: number) => void;
declare const analogRead: (pin: number) => number;
declare const storage: Storage;
declare const process: { memoryUsage(): Memory };
declare const require: (id: string) => unknown;

/**
 * Kaluma's SPI object, as far as it is used here.
 * @external
 */
interface KalumaSpi extends Spi {
  recvNative(length: number): Uint8Array;
  /** MHz asked for are rounded down by the chip's dividers: 20 MHz give 15.6. */
  close(): void;
}

/** @external */
interface SpiModule {
  SPI: new (bus: number, options: SpiOptions) => KalumaSpi;
}

/** @external */
interface SpiOptions {
  mode: number;
  baudrate: number;
  sck: number;
  mosi: number;
  miso: number;
}

export interface KalumaConfig {
  /** SPI bus, 0 or 1; default 0. */
  bus?: number;
  /** GPIO numbers; defaults 18, 19, 16 for bus 0 and 10, 11, 12 for bus 1. */
  sck?: number;
  mosi?: number;
  miso?: number;
  /** SPI clock, Hz; default 20 MHz, of which Kaluma makes 15.6. */
  baudrate?: number;
  /**
   * ADC inputs for start-up noise. Default only 30, the temperature sensor: reading one of GPIO 26 to 29 takes that
   * pin away from digital use until the next reset.
   */
  noise?: number[];
}

export interface KalumaHal {
  gpio: Gpio;
  spi: Spi;
  clock: Clock;
  random: Random;
  log: Log;
  timers: Timers;
  storage: Storage;
  memory: () => Memory;
}

/**
 * Bytes received between two forced collections. Arrays from spi.recv() live on a C heap of 58 KB that only the
 * JavaScript collector empties; these, the frames that the stack holds (12 of 1520 bytes) and one more frame stay
 * below 40 KB.
 */
const RECEIVED_LIMIT = 16384;
/** What an array costs beside its bytes, roughly: two objects and a chunk header. */
const ARRAY_COST = 64;
/**
 * JerryScript looks whether to collect when its heap has grown by a certain amount, at most 8 KB, since the last look.
 * So much is allocated, in pieces, because a heap that is nearly full may have no 8 KB in one.
 */
const GC_PIECES = 8;
const GC_PIECE = 1024;
/**
 * And then collects only if a sixteenth of all objects are new since the last collection: so many new ones make sure
 * of it for a program of 2000 objects (functions included) on the first try, of 4000 on the second.
 */
const GC_OBJECTS = 128;
/** Readings of each noise source, some 4 ms each: 1 in the engine, the rest to mix it in. */
const NOISE_READINGS = 32;

/**
 * Opens the SPI bus and collects the start-up noise (about 0.1 s).
 * @throws Error in words where pins, bus or clock cannot be
 */
export function kalumaHal(config: KalumaConfig): KalumaHal {
  const pool = gatherNoise(config.noise || [30]);
  return {
    gpio: {
      digitalWrite: digitalWrite as Gpio['digitalWrite'],
      digitalRead: digitalRead as Gpio['digitalRead'],
      output: function (pin: PinId) {
        pinMode(pin as number, OUTPUT);
      },
      inputPullup: function (pin: PinId) {
        pinMode(pin as number, INPUT_PULLUP);
      },
      // The event loop samples pins once a turn, so that it overlooks short pulses; a level it cannot overlook.
      // attachInterrupt() would run JavaScript in the middle of other JavaScript.
      watchFalling: function (pin: PinId, handler: () => void) {
        const id = setWatch(handler, pin as number, LOW_LEVEL, 0);
        return function () {
          clearWatch(id);
        };
      },
    },
    spi: openSpi(config),
    clock: { delayMs: delay, millis: millis },
    random: {
      random16: function () {
        // When a number is asked for depends on the network: that goes in, too.
        return randomPoolNext(pool, micros());
      },
    },
    log: {
      log: function (line: string) {
        console.log(line);
      },
    },
    timers: {
      setTimeout: setTimeout as Timers['setTimeout'],
      clearTimeout: clearTimeout as Timers['clearTimeout'],
    },
    storage,
    memory: function () {
      return process.memoryUsage();
    },
  };
}

// RP2040 datasheet, table 2: pins of SPI0 and SPI1, as far as Kaluma takes them.
function checkSpi(bus: number, o: SpiOptions): void {
  const good =
    bus === 0
      ? [
          [2, 6, 18],
          [3, 7, 19],
          [0, 4, 16],
        ]
      : [
          [10, 14],
          [11, 15],
          [8, 12],
        ];
  const chosen = [o.sck, o.mosi, o.miso];
  const names = ['SCK', 'MOSI', 'MISO'];
  if (bus !== 0 && bus !== 1) throw new Error('SPI bus must be 0 or 1, not ' + bus);
  for (let i = 0; i < 3; i++) {
    if (good[i]!.indexOf(chosen[i]!) < 0) {
      throw new Error(
        'SPI ' + bus + ' ' + names[i] + ' cannot be GPIO ' + chosen[i] + ', only ' + good[i]!.join(', '),
      );
    }
  }
  if (!(o.baudrate >= 1e6 && o.baudrate <= 20e6)) {
    throw new Error('SPI clock must be 1 to 20 MHz, not ' + o.baudrate + ' Hz');
  }
}

function openSpi(config: KalumaConfig): Spi {
  const bus = config.bus || 0;
  const or = function (value: number | undefined, first: number, second: number): number {
    return value !== undefined ? value : bus ? second : first;
  };
  const options: SpiOptions = {
    mode: 0,
    baudrate: config.baudrate || 20e6,
    sck: or(config.sck, 18, 10),
    mosi: or(config.mosi, 19, 11),
    miso: or(config.miso, 16, 12),
  };
  checkSpi(bus, options);
  const SPI = (require('spi') as SpiModule).SPI;
  let spi: KalumaSpi;
  try {
    spi = new SPI(bus, options);
  } catch {
    throw new Error('SPI ' + bus + ' cannot be opened: is it in use already?');
  }
  let objects = '[0';
  for (let i = 0; i < GC_OBJECTS; i++) objects += ',[]';
  objects += ']';
  let left = RECEIVED_LIMIT;
  // Own properties are found before those of the prototype, and the last ones first.
  spi.recvNative = spi.recv;
  spi.recv = function (length: number): Uint8Array {
    left -= length + ARRAY_COST;
    if (left < 0) left = RECEIVED_LIMIT - collect(objects);
    return spi.recvNative(length);
  };
  const transfer = spi.transfer;
  const send = spi.send;
  spi.transfer = transfer;
  spi.send = send;
  return spi;
}

/**
 * Makes the collector run: new objects first, then allocations that cross its limit for certain. About 2 ms.
 * @param objects JSON of an array of GC_OBJECTS arrays: made natively, in a tenth of the time that literals take
 * @returns 0; computed from the allocations, so that no build takes them for dead code
 */
function collect(objects: string): number {
  const made = JSON.parse(objects) as unknown[];
  let zero = 0;
  for (let i = 0; i < GC_PIECES; i++) zero += new Uint8Array(GC_PIECE)[0]!;
  return made.length * zero;
}

/**
 * Kaluma never seeds Math.random(), so each boot gives the same numbers; and the clock starts at the same value.
 * What differs is noise: the lowest bits of the ADC, and the moments at which things happen. An estimated bit a reading
 * makes some 32 bits with one source; nothing measures it.
 */
function gatherNoise(sources: number[]): RandomPool {
  const pool = randomPoolNew();
  for (let s = 0; s < sources.length; s++) {
    try {
      for (let i = 0; i < NOISE_READINGS; i++) {
        randomPoolAdd(pool, Math.floor(analogRead(sources[s]!) * 4096) ^ (micros() << 6));
      }
    } catch {
      // Not an ADC input on this board: the other sources have to do.
    }
  }
  randomPoolAdd(pool, Math.floor(Math.random() * 65536));
  return pool;
}
