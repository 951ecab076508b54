// Semaphores and mailboxes between tasks.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK, ERR_TIMEOUT, ERR_WOULDBLOCK } from '../../../firmware/stack/core/err.js';
import {
  sysMboxFetch,
  sysMboxNew,
  sysMboxPost,
  sysMboxTryfetch,
  sysMboxTrypost,
  type SysMbox,
} from '../../../firmware/stack/core/sys_mbox.js';
import { sysSemNew, sysSemSignal, sysSemTry, sysSemWait } from '../../../firmware/stack/core/sys_sem.js';
import type { TaskSteps } from '../../../firmware/stack/core/task.js';
import { assertClean } from '../../harness/clean.js';
import { Ground } from './ground.js';

describe('semaphores', () => {
  it('hand out their tokens at once while there are any', () => {
    const g = new Ground();
    const sem = sysSemNew(g.stack, 2);
    assert.equal(sysSemWait(sem, 0), ERR_OK);
    assert(sysSemTry(sem));
    assert(!sysSemTry(sem));
    assert.equal(typeof sysSemWait(sem, 0), 'object');
  });

  it('give each token to who has waited longest, one for each signal', () => {
    const g = new Ground();
    const sem = sysSemNew(g.stack, 0);
    function* task(name: string): TaskSteps {
      g.note(name + ' ' + (yield sysSemWait(sem, 0)));
    }
    for (const name of ['a', 'b', 'c']) g.start(task(name));
    g.settle();
    sysSemSignal(sem);
    assert(!sysSemTry(sem), 'the token is promised already');
    g.settle();
    assert.deepEqual(g.take(), ['a 0']);
    sysSemSignal(sem);
    sysSemSignal(sem);
    sysSemSignal(sem);
    g.settle();
    assert.deepEqual(g.take(), ['b 0', 'c 0']);
    assert.equal(sem.count, 1);
  });

  it('time out, and lose no token by it', () => {
    const g = new Ground();
    const sem = sysSemNew(g.stack, 0);
    const results: number[] = [];
    function* task(): TaskSteps {
      results.push(yield sysSemWait(sem, 10));
      results.push(yield sysSemWait(sem, 10));
    }
    g.start(task());
    g.run(10);
    assert.deepEqual(results, [ERR_TIMEOUT]);
    g.now += 10;
    sysSemSignal(sem);
    g.settle();
    assert.deepEqual(results, [ERR_TIMEOUT, ERR_OK]);
    assert.equal(sem.count, 0);
    assertClean(g);
  });

  it('keep tasks apart, as a mutex', () => {
    const g = new Ground();
    const sem = sysSemNew(g.stack, 1);
    const next = sysSemNew(g.stack, 0);
    let inside = 0;
    function* task(name: string): TaskSteps {
      for (let i = 0; i < 3; i++) {
        yield sysSemWait(sem, 0);
        assert.equal(++inside, 1);
        g.note(name);
        yield sysSemWait(next, 0);
        inside--;
        sysSemSignal(sem);
      }
    }
    g.start(task('a'));
    g.start(task('b'));
    for (let i = 0; i < 6; i++) {
      g.settle();
      sysSemSignal(next);
    }
    g.settle();
    assert.deepEqual(g.failed, []);
    assert.equal(g.take().sort().join(''), 'aaabbb');
    assert.equal(sem.count, 1);
  });
});

describe('mailboxes', () => {
  it('keep the order, and refuse the try variants when full or empty', () => {
    const g = new Ground();
    const mbox = sysMboxNew<string>(g.stack, 2);
    const out = { message: null as string | null };
    assert.equal(sysMboxTryfetch(mbox, out), ERR_WOULDBLOCK);
    assert.equal(sysMboxTrypost(mbox, 'a'), ERR_OK);
    assert.equal(sysMboxPost(mbox, 'b'), ERR_OK);
    assert.equal(sysMboxTrypost(mbox, 'c'), ERR_MEM);
    assert.equal(sysMboxTryfetch(mbox, out), ERR_OK);
    assert.equal(out.message, 'a');
    assert.equal(sysMboxFetch(mbox, out, 0), ERR_OK);
    assert.equal(out.message, 'b');
  });

  it('time out when nothing comes', () => {
    const g = new Ground();
    const mbox = sysMboxNew<string>(g.stack, 2);
    const out = { message: null as string | null };
    g.result('fetch', sysMboxFetch(mbox, out, 15));
    g.run(14);
    assert.deepEqual(g.take(), []);
    g.run(1);
    assert.deepEqual(g.take(), ['fetch ERR_TIMEOUT']);
    assert.equal(sysMboxTrypost(mbox, 'a'), ERR_OK);
    assert.equal(out.message, null);
    assertClean(g);
  });

  for (const size of [1, 2, 7]) {
    for (const [posters, fetchers] of [
      [1, 1],
      [3, 1],
      [1, 3],
      [3, 2],
    ] as const) {
      it(`of size ${size}: ${posters} post, ${fetchers} fetch, nothing lost and nothing twice`, () => {
        const g = new Ground();
        const mbox = sysMboxNew<string>(g.stack, size);
        const got: string[] = [];
        const each = 60;
        const share = (posters * each) / fetchers;
        for (let i = 0; i < fetchers; i++) g.start(fetch(mbox, got, share));
        for (let i = 0; i < posters; i++) g.start(post(mbox, 'abc'[i]!, each));
        g.settle();
        assert.deepEqual(g.failed, []);
        assert.equal(got.length, posters * each);
        for (let i = 0; i < posters; i++) {
          const mine = got.filter((m) => m[0] === 'abc'[i]).map((m) => +m.slice(1));
          // Who has fetched first need not be resumed first.
          if (fetchers > 1) mine.sort((a, b) => a - b);
          assert.deepEqual(
            mine,
            Array.from({ length: each }, (_, n) => n),
          );
        }
        assert.deepEqual([mbox.messages, mbox.fetchers.head, mbox.posters.head], [[], null, null]);
        assertClean(g);
      });
    }
  }
});

function* post(mbox: SysMbox<string>, name: string, count: number): TaskSteps {
  for (let i = 0; i < count; i++) assert.equal(yield sysMboxPost(mbox, name + i), ERR_OK);
}

function* fetch(mbox: SysMbox<string>, got: string[], count: number): TaskSteps {
  const out = { message: null as string | null };
  for (let i = 0; i < count; i++) {
    assert.equal(yield sysMboxFetch(mbox, out, 0), ERR_OK);
    got.push(out.message!);
  }
}
