// `lightwire cyw43-firmware` as users call it: what it prints, what it writes, and one line for what is wrong.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkImage } from '../../../tools/cyw43/image.js';
import { readImage } from '../../emulator/image.js';
import { lightwire } from '../cli/lightwire.js';
import { kalumaOnPty, type KalumaOnPty } from '../flash/bench.js';
import { skipUnless } from '../support/skip.js';
import {
  clmOf,
  combinedHeader,
  combinedOf,
  firmwareOf,
  NVRAM_BYTES,
  NVRAM_LINES,
  nvramHeader,
} from './published.js';

const firmware = firmwareOf({ body: 40_000 });
const clm = clmOf();
const SUMMARY = `CYW43439 firmware 7.95.49 (0123abc CY): ${firmware.length} bytes, CLM ${clm.length}, NVRAM ${NVRAM_BYTES.length}; as an image `;

describe('cyw43 firmware: the command', function () {
  this.timeout(120_000);
  let folder = '';
  let bench: KalumaOnPty | null = null;
  const file = (name: string, content?: string | Uint8Array): string => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  };
  let combined = '';
  let nvram = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lightwire-'));
    combined = file('combined.h', combinedHeader(firmware, clm));
    nvram = file('nvram.h', nvramHeader());
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(async () => {
    await bench?.close();
    bench = null;
  });

  async function works(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await lightwire(['cyw43-firmware', ...args]);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    return stdout;
  }

  async function refuses(args: string[], message: RegExp): Promise<void> {
    const { code, stdout, stderr } = await lightwire(['cyw43-firmware', ...args]);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split('\n').length, 1, `one line, not: ${stderr}`);
    assert.equal(stdout, '');
    assert.equal(code, 1);
  }

  it('makes an image, checks it, and takes it in place of the files', async () => {
    const image = file('a.img');
    assert.match(
      await works(combined, nvram, '--image', image),
      /^CYW43439 firmware 7\.95\.49 .*\n.*a\.img: the image, \d+ bytes\n$/,
    );
    const bytes = readFileSync(image);
    assert.ok(Buffer.from(checkImage(bytes).firmware).equals(firmware));
    assert.equal(await works('--check', image), `${SUMMARY}${bytes.length}; nothing is wrong with it\n`);
    await works(image, '--image', file('b.img'));
    assert.ok(readFileSync(file('b.img')).equals(bytes));
    await works(
      file('fw.bin', firmware),
      '--clm',
      file('clm.bin', clm),
      '--nvram',
      file('n.txt', NVRAM_LINES.join('\n')),
      '--image',
      image,
    );
    assert.ok(readFileSync(image).equals(bytes));
  });

  it('writes a UF2 file for raw flash', async () => {
    const out = file('a.uf2');
    assert.match(
      await works(combined, nvram, '--uf2', out),
      /a\.uf2: the image for raw flash at 0x130000, \d+ bytes\n$/,
    );
    const chunks = readImage(readFileSync(out));
    assert.equal(chunks[0]!.offset, 0x130000);
    const flat = Buffer.concat(chunks.map((chunk) => chunk.bytes));
    assert.ok(Buffer.from(checkImage(flat).firmware).equals(firmware));
  });

  it('goes into the UF2 file of a program', async () => {
    const [image, app, out] = [file('c.img'), file('app.js', 'print(1);'), file('b.uf2')];
    await works(combined, nvram, '--image', image);
    const args = ['flash', app, '--uf2', out, '--cyw43-firmware', image];
    const { stdout, stderr } = await lightwire(args);
    assert.equal(stderr, '');
    assert.match(stdout, /: app\.js and the Wi-Fi chip's firmware for pico, \d+ bytes\n$/);
    const chunks = readImage(readFileSync(out));
    assert.equal(
      Buffer.from(chunks.find((c) => c.offset === 0x100000)!.bytes).toString('latin1', 0, 10),
      'print(1);\0',
    );
    assert.ok(chunks.some((c) => c.offset === 0x130000));
    for (const [wrong, message] of [
      [
        [
          'flash',
          file('big.js', `//${'x'.repeat(200_000)}`),
          '--force',
          '--uf2',
          out,
          '--cyw43-firmware',
          image,
        ],
        /big\.js is 200002 bytes; with the Wi-Fi chip's firmware in raw flash there is room for 196607/,
      ],
      [['flash', app, '--uf2', out, '--cyw43-firmware', app], /app\.js is no image for the Wi-Fi chip/],
      [
        ['flash', app, '--uf2', out, '--board', 'pico2-w', '--cyw43-firmware', image],
        /raw flash of pico2-w has no place for it/,
      ],
      [
        ['flash', app, '--port', '/dev/x', '--cyw43-firmware', image],
        /over a serial port it is lightwire cyw43-firmware --port/,
      ],
    ] as const) {
      const { code, stderr: text } = await lightwire([...wrong]);
      assert.match(text, message);
      assert.equal(code, 1);
    }
  });

  it('stores the image on a board, and does so once', async function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    bench = kalumaOnPty({ program: "print('mine');" });
    const { kaluma, path } = bench;
    kaluma.flash.place(0x130000, Buffer.from('LWCYW43\0'));
    const first = await works(combined, nvram, '--port', path);
    const size = kaluma.files.stat('/cyw43.img')!;
    assert.deepEqual(first.split('\n').slice(0, 3), [
      `${SUMMARY}${size}`,
      `pico with Kaluma 1.2.1 on ${path}`,
      'removed the image in raw flash, which would come first',
    ]);
    assert.match(first, /\nwritten 100% of \d+ bytes\nstored as \/cyw43\.img and verified\n$/);
    assert.ok(Buffer.from(checkImage(kaluma.files.content('/cyw43.img')).firmware).equals(firmware));
    assert.equal(kaluma.entered.at(-1), '.load');
    assert.match(
      await works(combined, nvram, '--port', path),
      /\/cyw43\.img on the board is this image already\n$/,
    );
  });

  it("says so where the board's own firmware holds the radio", async function () {
    skipUnless(this, process.platform === 'linux', 'needs Linux');
    bench = kalumaOnPty({ board: 'pico-w' });
    const stdout = await works(combined, nvram, '--port', bench.path);
    assert.match(
      stdout,
      /\nnote: this Kaluma keeps the radio for itself; the driver needs its build for pico\n/,
    );
  });

  it('notes NVRAM of another product', async () => {
    const other = file('1dx.h', nvramHeader(NVRAM_LINES.map((line) => line.replace('0x0727', '0x0726'))));
    assert.match(
      await works(combined, other, '--image', file('d.img')),
      /^note: the NVRAM is for a product 0x0726; that of a Pico W is 0x0727\n/,
    );
  });

  it('is refused without a place to go to', () =>
    refuses([combined, nvram], /^lightwire: say where to: --port PORT/));
  it('is refused without firmware', () =>
    refuses([nvram, '--image', file('e')], /name the firmware: the combined C header/));
  it('is refused without NVRAM', () => refuses([combined, '--image', file('e')], /the NVRAM is missing/));
  it('is refused without CLM', () =>
    refuses([file('f.bin', firmware), nvram, '--image', file('e')], /the CLM blob is missing/));
  it('is refused with a file that is not there', () =>
    refuses(['./no.h'], /^lightwire: no file \.\/no\.h$/m));
  it('is refused with a folder', () => refuses([folder], /cannot be read: it is a folder/));
  it('is refused with firmware of another chip', () =>
    refuses(
      [file('g.bin', combinedOf(firmwareOf({ chip: '43430a1' }), clm)), nvram],
      /g\.bin is firmware for the chip 43430a1; a Pico W has the CYW43439/,
    ));
  it('is refused with NVRAM twice', () =>
    refuses([combined, nvram, '--nvram', nvram], /--nvram names what the other files hold already/));
  it('is refused with an option that names something else', () =>
    refuses([combined, '--nvram', combined], /combined\.h is not what --nvram takes/));
  it('is refused where it cannot be written', () =>
    lightwire(['cyw43-firmware', combined, nvram, '--image', join(folder, 'no', 'a')]).then(
      ({ code, stderr }) => {
        assert.match(stderr, /^lightwire: .* cannot be written: no such folder\n$/);
        assert.equal(code, 1);
      },
    ));
  it('--check refuses a damaged image, other files, and what is none', async () => {
    const image = file('h.img');
    await works(combined, nvram, '--image', image);
    const bytes = readFileSync(image);
    bytes[5000]! ^= 1;
    await refuses(['--check', file('i.img', bytes)], /i\.img is damaged: the sum of its script is wrong/);
    await refuses(['--check', image, combined], /--check takes the image only/);
    await refuses(['--check', nvram], /nvram\.h is no image for the Wi-Fi chip/);
  });
  it('a port that is not there', () =>
    lightwire(['cyw43-firmware', combined, nvram, '--port', '/dev/ttyNONE']).then(({ code, stderr }) => {
      assert.equal(stderr, 'lightwire: no port /dev/ttyNONE\n');
      assert.equal(code, 1);
    }));
});
