// A simulated Pico W: the board with its radio on gSPI.

import type { GspiSlave } from '../chips/cyw43/gspi-slave.js';
import { SimulatedBoard, type BoardOptions } from './board.js';

export interface PicoWOptions<Chip extends GspiSlave> extends BoardOptions {
  /** The radio. */
  chip: Chip;
}

export interface PicoW<Chip extends GspiSlave> {
  board: SimulatedBoard;
  chip: Chip;
}

/** What the stack may hold of received frames when the collector runs: a pool of 12 full ones. */
const HELD = 12 * 1520;

/** Builds and wires the board, without power until `board.start()`; the chip gets its own when the board says so. */
export function createPicoW<Chip extends GspiSlave>(options: PicoWOptions<Chip>): PicoW<Chip> {
  const { chip, ...boardOptions } = options;
  const board = new SimulatedBoard({ heap: { held: HELD }, ...boardOptions });
  board.connectGspi(chip);
  return { board, chip };
}
