// `lightwire flash` called wrongly, or with a program that cannot work: one clear line on stderr and exit code 1.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipUnless } from '../support/skip.js';
import { lightwire, type RunOptions } from '../cli/lightwire.js';

describe('flash: command called wrongly', () => {
  let folder = '';
  let out = '';
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    out = join(folder, 'out.uf2');
  });

  after(() => rmSync(folder, { recursive: true }));

  async function refuses(args: string[], message: RegExp, options: RunOptions = {}): Promise<void> {
    const { code, stdout, stderr } = await lightwire(['flash', ...args], options);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split('\n').length, 1, `one line, not: ${stderr}`);
    assert.equal(stdout, '');
    assert.equal(code, 1);
    assert.ok(!existsSync(out));
  }

  /** A string of 200,000 characters, which the heap must hold. */
  const big = `var a = '${'x'.repeat(200_000)}';`;
  const app = (): string => file('app.js', 'setInterval(function () {}, 1000);');

  it('neither --uf2 nor --port', () =>
    refuses([app()], /^lightwire: say where to: --uf2 FILE .* --port PORT/));
  it('both --uf2 and --port', () =>
    refuses([app(), '--uf2', out, '--port', '/dev/x'], /either --uf2 or --port, not both/));
  it('no program', () => refuses(['--uf2', out], /name the program to flash/));
  it('a program that is not there', () => refuses(['./no/such.js', '--uf2', out], /no bundle/));
  it('a user program that is not there, is empty, is none, or holds a NUL byte', async () => {
    const cases: [string, RegExp][] = [
      ['./no/user.js', /no program \.\/no\/user\.js/],
      [file('empty.js', ' \n'), /program .*empty\.js is empty/],
      [file('bad.js', 'let a = 1;\nlet a = 2;'), /bad\.js is not JavaScript: .* at line 2, column 5/],
      [file('nul.js', 'let a = "\0";'), /nul\.js holds a NUL byte at offset 9/],
      [folder, /cannot be read: it is a folder/],
    ];
    for (const [user, message] of cases) await refuses([app(), '--program', user, '--uf2', out], message);
  });
  it('an app and a user program that together take too much heap', () =>
    refuses(
      [app(), '--program', file('big.js', big), '--uf2', out],
      /app\.js with big\.js takes about 2\d{5} bytes/,
    ));
  it('an unknown board', () =>
    refuses([app(), '--uf2', out, '--board', 'esp32'], /The boards are pico, pico-w, pico2, pico2-w/));
  it('firmware without --uf2', () =>
    refuses([app(), '--port', '/dev/x', '--with-firmware', 'k.uf2'], /--with-firmware is for --uf2/));
  it('firmware that is not there', () =>
    refuses([app(), '--uf2', out, '--with-firmware', './no.uf2'], /no firmware \.\/no\.uf2/));
  it('firmware that is a folder', () =>
    refuses([app(), '--uf2', out, '--with-firmware', folder], /cannot be read: it is a folder/));
  it('firmware that is none', () =>
    refuses([app(), '--uf2', out, '--with-firmware', app()], /firmware app\.js is no UF2 file/));
  it('a file that cannot be written', () =>
    refuses([app(), '--uf2', join(folder, 'no', 'x.uf2')], /cannot be written: no such folder/));
  it('--erase with a program', () =>
    refuses([app(), '--port', '/dev/x', '--erase'], /--erase takes no program/));
  it('--erase without a port', () => refuses(['--uf2', out, '--erase'], /--erase needs a board/));
  it('a bad number of lines', () =>
    refuses([app(), '--uf2', out, '--lines', 'many'], /number of lines, 0 to 100000/));
  it('a bad time', () => refuses([app(), '--uf2', out, '--listen', 'long'], /number of seconds/));

  it('a program that is not ES5, with line and column', () =>
    refuses(
      [file('new.js', 'var a = 1;\nvar b = () => a;\n'), '--uf2', out],
      /^lightwire: new\.js is not ES5: .* at line 2, column 10$/m,
    ));
  it('a program that is not strict', () =>
    refuses([file('with.js', 'with (Math) { abs(1); }'), '--uf2', out], /with\.js is not ES5/));
  it('a NUL byte', () =>
    refuses([file('nul.js', 'print("a\0b");'), '--uf2', out], /nul\.js holds a NUL byte at offset 8/));
  it('an empty program', () => refuses([file('empty.js', ' \n'), '--uf2', out], /empty\.js is empty/));
  it('a program larger than the flash area', () =>
    refuses(
      [file('huge.js', `//${'x'.repeat(524_286)}`), '--uf2', out, '--force'],
      /huge\.js is 524288 bytes; flash of pico has room for 524287; it would fit pico2, pico2-w$/m,
    ));
  it('a program larger than every flash area', () =>
    refuses(
      [file('vast.js', `//${'x'.repeat(2_000_000)}`), '--uf2', out, '--board', 'pico2'],
      /vast\.js is 2000002 bytes; flash of pico2 has room for 1572863$/m,
    ));
  it('a program whose heap does not fit', () =>
    refuses(
      [file('big.js', big), '--uf2', out],
      /big\.js takes about 2127\d\d bytes of heap .*; pico has 184320; it would fit pico2, pico2-w \(--force /,
    ));

  it('takes that program with --force, or for a board with more heap', async () => {
    const path = file('big.js', big);
    for (const extra of [['--force'], ['--board', 'pico2']]) {
      const { code, stderr } = await lightwire(['flash', path, '--uf2', out, ...extra]);
      assert.equal(stderr, '');
      assert.equal(code, 0);
      rmSync(out);
    }
  });

  it('writes a UF2 file and says so', async () => {
    const { code, stdout } = await lightwire(['flash', app(), '--uf2', out, '--board', 'pico2-w']);
    assert.equal(code, 0);
    assert.equal(stdout, `${out}: app.js for pico2-w, 8192 bytes\n`);
    assert.equal(readFileSync(out).readUInt32LE(12), 0x10110000);
    rmSync(out);
  });

  it('a port that is not there', () =>
    refuses([app(), '--port', '/dev/ttyNONE'], /^lightwire: no port \/dev\/ttyNONE\n$/));

  it('a port that is no serial port', async function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    await refuses([app(), '--port', app()], /app\.js is no serial port/);
    await refuses([app(), '--port', '/dev/null'], /\/dev\/null is no serial port/);
  });
});
