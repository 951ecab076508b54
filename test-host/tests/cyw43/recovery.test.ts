// What may happen to a chip that runs: each is noticed within its time and counted under its own name, the chip is started
// anew where that is the cure, the network joined again, and traffic flows as before.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cyw43Join, type Cyw43Counters } from '../../../drivers/cyw43/index.js';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { FAULT_NONE } from '../../../drivers/cyw43/fault.js';
import { CHECK_INTERVAL, CONTROL_LIMIT, CREDIT_LIMIT, HEALTH_EVERY } from '../../../drivers/cyw43/opt.js';
import { cyw43LinkState, LINK_STARTING, LINK_UP } from '../../../drivers/cyw43/link.js';
import { PM_NONE } from '../../../drivers/cyw43/power.js';
import { cyw43Scan } from '../../../drivers/cyw43/scan.js';
import { cyw43Rssi } from '../../../drivers/cyw43/signal.js';
import { WLC_GET_RSSI } from '../../../drivers/cyw43/commands.js';
import { INT_FIFO_WR_OVERFLOW } from '../../chips/cyw43/registers.js';
import { PASSPHRASE, SSID } from './rig.js';
import { World } from './world.js';

/** Milliseconds until the look at the chip's health at the latest, and to the next poll. */
const HEALTH = CHECK_INTERVAL * HEALTH_EVERY + CHECK_INTERVAL;
/** From the start of the chip until the link is up again: start, scan, handshake. */
const BACK = 2500;

type Counter = keyof Cyw43Counters;

interface Trouble {
  what: string;
  strike: (world: World) => void;
  counted: Counter;
  /** Noticed within so many milliseconds. */
  within: number;
  /** Misuse that the trouble itself causes: a driver that does not know yet goes on talking. */
  misuse?: boolean;
}

const TROUBLE: Trouble[] = [
  {
    what: 'a chip that hangs, the line high',
    strike: (w) => w.chip.faults.hang(),
    counted: 'noAnswer',
    within: HEALTH,
  },
  {
    what: 'a chip that hangs, the line low',
    strike: (w) => w.chip.faults.hang(0),
    counted: 'noAnswer',
    within: HEALTH,
  },
  {
    what: 'a power glitch',
    strike: (w) => {
      w.chip.setPower(0);
      w.scheduler.after(15_000, () => w.chip.setPower(1));
    },
    counted: 'noAnswer',
    within: HEALTH,
    misuse: true,
  },
  {
    what: 'a trap of the firmware',
    strike: (w) => w.firmware.crash(),
    counted: 'firmwareTrap',
    within: HEALTH,
    misuse: true,
  },
  {
    what: 'credit that does not come',
    strike: (w) => w.chip.faults.freezeCredit(),
    counted: 'creditStarved',
    // The credit there is lasts for a dozen pings.
    within: 12 * 500 + CREDIT_LIMIT + 2 * CHECK_INTERVAL + 500,
  },
  {
    what: 'F2 that is never ready again',
    strike: (w) => w.chip.faults.stallReady(Infinity),
    counted: 'creditStarved',
    // The first ping goes out before it is seen, and is waited for.
    within: 500 + 1500 + CREDIT_LIMIT + 2 * CHECK_INTERVAL,
    misuse: true,
  },
  {
    what: 'flow control that never ends',
    strike: (w) => w.firmware.host!.flowControl(0xff),
    counted: 'creditStarved',
    within: 500 + CREDIT_LIMIT + 2 * CHECK_INTERVAL,
  },
  {
    what: 'a control without a reply',
    strike: (w) => {
      w.firmware.faults.swallowReplies(1);
      cyw43Rssi(w.netif, () => undefined);
    },
    counted: 'controlTimeout',
    within: CONTROL_LIMIT + CHECK_INTERVAL,
  },
  {
    what: 'a reply lost on its way',
    strike: (w) => {
      w.chip.faults.dropReplies(1);
      cyw43Rssi(w.netif, () => undefined);
    },
    counted: 'controlTimeout',
    within: CONTROL_LIMIT + CHECK_INTERVAL,
  },
];

