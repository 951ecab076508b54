// The commands that open a serial port, on a pseudo-terminal with a Kaluma prompt behind it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../tools/flash/bundle-file.js';
import { openSerial } from '../../../tools/flash/serial/serial-line.js';
import { openPty } from '../../pty/pty.js';
import type { KalumaSerialOptions } from '../../peers/kaluma-serial.js';
import { which, run } from '../../linux/process.js';
import { lightwire } from '../cli/lightwire.js';
import { skipUnless } from '../support/skip.js';
import { KALUMA_CLI, kalumaCliMissing, kalumaOnPty, type KalumaOnPty } from './bench.js';

const SOURCE =
  "console.log('hello');\nfor (var i = 0; i < 5; i++) console.log('line ' + i);\nprint('no end');\n" +
  `// ${'x'.repeat(9000)}\n`;

describe('flash: over a pseudo-terminal', () => {
  let folder = '';
  let app = '';
  let bench: KalumaOnPty | null = null;

  before(function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    app = join(folder, 'app.js');
    writeFileSync(app, SOURCE);
  });

  after(() => folder && rmSync(folder, { recursive: true }));

  afterEach(async () => {
    await bench?.close();
    bench = null;
  });

  function kaluma(options: KalumaSerialOptions = {}): KalumaOnPty {
    bench = kalumaOnPty(options);
    return bench;
  }

  it('writes, verifies, starts, and prints what the board says; plain lines without a terminal', async () => {
    const board = kaluma();
    const { code, stdout, stderr } = await lightwire(['flash', app, '--port', board.path, '--listen', '1']);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const of = `of ${SOURCE.length} bytes`;
    assert.deepEqual(stdout.split('\n'), [
      `pico with Kaluma 1.2.1 on ${board.path}`,
      'writing app.js',
      ...['25', '50', '75', '100'].map((p) => `written ${p}% ${of}`),
      'verified',
      'started; the board says:',
      '  hello',
      ...[0, 1, 2, 3, 4].map((i) => `  line ${i}`),
      '  no end',
      '',
    ]);
    assert.equal(board.kaluma.program, SOURCE);
  });

  it('prints no more lines than asked for, and leaves the verification out when asked to', async () => {
    const board = kaluma({ faults: { badByte: 5 } });
    const args = ['flash', app, '--port', board.path, '--lines', '2', '--no-verify'];
    const { code, stdout } = await lightwire(args);
    assert.equal(code, 0);
    assert.match(stdout, /started; the board says:\n {2}hello\n {2}line 0\n$/);
    assert.doesNotMatch(stdout, /verified/);
  });

  it("says so when the radio's firmware in raw flash is erased by it", async () => {
    const board = kaluma();
    board.kaluma.flash.place(0x130000, Buffer.from('LWCYW43\0'));
    const { code, stdout } = await lightwire(['flash', app, '--port', board.path, '--listen', '0']);
    assert.equal(code, 0);
    assert.match(stdout, /\nnote: this erases the radio's firmware in raw flash; store it anew /);
  });

  it('erases', async () => {
    const board = kaluma({ program: 'old' });
    const { code, stdout } = await lightwire(['flash', '--erase', '--port', board.path]);
    assert.equal(code, 0);
    assert.match(stdout, /\nerased\n$/);
    assert.equal(board.kaluma.program, '');
  });

  async function fails(args: string[], options: KalumaSerialOptions, message: RegExp): Promise<void> {
    const board = kaluma(options);
    const { code, stderr } = await lightwire(['flash', app, '--port', board.path, ...args]);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    assert.equal(code, 1);
  }

  it('refuses another board than it was told, and writes nothing', async () => {
    await fails(['--board', 'pico'], { board: 'pico2' }, /is a pico2, not a pico\n/);
    assert.ok(!bench!.kaluma.entered.includes('.flash -w'));
  });

  it('reports a board that does not answer', () =>
    fails([], { faults: { dead: true } }, /^lightwire: the board on \S+ does not answer/));

  it('reports a transfer that the board refuses', () =>
    fails([], { room: 3000 }, /the transfer was refused by the board: Verification failed/));

  it('reports a program that reads back otherwise', () =>
    fails([], { faults: { badByte: 77 } }, /verification failed: .* from offset 77 on/));

  it('reports a port that another program has', async () => {
    const board = kaluma();
    const serial = await openSerial(board.path);
    try {
      const { code, stderr } = await lightwire(['flash', app, '--port', board.path]);
      assert.equal(stderr, `lightwire: port ${board.path} is in use by another program\n`);
      assert.equal(code, 1);
    } finally {
      await serial.close();
    }
  });

  it('reports a port that it may not open', async function () {
    const root = process.getuid?.() === 0;
    skipUnless(this, !root || which('setpriv') !== null, 'as root it needs setpriv');
    const board = kaluma();
    chmodSync(board.path, 0);
    const wrap = root ? ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override', '--'] : [];
    const { code, stderr } = await lightwire(['flash', app, '--port', board.path], { wrap });
    assert.match(stderr, /^lightwire: no right to open \/dev\/pts\/\d+ [^\n]*\n$/);
    assert.equal(code, 1);
  });

  it('reports a port that goes away', async () => {
    const board = kaluma({ faults: { dead: true } });
    const running = lightwire(['flash', app, '--port', board.path]);
    await new Promise<void>((resolve) => (board.pty.onData = () => resolve()));
    await board.close();
    const { code, stderr } = await running;
    assert.equal(stderr, `lightwire: ${board.path} went away\n`);
    assert.equal(code, 1);
  });

  it('repl: piped lines are typed one by one, answers printed as plain text', async () => {
    const board = kaluma();
    const input = "1+1\n'a'+'b'\nnothing\n.flash -t\n";
    const { code, stdout, stderr } = await lightwire(['repl', '--port', board.path], { input });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n'), [
      '> 1+1',
      '2',
      "> 'a'+'b'",
      "'ab'",
      '> nothing',
      'ReferenceError: nothing is not defined',
      '> .flash -t',
      '524288',
      '',
    ]);
  });

  it('repl: in a terminal, keys go to the board as they are, and Ctrl-] leaves', async () => {
    const board = kaluma();
    const terminal = openPty();
    const fd = openSync(terminal.path, constants.O_RDWR | constants.O_NOCTTY);
    try {
      let shown = '';
      terminal.onData = (bytes) => {
        const before = shown;
        shown += Buffer.from(bytes).toString('latin1');
        const appeared = (text: string): boolean => shown.includes(text) && !before.includes(text);
        if (appeared('\x1b7> ')) terminal.write(Buffer.from("'a'+'b'\r"));
        if (appeared("'ab'")) terminal.write(Buffer.from('40+\x1d2\r'));
      };
      const args = ['--import', 'tsx', 'tools/flash/cli.ts', 'repl', '--port', board.path];
      const child = spawn(process.execPath, args, { stdio: [fd, fd, 'inherit'], cwd: ROOT });
      const code = await new Promise((resolve) => child.on('close', resolve));
      assert.equal(code, 0);
      assert.match(shown, /Ctrl-\] or Ctrl-X leaves/);
      assert.deepEqual(board.kaluma.entered, ["'a'+'b'"]);
    } finally {
      closeSync(fd);
      await terminal.close();
    }
  });

  it('repl: reports a port without a prompt', async () => {
    const board = kaluma({ faults: { dead: true } });
    const { code, stderr } = await lightwire(['repl', '--port', board.path]);
    assert.equal(stderr, `lightwire: the board on ${board.path} shows no prompt\n`);
    assert.equal(code, 1);
  });

  it("Kaluma's own command line writes through it too", async function () {
    const why = kalumaCliMissing();
    skipUnless(this, why === '', why);
    const board = kaluma({ program: 'old' });
    const { code, stdout } = await run(process.execPath, [KALUMA_CLI, 'write', app, '--port', board.path]);
    assert.match(stdout, new RegExp(`Done\\. .*${SOURCE.length} bytes`));
    assert.equal(code, 0);
    assert.equal(board.kaluma.program, SOURCE);
    assert.equal(board.kaluma.entered.at(-1), '.load');
  });
});
