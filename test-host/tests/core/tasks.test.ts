// Tasks and what they wait for: no turn is lost where a value is there, nobody is kept from theirs, no wake-up is missed.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import {
  BLOCKED,
  settle,
  sysBlock,
  sysCancel,
  sysEvent,
  sysEventAll,
  sysMsleep,
  sysWait,
  type Wait,
  type WaitQueue,
} from '../../../firmware/stack/core/sys.js';
import type { TaskSteps, Thenable } from '../../../firmware/stack/core/task.js';
import { tcpipCallback } from '../../../firmware/stack/core/tcpip.js';
import { assertClean } from '../../harness/clean.js';
import { Ground } from './ground.js';

/** Something to wait for: a heap of values. */
class Source {
  readonly queue: WaitQueue = { head: null };
  values: number[] = [];
  attempts = 0;

  constructor(readonly stack: Stack) {}

  get(ms = 0): number | Wait {
    return sysBlock(this.stack, this.queue, ms, take, this, 0);
  }

  put(...values: number[]): void {
    this.values.push(...values);
    sysEvent(this.queue);
  }

  get waiting(): number {
    let n = 0;
    for (let w = this.queue.head; w; w = w.next) n++;
    return n;
  }
}

function take(s: Source, _b: number, late: boolean): number {
  s.attempts++;
  return s.values.length ? s.values.shift()! : late ? -1 : BLOCKED;
}

function* reader(g: Ground, s: Source, name: string, count: number): TaskSteps {
  for (let i = 0; i < count; i++) g.note(name + ' ' + (yield s.get()));
}

/** A promise without a promise: settled by the test. */
class Promised implements Thenable {
  done!: (value: number) => void;
  failed!: (error: unknown) => void;
  then(done: (value: number) => void, failed: (error: unknown) => void): void {
    this.done = done;
    this.failed = failed;
  }
}

