// The MII registers: the host's way to the PHY, 10.24 µs at a time (DS39662E, 3.3.1 to 3.3.3).

import type { Event } from '../../sim/scheduler.js';
import type { Enc28j60 } from './enc28j60.js';
import {
  MICMD,
  MICMD_MIIRD,
  MICMD_MIISCAN,
  MIRDH,
  MIRDL,
  MIREGADR,
  MISTAT,
  MISTAT_BUSY,
  MISTAT_NVALID,
  MISTAT_SCAN,
  MIWRH,
  MIWRL,
} from './registers.js';

/** µs that one MII access takes. */
export const MII_TIME = 10.24;

export class Mii {
  private event: Event | null = null;
  private scanning = false;
  private valid = true;

  constructor(private readonly chip: Enc28j60) {
    const { regs, misuse } = chip;
    regs.onWrite(MICMD, (next, old) => {
      if (this.busyWithAccess && next) misuse.count('miiBusy', 'MICMD');
      else if (next & MICMD_MIISCAN && !(old & MICMD_MIISCAN)) this.scan();
      else if (!(next & MICMD_MIISCAN) && old & MICMD_MIISCAN) this.stopScan();
      else if (next & MICMD_MIIRD) this.access(() => this.fetch());
      return next;
    });
    regs.onWrite(MIWRH, (next) => {
      if (this.event || this.scanning) {
        misuse.count('miiBusy', 'MIWRH');
        return next;
      }
      const address = regs.values[MIREGADR]!;
      const value = regs.values[MIWRL]! | (next << 8);
      this.access(() => chip.phy.write(address, value));
      return next;
    });
    regs.onRead(MISTAT, () => {
      const busy = this.event || this.scanning ? MISTAT_BUSY : 0;
      return busy | (this.scanning ? MISTAT_SCAN : 0) | (this.valid ? 0 : MISTAT_NVALID);
    });
    for (const place of [MIRDL, MIRDH]) {
      regs.onRead(place, (stored) => {
        if (this.busyWithAccess) misuse.count('miiBusy', 'MIRD');
        return stored;
      });
    }
  }

  reset(): void {
    this.chip.scheduler.cancel(this.event);
    this.event = null;
    this.scanning = false;
    this.valid = true;
  }

  private get busyWithAccess(): boolean {
    return this.event !== null && !this.scanning;
  }

  private access(done: () => void): void {
    this.event = this.chip.scheduler.after(MII_TIME, () => {
      this.event = null;
      done();
    });
  }

  private fetch(): void {
    const { regs, phy } = this.chip;
    regs.setWord(MIRDL, phy.read(regs.values[MIREGADR]!));
  }

  /** 3.3.3: reads again and again until MIISCAN is cleared. */
  private scan(): void {
    this.scanning = true;
    this.valid = false;
    const round = (): void => {
      this.access(() => {
        this.fetch();
        this.valid = true;
        if (this.scanning) round();
      });
    };
    round();
  }

  /** The read under way still completes. */
  private stopScan(): void {
    this.scanning = false;
  }
}
