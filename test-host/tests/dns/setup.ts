// A host with the resolver, and two name servers on frames behind a switch, in virtual time.

import type { IpAddr } from '../../../firmware/stack/core/ipaddr.js';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { dnsFlush, dnsGethostbyname, dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { DnsServer, type DnsServerConfig } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import assert from 'node:assert/strict';

export const ZONE = {
  'www.example.com': '93.184.216.34',
  'two.example.com': ['10.1.1.1', '10.1.1.2'],
  'alias.example.com': 'cname:www.example.com',
  'far.example.com': 'cname:alias.example.com',
  'loop.example.com': 'cname:pool.example.com',
  'pool.example.com': 'cname:loop.example.com',
  'empty.example.com': [] as string[],
};

export interface Answer {
  name: string;
  ip: string | null;
  at: number;
  arg: unknown;
}

export class DnsBench {
  readonly scheduler = new Scheduler();
  readonly wire = new Switch(this.scheduler);
  readonly host: Host;
  readonly servers: DnsServer[] = [];
  readonly grounds: FrameGround[] = [];
  readonly answers: Answer[] = [];
  private readonly atRest: Usage;

  /** @param count servers to use, each 10.0.0.(53 + i) */
  constructor(count = 1, config: DnsServerConfig = {}, options: Partial<StackOptions> = {}) {
    this.host = new Host(this.scheduler, 21, options);
    this.atRest = usage(this.host);
    this.host.addInterface({
      port: this.wire.addPort({ delay: 1000 }),
      mac: '02:00:00:00:00:10',
      ip: '10.0.0.10',
      gw: '10.0.0.1',
    });
    for (let i = 0; i < 2; i++) {
      const ground = new FrameGround(
        this.wire.addPort({ delay: 1000 }),
        `02:00:00:00:01:0${i}`,
        `10.0.0.${53 + i}`,
        () => this.scheduler.now,
      );
      this.grounds.push(ground);
      this.servers.push(new DnsServer(ground, { zone: ZONE, ...config }));
      if (i < count) dnsSetserver(this.host.stack, i, ip(ground.ip));
    }
  }

  get server(): DnsServer {
    return this.servers[0]!;
  }

  get seconds(): number {
    return this.scheduler.now / 1e6;
  }

  /** Asks; what is known at once is returned, what comes later is in `answers`. */
  ask(name: string, arg: unknown = null): number | string {
    const out: { addr: IpAddr } = { addr: 0 };
    const err = this.host.do((stack) =>
      dnsGethostbyname(
        stack,
        name,
        out,
        (n, a, x) =>
          void this.answers.push({
            name: n,
            ip: a === null ? null : ipaddrNtoa(a),
            at: this.seconds,
            arg: x,
          }),
        arg,
      ),
    );
    return err === 0 ? ipaddrNtoa(out.addr) : err;
  }

  run(seconds: number): this {
    this.scheduler.runFor(seconds * 1e6);
    return this;
  }

  /** Asks and waits for the outcome: an address, or null. */
  resolve(name: string): string | null {
    const n = this.answers.length;
    const now = this.ask(name);
    if (typeof now === 'string') return now;
    assert.equal(now, -5, `dnsGethostbyname(${name})`);
    assert.ok(
      this.scheduler.runWhile(() => this.answers.length > n, 600e6),
      'no outcome',
    );
    return this.answers[n]!.ip;
  }

  /** Questions that all servers were asked, oldest first for each. */
  asked(): string[] {
    return this.servers.flatMap((s) => s.log.map((e) => e.name));
  }

  finish(): void {
    this.run(1000);
    this.host.do((stack) => dnsFlush(stack));
    assertClean(this.host, this.atRest);
    assert.equal(this.host.stack.timeouts, null);
  }
}
