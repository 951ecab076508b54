// Real-time mode: runs a scheduler's events as they fall due on the wall clock, and lets the outside world
// (sockets, a TAP device) inject its events at the present. The only place where wall-clock time comes in.
//
// An event never starts before its time. One may carry virtual time ahead (a simulated CPU busy on its bus);
// the next then waits until the wall clock has caught up.

import type { Scheduler } from './scheduler.js';

/** The wall clock and the host's ways to come back later; tests bring their own. */
export interface PacerHost {
  /** Microseconds, rising. */
  now(): number;
  /** Calls `fn` after `ms`, or some time later. @returns cancels */
  sleep(ms: number, fn: () => void): () => void;
  /** Calls `fn` after the host has looked for input. @returns cancels */
  soon(fn: () => void): () => void;
}

export interface PacerOptions {
  /** How far virtual time may fall behind before the difference is written off, ms. */
  maxLag?: number;
  /** Longest stretch of events without a look at the outside world, ms of wall clock. */
  slice?: number;
  host?: PacerHost;
}

const NODE: PacerHost = {
  now: () => performance.now() * 1000,
  sleep(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  soon(fn) {
    const immediate = setImmediate(fn);
    return () => clearImmediate(immediate);
  },
};

/** For so long after an injected event the pacer polls instead of sleeping, ms: replies leave at once. */
const ATTENTIVE = 3;
/** Sleeping is not exact below this, ms. */
const TIMER_GRAIN = 1.5;

export class Pacer {
  /** Virtual time that was written off because the host was too slow or asleep, µs. */
  lost = 0;
  private readonly maxLag: number;
  private readonly slice: number;
  private base = 0;
  private running = false;
  private attentiveUntil = 0;
  private cancelNext: (() => void) | null = null;
  private readonly host: PacerHost;
  private pumping = false;

  constructor(
    readonly scheduler: Scheduler,
    options: PacerOptions = {},
  ) {
    this.maxLag = options.maxLag ?? 1000;
    this.slice = options.slice ?? 4;
    this.host = options.host ?? NODE;
  }

  /** Ties virtual time to the wall clock from now on. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.base = this.host.now() - this.scheduler.now;
    this.arm();
  }

  stop(): void {
    this.running = false;
    this.disarm();
  }

  /**
   * Runs `fn` now: after every event that is due, and with virtual time no earlier than the wall clock.
   * From within an event of the scheduler `fn` runs at once.
   */
  inject(fn: () => void): void {
    this.attentiveUntil = this.host.now() + ATTENTIVE * 1000;
    if (!this.running || this.pumping) return fn();
    this.pumping = true;
    try {
      this.runDue();
      const due = this.due();
      // Behind schedule: the event happens at the simulation's present rather than in its future.
      if (this.scheduler.nextTime() > due && due > this.scheduler.now) this.scheduler.now = due;
      fn();
      this.runDue();
    } finally {
      this.pumping = false;
    }
    this.arm();
  }

  /** The wall clock as virtual time, µs. */
  private due(): number {
    return this.host.now() - this.base;
  }

  private runDue(): void {
    const { scheduler } = this;
    const behind = this.due() - scheduler.now;
    if (behind > this.maxLag * 1000 && scheduler.nextTime() < this.due() - this.maxLag * 1000) {
      const skip = this.due() - scheduler.nextTime();
      this.lost += skip;
      this.base += skip;
    }
    const end = this.host.now() + this.slice * 1000;
    while (this.running) {
      const wall = this.host.now();
      if (wall > end || scheduler.nextTime() > wall - this.base) return;
      scheduler.step();
    }
  }

  private pump(): void {
    this.cancelNext = null;
    if (!this.running) return;
    this.pumping = true;
    try {
      this.runDue();
    } finally {
      this.pumping = false;
    }
    this.arm();
  }

  private arm(): void {
    this.disarm();
    if (!this.running) return;
    const next = this.scheduler.nextTime();
    const wait = (next - this.due()) / 1000;
    const attentive = this.host.now() < this.attentiveUntil;
    if (wait <= 0 || (attentive && wait < TIMER_GRAIN)) {
      this.cancelNext = this.host.soon(() => this.pump());
    } else if (next !== Infinity) {
      // Rather early than late when somebody is waiting; otherwise a millisecond late costs nothing.
      const ms = attentive ? Math.floor(wait - 1) : Math.ceil(wait);
      this.cancelNext = this.host.sleep(Math.max(1, Math.min(ms, 1000)), () => this.pump());
    }
  }

  private disarm(): void {
    this.cancelNext?.();
    this.cancelNext = null;
  }
}
