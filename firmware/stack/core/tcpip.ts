// The core context. All of the stack runs in one context at a time: whoever holds the core lock. Most of the time that
// is the core's own turn, which takes frames, the mailbox and the time-outs; a sequential API takes the lock for each of
// its calls, and an application may take it for raw calls of its own. From anywhere else, an interrupt handler for one,
// the mailbox is the way in. Builds with NO_SYS have none of this: their main loop is the context.

import { ERR_MEM, ERR_OK, type Err } from './err.js';
import { MEMP_TCPIP_MSG, mempFree, mempTake } from './memp.js';
import type { Netif } from './netif.js';
import type { Pbuf } from './pbuf.js';
import { BLOCKED, settle, sysBlock, sysEvent, sysWait, sysWake, type Wait } from './sys.js';
import { taskRun } from './task.js';
import type { Stack } from './stack.js';
import { sysCheckTimeouts, sysTimeoutsSleeptime } from './timers.js';

/**
 * One turn of the core: frames, messages, time-outs, and then the tasks that these have made ready. The main loop calls
 * it when `stack.sys.wake` says so, when a frame may have come, and after tcpipSleeptime().
 * @param poll takes frames from the driver; null where the driver uses tcpipInput()
 */
export function tcpipTurn(stack: Stack, poll: (() => void) | null): void {
  const sys = stack.sys;
  sys.woken = false;
  // Held over a turn of the event loop: tcpipUnlock() calls for the turn that is left out here.
  if (sys.holder) return;
  const before = sys.runs;
  sys.holder = sys.runs = sys.core;
  sys.depth = 1;
  try {
    if (poll) poll();
    // What these messages post in their turn comes after the time-outs.
    for (let n = sys.write - sys.read; n > 0; n--) handle(stack);
    sysCheckTimeouts(stack);
  } finally {
    release(stack);
    sys.runs = before;
  }
  // A turn from within a task, such as by a driver that it uses, leaves the others to the turn that runs the task.
  if (before !== sys.main) return;
  taskRun(stack);
  if (sys.ready || sys.read !== sys.write) sysWake(sys);
}

/** Milliseconds until tcpipTurn() is due: 0 when something waits for it, -1 when only an event can bring work. */
export function tcpipSleeptime(stack: Stack): number {
  const sys = stack.sys;
  return !sys.holder && (sys.ready || sys.read !== sys.write) ? 0 : sysTimeoutsSleeptime(stack);
}

function handle(stack: Stack): void {
  const sys = stack.sys;
  const i = sys.read % stack.opt.TCPIP_MBOX_SIZE;
  const fn = sys.fns[i] as (arg: unknown, extra: unknown) => void;
  const arg = sys.args[i];
  const extra = sys.extras[i];
  sys.args[i] = sys.extras[i] = null;
  sys.read++;
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
  return sysBlock(stack, stack.sys.posters, 0, tryPost, stack, { fn, arg });
}

function tryPost(stack: Stack, call: { fn: (arg: never) => void; arg: unknown }): number {
  const sys = stack.sys;
  if (sys.write - sys.read >= stack.opt.TCPIP_MBOX_SIZE) return BLOCKED;
  return post(stack, call.fn, call.arg, null);
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
 * Takes the core lock, for raw calls from a task or from the main program. Whoever holds it may take it again.
 * @returns ERR_OK; or a Wait for it while another holds it
 */
export function tcpipLock(stack: Stack): Err | Wait {
  return sysBlock(stack, stack.sys.lockers, 0, tryLock, stack, stack.sys.runs);
}

function tryLock(stack: Stack, who: object): number {
  const sys = stack.sys;
  if (sys.holder && sys.holder !== who) return BLOCKED;
  sys.holder = who;
  sys.depth++;
  return ERR_OK;
}

/** Gives the core lock back, as often as it was taken. */
export function tcpipUnlock(stack: Stack): void {
  release(stack);
}

function release(stack: Stack): void {
  const sys = stack.sys;
  if (--sys.depth > 0) return;
  sys.depth = 0;
  sys.holder = null;
  sysEvent(sys.lockers);
  // What has come up meanwhile, or may have, is the next turn's.
  if (!sys.holder && sys.runs === sys.main && (sys.ready || sys.read !== sys.write)) sysWake(sys);
}

/**
 * For the sequential APIs: begins a call in the core context.
 * @returns false when somebody else holds the lock: then the call goes by tcpipLater()
 */
export function tcpipEnter(stack: Stack): boolean {
  return tryLock(stack, stack.sys.runs) === ERR_OK;
}

/** Ends what tcpipEnter() began. @returns `result` */
export function tcpipLeave<T>(stack: Stack, result: T): T {
  release(stack);
  return result;
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

/**
 * Runs an interrupt handler of a driver, under its name: what it calls is not in the core context, whoever was
 * interrupted.
 */
export function tcpipIrq(stack: Stack, name: string, handler: () => void): void {
  const sys = stack.sys;
  const before = sys.irq;
  sys.irq = name;
  try {
    handler();
  } finally {
    sys.irq = before;
  }
}

/**
 * With LWIP_ASSERT_CORE_LOCKED: stops a raw call outside the core context.
 * @param call its name
 * @throws Error that names the call and where it came from
 */
export function tcpipAssert(stack: Stack, call: string): void {
  const sys = stack.sys;
  if (sys.irq) throw new Error(call + '() from interrupt handler ' + sys.irq + ': use tcpipTryCallback()');
  if (sys.holder !== sys.runs) {
    throw new Error(call + '() outside the core context: use tcpipLock(), or tcpipCallback()');
  }
}
