// A whole board in a network: driver and stack on the chip model, an access point, and behind it a host that gives
// addresses and answers. Tells how long the board was away from it.

import assert from 'node:assert/strict';
import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { etharpCleanupNetif } from '../../../firmware/stack/arp/etharp.js';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { netifSetDefault } from '../../../firmware/stack/core/netif.js';
import { dhcpStart } from '../../../firmware/stack/dhcp/dhcp.js';
import { pingNew, pingSend, type Ping } from '../../../firmware/stack/icmp/ping.js';
import type { Cyw43Counters } from '../../../drivers/cyw43/index.js';
import { usage, type Usage } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { HostGround } from '../../peers/ground.js';
import { ROOMY } from '../scenarios/call.js';
import { Rig, type RigOptions } from './rig.js';

export const PEER = '10.7.0.1';
const PING_TIME = 1000;

export class World extends Rig {
  readonly peer: Host;
  readonly dhcp: DhcpServer;
  readonly ping: Ping;
  /** Each change of the link, µs. */
  readonly links: { up: boolean; time: number }[] = [];
  pings = { sent: 0, answered: 0, lost: 0 };
  /** After a ping was answered. */
  onAnswer: () => void = () => undefined;
  private waiting: ((ok: boolean) => void) | null = null;

  constructor(options: RigOptions = {}) {
    super({ sleep: 1000, ...options });
    this.peer = new Host(this.scheduler, 99, ROOMY);
    this.peer.addInterface({ port: this.link.b, mac: '02:00:00:00:00:99', ip: PEER });
    this.dhcp = new DhcpServer(new HostGround(this.peer), {
      first: '10.7.0.10',
      router: PEER,
      now: () => this.scheduler.now / 1e6,
    });
    netifSetDefault(this.stack, this.netif);
    this.netif.linkCallback = () => this.links.push({ up: this.linkUp, time: this.scheduler.now });
    assert.equal(dhcpStart(this.netif), ERR_OK);
    this.ping = pingNew(this.stack)!;
  }

  get hasAddress(): boolean {
    return this.linkUp && this.netif.ipAddr !== 0;
  }

  /** Joined, with an address, and the other host answers. */
  online(): this {
    this.joined();
    this.until(() => this.hasAddress, 20_000, 'an address comes');
    assert.match(ipaddrNtoa(this.netif.ipAddr), /^10\.7\.0\./);
    this.untilPinged(10_000);
    return this;
  }

  /** Asks the other host once. @returns a function that tells the outcome when there is one */
  ask(done: (ok: boolean) => void = () => undefined): Err {
    if (this.waiting) return ERR_OK;
    const err = pingSend(this.ping, ip(PEER), 56, PING_TIME, (_p, r) => {
      const told = this.waiting!;
      this.waiting = null;
      if (r.err === ERR_OK) {
        this.pings.answered++;
        this.onAnswer();
      } else this.pings.lost++;
      told(r.err === ERR_OK);
    });
    if (err === ERR_OK) {
      this.pings.sent++;
      this.waiting = done;
    }
    return err;
  }

  /** Asks again and again until the other host answers. @returns ms that it took */
  untilPinged(limit: number): number {
    const begin = this.scheduler.now;
    let answered = false;
    const tick = (): void => {
      if (answered) return;
      this.ask((ok) => (answered ||= ok));
      this.later(100, tick);
    };
    tick();
    this.until(() => answered, limit, 'the other host answers');
    return (this.scheduler.now - begin) / 1000;
  }

  /** Asks each `ms` from now on. @returns a function that ends it */
  pingEvery(ms: number): () => void {
    let on = true;
    const tick = (): void => {
      if (!on) return;
      this.ask();
      this.later(ms, tick);
    };
    tick();
    return () => (on = false);
  }

  /** What is in use of stack and driver. Call it when all is quiet; takes two seconds. */
  holds(): Usage {
    etharpCleanupNetif(this.netif);
    this.run(2000);
    const { control, wifi } = this.dev;
    let controls = 0;
    for (let r = control.first; r; r = r.next) controls++;
    let timeouts = 0;
    for (let t = this.stack.timeouts; t; t = t.next) timeouts++;
    return { ...usage(this), controls, timeouts, hooks: wifi.onUp.length, joins: wifi.queued };
  }

  /** Counters of the driver that have changed since `before`, those of normal work left out. */
  changed(before: Cyw43Counters): Partial<Cyw43Counters> {
    const now: Record<string, number> = { ...this.dev.counters };
    const then: Record<string, number> = { ...before };
    const usual = ['start', 'events', 'txNoLink'];
    return Object.fromEntries(
      Object.keys(now)
        .filter((name) => !usual.includes(name) && now[name] !== then[name])
        .map((name) => [name, now[name]! - then[name]!]),
    );
  }
}
