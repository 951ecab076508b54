// Kaluma boots and works at its prompt on FastCpu and on rp2040js's interpreter, with the same registers, RAM and output at
// every checkpoint.

import assert from 'node:assert/strict';
import { BareKaluma } from './cpu-kaluma.js';

const CHECKPOINT = 5e6;
const END = 250e6;
const TYPED = 'for (var i = 0, s = ""; i < 300; i++) s += Math.sqrt(i); s.length\r';

describe('FastCpu: Kaluma', () => {
  it('does exactly what it does on the interpreter', function () {
    const file = process.env['LIGHTWIRE_KALUMA'];
    if (!file) {
      Object.assign(this.test!, { skipReason: 'LIGHTWIRE_KALUMA names no firmware image' });
      return this.skip();
    }
    this.timeout(300000);
    const slow = new BareKaluma(file, false);
    const fast = new BareKaluma(file, true);
    for (let cycles = CHECKPOINT; cycles <= END; cycles += CHECKPOINT) {
      for (const board of [slow, fast]) {
        if (cycles === 30 * CHECKPOINT) board.console.write(new TextEncoder().encode(TYPED));
        board.runTo(cycles);
      }
      assert.equal(fast.chip.core.cycles, slow.chip.core.cycles);
      const registers = Array.from(slow.chip.core.registers);
      // rp2040js's PC is odd within exception handlers.
      registers[15]! &= ~1;
      assert.deepEqual(Array.from(fast.chip.core.registers), registers, `registers after ${cycles} cycles`);
      assert.equal(fast.chip.core.xPSR, slow.chip.core.xPSR, `flags after ${cycles} cycles`);
      assert.equal(Buffer.compare(fast.chip.sram, slow.chip.sram), 0, `RAM after ${cycles} cycles`);
    }
    assert.equal(fast.output, slow.output);
    assert.match(fast.output, /\x1b\[95m\d{4}\x1b/);
  });
});
