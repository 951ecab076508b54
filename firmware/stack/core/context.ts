// Who runs now, and what is left to be done: the state of the core context, its wake-up call, and the assertion of debug
// builds. The lock is in lock.ts, the core's turn and its mailbox in tcpip.ts, waiting in sys.ts, tasks in task.ts.

import type { Stack } from './stack.js';
import type { Wait, WaitQueue } from './sys.js';

/** What a stack with a core context keeps. */
export interface SysState {
  /** Makes the main loop call tcpipTurn() soon. Set by the ground; called once until the turn comes. */
  wake: (() => void) | null;
  /** Told of an exception that ended a task; without it the exception leaves tcpipTurn(). */
  onTaskError: ((error: unknown) => void) | null;
  /** Name of the interrupt handler that is running, or ''. */
  irq: string;
  /** The first turn has come: until then the main program may set the stack up as if it were the core. */
  started: boolean;
  /** The main loop comes by without being called, or will look at the end of its turn what is left. */
  woken: boolean;
  /** A turn is running, its tasks included. */
  turning: boolean;
  /** The core could not run in its turn, or cannot in the next: the lock is held. */
  missed: boolean;
  readyTail: Wait | null;
  ready: Wait | null;
  /** Those who wait for the core lock, and for room in the mailbox. */
  lockers: WaitQueue;
  posters: WaitQueue;
  /** The mailbox: a ring of functions and their arguments. */
  fns: ((arg: never, extra: never) => unknown)[];
  args: unknown[];
  extras: unknown[];
  read: number;
  write: number;
  /** Who holds the core lock, how often, and who runs now: the core, a task, or the main program. */
  holder: object | null;
  depth: number;
  runs: object;
  core: object;
  main: object;
}

export function sysInit(stack: Stack): void {
  const main = {};
  stack.sys = {
    wake: null,
    onTaskError: null,
    irq: '',
    started: false,
    woken: false,
    turning: false,
    missed: false,
    readyTail: null,
    ready: null,
    lockers: { head: null },
    posters: { head: null },
    fns: [],
    args: [],
    extras: [],
    read: 0,
    write: 0,
    holder: null,
    depth: 0,
    runs: main,
    core: {},
    main,
  };
}

/** Has the main loop come by soon. */
export function sysWake(sys: SysState): void {
  if (sys.woken || !sys.wake) return;
  sys.woken = true;
  sys.wake();
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
 * With LWIP_ASSERT_CORE_LOCKED: stops a call outside the core context.
 * @param call its name
 * @throws Error that names the call and where it came from
 */
export function tcpipAssert(stack: Stack, call: string): void {
  const sys = stack.sys;
  tcpipAssertNoIrq(stack, call);
  if (sys.started && sys.holder !== sys.runs) {
    throw new Error(call + '() outside the core context: use tcpipLock(), or tcpipCallback()');
  }
}

/** With LWIP_ASSERT_CORE_LOCKED: stops a call that tasks may make and interrupt handlers may not. */
export function tcpipAssertNoIrq(stack: Stack, call: string): void {
  const irq = stack.sys.irq;
  if (irq) throw new Error(call + '() from interrupt handler ' + irq + ': use tcpipTryCallback()');
}
