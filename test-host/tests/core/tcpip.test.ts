// The core context: its turn and mailbox, the core lock, and who is let in when.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import { MEMP_TCPIP_MSG } from '../../../firmware/stack/core/memp.js';
import type { Netif } from '../../../firmware/stack/core/netif.js';
import { pbufAllocRx, pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { sysWait, type Wait } from '../../../firmware/stack/core/sys.js';
import type { TaskSteps } from '../../../firmware/stack/core/task.js';
import {
  tcpipCallback,
  tcpipEnter,
  tcpipInpkt,
  tcpipIrq,
  tcpipLater,
  tcpipLeave,
  tcpipLock,
  tcpipSleeptime,
  tcpipTryCallback,
  tcpipTurn,
  tcpipUnlock,
} from '../../../firmware/stack/core/tcpip.js';
import { sysTimeout } from '../../../firmware/stack/core/timers.js';
import { assertClean } from '../../harness/clean.js';
import { Ground } from './ground.js';

const isWait = (r: number | Wait): r is Wait => typeof r !== 'number';

/** A sequential API's call that never blocks. */
function api(stack: Stack, fn: () => number): number | Wait {
  if (!tcpipEnter(stack)) return tcpipLater(stack, () => api(stack, fn));
  return tcpipLeave(stack, fn());
}

describe('core context: mailbox', () => {
  it('calls in the order of posting, in the next turn, in the core', () => {
    const g = new Ground();
    const { core } = g.stack.sys;
    for (const x of ['a', 'b', 'c']) {
      const err = tcpipCallback(
        g.stack,
        (y) => g.note(y + (g.stack.sys.holder === core ? '' : ' outside')),
        x,
      );
      assert.equal(err, ERR_OK);
    }
    assert.deepEqual(g.log, []);
    assert.equal(g.wakes, 1, 'woken once for all');
    g.settle();
    assert.deepEqual(g.take(), ['a', 'b', 'c']);
    assert.equal(g.turns, 1);
    assert.equal(g.stack.sys.holder, null);
    assertClean(g);
  });

  it('in a turn: frames, messages, time-outs, tasks; what messages post comes in the next', () => {
    const g = new Ground();
    function* task(): TaskSteps {
      g.note('task');
      yield 0;
    }
    g.driver = () => g.note('frames');
    sysTimeout(g.stack, 0, g.note, 'time-out');
    tcpipCallback(
      g.stack,
      () => {
        g.note('message');
        tcpipCallback(g.stack, g.note, 'second message');
      },
      0,
    );
    g.start(task());
    g.turn();
    assert.deepEqual(g.take(), ['frames', 'message', 'time-out', 'task']);
    g.driver = null;
    assert.equal(tcpipSleeptime(g.stack), 0);
    g.settle();
    assert.deepEqual(g.take(), ['second message']);
  });

  it('the try variant is refused by a full mailbox, and counted; the waiting one posts when there is room', () => {
    const g = new Ground({ TCPIP_MBOX_SIZE: 3 });
    const pool = g.stack.memp[MEMP_TCPIP_MSG]!;
    for (let i = 0; i < 3; i++) assert.equal(tcpipTryCallback(g.stack, g.note, 'try ' + i), ERR_OK);
    assert.equal(tcpipTryCallback(g.stack, g.note, 'too much'), ERR_MEM);
    assert.deepEqual({ ...pool }, { num: 3, used: 3, max: 3, err: 1 });
    for (let i = 0; i < 5; i++) {
      const r = tcpipCallback(g.stack, g.note, 'wait ' + i);
      assert(isWait(r));
      g.result('posted ' + i, r);
    }
    assert.equal(pool.err, 1, 'to wait is not to be refused');
    g.settle();
    assert.deepEqual(
      g.take().filter((x) => !x.startsWith('posted')),
      ['try 0', 'try 1', 'try 2', 'wait 0', 'wait 1', 'wait 2', 'wait 3', 'wait 4'],
    );
    assert.deepEqual({ ...pool }, { num: 3, used: 0, max: 3, err: 1 });
    assert.equal(g.stack.sys.posters.head, null);
    assertClean(g);
  });

  it('goes round its ring for ever, with numbers that stay small', () => {
    const g = new Ground({ TCPIP_MBOX_SIZE: 3 });
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j <= i % 3; j++) assert.equal(tcpipTryCallback(g.stack, g.note, i + '.' + j), ERR_OK);
      g.settle();
      assert.deepEqual(
        g.take(),
        [0, 1, 2].slice(0, (i % 3) + 1).map((j) => i + '.' + j),
      );
    }
    assert(g.stack.sys.write < 6);
  });

  it('a packet goes through it; a full one leaves it with the caller', () => {
    const g = new Ground({ TCPIP_MBOX_SIZE: 2 });
    const netif = { stack: g.stack } as Netif;
    const input = (p: Pbuf, n: Netif): void => {
      assert.equal(n, netif);
      g.note('packet of ' + p.totLen);
      pbufFree(p);
    };
    const packets = [1, 2, 3].map((n) => pbufAllocRx(g.stack, new Uint8Array(n * 10), 0, n * 10)!);
    assert.deepEqual(
      packets.map((p) => tcpipInpkt(p, netif, input)),
      [ERR_OK, ERR_OK, ERR_MEM],
    );
    assert.equal(packets[2]!.ref, 1);
    pbufFree(packets[2]!);
    g.settle();
    assert.deepEqual(g.take(), ['packet of 10', 'packet of 20']);
    assertClean(g);
  });

  it('an interrupt in the middle of a post takes the next place', () => {
    const g = new Ground({ TCPIP_MBOX_SIZE: 4 });
    const sys = g.stack.sys;
    // The wake-up call is the one thing that a post calls: the handler comes there, and in the filling of the place.
    const fns = sys.fns;
    let armed = true;
    sys.fns = new Proxy(fns, {
      set(target, key, value): boolean {
        if (armed) {
          armed = false;
          tcpipIrq(g.stack, 'IRQ', () =>
            assert.equal(tcpipTryCallback(g.stack, g.note, 'interrupt'), ERR_OK),
          );
        }
        return Reflect.set(target, key, value);
      },
    });
    assert.equal(tcpipTryCallback(g.stack, g.note, 'post'), ERR_OK);
    assert.equal(sys.irq, '');
    g.settle();
    assert.deepEqual(g.take(), ['post', 'interrupt']);
    assertClean(g);
  });

  it('interrupts at every point of a turn lose nothing and wake the loop again', () => {
    const g = new Ground();
    const interrupt = (x: string): void => {
      tcpipIrq(g.stack, 'IRQ', () => void tcpipTryCallback(g.stack, g.note, x));
    };
    function* task(): TaskSteps {
      interrupt('in task');
      yield 0;
    }
    g.driver = () => {
      g.driver = null;
      interrupt('in poll');
    };
    tcpipTryCallback(g.stack, () => interrupt('in message'), 0);
    sysTimeout(g.stack, 0, () => interrupt('in time-out'), 0);
    g.start(task());
    g.settle();
    assert.deepEqual(g.take().sort(), ['in message', 'in poll', 'in task', 'in time-out']);
    assertClean(g);
  });

  it('an exception in a turn gives the lock back, and the rest of the work has its turn', () => {
    const g = new Ground();
    const fail = (): void => {
      throw new Error('bad callback');
    };
    tcpipCallback(g.stack, fail, 0);
    tcpipCallback(g.stack, g.note, 'next message');
    sysTimeout(g.stack, 0, fail, 0);
    sysTimeout(g.stack, 0, g.note, 'next time-out');
    g.settle();
    assert.deepEqual(g.thrown, ['bad callback', 'bad callback']);
    assert.deepEqual(g.take(), ['next message', 'next time-out']);
    assert.equal(g.stack.sys.holder, null);
    assert.equal(g.stack.sys.runs, g.stack.sys.main);
    // Also with the time-out alone in the way, so that nothing but the sleep time brings the next turn.
    sysTimeout(g.stack, 5, fail, 0);
    sysTimeout(g.stack, 10, g.note, 'later');
    g.run(20);
    assert.deepEqual(g.take(), ['later']);
    assertClean(g);
  });

  it('an exception between enter and leave, or a lock not given back, in a callback does not outlast the turn', () => {
    const g = new Ground();
    tcpipCallback(g.stack, () => void api(g.stack, () => assert.fail('inside')), 0);
    tcpipCallback(g.stack, () => void tcpipLock(g.stack), 0);
    g.settle();
    assert.deepEqual(g.thrown, ['inside']);
    assert.equal(g.stack.sys.holder, null);
    assert.equal(tcpipLock(g.stack), ERR_OK);
    tcpipUnlock(g.stack);
    assert.equal(g.stack.sys.holder, null);
  });

  it('a turn within a turn leaves the order of things', () => {
    const g = new Ground();
    function* task(): TaskSteps {
      g.note('task begins');
      tcpipTurn(g.stack, () => g.note('frames'));
      g.note('task ends');
      yield 0;
    }
    function* other(): TaskSteps {
      g.note('other task');
      yield 0;
    }
    tcpipCallback(
      g.stack,
      () => {
        tcpipTurn(g.stack, () => g.note('never'));
        g.note('message');
      },
      0,
    );
    g.start(task());
    g.start(other());
    g.settle();
    assert.deepEqual(g.take(), ['message', 'task begins', 'frames', 'task ends', 'other task']);
    assert.equal(g.stack.sys.holder, null);
  });
});

