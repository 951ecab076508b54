// netconnGethostbyname(): names in sequential programs.

import assert from 'node:assert/strict';
import { netconnGethostbyname } from '../../../firmware/api/netconn.js';
import { ERR_ARG, ERR_MEM, ERR_OK, ERR_VAL } from '../../../firmware/stack/core/err.js';
import { taskStart, type TaskSteps } from '../../../firmware/stack/core/task.js';
import { DnsBench } from '../dns/setup.js';
import { is } from './setup.js';

const WWW = 0x5db8d822;

describe('netconn: host names', () => {
  let bench: DnsBench;
  afterEach(() => bench.finish());

  /** Runs tasks to their ends. */
  function play(count: number, ...tasks: (() => TaskSteps)[]): void {
    bench = new DnsBench(count);
    let running = tasks.length;
    bench.host.stack.sys.onTaskError = (e) => {
      throw e;
    };
    for (const t of tasks) bench.host.do((stack) => taskStart(stack, t()).end.then(() => running--));
    assert(bench.scheduler.runWhile(() => running === 0, 600e6));
  }

  it('asks, and then knows', () => {
    play(1, function* () {
      const out = { addr: 1 };
      is(yield netconnGethostbyname(bench.host.stack, 'www.example.com', out), ERR_OK);
      assert.equal(out.addr, WWW);
      assert.equal(typeof netconnGethostbyname(bench.host.stack, 'www.example.com', out), 'number');
      is(yield netconnGethostbyname(bench.host.stack, '10.1.2.3', out), ERR_OK);
      assert.equal(out.addr, 0x0a010203);
      is(yield netconnGethostbyname(bench.host.stack, 'localhost', out), ERR_OK);
      assert.equal(out.addr, 0x7f000001);
    });
    assert.deepEqual(bench.asked(), ['www.example.com']);
  });

  it('several tasks ask for the same name, one too many', () => {
    const results: number[] = [];
    const asker = function* (): TaskSteps {
      const out = { addr: 0 };
      results.push(yield netconnGethostbyname(bench.host.stack, 'www.example.com', out));
      assert.equal(out.addr, results.at(-1) === ERR_OK ? WWW : 0);
    };
    play(1, asker, asker, asker, asker, asker);
    assert.deepEqual(results, [ERR_MEM, ERR_OK, ERR_OK, ERR_OK, ERR_OK]);
    assert.deepEqual(bench.asked(), ['www.example.com']);
  });

  it('no such host, no answer: ERR_VAL', () => {
    play(1, function* () {
      const out = { addr: 1 };
      is(yield netconnGethostbyname(bench.host.stack, 'nobody.example.com', out), ERR_VAL);
      assert.equal(out.addr, 0);
      bench.server.silent = true;
      is(yield netconnGethostbyname(bench.host.stack, 'www.example.com', out), ERR_VAL);
    });
  });

  it('no server, no name: ERR_VAL, ERR_ARG', () => {
    play(0, function* () {
      const out = { addr: 0 };
      is(yield netconnGethostbyname(bench.host.stack, 'www.example.com', out), ERR_VAL);
      is(yield netconnGethostbyname(bench.host.stack, '', out), ERR_ARG);
      is(yield netconnGethostbyname(bench.host.stack, 'a..b', out), ERR_ARG);
      is(yield netconnGethostbyname(bench.host.stack, 7 as unknown as string, out), ERR_ARG);
    });
  });
});
