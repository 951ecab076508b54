// `lightwire simulate`: the simulated Pico with its serial console in the terminal and its wire at a user-mode
// gateway or a Linux TAP, in real time.

import { closeSync, openSync } from 'node:fs';
import { createPico } from '../../test-host/board/pico-enc28j60.js';
import { Link } from '../../test-host/sim/link.js';
import { Pacer } from '../../test-host/sim/pacer.js';
import { captureLink, PcapngWriter } from '../../test-host/sim/pcapng.js';
import { Scheduler } from '../../test-host/sim/scheduler.js';
import type { Port } from '../../test-host/sim/wire.js';
import { TapError, TapPort } from '../../test-host/tap/tap.js';
import { watchAddress } from './address-watch.js';
import { readBundle, reason, type BundleFile } from './bundle-file.js';
import { chooseHostPort } from './host-port.js';
import { openTerminal, type Terminal } from './terminal.js';
import { UserError } from './user-error.js';

export interface SimulateOptions {
  app: string;
  httpPort?: number;
  tap?: string;
  pcap?: string;
  loss: number;
  seconds?: number;
  seed: number;
  quiet?: boolean;
}

const DEFAULT_HTTP_PORT = 8080;
/** The wire of an ENC28J60. */
const WIRE_RATE = 10e6;
/** Frames that wait for the wire to the board, as in a switch's port. */
const WIRE_QUEUE = 64;

/** What the other end of the board's wire is. */
interface Uplink {
  /** The line to print once the board has `address`. */
  announce(address: string): string;
  close(): void | Promise<void>;
}

/**
 * Runs until Ctrl-C or the given time.
 * @throws UserError for what the user can mend
 */
export async function simulate(options: SimulateOptions): Promise<void> {
  const bundle = readBundle(options.app);
  const scheduler = new Scheduler();
  const pacer = new Pacer(scheduler);
  const link = new Link(scheduler, {
    seed: options.seed,
    loss: options.loss,
    bToA: { rate: WIRE_RATE, queue: WIRE_QUEUE },
  });
  const pcap = options.pcap === undefined ? null : openCapture(options.pcap, link);

  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  let failure: UserError | null = null;
  const fail = (error: UserError): void => {
    failure ??= error;
    stop();
  };
  let terminal: Terminal | null = null;
  const print = (line: string): void => terminal?.print(line);

  let uplink: Uplink | null = null;
  try {
    uplink =
      options.tap === undefined
        ? await openGateway(options, bundle, scheduler, pacer, link.b, print)
        : openTap(options.tap, bundle, pacer, link.b, fail);
    const announce = uplink.announce;
    const watch = watchAddress((address) => print(announce(address)));
    const tapBefore = link.tap;
    link.tap = (frame, info) => {
      tapBefore?.(frame, info);
      if (info.from === 'a') watch(frame);
    };

    const { board } = createPico({
      scheduler,
      bundle: bundle.code,
      name: bundle.name,
      seed: options.seed,
      port: link.a,
      onConsole: (line) => {
        if (!options.quiet) print(line);
      },
    });
    terminal = openTerminal((line) => pacer.inject(() => board.input(line)), stop);
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    process.stdout.on('error', stop);
    const timer = options.seconds === undefined ? null : setTimeout(stop, options.seconds * 1000);
    if (!options.quiet) print(`${bundle.name} on a simulated Pico (Kaluma 1.2.1, ENC28J60); Ctrl-C ends it`);
    pacer.start();
    pacer.inject(() => board.start());
    await stopped;
    if (timer) clearTimeout(timer);
    pacer.stop();
    board.stop();
  } finally {
    pacer.stop();
    terminal?.close();
    await uplink?.close();
    if (pcap !== null) closeSync(pcap);
  }
  if (failure) throw failure;
}

function openCapture(path: string, link: Link): number {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw new UserError(`capture file ${path} cannot be written: ${reason(error)}`);
  }
  captureLink(new PcapngWriter(fd, Date.now() * 1000), link, 'enc28j60');
  return fd;
}

async function openGateway(
  options: SimulateOptions,
  bundle: BundleFile,
  scheduler: Scheduler,
  pacer: Pacer,
  port: Port,
  print: (line: string) => void,
): Promise<Uplink> {
  const httpPort = await chooseHostPort(options.httpPort, DEFAULT_HTTP_PORT);
  const { createGateway } = await import('../../test-host/gateway/gateway.js');
  const gateway = await createGateway({
    scheduler,
    port,
    httpPort,
    seed: options.seed,
    inject: (fn) => pacer.inject(fn),
    log: (line) => {
      if (!options.quiet) print(line);
    },
  }).catch((error: NodeJS.ErrnoException): never => {
    if (!error.code) throw error;
    throw new UserError(`port ${httpPort} on 127.0.0.1 cannot be had (${error.code})`);
  });
  return {
    announce: (address) =>
      bundle.name.startsWith('http-server')
        ? `open ${gateway.url}`
        : `the board is ${address}; 127.0.0.1:${httpPort} leads to its port 80`,
    close: () => gateway.close(),
  };
}

function openTap(
  name: string,
  bundle: BundleFile,
  pacer: Pacer,
  port: Port,
  fail: (error: UserError) => void,
): Uplink {
  let tap: TapPort;
  try {
    tap = TapPort.open({
      name,
      inject: (deliver) => pacer.inject(deliver),
      onError: (error) => fail(new UserError(error.message)),
    });
  } catch (error) {
    if (error instanceof TapError) throw new UserError(error.message);
    throw error;
  }
  tap.onFrame = (frame) => port.send(frame);
  port.onFrame = (frame, meta) => tap.send(frame, meta);
  return {
    announce: (address) =>
      bundle.name.startsWith('http-server')
        ? `open http://${address}/`
        : `the board is ${address} on ${name}`,
    close: () => tap.close(),
  };
}
