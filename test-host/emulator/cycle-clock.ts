// The emulated chip's clock: time is the number of cycles that the core has executed, and alarms of peripherals are
// kept in order of their time.

import type { RP2040 } from 'rp2040js';

type Clock = RP2040['clock'];
type Alarm = ReturnType<Clock['createAlarm']>;

export const CYCLES_PER_US = 125;
const NANOS_PER_CYCLE = 1000 / CYCLES_PER_US;

class CycleAlarm implements Alarm {
  nanos = Infinity;

  constructor(
    private readonly clock: CycleClock,
    readonly callback: () => void,
  ) {}

  schedule(deltaNanos: number): void {
    this.clock.remove(this);
    // Never at once: a periodic alarm that has just rung would ring for ever.
    this.nanos = this.clock.nanos + Math.max(deltaNanos, NANOS_PER_CYCLE);
    this.clock.insert(this);
  }

  cancel(): void {
    this.clock.remove(this);
  }
}

export class CycleClock implements Clock {
  /** Tells the cycles so far; set once the core exists. */
  cycles: () => number = () => 0;
  /** Called when an alarm is now the next one. */
  onEarlier: () => void = () => {};
  private readonly alarms: CycleAlarm[] = [];

  get nanos(): number {
    return this.cycles() * NANOS_PER_CYCLE;
  }

  get micros(): number {
    return this.cycles() / CYCLES_PER_US;
  }

  createAlarm(callback: () => void): Alarm {
    return new CycleAlarm(this, callback);
  }

  /** Cycles at which the next alarm is due; Infinity for none. */
  get nextCycles(): number {
    return this.alarms.length ? Math.ceil(this.alarms[0]!.nanos / NANOS_PER_CYCLE) : Infinity;
  }

  /** Calls back the alarms that are due. */
  fire(): void {
    while (this.alarms.length && this.alarms[0]!.nanos <= this.nanos) this.alarms.shift()!.callback();
  }

  insert(alarm: CycleAlarm): void {
    let i = 0;
    while (i < this.alarms.length && this.alarms[i]!.nanos <= alarm.nanos) i++;
    this.alarms.splice(i, 0, alarm);
    if (i === 0) this.onEarlier();
  }

  remove(alarm: CycleAlarm): void {
    const i = this.alarms.indexOf(alarm);
    if (i >= 0) this.alarms.splice(i, 1);
  }
}
