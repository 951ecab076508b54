// The image on Kaluma's own file system: stored over the emulated board's serial console, found there by the shim.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAYOUTS } from '../../../tools/flash/flash-layout.js';
import { Conversation } from '../../../tools/flash/serial/conversation.js';
import { FileBoard } from '../../../tools/flash/serial/file-board.js';
import { boardLine } from '../../emulator/board-line.js';
import { createKalumaBoard } from '../../emulator/kaluma-board.js';
import { createEmulatedPico } from '../../emulator/kaluma-pico.js';
import type { Chunk } from '../../emulator/image.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { lightwire } from '../cli/lightwire.js';
import { emulatedOnPty, type EmulatedOnPty } from '../flash/emulated.js';
import { blobProgram, found } from '../hal/kaluma-blob-program.js';
import { needKaluma } from '../support/kaluma.js';
import { skipUnless } from '../support/skip.js';
import { clmOf, combinedHeader, firmwareOf, nvramHeader } from './published.js';

/** The emulated board is several times slower than a real one. */
const LIMIT = 240_000;

describe("cyw43 firmware: with Kaluma's firmware", function () {
  this.timeout(LIMIT);
  let firmware: Chunk[];
  let folder = '';
  let files: string[] = [];
  let board: EmulatedOnPty | null = null;

  before(function () {
    firmware = needKaluma(this);
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    const texts = [combinedHeader(firmwareOf({ body: 100_000 }), clmOf()), nvramHeader()];
    files = texts.map((text, i) => {
      const path = join(folder, `${i}.h`);
      writeFileSync(path, text);
      return path;
    });
  });
  after(() => folder && rmSync(folder, { recursive: true }));
  afterEach(async () => {
    await board?.close();
    board = null;
  });

  /** What the shim finds on a board with this flash. */
  function look(bytes: Uint8Array): string {
    const scheduler = new Scheduler();
    const pico = createEmulatedPico({
      scheduler,
      firmware: [{ offset: 0, bytes: bytes.slice(0, LAYOUTS.pico.flash) }],
      bundle: blobProgram("console.log('found: ' + look());"),
      port: new Link(scheduler).a,
    });
    pico.board.start();
    scheduler.runWhile(() => pico.text.lines.some((line) => line.startsWith('found: ')), 20e6);
    pico.board.stop();
    return pico.text.lines.find((line) => line.startsWith('found: '))?.slice(7) ?? '';
  }

  it('is stored, verified, and there after a reset; the program stays', async () => {
    const image = join(folder, 'a.img');
    await lightwire(['cyw43-firmware', ...files, '--image', image]);
    board = emulatedOnPty(firmware, "console.log('mine');");
    const args = ['cyw43-firmware', ...files, '--port', board.path];
    const { code, stdout, stderr } = await lightwire(args, { limit: LIMIT });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /\nwritten 100% of \d+ bytes\nstored as \/cyw43\.img and verified\n$/);
    const expected = found(readFileSync(image), 0).replace('v0', '7.95.49 (0123abc CY)');
    const { bytes } = board.pico.board.flash;
    assert.equal(look(bytes), expected);
    const program = Buffer.from(bytes.subarray(LAYOUTS.pico.program.offset)).toString('latin1', 0, 19);
    assert.equal(program, "console.log('mine')");
  });

  it('is stored though Kaluma has lost the ability to write files, as it may after some resets', async () => {
    const scheduler = new Scheduler();
    const line = boardLine(scheduler, () => kaluma);
    const kaluma = createKalumaBoard({ scheduler, firmware, onConsole: line.said });
    const { board: emulated, text } = kaluma;
    emulated.start();
    scheduler.runFor(1e6);
    const type = (command: string, seconds: number): void => {
      kaluma.type(command);
      scheduler.runFor(seconds * 1e6);
    };
    // Until the engine has grown its heap of C to where such memory comes from.
    const append =
      "var fs=require('fs'),b=new Uint8Array(738),i,d,p=fs.exists('/x')?fs.stat('/x').size:0;d=fs.open('/x',p?'r+':'w');" +
      'for(i=0;i<22;i++)fs.write(d,b,0,738,p+i*738);fs.close(d)';
    for (let i = 0; i < 9; i++) {
      if (i % 4 === 0) type('.reset', 0.5);
      type(append, 1.5);
    }
    assert.match(text.lines.at(-1)!, /No space left/);
    const times = { prompt: { answer: 60_000, quiet: 5, attempts: 2 }, write: 60_000, sum: 60_000 };
    const files = new FileBoard(new Conversation(line), 'board', LAYOUTS.pico, times);
    const bytes = firmwareOf({ body: 20_000 - 124 });
    await files.begin();
    await files.store('/y', '/y.new', bytes, () => {});
    assert.ok(await files.holds('/y', bytes));
    await line.close();
    emulated.stop();
  });
});
