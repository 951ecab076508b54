// The ways between Node's turns and a host's stack: into the stack at its present moment, out of it by process.nextTick,
// so that an application's code runs neither inside the stack nor inside the simulation.

import type { Stack } from '../../firmware/stack/core/stack.js';
import type { Host } from '../harness/host.js';
import type { Event } from '../sim/scheduler.js';

/** What brings a call to the simulation's present: a Pacer in real time. */
export interface Injector {
  inject(fn: () => void): void;
}

const AT_ONCE: Injector = { inject: (fn) => fn() };

export class StackContext {
  constructor(
    readonly host: Host,
    private readonly injector: Injector = AT_ONCE,
  ) {}

  /** Runs `fn` in the stack. */
  enter<T>(fn: (stack: Stack) => T): T {
    let result: { value: T } | null = null;
    this.injector.inject(() => (result = { value: this.host.do(fn) }));
    return (result as unknown as { value: T }).value;
  }

  /** Runs `fn` in a turn of its own, in the order of the calls. */
  later(fn: () => void): void {
    process.nextTick(fn);
  }

  /** Milliseconds of the simulation. */
  now(): number {
    return this.host.scheduler.now / 1000;
  }

  /** Runs `fn` after `ms` of the simulation's time, in a turn of its own. @returns cancels */
  after(ms: number, fn: () => void): () => void {
    const { scheduler } = this.host;
    let event: Event | null = null;
    let cancelled = false;
    const fire = (): void =>
      this.later(() => {
        if (!cancelled) fn();
      });
    this.injector.inject(() => (event = scheduler.after(ms * 1000, fire)));
    return () => {
      cancelled = true;
      scheduler.cancel(event);
    };
  }
}
