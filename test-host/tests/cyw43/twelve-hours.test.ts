// Half a day in the life of a board: DHCP, a web server with visitors, a connection of its own, pings, and something that
// goes wrong every few minutes. It is always back in the network soon, and at the end as at the beginning.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { httpServerStart } from '../../../firmware/services/http/server.js';
import { Client } from '../services/http-client.js';
import { get } from '../services/http-bench.js';
import { memTrim } from '../../../firmware/stack/core/mem.js';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { SeededRandom } from '../../sim/random.js';
import { echo, Errand } from './errand.js';
import { MISHAPS, type Mishap } from './mishaps.js';
import { reachable } from './reachable.js';
import { World } from './world.js';

const HOURS = 12;
const SECOND = 1e6;
/** From the end of what went wrong until a ping is answered again, at most, ms: the longest pause between two attempts to
 * join is 96 s. */
const BACK = 120_000;
const PAGE = 'Half a day. '.repeat(250);

class Day extends World {
  pages = { asked: 0, whole: 0 };
  /** What went wrong last, and longest silence after its end, ms, by what it was. */
  last = 'nothing yet';
  readonly silences = new Map<string, number>();
  private heard = 0;
  /** When what went wrong was over; Infinity before. */
  private ended = Infinity;
  readonly dice: SeededRandom;
  private readonly visitors = new Set<Client>();

  constructor(seed: number) {
    super({ seed });
    this.dice = new SeededRandom(seed + 12);
    this.onAnswer = () => {
      const { now } = this.scheduler;
      const silence = Math.round((now - Math.max(this.heard, this.ended)) / 1000);
      this.heard = now;
      this.silences.set(this.last, Math.max(this.silences.get(this.last) ?? 0, silence));
    };
    echo(this.peer);
    httpServerStart(this.stack, 80, (_request, response) => (response.body = PAGE));
  }

  /** Objects that driver and stack hold, by the way to them, without what they keep for reuse. */
  objects(): string[] {
    memTrim(this.stack);
    return [...reachable(this.dev).values()].filter((way) => !way.includes('.free')).sort();
  }

  /** Asks for the page each `ms`. */
  visitEvery(ms: number): () => void {
    let on = true;
    const tick = (): void => {
      for (const v of this.visitors) {
        if (!v.over) continue;
        this.visitors.delete(v);
        if (v.text.endsWith(`\r\n\r\n${PAGE}`)) this.pages.whole++;
      }
      if (!on) return;
      if (this.hasAddress && this.visitors.size < 8) {
        this.pages.asked++;
        this.visitors.add(
          new Client(this.peer, ipaddrNtoa(this.netif.ipAddr)).send(get('/', 'Connection: close')),
        );
      }
      this.later(ms, tick);
    };
    tick();
    return () => (on = false);
  }

  /** Lets something go wrong, and a second thing soon after it, perhaps; ends both. */
  suffer(mishaps: Mishap[]): void {
    this.last = mishaps.map((m) => m.name).join(' and ');
    this.ended = Infinity;
    const ends = mishaps.map((m) => {
      const { ms, end } = m.begin(this, this.dice);
      const until = this.scheduler.now + ms * 1000;
      this.run(this.dice.below(3000));
      return { until, end };
    });
    for (const { until, end } of ends.sort((a, b) => a.until - b.until)) {
      if (until > this.scheduler.now) this.scheduler.runUntil(until);
      end?.();
    }
    this.ended = this.scheduler.now;
    this.until(() => this.heard > this.ended, BACK, `a ping is answered after: ${this.last}`);
  }

  /** Misuse since the last call was none, or what these mishaps cause. */
  judge(mishaps: Mishap[]): void {
    const { misuse } = this.chip;
    const about = `${mishaps.map((m) => m.name).join(', ')}: ${misuse.summary()}, ${this.firmware.misuse.summary()}`;
    if (!mishaps.some((m) => m.misuse === 'any')) {
      const allowed = new Set<string>(mishaps.flatMap((m) => m.misuse ?? []));
      const seen = Object.entries(misuse.counts).filter(([kind, n]) => n && !allowed.has(kind));
      assert.deepEqual(seen, [], about);
      assert.equal(this.firmware.misuse.total, 0, about);
    }
    misuse.reset();
    this.firmware.misuse.reset();
  }
}

describe('CYW43 driver: twelve hours', function () {
  this.timeout(300_000);

  it('is always back soon, and leaks nothing', () => {
    const day = new Day(Number(process.env['SEED'] ?? 7)).online();
    const r = day.dice;
    // A first visitor: what is made for him is kept for the others.
    day.visitEvery(1000)();
    const first = new Errand(day, 1000);
    day.run(5000);
    first.stop();
    day.run(200_000);
    const held = day.holds();
    const objects = day.objects();
    const stopPings = day.pingEvery(5000);
    const stopVisits = day.visitEvery(30_000);
    const errand = new Errand(day, 20_000);
    let incidents = 0;
    while (day.scheduler.now < HOURS * 3600 * SECOND) {
      const mishaps = [MISHAPS[incidents % MISHAPS.length]!];
      if (r.chance(0.3)) mishaps.push(MISHAPS[r.below(MISHAPS.length)]!);
      day.suffer(mishaps);
      // It may show late: credit lasts for a while.
      day.run(20_000 + r.below(240_000));
      day.judge(mishaps);
      day.until(() => day.hasAddress, BACK, `online after: ${day.last}`);
      incidents++;
    }
    stopPings();
    stopVisits();
    errand.stop();
    // Connections that were cut off, and addresses of neighbours, run out.
    day.run(15 * 60_000);
    day.judge([]);
    const c = day.dev.counters;
    if (process.env['TIMES']) {
      const { sent, back, made, broken } = errand;
      console.log(incidents, day.pings, day.pages, { sent, back, made, broken }, c);
      for (const [what, ms] of day.silences)
        if (ms > 80000 || !what.includes(' and ')) console.log(`${ms} ms: ${what}`);
    }
    assert.ok(incidents > 150);
    assert.ok(Math.max(...day.silences.values()) < BACK);
    for (const name of ['noAnswer', 'firmwareTrap', 'creditStarved', 'controlTimeout'] as const) {
      assert.ok(c[name] > 5, name);
    }
    assert.equal(c.restart, c.noAnswer + c.firmwareTrap + c.creditStarved + c.controlTimeout);
    assert.ok(c.interruptMissed > 0);
    assert.ok(day.pings.answered > 0.85 * day.pings.sent, `${day.pings.answered} of ${day.pings.sent} pings`);
    assert.ok(day.pages.whole > 0.9 * day.pages.asked, `${day.pages.whole} of ${day.pages.asked} pages`);
    assert.ok(errand.back > 0.95 * errand.sent, `${errand.back} of ${errand.sent} lines`);
    assert.deepEqual(day.holds(), held);
    assert.deepEqual(day.objects(), objects);
  });
});
