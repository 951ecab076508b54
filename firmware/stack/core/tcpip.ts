// The core context. All of the stack runs in one context at a time: whoever holds the core lock. Most of the time that
// is the core's own turn, which takes frames, the mailbox and the time-outs; a sequential API takes the lock for each of
// its calls, and an application may take it for raw calls of its own. From anywhere else, an interrupt handler for one,
// the mailbox is the way in. Builds with NO_SYS have none of this: their main loop is the context.

import { sysWake } from './context.js';
import { ERR_MEM, ERR_OK, type Err } from './err.js';
import { lockBreak } from './lock.js';
import { MEMP_TCPIP_MSG, mempFree, mempTake } from './memp.js';
import type { Netif } from './netif.js';
import type { Pbuf } from './pbuf.js';
import { BLOCKED, settle, sysEvent, sysWait, type Wait } from './sys.js';
import { taskRun } from './task.js';
import type { Stack } from './stack.js';
import { sysCheckTimeouts, sysTimeoutsSleeptime } from './timers.js';

export { tcpipAssert, tcpipIrq } from './context.js';
export { tcpipEnter, tcpipLeave, tcpipLock, tcpipUnlock } from './lock.js';

/**
 * One turn: the core, with frames, messages and time-outs, and then the tasks that it has made ready. The main loop calls
 * it when `stack.sys.wake` says so, when a frame may have come, and after tcpipSleeptime(). While somebody else holds the
 * core lock only the tasks have their turn; a turn within a turn, such as by a driver that a task uses, is the core's alone.
 * @param poll takes frames from the driver; null where the driver uses tcpipInpkt()
 * @throws what a callback throws; the rest of the turn's work is left to the next turn, which is called for
 */
export function tcpipTurn(stack: Stack, poll: (() => void) | null): void {
  const sys = stack.sys;
  const before = sys.runs;
  const whole = !sys.turning;
  sys.started = sys.turning = sys.woken = true;
  try {
    if (sys.holder) sys.missed = true;
    else core(stack, poll);
    sys.runs = before;
    if (whole) taskRun(stack);
  } finally {
    sys.runs = before;
    if (whole) {
      sys.turning = sys.woken = false;
      // Whoever gives the lock back calls for the turn.
      if (sys.holder) sys.missed = true;
      if (busy(stack)) sysWake(sys);
    }
  }
}

function core(stack: Stack, poll: (() => void) | null): void {
  const sys = stack.sys;
  let done = false;
  sys.missed = false;
  sys.holder = sys.runs = sys.core;
  sys.depth = 1;
  try {
    if (poll) poll();
    // What these messages post in their turn comes after the time-outs.
    for (let n = sys.write - sys.read; n > 0; n--) handle(stack);
    sysCheckTimeouts(stack);
    done = true;
  } finally {
    if (!done) sys.missed = true;
    lockBreak(stack, sys.core);
  }
}

/** Whether there is work that needs no event to come first. */
function busy(stack: Stack): boolean {
  const sys = stack.sys;
  return sys.ready !== null || (!sys.holder && (sys.missed || sys.read !== sys.write));
}

/**
 * Milliseconds until tcpipTurn() is due: 0 when something waits for it; -1 when only an event can bring work, be it that
 * the core lock is given back.
 */
export function tcpipSleeptime(stack: Stack): number {
  return busy(stack) ? 0 : stack.sys.holder ? -1 : sysTimeoutsSleeptime(stack);
}

function handle(stack: Stack): void {
  const sys = stack.sys;
  const i = sys.read % stack.opt.TCPIP_MBOX_SIZE;
  const fn = sys.fns[i] as (arg: unknown, extra: unknown) => void;
  const arg = sys.args[i];
  const extra = sys.extras[i];
  sys.args[i] = sys.extras[i] = null;
  // Small numbers are no objects in the engine.
  if (++sys.read === sys.write) sys.read = sys.write = 0;
  mempFree(stack, MEMP_TCPIP_MSG);
  sysEvent(sys.posters);
  fn(arg, extra);
}

function post(stack: Stack, fn: (arg: never, extra: never) => unknown, arg: unknown, extra: unknown): Err {
  if (mempTake(stack, MEMP_TCPIP_MSG) !== ERR_OK) return ERR_MEM;
  const sys = stack.sys;
  // The place is taken before it is filled: an interrupt between the two takes the next one.
  const i = sys.write++ % stack.opt.TCPIP_MBOX_SIZE;
  sys.fns[i] = fn;
  sys.args[i] = arg;
  sys.extras[i] = extra;
  sysWake(sys);
  return ERR_OK;
}

/**
 * Has `fn(arg)` called in the core context, in its next turn.
 * @returns ERR_OK; or, with a full mailbox, a Wait for that: the call is made when there is room
 */
export function tcpipCallback<T>(stack: Stack, fn: (arg: T) => void, arg: T): Err | Wait {
  return isFull(stack)
    ? sysWait(stack, stack.sys.posters, 0, tryPost, stack, { fn, arg })
    : post(stack, fn, arg, null);
}

function isFull(stack: Stack): boolean {
  return stack.sys.write - stack.sys.read >= stack.opt.TCPIP_MBOX_SIZE;
}

function tryPost(stack: Stack, call: { fn: (arg: never) => void; arg: unknown }): number {
  return isFull(stack) ? BLOCKED : post(stack, call.fn, call.arg, null);
}

/**
 * As tcpipCallback(), and never waits: also for interrupt handlers.
 * @returns ERR_OK, or ERR_MEM when the mailbox is full (counted)
 */
export function tcpipTryCallback<T>(stack: Stack, fn: (arg: T) => void, arg: T): Err {
  return post(stack, fn, arg, null);
}

/**
 * For drivers that receive outside the core context: the packet goes through the mailbox.
 * @param input takes it in the core context, and consumes it: ethernetInput or ipInput
 * @returns ERR_OK; ERR_MEM when the mailbox is full (counted): the packet stays the caller's
 */
export function tcpipInpkt(p: Pbuf, netif: Netif, input: (p: Pbuf, netif: Netif) => unknown): Err {
  return post(netif.stack, input, p, netif);
}

/**
 * Has a call made when the lock is free, by way of the mailbox.
 * @returns a Wait for its result; ERR_MEM when the mailbox is full (counted)
 */
export function tcpipLater(stack: Stack, call: () => number | Wait): Err | Wait {
  const w = sysWait(stack, null, 0, never, 0, 0) as Wait;
  return post(stack, later, call, w) === ERR_OK ? w : ERR_MEM;
}

function never(): number {
  return BLOCKED;
}

function later(call: () => number | Wait, w: Wait): void {
  const r = call();
  if (typeof r === 'number') settle(w, r);
  else
    r.then(function (value) {
      settle(w, value);
    });
}
