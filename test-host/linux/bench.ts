// The bench for tests against the Linux kernel: a namespace with a TAP in it on one end of a virtual wire, a device
// of ours on the other, in real time, with everything on the wire captured to a temporary file.

import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackOptions } from '../../firmware/stack/core/opt.js';
import type { Stack } from '../../firmware/stack/core/stack.js';
import type { SimulatedBoard } from '../board/board.js';
import { createPico, type Pico } from '../board/pico-enc28j60.js';
import { createPicoW } from '../board/pico-cyw43.js';
import type { AccessPoint } from '../air/index.js';
import type { Cyw43 } from '../chips/cyw43/index.js';
import { cyw43InReach } from '../chips/cyw43/on-air.js';
import { standInImage } from '../chips/cyw43/stand-in-image.js';
import { RAW_OFFSET } from '../../tools/cyw43/image.js';
import { Host, type InterfaceConfig } from '../harness/host.js';
import { Link } from '../sim/link.js';
import { Pacer } from '../sim/pacer.js';
import { captureLink, PcapngWriter } from '../sim/pcapng.js';
import { Scheduler } from '../sim/scheduler.js';
import { TapPort } from '../tap/tap.js';
import { Agent } from './agent.js';
import { startDnsmasq, type DnsmasqOptions } from './dnsmasq.js';
import { NetNamespace } from './namespace.js';
import type { Daemon } from './process.js';

/** The kernel's side. */
export const KERNEL_IP = '10.77.0.1';
/** A host of ours with a fixed address. */
export const HOST_IP = '10.77.0.2';
/** Nobody has it. */
export const NOBODY_IP = '10.77.0.99';
export const HOST_MAC = '02:00:00:77:00:02';
export const DEVICE = 'tap0';

/** The wire of an ENC28J60, and the frames that a switch's port would keep waiting for it. */
const BOARD_RATE = 10e6;
const BOARD_QUEUE = 64;

export interface WirelessBoard {
  board: SimulatedBoard;
  chip: Cyw43;
  ap: AccessPoint;
}

export class Bench {
  readonly link: Link;
  /** The capture; readable at any time. */
  readonly capture: string;
  dnsmasq: Daemon | null = null;
  /** The board, once there is one on the wire. */
  board: SimulatedBoard | null = null;
  private readonly captureFd: number;

  private constructor(
    readonly space: NetNamespace,
    readonly tap: TapPort,
    readonly agent: Agent,
    /** For temporary files; removed by close(). */
    readonly folder: string,
    readonly pacer: Pacer,
    readonly scheduler: Scheduler,
    rate: number,
    seed: number,
  ) {
    this.link = new Link(scheduler, { seed: 77 + seed, bToA: rate ? { rate, queue: BOARD_QUEUE } : {} });
    this.capture = join(folder, 'wire.pcapng');
    this.captureFd = openSync(this.capture, 'w');
    captureLink(new PcapngWriter(this.captureFd, Date.now() * 1000), this.link, 'wire');
    tap.onFrame = (frame) => this.link.b.send(frame);
    this.link.b.onFrame = (frame, meta) => tap.send(frame, meta);
  }

  /**
   * @param kind what will be attached: it decides on the rate of the wire
   * @param seed of the dice for losses
   */
  static async open(kind: 'host' | 'board', seed = 0): Promise<Bench> {
    const folder = temporaryFolder();
    const space = await NetNamespace.create();
    const scheduler = new Scheduler();
    const pacer = new Pacer(scheduler);
    let tap: TapPort | null = null;
    try {
      // Unique where it is made; in the namespace it gets its proper name.
      const name = `lwt${process.pid % 100000}${space.name.slice(space.name.lastIndexOf('-'))}`;
      tap = TapPort.open({ name, up: false, inject: (deliver) => pacer.inject(deliver) });
      await space.adopt(name);
      await space.ip('link', 'set', name, 'name', DEVICE);
      await space.ip('addr', 'add', `${KERNEL_IP}/24`, 'brd', '+', 'dev', DEVICE);
      await space.ip('link', 'set', DEVICE, 'up');
      const agent = await Agent.start(space);
      pacer.start();
      return new Bench(space, tap, agent, folder, pacer, scheduler, kind === 'board' ? BOARD_RATE : 0, seed);
    } catch (error) {
      await tap?.close();
      await space.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Puts a host of ours on the wire, in place of what was there. */
  addHost(
    options: Partial<StackOptions> = {},
    ip: string | null = HOST_IP,
    seed = 1,
    more: Partial<InterfaceConfig> = {},
  ): Host {
    return this.inject(() => {
      const host = new Host(this.scheduler, seed, options);
      const address = ip === null ? {} : { ip, gw: KERNEL_IP };
      host.addInterface({ port: this.link.a, mac: HOST_MAC, ...address, ...more });
      return host;
    });
  }

  /** Puts a simulated Pico with the bundle on the wire and switches it on. */
  addBoard(bundle: string, name: string, seed = 1): Pico {
    const pico = createPico({ scheduler: this.scheduler, bundle, name, seed, port: this.link.a });
    this.board = pico.board;
    this.inject(() => pico.board.start());
    return pico;
  }

  /** Puts an access point on the wire and a simulated Pico W with the bundle in its reach, and switches it on. */
  addWirelessBoard(bundle: string, name: string, seed = 1): WirelessBoard {
    const { scheduler } = this;
    const network = { ssid: 'bench', passphrase: 'a TAP behind it' };
    const { chip, ap } = cyw43InReach(scheduler, { ...network, port: this.link.a }, seed);
    const { board } = createPicoW({ scheduler, bundle, name, seed, chip });
    board.storage.set('WIFI_SSID', network.ssid);
    board.storage.set('WIFI_PASSWORD', network.passphrase);
    board.flashChip.place(RAW_OFFSET, standInImage());
    this.board = board;
    this.inject(() => board.start());
    return { board, chip, ap };
  }

  async startDnsmasq(extra: Partial<DnsmasqOptions> = {}): Promise<Daemon> {
    this.dnsmasq = await startDnsmasq(this.space, {
      device: DEVICE,
      address: KERNEL_IP,
      range: ['10.77.0.10', '10.77.0.50'],
      folder: this.folder,
      ...extra,
    });
    return this.dnsmasq;
  }

  /** Runs `fn` at the present moment of the simulation. */
  inject<T>(fn: () => T): T {
    let result: { value: T } | null = null;
    this.pacer.inject(() => (result = { value: fn() }));
    return (result as unknown as { value: T }).value;
  }

  /** Runs `fn` in the host's stack. */
  do<T>(host: Host, fn: (stack: Stack) => T): T {
    return this.inject(() => host.do(fn));
  }

  /** Resolves when `ms` of the simulation's time have gone by. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.inject(() => this.scheduler.after(ms * 1000, resolve)));
  }

  async close(): Promise<void> {
    this.inject(() => this.board?.stop());
    this.pacer.stop();
    await this.agent.stop();
    await this.dnsmasq?.stop();
    await this.tap.close();
    await this.space.close();
    closeSync(this.captureFd);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A new folder; those of runs whose process is gone are removed. */
function temporaryFolder(): string {
  const prefix = 'lightwire-linux-';
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
}
