// Interrupt flags, their enables and the INT pin (DS39662E, chapter 12). Blocks raise flags here; PKTIF and LINKIF
// follow EPKTCNT and the PHY, and cannot be written.

import type { Enc28j60 } from './enc28j60.js';
import { EIE, EIR, EPKTCNT, ESTAT, ESTAT_INT, INTIE, LINKIF, PKTIF } from './registers.js';

export class Interrupts {
  /** Level of the INT pin: 0 is active. */
  pin: 0 | 1 = 1;

  constructor(private readonly chip: Enc28j60) {
    const { regs } = chip;
    regs.onRead(EIR, (stored) => {
      // DS80349C, 6: the flag as read is not to be relied upon, the interrupt is.
      const hide =
        (stored & PKTIF) !== 0 && chip.errata.e6Pktif && chip.random.chance(chip.errataRates.e6Pktif);
      return hide ? stored & ~PKTIF : stored;
    });
    const after = (next: number, place: number): number => {
      regs.values[place] = next;
      this.update();
      return next;
    };
    regs.onWrite(EIR, (next) => after(next, EIR));
    regs.onWrite(EIE, (next) => after(next, EIE));
  }

  raise(flags: number): void {
    this.chip.regs.set(EIR, flags);
    this.update();
  }

  setLink(pending: boolean): void {
    if (pending) this.chip.regs.set(EIR, LINKIF);
    else this.chip.regs.clear(EIR, LINKIF);
    this.update();
  }

  /** Brings PKTIF, ESTAT.INT and the pin up to date. */
  update(): void {
    const { regs } = this.chip;
    // DS39662E, 12.1.7: PKTIF is set while EPKTCNT is not 0.
    if (regs.values[EPKTCNT]) regs.set(EIR, PKTIF);
    else regs.clear(EIR, PKTIF);
    const enable = regs.values[EIE]!;
    const pending = (regs.values[EIR]! & enable & ~INTIE) !== 0;
    if (pending) regs.set(ESTAT, ESTAT_INT);
    else regs.clear(ESTAT, ESTAT_INT);
    const level = pending && (enable & INTIE) !== 0 ? 0 : 1;
    if (level !== this.pin) {
      this.pin = level;
      this.chip.onInterrupt?.(level);
    }
  }
}
