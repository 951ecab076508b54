// Programs for Kaluma on the simulated board's `wifi`, `net` and `http`, over the devices of the app kaluma-wifi as built:
// they do what test-host/tests/emulator/kaluma-wifi.test.ts has them do on Kaluma's firmware.

import assert from 'node:assert/strict';
import { createPicoW } from '../../board/pico-cyw43.js';
import { kalumaWifiProgramTests, type MakeWifiBoard } from '../support/kaluma-wifi-programs.js';

const simulated: MakeWifiBoard = ({ scheduler, chip, bundle, image }) => {
  const { board } = createPicoW({ scheduler, chip, bundle });
  board.flashChip.place(image.offset, image.bytes);
  return {
    lines: board.lines,
    start: () => board.start(),
    stop: () => board.stop(),
    type: (line) => board.input(line),
    assertSound() {
      for (const [trap, n] of Object.entries(board.traps)) assert.equal(n, 0, trap);
    },
  };
};

describe("board: Kaluma's wifi, net and http on a Pico W's own radio", function () {
  this.timeout(120_000);
  kalumaWifiProgramTests(simulated);
});
