// Clock, start-up and power-save mode (DS39662E, 2.2, 11 and 14): whether the MAC and the PHY run, and what
// ESTAT.CLKRDY says about it, which errata 2 makes two different things.

import type { Event } from '../../sim/scheduler.js';
import type { Enc28j60 } from './enc28j60.js';
import { ECOCON, ECON1, ECON1_RXEN, ECON1_TXRTS, ESTAT, ESTAT_CLKRDY } from './registers.js';

/** 2.2: the oscillator start-up timer counts 7500 clocks of 25 MHz, µs. */
export const START_UP_TIME = 300;
/** DS80349C, 2: after an SPI reset, µs. */
export const SOFT_RESET_TIME = 1000;

const CLOCK = 25e6;
/** Register 2-1. */
const CLKOUT_DIVIDERS = [0, 1, 2, 3, 4, 8, 0, 0];

export class Power {
  /** MAC, MII and PHY can be used. */
  clockRunning = false;
  asleep = false;
  private event: Event | null = null;

  constructor(private readonly chip: Enc28j60) {}

  /** MAC and PHY do their work. */
  get running(): boolean {
    return this.clockRunning && !this.asleep;
  }

  /**
   * After a reset, registers already at their reset values.
   * @param keepReady CLKRDY stays set although the clock does not run, DS80349C, 2
   */
  startUp(time: number, keepReady: boolean): void {
    this.asleep = false;
    this.stop();
    if (keepReady) this.chip.regs.set(ESTAT, ESTAT_CLKRDY);
    this.runAfter(time);
  }

  /** Held in reset. */
  stop(): void {
    this.chip.scheduler.cancel(this.event);
    this.event = null;
    this.clockRunning = false;
    this.chip.regs.clear(ESTAT, ESTAT_CLKRDY);
  }

  /** ECON2.PWRSV goes from 0 to 1: MAC and PHY stop, CLKRDY is cleared. */
  sleep(): void {
    const { chip } = this;
    if (chip.regs.has(ECON1, ECON1_RXEN | ECON1_TXRTS)) chip.misuse.count('powerSaveWhileActive');
    this.asleep = true;
    this.stop();
    chip.transmitter.hold();
    chip.mii.reset();
    chip.phy.refreshLink();
  }

  /** ECON2.PWRSV goes from 1 to 0. */
  wake(): void {
    this.asleep = false;
    this.runAfter(START_UP_TIME);
  }

  private runAfter(time: number): void {
    const { chip } = this;
    this.event = chip.scheduler.after(time, () => {
      this.event = null;
      this.clockRunning = true;
      chip.regs.set(ESTAT, ESTAT_CLKRDY);
      chip.phy.refreshLink();
    });
  }

  /** Frequency at the CLKOUT pin, Hz; 0 when it is held low. */
  get clockOut(): number {
    const { chip } = this;
    if (chip.inReset || (this.asleep && chip.errata.e4ClockOut)) return 0;
    const divider = CLKOUT_DIVIDERS[chip.regs.values[ECOCON]! & 7]!;
    return divider ? CLOCK / divider : 0;
  }
}
