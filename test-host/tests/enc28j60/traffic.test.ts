import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ERR_ARG, ERR_OK } from '../../../firmware/stack/core/err.js';
import {
  pbufAlloc,
  pbufAllocReference,
  pbufAllocRx,
  pbufCat,
  pbufFree,
  PBUF_LINK,
  PBUF_RAM,
  PBUF_RAW_TX,
  PBUF_ROM,
  pbufAddHeader,
  type Pbuf,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import { MEMP_PBUF_POOL } from '../../../firmware/stack/core/memp.js';
import { LENERR, MEMERR, RECV, STAT_LINK, XMIT } from '../../../firmware/stack/core/stats.js';
import {
  enc28j60Linkoutput,
  enc28j60SetPromiscuous,
  enc28j60Watch,
} from '../../../drivers/enc28j60/index.js';
import { INT, Rig } from './rig.js';
import { send } from './send.js';

const padded = (f: Uint8Array): Uint8Array => {
  const out = new Uint8Array(Math.max(60, f.length));
  out.set(f);
  return out;
};

describe('ENC28J60 driver: receiving', () => {
  for (const int of [INT, null]) {
    it(`takes frames of every size, byte for byte, ${int === null ? 'polled' : 'by INT'}`, () => {
      const rig = new Rig({ int, seed: 3 });
      for (let size = 60; size <= 1514; size += size < 70 || size > 1508 ? 1 : 37) {
        const frame = rig.frame(size);
        rig.inject(frame);
        rig.run(4);
        assert.deepEqual(rig.received.pop(), frame, `${size} bytes`);
      }
      rig.check();
      assert.equal(rig.stack.stats[STAT_LINK + RECV], rig.netif.inPackets);
      assert.equal(rig.stack.memp[MEMP_PBUF_POOL]!.used, 0);
    });
  }

  it('puts the IP header on a 4-byte boundary', () => {
    const rig = new Rig();
    let at = -1;
    rig.onInput = (p) => {
      at = p.off + 14 + p.payload.byteOffset;
      pbufFree(p);
    };
    rig.inject(rig.frame(100));
    rig.run(3);
    assert.equal(at, 16);
  });

  it('keeps the ring in step over thousands of frames of random size, in bursts', () => {
    const rig = new Rig({ seed: 7, chip: { errata: 'revision' } });
    const expected: Uint8Array[] = [];
    for (let burst = 0; burst < 1000; burst++) {
      let room = 6600;
      for (let n = rig.random.below(6) + 1; n > 0; n--) {
        const frame = rig.frame(60 + rig.random.below(1455));
        room -= frame.length + 12;
        if (room < 0) break;
        expected.push(frame);
        rig.inject(frame);
      }
      rig.run(9);
    }
    rig.run(20);
    assert.equal(rig.received.length, expected.length);
    assert.ok(expected.length > 2500, String(expected.length));
    for (let i = 0; i < expected.length; i++) assert.deepEqual(rig.received[i], expected[i]);
    assert.equal(rig.dev.counters.rxReset, 0);
    assert.equal(rig.dev.counters.restart, 0);
    rig.check();
  });

  it('holds a whole default TCP window of full frames sent at wire speed', () => {
    const rig = new Rig();
    for (let i = 0; i < 4; i++) rig.inject(rig.frame(1514));
    rig.scheduler.runFor(6000);
    assert.equal(rig.run(5), 4);
    assert.equal(rig.chip.counters.rxOverflow, 0);
    rig.check();
  });

  it('leaves frames with a wrong FCS to the chip', () => {
    const rig = new Rig();
    rig.inject(rig.frame(100), { badFcs: true });
    rig.run(4);
    assert.equal(rig.received.length, 0);
    assert.equal(rig.chip.counters.rxBadFcs, 1);
  });

  it('takes its address and broadcasts, and everything when asked to', () => {
    const rig = new Rig();
    const other = [2, 9, 9, 9, 9, 9];
    rig.inject(rig.frame(60));
    rig.inject(rig.frame(60, [255, 255, 255, 255, 255, 255]));
    rig.inject(rig.frame(60, other));
    rig.inject(rig.frame(60, [1, 0, 0x5e, 0, 0, 9]));
    rig.run(4);
    assert.equal(rig.received.length, 2);
    enc28j60SetPromiscuous(rig.netif, true);
    rig.inject(rig.frame(60, other));
    rig.run(4);
    assert.equal(rig.received.length, 3);
    enc28j60SetPromiscuous(rig.netif, false);
    rig.inject(rig.frame(60, other));
    rig.run(4);
    assert.equal(rig.received.length, 3);
    rig.check();
  });

  it('filters multicast groups by the hash table, and counts groups that share a bit', () => {
    const rig = new Rig();
    const group = (n: number): number[] => [1, 0, 0x5e, 1, n >> 8, n & 255];
    const heard = (n: number): boolean => {
      rig.inject(rig.frame(60, group(n)));
      rig.run(3);
      return rig.received.splice(0).length === 1;
    };
    const filter = (n: number, join: boolean): number =>
      rig.netif.macFilter!(rig.netif, Uint8Array.from(group(n)), join);
    assert.ok(!heard(1));
    assert.equal(filter(1, true), ERR_OK);
    assert.ok(heard(1));
    // A group with the same bit: 64 bits, so among 1000 groups there is one.
    // One with that of the all-hosts group, which the interface is in, is no use.
    let twin = 1;
    for (let found = false; !found;) {
      assert.ok(++twin < 1000);
      if (!heard(twin)) continue;
      filter(1, false);
      found = !heard(twin);
      filter(1, true);
    }
    assert.equal(filter(twin, true), ERR_OK);
    assert.equal(filter(1, false), ERR_OK);
    assert.ok(heard(twin));
    assert.equal(filter(twin, false), ERR_OK);
    assert.ok(!heard(twin));
    assert.equal(filter(twin, false), ERR_ARG);
    assert.equal(rig.netif.macFilter!(rig.netif, Uint8Array.of(2, 0, 0, 0, 0, 1), true), ERR_ARG);
    rig.check();
  });

  it('takes no more than its budget in one poll, and all in the end', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ budget: 3, int });
      for (let i = 0; i < 10; i++) rig.inject(rig.frame(60));
      rig.scheduler.runFor(2000);
      assert.equal(rig.poll(), 3);
      assert.equal(rig.poll(), 3);
      assert.equal(rig.poll(), 3);
      assert.equal(rig.poll(), 1);
      assert.equal(rig.poll(), 0);
      rig.check();
    }
  });

  it('needs no poll but the watch on INT, with an engine that sees edges only', () => {
    const rig = new Rig({ budget: 2, chip: { errata: 'revision' } });
    // As an event loop does: handlers run later, one at a time.
    let pending = false;
    enc28j60Watch(rig.netif, () => (pending = true));
    let taken = 0;
    for (let i = 0; i < 300; i++) {
      rig.inject(rig.frame(60 + rig.random.below(300)));
      rig.inject(rig.frame(60));
      rig.inject(rig.frame(60));
      for (let k = 0; k < 4; k++) {
        rig.scheduler.runFor(1500);
        if (pending) {
          pending = false;
          taken += rig.poll();
        }
      }
    }
    for (let k = 0; k < 10 && pending; k++) {
      pending = false;
      taken += rig.poll();
      rig.scheduler.runFor(1500);
    }
    assert.equal(taken, 900);
    assert.equal(rig.received.length, 900);
    rig.check();
  });

  it('reads EPKTCNT where PKTIF lies (erratum 6)', () => {
    const rig = new Rig({
      int: null,
      chip: { errata: { e6Pktif: true }, errataRates: { e6Pktif: 1 } },
    });
    rig.inject(rig.frame(60));
    rig.run(3);
    assert.equal(rig.received.length, 1);
  });

  it('polls when the INT pin turns out not to be connected', () => {
    const rig = new Rig();
    rig.chip.onInterrupt = null;
    for (let i = 0; i < 5; i++) {
      rig.inject(rig.frame(60));
      rig.run(150);
    }
    assert.equal(rig.received.length, 5);
    assert.equal(rig.dev.counters.intMissed, 3);
    rig.inject(rig.frame(60));
    rig.run(3);
    assert.equal(rig.received.length, 6, 'at once');
    rig.check();
  });

  it('lets frames wait for a buffer, then drops them, then goes on', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int, stack: { PBUF_POOL_SIZE: 9 } });
      const kept: Pbuf[] = [];
      rig.onInput = (p) => void kept.push(p);
      for (let i = 0; i < 12; i++) rig.inject(rig.frame(60));
      rig.run(10);
      assert.equal(kept.length, 9);
      assert.equal(rig.dev.counters.rxNoBuffer, 0, 'still waiting in the chip');
      pbufFree(kept.pop()!);
      rig.run(2);
      assert.equal(kept.length, 9, 'one more came through');
      rig.run(110);
      assert.equal(rig.dev.counters.rxNoBuffer, 2, 'the others were dropped');
      assert.ok(rig.stack.stats[STAT_LINK + MEMERR]! >= 2);
      while (kept.length) pbufFree(kept.pop()!);
      const frame = rig.frame(500);
      rig.inject(frame);
      rig.run(5);
      assert.equal(kept.length, 1);
      pbufFree(kept.pop()!);
      assert.equal(rig.stack.memp[MEMP_PBUF_POOL]!.used, 0);
      rig.check();
    }
  });

  it('recovers from an overflow storm', () => {
    for (const int of [INT, null]) {
      const rig = new Rig({ int, seed: 11, chip: { errata: 'revision' } });
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 30; i++) rig.inject(rig.frame(60 + rig.random.below(1455)));
        rig.scheduler.runFor(30_000);
        rig.run(5);
      }
      rig.run(200);
      assert.ok(rig.chip.counters.rxOverflow > 50);
      assert.ok(rig.dev.counters.rxOverflow > 0);
      assert.equal(rig.received.length, rig.chip.counters.rxAccepted);
      assert.equal(rig.dev.counters.rxReset, 0);
      const frame = rig.frame(1000);
      rig.inject(frame);
      rig.run(5);
      assert.deepEqual(rig.received.at(-1), frame);
      rig.check();
    }
  });

  it('resets the receive logic when a header makes no sense', () => {
    const rig = new Rig();
    rig.inject(rig.frame(200));
    rig.inject(rig.frame(200));
    rig.scheduler.runFor(1000);
    rig.chip.memory.bytes[0] = 0x55;
    rig.run(5);
    assert.equal(rig.received.length, 0);
    assert.equal(rig.dev.counters.rxReset, 1);
    assert.equal(rig.dev.counters.restart, 0);
    for (let i = 0; i < 30; i++) {
      const frame = rig.frame(700);
      rig.inject(frame);
      rig.run(4);
      assert.deepEqual(rig.received.pop(), frame);
    }
    rig.check();
  });

  it('drops a frame that the chip does not call good', () => {
    const rig = new Rig();
    rig.inject(rig.frame(200));
    rig.scheduler.runFor(1000);
    rig.chip.memory.bytes[4]! &= ~0x80;
    rig.run(5);
    assert.equal(rig.received.length, 0);
    assert.equal(rig.dev.counters.rxBad, 1);
    rig.check();
  });
});

