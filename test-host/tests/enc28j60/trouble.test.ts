import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ERR_IF, ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import { NETIF_FLAG_LINK_UP } from '../../../firmware/stack/core/netif.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import {
  enc28j60Restart,
  enc28j60Resume,
  enc28j60SetDuplex,
  enc28j60Stats,
  enc28j60Suspend,
} from '../../../drivers/enc28j60/index.js';
import { ERRATA, type ErratumName } from '../../chips/enc28j60/errata.js';
import { INT, Rig } from './rig.js';
import { send } from './send.js';

const linkUp = (rig: Rig): boolean => (rig.netif.flags & NETIF_FLAG_LINK_UP) !== 0;

/** One frame each way gets through. */
function works(rig: Rig): void {
  const frame = rig.frame(300);
  rig.received.length = 0;
  rig.inject(frame);
  rig.run(5);
  assert.deepEqual(rig.received, [frame]);
  const out = rig.frame(400);
  rig.sent.length = 0;
  assert.equal(send(rig, out), ERR_OK);
  rig.run(5);
  assert.deepEqual(rig.sent, [out]);
}

describe('ENC28J60 driver: trouble', () => {
  for (const name of Object.keys(ERRATA) as ErratumName[]) {
    it(`traffic with erratum ${ERRATA[name].number} alone (${name})`, () => {
      const rig = new Rig({ seed: 21, chip: { errata: { [name]: true } } });
      // A late collision cannot be told from a link pulse: both are sent anew.
      for (let i = 0; i < 40; i++) {
        const frame = rig.frame(60 + rig.random.below(1455));
        rig.inject(frame);
        assert.equal(send(rig, rig.frame(60 + rig.random.below(1455))), ERR_OK);
        rig.run(5);
      }
      rig.run(50);
      assert.equal(rig.sent.length, 40);
      assert.equal(rig.received.length, rig.chip.counters.rxAccepted);
      assert.ok(rig.received.length >= 38);
      rig.check();
    });
  }

  it('sends a frame anew after a late collision, be it told or not (errata 12, 13, 15)', () => {
    for (const int of [INT, null]) {
      for (const rate of [0, 1]) {
        const rig = new Rig({
          int,
          chip: {
            errata: { e12TransmitStall: true, e15LateCollision: true },
            errataRates: { e15LateCollision: rate },
          },
        });
        const frame = rig.frame(800);
        rig.chip.transmitter.injectLateCollision();
        assert.equal(send(rig, frame), ERR_OK);
        rig.run(150);
        assert.deepEqual(rig.sent, [frame]);
        assert.equal(rig.dev.counters.txRetry, 1);
        assert.equal(rig.dev.counters.txLateCollision, 1);
        works(rig);
        rig.check();
      }
    }
  });

  it('also when the next frame is what finds it', () => {
    const rig = new Rig({ chip: { errata: 'revision', errataRates: { e13LinkPulse: 0 } } });
    const a = rig.frame(800);
    const b = rig.frame(700);
    rig.chip.transmitter.injectLateCollision();
    assert.equal(send(rig, a), ERR_OK);
    assert.equal(send(rig, b), ERR_OK);
    rig.run(5);
    assert.deepEqual(rig.sent, [a, b]);
    rig.check();
  });

  it('gives a frame up after its retries', () => {
    const rig = new Rig({ chip: { errata: 'revision', errataRates: { e13LinkPulse: 0 } } });
    for (let i = 0; i < 16; i++) rig.chip.transmitter.injectLateCollision();
    assert.equal(send(rig, rig.frame(800)), ERR_OK);
    rig.run(50);
    assert.equal(rig.sent.length, 0);
    assert.equal(rig.dev.counters.txRetry, 15);
    assert.equal(rig.dev.counters.txAborted, 1);
    works(rig);
    rig.check();
  });

  it('gives a frame up after sixteen collisions, and goes on', () => {
    const rig = new Rig({ chip: { errata: 'revision', errataRates: { e13LinkPulse: 0 } } });
    rig.chip.transmitter.injectCollisions(16);
    assert.equal(send(rig, rig.frame(800)), ERR_OK);
    rig.run(600);
    assert.equal(rig.sent.length, 0);
    assert.equal(rig.dev.counters.txAborted, 1);
    assert.equal(rig.dev.counters.txRetry, 0);
    works(rig);
    rig.check();
  });

  it('resets a transmitter that never ends, and waits no longer than it must', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int });
      // Somebody jams the line.
      rig.chip.receiver.carrierUntil = Infinity;
      assert.equal(send(rig, rig.frame(100)), ERR_OK);
      const before = rig.scheduler.now;
      assert.equal(send(rig, rig.frame(100)), ERR_MEM);
      assert.ok(rig.scheduler.now - before < 8000, `${rig.scheduler.now - before} µs`);
      assert.equal(rig.dev.counters.txBusy, 1);
      rig.run(800);
      assert.equal(rig.dev.counters.txStuck, 1);
      rig.chip.receiver.carrierUntil = -1;
      works(rig);
      rig.check();
    }
  });

  it('follows the link, by INT at once, polled within two tenths of a second', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int });
      const seen: boolean[] = [];
      rig.netif.linkCallback = () => void seen.push(linkUp(rig));
      for (let i = 0; i < 5; i++) {
        rig.chip.setLink(false);
        rig.run(int === null ? 200 : 3);
        assert.equal(linkUp(rig), false);
        assert.equal(send(rig, rig.frame(60)), ERR_IF);
        rig.chip.setLink(true);
        rig.run(int === null ? 200 : 3);
        assert.equal(linkUp(rig), true);
        works(rig);
      }
      assert.deepEqual(seen, [false, true, false, true, false, true, false, true, false, true]);
      assert.equal(rig.dev.counters.linkChange, 11);
      assert.equal(rig.dev.counters.txNoLink, 5);
      rig.check();
    }
  });

  it('sets the chip up again when it was reset behind its back, filters included', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int });
      const group = [1, 0, 0x5e, 1, 2, 3];
      rig.netif.macFilter!(rig.netif, Uint8Array.from(group), true);
      works(rig);
      rig.chip.setResetPin(0);
      rig.scheduler.runFor(10);
      rig.chip.setResetPin(1);
      rig.chip.misuse.reset();
      rig.run(1300);
      // Noticed by the regular look at the registers, or before it by a transmission whose end was never told.
      assert.equal(rig.dev.counters.restart + rig.dev.counters.txStuck, 1);
      assert.equal(linkUp(rig), true);
      // Until the reset is noticed the bank that the driver remembers is wrong.
      const kinds = rig.chip.misuse.summary();
      assert.match(kinds, /^(|unimplementedRegister \d+)$/);
      rig.chip.misuse.reset();
      works(rig);
      rig.received.length = 0;
      rig.inject(rig.frame(60, group));
      rig.run(3);
      assert.equal(rig.received.length, 1);
      rig.check();
    }
  });

  it('says that the link is down while the chip is held in reset, and comes back', () => {
    const rig = new Rig();
    rig.chip.setResetPin(0);
    rig.run(1500);
    assert.equal(linkUp(rig), false);
    assert.equal(enc28j60Stats(rig.netif).failed, true);
    assert.equal(send(rig, rig.frame(60)), ERR_IF);
    rig.chip.setResetPin(1);
    rig.run(1500);
    assert.equal(linkUp(rig), true);
    rig.chip.misuse.reset();
    works(rig);
    rig.check();
  });

  it('sets up anew on request', () => {
    const rig = new Rig();
    works(rig);
    assert.equal(enc28j60Restart(rig.netif), ERR_OK);
    works(rig);
    rig.check();
  });

  it('changes duplex under way', () => {
    const rig = new Rig({ chip: { errata: 'revision', errataRates: { e13LinkPulse: 0 } } });
    for (const full of [true, false, true]) {
      assert.equal(send(rig, rig.frame(1500)), ERR_OK);
      assert.equal(enc28j60SetDuplex(rig.netif, full), ERR_OK);
      rig.run(5);
      works(rig);
      assert.equal(rig.chip.phy.fullDuplex, full);
    }
    rig.check();
  });

  it('suspends and resumes', () => {
    const rig = new Rig();
    works(rig);
    enc28j60Suspend(rig.netif);
    assert.equal(rig.chip.power.asleep, true);
    assert.equal(linkUp(rig), false);
    assert.equal(send(rig, rig.frame(60)), ERR_IF);
    rig.run(500);
    assert.equal(enc28j60Resume(rig.netif), ERR_OK);
    rig.run(5);
    works(rig);
    enc28j60Suspend(rig.netif);
    rig.chip.setResetPin(0);
    rig.scheduler.runFor(10);
    rig.chip.setResetPin(1);
    rig.scheduler.runFor(1000);
    assert.equal(enc28j60Resume(rig.netif), ERR_OK);
    rig.run(1300);
    rig.chip.misuse.reset();
    works(rig);
    rig.check();
  });

  it('may be polled from within a receive callback', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int });
      const sizes: number[] = [];
      rig.onInput = (p) => {
        sizes.push(p.len);
        pbufFree(p);
        rig.poll();
      };
      for (let i = 0; i < 12; i++) rig.inject(rig.frame(60 + i));
      rig.scheduler.runFor(3000);
      rig.run(5);
      assert.deepEqual(
        sizes,
        Array.from({ length: 12 }, (_, i) => 60 + i),
      );
      rig.onInput = null;
      works(rig);
      assert.equal(rig.dev.counters.rxReset, 0);
      rig.check();
    }
  });

  it('survives an engine that cannot give a receive array, or a callback that throws', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int });
      const { recv } = rig.hal.spi;
      rig.hal.spi.recv = () => {
        throw new RangeError('Invalid offset.');
      };
      rig.inject(rig.frame(100));
      assert.throws(() => rig.run(5), RangeError);
      rig.hal.spi.recv = recv;
      // CS stayed low in the middle of a read: the next instruction was lost, until the regular look at the chip.
      rig.run(1300);
      assert.equal(rig.dev.counters.restart, 0);
      rig.chip.misuse.reset();
      works(rig);
      rig.onInput = (p) => {
        rig.onInput = null;
        pbufFree(p);
        throw new Error('of the application');
      };
      rig.inject(rig.frame(100));
      assert.throws(() => rig.run(5), /of the application/);
      works(rig);
      rig.check();
    }
  });

  it('may be restarted from within a receive callback', () => {
    const rig = new Rig();
    rig.onInput = () => {
      rig.onInput = null;
      enc28j60Restart(rig.netif);
    };
    rig.inject(rig.frame(100));
    rig.inject(rig.frame(100));
    rig.scheduler.runFor(1000);
    rig.poll();
    works(rig);
    rig.check();
  });
});
