// The way of diagnostics to the serial console. A line of 80 characters keeps a Pico busy for 2.1 ms, so that what is
// longer than a few lines goes out in pieces, between which the stack takes frames and runs its time-outs.

import { ERR_OK } from '../stack/core/err.js';
import type { Stack } from '../stack/core/stack.js';
import { sysTimeout } from '../stack/core/timers.js';
import type { PingRun } from './ping.js';

/** Lines in one go: 19 ms. */
const PIECE = 9;
/** Milliseconds between pieces: the shortest time-out. */
const PAUSE = 1;

/** The engine's heap, bytes. */
export interface Heap {
  heapUsed: number;
  heapPeak: number;
  heapTotal: number;
}

/** What the commands of one prompt work on. */
export interface Diagnostics {
  stack: Stack;
  /** Writes one line, without its end. */
  print: (line: string) => void;
  memory: () => Heap;
  /** What the network chip's driver tells, null for none. */
  report: (() => string[]) | null;
  /** What net.help() prints. */
  help: string[];
  /** Lines that wait for their piece. */
  waiting: string[];
  /** The ping that is under way. */
  ping: PingRun | null;
}

/**
 * Writes lines, behind those that wait already: at once when they are few, else all of them later, so that the prompt's
 * own answer does not come in between; then an empty one in front ends the line that the next prompt stands in. Without
 * a free time-out they go out at once.
 */
export function show(d: Diagnostics, lines: string[]): void {
  const idle = !d.waiting.length;
  const few = lines.length <= PIECE;
  d.waiting = d.waiting.concat(few ? [] : [''], lines);
  if (idle) (few ? piece : later)(d);
}

function later(d: Diagnostics): void {
  if (sysTimeout(d.stack, PAUSE, piece, d) !== ERR_OK) piece(d);
}

function piece(d: Diagnostics): void {
  const now = d.waiting;
  d.waiting = now.slice(PIECE);
  for (let i = 0; i < now.length && i < PIECE; i++) d.print(now[i]!.replace(/ +$/, ''));
  if (d.waiting.length) later(d);
}
