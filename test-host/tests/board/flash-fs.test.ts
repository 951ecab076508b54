// Kaluma's `flash` and `fs` on the simulated board: what they do, what they cost, and what survives a reset.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { SimulatedBoard } from '../../board/board.js';
import { FLASH_FS_CASES, flashFsProgram, resultLines } from './flash-fs-cases.js';

function boot(bundle: string): SimulatedBoard {
  const scheduler = new Scheduler();
  const board = new SimulatedBoard({ scheduler, bundle });
  board.start();
  scheduler.runFor(1e6);
  return board;
}

describe('board: Kaluma’s flash and fs', () => {
  for (const one of FLASH_FS_CASES) {
    it(one.name, () => assert.deepEqual(boot(flashFsProgram(one)).lines, resultLines(one)));
  }

  it('keep what they hold over a reset, but open files', () => {
    const board = boot(`
      var fs = require('fs'), Flash = require('flash').Flash, f = new Flash(52, 1);
      if (!fs.exists('/a')) {
        fs.writeFile('/a', new Uint8Array([1, 2]));
        fs.write(fs.open('/b', 'w'), new Uint8Array(300));
        f.write(0, new Uint8Array(256), 256);
      }`);
    board.reset();
    assert.equal(board.evaluate('[fs.stat("/a").size, fs.stat("/b").size].join()'), '2,0');
    assert.equal(
      board.evaluate('var b = new Uint8Array(4); f.read(0, b, 254); [].slice.call(b).join()'),
      '255,255,0,0',
    );
    assert.deepEqual([...board.files.content('/a')], [1, 2]);
  });

  it('hold the program, which replaces all of its area', () => {
    const board = boot('var first = 1;');
    board.flashChip.place(0x130000, Uint8Array.of(1, 2, 3));
    const program = (): unknown =>
      board.evaluate(`(function () {
        var b = new Uint8Array(16), F = require('flash').Flash;
        new F(4, 1).read(0, b, 0); var s = new TextDecoder().decode(b).split('\\0')[0];
        new F(52, 1).read(0, b, 0); return s + b[2] + ',' + b[3];
      })()`);
    assert.equal(program(), 'var first = 1;3,255');
    board.flash('var é = 2;');
    board.reset();
    assert.equal(program(), 'var é = 2;255,255');
    assert.equal(board.evaluate('é'), 2);
  });

  it('an erased program is not started', () => {
    const board = boot('var first = 1; var F = require("flash").Flash; new F(4, 1).ioctl(6, 0);');
    board.reset();
    assert.equal(board.evaluate('typeof first'), 'undefined');
    assert.deepEqual(board.errors, []);
  });

  it('say so where Kaluma would hang', () => {
    const board = boot('var fs = require("fs"), b = new Uint8Array(4), w = fs.open("/a", "w");');
    for (const [code, why] of [
      ['fs.read(w, b)', 'the file is not open for reading'],
      ['fs.write(w, b, 0, 5)', 'memory beyond the array'],
      ['fs.close(w); fs.write(fs.open("/a"), b)', 'the file is not open for writing'],
    ]) {
      assert.throws(() => board.evaluate(code!), new RegExp(`Kaluma hangs here: ${why}`));
    }
  });

  it('take a board’s time', () => {
    const board = boot(`
      var fs = require('fs'), Flash = require('flash').Flash, f = new Flash(52, 64), b = new Uint8Array(4096);
      fs.writeFile('/a', b); var fd = fs.open('/a');`);
    const time = (call: string): number =>
      board.evaluate(`var t = micros(); ${call}; micros() - t`) as number;
    for (const [call, least, most] of [
      ['f.read(0, b, 0)', 380, 440],
      ['f.ioctl(6, 0)', 45_000, 45_200],
      ['f.write(0, b, 0)', 6400, 6600],
      ['fs.read(fd, b, 0, 4096, 0)', 2700, 3000],
      ['fs.stat("/a")', 2000, 2500],
    ] as const) {
      const us = time(call);
      assert.ok(us >= least && us <= most, `${call}: ${us} µs`);
    }
  });
});
