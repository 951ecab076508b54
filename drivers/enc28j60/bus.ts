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

/** Sends an instruction of two bytes: as command(), without the call. */
export function write2(dev: Enc28j60, first: number, value: number): void {
  const bytes = dev.write2;
  const digitalWrite = dev.digitalWrite;
  const cs = dev.cs;
  bytes[0] = first;
  bytes[1] = value;
  digitalWrite(cs, 0);
  dev.spi.send(bytes);
  digitalWrite(cs, 1);
}

/** Makes the bank of `register` the selected one. */
export function selectBank(dev: Enc28j60, register: number): void {
  const old = dev.bank;
  const bank = (register >> 5) & BSEL;
  if (old === bank || (register & ADDRESS_MASK) >= EIE) return;
  dev.bank = bank;
  // BSEL shares ECON1 with TXRTS, which hardware clears: only bit instructions are safe.
  if (old & ~bank) write2(dev, OP_BFC | ECON1, old & ~bank);
  if (bank & ~old) write2(dev, OP_BFS | ECON1, bank & ~old);
}

/** Reads a register. DS39662E, 4.2.1: a MAC or MII register comes after a dummy byte, others come again instead. */
export function readRegister(dev: Enc28j60, register: number): number {
  selectBank(dev, register);
  const bytes = dev.read3;
  bytes[0] = register & ADDRESS_MASK;
  return exchange(dev, bytes)[register & MAC_MII ? 2 : 1]!;
}

/** Writes a register. DS39662E, 4.2.3. */
export function writeRegister(dev: Enc28j60, register: number, value: number): void {
  selectBank(dev, register);
  write2(dev, OP_WCR | (register & ADDRESS_MASK), value);
}

/** Sets bits of EIE, EIR, ECON1 or ECON2. DS39662E, 4.2.5. @inline */
export function setBits(dev: Enc28j60, register: number, bits: number): void {
  write2(dev, OP_BFS | register, bits);
}

/** Clears bits of EIE, EIR, ECON1 or ECON2. DS39662E, 4.2.6. @inline */
export function clearBits(dev: Enc28j60, register: number, bits: number): void {
  write2(dev, OP_BFC | register, bits);
}

/**
 * Writes those bytes of a register pair in bank 0 that differ from its present value.
 * @param now the present value, -1 for unknown
 */
export function movePointer(dev: Enc28j60, low: number, now: number, value: number): void {
  if (dev.bank) selectBank(dev, low);
  if (now < 0 || (now ^ value) & 0xff) write2(dev, OP_WCR | low, value);
  if (now >> 8 !== value >> 8) write2(dev, (OP_WCR + 1) | low, value >> 8);
}
