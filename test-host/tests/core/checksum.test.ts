// The Internet checksum against a plain one, for every length and alignment, and across chains.

import assert from 'node:assert/strict';
import {
  chksumAddr,
  chksumBytes,
  chksumFold,
  chksumPbuf,
  chksumPseudo,
  chksumSwap,
} from '../../../firmware/stack/core/checksum.js';
import { pbufAllocReference, pbufCat, pbufFree, PBUF_ROM } from '../../../firmware/stack/core/pbuf.js';
import { checksum } from '../../harness/frames.js';
import { assertClean } from '../../harness/clean.js';
import { lab } from '../../harness/lab.js';
import { SeededRandom } from '../../sim/random.js';

function randomBytes(r: SeededRandom, n: number): Uint8Array {
  return Uint8Array.from({ length: n }, () => r.below(256));
}

/** 0 and 0xffff are the same number in ones' complement. */
function same(actual: number, expected: number, what: string): void {
  assert(actual >= 0 && actual <= 0xffff, what + ' in range');
  assert.equal(actual % 0xffff, expected % 0xffff, what);
}

describe('checksum', () => {
  it('agrees with a byte-by-byte sum at every offset and length', () => {
    const r = new SeededRandom(7);
    const whole = randomBytes(r, 1600);
    for (let byteOffset = 0; byteOffset < 4; byteOffset++) {
      const view = new Uint8Array(whole.buffer, byteOffset);
      for (let off = 0; off < 5; off++) {
        for (let len = 0; len < 200; len++) {
          const expected = 0xffff - checksum(view.subarray(off, off + len));
          same(chksumBytes(view, off, len), expected, `view ${byteOffset} off ${off} len ${len}`);
        }
        same(chksumBytes(view, off, 1501), 0xffff - checksum(view.subarray(off, off + 1501)), 'long');
      }
    }
  });

  it('is 0 for zeros and 0xffff for data that carry their checksum', () => {
    assert.equal(chksumBytes(new Uint8Array(100), 0, 100), 0);
    const r = new SeededRandom(8);
    const b = randomBytes(r, 120);
    b[10] = b[11] = 0;
    const sum = ~chksumBytes(b, 0, 120) & 0xffff;
    b[10] = sum >> 8;
    b[11] = sum & 255;
    assert.equal(chksumBytes(b, 0, 120), 0xffff);
  });

  it('sums all ones without losing a carry', () => {
    const b = new Uint8Array(65534).fill(255);
    assert.equal(chksumBytes(b, 0, 65534), 0xffff);
    assert.equal(chksumBytes(b, 1, 65533), 0xffff - checksum(b.subarray(1)));
  });

  it('folds and swaps', () => {
    assert.equal(chksumFold(0x1ffff), 1);
    assert.equal(chksumFold(0xffff * 0xffff * 8) % 0xffff, 0);
    assert.equal(chksumSwap(0x1234), 0x3412);
    assert.equal(chksumAddr(0x0a000001), 0x0a01);
  });

  it('goes across chains with odd pieces, and stops at the length asked for', () => {
    const { host } = lab();
    const r = new SeededRandom(9);
    for (let round = 0; round < 60; round++) {
      const parts = Array.from({ length: 1 + r.below(5) }, () => randomBytes(r, r.below(90)));
      const all = Uint8Array.from(parts.flatMap((x) => [...x]));
      const pbufs = parts.map((b) => pbufAllocReference(host.stack, b, 0, b.length, PBUF_ROM)!);
      for (const q of pbufs.slice(1)) pbufCat(pbufs[0]!, q);
      const p = pbufs[0]!;
      same(chksumPbuf(p, p.totLen, 0), 0xffff - checksum(all), 'chain');
      const len = r.below(all.length + 1);
      same(chksumPbuf(p, len, 0), 0xffff - checksum(all.subarray(0, len)), 'part of a chain');
      const pseudo = Uint8Array.from([
        10,
        0,
        0,
        1,
        192,
        168,
        255,
        254,
        0,
        17,
        all.length >> 8,
        all.length & 255,
      ]);
      same(
        chksumPseudo(p, 17, p.totLen, 0x0a000001, 0xc0a8fffe, 0),
        checksum(pseudo, all),
        'with pseudo header',
      );
      pbufFree(p);
    }
    assertClean(host);
  });
});
