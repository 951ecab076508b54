// A Pico W, emulated: Kaluma's own firmware, a program in its flash, and its radio's gSPI on GPIO 23, 24, 25 and 29, pin by pin.

import { GspiPins } from '../chips/cyw43/gspi-pins.js';
import type { GspiSlave } from '../chips/cyw43/gspi-slave.js';
import { CYW43_PINS } from '../chips/cyw43/wiring.js';
import { createKalumaBoard, type KalumaBoard, type KalumaBoardOptions } from './kaluma-board.js';
import type { Rp2040Board } from './rp2040-board.js';

export interface EmulatedPicoWOptions<Chip extends GspiSlave> extends KalumaBoardOptions {
  /** The radio. */
  chip: Chip;
}

export interface EmulatedPicoW<Chip extends GspiSlave> extends KalumaBoard {
  chip: Chip;
}

/** Builds and wires the board, without power until `board.start()`; the chip gets its own when the board says so. */
export function createEmulatedPicoW<Chip extends GspiSlave>(
  options: EmulatedPicoWOptions<Chip>,
): EmulatedPicoW<Chip> {
  const kaluma = createKalumaBoard(options);
  connectGspi(kaluma.board, options.chip);
  return { ...kaluma, chip: options.chip };
}

const POWER = 1 << CYW43_PINS.power;
const DATA = 1 << CYW43_PINS.data;
const SELECT = 1 << CYW43_PINS.select;
const CLOCK = 1 << CYW43_PINS.clock;

/** Wires a radio to a board as a Pico W has it. */
export function connectGspi(board: Rp2040Board, chip: GspiSlave): void {
  const gspi = new GspiPins(chip, {
    drive: (level) => board.drive(CYW43_PINS.data, level),
    open: () => board.open(),
    correct: (stamp, level) => board.correct(stamp, CYW43_PINS.data, level),
  });
  // Its own pull-down holds the chip without power until the board drives the pin.
  board.drive(CYW43_PINS.power, 0);
  let powered = 0;
  let selected = 0;
  board.connectPins({
    mask: POWER | DATA | SELECT | CLOCK,
    change(levels, outputs) {
      const power = levels & POWER;
      const select = outputs & SELECT & ~levels;
      if (power !== powered || select !== selected) {
        // What the chip does from here on counts from the present.
        board.catchUp();
        if (power !== powered) chip.setPower(power ? 1 : 0);
        powered = power;
        selected = select;
      }
      gspi.change(select ? 0 : 1, levels & CLOCK ? 1 : 0, outputs & DATA ? (levels & DATA ? 1 : 0) : null);
    },
    look: () => gspi.look(),
  });
}
