// Time-outs: one list, sorted by time, driven by the clock that createStack() was given.
// Times are milliseconds, compared modulo 2^32.

import { sysWake, tcpipAssert } from './context.js';
import { ERR_OK, type Err } from './err.js';
import { MEMP_SYS_TIMEOUT, mempFree, mempTake } from './memp.js';
import { LWIP_ASSERT_CORE_LOCKED, NO_SYS } from './opt.js';
import type { Stack } from './stack.js';

export interface SysTimeo {
  fn: (arg: never) => void;
  arg: unknown;
  /** Clock value at which it is due. */
  time: number;
  next: SysTimeo | null;
}

/**
 * Calls `fn(arg)` once, `ms` from now, from within sysCheckTimeouts().
 * @returns ERR_OK, or ERR_MEM when MEMP_NUM_SYS_TIMEOUT are pending
 */
export function sysTimeout<T>(stack: Stack, ms: number, fn: (arg: T) => void, arg: T): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'sysTimeout');
  return timeoutAdd(stack, ms, fn, arg);
}

/** As sysTimeout(), also from tasks that do not hold the core lock. */
export function timeoutAdd<T>(stack: Stack, ms: number, fn: (arg: T) => void, arg: T): Err {
  const err = mempTake(stack, MEMP_SYS_TIMEOUT);
  if (err !== ERR_OK) return err;
  const time = (stack.clock() + ms) | 0;
  const t = stack.freeTimeouts || { fn, arg, time, next: null };
  stack.freeTimeouts = t.next;
  t.fn = fn as (arg: never) => void;
  t.arg = arg;
  t.time = time;
  let before: SysTimeo | null = null;
  let at = stack.timeouts;
  while (at && ((at.time - time) | 0) <= 0) {
    before = at;
    at = at.next;
  }
  t.next = at;
  if (before) before.next = t;
  else {
    stack.timeouts = t;
    // Set outside of a turn: nobody is going to sleep only so long.
    if (!NO_SYS) sysWake(stack.sys);
  }
  return ERR_OK;
}

/** Takes back the earliest pending time-out with this function and argument, if there is one. */
export function sysUntimeout<T>(stack: Stack, fn: (arg: T) => void, arg: T): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'sysUntimeout');
  timeoutRemove(stack, fn, arg);
}

/** As sysUntimeout(), also from tasks that do not hold the core lock. */
export function timeoutRemove<T>(stack: Stack, fn: (arg: T) => void, arg: T): void {
  let before: SysTimeo | null = null;
  for (let t = stack.timeouts; t; before = t, t = t.next) {
    if ((t.fn as unknown) === fn && t.arg === arg) {
      if (before) before.next = t.next;
      else stack.timeouts = t.next;
      release(stack, t);
      return;
    }
  }
}

/**
 * Runs the time-outs that are due. Call it from the main loop, at least as often as sysTimeoutsSleeptime() says.
 * Late calls are tolerated: each time-out still runs once, in order.
 */
export function sysCheckTimeouts(stack: Stack): void {
  const now = stack.clock() | 0;
  for (let t = stack.timeouts; t && ((t.time - now) | 0) <= 0; t = stack.timeouts) {
    stack.timeouts = t.next;
    const fn = t.fn as (arg: unknown) => void;
    const arg = t.arg;
    release(stack, t);
    fn(arg);
  }
}

/** Milliseconds until the next time-out is due: 0 when one is overdue, -1 when none is pending. */
export function sysTimeoutsSleeptime(stack: Stack): number {
  const t = stack.timeouts;
  if (!t) return -1;
  const ms = (t.time - stack.clock()) | 0;
  return ms < 0 ? 0 : ms;
}

function release(stack: Stack, t: SysTimeo): void {
  t.arg = null;
  t.next = stack.freeTimeouts;
  stack.freeTimeouts = t;
  mempFree(stack, MEMP_SYS_TIMEOUT);
}
