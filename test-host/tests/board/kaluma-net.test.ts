// Programs for Kaluma on the simulated board's `net` and `http`, over the network device of the app kaluma-netdev as built:
// they do what test-host/tests/emulator/kaluma-netdev.test.ts has them do on Kaluma's firmware.

import assert from 'node:assert/strict';
import { createPico } from '../../board/pico-enc28j60.js';
import { kalumaProgramTests, type MakeBoard } from '../support/kaluma-programs.js';

const simulated: MakeBoard = (scheduler, port, bundle) => {
  const { board, chip } = createPico({ scheduler, port, bundle });
  return {
    lines: board.lines,
    chip,
    start: () => board.start(),
    stop: () => board.stop(),
    type: (line) => board.input(line),
    assertSound() {
      for (const [trap, n] of Object.entries(board.traps)) assert.equal(n, 0, trap);
    },
  };
};

describe("board: Kaluma's net and http over __netdev", function () {
  this.timeout(120_000);
  kalumaProgramTests(simulated);
});
