// `lightwire emulate`: Kaluma's own firmware on an emulated RP2040, with its console in the terminal or on a
// pseudo-terminal and its wire at the gateway, a TAP, or a network of its own.

import { existsSync, writeFileSync } from 'node:fs';
import { BootError } from '../../test-host/emulator/bootrom.js';
import {
  ProgramError,
  type KalumaBoard,
  type KalumaBoardOptions,
} from '../../test-host/emulator/kaluma-board.js';
import { FreeRunner, type Runner } from '../../test-host/sim/free-runner.js';
import { Pacer } from '../../test-host/sim/pacer.js';
import { Scheduler } from '../../test-host/sim/scheduler.js';
import { defaultApp } from './board-chip.js';
import { RAW_OFFSET } from '../cyw43/image.js';
import { readBundle, reason } from './bundle-file.js';
import { moduleBoard, radioBoard, type EmulatedBoard, type ModuleWiring } from './emulated-board.js';
import { openConsole, openPtyConsole, type BoardConsole } from './emulate-console.js';
import { heapOf, measure, summary, type HeapUse, type Measurements } from './emulate-report.js';
import { SECTOR } from './flash-layout.js';
import { FIRMWARE_HINT, FlashImageFile, readFirmware } from './firmware-file.js';
import { describe, networkOf, type RadioOptions } from './radio.js';
import { Session } from './session.js';
import { UserError } from './user-error.js';
import { withUserProgram } from './user-program.js';
import { openWire, type BoardWire, type WireOptions } from './wire.js';

export interface EmulateOptions extends WireOptions, RadioOptions, ModuleWiring {
  firmware?: string;
  flashImage?: string;
  app?: string;
  /** The user's own program, to follow the app. */
  program?: string;
  pty?: boolean;
  seconds?: number;
  json?: string;
}

/** How far the board may fall behind the wall clock before the difference is written off, ms. */
const MAX_LAG = 200;
/** How often the ratio of device time to wall time is told, ms. */
const REPORT_EVERY = 60_000;
/** Device time that the prompt has to answer at the end, µs. */
const PROMPT_LIMIT = 500e3;
/** To the end of the line, then take back what may stand on the prompt. */
const CLEAR_LINE = '\x05' + '\x7f'.repeat(200);

/**
 * Runs until Ctrl-C, the user leaves, or the given device time is over.
 * @throws UserError for what the user can mend
 */
