// The board of the README, emulated: a Pico that runs Kaluma's own firmware, a program in its flash, and an ENC28J60
// module on its SPI pins.

import { Enc28j60, type Enc28j60Options } from '../chips/enc28j60/index.js';
import { WIRING, type Wiring } from '../board/pico-enc28j60.js';
import { SeededRandom } from '../sim/random.js';
import type { Port } from '../sim/wire.js';
import { createKalumaBoard, type KalumaBoard, type KalumaBoardOptions } from './kaluma-board.js';

export { LOAD_PIN, ProgramError } from './kaluma-board.js';

export interface EmulatedPicoOptions extends KalumaBoardOptions {
  port: Port;
  wiring?: Partial<Wiring>;
  /** SPI bus of the module. Default 0. */
  bus?: 0 | 1;
  chip?: Partial<Omit<Enc28j60Options, 'scheduler' | 'port'>>;
}

export interface EmulatedPico extends KalumaBoard {
  chip: Enc28j60;
}

/** Builds and wires board and chip; the chip has power from now on, the board from `board.start()`. */
export function createEmulatedPico(options: EmulatedPicoOptions): EmulatedPico {
  const { scheduler, port } = options;
  const { cs, int, reset } = { ...WIRING, ...options.wiring };
  const bus = options.bus ?? 0;
  const kaluma = createKalumaBoard(options);
  const { board } = kaluma;
  const chip = new Enc28j60({
    random: new SeededRandom((options.seed ?? 1) + 28),
    ...options.chip,
    scheduler,
    port,
  });
  let selected = false;
  const one = new Uint8Array(1);
  board.connectSpi(
    bus,
    (byte) => {
      if (!selected) return 0;
      one[0] = byte;
      return chip.spiTransfer(one)[0]!;
    },
    (hz) => (chip.spiClockHz = hz),
  );
  board.onPin(cs, (level) => {
    if ((level === 0) === selected) return;
    selected = level === 0;
    if (selected) chip.spiSelect();
    else chip.spiDeselect();
  });
  board.drive(int, 1);
  chip.onInterrupt = (level) => board.drive(int, level);
  if (reset !== null) board.onPin(reset, (level) => chip.setResetPin(level));
  return { ...kaluma, chip };
}
