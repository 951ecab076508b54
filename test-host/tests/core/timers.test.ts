// Time-outs: order, wrap of the clock, taking back, exhaustion.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import { MEMP_SYS_TIMEOUT } from '../../../firmware/stack/core/memp.js';
import {
  sysCheckTimeouts,
  sysTimeout,
  sysTimeoutsSleeptime,
  sysUntimeout,
} from '../../../firmware/stack/core/timers.js';
import { createStack } from '../../../firmware/stack/init.js';

function make(start = 0) {
  const clock = { now: start };
  const stack = createStack({ clock: () => clock.now >>> 0, random16: () => 1 });
  const log: string[] = [];
  return { clock, stack, log, note: (x: string): void => void log.push(x) };
}

describe('timers', () => {
  it('run in order of time, equal times in order of setting', () => {
    const { clock, stack, log, note } = make();
    sysTimeout(stack, 30, note, 'c');
    sysTimeout(stack, 10, note, 'a');
    sysTimeout(stack, 30, note, 'd');
    sysTimeout(stack, 20, note, 'b');
    assert.equal(sysTimeoutsSleeptime(stack), 10);
    sysCheckTimeouts(stack);
    assert.deepEqual(log, []);
    clock.now = 20;
    sysCheckTimeouts(stack);
    assert.deepEqual(log, ['a', 'b']);
    clock.now = 100;
    assert.equal(sysTimeoutsSleeptime(stack), 0);
    sysCheckTimeouts(stack);
    assert.deepEqual(log, ['a', 'b', 'c', 'd']);
    assert.equal(sysTimeoutsSleeptime(stack), -1);
    assert.equal(stack.memp[MEMP_SYS_TIMEOUT]!.used, 0);
  });

  it('survive the wrap of the clock', () => {
    for (const start of [0x7fffffff - 5, 0xffffffff - 5]) {
      const { clock, stack, log, note } = make(start);
      sysTimeout(stack, 20, note, 'late');
      sysTimeout(stack, 3, note, 'early');
      assert.equal(sysTimeoutsSleeptime(stack), 3);
      clock.now = start + 19;
      sysCheckTimeouts(stack);
      assert.deepEqual(log, ['early']);
      assert.equal(sysTimeoutsSleeptime(stack), 1);
      clock.now = start + 20;
      sysCheckTimeouts(stack);
      assert.deepEqual(log, ['early', 'late']);
    }
  });

  it('can be taken back, one at a time, by function and argument', () => {
    const { clock, stack, log, note } = make();
    sysTimeout(stack, 5, note, 'x');
    sysTimeout(stack, 6, note, 'y');
    sysTimeout(stack, 7, note, 'x');
    sysUntimeout(stack, note, 'x');
    sysUntimeout(stack, note, 'unknown');
    clock.now = 10;
    sysCheckTimeouts(stack);
    assert.deepEqual(log, ['y', 'x']);
  });

  it('may set and take back others from within', () => {
    const { clock, stack, log, note } = make();
    sysTimeout(
      stack,
      1,
      () => {
        sysUntimeout(stack, note, 'victim');
        sysTimeout(stack, 0, note, 'same turn');
        sysTimeout(stack, 1, note, 'next turn');
      },
      null,
    );
    sysTimeout(stack, 1, note, 'victim');
    clock.now = 1;
    sysCheckTimeouts(stack);
    assert.deepEqual(log, ['same turn']);
    clock.now = 2;
    sysCheckTimeouts(stack);
    assert.deepEqual(log, ['same turn', 'next turn']);
  });

  it('are refused, and counted, when all are pending', () => {
    const { stack, note } = make();
    const n = stack.opt.MEMP_NUM_SYS_TIMEOUT - stack.memp[MEMP_SYS_TIMEOUT]!.used;
    for (let i = 0; i < n; i++) assert.equal(sysTimeout(stack, 1, note, 'x'), ERR_OK);
    assert.equal(sysTimeout(stack, 1, note, 'x'), ERR_MEM);
    assert.equal(stack.memp[MEMP_SYS_TIMEOUT]!.err, 1);
  });
});
