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
declare const HIGH_LEVEL: number;
declare const millis: () => number;
declare const micros: () => number;
declare const delay: (ms: number) => void;
declare const analogRead: (pin: number) => number;
declare const storage: Storage;
declare const process: { memoryUsage(): Memory };
declare const require: (id: string) => unknown;

/** @external */
interface SpiModule {
  SPI: new (bus: number, options: KalumaSpi) => Spi & { recvNative(length: number): Uint8Array };
}

/**
 * A bus and its pins, as GPIO numbers.
 * @external
 */
export interface KalumaSpi {
  bus: number;
  mode: number;
  /** Hz; rounded down by the chip's dividers: 20 MHz give 15.6. */
  baudrate: number;
  sck: number;
  mosi: number;
  miso: number;
}

export interface KalumaConfig {
  /**
   * ADC inputs for start-up noise. Default only 30, the temperature sensor: reading one of GPIO 26 to 29 takes that
   * pin away from digital use until the next reset.
   */
  noise?: number[];
}

export interface KalumaHal {
  gpio: Gpio;
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

/** Collects the start-up noise (about 0.1 s). */
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
      watch: function (pin: PinId, level: Level, handler: () => void) {
        const id = setWatch(handler, pin as number, level ? HIGH_LEVEL : LOW_LEVEL, 0);
        return function () {
          clearWatch(id);
        };
      },
    },
    clock: { delayMs: delay, millis: millis },
    random: {
      random16: function () {
        // When a number is asked for depends on the network: that goes in, too.
        return randomPoolNext(pool, micros());
      },
    },
    log: console,
    timers: {
      setTimeout: setTimeout as Timers['setTimeout'],
      clearTimeout: clearTimeout as Timers['clearTimeout'],
    },
    storage,
    memory: process.memoryUsage,
  };
}

/**
 * SPI on other pins than the usual ones, checked: for kalumaOpenSpi().
 * @param bus 0 or 1
 * @param baudrate Hz, 1 to 20 MHz
 * @throws Error in words where pins, bus or clock cannot be
 */
export function kalumaSpi(bus: number, sck: number, mosi: number, miso: number, baudrate: number): KalumaSpi {
  if (bus !== 0 && bus !== 1) throw new Error('SPI bus must be 0 or 1, not ' + bus);
  // RP2040 datasheet, table 2: the functions MISO, CS, SCK, MOSI repeat every four pins, the buses every eight.
  const pins = [miso, -1, sck, mosi];
  for (let i = 0; i < 4; i++) {
    if (i !== 1 && (pins[i]! & 11) !== (bus << 3) + i) {
      throw new Error('SPI ' + bus + ' ' + ['MISO', '', 'SCK', 'MOSI'][i] + ' cannot be GPIO ' + pins[i]);
    }
  }
  if (!(baudrate >= 1e6 && baudrate <= 20e6)) {
    throw new Error('SPI clock must be 1 to 20 MHz, not ' + baudrate + ' Hz');
  }
  return { bus, mode: 0, baudrate, sck, mosi, miso };
}

/**
 * Opens an SPI bus.
 * @param pins from kalumaSpi(); default SPI 0 at 20 MHz with SCK 18, MOSI 19, MISO 16
 * @throws Error in words where the bus cannot be opened
 */
export function kalumaOpenSpi(pins?: KalumaSpi): Spi {
  const options = pins || { bus: 0, mode: 0, baudrate: 20e6, sck: 18, mosi: 19, miso: 16 };
  const SPI = (require('spi') as SpiModule).SPI;
  let spi: InstanceType<typeof SPI>;
  try {
    spi = new SPI(options.bus, options);
  } catch {
    throw new Error('SPI ' + options.bus + ' cannot be opened: in use?');
  }
  const objects = '[0' + new Array(GC_OBJECTS + 1).join(',[]') + ']';
  let left = RECEIVED_LIMIT;
  // Own properties are found before those of the prototype, and the last ones first.
  spi.recvNative = spi.recv;
  spi.recv = function (length: number): Uint8Array {
    left -= length + ARRAY_COST;
    if (left < 0) left = RECEIVED_LIMIT - collect(objects);
    return spi.recvNative(length);
  };
  const own = spi as Spi;
  own.transfer = spi.transfer;
  own.send = spi.send;
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
  for (let i = 0; i < sources.length * NOISE_READINGS; i++) {
    try {
      randomPoolAdd(pool, (analogRead(sources[i % sources.length]!) * 4096) ^ (micros() << 6));
    } catch {
      // Not an ADC input on this board: the other sources have to do.
    }
  }
  return pool;
}
