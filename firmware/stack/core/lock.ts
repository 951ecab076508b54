// The core lock: whoever holds it is in the core context. The core takes it for its turn, a sequential API for each call,
// an application for raw calls of its own. Held over a turn of the event loop it keeps the core from running, so that
// frames, messages and time-outs wait; the tasks go on.

import { sysWake, tcpipAssert, tcpipAssertNoIrq } from './context.js';
import { ERR_OK, type Err } from './err.js';
import { LWIP_ASSERT_CORE_LOCKED } from './opt.js';
import type { Stack } from './stack.js';
import { BLOCKED, sysBlock, sysEvent, type Wait } from './sys.js';

/**
 * Takes the core lock, for raw calls from a task or from the main program. Whoever holds it may take it again; the main
 * program, with all its callbacks and async functions, is one holder. While a task or the main program holds it no time-out
 * comes, and no call to the stack that has to wait for something ends.
 * @returns ERR_OK; or a Wait for it while another holds it
 */
export function tcpipLock(stack: Stack): Err | Wait {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssertNoIrq(stack, 'tcpipLock');
  return sysBlock(stack, stack.sys.lockers, 0, tryLock, stack, stack.sys.runs);
}

function tryLock(stack: Stack, who: object): number {
  const sys = stack.sys;
  if (sys.holder && sys.holder !== who) return BLOCKED;
  sys.holder = who;
  sys.depth++;
  return ERR_OK;
}

/** Gives the core lock back, as often as it was taken. Not held by the caller, it stays as it is. */
export function tcpipUnlock(stack: Stack): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'tcpipUnlock');
  if (stack.sys.holder === stack.sys.runs) release(stack);
}

function release(stack: Stack): void {
  const sys = stack.sys;
  if (--sys.depth > 0) return;
  sys.holder = null;
  sysEvent(sys.lockers);
  // Frames and time-outs may have come up meanwhile.
  if (!sys.holder && (sys.missed || sys.read !== sys.write)) sysWake(sys);
}

/** Takes the lock from who holds it and cannot go on, however often it was taken. */
export function lockBreak(stack: Stack, holder: object): void {
  if (stack.sys.holder !== holder) return;
  stack.sys.depth = 1;
  release(stack);
}

/**
 * For the sequential APIs: begins a call in the core context.
 * @returns false when somebody else holds the lock: then the call goes by tcpipLater()
 */
export function tcpipEnter(stack: Stack): boolean {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssertNoIrq(stack, 'an API function');
  return tryLock(stack, stack.sys.runs) === ERR_OK;
}

/** Ends what tcpipEnter() began. @returns `result` */
export function tcpipLeave<T>(stack: Stack, result: T): T {
  release(stack);
  return result;
}
