// The PHY's registers through the MII (DS39662E, 3.3). Each access takes the chip 10.24 µs.

import { readRegister, writeRegister } from './bus.js';
import type { Enc28j60 } from './device.js';
import { MICMD, MIIRD, MIRDH, MIRDL, MIREGADR, MISTAT, MISTAT_BUSY, MIWRH, MIWRL } from './registers.js';

/** Reads of MISTAT before an access is given up; each takes longer than 1 µs on the fastest bus. */
const TRIES = 100;

/** DS39662E, 3.3.1. @returns 16 bits, or -1 when the MII stays busy */
export function readPhy(dev: Enc28j60, address: number): number {
  writeRegister(dev, MIREGADR, address);
  writeRegister(dev, MICMD, MIIRD);
  const done = ready(dev);
  writeRegister(dev, MICMD, 0);
  if (!done) return -1;
  const low = readRegister(dev, MIRDL);
  return low | (readRegister(dev, MIRDH) << 8);
}

/** DS39662E, 3.3.2. @returns whether it was done in time */
export function writePhy(dev: Enc28j60, address: number, value: number): boolean {
  writeRegister(dev, MIREGADR, address);
  writeRegister(dev, MIWRL, value & 0xff);
  writeRegister(dev, MIWRH, value >> 8);
  return ready(dev);
}

function ready(dev: Enc28j60): boolean {
  for (let i = 0; i < TRIES; i++) if (!(readRegister(dev, MISTAT) & MISTAT_BUSY)) return true;
  return false;
}
