// Kaluma's `wifi` on the simulated board, over a device of the test.

import assert from 'node:assert/strict';
import { SimulatedBoard } from '../../board/board.js';
import { Scheduler } from '../../sim/scheduler.js';
import { caseProgram, noteLines } from './kaluma-module-cases.js';
import { WIFI_CASES, WIFI_DEVICE } from './kaluma-wifi-cases.js';

function boot(bundle: string): SimulatedBoard {
  const scheduler = new Scheduler();
  const board = new SimulatedBoard({ scheduler, bundle });
  board.start();
  scheduler.runFor(2e6);
  return board;
}

describe('board: Kaluma’s wifi', () => {
  for (const one of WIFI_CASES) {
    it(one.name, () => {
      const lines = boot(caseProgram(one, WIFI_DEVICE)).lines;
      // What Kaluma prints of itself.
      assert.deepEqual(
        lines.filter((line) => line.startsWith('notes')),
        noteLines(one),
      );
    });
  }

  it('wants a device', () => {
    const text = boot('').evaluate(`try { new (require('wifi').WiFi)(); '' } catch (e) { '' + e }`);
    assert.equal(text, 'Error: IEEE 802.11 device not found');
  });
});
