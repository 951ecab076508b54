// Flow control (DS39662E, chapter 10): pause frames on request of EFLOCON in full duplex. Back pressure in half
// duplex is stored but has no effect here.

import type { Event } from '../../sim/scheduler.js';
import { frameTime } from '../../sim/wire.js';
import type { Enc28j60 } from './enc28j60.js';
import { EFLOCON, EPAUSL, MAADR, MACON1, MACON1_TXPAUS, MACON3, MACON3_FULDPX } from './registers.js';

const FULDPXS = 0x04;
const OFF = 0;
const ONCE = 1;
const PERIODIC = 2;
const RELEASE = 3;
/** µs of one pause quantum: 512 bit times. */
const QUANTUM = 51.2;

export class FlowControl {
  private event: Event | null = null;

  constructor(private readonly chip: Enc28j60) {
    const { regs } = chip;
    regs.onRead(EFLOCON, (stored) => (this.fullDuplex ? stored | FULDPXS : stored));
    regs.onWrite(EFLOCON, (next) => {
      chip.scheduler.cancel(this.event);
      this.event = null;
      if (!this.fullDuplex) return next;
      const mode = next & 3;
      if (mode === PERIODIC) {
        this.repeat();
        return next;
      }
      if (mode === ONCE) this.send(regs.word(EPAUSL));
      else if (mode === RELEASE) this.send(0);
      return OFF;
    });
  }

  reset(): void {
    this.chip.scheduler.cancel(this.event);
    this.event = null;
  }

  private get fullDuplex(): boolean {
    return this.chip.regs.has(MACON3, MACON3_FULDPX);
  }

  /** Again before the pause asked for is over. */
  private repeat(): void {
    const quanta = this.chip.regs.word(EPAUSL);
    this.send(quanta);
    this.event = this.chip.scheduler.after(Math.max(1, quanta / 2) * QUANTUM, () => this.repeat());
  }

  /** IEEE 802.3, annex 31B. */
  private send(quanta: number): void {
    const { chip } = this;
    const { regs, transmitter } = chip;
    if (!regs.has(MACON1, MACON1_TXPAUS) || !chip.power.running) return;
    const frame = new Uint8Array(60);
    frame.set([0x01, 0x80, 0xc2, 0, 0, 1]);
    frame.set(
      MAADR.map((a) => regs.values[a]!),
      6,
    );
    frame.set([0x88, 0x08, 0, 1, quanta >> 8, quanta & 255], 12);
    const end = transmitter.nextGap + frameTime(60, 10e6);
    transmitter.lineUsedUntil(end);
    chip.counters.txPauseFrames++;
    chip.scheduler.at(end, () => chip.phy.transmit(frame, false));
  }
}
