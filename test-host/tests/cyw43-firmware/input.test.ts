// The files that users have, in every published form, and those that are something else: one line each.

import assert from 'node:assert/strict';
import { sortFiles, type InputFile, type Parts } from '../../../tools/cyw43/input.js';
import { UserError } from '../../../tools/flash/user-error.js';
import {
  clmOf,
  combinedHeader,
  combinedOf,
  firmwareOf,
  NVRAM_BYTES,
  NVRAM_LINES,
  nvramHeader,
  xxdHeader,
} from './published.js';

const firmware = firmwareOf();
const clm = clmOf();

function read(...files: (Uint8Array | string)[]): Parts {
  return sortFiles(files.map((content, i): InputFile => ({ name: `f${i}`, bytes: Buffer.from(content) })));
}

function holds(parts: Parts, what: { firmware?: Buffer; clm?: Buffer; nvram?: Buffer }): void {
  const got = { firmware: parts.firmware?.bytes, clm: parts.clm, nvram: parts.nvram?.bytes };
  for (const kind of ['firmware', 'clm', 'nvram'] as const) {
    assert.deepEqual(got[kind] && Buffer.from(got[kind]), what[kind], kind);
  }
}

describe('cyw43 firmware: the forms it is published in', () => {
  const nvram = NVRAM_BYTES;
  it('a C header of firmware and CLM, and one of NVRAM', () => {
    const parts = read(combinedHeader(firmware, clm), nvramHeader());
    holds(parts, { firmware, clm, nvram });
    const { chip, revision, version } = parts.firmware!.trailer;
    assert.deepEqual([chip, revision, version], [43439, 'a0', '7.95.49 (0123abc CY)']);
  });
  it('in any order', () =>
    holds(read(nvramHeader(), combinedHeader(firmware, clm)), { firmware, clm, nvram }));
  it('three C headers as xxd writes them', () => {
    const nvramText = Buffer.from(NVRAM_LINES.join('\n'));
    holds(read(xxdHeader('fw', firmware), xxdHeader('clm', clm), xxdHeader('nvram', nvramText)), {
      firmware,
      clm,
      nvram,
    });
  });
  it('one C header of all', () =>
    holds(read(combinedHeader(firmware, clm) + nvramHeader()), { firmware, clm, nvram }));
  it('binaries', () => holds(read(firmware, clm), { firmware, clm }));
  it('a binary of firmware and CLM', () => holds(read(combinedOf(firmware, clm)), { firmware, clm }));
  it('firmware whose length is a multiple of 512', () => {
    const whole = firmwareOf({ body: 5001 + 512 - (firmware.length % 512) });
    assert.equal(whole.length % 512, 0);
    holds(read(combinedOf(whole, clm)), { firmware: whole, clm });
  });
  it('zeros behind them', () => {
    holds(read(Buffer.concat([firmware, Buffer.alloc(700)])), { firmware });
    holds(read(Buffer.concat([clm, Buffer.alloc(3)])), { clm });
  });
  it('a trailer within the firmware does not end it', () => {
    const two = Buffer.concat([firmware, firmwareOf({ seed: 2, version: '7.95.61' })]);
    const parts = read(two);
    holds(parts, { firmware: two });
    assert.equal(parts.firmware!.trailer.version, '7.95.61 (0123abc CY)');
  });
  for (const [what, text] of [
    ['with line feeds', NVRAM_LINES.join('\n') + '\n'],
    ['with carriage returns, comments and empty lines', `# NVRAM\r\n\r\n${NVRAM_LINES.join('\r\n')}\r\n#end`],
    ['apart by NULs', NVRAM_LINES.join('\0') + '\0\0\0'],
    ['with a byte order mark', '\ufeff' + NVRAM_LINES.join('\n')],
  ]) {
    it(`NVRAM ${what}`, () => holds(read(text!), { nvram }));
  }
});

