// Programs for Kaluma on Kaluma's own `net` and `http`, over the network device of the app kaluma-netdev: on Kaluma's
// firmware, in device time.

import assert from 'node:assert/strict';
import type { Chunk } from '../../emulator/image.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { needKaluma } from '../support/kaluma.js';
import { kalumaProgramTests, type MakeBoard } from '../support/kaluma-programs.js';

/** Milliseconds of real time. */
const LIMIT = 300_000;

describe("emulator: Kaluma's net and http over __netdev", function () {
  this.timeout(LIMIT);
  let firmware: Chunk[];

  before(function () {
    firmware = needKaluma(this);
  });

  const emulated: MakeBoard = (scheduler, port, bundle) => {
    const { board, chip, text, type } = createEmulatedPico({ scheduler, port, firmware, bundle });
    return {
      lines: text.lines,
      chip,
      start: () => board.start(),
      stop: () => board.stop(),
      type,
      assertSound() {
        assert.equal(board.resets, 0);
        assert(board.deepestStack < 8192, `${board.deepestStack} bytes of C stack`);
      },
    };
  };

  kalumaProgramTests(emulated);
});
