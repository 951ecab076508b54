// Transactions on the gSPI bus other than packets: registers of the bus and of the SPI core, and words on the chip's
// backplane, which show through a window of 32 KB (CYW43439 data sheet, chapter 4).

import type { Cyw43 } from './device.js';
import { F1_DELAY } from './opt.js';
import { ACCESS_4, F1, READ, STATUS, WINDOW_HIGH, WINDOW_LOW, WINDOW_MID, WRITE } from './registers.js';

/** Header words: 64 bits out and a status word in; 32 bits out, and so many words in. */
const WRITE_WORD = (63 << 16) | 31;
const COMMAND = 31 << 16;

/** Writes a register. @param register from registers.ts: command bits, with the length */
export function writeRegister(dev: Cyw43, register: number, value: number): void {
  const words = dev.access;
  words[0] = WRITE_WORD;
  words[1] = WRITE + register;
  words[2] = value;
  dev.put(dev.pio, dev.sm, words);
  dev.status = dev.get(dev.pio, dev.sm);
}

/** Reads a register: 1, 2 or 4 bytes, as it says. */
export function readRegister(dev: Cyw43, register: number): number {
  const words = dev.readStatus;
  const delay = register & F1 ? F1_DELAY / 4 : 0;
  words[0] = COMMAND | (32 * (delay + 1) - 1);
  words[1] = READ + register;
  dev.put(dev.pio, dev.sm, words);
  for (let i = 0; i < delay; i++) dev.get(dev.pio, dev.sm);
  const value = dev.get(dev.pio, dev.sm);
  const length = register & 7;
  return length < 4 ? value & (length < 2 ? 0xff : 0xffff) : value;
}

/** The chip's status word. */
export function readStatus(dev: Cyw43): number {
  return (dev.status = readRegister(dev, STATUS));
}

/** Words from a value, or a value from a word, while the chip counts in 16-bit words: after power on. */
export function swapHalves(value: number): number {
  return ((value << 16) | (value >>> 16)) >>> 0;
}

/** @returns the register through which a backplane address shows, its window being set */
function backplane(dev: Cyw43, address: number, length: number): number {
  const window = address & ~0x7fff;
  if (window !== dev.window) {
    writeRegister(dev, WINDOW_LOW, (window >> 8) & 0xff);
    writeRegister(dev, WINDOW_MID, (window >> 16) & 0xff);
    writeRegister(dev, WINDOW_HIGH, window >> 24);
    dev.window = window;
  }
  return F1 | (((address & 0x7fff) | ACCESS_4) << 11) | length;
}

/** Writes on the backplane. @param length 1, 2 or 4 bytes */
export function writeBackplane(dev: Cyw43, address: number, length: number, value: number): void {
  writeRegister(dev, backplane(dev, address, length), value);
}

/** Reads on the backplane. @param length 1, 2 or 4 bytes */
export function readBackplane(dev: Cyw43, address: number, length: number): number {
  return readRegister(dev, backplane(dev, address, length));
}
