// The spi module on the simulated board: bytes, time, and the traps of the real one.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { SimulatedBoard } from '../../board/board.js';
import { actualSpiClock, type SpiChip } from '../../board/spi-bus.js';

/** Answers each byte with its complement and remembers what came in. */
class EchoChip implements SpiChip {
  log: string[] = [];
  spiSelect(): void {
    this.log.push('(');
  }
  spiTransfer(tx: Uint8Array): Uint8Array {
    this.log.push([...tx].join());
    return tx.map((b) => b ^ 255);
  }
  spiDeselect(): void {
    this.log.push(')');
  }
}

const OPEN = 'var SPI = require("spi").SPI, s = new SPI(0, { baudrate: 20000000 }); pinMode(17, OUTPUT);';

function boot(bundle: string): { board: SimulatedBoard; chip: EchoChip } {
  const board = new SimulatedBoard({ scheduler: new Scheduler(), bundle });
  const chip = new EchoChip();
  board.connectSpi(0, 17, chip);
  board.start();
  assert.deepEqual(board.errors, []);
  return { board, chip };
}

describe('board: spi', () => {
  it('rounds the clock as the PL022’s dividers do', () => {
    assert.equal(actualSpiClock(20e6), 15.625e6);
    assert.equal(actualSpiClock(62.5e6), 62.5e6);
    assert.equal(Math.round(actualSpiClock(3e6)), 2976190);
    assert.ok(actualSpiClock(1000) <= 2000);
  });

  it('carries bytes to the selected chip and back', () => {
    const { board, chip } = boot(
      OPEN +
        `digitalWrite(17, 1); digitalWrite(17, 0);
         var n = s.send(new Uint8Array([1, 2])), r = s.transfer(new Uint8Array([3])), v = s.recv(2);
         digitalWrite(17, 1);`,
    );
    assert.deepEqual(chip.log, ['(', ')', '(', '1,2', '3', '0,0', ')']);
    assert.equal(
      board.evaluate('[n, r[0], v.length, v[1], r instanceof Uint8Array].join()'),
      '2,252,2,255,true',
    );
    assert.equal(board.traps.spiUnselected, 0);
  });

  it('spends the measured time', () => {
    const { board } = boot(OPEN + 'digitalWrite(17, 0);');
    const time = (call: string): number =>
      board.evaluate(`var a = micros(); ${call}; micros() - a - 15`) as number;
    assert.ok(Math.abs(time('s.send(new Uint8Array(3))') - 50) <= 2);
    assert.ok(Math.abs(time('s.transfer(new Uint8Array(3))') - 95) <= 2);
    assert.ok(Math.abs(time('s.transfer(new Uint8Array(1500))') - 947) <= 5);
    assert.ok(Math.abs(time('s.recv(1500)') - 939) <= 5);
  });

  it('sends the whole buffer of a subarray, and counts it', () => {
    const { board, chip } = boot(OPEN + 'digitalWrite(17, 0);');
    board.evaluate('s.send(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))');
    assert.equal(chip.log.at(-1), '1,2,3,4');
    assert.equal(board.evaluate('s.transfer(new Uint8Array([5, 6]).subarray(0, 1)).length'), 2);
    assert.equal(board.traps.spiSubarray, 2);
  });

  it('counts bytes that no chip, or two chips, hear', () => {
    const { board } = boot(OPEN + 'digitalWrite(17, 1);');
    board.connectSpi(0, 13, new EchoChip());
    board.evaluate('s.recv(1)');
    assert.equal(board.traps.spiUnselected, 1);
    board.evaluate('pinMode(13, OUTPUT); digitalWrite(13, 0); digitalWrite(17, 0); s.recv(1)');
    assert.equal(board.traps.spiContended, 1);
  });

  it('runs out of C heap at the 38th recv(1514) unless JavaScript allocates', () => {
    const { board } = boot(
      OPEN +
        'digitalWrite(17, 0); var n = 0, err; try { for (;;) { n++; s.recv(1514); } } catch (e) { err = e; }',
    );
    assert.equal(board.evaluate('n'), 38);
    assert.equal(board.evaluate('"" + err'), 'RangeError: Invalid offset.');
    assert.throws(() => board.evaluate('s.recv(1514)'));
    assert.equal(board.traps.cHeapFull, 2);
    board.evaluate('new Uint8Array(8192)');
    assert.equal(board.evaluate('s.recv(1514).length'), 1514);
    assert.ok(board.heap!.collections >= 1);
    // 200 in a row, with garbage in between, never fill it.
    board.evaluate('for (var i = 0; i < 200; i++) { s.recv(1514); new Uint8Array(1024); }');
    assert.equal(board.traps.cHeapFull, 2);
  });

  it('keeps what the program holds over a collection', () => {
    const scheduler = new Scheduler();
    const board = new SimulatedBoard({ scheduler, bundle: OPEN, heap: { held: 3040 } });
    board.start();
    board.evaluate('for (var i = 0; i < 5; i++) s.recv(1514); new Uint8Array(8192);');
    assert.equal(board.heap!.used, 3040);
    board.stop();
    assert.equal(board.heap!.used, 0);
  });

  it('refuses what Kaluma refuses', () => {
    const { board } = boot(OPEN);
    const text = (js: string): unknown =>
      board.evaluate(`try { ${js}; "none" } catch (e) { "" + (e.message || e) }`);
    assert.equal(text('new SPI(0)'), 'Device Init/Deinit Error');
    assert.equal(text('new SPI(1, { sck: 2 })'), 'Device Init/Deinit Error');
    assert.equal(text('new SPI(1, { mode: 9 })'), 'SPI mode error.');
    assert.equal(text('s.send([1])'), 'The data argument must be Uint8Array or string.');
    assert.equal(text('s.send()'), '"data" argument required');
    assert.equal(text('s.close(); s.send("x")'), 'SPI bus is not initialized.');
    assert.equal(text('new SPI(0)'), 'none');
  });
});
