// The emulated board's console as a serial line for the command line's own code, in device time: the board runs whenever the
// other end waits.

import type { SerialLine } from '../../tools/flash/serial/serial-line.js';
import type { Scheduler } from '../sim/scheduler.js';
import type { KalumaBoard } from './kaluma-board.js';

/** Device time between two looks at what the board has said, µs: so much too long takes each of its answers. */
const SLICE = 200;

export interface BoardLine extends SerialLine {
  /** Takes what the board writes to its console. */
  said(bytes: Uint8Array): void;
}

/** @param board asked for at the first turn of the event loop */
export function boardLine(scheduler: Scheduler, board: () => KalumaBoard): BoardLine {
  const waiting: number[] = [];
  let running = true;
  const line: BoardLine = {
    onData: () => {},
    onClose: () => {},
    said: (bytes) => void waiting.push(...bytes),
    write: (bytes) => board().board.console.write(bytes),
    close: () => Promise.resolve(void (running = false)),
  };
  const turn = (): void => {
    if (!running) return;
    scheduler.runFor(SLICE);
    if (waiting.length) line.onData(Uint8Array.from(waiting.splice(0)));
    setImmediate(turn);
  };
  setImmediate(turn);
  return line;
}
