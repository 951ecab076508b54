// The table for the simulated board's `wifi`, on Kaluma's own: what the model is held to.

import assert from 'node:assert/strict';
import type { Chunk } from '../../emulator/image.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import { caseProgram, noteLines, type ModuleCase } from '../board/kaluma-module-cases.js';
import { WIFI_CASES, WIFI_DEVICE } from '../board/kaluma-wifi-cases.js';
import { needKaluma } from '../support/kaluma.js';

describe("emulator: Kaluma's wifi over a device of the test", function () {
  this.timeout(120_000);
  let firmware: Chunk[];

  before(function () {
    firmware = needKaluma(this);
  });

  /** Runs a case for 3 s at most. @returns the notes that it has told, and errors */
  function run(one: ModuleCase): string[] {
    const scheduler = new Scheduler();
    const port = new Switch(scheduler).addPort({ delay: 5 });
    const bundle = caseProgram(one, WIFI_DEVICE);
    const { board, text } = createEmulatedPico({ scheduler, port, firmware, bundle });
    board.start();
    const told = (): string[] => text.lines.filter((line) => /^Uncaught|^notes/.test(line));
    scheduler.runWhile(() => told().length >= one.steps.length, 3e6);
    board.stop();
    return told();
  }

  for (const one of WIFI_CASES) it(one.name, () => assert.deepEqual(run(one), noteLines(one)));
});
