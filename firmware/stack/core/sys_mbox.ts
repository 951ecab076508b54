// Mailboxes between tasks: bounded queues of messages.

import { ERR_MEM, ERR_OK, ERR_TIMEOUT, ERR_WOULDBLOCK, type Err } from './err.js';
import type { Stack } from './stack.js';
import { BLOCKED, sysBlock, sysEvent, type Wait, type WaitQueue } from './sys.js';

export interface SysMbox<T> {
  stack: Stack;
  size: number;
  messages: T[];
  /** Those who wait for a message, and for room. */
  fetchers: WaitQueue;
  posters: WaitQueue;
}

/** A mailbox for `size` messages. */
export function sysMboxNew<T>(stack: Stack, size: number): SysMbox<T> {
  return { stack, size, messages: [], fetchers: { head: null }, posters: { head: null } };
}

/** Posts a message. @returns ERR_OK; or, when the mailbox is full, a Wait for it */
export function sysMboxPost<T>(mbox: SysMbox<T>, message: T): Err | Wait {
  return sysBlock(mbox.stack, mbox.posters, 0, put as typeof put<T>, mbox, message);
}

/** Posts a message if there is room. @returns ERR_OK or ERR_MEM */
export function sysMboxTrypost<T>(mbox: SysMbox<T>, message: T): Err {
  return put(mbox, message) === BLOCKED ? ERR_MEM : ERR_OK;
}

function put<T>(mbox: SysMbox<T>, message: T): number {
  if (mbox.messages.length >= mbox.size) return BLOCKED;
  mbox.messages.push(message);
  sysEvent(mbox.fetchers);
  return ERR_OK;
}

/**
 * Takes the oldest message.
 * @param out receives it
 * @param ms time limit in milliseconds; 0: none
 * @returns ERR_OK; or a Wait for it, which gives ERR_TIMEOUT when the time is up; ERR_MEM: no time-out is free
 */
export function sysMboxFetch<T>(mbox: SysMbox<T>, out: { message: T | null }, ms: number): Err | Wait {
  return sysBlock(mbox.stack, mbox.fetchers, ms, get as typeof get<T>, mbox, out);
}

/** Takes the oldest message if there is one. @returns ERR_OK or ERR_WOULDBLOCK */
export function sysMboxTryfetch<T>(mbox: SysMbox<T>, out: { message: T | null }): Err {
  return get(mbox, out, false) === BLOCKED ? ERR_WOULDBLOCK : ERR_OK;
}

function get<T>(mbox: SysMbox<T>, out: { message: T | null }, late: boolean): number {
  if (mbox.messages.length === 0) return late ? ERR_TIMEOUT : BLOCKED;
  out.message = mbox.messages.shift()!;
  sysEvent(mbox.posters);
  return ERR_OK;
}
