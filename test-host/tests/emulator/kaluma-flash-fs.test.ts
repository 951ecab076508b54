// Kaluma's own `flash` and `fs` on the emulated board: the same as on the simulated one.

import assert from 'node:assert/strict';
import type { Chunk } from '../../emulator/image.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { FLASH_FS_CASES, flashFsProgram, resultLines } from '../board/flash-fs-cases.js';
import { needKaluma } from '../support/kaluma.js';

/** Device time that a case has, µs. */
const LIMIT = 20e6;

describe("emulator: Kaluma's flash and fs", function () {
  this.timeout(120_000);
  let firmware: Chunk[];

  before(function () {
    firmware = needKaluma(this);
  });

  for (const one of FLASH_FS_CASES) {
    it(one.name, () => {
      const scheduler = new Scheduler();
      const port = new Link(scheduler).a;
      const bundle = flashFsProgram(one);
      const { board, text } = createEmulatedPico({ scheduler, port, firmware, bundle });
      board.start();
      const told = (): string[] => text.lines.filter((line) => /Error|^step/.test(line));
      scheduler.runWhile(() => told().length >= one.steps.length, LIMIT);
      board.stop();
      assert.deepEqual(told(), resultLines(one));
    });
  }
});
