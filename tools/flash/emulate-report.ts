// What a run of the emulated board measured: as a JSON file, and as the line at its end.

import type { Link } from '../../test-host/sim/link.js';
import type { ChipReport, EmulatedBoard } from './emulated-board.js';

/** JavaScript heap as Kaluma's `.mem` prints it, bytes. */
export interface HeapUse {
  total: number;
  occupied: number;
  peak: number;
}

export interface Measurements extends ChipReport {
  /** Time of the board since power-up, and of the host, seconds. */
  deviceSeconds: number;
  wallSeconds: number;
  /** Device time over wall time. */
  ratio: number;
  /** Seconds that the board fell behind the wall clock for good; 0 when it ran free. */
  lostSeconds: number;
  resets: number;
  /** The board stands in its USB boot loader. */
  usbBoot: boolean;
  /** Bytes from the top of the C stack to the lowest stack pointer since power-up. */
  deepestStack: number;
  /** null when the prompt did not answer. */
  heap: HeapUse | null;
  address: string;
  frames: { sent: number; sentBytes: number; received: number; receivedBytes: number; dropped: number };
  flash: { erases: number; programs: number };
  /** Accesses to what is not emulated. */
  warnings: number;
}

export interface RunTimes {
  /** Microseconds. */
  device: number;
  wall: number;
  lost: number;
}

export function measure(
  emulated: EmulatedBoard,
  link: Link,
  address: string,
  times: RunTimes,
  warnings: number,
): Measurements {
  const { board } = emulated.kaluma;
  const { aToB, bToA } = link;
  return {
    deviceSeconds: times.device / 1e6,
    wallSeconds: times.wall / 1e6,
    ratio: times.wall ? times.device / times.wall : 0,
    lostSeconds: times.lost / 1e6,
    resets: board.resets,
    usbBoot: board.inUsbBoot,
    deepestStack: board.deepestStack,
    heap: null,
    address,
    frames: {
      sent: aToB.counters.frames,
      sentBytes: aToB.counters.bytes,
      received: bToA.counters.delivered,
      receivedBytes: bToA.counters.bytes,
      dropped: aToB.counters.lost + bToA.counters.lost + bToA.counters.queueDrops,
    },
    flash: { erases: board.flash.erased, programs: board.flash.programmed },
    ...emulated.report(),
    warnings,
  };
}

/** The figures that a line has room for. */
export function summary(m: Measurements): string {
  const speed = `${m.deviceSeconds.toFixed(1)} s of device time in ${m.wallSeconds.toFixed(1)} s (${(100 * m.ratio).toFixed(0)} %)`;
  const frames = `${m.frames.sent} frames sent, ${m.frames.received} received`;
  const resets = m.resets ? `, ${m.resets} resets` : '';
  return `${speed}; ${frames}${resets}; deepest C stack ${m.deepestStack} bytes`;
}

/** The answer to `.mem` in a line of the console, or null. */
export function heapOf(line: string): HeapUse | null {
  const match = /^total: (\d+), occupied: (\d+), peak: (\d+)$/.exec(line);
  return match && { total: Number(match[1]), occupied: Number(match[2]), peak: Number(match[3]) };
}
