// The PHY: its nine registers, the state of the link, loopback and the LEDs (DS39662E, 3.3, chapters 9 and 11 and
// section 2.6). It stands between the MAC and the port; MII access to it is in mii.ts.

import type { Event } from '../../sim/scheduler.js';
import { frameTime } from '../../sim/wire.js';
import type { Enc28j60 } from './enc28j60.js';

export const PHCON1 = 0x00;
export const PHSTAT1 = 0x01;
export const PHID1 = 0x02;
export const PHID2 = 0x03;
export const PHCON2 = 0x10;
export const PHSTAT2 = 0x11;
export const PHIE = 0x12;
export const PHIR = 0x13;
export const PHLCON = 0x14;

export const PHCON1_PRST = 0x8000;
export const PHCON1_PLOOPBK = 0x4000;
export const PHCON1_PPWRSV = 0x0800;
export const PHCON1_PDPXMD = 0x0100;
export const PHSTAT1_PFDPX = 0x1000;
export const PHSTAT1_PHDPX = 0x0800;
export const PHSTAT1_LLSTAT = 0x0004;
export const PHCON2_FRCLNK = 0x4000;
export const PHCON2_TXDIS = 0x2000;
export const PHCON2_JABBER = 0x0400;
export const PHCON2_HDLDIS = 0x0100;
export const PHSTAT2_TXSTAT = 0x2000;
export const PHSTAT2_RXSTAT = 0x1000;
export const PHSTAT2_COLSTAT = 0x0800;
export const PHSTAT2_LSTAT = 0x0400;
export const PHSTAT2_DPXSTAT = 0x0200;
export const PHSTAT2_PLRITY = 0x0020;
export const PHIE_PLNKIE = 0x0010;
export const PHIE_PGEIE = 0x0002;
export const PHIR_PLNKIF = 0x0010;
export const PHIR_PGIF = 0x0004;

/** Table 3-3: OUI 0004A3h, part number 0, revision 0. */
const ID1 = 0x0083;
const ID2 = 0x1400;
/** Register 2-2: bits 13:12 are to be written 1, 15:14 and 0 as 0; LEDA shows link, LEDB receive activity, stretched. */
const PHLCON_RESET = 0x3422;
/** Time that PHCON1.PRST stays set, µs. */
const RESET_TIME = 20;

const WRITABLE: Record<number, number> = {
  [PHCON1]: PHCON1_PRST | PHCON1_PLOOPBK | PHCON1_PPWRSV | PHCON1_PDPXMD,
  [PHCON2]: PHCON2_FRCLNK | PHCON2_TXDIS | PHCON2_JABBER | PHCON2_HDLDIS,
  [PHIE]: PHIE_PLNKIE | PHIE_PGEIE,
  [PHLCON]: 0x0ffe,
};
const READ_ONLY = [PHSTAT1, PHID1, PHID2, PHSTAT2, PHIR];

const LED_FUNCTIONS = [
  'reserved',
  'transmit',
  'receive',
  'collision',
  'link',
  'duplex',
  'reserved',
  'transmit and receive',
  'on',
  'off',
  'blink fast',
  'blink slow',
  'link and receive',
  'link, transmit and receive',
  'duplex and collision',
  'reserved',
];

export class Phy {
  private readonly values = new Uint16Array(32);
  /** A link partner is there. */
  private cable = false;
  private linked = false;
  private linkEvent: Event | null = null;
  private latchedDown = true;
  private interruptFlags = 0;
  /** The receive pair is wired the wrong way round. */
  polarityReversed = false;
  /** Set by the transmitter for PHSTAT2. */
  collision = false;

  constructor(private readonly chip: Enc28j60) {}

  reset(): void {
    const { chip } = this;
    this.values.fill(0);
    // 2.6: LEDB's wiring, sensed at reset, gives PDPXMD. DS80349C, 16: not always rightly.
    let full = chip.options.fullDuplexStrap;
    if (chip.errata.e16LedPolarity && chip.random.chance(chip.errataRates.e16LedPolarity)) full = !full;
    if (full) this.values[PHCON1] = PHCON1_PDPXMD;
    this.values[PHLCON] = PHLCON_RESET;
    this.interruptFlags = 0;
    this.latchedDown = true;
    this.collision = false;
    this.refreshLink();
  }

  get fullDuplex(): boolean {
    return (this.values[PHCON1]! & PHCON1_PDPXMD) !== 0;
  }

  /** The link as PHSTAT2.LSTAT shows it. */
  get linkUp(): boolean {
    return this.linked || (this.values[PHCON2]! & PHCON2_FRCLNK) !== 0;
  }

  setCable(present: boolean): void {
    this.cable = present;
    this.refreshLink();
  }

  /** Follows cable, power and clock; a link takes `linkUpTime` to come up and no time to go down. */
  refreshLink(): void {
    const { chip } = this;
    const possible = this.cable && chip.power.running && !(this.values[PHCON1]! & PHCON1_PPWRSV);
    if (!possible) {
      chip.scheduler.cancel(this.linkEvent);
      this.linkEvent = null;
      this.setLinked(false);
    } else if (!this.linked && !this.linkEvent) {
      const up = (): void => {
        this.linkEvent = null;
        this.setLinked(true);
      };
      if (chip.options.linkUpTime > 0) this.linkEvent = chip.scheduler.after(chip.options.linkUpTime, up);
      else up();
    }
  }

