// The PHY's registers through the MII (DS39662E, 3.3). Each access takes the chip 10.24 µs.

import { readRegister, writeRegister } from './bus.js';
import type { Enc28j60 } from './device.js';
import { MICMD, MIIRD, MIRDH, MIRDL, MIREGADR, MISTAT, MISTAT_BUSY, MIWRH, MIWRL } from './registers.js';

/** Reads of MISTAT before an access is given up; each takes longer than 1 µs on the fastest bus. */
const TRIES = 100;

/** DS39662E, 3.3.1. @returns 16 bits, of no meaning when the MII stayed busy */
export function readPhy(dev: Enc28j60, address: number): number {
  writeRegister(dev, MIREGADR, address);
  writeRegister(dev, MICMD, MIIRD);
  settle(dev);
  writeRegister(dev, MICMD, 0);
  return readRegister(dev, MIRDL) | (readRegister(dev, MIRDH) << 8);
}

/** DS39662E, 3.3.2. */
export function writePhy(dev: Enc28j60, address: number, value: number): void {
  writeRegister(dev, MIREGADR, address);
  writeRegister(dev, MIWRL, value & 0xff);
  writeRegister(dev, MIWRH, value >> 8);
  settle(dev);
}

function settle(dev: Enc28j60): void {
  for (let i = 0; i < TRIES && readRegister(dev, MISTAT) & MISTAT_BUSY; i++);
}
