// The Internet checksum against a plain one, for every length and alignment, and across chains.

import assert from 'node:assert/strict';
import {
  CHKSUM_HEADROOM,
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

describe('checksum by an engine', () => {
  let calls = 0;
  /** By definition, of whole words in memory order. */
  const wordSum = (words: Uint32Array): number => {
    calls++;
    const view = new DataView(words.buffer);
    let sum = 0;
    for (let i = 0; i + 4 <= view.byteLength; i += 4) sum += view.getUint32(i, true);
    return sum && (sum % 0xffffffff || 0xffffffff);
  };
  const world = (): ReturnType<typeof lab> => {
    const made = lab();
    made.host.stack.wordSum = wordSum;
    calls = 0;
    return made;
  };

  it('agrees with the sum in JavaScript for every alignment of both ends, whatever lies around', () => {
    const { host } = world();
    const r = new SeededRandom(21);
    let rounds = 0;
    for (let off = 0; off < 41; off++) {
      for (let tail = 0; tail < 10; tail++) {
        const len = 260 + r.below(1200);
        const b = randomBytes(r, off + len + tail);
        const p = pbufAllocReference(host.stack, b, off, len, PBUF_ROM)!;
        assert.equal(chksumPbuf(p, len, 0), chksumBytes(b, off, len), `off ${off} len ${len} tail ${tail}`);
        pbufFree(p);
        rounds++;
      }
    }
    assert.equal(calls, rounds);
    assertClean(host);
  });

  it('tells zeros from what adds up to nothing', () => {
    const { host } = world();
    const around = (fill: number, inside: number[]): number => {
      const b = new Uint8Array(600).fill(fill);
      b.fill(0, 36, 580);
      b.set(inside, 36);
      const p = pbufAllocReference(host.stack, b, 36, 544, PBUF_ROM)!;
      const sum = chksumPbuf(p, 544, 0);
      assert.equal(sum, chksumBytes(b, 36, 544));
      pbufFree(p);
      return sum;
    };
    for (const fill of [0, 1, 255]) {
      assert.equal(around(fill, []), 0);
      assert.equal(around(fill, [255, 255]), 0xffff);
      assert.equal(around(fill, [0, 0, 255, 255]), 0xffff);
      assert.equal(around(fill, [0xab, 0xcd, 0x54, 0x32]), 0xffff);
      assert.equal(around(fill, new Array<number>(544).fill(255)), 0xffff);
    }
    assert.equal(calls, 15);
  });

  it('leaves short pieces, parts of an array and little of much to JavaScript', () => {
    const { host } = world();
    const r = new SeededRandom(22);
    const whole = randomBytes(r, 4096);
    for (const [b, off, len] of [
      [whole.slice(0, 300), 0, 255],
      [whole.subarray(8, 1508), 0, 1500],
      [whole, 1000, 1460],
    ] as const) {
      const p = pbufAllocReference(host.stack, b, off, len, PBUF_ROM)!;
      assert.equal(chksumPbuf(p, len, 0), chksumBytes(b, off, len));
      pbufFree(p);
    }
    assert.equal(calls, 0);
  });

  it('goes across chains', () => {
    const { host } = world();
    const r = new SeededRandom(23);
    for (let round = 0; round < 40; round++) {
      const parts = Array.from({ length: 1 + r.below(4) }, () => randomBytes(r, r.below(900)));
      const all = Uint8Array.from(parts.flatMap((x) => [...x]));
      const pbufs = parts.map((b) => pbufAllocReference(host.stack, b, 0, b.length, PBUF_ROM)!);
      for (const q of pbufs.slice(1)) pbufCat(pbufs[0]!, q);
      same(chksumPbuf(pbufs[0]!, all.length, 0), 0xffff - checksum(all), `round ${round}`);
      pbufFree(pbufs[0]!);
    }
    assert.ok(calls > 20);
    assertClean(host);
  });

  it('need not look at an IP header, which sums to nothing', () => {
    const { host } = world();
    const r = new SeededRandom(24);
    const b = randomBytes(r, 1000);
    b[26] = b[27] = 0;
    const own = ~chksumBytes(b, 16, 20);
    b[26] = own >> 8;
    b[27] = own;
    const p = pbufAllocReference(host.stack, b, 36, 960, PBUF_ROM)!;
    assert.equal(chksumPbuf(p, 960, 20), chksumBytes(b, 36, 960));
    assert.equal(chksumPbuf(p, 960, 0), chksumBytes(b, 36, 960));
    assert.equal(calls, 2);
    pbufFree(p);
  });

  it('may clear the room for headers, and nothing else', () => {
    const { host } = world();
    const r = new SeededRandom(25);
    for (const off of [0, 10, 36, 56, 71, 72, 90]) {
      const before = randomBytes(r, 1000);
      const b = before.slice();
      const p = pbufAllocReference(host.stack, b, off, 1000 - off, PBUF_ROM)!;
      assert.equal(chksumPbuf(p, 1000 - off, CHKSUM_HEADROOM), chksumBytes(before, off, 1000 - off));
      assert.deepEqual(b.subarray(off), before.subarray(off));
      pbufFree(p);
    }
    assert.equal(calls, 7);
  });
});