export async function emulate(options: EmulateOptions): Promise<void> {
  if (options.firmware === undefined && options.flashImage === undefined) {
    throw new UserError(`--firmware is missing: ${FIRMWARE_HINT}`);
  }
  const network = networkOf(options);
  const firmware = options.firmware === undefined ? [] : readFirmware(options.firmware);
  // A flash that is kept has its own program; a new one is of no use without.
  const appName = options.app ?? (options.flashImage === undefined ? defaultApp(options.board) : undefined);
  if (appName === undefined && options.program !== undefined) {
    throw new UserError('--program follows an app: name it with --app');
  }
  const bundle = appName === undefined ? null : withUserProgram(readBundle(appName), options.program);
  if (options.json !== undefined) writeJson(options.json, {});

  const scheduler = new Scheduler();
  const runner: Runner = options.offline
    ? new FreeRunner(scheduler)
    : new Pacer(scheduler, { maxLag: MAX_LAG });
  const session = new Session();
  let console: BoardConsole | null = null;
  const print = (line: string): void => console?.print(line);
  let image: FlashImageFile | null = null;
  let wire: BoardWire | null = null;
  try {
    if (options.flashImage !== undefined) {
      if (!firmware.length && !existsSync(options.flashImage)) {
        throw new UserError(
          `flash image ${options.flashImage} is new and needs --firmware: ${FIRMWARE_HINT}`,
        );
      }
      image = new FlashImageFile(options.flashImage);
    }
    wire = await openWire(options, { runner, app: bundle?.name ?? '', print, fail: session.fail });
    const warned = new Set<string>();
    let warnings = 0;
    let heap: HeapUse | null = null;
    let talking = true;
    const boardOptions: KalumaBoardOptions = {
      scheduler,
      firmware: [...(image?.chunks ?? []), ...firmware],
      ...(bundle && { bundle: bundle.code }),
      seed: options.seed,
      onConsole: (bytes) => {
        if (talking) console?.output(bytes);
      },
      onLine: (line) => (heap = heapOf(line) ?? heap),
      onWarning: (text) => {
        warnings++;
        if (warned.has(text) || options.quiet) return;
        warned.add(text);
        print(`not emulated: ${text}`);
      },
      onReset: (cause) => {
        if (!options.quiet) print(`the board restarts (${cause})`);
      },
      onHalt: (pc) => print(`the firmware has stopped at 0x${pc.toString(16)} (a panic or a fault)`),
      onUsbBoot: () => {
        print('the board waits in its USB boot loader for a UF2 file, which is not emulated; end the run');
      },
    };
    const port = wire.link.a;
    // What stands there in a flash that is kept stays.
    const taken = image?.chunks[0]?.bytes.subarray(RAW_OFFSET, RAW_OFFSET + SECTOR);
    const radioFirmware = options.cyw43Firmware && (taken?.every((byte) => byte === 0xff) ?? true);
    const emulated = create(() =>
      network
        ? radioBoard(boardOptions, network, port, radioFirmware)
        : moduleBoard(boardOptions, options, port),
    );
    const { kaluma } = emulated;
    const { board } = kaluma;
    power(kaluma);
    image?.follow(board.flash, session.fail);
    const consoleOptions = {
      input: (bytes: Uint8Array): void => runner.inject(() => board.console.write(bytes)),
      leave: session.stop,
      quiet: options.quiet ?? false,
    };
    console = options.pty ? openPtyConsole(consoleOptions) : openConsole(consoleOptions);
    const kind = network ? `Pico W (${describe(network)})` : 'Pico';
    if (!options.quiet || options.pty)
      print(`${bundle?.name ?? 'Kaluma'} on an emulated ${kind}; ${console.greeting}`);

    const started = performance.now();
    const times = (): { device: number; wall: number; lost: number } => ({
      device: scheduler.now,
      wall: (performance.now() - started) * 1000,
      lost: runner instanceof Pacer ? runner.lost : 0,
    });
    const measured = (): Measurements => measure(emulated, wire!.link, wire!.address, times(), warnings);
    let result: Measurements | null = null as Measurements | null;
    const ticker = setInterval(() => {
      if (!options.quiet) print(summary(measured()));
    }, REPORT_EVERY);
    try {
      if (options.seconds !== undefined) {
        scheduler.at(options.seconds * 1e6, () => {
          result = measured();
          runner.stop();
          session.stop();
        });
      }
      runner.start();
      await session.stopped;
    } finally {
      clearInterval(ticker);
    }
    result ??= measured();
    if (options.json !== undefined) {
      talking = false;
      heap = null;
      await askHeap(kaluma, runner, () => heap !== null);
      writeJson(options.json, { ...result, heap });
    }
    runner.stop();
    board.stop();
    if (!options.quiet) print(summary(result));
  } finally {
    runner.stop();
    await console?.close();
    await wire?.close();
    image?.close();
  }
  session.check();
}

function create(make: () => EmulatedBoard): EmulatedBoard {
  try {
    return make();
  } catch (error) {
    if (error instanceof ProgramError) throw new UserError(error.message);
    throw error;
  }
}

function power(pico: KalumaBoard): void {
  try {
    pico.board.start();
  } catch (error) {
    if (error instanceof BootError) throw new UserError(`${error.message}; ${FIRMWARE_HINT}`);
    throw error;
  }
}

/** Asks the prompt for `.mem`, and lets the board run until it has answered. */
async function askHeap(pico: KalumaBoard, runner: Runner, answered: () => boolean): Promise<void> {
  const { scheduler } = runner;
  const end = scheduler.now + PROMPT_LIMIT;
  runner.start();
  runner.inject(() => {
    pico.board.console.write(new TextEncoder().encode(CLEAR_LINE));
    pico.type('.mem');
  });
  while (!answered() && scheduler.now < end) await new Promise((resolve) => setTimeout(resolve, 5));
}

function writeJson(path: string, value: object): void {
  try {
    writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
  } catch (error) {
    throw new UserError(`measurements ${path} cannot be written: ${reason(error)}`);
  }
}
