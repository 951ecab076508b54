// Clock requests and sleep: ALP a millisecond after it is asked for, HT once the firmware has run for a while, and
// SLEEP_CSR, with which the host lets the chip sleep and wakes it.

import type { Event } from '../../sim/scheduler.js';
import type { Cyw43 } from './cyw43.js';
import {
  ALP_AVAIL,
  ALP_AVAIL_REQ,
  DEVICE_ON,
  FORCE_ALP,
  FORCE_HT,
  HT_AVAIL,
  HT_AVAIL_REQ,
  KEEP_SDIO_ON,
} from './registers.js';

/** µs from the request until the ALP clock runs. */
export const ALP_TIME = 1000;
/** µs from the ARM's start until the HT clock runs, as measured on a Pico W. */
export const HT_TIME = 29000;
/** µs from KEEP_SDIO_ON until a sleeping chip is awake. */
export const WAKE_TIME = 500;

const REQUESTS = FORCE_ALP | FORCE_HT | ALP_AVAIL_REQ | HT_AVAIL_REQ;

export class Clocks {
  alp = false;
  ht = false;
  asleep = false;
  private csr = 0;
  private keepOn = false;
  private alpEvent: Event | null = null;
  private htEvent: Event | null = null;
  private wakeEvent: Event | null = null;

  constructor(private readonly chip: Cyw43) {}

  reset(): void {
    const { scheduler } = this.chip;
    scheduler.cancel(this.alpEvent);
    scheduler.cancel(this.wakeEvent);
    this.alpEvent = this.wakeEvent = null;
    this.alp = false;
    this.asleep = false;
    this.csr = 0;
    this.keepOn = false;
    this.armStopped();
  }

  /** CHIP_CLOCK_CSR. */
  readCsr(): number {
    const running = (this.alp ? ALP_AVAIL : 0) | (this.ht ? HT_AVAIL : 0);
    return this.csr | (this.asleep ? 0 : running);
  }

  writeCsr(value: number): void {
    this.csr = value & ~(ALP_AVAIL | HT_AVAIL);
    if (!(value & REQUESTS) || this.alp || this.alpEvent || this.chip.faults.withoutAlp) return;
    this.alpEvent = this.chip.scheduler.after(ALP_TIME, () => {
      this.alpEvent = null;
      this.alp = true;
    });
  }

  armStarted(): void {
    if (this.chip.faults.withoutHt) return;
    this.htEvent = this.chip.scheduler.after(HT_TIME, () => {
      this.htEvent = null;
      this.ht = true;
    });
  }

  armStopped(): void {
    this.chip.scheduler.cancel(this.htEvent);
    this.htEvent = null;
    this.ht = false;
  }

  /** SLEEP_CSR. */
  readSleep(): number {
    return (this.keepOn ? KEEP_SDIO_ON : 0) | (this.asleep ? 0 : DEVICE_ON);
  }

  writeSleep(value: number): void {
    const { chip } = this;
    const keepOn = (value & KEEP_SDIO_ON) !== 0;
    if (this.keepOn && !keepOn) {
      chip.scheduler.cancel(this.wakeEvent);
      this.wakeEvent = null;
      if (!this.asleep) chip.counters.sleeps++;
      this.asleep = true;
    } else if (keepOn && this.asleep && !this.wakeEvent) {
      this.wakeEvent = chip.scheduler.after(WAKE_TIME, () => {
        this.wakeEvent = null;
        this.asleep = false;
        chip.counters.wakes++;
      });
    }
    this.keepOn = keepOn;
  }
}
