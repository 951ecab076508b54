// The chip's SPI instructions on a device: one hal call per transfer, whole buffers only, and the register bank kept
// in mind so that it is only switched when needed (DS39662E, chapter 4 and 3.1).

import type { Enc28j60 } from './device.js';
import { ADDRESS_MASK, BSEL, ECON1, EIE, MAC_MII, OP_BFC, OP_BFS, OP_WCR } from './registers.js';

/** Sends an instruction that returns nothing. */
export function command(dev: Enc28j60, bytes: Uint8Array): void {
  const digitalWrite = dev.digitalWrite;
  const cs = dev.cs;
  digitalWrite(cs, 0);
  dev.spi.send(bytes);
  digitalWrite(cs, 1);
}

/** Sends an instruction and returns what the chip shifted out meanwhile. */
export function exchange(dev: Enc28j60, bytes: Uint8Array): Uint8Array {
  const digitalWrite = dev.digitalWrite;
  const cs = dev.cs;
  digitalWrite(cs, 0);
  const answer = dev.spi.transfer(bytes);
  digitalWrite(cs, 1);
  return answer;
}

function write2(dev: Enc28j60, first: number, value: number): void {
  const bytes = dev.write2;
  bytes[0] = first;
  bytes[1] = value;
  command(dev, bytes);
}

/** Makes `bank` the selected one. */
export function selectBank(dev: Enc28j60, bank: number): void {
  const old = dev.bank;
  if (old === bank) return;
  dev.bank = bank;
  // BSEL shares ECON1 with TXRTS, which hardware clears: only bit instructions are safe.
  const clear = old & ~bank;
  const set = bank & ~old;
  if (clear) write2(dev, OP_BFC | ECON1, clear);
  if (set) write2(dev, OP_BFS | ECON1, set);
}

function bankFor(dev: Enc28j60, register: number): void {
  if ((register & ADDRESS_MASK) < EIE) selectBank(dev, (register >> 5) & BSEL);
}

/** Reads a register. DS39662E, 4.2.1. */
export function readRegister(dev: Enc28j60, register: number): number {
  bankFor(dev, register);
  if (register & MAC_MII) {
    const bytes = dev.read3;
    bytes[0] = register & ADDRESS_MASK;
    return exchange(dev, bytes)[2]!;
  }
  const bytes = dev.read2;
  bytes[0] = register & ADDRESS_MASK;
  return exchange(dev, bytes)[1]!;
}

/** Writes a register. DS39662E, 4.2.3. */
export function writeRegister(dev: Enc28j60, register: number, value: number): void {
  bankFor(dev, register);
  write2(dev, OP_WCR | (register & ADDRESS_MASK), value);
}

/** Writes a register pair, low byte first. */
export function writeRegister16(dev: Enc28j60, low: number, value: number): void {
  writeRegister(dev, low, value & 0xff);
  writeRegister(dev, low + 1, value >> 8);
}

/** Sets bits of an ETH register. DS39662E, 4.2.5. */
export function setBits(dev: Enc28j60, register: number, bits: number): void {
  bankFor(dev, register);
  write2(dev, OP_BFS | (register & ADDRESS_MASK), bits);
}

/** Clears bits of an ETH register. DS39662E, 4.2.6. */
export function clearBits(dev: Enc28j60, register: number, bits: number): void {
  bankFor(dev, register);
  write2(dev, OP_BFC | (register & ADDRESS_MASK), bits);
}

/**
 * Writes those bytes of a pointer in bank 0 that differ from its present value.
 * @param now the present value, -1 for unknown
 */
export function movePointer(dev: Enc28j60, low: number, now: number, value: number): void {
  if (now < 0 || (now ^ value) & 0xff) writeRegister(dev, low, value & 0xff);
  if (now < 0 || now >> 8 !== value >> 8) writeRegister(dev, low + 1, value >> 8);
}