describe('ENC28J60 driver: sending', () => {
  it('sends frames of every size, byte for byte', () => {
    for (const fullDuplex of [false, true]) {
      const rig = new Rig({ fullDuplex });
      for (let size = 14; size <= 1514; size += size < 70 || size > 1508 ? 1 : 41) {
        const frame = rig.frame(size);
        assert.equal(send(rig, frame), ERR_OK);
        rig.scheduler.runFor(2000);
        assert.deepEqual(rig.sent.pop(), padded(frame), `${size} bytes`);
      }
      assert.equal(rig.stack.stats[STAT_LINK + XMIT], rig.netif.outPackets);
      rig.check();
    }
  });

  it('sends back to back, waiting for the one before', () => {
    const rig = new Rig({ chip: { errata: 'revision', errataRates: { e13LinkPulse: 0 } } });
    const frames: Uint8Array[] = [];
    for (let i = 0; i < 300; i++) {
      const frame = rig.frame(14 + rig.random.below(1501));
      frames.push(padded(frame));
      assert.equal(send(rig, frame), ERR_OK);
    }
    rig.scheduler.runFor(5000);
    assert.deepEqual(rig.sent, frames);
    assert.equal(rig.dev.counters.txBusy, 0);
    rig.check();
  });

  it('gathers chains and memory of others, which it leaves as it was', () => {
    const rig = new Rig();
    for (const [head, tail] of [
      [54, 100],
      [54, 1460],
      [14, 1],
    ] as const) {
      const bytes = rig.frame(head + tail);
      const p = pbufAlloc(rig.stack, PBUF_RAW_TX, head, PBUF_RAM)!;
      pbufTake(p, bytes.subarray(0, head));
      const rom = Uint8Array.of(1, 2, 3, ...bytes.subarray(head));
      const before = rom.slice();
      pbufCat(p, pbufAllocReference(rig.stack, rom, 3, tail, PBUF_ROM)!);
      assert.equal(enc28j60Linkoutput(rig.netif, p), ERR_OK);
      pbufFree(p);
      rig.scheduler.runFor(2000);
      assert.deepEqual(rig.sent.pop(), padded(bytes));
      assert.deepEqual(rom, before);
    }
    // A ROM pbuf that happens to begin at the right place is not patched either.
    const rom = rig.frame(80);
    const before = rom.slice();
    const p = pbufAllocReference(rig.stack, rom, 2, 78, PBUF_ROM)!;
    assert.equal(enc28j60Linkoutput(rig.netif, p), ERR_OK);
    pbufFree(p);
    rig.scheduler.runFor(2000);
    assert.deepEqual(rig.sent.pop(), before.subarray(2));
    assert.deepEqual(rom, before);
    rig.check();
  });

  it('sends a received pbuf back as it is', () => {
    const rig = new Rig();
    rig.onInput = (p) => {
      assert.equal(enc28j60Linkoutput(rig.netif, p), ERR_OK);
      pbufFree(p);
    };
    for (const size of [60, 61, 1513, 1514]) {
      const frame = rig.frame(size);
      rig.inject(frame);
      rig.run(9);
      assert.deepEqual(rig.sent.pop(), frame);
    }
    rig.check();
  });

  it('takes headers that were added after allocation', () => {
    const rig = new Rig();
    const p = pbufAlloc(rig.stack, PBUF_LINK, 100, PBUF_RAM)!;
    pbufAddHeader(p, 14);
    assert.equal(p.off, 2);
    const bytes = rig.frame(114);
    pbufTake(p, bytes);
    assert.equal(enc28j60Linkoutput(rig.netif, p), ERR_OK);
    pbufFree(p);
    rig.scheduler.runFor(1000);
    assert.deepEqual(rig.sent.pop(), bytes);
  });

  it('refuses lengths that Ethernet does not have', () => {
    const rig = new Rig();
    for (const size of [13, 1515]) {
      const p = pbufAllocRx(rig.stack, new Uint8Array(size), 0, size)!;
      assert.equal(enc28j60Linkoutput(rig.netif, p), ERR_ARG);
      pbufFree(p);
    }
    assert.equal(rig.dev.counters.txLength, 2);
    assert.equal(rig.stack.stats[STAT_LINK + LENERR], 0);
  });

  it('receives while it sends', () => {
    const rig = new Rig({ seed: 5, fullDuplex: true, chip: { errata: 'revision' } });
    const expected: Uint8Array[] = [];
    const out: Uint8Array[] = [];
    for (let i = 0; i < 500; i++) {
      const frame = rig.frame(60 + rig.random.below(1455));
      expected.push(frame);
      rig.inject(frame);
      const reply = rig.frame(60 + rig.random.below(1455));
      out.push(reply);
      assert.equal(send(rig, reply), ERR_OK);
      rig.run(2);
    }
    rig.run(10);
    assert.equal(rig.received.length, 500);
    assert.deepEqual(rig.received, expected);
    assert.deepEqual(rig.sent, out);
    rig.check();
  });
});
