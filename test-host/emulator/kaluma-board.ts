// An emulated board that runs Kaluma's own firmware and a program in its flash. What is wired to its pins is kaluma-pico.ts's
// and kaluma-pico-w.ts's.

import type { Scheduler } from '../sim/scheduler.js';
import { LAYOUTS } from '../../tools/flash/flash-layout.js';
import { ConsoleText } from './console-text.js';
import type { Chunk } from './image.js';
import { Rp2040Board, type Rp2040BoardOptions } from './rp2040-board.js';

/** Both boards with an RP2040 have it in the same place. */
const PROGRAM = LAYOUTS.pico.program;
/** Kaluma loads the program at boot while this pin reads high. */
export const LOAD_PIN = 22;

export interface KalumaBoardOptions {
  scheduler: Scheduler;
  /** Kaluma for the board, as readImage() gives it; or a whole flash. */
  firmware: Chunk[];
  /** The program; without it flash is left as it is. */
  bundle?: string;
  seed?: number;
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

export interface KalumaBoard {
  board: Rp2040Board;
  text: ConsoleText;
  /** Types a line at the prompt. */
  type(line: string): void;
}

/** The board, without power until `board.start()`. */
export function createKalumaBoard(options: KalumaBoardOptions): KalumaBoard {
  const { scheduler, onWarning, onReset, onUsbBoot, onHalt } = options;
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
  board.drive(LOAD_PIN, 1);
  return { board, text, type: (line) => board.console.write(new TextEncoder().encode(line + '\r')) };
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