describe('tasks', () => {
  it('run to their end in one turn where all values are there', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    s.put(1, 2, 3, 4, 5);
    const task = g.start(reader(g, s, 'got', 5));
    assert.deepEqual(g.log, [], 'not from within taskStart()');
    g.settle();
    assert.deepEqual(g.take(), ['got 1', 'got 2', 'got 3', 'got 4', 'got 5']);
    assert.equal(g.turns, 1);
    assert(task.end.settled);
    assertClean(g);
  });

  it('resume in the turn that brings the value, one turn for a chain of them', () => {
    const g = new Ground();
    const a = new Source(g.stack);
    const b = new Source(g.stack);
    function* relay(): TaskSteps {
      for (let i = 0; i < 3; i++) b.put((yield a.get()) * 10);
    }
    g.start(relay());
    g.start(reader(g, b, 'got', 3));
    g.settle();
    const before = g.turns;
    tcpipCallback(g.stack, () => a.put(1, 2, 3), 0);
    g.settle();
    assert.deepEqual(g.take(), ['got 10', 'got 20', 'got 30']);
    assert.equal(g.turns, before + 1);
  });

  it('are woken by events outside of turns', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    g.start(reader(g, s, 'got', 2));
    g.settle();
    for (const n of [1, 2]) {
      const wakes = g.wakes;
      s.put(n);
      assert.equal(g.wakes, wakes + 1);
      g.settle();
    }
    assert.deepEqual(g.take(), ['got 1', 'got 2']);
  });

  it('wait in the order of arrival', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    for (const name of ['a', 'b', 'c']) g.start(reader(g, s, name, 2));
    g.settle();
    assert.equal(s.waiting, 3);
    s.put(1, 2, 3, 4, 5, 6);
    g.settle();
    // The first three serve who waits; who comes back finds the next at once.
    assert.deepEqual(g.take(), ['a 1', 'a 4', 'b 2', 'b 5', 'c 3', 'c 6']);
  });

  it('that find everything at once give the stack and the others their turn', () => {
    const g = new Ground();
    let left = 500;
    let frames = 0;
    function* busy(name: string): TaskSteps {
      for (; left > 0; left--) yield 1;
      g.note(name + ' ends');
    }
    g.driver = () => frames++;
    g.start(busy('a'));
    g.start(busy('b'));
    function* other(): TaskSteps {
      g.note('other after ' + (500 - left));
      yield 0;
    }
    g.start(other());
    g.settle();
    g.driver = null;
    const [first, ...ends] = g.take();
    assert.equal(first, 'other after 62', 'after a burst of each of the others');
    assert.deepEqual(ends.sort(), ['a ends', 'b ends']);
    assert(frames >= 15, `${frames} turns`);
    assert(frames <= 20, `${frames} turns`);
  });

  it('keep their value when their turn is over in between', () => {
    const g = new Ground();
    const seen: number[] = [];
    function* task(): TaskSteps {
      for (let i = 0; i < 100; i++) seen.push(yield i);
    }
    g.start(task());
    g.settle();
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('that throw are told of, end, and leave the others alone', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    function* bad(): TaskSteps {
      yield s.get();
      throw new Error('out of ideas');
    }
    function* join(): TaskSteps {
      g.note('joined ' + (yield task.end));
    }
    const task = g.start(bad());
    g.start(join());
    g.start(reader(g, s, 'got', 1));
    g.settle();
    s.put(1, 2);
    g.settle();
    assert.deepEqual(g.failed, ['out of ideas']);
    assert.deepEqual(g.take(), ['got 2', 'joined 0']);
    assert(task.end.settled);
    assertClean(g);
  });

  it('that throw with nobody to tell throw out of the turn, and the others go on', () => {
    const g = new Ground();
    g.stack.sys.onTaskError = null;
    // eslint-disable-next-line require-yield
    function* bad(): TaskSteps {
      throw new Error('unheard');
    }
    g.start(bad());
    g.start(reader(g, new Source(g.stack), 'never', 1));
    const s = new Source(g.stack);
    s.put(5);
    g.start(reader(g, s, 'got', 1));
    g.settle();
    assert.deepEqual(g.thrown, ['unheard']);
    assert.deepEqual(g.take(), ['got 5']);
    assert.equal(g.stack.sys.runs, g.stack.sys.main);
  });

  it('wait for the end of another, ended already or not', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    const task = g.start(reader(g, s, 'got', 1));
    function* join(name: string): TaskSteps {
      g.note(name + ' ' + (yield task.end));
    }
    g.start(join('during'));
    g.settle();
    s.put(7);
    g.settle();
    g.start(join('after'));
    g.settle();
    assert.deepEqual(g.take(), ['got 7', 'during 0', 'after 0']);
  });

  it('two that would wait for the same Wait: the second is told, the first gets it', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    const w = s.get();
    function* one(name: string): TaskSteps {
      g.note(name + ' ' + (yield w));
    }
    g.start(one('first'));
    g.start(one('second'));
    g.settle();
    assert.deepEqual(g.failed, ['a Wait is for one to wait for']);
    s.put(3);
    g.settle();
    assert.deepEqual(g.take(), ['first 3']);
  });

  it('yield promises; one that fails ends the task with its error', () => {
    const g = new Ground();
    const p = new Promised();
    const q = new Promised();
    function* task(): TaskSteps {
      g.note('got ' + (yield p));
      yield q;
      g.note('never');
    }
    const t = g.start(task());
    g.settle();
    p.done(8);
    assert.deepEqual(g.log, [], 'not from within the promise');
    p.done(9);
    g.settle();
    assert.deepEqual(g.take(), ['got 8']);
    q.failed(new Error('broken'));
    q.failed(new Error('again'));
    q.done(1);
    g.settle();
    assert.deepEqual(g.take(), []);
    assert.deepEqual(g.failed, ['broken']);
    assert(t.end.settled);
  });

  it('yield real promises', async () => {
    const g = new Ground();
    function* task(): TaskSteps {
      g.note('got ' + (yield Promise.resolve(4)));
      yield Promise.reject(new Error('no'));
    }
    g.start(task());
    for (let i = 0; i < 5; i++) {
      g.settle();
      await Promise.resolve();
    }
    assert.deepEqual(g.take(), ['got 4']);
    assert.deepEqual(g.failed, ['no']);
  });
});

