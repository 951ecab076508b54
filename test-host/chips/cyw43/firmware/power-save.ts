// The station's power saving: when it sleeps, frames wait at the access point for a beacon that it wakes for.

import type { AccessPoint } from '../../../air/index.js';
import type { Event, Scheduler } from '../../../sim/scheduler.js';

/** WLC_SET_PM: always awake; asleep between beacons; asleep when nothing has come or gone for a while. */
export const PM_OFF = 0;
export const PM_MAX = 1;
export const PM_FAST = 2;

export class PowerSave {
  mode = PM_OFF;
  /** `pm2_sleep_ret`, ms. */
  stayAwake = 200;
  /** `bcn_li_bcn`: wakes for each n-th beacon; 0 counts as 1. */
  beacons = 1;
  /** `bcn_li_dtim`: if not 0, wakes for each n-th delivery of group frames instead. */
  dtims = 0;
  private lastTraffic = -Infinity;
  private lastDelivery = 0;
  private readonly waiting = new Set<Event>();

  constructor(private readonly scheduler: Scheduler) {}

  /** A frame has gone or come. */
  traffic(): void {
    this.lastTraffic = this.scheduler.now;
  }

  /** Calls `deliver` when the frame comes to a station that sleeps as this one does; frames keep their order. */
  receive(ap: AccessPoint, group: boolean, deliver: () => void): void {
    const { scheduler } = this;
    const time = Math.max(this.asleep() ? this.wakeTime(ap, group) : scheduler.now, this.lastDelivery);
    this.lastDelivery = time;
    if (time <= scheduler.now) {
      this.traffic();
      deliver();
      return;
    }
    const event = scheduler.at(time, () => {
      this.waiting.delete(event);
      this.traffic();
      deliver();
    });
    this.waiting.add(event);
  }

  /** The link is gone, and what waited with it. */
  forget(): void {
    for (const event of this.waiting) this.scheduler.cancel(event);
    this.waiting.clear();
    this.lastDelivery = 0;
  }

  reset(): void {
    this.forget();
    this.mode = PM_OFF;
    this.stayAwake = 200;
    this.beacons = 1;
    this.dtims = 0;
    this.lastTraffic = -Infinity;
  }

  private asleep(): boolean {
    if (this.mode === PM_OFF) return false;
    if (this.mode === PM_MAX) return true;
    return this.scheduler.now - this.lastTraffic > this.stayAwake * 1000;
  }

  private wakeTime(ap: AccessPoint, group: boolean): number {
    const every = this.dtims ? this.dtims * ap.dtimPeriod : group ? ap.dtimPeriod : Math.max(1, this.beacons);
    const { beaconInterval } = ap;
    let beacon = ap.nextBeacon(this.scheduler.now);
    while (Math.floor(beacon / beaconInterval) % every) beacon = ap.nextBeacon(beacon + 1);
    return beacon;
  }
}
