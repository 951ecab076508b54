// Counting semaphores between tasks.

import { ERR_OK, ERR_TIMEOUT, type Err } from './err.js';
import type { Stack } from './stack.js';
import { BLOCKED, sysBlock, sysEvent, type Wait, type WaitQueue } from './sys.js';

export interface SysSem {
  stack: Stack;
  count: number;
  waiters: WaitQueue;
}

/** A semaphore with `count` tokens. */
export function sysSemNew(stack: Stack, count: number): SysSem {
  return { stack, count, waiters: { head: null } };
}

/** Gives a token, to who has waited longest, or to who comes next. */
export function sysSemSignal(sem: SysSem): void {
  sem.count++;
  sysEvent(sem.waiters);
}

/**
 * Takes a token.
 * @param ms time limit in milliseconds; 0: none
 * @returns ERR_OK; or a Wait for it, which gives ERR_TIMEOUT when the time is up; ERR_MEM: no time-out is free
 */
export function sysSemWait(sem: SysSem, ms: number): Err | Wait {
  return sysBlock(sem.stack, sem.waiters, ms, take, sem, 0);
}

/** Takes a token if there is one. @returns whether there was */
export function sysSemTry(sem: SysSem): boolean {
  return take(sem, 0, false) === ERR_OK;
}

function take(sem: SysSem, _b: number, late: boolean): number {
  if (sem.count === 0) return late ? ERR_TIMEOUT : BLOCKED;
  sem.count--;
  return ERR_OK;
}
