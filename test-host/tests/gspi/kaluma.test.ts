// The program of the simulated board's test on Kaluma itself: real instructions of its state machine, and real pins.

import assert from 'node:assert/strict';
import { createEmulatedPicoW } from '../../emulator/kaluma-pico-w.js';
import { Scheduler } from '../../sim/scheduler.js';
import { needKaluma } from '../support/kaluma.js';
import { FakeSlave } from './fake-slave.js';
import { KALUMA_LINES, KALUMA_LOG, KALUMA_PROGRAM } from './kaluma-program.js';

describe('gSPI under Kaluma on the emulated Pico W', function () {
  this.timeout(60_000);

  it('carries the same words as on the simulated board', function () {
    const scheduler = new Scheduler();
    const { board, chip, text } = createEmulatedPicoW({
      scheduler,
      firmware: needKaluma(this),
      bundle: KALUMA_PROGRAM,
      chip: new FakeSlave(),
    });
    board.start();
    const told = (): string[] => text.lines.filter((line) => /^[0-9a-f ]+$/.test(line));
    scheduler.runWhile(() => told().length >= KALUMA_LINES.length, 3e6);
    board.stop();
    assert.deepEqual(told(), KALUMA_LINES);
    const log = chip.log.join(', ');
    assert.equal(log.slice(log.indexOf('power 1')), KALUMA_LOG);
  });
});
