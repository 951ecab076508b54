// The realm that a program finds: Kaluma's globals and JerryScript's language, nothing of Node's.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { SimulatedBoard } from '../../board/board.js';

function boot(bundle: string): SimulatedBoard {
  const board = new SimulatedBoard({ scheduler: new Scheduler(), bundle });
  board.start();
  return board;
}

describe('board: language and globals', () => {
  it('has Kaluma’s globals', () => {
    const board = boot('');
    const names =
      'global console print require process board storage setTimeout setInterval clearTimeout clearInterval ' +
      'delay delayMicroseconds millis micros pinMode digitalRead digitalWrite digitalToggle setWatch clearWatch ' +
      'attachInterrupt detachInterrupt analogRead TextEncoder TextDecoder btoa atob SystemError HIGH LOW INPUT ' +
      'OUTPUT INPUT_PULLUP INPUT_PULLDOWN RISING FALLING CHANGE LOW_LEVEL HIGH_LEVEL';
    for (const name of names.split(' ')) {
      assert.notEqual(board.evaluate(`typeof ${name}`), 'undefined', name);
    }
    assert.equal(board.evaluate('global === globalThis'), true);
    assert.equal(
      board.evaluate('process.version + process.arch + process.platform'),
      '1.2.1cortex-m0-plusrp2',
    );
    assert.equal(board.evaluate('[RISING, FALLING, CHANGE, INPUT_PULLUP].join()'), '8,4,12,2');
  });

  it('lacks what JerryScript and Kaluma lack', () => {
    const board = boot('');
    const names =
      'Buffer WebAssembly structuredClone SharedArrayBuffer Atomics Intl queueMicrotask setImmediate performance ' +
      'WeakRef FinalizationRegistry AggregateError Iterator fetch module exports';
    for (const name of names.split(' ')) {
      assert.equal(board.evaluate(`typeof ${name}`), 'undefined', name);
    }
    assert.equal(board.evaluate('typeof Promise.allSettled + typeof [].at'), 'undefinedundefined');
    assert.equal(board.evaluate('typeof console.warn'), 'undefined');
  });

  it('runs the program in strict mode', () => {
    const board = boot('undeclared = 1;');
    assert.match(board.lines.join('\n'), /ReferenceError/);
    assert.equal(board.errors.length, 1);
    assert.equal(boot('function f() { return this; } var t = f();').evaluate('t'), undefined);
  });

  it('keeps realms apart', () => {
    const scheduler = new Scheduler();
    const a = new SimulatedBoard({ scheduler, bundle: 'Array.prototype.mine = 1; var here = 1;' });
    const b = new SimulatedBoard({ scheduler, bundle: '' });
    a.start();
    b.start();
    assert.equal(a.evaluate('[].mine'), 1);
    assert.equal(b.evaluate('[].mine'), undefined);
    assert.equal(b.evaluate('typeof here'), 'undefined');
    assert.equal(([] as unknown as { mine?: number }).mine, undefined);
  });

  it('makes natives and their results citizens of the realm', () => {
    const board = boot('');
    assert.equal(board.evaluate('digitalWrite instanceof Function'), true);
    assert.equal(board.evaluate('new TextEncoder().encode("ä") instanceof Uint8Array'), true);
    assert.equal(
      board.evaluate(
        'try { setTimeout(function () {}); "none" } catch (e) { "" + (e instanceof TypeError) + e }',
      ),
      'trueTypeError: "delay" argument must be a number',
    );
    assert.equal(
      board.evaluate('try { clearTimeout(undefined); "none" } catch (e) { "" + e }'),
      'TypeError: "id" argument must be a number',
    );
    assert.equal(
      board.evaluate(
        'try { digitalRead(99); "none" } catch (e) { e.errno + e.message + (e instanceof Error) }',
      ),
      '-140Invalid pin numbertrue',
    );
  });

  it('keeps typed arrays working as the heap model counts them', () => {
    const board = boot('');
    const js = `
      var a = new Uint8Array([1, 2, 3, 4]), s = a.subarray(1, 3);
      [a instanceof Uint8Array, s instanceof Uint8Array, s.length, s.buffer === a.buffer, Uint8Array.BYTES_PER_ELEMENT,
       a.constructor === Uint8Array, Uint8Array.from([7]).length, new Uint16Array(a.buffer)[0],
       new DataView(a.buffer).getUint8(3), Object.prototype.toString.call(a)].join()`;
    assert.equal(board.evaluate(js), 'true,true,2,true,1,true,1,513,4,[object Uint8Array]');
    const before = board.heap!.jsBytes;
    board.evaluate('new Uint8Array(64)');
    assert.equal(board.heap!.jsBytes - before, 112);
    board.evaluate('a.subarray(0, 1)');
    assert.equal(board.heap!.jsBytes - before, 144);
  });

  it('shows virtual time in Date, and seeded numbers in Math.random', () => {
    const scheduler = new Scheduler();
    const one = new SimulatedBoard({ scheduler, bundle: '', seed: 5 });
    const two = new SimulatedBoard({ scheduler, bundle: '', seed: 5 });
    one.start();
    two.start();
    assert.equal(one.evaluate('Math.random()'), two.evaluate('Math.random()'));
    scheduler.runFor(5_000_000);
    assert.equal(one.evaluate('Date.now()'), 5000);
    assert.equal(one.evaluate('new Date().getTime()'), 5000);
    assert.equal(one.evaluate('new Date(7).getTime() + (new Date() instanceof Date)'), 8);
  });

  it('loads the simulated modules and names those it lacks', () => {
    const board = boot('');
    assert.equal(board.evaluate('typeof require("spi").SPI'), 'function');
    assert.equal(board.evaluate('require("spi") === require("spi")'), true);
    assert.equal(
      board.evaluate(
        'var n = 0, E = require("events").EventEmitter, e = new E(); e.once("x", function (v) { n += v; }); e.emit("x", 2); e.emit("x", 2); n',
      ),
      2,
    );
    assert.equal(board.evaluate('typeof require("rp2").randomBigInt()'), 'bigint');
    assert.throws(() => board.evaluate('require("pwm")'), /Module "pwm" is not simulated/);
    assert.throws(() => board.evaluate('require("left-pad")'), /Failed to load module: left-pad/);
  });

  it('reads the ADC with noise', () => {
    const board = boot('var seen = {}; for (var i = 0; i < 50; i++) seen[analogRead(30)] = 1;');
    assert.ok((board.evaluate('Object.keys(seen).length') as number) > 4);
    assert.ok(board.busyTime >= 50_000);
    assert.throws(() => board.evaluate('analogRead(5)'), /Invalid pin number/);
  });

  it('refuses a program that a board could not hold', () => {
    assert.throws(() => boot('x'.repeat(600000)), /600000 bytes/);
    assert.throws(() => boot('"\0"'), /NUL byte/);
  });
});