  private setLinked(up: boolean): void {
    if (up === this.linked) return;
    this.linked = up;
    if (!up) this.latchedDown = true;
    // 12.1.5: LINKIF needs PLNKIE and PGEIE; the flags of PHIR tell in any case.
    this.interruptFlags |= PHIR_PLNKIF;
    if ((this.values[PHIE]! & (PHIE_PLNKIE | PHIE_PGEIE)) === (PHIE_PLNKIE | PHIE_PGEIE)) {
      this.interruptFlags |= PHIR_PGIF;
      this.chip.interrupts.setLink(true);
    }
  }

  /** A read through the MII. */
  read(address: number): number {
    const { chip } = this;
    switch (address) {
      case PHSTAT1: {
        // LLSTAT latches low until read.
        const up = this.linkUp && !this.latchedDown;
        this.latchedDown = !this.linkUp;
        return PHSTAT1_PFDPX | PHSTAT1_PHDPX | (up ? PHSTAT1_LLSTAT : 0);
      }
      case PHID1:
        return ID1;
      case PHID2:
        return ID2;
      case PHSTAT2:
        return (
          (chip.transmitter.sending ? PHSTAT2_TXSTAT : 0) |
          (chip.receiver.carrierUntil > chip.scheduler.now ? PHSTAT2_RXSTAT : 0) |
          (this.collision ? PHSTAT2_COLSTAT : 0) |
          (this.linkUp ? PHSTAT2_LSTAT : 0) |
          (this.fullDuplex ? PHSTAT2_DPXSTAT : 0) |
          (this.polarityReversed ? PHSTAT2_PLRITY : 0)
        );
      case PHIR: {
        const flags = this.interruptFlags;
        this.interruptFlags = 0;
        chip.interrupts.setLink(false);
        return flags;
      }
      default:
        if (!(address in WRITABLE)) {
          chip.misuse.count('unimplementedPhy', `read ${address.toString(16)}h`);
          return 0;
        }
        return this.values[address]!;
    }
  }

  /** A write through the MII. */
  write(address: number, value: number): void {
    const { chip } = this;
    const mask = WRITABLE[address];
    if (mask === undefined) {
      const known = READ_ONLY.includes(address);
      chip.misuse.count(known ? 'readOnlyPhy' : 'unimplementedPhy', `write ${address.toString(16)}h`);
      return;
    }
    const fixed = address === PHLCON ? 0x3000 : 0;
    if ((value & ~mask & 0xffff) !== fixed) chip.misuse.count('phyReservedBits', address.toString(16) + 'h');
    this.values[address] = (value & mask) | fixed;
    if (address !== PHCON1) return;
    if (value & PHCON1_PRST) {
      this.reset();
      this.values[PHCON1]! |= PHCON1_PRST;
      chip.scheduler.after(RESET_TIME, () => (this.values[PHCON1]! &= ~PHCON1_PRST));
    } else {
      this.refreshLink();
    }
  }

  /** A frame without FCS leaves the MAC: onto the wire, looped back, or both. */
  transmit(frame: Uint8Array, badFcs: boolean): void {
    const { chip } = this;
    const loop = (this.values[PHCON1]! & PHCON1_PLOOPBK) !== 0;
    const con2 = this.values[PHCON2]!;
    if (loop) {
      this.loopBack(frame, badFcs);
      return;
    }
    // Register 6-5: HDLDIS matters in half duplex only, and only without PLOOPBK.
    if (!this.fullDuplex && !(con2 & PHCON2_HDLDIS)) this.loopBack(frame, badFcs);
    if (con2 & PHCON2_TXDIS || !this.linkUp || !chip.port) chip.counters.txNoLink++;
    else chip.port.send(frame, badFcs ? { badFcs } : undefined);
  }

  private loopBack(frame: Uint8Array, badFcs: boolean): void {
    const { chip } = this;
    // DS80349C, 9 and 10.
    const erratum = this.fullDuplex ? 'e10LoopbackFull' : 'e9LoopbackHalf';
    if (chip.errata[erratum] && chip.random.chance(chip.errataRates[erratum])) {
      if (chip.random.chance(0.5)) return;
      badFcs = true;
    }
    chip.receiver.receive(frame, badFcs, frameTime(frame.length, 10e6));
  }

  /** A frame arrives on the wire. */
  receive(frame: Uint8Array, badFcs: boolean): void {
    const { chip } = this;
    if (!this.linkUp || this.values[PHCON1]! & PHCON1_PLOOPBK) {
      chip.counters.rxFrames++;
      chip.counters.rxDisabled++;
      return;
    }
    // DS80349C, 7.
    if (this.polarityReversed && chip.errata.e7Polarity && chip.random.chance(chip.errataRates.e7Polarity)) {
      badFcs = true;
    }
    chip.receiver.receive(frame, badFcs, frameTime(frame.length, 10e6));
  }

  /** What LED A or B is set to show. Register 2-2. */
  led(which: 'A' | 'B'): string {
    const code = (this.values[PHLCON]! >> (which === 'A' ? 8 : 4)) & 15;
    // DS80349C, 11.
    if (code === 14 && this.chip.errata.e11Led) return 'duplex';
    return LED_FUNCTIONS[code]!;
  }
}
