// Virtual time for programs that live on Node's turns: after each event of the simulation, the program has its turn. A
// run depends on nothing but its input, as long as the program waits for sockets of stacks only.

import type { Scheduler } from '../sim/scheduler.js';

/**
 * Runs the simulation until a promise settles.
 * @param limit seconds of virtual time
 * @returns the promise's value; rejects with its error, or when the limit is reached
 */
export async function runTurns<T>(scheduler: Scheduler, promise: Promise<T>, limit = 3600): Promise<T> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  const end = scheduler.now + limit * 1e6;
  for (;;) {
    await new Promise(setImmediate);
    if (settled) return promise;
    if (scheduler.nextTime() > end) throw new Error(`not done after ${limit} s of virtual time`);
    scheduler.step();
  }
}
