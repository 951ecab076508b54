// The cable: time on the line, queue, every kind of trouble, per direction, repeatable from its seed.

import assert from 'node:assert/strict';
import { Link } from '../../sim/link.js';
import type { LinkConfig } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import type { FrameMeta } from '../../sim/wire.js';

interface Arrival {
  time: number;
  frame: Uint8Array;
  meta: FrameMeta | undefined;
}

function make(config: LinkConfig = {}): { s: Scheduler; link: Link; atA: Arrival[]; atB: Arrival[] } {
  const s = new Scheduler();
  const link = new Link(s, config);
  const atA: Arrival[] = [];
  const atB: Arrival[] = [];
  link.a.onFrame = (frame, meta) => atA.push({ time: s.now, frame, meta });
  link.b.onFrame = (frame, meta) => atB.push({ time: s.now, frame, meta });
  return { s, link, atA, atB };
}

function frame(size: number, first = 0): Uint8Array {
  const f = new Uint8Array(size);
  for (let i = 0; i < size; i++) f[i] = (first + i) & 255;
  return f;
}

function run(s: Scheduler): void {
  while (s.step());
}

describe('link', () => {
  it('delivers after the delay, each direction by its own options', () => {
    const { s, link, atA, atB } = make({ delay: 500, bToA: { delay: 20 } });
    link.a.send(frame(100, 1));
    link.b.send(frame(64, 9));
    run(s);
    assert.deepEqual(
      atB.map((x) => [x.time, x.frame.length]),
      [[500, 100]],
    );
    assert.deepEqual(
      atA.map((x) => [x.time, x.frame[0]]),
      [[20, 9]],
    );
  });

  it('serialises at the rate with preamble, FCS, gap and padding counted', () => {
    const { s, link, atB } = make({ rate: 10e6 });
    link.a.send(frame(1514));
    link.a.send(frame(20));
    link.a.send(frame(60));
    run(s);
    // 10 Mb/s: 0.8 µs a byte. 1514 + 12 = 1526 bytes, then 12 of gap, then 72 for each of the short ones.
    const times = atB.map((x) => Math.round(x.time * 10) / 10);
    assert.deepEqual(
      times,
      [1220.8, 1220.8 + 9.6 + 57.6, 1220.8 + 2 * (9.6 + 57.6)].map((t) => Math.round(t * 10) / 10),
    );
    assert.equal(atB[1]!.frame.length, 20, 'the frame itself is not padded');
  });

  it('carries 812 full frames a second at 10 Mb/s', () => {
    const { s, link, atB } = make({ rate: 10e6 });
    for (let i = 0; i < 2000; i++) link.a.send(frame(1514));
    s.runUntil(1e6);
    // 1e6 µs / (1538 * 0.8 µs) = 812.7
    assert.equal(atB.length, 812);
  });

  it('drops what does not fit its queue', () => {
    const { s, link, atB } = make({ rate: 1e6, queue: 3 });
    for (let i = 0; i < 10; i++) link.a.send(frame(100, i));
    assert.equal(link.aToB.waiting, 3);
    run(s);
    assert.deepEqual(
      atB.map((x) => x.frame[0]),
      [0, 1, 2, 3],
    );
    assert.equal(link.aToB.counters.queueDrops, 6);
    assert.equal(link.aToB.waiting, 0);
  });

  it('loses at about the rate asked, and the same frames for the same seed', () => {
    const lost = (seed: number): string => {
      const { s, link, atB } = make({ loss: 0.1, seed });
      for (let i = 0; i < 5000; i++) link.a.send(frame(2, i));
      run(s);
      assert.equal(link.aToB.counters.lost + atB.length, 5000);
      return atB.map((x) => x.frame[0]).join();
    };
    const one = lost(7);
    assert.equal(one, lost(7));
    assert.notEqual(one, lost(8));
    const { s, link } = make({ loss: 0.1 });
    for (let i = 0; i < 5000; i++) link.a.send(frame(2, i));
    run(s);
    assert.ok(Math.abs(link.aToB.counters.lost - 500) < 80, String(link.aToB.counters.lost));
  });

  it('leaves the other dice alone when one option changes', () => {
    const duplicates = (loss: number): number[] => {
      const { s, link } = make({ duplicate: 0.2, loss });
      const seen: number[] = [];
      for (let i = 0; i < 200; i++) {
        const before = link.aToB.counters.duplicated;
        link.a.send(frame(20, i));
        if (link.aToB.counters.duplicated > before) seen.push(i);
      }
      run(s);
      return seen;
    };
    const all = duplicates(0);
    const some = duplicates(0.3);
    assert.ok(some.length < all.length && some.length > 0);
    assert.ok(some.every((i) => all.includes(i)));
  });

  it('duplicates, reorders and counts', () => {
    const { s, link, atB } = make({ duplicate: 1 });
    link.a.send(frame(10, 5));
    run(s);
    assert.equal(atB.length, 2);
    assert.deepEqual(atB[0]!.frame, atB[1]!.frame);

    const r = make({ delay: 10 });
    r.link.set({ reorder: 1, reorderDelay: 100 });
    r.link.a.send(frame(10, 1));
    r.link.set({ reorder: 0 });
    r.link.a.send(frame(10, 2));
    run(r.s);
    assert.deepEqual(
      r.atB.map((x) => [x.time, x.frame[0]]),
      [
        [10, 2],
        [110, 1],
      ],
    );
    assert.equal(r.link.aToB.counters.reordered, 1);
  });

  it('flips exactly one bit, with and without telling, and never in the array of the sender', () => {
    for (const told of [true, false]) {
      const { s, link, atB } = make(told ? { badFcs: 1 } : { corrupt: 1 });
      const sent = frame(64);
      link.a.send(sent);
      run(s);
      let flipped = 0;
      for (let i = 0; i < 64; i++) {
        for (let x = atB[0]!.frame[i]! ^ i; x; x &= x - 1) flipped++;
      }
      assert.equal(flipped, 1);
      assert.equal(atB[0]!.meta?.badFcs ?? false, told);
      assert.deepEqual(sent, frame(64));
      assert.equal(told ? link.aToB.counters.badFcs : link.aToB.counters.corrupted, 1);
    }
  });

  it('takes scripted loss and changes on the fly', () => {
    const { s, link, atB } = make();
    link.aToB.drop = (f, index) => index === 1 || f[0] === 3;
    for (let i = 0; i < 5; i++) link.a.send(frame(10, i));
    link.setLoss(1);
    link.a.send(frame(10, 9));
    link.setLoss(0);
    link.a.send(frame(10, 10));
    run(s);
    assert.deepEqual(
      atB.map((x) => x.frame[0]),
      [0, 2, 4, 10],
    );
    assert.equal(link.aToB.counters.scripted, 2);
    assert.equal(link.aToB.counters.lost, 1);
  });

  it('loses what is under way when the cable is pulled, and everything while it is out', () => {
    const { s, link, atB } = make({ delay: 100 });
    link.a.send(frame(10));
    assert.equal(link.pending, 1);
    s.runUntil(50);
    link.setUp(false);
    link.a.send(frame(10));
    run(s);
    link.setUp(true);
    link.a.send(frame(10, 4));
    run(s);
    assert.deepEqual(
      atB.map((x) => x.frame[0]),
      [4],
    );
    assert.equal(link.aToB.counters.down, 1);
    assert.equal(link.pending, 0);
  });

  it('tells a listener when a frame begins to arrive', () => {
    const { s, link, atB } = make({ rate: 10e6, delay: 7 });
    const begun: number[][] = [];
    link.b.onCarrier = (us) => begun.push([s.now, us]);
    link.a.send(frame(60));
    run(s);
    assert.deepEqual(
      begun.map((x) => x.map((v) => Math.round(v * 10) / 10)),
      [[7, 57.6]],
    );
    assert.equal(Math.round(atB[0]!.time * 10) / 10, 64.6);
  });

  it('shows the tap each frame once, with its fate and time', () => {
    const { s, link } = make({ delay: 5 });
    const seen: string[] = [];
    link.tap = (f, i) => seen.push(`${i.time} ${i.from} ${i.fate} ${f[0]}`);
    link.a.send(frame(10, 1));
    link.aToB.drop = () => true;
    link.a.send(frame(10, 2));
    link.b.send(frame(10, 3));
    run(s);
    assert.deepEqual(seen, ['5 a delivered 1', '5 a lost 2', '5 b delivered 3']);
  });
});
