// Timers, watches, console and errors of the simulated board, in virtual time.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { NO_COST } from '../../board/cost.js';
import { SimulatedBoard, type BoardOptions } from '../../board/board.js';

function boot(bundle: string, options: Partial<BoardOptions> = {}): SimulatedBoard {
  const board = new SimulatedBoard({ scheduler: new Scheduler(), bundle, ...options });
  board.start();
  return board;
}

describe('board: event loop', () => {
  it('fires a timer once the millisecond counter is past its time', () => {
    const board = boot(
      'var t = []; setTimeout(function () { t.push(micros()); }, 0); setTimeout(function () { t.push(micros()); }, 5);',
      { cost: NO_COST },
    );
    board.scheduler.runFor(20_000);
    assert.equal(board.evaluate('t.join()'), '1000,6000');
  });

  it('orders timers, repeats intervals, and clears both', () => {
    const board = boot(
      `var log = '', n = 0;
       var gone = setTimeout(function () { log += 'x'; }, 1); clearTimeout(gone);
       setTimeout(function () { log += 'a'; }, 2); setTimeout(function () { log += 'b'; }, 2);
       var i = setInterval(function () { log += 'i'; if (++n === 3) clearInterval(i); }, 10);`,
    );
    board.scheduler.runFor(100_000);
    assert.equal(board.evaluate('log'), 'abiii');
  });

  it('never nests tasks, however long one spends on its bus', () => {
    const board = boot(
      `var log = [];
       setTimeout(function () { log.push('in'); delay(20); log.push('out'); }, 1);
       setTimeout(function () { log.push('late'); }, 5);`,
    );
    board.scheduler.runFor(100_000);
    assert.equal(board.evaluate('log.join()'), 'in,out,late');
    assert.ok(board.busyTime >= 20_000);
  });

  it('ends an interval that throws, and reports it', () => {
    const board = boot('var n = 0;\nsetInterval(function () { n++;\n throw new Error("boom"); }, 2);');
    board.scheduler.runFor(50_000);
    assert.equal(board.evaluate('n'), 1);
    assert.deepEqual(board.lines.slice(0, 2), ['Error: boom', '  at <anonymous>:3']);
    assert.equal(board.errors.length, 1);
  });

  it('drops the program when it throws at start-up, and keeps the prompt', () => {
    const board = boot(
      'var x = 1; setTimeout(function () { console.log("ghost"); }, 1); throw new TypeError("no");',
    );
    board.scheduler.runFor(10_000);
    board.input('typeof x');
    board.scheduler.runFor(10_000);
    assert.deepEqual(board.lines, ['TypeError: no', '  at <anonymous>:1', "'undefined'"]);
  });

  it('notices edges by polling each turn, so a pulse between two turns goes unseen', () => {
    const board = boot(
      'var n = 0; pinMode(20, INPUT_PULLUP); setWatch(function (pin) { n += pin; }, 20, FALLING);',
    );
    const { scheduler } = board;
    board.drive(20, 1);
    scheduler.runFor(5_000);
    board.drive(20, 0);
    scheduler.runFor(5_000);
    assert.equal(board.evaluate('n'), 20);
    board.drive(20, 1);
    scheduler.runFor(5_000);
    assert.equal(board.evaluate('n'), 20);
    board.drive(20, 0);
    board.drive(20, 1);
    scheduler.runFor(5_000);
    assert.equal(board.evaluate('n'), 20);
  });

  it('repeats a level watch each turn, and clears a watch', () => {
    const board = boot(
      'var n = 0; var w = setWatch(function () { if (++n === 4) clearWatch(w); }, 3, LOW_LEVEL);',
    );
    board.scheduler.runFor(50_000);
    assert.equal(board.evaluate('n'), 4);
  });

  it('queues interrupts and counts those that would have cut into JavaScript', () => {
    const board = boot(
      `var log = ''; attachInterrupt(5, function (pin, event) { log += pin + ':' + event + ' '; }, RISING);
       setTimeout(function () { log += 'a '; delay(10); log += 'b '; }, 1);`,
    );
    board.scheduler.after(5_000, () => board.drive(5, 1));
    board.scheduler.runFor(50_000);
    assert.equal(board.evaluate('log'), 'a b 5:8 ');
    assert.equal(board.traps.interruptInTask, 1);
  });

  it('runs promise jobs after the task that made them', () => {
    const board = boot(
      `var log = ''; setTimeout(function () { Promise.resolve(1).then(function () { log += 'p'; }); log += 't'; }, 1);`,
    );
    board.scheduler.runFor(5_000);
    assert.equal(board.evaluate('log'), 'tp');
  });

  it('charges natives their measured time', () => {
    const board = boot(
      'var t = []; setTimeout(function () { var a = micros(); digitalWrite(2, 1); var b = micros(); t.push(b - a); }, 1);',
    );
    board.scheduler.runFor(5_000);
    assert.equal(board.evaluate('t[0]'), 19 + 15);
  });

  it('stops a task that would never end', () => {
    const board = boot('setTimeout(function () { for (;;) digitalRead(1); }, 1);', { maxTask: 100_000 });
    board.scheduler.runFor(1_000_000);
    assert.match(board.errors[0]!.message, /more than 0.1 s/);
  });

  it('loads no program while GPIO 22 is held low', () => {
    const board = new SimulatedBoard({ scheduler: new Scheduler(), bundle: 'console.log("hi")' });
    board.drive(22, 0);
    board.start();
    assert.deepEqual(board.lines, []);
    board.drive(22, null);
    board.reset();
    assert.deepEqual(board.lines, ['hi']);
  });

  it('stops and resets cleanly', () => {
    const board = boot('var n = 0; storage.setItem("k", "v"); setInterval(function () { n++; }, 1);');
    board.scheduler.runFor(10_000);
    assert.ok((board.evaluate('n') as number) > 5);
    board.reset();
    assert.equal(board.evaluate('n'), 0);
    assert.equal(board.evaluate('storage.getItem("k")'), 'v');
    board.stop();
    assert.equal(board.scheduler.nextTime(), Infinity);
  });
});

