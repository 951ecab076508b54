// The board of the README: a Pico with an ENC28J60 module on SPI 0, and its cable.

import { Enc28j60, type Enc28j60Options } from '../chips/enc28j60/index.js';
import { SeededRandom } from '../sim/random.js';
import type { Port } from '../sim/wire.js';
import { SimulatedBoard, type BoardOptions } from './board.js';

/** GPIO numbers of the wiring; SCK 18, MOSI 19 and MISO 16 are Kaluma's defaults for SPI 0. */
export interface Wiring {
  cs: number;
  /** The module's INT, open drain with a pull-up on the board's side. */
  int: number;
  /** The module's RESET, or null when it is left open (it has a pull-up). */
  reset: number | null;
}

export const WIRING: Wiring = { cs: 17, int: 20, reset: 21 };

export interface PicoOptions extends BoardOptions {
  /** The chip's end of the cable. */
  port: Port;
  wiring?: Partial<Wiring>;
  /** Options of the chip model other than its scheduler and port. */
  chip?: Partial<Omit<Enc28j60Options, 'scheduler' | 'port'>>;
}

export interface Pico {
  board: SimulatedBoard;
  chip: Enc28j60;
}

/** What the stack may hold of received frames when the collector runs: a pool of 12 full ones. */
const HELD = 12 * 1520;

/** Builds and wires both; the chip has power from now on, the board from `board.start()`. */
export function createPico(options: PicoOptions): Pico {
  const { port, wiring, chip: chipOptions, ...boardOptions } = options;
  const { cs, int, reset } = { ...WIRING, ...wiring };
  const board = new SimulatedBoard({ heap: { held: HELD }, ...boardOptions });
  const chip = new Enc28j60({
    random: new SeededRandom((options.seed ?? 1) + 28),
    ...chipOptions,
    scheduler: options.scheduler,
    port,
  });
  board.connectSpi(0, cs, chip);
  board.drive(int, 1);
  chip.onInterrupt = (level) => board.drive(int, level);
  if (reset !== null) {
    board.drive(reset, 1);
    board.pins.onChange(reset, (level) => chip.setResetPin(level));
  }
  return { board, chip };
}