describe('CYW43 driver: recovery', () => {
  for (const { what, strike, counted, within, misuse } of TROUBLE) {
    for (const quiet of [false, true]) {
      // Who sends nothing does not find out that nothing can be sent, until the regular question of the station.
      const limit = quiet && counted === 'creditStarved' ? 130_000 : within;
      it(`from ${what}${quiet ? ', in silence' : ''}`, () => {
        const world = new World().online();
        const { dev, links } = world;
        const held = world.holds();
        const stop = quiet ? null : world.pingEvery(500);
        world.run(3000);
        world.sound();
        const before = { ...dev.counters };
        const struck = world.scheduler.now;
        links.length = 0;
        strike(world);
        world.until(() => dev.counters.restart > before.restart, limit, 'it is noticed');
        assert.equal(dev.counters[counted] - before[counted], 1, 'and counted');
        assert.equal(world.linkUp, false, 'the stack knows');
        assert.equal(cyw43LinkState(world.netif), LINK_STARTING);
        const noticed = (world.scheduler.now - struck) / 1000;
        world.until(() => world.linkUp, BACK, 'the link comes back');
        const back = (world.scheduler.now - struck) / 1000 - noticed;
        assert.deepEqual(
          links.map(({ up }) => up),
          [false, true],
        );
        const answered = world.untilPinged(3000);
        assert.equal(cyw43LinkState(world.netif), LINK_UP);
        assert.equal(dev.fault, FAULT_NONE);
        if (process.env['TIMES']) {
          console.log(
            `      ${what}: noticed ${noticed.toFixed(0)} ms, link ${back.toFixed(0)}, ping ${answered.toFixed(0)}`,
          );
        }
        stop?.();
        world.run(12_000);
        assert.equal(dev.counters.restart - before.restart, 1, 'once is enough');
        const harmless: Counter[] = ['txNoCredit', 'txBusy', 'rxBad', 'interruptMissed', 'busError'];
        const changed = Object.keys(world.changed(before)).filter((c) => !harmless.includes(c as Counter));
        assert.deepEqual(changed.sort(), [counted, 'restart'].sort());
        assert.deepEqual(world.holds(), held, 'nothing is lost');
        if (!misuse) assert.equal(world.chip.misuse.summary(), '');
        assert.equal(world.firmware.misuse.summary(), '');
      });
    }
  }

  it('from each of these while the chip is being started, and while it joins', () => {
    const calm = new World().online();
    calm.run(12_000);
    const held = calm.holds();
    for (const { what, strike, misuse } of TROUBLE) {
      for (let after = 240; after < 900; after += 40) {
        const world = new World();
        assert.equal(cyw43Join(world.netif, { ssid: SSID, passphrase: PASSPHRASE }), ERR_OK);
        world.run(after);
        strike(world);
        world.until(() => world.hasAddress, 30_000, `${what} at ${after} ms: it joins`);
        world.untilPinged(5000);
        world.run(12_000);
        assert.deepEqual(world.holds(), held, 'what a board holds that had no trouble');
        if (!misuse) assert.equal(world.chip.misuse.summary(), '', what);
      }
    }
  });

  it('counts errors of the bus, clears them, and goes on', () => {
    const world = new World().online();
    const before = { ...world.dev.counters };
    world.pingEvery(200);
    for (let i = 0; i < 3; i++) {
      world.chip.interrupts.raise(INT_FIFO_WR_OVERFLOW);
      world.run(HEALTH);
      assert.equal(world.chip.interrupts.latched, 0);
    }
    assert.deepEqual(world.changed(before), { busError: 3 });
    assert.ok(world.linkUp);
    assert.equal(world.pings.lost, 0);
    world.sound();
  });

  it('does without interrupts', () => {
    const world = new World({ wifi: { powerSave: PM_NONE } }).online();
    const before = { ...world.dev.counters };
    world.chip.faults.muteInterrupt(20e6);
    world.pingEvery(500);
    world.run(20_000);
    const { interruptMissed } = world.changed(before);
    assert.ok(interruptMissed! >= 38, `${interruptMissed} of 40`);
    assert.deepEqual(Object.keys(world.changed(before)), ['interruptMissed']);
    assert.ok(world.pings.answered >= 40);
    assert.equal(world.pings.lost, 0);
    world.sound();
  });

  it('stays calm when a single transaction goes wrong', () => {
    for (const answer of [0, 0xffffffff] as const) {
      const world = new World().online();
      const before = { ...world.dev.counters };
      for (let i = 0; i < 100; i++) {
        world.run(977);
        world.chip.faults.beDeaf(1, answer);
      }
      world.run(2000);
      assert.equal(world.dev.counters.restart, before.restart);
      assert.ok(world.linkUp);
      world.untilPinged(2000);
    }
  });

  it('tells a chip that gives no credit for a while from one that gives none', () => {
    const world = new World().online();
    world.pingEvery(200);
    // First one that is started anew for it: what is remembered of it must not count later.
    world.chip.faults.freezeCredit();
    world.until(() => world.dev.counters.creditStarved === 1, 20_000, 'starved');
    world.online();
    for (let i = 0; i < 10; i++) {
      world.run(3000);
      world.chip.faults.stallReady(CREDIT_LIMIT * 900);
      world.run(CREDIT_LIMIT);
    }
    assert.equal(world.dev.counters.creditStarved, 1);
    assert.equal(world.dev.counters.restart, 1);
    // Who sends into a stall that it cannot know of loses that packet.
    assert.match(world.chip.misuse.summary(), /^packetWhileBusy \d+ \(.*?\), sdpcmSequence \d+ \(.*?\)$/);
  });

  it('when the clock wraps', () => {
    const world = new World({ millisBase: 0xffffffff - 12_000 }).online();
    world.pingEvery(500);
    const strikes = TROUBLE.filter(({ misuse }) => !misuse);
    for (const { what, strike, within } of strikes) {
      const { restart } = world.dev.counters;
      strike(world);
      world.until(() => world.dev.counters.restart > restart, within, what);
      world.until(() => world.linkUp, BACK, `link after ${what}`);
      world.untilPinged(20_000);
    }
    assert.ok(world.hal.clock.millis() < 0x7fffffff, 'it has wrapped');
  });

  it('tells a scan and a control that they are over', () => {
    const world = new World().online();
    const told: unknown[] = [];
    cyw43Scan(
      world.netif,
      {},
      () => undefined,
      (err) => told.push(['scan', err]),
    );
    cyw43Rssi(world.netif, (dbm) => told.push(['rssi', dbm]));
    world.firmware.faults.swallowReplies(1, { cmd: WLC_GET_RSSI });
    world.chip.faults.hang();
    world.until(() => world.dev.counters.restart === 1, HEALTH, 'noticed');
    assert.deepEqual(told.sort(), [
      ['rssi', 0],
      ['scan', -13],
    ]);
    world.online();
  });
});
