// A built bundle on the simulated board, its cable in a switch, and beside it a DHCP and DNS server and a client
// host. All in virtual time.

import assert from 'node:assert/strict';
import { createPico, type Pico } from '../../board/pico-enc28j60.js';
import { Host } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import type { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import { buildApp } from '../../../tools/build/bundle.js';

const built = new Map<string, Promise<string>>();

/** The app's bundle, built once per run. */
export function bundleOf(app: string): Promise<string> {
  let code = built.get(app);
  if (!code) built.set(app, (code = buildApp(app).then((b) => b.code)));
  return code;
}

export class World {
  readonly scheduler = new Scheduler();
  readonly ether = new Switch(this.scheduler);
  readonly pico: Pico;
  readonly dhcp: DhcpServer;
  readonly dns: DnsServer;
  readonly client: Host;
  /** The cable between board and switch. */
  readonly cable: Link;

  constructor(bundle: string, options: { dhcp?: boolean; seed?: number } = {}) {
    const s = this.scheduler;
    const seed = options.seed ?? 1;
    const port = this.ether.addPort({ delay: 5, seed });
    this.cable = this.ether.links[0]!;
    const ground = new FrameGround(this.ether.addPort(), '02:00:00:00:00:fe', '10.0.0.1');
    this.dhcp = new DhcpServer(ground, {
      first: '10.0.0.100',
      router: '10.0.0.1',
      dns: ['10.0.0.1'],
      now: () => s.now / 1e6,
    });
    this.dhcp.silent = options.dhcp === false;
    this.dns = new DnsServer(ground, {
      zone: { 'found.test': '192.0.2.7', 'alias.test': 'cname:found.test' },
    });
    this.client = new Host(s, 99, {
      MEMP_NUM_TCP_PCB: 64,
      MEMP_NUM_TCP_TW: 64,
      PBUF_POOL_SIZE: 64,
      MEMP_NUM_TCP_SEG: 128,
      MEM_SIZE: 200_000,
    });
    this.client.addInterface({
      port: this.ether.addPort({ delay: 5 }),
      mac: '02:00:00:00:00:63',
      ip: '10.0.0.9',
    });
    this.pico = createPico({ scheduler: s, bundle, port, seed });
    this.pico.board.start();
  }

  run(ms: number): void {
    this.scheduler.runFor(ms * 1000);
  }

  /** Runs until `done`, at most `seconds` of virtual time. */
  until(done: () => boolean, seconds: number, what: string): void {
    assert(this.scheduler.runWhile(done, seconds * 1e6), `${what}: not within ${seconds} s\n${this.log}`);
  }

  get log(): string {
    return this.pico.board.lines.join('\n');
  }

  /** The address that the board told last, or ''. */
  get address(): string {
    const told = this.pico.board.lines.map((l) => /^link (?:up|down), (.*)$/.exec(l)?.[1]).filter((a) => a);
    const last = told.at(-1) ?? '0.0.0.0';
    return last === '0.0.0.0' ? '' : last;
  }

  /** Waits for a lease. */
  boot(): this {
    this.until(() => this.address === '10.0.0.100', 30, 'a lease');
    return this;
  }

  /** Nothing was thrown, and neither the chip nor the engine was used in a way that goes wrong on a board. */
  assertSound(): void {
    const { board, chip } = this.pico;
    assert.deepEqual(
      board.errors.map((e) => e.message),
      [],
    );
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
    for (const [trap, n] of Object.entries(board.traps)) assert.equal(n, 0, trap);
  }
}
