// The board of the README, emulated: a Pico that runs Kaluma's own firmware, a program in its flash, and an ENC28J60
// module on its SPI pins.

import { Enc28j60, type Enc28j60Options } from '../chips/enc28j60/index.js';
import { WIRING, type Wiring } from '../board/pico-enc28j60.js';
import { SeededRandom } from '../sim/random.js';
import type { Scheduler } from '../sim/scheduler.js';
import type { Port } from '../sim/wire.js';
import { LAYOUTS } from '../../tools/flash/flash-layout.js';
import { ConsoleText } from './console-text.js';
import type { Chunk } from './image.js';
import { Rp2040Board, type Rp2040BoardOptions } from './rp2040-board.js';

const PROGRAM = LAYOUTS.pico.program;
/** Kaluma loads the program at boot while this pin reads high. */
export const LOAD_PIN = 22;

export interface EmulatedPicoOptions {
  scheduler: Scheduler;
  /** Kaluma for the plain Pico, as readImage() gives it; or a whole flash. */
  firmware: Chunk[];
  /** The program; without it flash is left as it is. */
  bundle?: string;
  port: Port;
  seed?: number;
  wiring?: Partial<Wiring>;
  /** SPI bus of the module. Default 0. */
  bus?: 0 | 1;
  chip?: Partial<Omit<Enc28j60Options, 'scheduler' | 'port'>>;
  onLine?: (line: string) => void;
  /** Takes the console's bytes as they are. */
  onConsole?: (bytes: Uint8Array) => void;
  onWarning?: (text: string) => void;
  onReset?: Rp2040BoardOptions['onReset'];
  onUsbBoot?: Rp2040BoardOptions['onUsbBoot'];
  onHalt?: Rp2040BoardOptions['onHalt'];
}

/** The program cannot be put into flash. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

export interface EmulatedPico {
  board: Rp2040Board;
  chip: Enc28j60;
  text: ConsoleText;
  /** Types a line at the prompt. */
  type(line: string): void;
}

/** Builds and wires board and chip; the chip has power from now on, the board from `board.start()`. */
export function createEmulatedPico(options: EmulatedPicoOptions): EmulatedPico {
  const { scheduler, port, onWarning, onReset, onUsbBoot, onHalt } = options;
  const { cs, int, reset } = { ...WIRING, ...options.wiring };
  const bus = options.bus ?? 0;
  const text = new ConsoleText(options.onLine);
  const board = new Rp2040Board({
    scheduler,
    flash: options.bundle === undefined ? options.firmware : [...options.firmware, program(options.bundle)],
    onConsole: (bytes) => {
      text.push(bytes);
      options.onConsole?.(bytes);
    },
    seed: options.seed ?? 1,
    ...(onWarning && { onWarning }),
    ...(onReset && { onReset }),
    ...(onUsbBoot && { onUsbBoot }),
    ...(onHalt && { onHalt }),
  });
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
  board.drive(LOAD_PIN, 1);
  board.drive(int, 1);
  chip.onInterrupt = (level) => board.drive(int, level);
  if (reset !== null) board.onPin(reset, (level) => chip.setResetPin(level));
  return {
    board,
    chip,
    text,
    type: (line) => board.console.write(new TextEncoder().encode(line + '\r')),
  };
}

/** The program's bytes at their place, ended by a NUL. @throws ProgramError when they do not fit */
function program(bundle: string): Chunk {
  const bytes = new TextEncoder().encode(bundle + '\0');
  if (bytes.length > PROGRAM.size)
    throw new ProgramError(
      `the program is ${bytes.length - 1} bytes; flash has room for ${PROGRAM.size - 1}`,
    );
  return { offset: PROGRAM.offset, bytes };
}
