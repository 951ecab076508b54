// Kaluma's `events`, `stream`, `net` and `http` on the simulated board, without a wire: over a network device of the test.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { SimulatedBoard } from '../../board/board.js';
import { caseProgram, HANGING_CASE, MODULE_CASES, noteLines } from './kaluma-module-cases.js';

function boot(bundle: string): SimulatedBoard {
  const scheduler = new Scheduler();
  const board = new SimulatedBoard({ scheduler, bundle });
  board.start();
  scheduler.runFor(2e6);
  return board;
}

describe('board: Kaluma’s stream, net and http', () => {
  for (const one of MODULE_CASES) {
    it(one.name, () => assert.deepEqual(boot(caseProgram(one)).lines, noteLines(one)));
  }

  it('refuse sockets and servers without a network device', () => {
    const board = boot('');
    for (const make of [
      'new (require("net").Socket)()',
      'require("net").createServer()',
      'require("http").createServer()',
      'require("http").get({ host: "x" })',
    ]) {
      const text = board.evaluate(`try { ${make}; '' } catch (e) { '' + e + (e instanceof Error) }`);
      assert.equal(text, 'Error: Network device not foundtrue', make);
    }
  });

  it('say so where Kaluma would hang', () => {
    assert.match(boot(caseProgram(HANGING_CASE)).errors[0]!.message, /^Error: Kaluma's http hangs here/);
  });

  it('take a board’s time to load', () => {
    const us = boot('').evaluate('var t = micros(); require("http"); micros() - t') as number;
    assert(us > 18000 && us < 18100, `${us} µs`);
  });
});
