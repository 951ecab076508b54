// The table for the simulated board's `events`, `stream`, `net` and `http`, on Kaluma's own: what the model is held to.

import assert from 'node:assert/strict';
import type { Chunk } from '../../emulator/image.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import {
  caseProgram,
  HANGING_CASE,
  MODULE_CASES,
  noteLines,
  type ModuleCase,
} from '../board/kaluma-module-cases.js';
import { needKaluma } from '../support/kaluma.js';

describe("emulator: Kaluma's stream, net and http over a device of the test", function () {
  this.timeout(120_000);
  let firmware: Chunk[];

  before(function () {
    firmware = needKaluma(this);
  });

  /** Runs a case for 3 s at most. @returns the notes that it has told, and errors */
  function run(one: ModuleCase): string[] {
    const scheduler = new Scheduler();
    const port = new Switch(scheduler).addPort({ delay: 5 });
    const { board, text } = createEmulatedPico({ scheduler, port, firmware, bundle: caseProgram(one) });
    board.start();
    const told = (): string[] => text.lines.filter((line) => /Error|^notes/.test(line));
    scheduler.runWhile(() => told().length >= one.steps.length, 3e6);
    board.stop();
    return told();
  }

  for (const one of MODULE_CASES) it(one.name, () => assert.deepEqual(run(one), noteLines(one)));

  it(HANGING_CASE.name, () => assert.deepEqual(run(HANGING_CASE), []));
});
