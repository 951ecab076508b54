// What the engine's natives need of the board they run on.

import type { Scheduler } from '../sim/scheduler.js';
import type { BoardFiles } from './board-files.js';
import type { BoardFlash } from './board-flash.js';
import type { CHeap } from './c-heap.js';
import type { CostModel } from './cost.js';
import type { EventLoop } from './event-loop.js';
import type { BoardPio } from './kaluma-pio.js';
import type { Pins } from './pins.js';
import type { SpiBus } from './spi-bus.js';

/** Uses of Kaluma's API that go wrong on a real board. A driver's test asserts that all are 0. */
export interface Traps {
  /** `spi.send` or `spi.transfer` of a view that is not its whole buffer: the whole buffer was sent. */
  spiSubarray: number;
  /** `spi.recv` or `spi.transfer` that found the C heap full. */
  cHeapFull: number;
  /** Bytes on the bus with no chip selected. */
  spiUnselected: number;
  /** Bytes on the bus with several chips selected. */
  spiContended: number;
  /** Edges for attachInterrupt() while JavaScript ran: on a board the callback runs in its middle. */
  interruptInTask: number;
}

export interface Machine {
  scheduler: Scheduler;
  pins: Pins;
  spi: readonly SpiBus[];
  pio: BoardPio;
  cost: CostModel;
  loop: EventLoop;
  /** The C heap, or null when it is not modelled. */
  heap: CHeap | null;
  traps: { spiSubarray: number; cHeapFull: number };
  /** Virtual time of the boot, µs. */
  bootTime: number;
  /** The CPU is busy for `us`; the world goes on. */
  spend(us: number): void;
  /** Writes to the serial console. */
  write(text: string): void;
  /** A number in [0, 1). */
  random(): number;
  /** Key-value store that survives a reset. */
  storage: Map<string, string>;
  flash: BoardFlash;
  files: BoardFiles;
  /** Bytes of the program. */
  programSize: number;
}
