// Kaluma's event loop in virtual time: timers, console input, watched pins and promise jobs, in that order each
// turn, as macro-tasks that never nest. Turns that would find nothing to do are not simulated.
//
// Facts kept from Kaluma 1.2.1 (src/io.c, src/global.c): a timer counts from the time the current turn began and
// fires once the millisecond counter is past (not at) its time; an interval that throws ends, as does a watch;
// setWatch polls the pin each turn, so a pulse between two turns goes unseen.

import type { Event, Scheduler } from '../sim/scheduler.js';
import type { CostModel } from './cost.js';
import type { Level, Pins } from './pins.js';

export const LOW_LEVEL = 1;
export const HIGH_LEVEL = 2;
export const FALLING = 4;
export const RISING = 8;
export const CHANGE = 12;

interface Timer {
  id: number;
  fn: () => void;
  due: number;
  interval: number;
  repeat: boolean;
  live: boolean;
}

interface Watch {
  id: number;
  fn: (pin: number) => void;
  pin: number;
  mode: number;
  debounce: number;
  bounceTime: number;
  last: Level;
  value: Level;
  live: boolean;
}

interface Interrupt {
  fn: (pin: number, event: number) => void;
  events: number;
}

export class EventLoop {
  /** Runs one task of the program; returns false when it threw (the error has been reported). */
  runTask: (task: () => void) => boolean = () => true;
  /** Runs the promise jobs that are waiting. */
  runJobs: () => void = () => {};

  /** A turn or the program itself is running. */
  busy = false;
  /** Edges that came for attachInterrupt() while a task ran: on a board they would have run in its middle. */
  interruptsInTask = 0;

