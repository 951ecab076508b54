// Tasks: sequential code on one event loop. A task is a generator that yields what a blocking call returned and gets the
// result back. A number comes back at once; for a Wait the task stops, and goes on from the ready list. Tasks take
// turns only where they yield.

import { lockBreak } from './lock.js';
import { settle, sysReady, sysWait, waitOnce, waitResult, type Wait } from './sys.js';
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
  /** Brings the task back into the ready list when nothing else does: at its start, and when others shall have their turn. */
  go: Wait;
  /** Resolves with 0 when the task has ended; may be yielded by another task, by one. */
  end: Wait;
}

/** Steps of all tasks together in one turn: the stack shall have its turn, too. */
const BURST = 32;

/**
 * Starts a task; its first step runs in the next core turn, or in this one.
 * @param steps the generator, called already: `taskStart(stack, echo(stack))`
 * @returns the task; `yield task.end` waits for its end
 */
export function taskStart(stack: Stack, steps: TaskSteps): Task {
  const task: Task = { stack, steps, go: taskWait(stack), end: taskWait(stack) };
  task.go.task = task;
  settle(task.go, 0);
  return task;
}

/** A Wait for what is no event of the stack. */
function taskWait(stack: Stack): Wait {
  return sysWait(stack, null, 0, nothing, 0, 0) as Wait;
}

function nothing(): number {
  return 0;
}

/** Resumes what is ready, for BURST steps at most. */
export function taskRun(stack: Stack): void {
  const sys = stack.sys;
  for (let left = BURST; sys.ready && left > 0;) {
    const w = sys.ready;
    sys.ready = w.next;
    const task = w.task;
    try {
      const value = waitResult(w);
      sys.runs = task || sys.main;
      if (task) left = step(task, value, left);
      else {
        left--;
        w.fn!(value);
      }
    } catch (error) {
      left--;
      failed(stack, task, error);
    }
    sys.runs = sys.main;
  }
}

/**
 * Runs a task until it has to wait, or has had `left` steps.
 * @returns how many steps are left to others
 */
function step(task: Task, value: number, left: number): number {
  do {
    left--;
    const r = task.steps.next(value);
    if (r.done) {
      finish(task);
      return left;
    }
    const y = r.value as number | Wait | Thenable;
    if (typeof y === 'number') value = y;
    else {
      const w = y as Wait;
      if (w.settled === undefined) {
        foreign(task, y as Thenable);
        return left;
      }
      if (!w.settled) {
        waitOnce(w);
        w.task = task;
        return left;
      }
      value = waitResult(w);
    }
  } while (left > 0);
  task.go.value = value;
  sysReady(task.go);
  return left;
}

/** The task has ended: so does its hold on the core lock. */
function finish(task: Task): void {
  lockBreak(task.stack, task);
  settle(task.end, 0);
}

/** Something threw: a task, which this ends, or what was handed to a Wait. */
function failed(stack: Stack, task: Task | null, error: unknown): void {
  if (task) finish(task);
  const tell = stack.sys.onTaskError;
  if (!tell) throw error;
  tell(error);
}

/** Waits for somebody else's promise. One that fails ends the task with its error. */
function foreign(task: Task, y: Thenable): void {
  const w = taskWait(task.stack);
  w.task = task;
  y.then(
    function (value) {
      settle(w, value);
    },
    function (error) {
      if (w.settled) return;
      w.settled = true;
      failed(task.stack, task, error);
    },
  );
}
