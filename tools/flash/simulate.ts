// `lightwire simulate`: the simulated Pico with its serial console in the terminal and its wire at a user-mode
// gateway or a Linux TAP, in real time.

import { createPico } from '../../test-host/board/pico-enc28j60.js';
import { Pacer } from '../../test-host/sim/pacer.js';
import { Scheduler } from '../../test-host/sim/scheduler.js';
import { readBundle } from './bundle-file.js';
import { Session } from './session.js';
import { openTerminal, type Terminal } from './terminal.js';
import { withUserProgram } from './user-program.js';
import { openWire, type BoardWire, type WireOptions } from './wire.js';

export interface SimulateOptions extends WireOptions {
  app: string;
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
  const bundle = withUserProgram(readBundle(options.app), options.program);
  const scheduler = new Scheduler();
  const pacer = new Pacer(scheduler);
  const session = new Session();
  let terminal: Terminal | null = null;
  const print = (line: string): void => terminal?.print(line);

  let wire: BoardWire | null = null;
  try {
    wire = await openWire(options, { runner: pacer, app: bundle.name, print, fail: session.fail });
    const { board } = createPico({
      scheduler,
      bundle: bundle.code,
      name: bundle.name,
      seed: options.seed,
      port: wire.link.a,
      onConsole: (line) => {
        if (!options.quiet) print(line);
      },
    });
    terminal = openTerminal((line) => pacer.inject(() => board.input(line)), session.stop);
    const timer = options.seconds === undefined ? null : setTimeout(session.stop, options.seconds * 1000);
    if (!options.quiet) print(`${bundle.name} on a simulated Pico (Kaluma 1.2.1, ENC28J60); Ctrl-C ends it`);
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
