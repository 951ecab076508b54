// The flash tool against Kaluma's own firmware on the emulated board: over its serial console, by UF2, and beside the
// command line of Kaluma's makers. The image is no part of this repository: LIGHTWIRE_KALUMA names the file.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import { readImage, type Chunk } from '../../emulator/image.js';
import { run } from '../../linux/process.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { LAYOUTS } from '../../../tools/flash/flash-layout.js';
import { lightwire } from '../cli/lightwire.js';
import { skipUnless } from '../support/skip.js';
import { KALUMA_CLI, kalumaCliMissing } from './bench.js';
import { emulatedOnPty, type EmulatedOnPty } from './emulated.js';

/** The emulated board is several times slower than a real one. */
const LIMIT = 240_000;
/** Device time in which Kaluma boots and starts a small program, µs. */
const BOOT = 3e6;
const SOURCE =
  "console.log('flashed: ' + 6 * 7);\nconsole.log('on ' + board.name);\n" + `// ${'x'.repeat(3000)}\n`;

describe("flash: with Kaluma's firmware", function () {
  this.timeout(LIMIT);
  const image = process.env['LIGHTWIRE_KALUMA'] ?? '';
  let folder = '';
  let app = '';
  let firmware: Chunk[] = [];
  let board: EmulatedOnPty | null = null;

  before(function () {
    skipUnless(
      this,
      image !== '',
      "needs Kaluma 1.2.1 for the plain Pico (LIGHTWIRE_KALUMA, the file's path)",
    );
    skipUnless(this, existsSync(image), 'LIGHTWIRE_KALUMA names no file');
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    firmware = readImage(readFileSync(image));
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    app = join(folder, 'app.js');
    writeFileSync(app, SOURCE);
  });

  after(() => folder && rmSync(folder, { recursive: true }));

  afterEach(async () => {
    await board?.close();
    board = null;
  });

  /** What a board with this flash prints after power-up. */
  function booted(flash: Chunk[], bundle?: string): string[] {
    const scheduler = new Scheduler();
    const pico = createEmulatedPico({
      scheduler,
      firmware: flash,
      ...(bundle !== undefined && { bundle }),
      port: new Link(scheduler).a,
    });
    pico.board.start();
    scheduler.runUntil(BOOT);
    pico.board.stop();
    return pico.text.lines;
  }

  function flashOf({ pico }: EmulatedOnPty): Chunk[] {
    return [{ offset: 0, bytes: pico.board.flash.bytes.slice(0, LAYOUTS.pico.flash) }];
  }

  function assertRuns(lines: string[]): void {
    assert.ok(lines.includes('flashed: 42') && lines.includes('on pico'), lines.join('\n'));
  }

  it('over the serial console: written, verified, started, and there after a reset', async () => {
    board = emulatedOnPty(firmware);
    const args = ['flash', app, '--port', board.path, '--board', 'pico', '--listen', '30', '--lines', '2'];
    const { code, stdout, stderr } = await lightwire(args, { limit: LIMIT });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^pico with Kaluma 1\.2\.\d+ on /);
    assert.match(stdout, /\nverified\nstarted; the board says:\n {2}flashed: 42\n {2}on pico\n$/);
    assertRuns(booted(flashOf(board)));
  });

  it('over the serial console, with a program that never stops printing', async () => {
    board = emulatedOnPty(firmware, "setInterval(function () { console.log('busy'); }, 20);");
    const { code, stderr } = await lightwire(['flash', app, '--port', board.path], { limit: LIMIT });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assertRuns(booted(flashOf(board)));
  });

  it('over the serial console, with a program that never ends', async () => {
    board = emulatedOnPty(firmware, 'for (;;) {}');
    const { code, stderr } = await lightwire(['flash', app, '--port', board.path], { limit: LIMIT });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assertRuns(booted(flashOf(board)));
  });

  it('the prompt answers the repl', async () => {
    board = emulatedOnPty(firmware);
    const { code, stdout } = await lightwire(['repl', '--port', board.path], {
      input: '6*7\n.flash -t\nprocess.version\n',
      limit: LIMIT,
    });
    assert.equal(code, 0);
    assert.match(stdout, /^> 6\*7\n42\n> \.flash -t\n524288\n> process\.version\n'1\.2\.\d+'\n$/);
  });

  it("Kaluma's own command line writes a program that runs after a reset", async function () {
    const why = kalumaCliMissing();
    skipUnless(this, why === '', why);
    board = emulatedOnPty(firmware);
    const { code, stdout } = await run(process.execPath, [KALUMA_CLI, 'write', app, '--port', board.path], {
      limit: LIMIT,
    });
    assert.match(stdout, /Done\./);
    assert.equal(code, 0);
    assertRuns(booted(flashOf(board)));
  });

  it('by UF2: the program alone, over the firmware', async () => {
    const out = join(folder, 'program.uf2');
    const { code } = await lightwire(['flash', app, '--uf2', out]);
    assert.equal(code, 0);
    assertRuns(booted([...firmware, ...readImage(readFileSync(out))]));
  });

  it('by UF2: firmware and program in one file', async function () {
    skipUnless(this, image.endsWith('.uf2'), 'LIGHTWIRE_KALUMA names a raw image, no UF2 file');
    const out = join(folder, 'both.uf2');
    const { stderr } = await lightwire(['flash', app, '--uf2', out, '--with-firmware', image]);
    assert.equal(stderr, '');
    assertRuns(booted(readImage(readFileSync(out))));
  });
});