describe('cyw43 firmware: files that are something else', () => {
  const header = combinedHeader(firmware, clm);
  const changed = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };
  const cases: [string, Uint8Array | string, RegExp][] = [
    ['an empty file', '', /^f0 is empty$/],
    ['a web page', '\n<!DOCTYPE html><html>', /is a web page, not the file itself: take the download/],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\n', /is a Git LFS pointer/],
    ['a ZIP archive', Buffer.from('PK\x03\x04abc'), /is a ZIP archive: unpack it first/],
    ['a compressed file', Buffer.from([0x1f, 0x8b, 8]), /is compressed: unpack it first/],
    ['a UF2 file', 'UF2\nabc', /is a UF2 file/],
    ['text', 'hello\nworld', /is text, but neither a C header with an array nor NVRAM/],
    [
      'settings of something else',
      'path=/bin\nhome=/root',
      /is no NVRAM of a Wi-Fi chip \(it has no boardtype\)/,
    ],
    ['NVRAM with a broken line', 'boardtype=1\nfoo\n', /is damaged: entry 2 is not key=value: 'foo'/],
    [
      'NVRAM with bytes that are no text',
      Buffer.from('boardtype=1\n\xe9=2\n', 'latin1'),
      /is no Wi-Fi firmware/,
    ],
    ['a C header with no bytes', 'extern const char a[];', /is text, but neither/],
    ['a C header with an empty array', 'char a[] = {};', /is a C header without data/],
    [
      'firmware that is cut off',
      firmware.subarray(0, -1),
      /\(5\d{3} bytes\) is no Wi-Fi firmware, or not all of it/,
    ],
    ['firmware with a wrong trailer', changed(firmware, firmware.length - 18), /is no Wi-Fi firmware/],
    ['bytes of any kind', Buffer.alloc(5000, 0x91), /is no Wi-Fi firmware/],
    [
      'firmware of another chip',
      firmwareOf({ chip: '43430a1' }),
      /is firmware for the chip 43430a1; a Pico W has the CYW43439/,
    ],
    [
      'a C header of another chip',
      combinedHeader(firmwareOf({ chip: '43430a1' }), clm),
      /for the chip 43430a1/,
    ],
    ['a CLM blob of another chip', clmOf(300, 43430), /is a CLM blob for the chip 43430;/],
    ['a CLM blob that is cut off', clm.subarray(0, -1), /the CLM blob is cut off: 371 of 372 bytes/],
    ['a CLM blob cut off in its header', clm.subarray(0, 18), /the CLM blob is cut off/],
    [
      'a CLM blob with a changed byte',
      changed(clm, 100),
      /the CLM blob is damaged \(the CRC of its data is wrong\)/,
    ],
    [
      'a CLM blob with a changed header',
      changed(clm, 24),
      /the CLM blob is damaged \(the CRC of its header is wrong\)/,
    ],
    ['a CLM blob of another form', changed(clm, 16), /has a form that is not known/],
    [
      'something behind a CLM blob',
      Buffer.concat([clm, Buffer.from('x')]),
      /has something behind its CLM blob/,
    ],
    [
      'something behind firmware',
      Buffer.concat([firmware, Buffer.from('x')]),
      /has something behind the end of its firmware/,
    ],
    [
      'something in the place of the CLM',
      combinedOf(firmware, Buffer.alloc(20, 1)),
      /behind its firmware that is no CLM blob/,
    ],
    [
      'a C header that is cut off',
      header.slice(0, 20_000),
      /is damaged: the array w43439A0_combined has no end/,
    ],
    [
      'a C header whose CLM is cut out',
      header.replace(/(?:0x..,\s*)+0x..\n\};/, `${[...firmware].join(',')} };`),
      /its CLM blob is missing/,
    ],
    [
      'a C header with a wrong length',
      header.replace(/FW_LEN \(\d+/, 'FW_LEN (17'),
      /says that its firmware has 17 bytes/,
    ],
    [
      'a C header with a wrong CLM length',
      header.replace(/CLM_LEN \(\d+/, 'CLM_LEN (17'),
      /says that its CLM blob has 17 bytes/,
    ],
    [
      'an array shorter than xxd says',
      xxdHeader('a', firmware).replace(/len = \d+/, 'len = 9999'),
      /has 5\d{3} of 9999 bytes/,
    ],
    [
      'a C header with NVRAM twice',
      nvramHeader() + nvramHeader().replace('wifi_nvram', 'b'),
      /^f0 holds NVRAM twice$/,
    ],
  ];
  for (const [what, file, message] of cases) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => read(file),
        (error) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, message);
          assert.ok(!error.message.includes('\n'));
          return true;
        },
      );
    });
  }

  it('refuses two files of one kind', () => {
    assert.throws(
      () => read(firmware, combinedOf(firmware, clm)),
      /^UserError: f1 holds firmware, and so did a file before$/,
    );
  });
});
