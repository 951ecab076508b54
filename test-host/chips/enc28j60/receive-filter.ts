// The receive filters (DS39662E, chapter 8): does a frame get into the buffer? CRC checking is part of it.

import { hashBit } from './crc32.js';
import type { Enc28j60 } from './enc28j60.js';
import {
  EHT0,
  EPMCSL,
  EPMM0,
  EPMOL,
  ERXFCON,
  ERXFCON_ANDOR,
  ERXFCON_BCEN,
  ERXFCON_CRCEN,
  ERXFCON_HTEN,
  ERXFCON_MCEN,
  ERXFCON_MPEN,
  ERXFCON_PMEN,
  ERXFCON_UCEN,
  MAADR,
} from './registers.js';

export type Verdict = 'accept' | 'filtered' | 'badFcs';

const TESTS = ERXFCON_UCEN | ERXFCON_PMEN | ERXFCON_MPEN | ERXFCON_HTEN | ERXFCON_MCEN | ERXFCON_BCEN;

export class ReceiveFilter {
  constructor(private readonly chip: Enc28j60) {}

  /** @param frame with its FCS; @param fcsGood whether that is right */
  judge(frame: Uint8Array, fcsGood: boolean): Verdict {
    const config = this.chip.regs.values[ERXFCON]!;
    if (config & ERXFCON_CRCEN && !fcsGood) return 'badFcs';
    const enabled = config & TESTS;
    if (!enabled) return 'accept';
    // Figures 8-1 and 8-2: OR accepts at the first test met, AND rejects at the first not met.
    const and = (config & ERXFCON_ANDOR) !== 0;
    for (let test = 0x80; test; test >>= 1) {
      if (enabled & test && this.meets(test, frame) !== and) return and ? 'filtered' : 'accept';
    }
    return and ? 'accept' : 'filtered';
  }

  private meets(test: number, frame: Uint8Array): boolean {
    switch (test) {
      case ERXFCON_UCEN:
        return this.isForUs(frame, 0);
      case ERXFCON_PMEN:
        return this.matchesPattern(frame);
      case ERXFCON_MPEN:
        return this.isMagic(frame);
      case ERXFCON_HTEN: {
        const bit = hashBit(frame);
        return this.chip.regs.has(EHT0 + (bit >> 3), 1 << (bit & 7));
      }
      case ERXFCON_MCEN:
        return (frame[0]! & 1) !== 0;
      case ERXFCON_BCEN:
        return isBroadcast(frame);
    }
    return false;
  }

  private isForUs(frame: Uint8Array, at: number): boolean {
    const v = this.chip.regs.values;
    for (let i = 0; i < 6; i++) if (frame[at + i] !== v[MAADR[i]!]) return false;
    return true;
  }

  // 8.2: a window of 64 bytes at EPMO; bytes whose mask bit is 0 are taken out, not treated as 0.
  private matchesPattern(frame: Uint8Array): boolean {
    const { chip } = this;
    const from = chip.regs.word(EPMOL);
    if (from + 64 > frame.length) return false;
    let sum = 0;
    let odd = false;
    for (let i = 0; i < 64; i++) {
      if (!chip.regs.has(EPMM0 + (i >> 3), 1 << (i & 7))) continue;
      sum += odd ? frame[from + i]! : frame[from + i]! << 8;
      odd = !odd;
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    if ((~sum & 0xffff) === chip.regs.word(EPMCSL)) return true;
    // DS80349C, 18.
    return chip.errata.e18PatternMatch && chip.random.chance(chip.errataRates.e18PatternMatch);
  }

  // 8.3: to our address, and somewhere in the data six FFh and 16 times our address.
  private isMagic(frame: Uint8Array): boolean {
    if (!this.isForUs(frame, 0)) return false;
    const last = frame.length - 4 - 102;
    for (let at = 12; at <= last; at++) {
      let sync = 0;
      while (sync < 6 && frame[at + sync] === 255) sync++;
      if (sync < 6) continue;
      let repeats = 0;
      while (repeats < 16 && this.isForUs(frame, at + 6 + repeats * 6)) repeats++;
      if (repeats === 16) return true;
    }
    return false;
  }
}

export function isBroadcast(frame: Uint8Array): boolean {
  for (let i = 0; i < 6; i++) if (frame[i] !== 255) return false;
  return true;
}
