// `lightwire emulate`: with an image of our own, what needs no firmware; with Kaluma's, prompt, page, flash that is kept,
// and the console on a pseudo-terminal.

import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chunk } from '../../emulator/image.js';
import { testImage } from '../../emulator/test-image.js';
import { readPcapng } from '../../sim/pcapng.js';
import type { Measurements } from '../../../tools/flash/emulate-report.js';
import { KALUMA, needKaluma } from '../support/kaluma.js';
import { lightwire, type Outcome } from './lightwire.js';

/** Milliseconds; the board may run at a tenth of its speed. */
const LIMIT = 300_000;

/** A raw image of the chunks. */
function raw(chunks: Chunk[]): Uint8Array {
  const end = Math.max(...chunks.map(({ offset, bytes }) => offset + bytes.length));
  const file = new Uint8Array(end).fill(0xff);
  for (const { offset, bytes } of chunks) file.set(bytes, offset);
  return file;
}

/** What has come, or null at the end. */
function readSome(fd: number): string | null {
  const buffer = Buffer.alloc(4096);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? '' : null;
  }
}

describe('cli: emulate', function () {
  this.timeout(LIMIT);
  let folder = '';
  let sleeper = '';
  let app = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    sleeper = join(folder, 'sleeper.bin');
    app = join(folder, 'app.js');
    writeFileSync(sleeper, raw(testImage('sleep:\n wfi\n b sleep')));
    writeFileSync(app, 'console.log("app up");');
  });
  after(() => rmSync(folder, { recursive: true }));

  const emulate = (args: string[], input?: string): Promise<Outcome> =>
    lightwire(['emulate', ...args], { limit: LIMIT, ...(input !== undefined && { input }) });

  const measurements = (path: string): Measurements => JSON.parse(readFileSync(path, 'utf8')) as Measurements;

  describe('called wrongly', () => {
    const wrong: [string, () => string[], RegExp][] = [
      ['no firmware', () => [], /--firmware is missing: get kaluma-rp2-pico-1\.2\.1\.uf2 /],
      [
        'a missing file',
        () => ['--firmware', 'no/such.uf2'],
        /no\/such\.uf2 cannot be read: no such file.*; get kaluma-/,
      ],
      [
        'what is no firmware',
        () => ['--firmware', app, '--app', app],
        /no bootable firmware .*; get kaluma-/,
      ],
      ['an empty file', () => ['--firmware', '/dev/null'], /the file is empty; get kaluma-/],
      [
        'a flash image to be made without firmware',
        () => ['--flash-image', join(folder, 'new')],
        /new is new and needs --firmware/,
      ],
      [
        'a flash image in no folder',
        () => ['--firmware', sleeper, '--flash-image', join(folder, 'no', 'x')],
        /cannot be used: no such file or folder/,
      ],
      [
        'measurements in no folder',
        () => ['--firmware', sleeper, '--app', app, '--json', join(folder, 'no', 'x')],
        /measurements .* no such folder/,
      ],
      ['a missing bundle', () => ['--firmware', sleeper, '--app', './no.js'], /no bundle \.\/no\.js/],
      [
        "a missing program of the user's",
        () => ['--firmware', sleeper, '--app', app, '--program', './no.js'],
        /no program \.\/no\.js/,
      ],
      [
        "a user's program without an app",
        () => ['--flash-image', join(folder, 'new'), '--program', app],
        /--program follows an app: name it with --app/,
      ],
      [
        'a program larger than its place',
        () => ['--firmware', sleeper, '--app', large()],
        /the program is 524288 bytes; flash has room for 524287/,
      ],
      ['a pin that is none', () => ['--cs', '29'], /GPIO number from 0 to 28/],
      [
        "a module's pin with a radio",
        () => ['--firmware', sleeper, '--board', 'cyw43', '--cs', '5'],
        /--cs is for --board enc28j60/,
      ],
      [
        'a network without a radio',
        () => ['--firmware', sleeper, '--ssid', 'x'],
        /--ssid is for --board cyw43/,
      ],
      ['a bus that is none', () => ['--bus', '2'], /Give 0 or 1/],
      ['--offline with --tap', () => ['--offline', '--tap', 'tap0'], /exclude each other/],
      [
        '--offline with --http-port',
        () => ['--offline', '--http-port', '80'],
        /--http-port is for the gateway/,
      ],
      [
        'a TAP that is none',
        () => ['--firmware', sleeper, '--app', app, '--tap', 'a/b'],
        /'a\/b' is no interface name/,
      ],
    ];
    const large = (): string => {
      const path = join(folder, 'large.js');
      writeFileSync(path, ' '.repeat(512 * 1024));
      return path;
    };
    for (const [what, args, message] of wrong) {
      it(`refuses ${what}`, async () => {
        const { code, stdout, stderr } = await emulate(args());
        assert.match(stderr, message);
        assert.equal(stderr.trimEnd().split('\n').length, 1, `one line, not: ${stderr}`);
        assert.equal(stdout, '');
        assert.equal(code, 1);
      });
    }
  });

  it('runs any image for the given device time, and writes what it measured', async () => {
    const json = join(folder, 'sleeper.json');
    const { code, stdout, stderr } = await emulate([
      ...['--firmware', sleeper, '--app', app, '--offline', '--seconds', '2', '--json', json],
    ]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^app\.js on an emulated Pico; Ctrl-C ends the run\n2\.0 s of device time in /);
    const m = measurements(json);
    assert.equal(m.deviceSeconds, 2);
    assert.deepEqual([m.heap, m.resets, m.lostSeconds, m.frames.sent, m.warnings], [null, 0, 0, 0, 0]);
  });

  it('does not let the board run ahead of real time when a network is attached', async () => {
    const json = join(folder, 'paced.json');
    const { code } = await emulate([
      '--firmware',
      sleeper,
      '--app',
      app,
      '--seconds',
      '0.5',
      '--quiet',
      '--json',
      json,
    ]);
    assert.equal(code, 0);
    const m = measurements(json);
    assert.ok(m.wallSeconds >= 0.499 && m.ratio <= 1.002, `${m.wallSeconds} s, ${m.ratio}`);
  });

  it('makes a flash image, and runs from it', async () => {
    const image = join(folder, 'flash.bin');
    const first = await emulate([
      '--firmware',
      sleeper,
      '--flash-image',
      image,
      '--offline',
      '--seconds',
      '0.01',
    ]);
    assert.equal(first.code, 0, first.stderr);
    const flash = readFileSync(image);
    assert.equal(flash.length, 2 * 1024 * 1024);
    const second = await emulate(['--flash-image', image, '--app', app, '--offline', '--seconds', '0.01']);
    assert.equal(second.code, 0, second.stderr);
    const program = readFileSync(image).subarray(0x100000);
    assert.equal(program.toString('utf8', 0, 23), 'console.log("app up");\0');
    assert.deepEqual(readFileSync(image).subarray(0, 0x100000), flash.subarray(0, 0x100000));
  });

  describe('with Kaluma', () => {
    before(function () {
      needKaluma(this);
    });

    it('takes lines for the prompt, and keeps storage in the flash image', async () => {
      const image = join(folder, 'kaluma.bin');
      const first = await emulate(
        ['--firmware', KALUMA, '--app', app, '--flash-image', image, '--offline', '--seconds', '2.5'],
        'storage.setItem("n", "41")\n',
      );
      assert.equal(first.code, 0, first.stderr);
      assert.match(first.stdout, /^app up$/m);
      const json = join(folder, 'kaluma.json');
      const second = await emulate(
        ['--flash-image', image, '--offline', '--seconds', '2.5', '--json', json],
        'Number(storage.getItem("n")) + 1\n',
      );
      assert.match(second.stdout, /^app up$/m);
      assert.match(second.stdout, /^42$/m);
      const m = measurements(json);
      assert.equal(m.heap?.total, 184312);
      assert.ok(m.deepestStack > 1000 && m.deepestStack < 8192, `${m.deepestStack}`);
    });

    it('gets an address offline, without the reset wired', async () => {
      const json = join(folder, 'offline.json');
      const pcap = join(folder, 'offline.pcapng');
      const { stdout, stderr } = await emulate([
        ...[
          '--firmware',
          KALUMA,
          '--offline',
          '--seconds',
          '2.5',
          '--rst',
          'none',
          '--json',
          json,
          '--pcap',
          pcap,
        ],
      ]);
      assert.equal(stderr, '');
      assert.match(stdout, /^the board is 10\.0\.0\.100 on a network of its own$/m);
      const m = measurements(json);
      assert.equal(m.address, '10.0.0.100');
      assert.deepEqual(m.misuse, {});
      assert.equal(readPcapng(readFileSync(pcap)).packets.length, m.frames.sent + m.frames.received);
    });

    it('puts the console on a pseudo-terminal', async () => {
      let fd = -1;
      let answer = '';
      const { code, stdout } = await lightwire(
        ['emulate', '--firmware', KALUMA, '--app', app, '--offline', '--seconds', '4', '--pty'],
        {
          limit: LIMIT,
          onOutput(_child, output) {
            const path = /serial console on (\S+);/.exec(output)?.[1];
            if (!path || fd >= 0) return;
            fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
            writeSync(fd, '6 * 7\r');
            const poll = setInterval(() => {
              const text = readSome(fd);
              if (text === null) clearInterval(poll);
              else answer += text;
            }, 20);
          },
        },
      );
      if (fd >= 0) closeSync(fd);
      assert.equal(code, 0, stdout);
      assert.match(answer, /42/);
    });
  });
});
