// Flow control: when the air cannot keep up with the host, the host is told to wait.

import type { Medium } from '../../../air/medium.js';
import type { Event } from '../../../sim/scheduler.js';
import type { WlanFirmware } from './wlan-firmware.js';

/** µs of frames that wait for the air: more than the first stops the host, less than the second lets it go on. */
const HIGH = 10_000;
const LOW = 3_000;
/** A bit for each priority. */
const ALL = 0xff;

export class FlowControl {
  /** How often the host was told to stop. */
  stops = 0;
  private release: Event | null = null;

  constructor(private readonly fw: WlanFirmware) {}

  /** A frame of the host has gone to this medium. */
  check(medium: Medium): void {
    const { fw } = this;
    if (this.release || medium.busyFor <= HIGH) return;
    this.stops++;
    fw.host?.flowControl(ALL);
    this.wait(medium);
  }

  private wait(medium: Medium): void {
    const { scheduler } = this.fw;
    this.release = scheduler.after(medium.busyFor - LOW, () => {
      if (medium.busyFor > LOW + 1) {
        this.wait(medium);
        return;
      }
      this.release = null;
      this.fw.host?.flowControl(0);
    });
  }

  reset(): void {
    this.fw.scheduler.cancel(this.release);
    this.release = null;
  }
}
