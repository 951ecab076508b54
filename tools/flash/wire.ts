// The wire of a board for the command line: its capture, and what is at its other end: the user-mode gateway, a Linux
// TAP, or the small servers of a network of its own.

import { closeSync, openSync } from 'node:fs';
import { DhcpServer } from '../../test-host/peers/dhcp-server.js';
import { DnsServer } from '../../test-host/peers/dns-server.js';
import { FrameGround } from '../../test-host/peers/ground.js';
import type { Runner } from '../../test-host/sim/free-runner.js';
import { Link } from '../../test-host/sim/link.js';
import { captureLink, PcapngWriter } from '../../test-host/sim/pcapng.js';
import type { Port } from '../../test-host/sim/wire.js';
import { TapError, TapPort } from '../../test-host/tap/tap.js';
import { watchAddress } from './address-watch.js';
import { reason } from './bundle-file.js';
import { chooseHostPort } from './host-port.js';
import type { BoardChip } from './board-chip.js';
import { UserError } from './user-error.js';

const DEFAULT_HTTP_PORT = 8080;
/** The wire of an ENC28J60; that of an access point. */
const WIRE_RATE: Readonly<Record<BoardChip, number>> = { enc28j60: 10e6, cyw43: 100e6 };
/** Frames that wait for the wire to the board, as in a switch's port. */
const WIRE_QUEUE = 64;
/** The network of --offline: its only host besides the board. */
const OFFLINE_SERVER = '10.0.0.1';

/** Options of the command line that concern the wire. */
export interface WireOptions {
  /** What is at the board's end. */
  board: BoardChip;
  /** Port on 127.0.0.1 that the gateway forwards from. */
  httpPort?: number;
  /** Name of a TAP device, in place of the gateway. */
  tap?: string;
  /** No real network: servers for DHCP and DNS in virtual time. */
  offline?: boolean;
  pcap?: string;
  loss: number;
  seed: number;
  quiet?: boolean;
}

export interface WireGround {
  runner: Runner;
  /** Name of the program on the board. */
  app: string;
  /** Prints a line for the user. */
  print: (line: string) => void;
  /** The wire has failed. */
  fail: (error: UserError) => void;
}

export interface BoardWire {
  link: Link;
  /** The board's address as far as it has been seen, or ''. */
  readonly address: string;
  close(): Promise<void>;
}

/** What the other end of the board's wire is. */
interface Uplink {
  /** The line to print once the board has `address`. */
  announce(address: string): string;
  close(): void | Promise<void>;
}

/** Lays the wire; the board's end is `link.a`. @throws UserError for what the user can mend */
export async function openWire(options: WireOptions, ground: WireGround): Promise<BoardWire> {
  const link = new Link(ground.runner.scheduler, {
    seed: options.seed,
    loss: options.loss,
    bToA: { rate: WIRE_RATE[options.board], queue: WIRE_QUEUE },
  });
  const capture = options.pcap === undefined ? null : openCapture(options.pcap, link, options.board);
  let address = '';
  let uplink: Uplink;
  try {
    if (options.offline) uplink = openOffline(ground, link.b);
    else if (options.tap !== undefined) uplink = openTap(options.tap, ground, link.b);
    else uplink = await openGateway(options, ground, link.b);
  } catch (error) {
    if (capture !== null) closeSync(capture);
    throw error;
  }
  const watch = watchAddress((found) => {
    address = found;
    ground.print(uplink.announce(found));
  });
  const before = link.tap;
  link.tap = (frame, info) => {
    before?.(frame, info);
    if (info.from === 'a') watch(frame);
  };
  return {
    link,
    get address() {
      return address;
    },
    async close() {
      await uplink.close();
      link.tap = null;
      if (capture !== null) closeSync(capture);
    },
  };
}

function openCapture(path: string, link: Link, name: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw new UserError(`capture file ${path} cannot be written: ${reason(error)}`);
  }
  captureLink(new PcapngWriter(fd, Date.now() * 1000), link, name);
  return fd;
}

function isWebServer(app: string): boolean {
  return /^(?:wifi-)?http-server/.test(app);
}

async function openGateway(options: WireOptions, ground: WireGround, port: Port): Promise<Uplink> {
  const httpPort = await chooseHostPort(options.httpPort, DEFAULT_HTTP_PORT);
  const { createGateway } = await import('../../test-host/gateway/gateway.js');
  const { runner } = ground;
  const gateway = await createGateway({
    scheduler: runner.scheduler,
    port,
    httpPort,
    seed: options.seed,
    inject: (fn) => runner.inject(fn),
    log: (line) => {
      if (!options.quiet) ground.print(line);
    },
  }).catch((error: NodeJS.ErrnoException): never => {
    if (!error.code) throw error;
    throw new UserError(`port ${httpPort} on 127.0.0.1 cannot be had (${error.code})`);
  });
  return {
    announce: (address) =>
      isWebServer(ground.app)
        ? `open ${gateway.url}`
        : `the board is ${address}; 127.0.0.1:${httpPort} leads to its port 80`,
    close: () => gateway.close(),
  };
}

function openTap(name: string, ground: WireGround, port: Port): Uplink {
  let tap: TapPort;
  try {
    tap = TapPort.open({
      name,
      inject: (deliver) => ground.runner.inject(deliver),
      onError: (error) => ground.fail(new UserError(error.message)),
    });
  } catch (error) {
    if (error instanceof TapError) throw new UserError(error.message);
    throw error;
  }
  tap.onFrame = (frame) => port.send(frame);
  port.onFrame = (frame, meta) => tap.send(frame, meta);
  return {
    announce: (address) =>
      isWebServer(ground.app) ? `open http://${address}/` : `the board is ${address} on ${name}`,
    close: () => tap.close(),
  };
}

function openOffline(ground: WireGround, port: Port): Uplink {
  const { scheduler } = ground.runner;
  const servers = new FrameGround(port, '02:00:00:00:00:fe', OFFLINE_SERVER);
  new DhcpServer(servers, {
    first: '10.0.0.100',
    router: OFFLINE_SERVER,
    dns: [OFFLINE_SERVER],
    now: () => scheduler.now / 1e6,
  });
  new DnsServer(servers, { zone: { 'server.test': OFFLINE_SERVER } });
  return { announce: (address) => `the board is ${address} on a network of its own`, close() {} };
}
