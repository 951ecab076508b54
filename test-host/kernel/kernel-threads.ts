// Which calls of the kernel's sockets are blocked, by what Linux tells of the threads of this process.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { LibcCall } from './libc-sockets.js';

/** poll(2) and ppoll(2): their first argument is no descriptor. */
const POLL_CALLS: Record<string, string[]> = { x64: ['7', '271'], arm64: ['73'] };

/** A call that is on a thread. `arg` is how the thread shows it: its first argument, or the second of poll(). */
export interface Running {
  name: LibcCall;
  arg: number;
  /** Kept while the thread has their addresses. */
  args: unknown[];
}

/** Why this ground cannot be had on this machine; '' where it can. */
export function whyNoKernelSockets(): string {
  if (process.platform !== 'linux') return 'needs the Linux kernel as its oracle';
  if (!POLL_CALLS[process.arch]) return 'knows the C structures of x64 and arm64 only';
  if (!existsSync('/proc/self/task/' + process.pid + '/syscall')) return 'needs /proc/self/task/*/syscall';
  return '';
}

/** Whether as many threads of this process stand in each of these system calls as should. */
export function allBlocked(calls: Running[]): boolean {
  const seen = readdirSync('/proc/self/task').map(syscallOf);
  const key = (call: Running): string => callKey(call.name === 'poll', call.arg);
  return calls.every(
    (call) => seen.filter((k) => k === key(call)).length >= calls.filter((c) => key(c) === key(call)).length,
  );
}

function callKey(poll: boolean, arg: number): string {
  return (poll ? 'poll ' : '') + arg;
}

/** The system call that a thread is blocked in. */
function syscallOf(task: string): string {
  try {
    const [number, ...args] = readFileSync('/proc/self/task/' + task + '/syscall', 'latin1').split(' ');
    const poll = POLL_CALLS[process.arch]!.includes(number!);
    return callKey(poll, parseInt(args[poll ? 1 : 0] ?? '', 16));
  } catch {
    return ''; // The thread has ended since.
  }
}
