// `lightwire simulate`: the simulated Pico, or Pico W, with its serial console in the terminal and its wire at a user-mode
// gateway or a Linux TAP, in real time.

import type { BoardOptions, SimulatedBoard } from '../../test-host/board/board.js';
import { createPicoW } from '../../test-host/board/pico-cyw43.js';
import { createPico } from '../../test-host/board/pico-enc28j60.js';
import { Pacer } from '../../test-host/sim/pacer.js';
import { Scheduler } from '../../test-host/sim/scheduler.js';
import type { Port } from '../../test-host/sim/wire.js';
import { RAW_OFFSET } from '../cyw43/image.js';
import { defaultApp } from './board-chip.js';
import { readBundle } from './bundle-file.js';
import {
  describe,
  networkOf,
  openAir,
  radioImage,
  storedItems,
  type Network,
  type RadioOptions,
} from './radio.js';
import { Session } from './session.js';
import { openTerminal, type Terminal } from './terminal.js';
import { withUserProgram } from './user-program.js';
import { openWire, type BoardWire, type WireOptions } from './wire.js';

export interface SimulateOptions extends WireOptions, RadioOptions {
  app?: string;
  /** The app is built before. */
  build?: boolean;
  /** The user's own program, to follow the app. */
  program?: string;
  seconds?: number;
}

/**
 * Runs until Ctrl-C or the given time.
 * @throws UserError for what the user can mend
 */
export async function simulate(options: SimulateOptions): Promise<void> {
  const network = networkOf(options);
  const bundle = withUserProgram(readBundle(options.app ?? defaultApp(options.board)), options.program);
  const scheduler = new Scheduler();
  const pacer = new Pacer(scheduler);
  const session = new Session();
  let terminal: Terminal | null = null;
  const print = (line: string): void => terminal?.print(line);

  let wire: BoardWire | null = null;
  try {
    wire = await openWire(options, { runner: pacer, app: bundle.name, print, fail: session.fail });
    const boardOptions = {
      scheduler,
      bundle: bundle.code,
      name: bundle.name,
      seed: options.seed,
      onConsole: (line: string) => {
        if (!options.quiet) print(line);
      },
    };
    const port = wire.link.a;
    const board = network
      ? wirelessBoard(boardOptions, network, port, options)
      : createPico({ ...boardOptions, port }).board;
    terminal = openTerminal((line) => pacer.inject(() => board.input(line)), session.stop);
    const timer = options.seconds === undefined ? null : setTimeout(session.stop, options.seconds * 1000);
    const kind = network ? `Pico W (Kaluma 1.2.1, ${describe(network)})` : 'Pico (Kaluma 1.2.1, ENC28J60)';
    if (!options.quiet) print(`${bundle.name} on a simulated ${kind}; Ctrl-C ends it`);
    pacer.start();
    pacer.inject(() => board.start());
    await session.stopped;
    if (timer) clearTimeout(timer);
    pacer.stop();
    board.stop();
  } finally {
    pacer.stop();
    terminal?.close();
    await wire?.close();
  }
  session.check();
}

function wirelessBoard(
  options: BoardOptions & { seed: number },
  network: Network,
  port: Port,
  { cyw43Firmware }: RadioOptions,
): SimulatedBoard {
  const chip = openAir(network, options.scheduler, port, options.seed);
  const { board } = createPicoW({ ...options, chip });
  for (const [key, value] of Object.entries(storedItems(network))) board.storage.set(key, value);
  if (cyw43Firmware) board.flashChip.place(RAW_OFFSET, radioImage());
  return board;
}
