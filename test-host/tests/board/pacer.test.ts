// The real-time pacer against a wall clock that the test turns by hand.

import assert from 'node:assert/strict';
import { Pacer, type PacerHost } from '../../sim/pacer.js';
import { Scheduler } from '../../sim/scheduler.js';

/** A host whose time passes only in `pass`; sleeps end late by `lateness` µs. */
class FakeHost implements PacerHost {
  time = 5_000_000;
  lateness = 0;
  sleeps = 0;
  polls = 0;
  private next: { at: number; fn: () => void } | null = null;

  now(): number {
    return this.time;
  }
  sleep(ms: number, fn: () => void): () => void {
    this.sleeps++;
    return this.book(this.time + ms * 1000 + this.lateness, fn);
  }
  soon(fn: () => void): () => void {
    this.polls++;
    return this.book(this.time + 20, fn);
  }
  get booked(): boolean {
    return this.next !== null;
  }
  pass(ms: number): void {
    const end = this.time + ms * 1000;
    while (this.next && this.next.at <= end) {
      const { at, fn } = this.next;
      this.next = null;
      this.time = Math.max(this.time, at);
      fn();
    }
    this.time = end;
  }
  private book(at: number, fn: () => void): () => void {
    const entry = { at, fn };
    this.next = entry;
    return () => {
      if (this.next === entry) this.next = null;
    };
  }
}

describe('real-time pacer', () => {
  it('runs no event before its time, and none much later', () => {
    const host = new FakeHost();
    const scheduler = new Scheduler();
    const pacer = new Pacer(scheduler, { host });
    const late: number[] = [];
    for (const at of [1000, 1500, 40_000, 2_500_000]) {
      scheduler.at(at, () => late.push(host.time - 5_000_000 - at));
    }
    pacer.start();
    host.pass(3000);
    assert.equal(late.length, 4);
    for (const l of late) assert.ok(l >= 0 && l <= 1000, `late by ${l} µs`);
    assert.equal(host.booked, false);
  });

  it('sleeps while idle and polls for a moment after input', () => {
    const host = new FakeHost();
    const scheduler = new Scheduler();
    const pacer = new Pacer(scheduler, { host });
    let n = 0;
    const tick = (): void => {
      n++;
      scheduler.after(1000, tick);
    };
    tick();
    pacer.start();
    host.pass(1000);
    assert.ok(n >= 990 && n <= 1002, `${n} ticks`);
    assert.equal(host.polls, 0);
    assert.ok(host.sleeps <= 1001);
    const replies: number[] = [];
    pacer.inject(() => scheduler.after(300, () => replies.push(host.time)));
    const asked = host.time;
    host.pass(1);
    assert.ok(replies[0]! - asked >= 300 && replies[0]! - asked <= 330);
    const polls = host.polls;
    host.pass(100);
    assert.ok(host.polls - polls < 200, 'polling ends');
  });

  it('injects at the present, after what is due', () => {
    const host = new FakeHost();
    const scheduler = new Scheduler();
    const pacer = new Pacer(scheduler, { host });
    const log: string[] = [];
    pacer.start();
    scheduler.at(2000, () => log.push('due'));
    host.time += 7000;
    pacer.inject(() => log.push(`in ${scheduler.now}`));
    assert.deepEqual(log, ['due', 'in 7000']);
  });

  it('lets the wall clock catch up with a task that spent time', () => {
    const host = new FakeHost();
    const scheduler = new Scheduler();
    const pacer = new Pacer(scheduler, { host });
    const at: number[] = [];
    scheduler.at(1000, () => scheduler.runUntil(9000));
    scheduler.at(9500, () => at.push(host.time - 5_000_000));
    pacer.start();
    host.pass(50);
    assert.ok(at[0]! >= 9500 && at[0]! < 10_600);
  });

  it('writes off a long pause instead of racing through it', () => {
    const host = new FakeHost();
    const scheduler = new Scheduler();
    const pacer = new Pacer(scheduler, { host, maxLag: 100 });
    let n = 0;
    const tick = (): void => {
      n++;
      scheduler.after(1000, tick);
    };
    tick();
    pacer.start();
    host.pass(10);
    host.lateness = 60_000_000;
    host.pass(2);
    host.lateness = 0;
    host.pass(60_000);
    const before = n;
    host.pass(20);
    assert.ok(before < 200, `${before} ticks raced`);
    assert.ok(n - before >= 15);
    assert.ok(pacer.lost > 50_000_000);
    pacer.stop();
    assert.equal(host.booked, false);
  });
});