  private stopped = false;
  private ids = 1;
  private timers: Timer[] = [];
  private watches: Watch[] = [];
  private interrupts = new Map<number, Interrupt>();
  private irqQueue: { pin: number; event: number }[] = [];
  private input: (() => void)[] = [];
  private turnEvent: Event | null = null;
  private turnMillis = 0;
  private lastTurnEnd = 0;
  private readonly watchedPins = new Set<number>();
  private readonly irqPins = new Set<number>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly pins: Pins,
    private readonly cost: CostModel,
    /** Virtual time of the boot, µs. */
    private readonly bootTime: number,
  ) {}

  /** Milliseconds since boot. */
  millis(): number {
    return Math.floor((this.scheduler.now - this.bootTime) / 1000);
  }

  /** Runs `task` (the program's start) outside any turn, then lets the loop go on. */
  enter(task: () => void): boolean {
    this.busy = true;
    this.turnMillis = this.millis();
    try {
      const ok = this.runTask(task);
      if (!this.stopped) this.runJobs();
      return ok;
    } finally {
      this.busy = false;
      this.lastTurnEnd = this.scheduler.now;
      this.arm();
    }
  }

  stop(): void {
    this.stopped = true;
    this.scheduler.cancel(this.turnEvent);
    this.turnEvent = null;
    this.timers = [];
    this.watches = [];
    this.interrupts.clear();
    this.input = [];
  }

  get idle(): boolean {
    return !this.timers.length && !this.watches.length && !this.input.length && !this.interrupts.size;
  }

  setTimer(fn: () => void, delay: number, repeat: boolean): number {
    const interval = delay > 0 ? Math.floor(delay) : 0;
    const id = this.ids++;
    this.timers.push({ id, fn, due: this.turnMillis + interval, interval, repeat, live: true });
    if (!this.busy) this.arm();
    return id;
  }

  clearTimer(id: number): void {
    const i = this.timers.findIndex((t) => t.id === id);
    if (i < 0) return;
    this.timers[i]!.live = false;
    if (!this.busy) this.timers.splice(i, 1);
  }

  setWatch(fn: (pin: number) => void, pin: number, mode: number, debounce: number): number {
    const id = this.ids++;
    const now = this.pins.read(pin);
    this.watches.push({ id, fn, pin, mode, debounce, bounceTime: 0, last: now, value: now, live: true });
    if (!this.watchedPins.has(pin)) {
      this.watchedPins.add(pin);
      this.pins.onChange(pin, () => this.wake());
    }
    this.wake();
    return id;
  }

  clearWatch(id: number): void {
    const i = this.watches.findIndex((w) => w.id === id);
    if (i < 0) return;
    this.watches[i]!.live = false;
    if (!this.busy) this.watches.splice(i, 1);
  }

  attachInterrupt(fn: (pin: number, event: number) => void, pin: number, events: number): void {
    this.interrupts.set(pin, { fn, events });
    if (this.irqPins.has(pin)) return;
    this.irqPins.add(pin);
    this.pins.onChange(pin, (level) => {
      const event = level ? RISING : FALLING;
      const handler = this.interrupts.get(pin);
      if (!handler || !(handler.events & event)) return;
      if (this.busy) this.interruptsInTask++;
      this.irqQueue.push({ pin, event });
      this.wake();
    });
  }

  detachInterrupt(pin: number): void {
    this.interrupts.delete(pin);
  }

  /** Hands a piece of work to the console stage of the next turn. */
  postInput(fn: () => void): void {
    this.input.push(fn);
    this.wake();
  }

  private wake(): void {
    if (!this.busy) this.arm();
  }

  private turn(): void {
    this.turnEvent = null;
    if (this.stopped) return;
    this.busy = true;
    try {
      this.turnMillis = this.millis();
      while (this.irqQueue.length) {
        const { pin, event } = this.irqQueue.shift()!;
        const handler = this.interrupts.get(pin);
        if (handler) this.runTask(() => handler.fn(pin, event));
      }
      this.runTimers();
      while (this.input.length && !this.stopped) this.input.shift()!();
      this.runWatches();
      if (!this.stopped) this.runJobs();
    } finally {
      this.busy = false;
      this.lastTurnEnd = this.scheduler.now;
      this.arm();
    }
  }

  private runTimers(): void {
    const timers = this.timers;
    for (let i = 0; i < timers.length && !this.stopped; i++) {
      const t = timers[i]!;
      if (!t.live || t.due >= this.turnMillis) continue;
      if (t.repeat) t.due += t.interval;
      else t.live = false;
      if (!this.runTask(t.fn)) t.live = false;
    }
    if (!this.stopped) this.timers = timers.filter((t) => t.live);
  }

  private runWatches(): void {
    const watches = this.watches;
    for (let i = 0; i < watches.length && !this.stopped; i++) {
      const w = watches[i]!;
      if (!w.live) continue;
      const reading = this.pins.read(w.pin);
      const now = Math.max(1, this.millis());
      if (w.last !== reading) w.bounceTime = now;
      let fire = false;
      if ((w.mode === LOW_LEVEL && reading === 0) || (w.mode === HIGH_LEVEL && reading === 1)) {
        fire = true;
      } else if (w.bounceTime > 0 && now - w.bounceTime >= w.debounce) {
        if (reading !== w.value) {
          w.value = reading;
          fire =
            w.mode === CHANGE ||
            (w.mode === RISING && reading === 1) ||
            (w.mode === FALLING && reading === 0);
        }
        w.bounceTime = 0;
      }
      w.last = reading;
      if (fire && !this.runTask(() => w.fn(w.pin))) w.live = false;
    }
    if (!this.stopped) this.watches = watches.filter((w) => w.live);
  }

  /** Books the next turn that has something to do. */
  private arm(): void {
    if (this.stopped) return;
    let at = Infinity;
    const soon = Math.max(this.lastTurnEnd, this.scheduler.now) + this.cost.loopTurn;
    if (this.input.length || this.irqQueue.length) at = soon;
    for (const t of this.timers) {
      let due = this.bootTime + (t.due + 1) * 1000;
      if (due <= this.scheduler.now) due = soon;
      if (due < at) at = due;
    }
    for (const w of this.watches) {
      const reading = this.pins.read(w.pin);
      if (
        w.last !== reading ||
        (w.mode === LOW_LEVEL && reading === 0) ||
        (w.mode === HIGH_LEVEL && reading === 1)
      ) {
        if (soon < at) at = soon;
      } else if (w.bounceTime > 0) {
        const due = Math.max(soon, this.bootTime + (w.bounceTime + w.debounce) * 1000);
        if (due < at) at = due;
      }
    }
    if (at === Infinity) return;
    if (this.turnEvent) {
      if (this.turnEvent.time <= at && this.turnEvent.fn) return;
      this.scheduler.cancel(this.turnEvent);
    }
    this.turnEvent = this.scheduler.at(at, () => this.turn());
  }
}
