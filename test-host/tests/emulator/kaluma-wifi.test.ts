// Programs for Kaluma on Kaluma's own `wifi`, `net` and `http`, over the devices of the app kaluma-wifi: on Kaluma's firmware,
// in device time, through PIO and pins.

import assert from 'node:assert/strict';
import type { Chunk } from '../../emulator/image.js';
import { createEmulatedPicoW } from '../../emulator/kaluma-pico-w.js';
import { needKaluma } from '../support/kaluma.js';
import { kalumaWifiProgramTests, type MakeWifiBoard } from '../support/kaluma-wifi-programs.js';

/** Milliseconds of real time. */
const LIMIT = 300_000;

describe("emulator: Kaluma's wifi, net and http on a Pico W's own radio", function () {
  this.timeout(LIMIT);
  let firmware: Chunk[];

  before(function () {
    firmware = needKaluma(this);
  });

  const emulated: MakeWifiBoard = ({ scheduler, chip, bundle, image }) => {
    const { board, text, type } = createEmulatedPicoW({
      scheduler,
      chip,
      firmware: [...firmware, image],
      bundle,
    });
    return {
      lines: text.lines,
      start: () => board.start(),
      stop: () => board.stop(),
      type,
      assertSound() {
        assert.equal(board.resets, 0);
        assert(board.deepestStack < 8192, `${board.deepestStack} bytes of C stack`);
      },
    };
  };

  kalumaWifiProgramTests(emulated);
});
