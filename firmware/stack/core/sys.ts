// Waiting without threads: what lwIP's sys_arch is to an RTOS. A call that would block hands out a Wait; the event that
// it waits for tries it again; once it has its result, whoever wanted that is resumed from the ready list. The list is
// run at the end of each core turn (tcpip.ts), on a shallow stack and without a turn of the engine's event loop.

import { sysWake } from './context.js';
import { ERR_MEM, ERR_OK } from './err.js';
import type { Stack } from './stack.js';
import type { Task } from './task.js';
import { timeoutAdd, timeoutRemove } from './timers.js';

export { sysInit, sysWake, type SysState } from './context.js';

/** Returned by an attempt that cannot finish yet. No call returns it to an application. */
export const BLOCKED = -0x10000;
/** The value of a Wait that is being tried at this moment. */
const TRYING = -0x10001;

/**
 * Tries to finish a call, and does what it takes; while it is BLOCKED, nothing. It may cause events of any queue.
 * @param late the time is up: BLOCKED is no answer any more
 * @returns the call's result, or BLOCKED
 */
export type Attempt<A, B> = (a: A, b: B, late: boolean) => number;

/**
 * The result of a call that is still to come, a number. A task yields it, an async function awaits it, and everybody
 * else hands a function to `then`: one of these, once.
 */
export interface Wait {
  /**
   * Calls `fn` with the result, once, later, as part of the main program.
   * @throws Error where somebody waits for it already
   */
  then: (fn: (value: number) => void) => void;
  stack: Stack;
  /** Milliseconds of its time limit; 0: none. */
  limit: number;
  /** Turns the result into what is handed out, at that very moment: where an errno is set. */
  handOut: ((value: number) => number) | null;
  attempt: Attempt<unknown, unknown>;
  a: unknown;
  b: unknown;
  queue: WaitQueue | null;
  task: Task | null;
  fn: ((value: number) => void) | null;
  settled: boolean;
  value: number;
  /** The next in the queue or, when settled, in the ready list. */
  next: Wait | null;
}

/** Those who wait for the same event, in order of arrival. */
export interface WaitQueue {
  head: Wait | null;
}

/**
 * Makes a call that may block: tries it, and where that is BLOCKED waits in `queue`.
 * @param ms time limit; 0: none
 * @returns the result when it is there at once, else the Wait for it; ERR_MEM when there is no time-out for the limit
 */
export function sysBlock<A, B>(
  stack: Stack,
  queue: WaitQueue,
  ms: number,
  attempt: Attempt<A, B>,
  a: A,
  b: B,
): number | Wait {
  const now = attempt(a, b, false);
  return now === BLOCKED ? sysWait(stack, queue, ms, attempt, a, b) : now;
}

/** As sysBlock(), for a call that was tried in vain. */
export function sysWait<A, B>(
  stack: Stack,
  queue: WaitQueue | null,
  ms: number,
  attempt: Attempt<A, B>,
  a: A,
  b: B,
): Wait | number {
  const w: Wait = {
    then,
    stack,
    limit: ms,
    handOut: null,
    attempt: attempt as Attempt<unknown, unknown>,
    a,
    b,
    queue,
    task: null,
    fn: null,
    settled: false,
    value: 0,
    next: null,
  };
  if (ms > 0 && timeoutAdd(stack, ms, timeUp, w) !== ERR_OK) return ERR_MEM;
  if (!queue) return w;
  let at = queue.head;
  if (!at) queue.head = w;
  else {
    while (at.next) at = at.next;
    at.next = w;
  }
  return w;
}

/** `this` is the Wait: so that a Wait costs no closure. */
function then(this: Wait, fn: (value: number) => void): void {
  waitOnce(this);
  this.fn = fn;
  if (this.settled) sysReady(this);
}

/** For who is to wait for it: nobody does yet. */
export function waitOnce(w: Wait): void {
  if (w.fn || w.task) throw new Error('a Wait is for one to wait for');
}

function timeUp(w: Wait): void {
  const queue = w.queue;
  w.limit = 0;
  tryAgain(w, true);
  // Those behind it may have waited for nothing but their turn.
  if (queue) sysEvent(queue);
}

/**
 * Makes an attempt, unless one is going on: it may itself cause the event that its Wait waits for.
 * @returns whether the Wait is over, and out of its queue
 */
function tryAgain(w: Wait, late: boolean): boolean {
  if (w.value === TRYING) return false;
  w.value = TRYING;
  const value = w.attempt(w.a, w.b, late);
  // Unless it was cancelled meanwhile.
  if (w.value === TRYING) w.value = 0;
  if (value !== BLOCKED) settle(w, value);
  return w.settled;
}

/** The event has come: those who wait for it try again, the first first, until one is still blocked. */
export function sysEvent(queue: WaitQueue): void {
  while (queue.head && tryAgain(queue.head, false));
}

/** The event has come: all who wait for it try again, also behind one who is still blocked. */
export function sysEventAll(queue: WaitQueue): void {
  // An attempt may end the waits of others, so after one that succeeds the queue is another.
  for (let w = queue.head; w; w = tryAgain(w, false) ? queue.head : w.next);
}

/** Ends the wait of all in the queue. */
export function sysCancel(queue: WaitQueue, value: number): void {
  for (let w = queue.head; w; w = queue.head) settle(w, value);
}

/** A Wait has its result: it leaves its queue, and whoever wants the result will be resumed. The first result counts. */
export function settle(w: Wait, value: number): void {
  if (w.settled) return;
  if (w.limit) timeoutRemove(w.stack, timeUp, w);
  const queue = w.queue;
  if (queue) {
    if (queue.head === w) queue.head = w.next;
    else for (let q = queue.head; q; q = q.next) if (q.next === w) q.next = w.next;
    w.queue = null;
  }
  w.value = value;
  w.settled = true;
  if (w.fn || w.task) sysReady(w);
}

/** Puts a settled Wait that somebody wants into the ready list. */
export function sysReady(w: Wait): void {
  const sys = w.stack.sys;
  w.next = null;
  if (sys.ready) sys.readyTail!.next = w;
  else sys.ready = w;
  sys.readyTail = w;
  sysWake(sys);
}

/** What a Wait hands out. */
export function waitResult(w: Wait): number {
  return w.handOut ? w.handOut(w.value) : w.value;
}

/**
 * Waits.
 * @param ms milliseconds, at least 1
 * @returns a Wait for ERR_OK; ERR_MEM when no time-out is free
 */
export function sysMsleep(stack: Stack, ms: number): number | Wait {
  return sysWait(stack, null, ms < 1 ? 1 : ms, slept, 0, 0);
}

function slept(): number {
  return ERR_OK;
}
