// The wiring of the Pico with its ENC28J60: a program reaches the chip's registers, its INT and its RESET pin.

import assert from 'node:assert/strict';
import { createPico, type Pico } from '../../board/pico-enc28j60.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

// DS39662E, 4.2: opcodes RCR 0x00, WCR 0x40, BFS 0x80; ECON1 0x1f, EIE 0x1b, EREVID 0x12 in bank 3.
const PROGRAM = `
  var SPI = require('spi').SPI, s = new SPI(0, { baudrate: 20000000 }), edges = 0;
  function io(bytes) {
    digitalWrite(17, 0);
    var r = s.transfer(new Uint8Array(bytes));
    digitalWrite(17, 1);
    return r[r.length - 1];
  }
  digitalWrite(17, 1); pinMode(17, OUTPUT); digitalWrite(17, 1);
  pinMode(20, INPUT_PULLUP);
  setWatch(function () { edges++; }, 20, FALLING);
`;

function boot(): Pico & { scheduler: Scheduler } {
  const scheduler = new Scheduler();
  const link = new Link(scheduler);
  const pico = createPico({ scheduler, bundle: PROGRAM, port: link.a });
  pico.board.start();
  scheduler.runFor(5000);
  assert.deepEqual(pico.board.errors, []);
  return { ...pico, scheduler };
}

describe('board: pico with enc28j60', () => {
  it('reaches the registers over SPI', () => {
    const { board, chip } = boot();
    // Revision B7 reads 6.
    assert.equal(board.evaluate('io([0x80 | 0x1f, 3]); io([0x12, 0])'), 6);
    assert.equal(chip.spiClockHz, 15.625e6);
    assert.equal(chip.misuse.total, 0);
    assert.equal(board.traps.spiUnselected, 0);
  });

  it('hears the INT pin', () => {
    const { board, chip, scheduler } = boot();
    // EIE: INTIE and DMAIE; a DMA copy of two bytes (EDMAND = 1) ends with an interrupt.
    board.evaluate('io([0x40 | 0x12, 1]); io([0x80 | 0x1b, 0xa0]); io([0x80 | 0x1f, 0x20])');
    scheduler.runFor(5000);
    assert.equal(chip.intPin, 0);
    assert.equal(board.evaluate('edges'), 1);
    assert.equal(board.evaluate('digitalRead(20)'), 0);
  });

  it('resets the chip with its pin', () => {
    const { board, chip } = boot();
    const before = chip.counters.resets;
    board.evaluate('pinMode(21, OUTPUT); delay(1)');
    assert.equal(chip.inReset, true);
    board.evaluate('digitalWrite(21, 1); delay(1)');
    assert.equal(chip.inReset, false);
    assert.equal(chip.counters.resets, before + 1);
  });
});