describe('board: several on one scheduler', () => {
  it('run side by side, busy or not', () => {
    const scheduler = new Scheduler();
    const bundle = 'var n = 0; setInterval(function () { delay(3); n++; }, 10);';
    const boards = ['a', 'b', 'c'].map((name) => new SimulatedBoard({ scheduler, bundle, name }));
    for (const board of boards) board.start();
    scheduler.runFor(1_000_000);
    for (const board of boards) {
      const n = board.evaluate('n') as number;
      assert.ok(n >= 95 && n <= 100, `${board.name}: ${n}`);
    }
  });
});

describe('board: prompt', () => {
  const type = (board: SimulatedBoard, line: string): string[] => {
    const before = board.lines.length;
    board.input(line);
    board.scheduler.runFor(10_000);
    return board.lines.slice(before);
  };

  it('evaluates lines in strict mode and prints the result', () => {
    const board = boot('var x = { a: 1, list: [1, "two"], f: function () {} };');
    assert.deepEqual(type(board, '1 + 2'), ['3']);
    assert.deepEqual(type(board, '"text"'), ["'text'"]);
    assert.deepEqual(type(board, 'var y = 4'), ['undefined']);
    assert.deepEqual(type(board, 'y'), ['4']);
    assert.deepEqual(type(board, 'zzz = 1'), ['ReferenceError: zzz is not defined']);
    assert.match(type(board, 'var =')[0]!, /^SyntaxError/);
    assert.deepEqual(type(board, 'x'), [
      '{',
      '  a: 1,',
      '  list: [',
      '    1,',
      "    'two'",
      '  ],',
      '  f: [Function]',
      '}',
    ]);
    assert.deepEqual(type(board, 'new Uint8Array(2)'), ['Uint8Array [', '  0,', '  0', ']']);
    assert.deepEqual(type(board, 'console.log("a", 1, null)'), ['a 1 null', 'undefined']);
    assert.deepEqual(type(board, ''), []);
  });

  it('knows Kaluma’s commands', () => {
    const board = boot('var x = 1;');
    assert.match(type(board, '.mem')[0]!, /^total: 184312, occupied: \d+/);
    assert.deepEqual(type(board, '.nope'), ['Unknown command: .nope']);
    assert.deepEqual(type(board, '.reset'), ['soft reset']);
    assert.deepEqual(type(board, 'typeof x'), ["'undefined'"]);
    type(board, '.load');
    assert.deepEqual(type(board, 'x'), ['1']);
  });
});
