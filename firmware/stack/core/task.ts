// Tasks: sequential code on one event loop. A task is a generator that yields what a blocking call returned and gets the
// result back. A number comes back at once; for a Wait the task stops, and goes on from the ready list. Tasks take
// turns only where they yield.

import { waitResult, sysReady, sysWait, type Wait } from './sys.js';
import type { Stack } from './stack.js';

/**
 * What may be yielded beside numbers and Waits: a Promise, for one.
 * @external
 */
export interface Thenable {
  then(done: (value: number) => void, failed: (error: unknown) => void): unknown;
}

/** A running generator function: `function* echo(): TaskSteps { const err = yield netconnAccept(conn, out); … }`. */
export type TaskSteps = Generator<number | Wait | Thenable, void, number>;

/** What of a generator a task uses; in a bundle the generators are the bundle's own, so their names may be short. */
interface Steps {
  next(value: number): { done?: boolean; value: unknown };
}

export interface Task {
  stack: Stack;
  steps: Steps;
  /** Resolves with 0 when the task has ended; may be yielded by another task. */
  end: Wait;
}

/** Ready Waits that are resumed in one turn: others shall have their turn, too. */
const BURST = 32;

/**
 * Starts a task; its first step runs in the next core turn.
 * @param steps the generator, called already: `taskStart(stack, echo(stack))`
 * @returns the task; `yield task.end` waits for its end
 */
export function taskStart(stack: Stack, steps: TaskSteps): Task {
  const start = sysWait(stack, null, 0, nothing, 0, 0) as Wait;
  const task: Task = { stack, steps, end: sysWait(stack, null, 0, nothing, 0, 0) as Wait };
  start.task = task;
  start.settled = true;
  sysReady(start);
  return task;
}

function nothing(): number {
  return 0;
}

/** Resumes what is ready, at most BURST of them. */
export function taskRun(stack: Stack): void {
  const sys = stack.sys;
  for (let n = 0; sys.ready && n < BURST; n++) {
    const w = sys.ready;
    sys.ready = w.next;
    const task = w.task;
    const value = waitResult(w);
    try {
      if (task) {
        sys.runs = task;
        step(task, value);
      } else {
        // Runs as the core does: on behalf of the stack, but not in the middle of it.
        sys.runs = w;
        w.fn!(value);
      }
    } catch (error) {
      if (task) finish(task);
      if (sys.onTaskError) sys.onTaskError(error);
    }
    sys.runs = sys.main;
  }
}

/** Runs a task until it has to wait. */
function step(task: Task, value: number): void {
  for (;;) {
    const r = task.steps.next(value);
    if (r.done) {
      finish(task);
      return;
    }
    const y = r.value as number | Wait | Thenable;
    if (typeof y === 'number') {
      value = y;
      continue;
    }
    const w = y as Wait;
    if (w.settled === undefined) {
      foreign(task, y as Thenable);
      return;
    }
    if (!w.settled) {
      w.task = task;
      return;
    }
    value = waitResult(w);
  }
}

function finish(task: Task): void {
  const end = task.end;
  end.settled = true;
  if (end.task || end.fn) sysReady(end);
}

/** Waits for somebody else's promise. One that fails ends the task with its error. */
function foreign(task: Task, y: Thenable): void {
  const w = sysWait(task.stack, null, 0, nothing, 0, 0) as Wait;
  w.task = task;
  w.settled = true;
  y.then(
    function (value) {
      w.value = value;
      sysReady(w);
    },
    function (error) {
      finish(task);
      const tell = task.stack.sys.onTaskError;
      if (tell) tell(error);
    },
  );
}
