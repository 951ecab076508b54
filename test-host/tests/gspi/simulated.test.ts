// The radio of a simulated Pico W, word by word: through Kaluma's `rp2`, in the time of the bus, with the traps of the real one.

import assert from 'node:assert/strict';
import { createPicoW } from '../../board/pico-cyw43.js';
import type { SimulatedBoard } from '../../board/board.js';
import { Scheduler } from '../../sim/scheduler.js';
import { FakeSlave } from './fake-slave.js';
import { GSPI_PROGRAM } from './gspi-program.js';
import { KALUMA_LINES, KALUMA_LOG, KALUMA_PROGRAM } from './kaluma-program.js';

function boot(bundle = KALUMA_PROGRAM): { board: SimulatedBoard; chip: FakeSlave } {
  const made = createPicoW({ scheduler: new Scheduler(), bundle, chip: new FakeSlave() });
  made.board.start();
  assert.deepEqual(made.board.errors, []);
  return made;
}

/** Runs code that throws. @returns the error's text */
function failure(board: SimulatedBoard, code: string): string {
  return board.evaluate(`try { ${code}; '' } catch (e) { '' + e + (e instanceof Error) }`) as string;
}

describe('gSPI on the simulated Pico W', () => {
  it('carries words both ways', () => {
    const { board, chip } = boot();
    assert.deepEqual(board.lines, KALUMA_LINES);
    const log = chip.log.join(', ');
    assert.equal(log.slice(log.indexOf('power 1')), KALUMA_LOG);
  });

  it('has the program of the HAL from its assembler', () => {
    assert.deepEqual(boot().board.evaluate('Array.from(asm.toBinary()).join()'), GSPI_PROGRAM.join());
  });

  it('takes the time of the bus', () => {
    const { board } = boot();
    board.scheduler.runFor(100);
    board.evaluate('var many = new Uint32Array(1002); many[0] = 0x7d1f0000; many[1] = 0x80000000');
    const us = board.evaluate('var t = micros(); sm.put(many); micros() - t') as number;
    // 1001 words of 1.024 us without the four that still wait, 18 us for the call, 15 us for the clock.
    assert.ok(us > 1050 && us < 1060, `${us} µs`);
    assert.equal(board.evaluate('sm.txfifo()'), 0);
  });

  it('drops the words that a short header counts', () => {
    const { board, chip } = boot();
    chip.log.length = 0;
    board.evaluate(
      'sm.put(new Uint32Array([3, 0x1f0000, 1, 0x1f0000])); sm.put(new Uint32Array([0x1f0000, 7, 0]))',
    );
    assert.equal(chip.log.join(), 'select,in 7,deselect');
  });

  it('shows the interrupt between transactions', () => {
    const { board, chip } = boot();
    board.evaluate('var seen = []; setWatch(function () { seen.push(digitalRead(24)); }, 24, RISING)');
    chip.setInterrupt(1);
    board.scheduler.runFor(5000);
    assert.deepEqual(board.evaluate('seen.join()'), '1');
    board.evaluate('sm.put(new Uint32Array([0x1f003f, 0x4]))');
    assert.equal(board.evaluate('digitalRead(24)'), 1, 'the transaction is through');
    board.evaluate('sm.put(new Uint32Array([0x1f00ff, 0x20]))');
    assert.equal(board.evaluate('digitalRead(24)'), 0, 'it waits for room: still selected');
  });

  it('throws where a call would never return', () => {
    const { board } = boot();
    const forever = /^Error: gSPI: .*: this call would never returntrue$/;
    assert.match(failure(board, 'sm.get()'), forever);
    board.evaluate('sm.put(new Uint32Array([0x1f00ff, 0x20, 0x1f0000, 0x80000000, 0x1f0000, 0x80000000]))');
    assert.equal(board.evaluate('sm.txfifo()'), 4);
    assert.match(failure(board, 'sm.put(1)'), forever);
  });

  it('begins anew with a machine that is initialised again', () => {
    const { board, chip } = boot();
    board.evaluate('sm.put(new Uint32Array([0x1f00ff, 0x20, 0x1f0000]))');
    chip.log.length = 0;
    board.evaluate('sm.restart()');
    assert.deepEqual(chip.log, ['deselect']);
    assert.equal(board.evaluate('sm.rxfifo() + sm.txfifo()'), 0);
    board.evaluate('sm.put(new Uint32Array([0x1f001f, 0x4])); sm.get()');
    assert.equal(chip.log.join(), 'deselect,select,in 4,out 0,deselect');
  });

  it('loses pins whose mode is set behind the machine', () => {
    const { board } = boot();
    board.evaluate('pinMode(24, INPUT)');
    assert.equal(failure(board, 'sm.put(0)'), 'Error: PIO: pinMode() has taken GPIO 24 awaytrue');
  });

  it('takes the power with a reset, and gives none before the program does', () => {
    const { board, chip } = boot();
    board.flash('');
    board.reset();
    assert.equal(chip.log.at(-1), 'power 0');
    assert.equal(
      failure(board, 'require("rp2"); process.binding(process.binding.rp2).pio_sm_get(0, 0)'),
      'Error: PIO: this call would never returntrue',
    );
  });
});
