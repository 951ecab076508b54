// Free running: a scheduler's events as fast as the host can, with a look at the outside world now and then. For
// worlds that nothing real is attached to; pacer.ts is for the others.

import type { Scheduler } from './scheduler.js';

/** What drives a scheduler: a Pacer in real time, a FreeRunner without regard to it. */
export interface Runner {
  readonly scheduler: Scheduler;
  start(): void;
  stop(): void;
  /** Runs `fn` at the present of the simulation; from within an event at once. */
  inject(fn: () => void): void;
}

/** Longest stretch of events without a look at the outside world, ms of wall clock. */
const SLICE = 10;

export class FreeRunner implements Runner {
  private running = false;
  private pumping = false;
  private next: NodeJS.Immediate | null = null;

  constructor(readonly scheduler: Scheduler) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.arm();
  }

  stop(): void {
    this.running = false;
    if (this.next) clearImmediate(this.next);
    this.next = null;
  }

  inject(fn: () => void): void {
    fn();
    if (this.running && !this.pumping) this.arm();
  }

  private arm(): void {
    this.next ??= setImmediate(() => this.pump());
  }

  private pump(): void {
    this.next = null;
    this.pumping = true;
    const end = performance.now() + SLICE;
    let more = true;
    try {
      while (this.running && more && performance.now() < end) more = this.scheduler.step();
    } finally {
      this.pumping = false;
    }
    if (this.running && more) this.arm();
  }
}
