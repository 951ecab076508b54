// Virtual time and dice: order, nesting, cancelling, limits; the same seed gives the same numbers.

import assert from 'node:assert/strict';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';

describe('scheduler', () => {
  it('runs by time, then by order of asking', () => {
    const s = new Scheduler();
    const random = new SeededRandom(3);
    const ran: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < 500; i++) {
      const t = random.below(50);
      times.push(t * 1000 + i);
      s.at(t, () => ran.push(s.now * 1000 + i));
    }
    while (s.step());
    assert.deepEqual(
      ran,
      times.sort((x, y) => x - y),
    );
  });

  it('cancels, and never goes back in time', () => {
    const s = new Scheduler();
    const ran: string[] = [];
    const e = s.after(10, () => ran.push('cancelled'));
    s.after(20, () => s.at(5, () => ran.push(`late at ${s.now}`)));
    s.cancel(e);
    assert.equal(s.nextTime(), 20);
    while (s.step());
    assert.deepEqual(ran, ['late at 20']);
    assert.equal(s.nextTime(), Infinity);
  });

  it('lets an event spend time while others go on', () => {
    const s = new Scheduler();
    const ran: string[] = [];
    s.at(10, () => {
      s.runFor(15);
      ran.push(`bus done ${s.now}`);
    });
    s.at(20, () => ran.push(`tick ${s.now}`));
    s.runUntil(100);
    assert.deepEqual(ran, ['tick 20', 'bus done 25']);
    assert.equal(s.now, 100);
  });

  it('runWhile stops at the condition or the limit', () => {
    const s = new Scheduler();
    let n = 0;
    const tick = (): void => {
      n++;
      s.after(10, tick);
    };
    s.after(10, tick);
    assert.equal(
      s.runWhile(() => n === 3, 1000),
      true,
    );
    assert.equal(s.now, 30);
    assert.equal(
      s.runWhile(() => false, 25),
      false,
    );
    assert.equal(s.now, 55);
    assert.equal(n, 5);
  });
});

describe('seeded random', () => {
  it('repeats for a seed, differs between seeds, stays in range and is not lopsided', () => {
    const take = (seed: number): number[] => {
      const r = new SeededRandom(seed);
      return Array.from({ length: 2000 }, () => r.below(10));
    };
    assert.deepEqual(take(5), take(5));
    assert.notDeepEqual(take(5), take(6));
    const count = new Array<number>(10).fill(0);
    for (const v of take(1)) count[v]!++;
    assert.ok(
      count.every((c) => c > 140 && c < 260),
      count.join(),
    );
    assert.equal(new SeededRandom(1).chance(0), false);
    assert.equal(new SeededRandom(1).chance(1), true);
  });
});
