// The hardware as the drivers and apps see it. Small on purpose: each member is something that Kaluma and
// Espruino offer as a native function, so that a shim can hand the native function itself over and a call
// costs no extra JavaScript frame. Nothing in here knows a chip or a protocol.

/** A pin as the engine names it: a GPIO number on Kaluma, a Pin object on Espruino. */
export type PinId = number | object;

export type Level = 0 | 1;

/** Functions, not methods: callers may keep them in variables and call them without an object. */
export interface Gpio {
  /** Drives an output pin. */
  digitalWrite(pin: PinId, level: Level): void;
  /** Reads a pin's level. */
  digitalRead(pin: PinId): Level;
  /** Makes a pin an output. */
  output(pin: PinId): void;
  /** Makes a pin an input with a pull-up. */
  inputPullup(pin: PinId): void;
  /**
   * Calls `handler` from the event loop after the pin has come to `level`. Where the engine looks at levels instead of
   * edges (Kaluma), it is called again and again while the pin stays there; where it sees edges only (Espruino), a pin
   * that stays gives no second call. A handler must be right for both.
   * @returns a function that ends the watch
   */
  watch(pin: PinId, level: Level, handler: () => void): () => void;
}

/**
 * A full-duplex SPI bus, mode 0, most significant bit first. Chip select is the driver's, by Gpio.
 * Arrays handed in must be whole buffers (byteOffset 0, length = buffer.byteLength): the engine sends the
 * underlying buffer whatever the view's bounds are.
 * @external
 */
export interface Spi {
  /** Clocks out every byte of `data`'s buffer. */
  send(data: Uint8Array): unknown;
  /** Clocks out every byte of `data`'s buffer; returns the bytes clocked in meanwhile, a fresh array. */
  transfer(data: Uint8Array): Uint8Array;
  /** Clocks `length` zero bytes out; returns the bytes clocked in, a fresh array that is its whole buffer. */
  recv(length: number): Uint8Array;
}

/**
 * A gSPI bus, half duplex on one data line, whose every transaction a PIO state machine carries out by itself: chip
 * select, command, turn of the line, answer. Words are clocked most significant bit first.
 *
 * What is put is a sequence of transactions. Each begins with a header word: bits out - 1 in its upper half, bits in - 1
 * (0 for none) in its lower half, both multiples of 32; then the words to clock out. A header whose upper half is 0 says
 * instead how many of the words behind it to skip.
 *
 * Functions, not methods; both take the numbers `pio` and `sm`, so that an engine's natives can be handed over.
 * @external
 */
export interface PioBus {
  pio: number;
  sm: number;
  /** Puts every word of the array's buffer, whatever its bounds; returns when the last one is in the FIFO. */
  put(pio: number, sm: number, words: Uint32Array): void;
  /** Waits for the next word that came in. Four may wait: a transaction that brings more stands still until then. */
  get(pio: number, sm: number): number;
}

/** Constant bytes, read in pieces. */
export interface BlobReader {
  /** Bytes in all. */
  size: number;
  /** Fills `into`, which must be a whole buffer, with the bytes from `offset` on; what lies behind the end is undefined. */
  read(offset: number, into: Uint8Array): void;
}

/** Where such bytes are stored. */
export interface BlobSource {
  /** Looks for them anew. Only what was opened last can be read. @returns null when there are none that are right */
  open: () => BlobReader | null;
  /** Ends reading. */
  close: () => void;
  /** Why the last call gave null. */
  reason: string;
}

export interface Clock {
  /** Milliseconds since some fixed moment, rising; an integer that may wrap at 2^32. */
  millis(): number;
  /** Busy-waits. Used only while a chip is being reset. */
  delayMs(ms: number): void;
}

export interface Random {
  /** A random integer in [0, 65535], unpredictable to the network. */
  random16(): number;
}

/**
 * What `console` offers, under its own name.
 * @external
 */
export interface Log {
  log(line: string): void;
}

export interface Timers {
  /** Calls `fn` once after `ms`; returns a handle for `clear`. */
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/**
 * Sums memory by hardware, for checksums.
 * @param words an array from the first byte of its buffer on; the whole buffer is summed, without the bytes behind its
 * last whole word
 * @returns the sum of the 32-bit words as they lie in memory, with the carries out of 32 bits added in again; 0 only
 * when all are 0
 */
export type WordSum = (words: Uint32Array) => number;

/** What survives a reset. */
export interface Storage {
  /** The stored text, or null. */
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** The engine's heap, bytes. */
export interface Memory {
  heapUsed: number;
  /** Highest use since the start. */
  heapPeak: number;
  heapTotal: number;
}
