// One client on a cable with a small server on frames, in virtual time.

import assert from 'node:assert/strict';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import type { Netif } from '../../../firmware/stack/core/netif.js';
import { dhcpStart, dhcpStateName, dhcpStop } from '../../../firmware/stack/dhcp/dhcp.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { Host } from '../../harness/host.js';
import type { Parsed } from '../../harness/frames.js';
import { DhcpServer, type DhcpServerConfig } from '../../peers/dhcp-server.js';
import { decodeDhcp, type DhcpMessage } from '../../peers/dhcp-messages.js';
import { FrameGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

export const CLIENT_MAC = '02:00:00:00:00:10';
export const SERVER_MAC = '02:00:00:00:00:01';

export class DhcpBench {
  readonly scheduler = new Scheduler();
  readonly link: Link;
  readonly ground: FrameGround;
  readonly server: DhcpServer;
  readonly client: Host;
  readonly netif: Netif;
  private readonly atRest: Usage;
  /** Address changes as the status callback saw them, with their time in seconds. */
  readonly addresses: { ip: string; at: number }[] = [];

  constructor(config: Partial<DhcpServerConfig> = {}, options: Partial<StackOptions> = {}) {
    this.link = new Link(this.scheduler, { delay: 100 });
    this.ground = new FrameGround(this.link.b, SERVER_MAC, '10.0.0.1', () => this.scheduler.now);
    this.server = new DhcpServer(this.ground, {
      first: '10.0.0.100',
      dns: ['10.0.0.53', '10.0.0.54'],
      now: () => this.seconds,
      ...config,
    });
    this.client = new Host(this.scheduler, 7, options);
    this.atRest = usage(this.client);
    this.netif = this.client.addInterface({ port: this.link.a, mac: CLIENT_MAC });
    this.netif.statusCallback = (n) => this.addresses.push({ ip: ipaddrNtoa(n.ipAddr), at: this.seconds });
  }

  get seconds(): number {
    return this.scheduler.now / 1e6;
  }

  get ip(): string {
    return ipaddrNtoa(this.netif.ipAddr);
  }

  get state(): string {
    return dhcpStateName(this.netif);
  }

  start(): this {
    assert.equal(
      this.client.do(() => dhcpStart(this.netif)),
      0,
    );
    return this;
  }

  /** Starts and waits for the lease. */
  bound(): this {
    this.start();
    assert.ok(
      this.scheduler.runWhile(() => this.state === 'BOUND', 10e6),
      `still ${this.state}`,
    );
    this.server.takeLog();
    return this;
  }

  run(seconds: number): this {
    this.scheduler.runFor(seconds * 1e6);
    return this;
  }

  /** DHCP messages of the client with their time in seconds, all or those since `from`. */
  sent(from = 0): { at: number; m: DhcpMessage; frame: Parsed }[] {
    return this.ground.heard
      .map((frame, i) => ({ frame, at: this.ground.times[i]! / 1e6 }))
      .filter((x) => x.frame.udp?.dst === 67 && x.at >= from)
      .map((x) => ({ ...x, m: decodeDhcp(x.frame.payload) }));
  }

  /** Stops, and asserts that everything is given back, the time-outs as well once ARP has forgotten. */
  finish(): void {
    this.client.do(() => dhcpStop(this.netif));
    this.run(1000);
    this.assertClean();
  }

  assertClean(): void {
    assertClean(this.client, this.atRest);
    assert.equal(this.client.stack.timeouts, null);
  }
}