describe('waits', () => {
  it('can be awaited by an async function', async () => {
    const g = new Ground();
    const s = new Source(g.stack);
    const f = async (): Promise<number> => (await s.get()) + (await s.get());
    const jobs = (): Promise<void> => new Promise((done) => setImmediate(done));
    const sum = f();
    s.put(1);
    await jobs();
    g.settle();
    await jobs();
    assert.equal(s.waiting, 1);
    s.put(2);
    g.settle();
    assert.equal(await sum, 3);
  });

  it('call the function of then() once, in a later turn, also when settled before', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    const w = s.get() as Wait;
    w.then((n) => g.note('early ' + n));
    assert.throws(() => w.then(() => g.note('second')), /for one to wait for/);
    s.put(1);
    assert.deepEqual(g.log, []);
    assert.equal(g.settle().take().join(), 'early 1');

    const v = s.get() as Wait;
    s.put(2);
    v.then((n) => g.note('late ' + n));
    assert.throws(() => v.then(() => g.note('second')), /for one to wait for/);
    assert.deepEqual(g.log, []);
    assert.equal(g.settle().take().join(), 'late 2');
    assert.throws(() => v.then(() => g.note('third')), /for one to wait for/);
    g.settle();
    assert.deepEqual(g.log, []);
  });

  it('run what was handed to then() as the main program, which may throw', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    (s.get() as Wait).then(() => {
      assert.equal(g.stack.sys.runs, g.stack.sys.main);
      throw new Error('in then');
    });
    (s.get() as Wait).then((n) => g.note('next ' + n));
    s.put(1, 2);
    g.settle();
    assert.deepEqual(g.failed, ['in then']);
    assert.deepEqual(g.take(), ['next 2']);
  });

  it('hand out what handOut makes of the result, at that moment', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    const w = s.get() as Wait;
    w.handOut = (n) => {
      g.note('handing out');
      return n * 2;
    };
    function* task(): TaskSteps {
      g.note('got ' + (yield w));
    }
    g.start(task());
    g.settle();
    s.put(21);
    assert.deepEqual(g.log, []);
    g.settle();
    assert.deepEqual(g.take(), ['handing out', 'got 42']);
  });

  it('end by time-out, to the millisecond, and give it back when the event comes first', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    g.result('a', s.get(10));
    g.result('b', s.get(20));
    g.run(9);
    assert.deepEqual(g.take(), []);
    g.run(1);
    assert.deepEqual(g.take(), ['a ERR_MEM']);
    s.put(5);
    g.settle();
    assert.deepEqual(g.take(), ['b 5']);
    assert.equal(g.stack.timeouts, null);
    g.run(100);
    assert.deepEqual(g.take(), []);
    assert.equal(s.waiting, 0);
    assertClean(g);
  });

  it('get ERR_MEM when no time-out is free, and are not in the queue then', () => {
    const g = new Ground({ MEMP_NUM_SYS_TIMEOUT: 8 });
    const s = new Source(g.stack);
    const used = g.stack.memp[8]!.used;
    for (let i = used; i < 8; i++) assert.notEqual(s.get(10), ERR_MEM);
    const waiting = s.waiting;
    assert.equal(s.get(10), ERR_MEM);
    assert.equal(sysMsleep(g.stack, 10), ERR_MEM);
    assert.equal(s.waiting, waiting);
  });

  it('event and time-out in the same turn settle once, whichever comes first', () => {
    for (const eventFirst of [true, false]) {
      const g = new Ground();
      const s = new Source(g.stack);
      if (!eventFirst) g.result('got', s.get(10));
      tcpipCallback(
        g.stack,
        () => {
          if (eventFirst) g.result('got', s.get(0));
        },
        0,
      );
      g.settle();
      if (eventFirst) {
        g.result('second', s.get(10));
        g.now += 10;
        tcpipCallback(g.stack, () => s.put(1, 2), 0);
      } else {
        g.now += 10;
        g.driver = () => {
          g.driver = null;
        };
        // The message is handled before the time-outs of the turn.
        tcpipCallback(g.stack, () => tcpipCallback(g.stack, () => s.put(1), 0), 0);
      }
      g.settle();
      assert.deepEqual(g.take(), eventFirst ? ['got 1', 'second 2'] : ['got ERR_MEM']);
      assert.deepEqual(s.values, eventFirst ? [] : [1]);
      assertClean(g);
    }
  });

  it('settled twice keep the first result and are resumed once', () => {
    const g = new Ground();
    const w = sysWait(g.stack, null, 10, () => 3, 0, 0) as Wait;
    g.result('got', w);
    settle(w, 1);
    settle(w, 2);
    g.settle();
    g.run(20);
    assert.deepEqual(g.take(), ['got 1']);
  });

  it('all end with sysCancel()', () => {
    const g = new Ground();
    const s = new Source(g.stack);
    for (const name of ['a', 'b', 'c']) g.result(name, s.get(100));
    sysCancel(s.queue, -15);
    g.settle();
    assert.deepEqual(g.take(), ['a ERR_CLSD', 'b ERR_CLSD', 'c ERR_CLSD']);
    assert.equal(s.waiting, 0);
    assert.equal(g.stack.timeouts, null);
    assertClean(g);
  });

  it('an attempt that causes the event of its own queue is not made twice at once', () => {
    const g = new Ground();
    const queue: WaitQueue = { head: null };
    const values = [1, 2, 3];
    let open = false;
    // As a mailbox does: to take makes room, and who posts there has a message for who fetches.
    const get = (): number => {
      if (!open || !values.length) return BLOCKED;
      const v = values.shift()!;
      sysEvent(queue);
      return v;
    };
    for (const name of ['a', 'b', 'c']) g.result(name, sysBlock(g.stack, queue, 0, get, 0, 0));
    open = true;
    sysEvent(queue);
    g.settle();
    assert.deepEqual(g.take(), ['a 1', 'b 2', 'c 3']);
    assert.equal(queue.head, null);
  });

  it('an attempt may end other waits of its queue, or its own', () => {
    for (const event of [sysEvent, sysEventAll]) {
      const g = new Ground();
      const queue: WaitQueue = { head: null };
      let go = false;
      const attempt = (name: string): number => {
        if (!go) return BLOCKED;
        if (name === 'a') sysCancel(queue, -15);
        return 1;
      };
      for (const name of ['a', 'b', 'c']) g.result(name, sysBlock(g.stack, queue, 0, attempt, name, 0));
      go = true;
      event(queue);
      g.settle();
      assert.deepEqual(g.take(), ['a ERR_CLSD', 'b ERR_CLSD', 'c ERR_CLSD']);
      assert.equal(queue.head, null);
    }
  });

  it('sysEventAll() reaches those behind one who stays blocked; sysEvent() does not', () => {
    const g = new Ground();
    const queue: WaitQueue = { head: null };
    let room = 0;
    const want = (n: number): number => {
      if (n > room) return BLOCKED;
      room -= n;
      return n;
    };
    for (const n of [5, 2, 1]) g.result('want ' + n, sysBlock(g.stack, queue, 0, want, n, 0));
    room = 3;
    sysEvent(queue);
    g.settle();
    assert.deepEqual(g.take(), []);
    sysEventAll(queue);
    g.settle();
    assert.deepEqual(g.take(), ['want 2 2', 'want 1 1']);
    room = 5;
    sysEvent(queue);
    g.settle();
    assert.deepEqual(g.take(), ['want 5 5']);
  });

  it('one that times out at the head of its queue lets those behind it through', () => {
    const g = new Ground();
    const queue: WaitQueue = { head: null };
    let room = 3;
    const want = (n: number, _b: number, late: boolean): number => {
      if (n > room) return late ? -3 : BLOCKED;
      room -= n;
      return n;
    };
    g.result('large', sysBlock(g.stack, queue, 10, want, 5, 0));
    // As a call does that keeps to the order of those who wait.
    g.result('small', sysWait(g.stack, queue, 0, want, 2, 0));
    g.run(9);
    assert.deepEqual(g.take(), []);
    g.run(1);
    assert.deepEqual(g.take(), ['large ERR_TIMEOUT', 'small 2']);
  });

  it('sysMsleep() sleeps so long, at least a millisecond', () => {
    const g = new Ground();
    const start = g.now;
    function* task(): TaskSteps {
      for (const ms of [10, 0, 5]) {
        assert.equal(yield sysMsleep(g.stack, ms), ERR_OK);
        g.note(String(g.now - start));
      }
    }
    g.start(task());
    g.run(100);
    assert.deepEqual(g.take(), ['10', '11', '16']);
    assertClean(g);
  });
});