describe('core context: lock', () => {
  it('is taken again by its holder, and given back as often', () => {
    const g = new Ground();
    assert.equal(tcpipLock(g.stack), ERR_OK);
    assert.equal(tcpipLock(g.stack), ERR_OK);
    assert(tcpipEnter(g.stack));
    assert.equal(tcpipLeave(g.stack, 7), 7);
    tcpipUnlock(g.stack);
    assert.notEqual(g.stack.sys.holder, null);
    tcpipUnlock(g.stack);
    assert.equal(g.stack.sys.holder, null);
    tcpipUnlock(g.stack);
    assert.equal(g.stack.sys.depth, 0, 'once too often does nothing');
  });

  it('held by a task over several turns: frames and time-outs wait, then come; other tasks go on', () => {
    const g = new Ground();
    let done: (value: number) => void = () => undefined;
    const promise = { then: (fn: (value: number) => void) => void (done = fn) };
    function* holder(): TaskSteps {
      g.note('locked ' + (yield tcpipLock(g.stack)));
      yield promise;
      g.note('unlocks');
      tcpipUnlock(g.stack);
      g.note('goes on');
      yield 0;
    }
    function* other(): TaskSteps {
      g.note('other goes on');
      g.note('result ' + (yield api(g.stack, () => 42)));
    }
    sysTimeout(g.stack, 10, g.note, 'time-out');
    g.start(holder());
    g.settle();
    g.driver = () => g.note('frames');
    g.start(other());
    tcpipCallback(g.stack, g.note, 'message');
    g.run(30);
    assert.deepEqual(g.take(), ['locked 0', 'other goes on']);
    assert(g.turns < 10, `a held lock does not keep the loop busy: ${g.turns} turns`);
    assert.equal(tcpipSleeptime(g.stack), -1);
    done(0);
    g.turn();
    g.turn();
    g.driver = null;
    g.settle();
    assert.deepEqual(g.take(), ['unlocks', 'goes on', 'frames', 'message', 'time-out', 'result 42']);
    assertClean(g);
  });

  it('a time-out that is all there is comes when the lock is given back', () => {
    const g = new Ground();
    assert.equal(tcpipLock(g.stack), ERR_OK);
    sysTimeout(g.stack, 10, g.note, 'time-out');
    g.run(50);
    assert.deepEqual(g.take(), []);
    tcpipUnlock(g.stack);
    g.settle();
    assert.deepEqual(g.take(), ['time-out']);
  });

  it('a time-out set outside of a turn has the loop look at its sleep time', () => {
    const g = new Ground();
    g.settle();
    const before = g.wakes;
    sysTimeout(g.stack, 10, g.note, 'a');
    assert.equal(g.wakes, before + 1);
    g.settle();
    sysTimeout(g.stack, 20, g.note, 'b');
    assert.equal(g.wakes, before + 1, 'not for a later one');
    g.run(30);
    assert.deepEqual(g.take(), ['a', 'b']);
  });

  it('goes to those who wait for it in their order', () => {
    const g = new Ground();
    function* task(name: string): TaskSteps {
      const err = yield tcpipLock(g.stack);
      g.note(name + ' has it ' + err);
      // A turn for the others, while it is held.
      yield { then: (fn: (value: number) => void) => void queueLater.push(() => fn(0)) };
      g.note(name + ' gives it back');
      tcpipUnlock(g.stack);
    }
    const queueLater: (() => void)[] = [];
    for (const name of ['a', 'b', 'c']) g.start(task(name));
    for (let i = 0; i < 5; i++) {
      g.settle();
      queueLater.shift()?.();
    }
    g.settle();
    assert.deepEqual(
      g.take(),
      ['a', 'b', 'c'].flatMap((n) => [n + ' has it 0', n + ' gives it back']),
    );
    assert.equal(g.stack.sys.holder, null);
    assert.equal(g.stack.sys.lockers.head, null);
  });

  it('is not given back by who does not hold it', () => {
    const g = new Ground();
    function* thief(): TaskSteps {
      tcpipUnlock(g.stack);
      yield 0;
    }
    assert.equal(tcpipLock(g.stack), ERR_OK);
    g.start(thief());
    g.settle();
    assert.equal(g.stack.sys.holder, g.stack.sys.main);
  });

  it('ends with the task that holds it, also when that throws', () => {
    const g = new Ground();
    function* ends(): TaskSteps {
      yield tcpipLock(g.stack);
      yield tcpipLock(g.stack);
    }
    function* throws(): TaskSteps {
      g.note('next ' + (yield tcpipLock(g.stack)));
      api(g.stack, () => assert.fail('inside'));
    }
    function* last(): TaskSteps {
      g.note('last ' + (yield tcpipLock(g.stack)));
    }
    g.start(ends());
    g.start(throws());
    g.start(last());
    g.settle();
    assert.deepEqual(g.take(), ['next 0', 'last 0']);
    assert.deepEqual(g.failed, ['inside']);
    assert.equal(g.stack.sys.holder, null);
  });

  it('calls that find it held come in their order, as many as the mailbox holds', () => {
    const g = new Ground({ TCPIP_MBOX_SIZE: 5 });
    function* holder(): TaskSteps {
      yield tcpipLock(g.stack);
      yield { then: (fn: (value: number) => void) => void (done = fn) };
      tcpipUnlock(g.stack);
    }
    let done: (value: number) => void = () => undefined;
    g.start(holder());
    g.settle();
    for (let i = 1; i <= 6; i++) {
      g.result(
        'call ' + i,
        api(g.stack, () => i),
      );
    }
    g.settle();
    assert.deepEqual(g.take(), ['call 6 ERR_MEM']);
    assert.equal(g.stack.memp[MEMP_TCPIP_MSG]!.err, 1);
    done(0);
    g.settle();
    assert.deepEqual(g.take(), ['call 1 1', 'call 2 2', 'call 3 3', 'call 4 4', 'call 5 5']);
    assertClean(g);
  });

  it('a queued call that has to wait gives its result when it has one', () => {
    const g = new Ground();
    let asked = 0;
    let wait: Wait | null = null;
    const blocking = (): number | Wait => {
      if (!tcpipEnter(g.stack)) return tcpipLater(g.stack, blocking);
      asked++;
      wait = sysWait(g.stack, null, 10, (_a, _b, late) => (late ? 99 : 1), 0, 0) as Wait;
      return tcpipLeave(g.stack, wait);
    };
    function* holder(): TaskSteps {
      yield tcpipLock(g.stack);
      g.result('call', inMain(blocking));
      tcpipUnlock(g.stack);
    }
    // As an interrupt of the task by the main program would do.
    const inMain = <T>(fn: () => T): T => {
      const sys = g.stack.sys;
      const runs = sys.runs;
      sys.runs = sys.main;
      const r = fn();
      sys.runs = runs;
      return r;
    };
    g.start(holder());
    g.settle();
    assert.equal(asked, 1);
    assert(wait);
    assert.deepEqual(g.take(), []);
    g.run(20);
    assert.deepEqual(g.take(), ['call 99']);
    assertClean(g);
  });
});
