// The receive filters: each by itself, OR and AND, with the examples of the data sheet. DS39662E, chapter 8.

import assert from 'node:assert/strict';
import { hashBit } from '../../chips/enc28j60/index.js';
import { BROADCAST, frame, wired } from './driver.js';

const ME = [2, 0, 0, 0, 0, 1];
const OTHER = [2, 0, 0, 0, 0, 7];
const GROUP = [1, 0, 0x5e, 1, 2, 3];

/** Bit by bit, most significant first, as the CRC is defined: an implementation of its own. */
function crcBits28to23(mac: number[]): number {
  let crc = 0xffffffff;
  for (const byte of mac) {
    for (let i = 0; i < 8; i++) {
      const feedback = (crc >>> 31) ^ ((byte >> i) & 1);
      crc = (crc << 1) >>> 0;
      if (feedback) crc = (crc ^ 0x04c11db7) >>> 0;
    }
  }
  return (crc >>> 23) & 0x3f;
}

describe('enc28j60 model: receive filters', () => {
  function passes(
    filter: number,
    to: number[],
    setup: (d: ReturnType<typeof wired>['d']) => void = () => {},
  ): boolean {
    const { d, far } = wired({}, { filter });
    setup(d);
    far.give(frame(80, to));
    return d.get('EPKTCNT') === 1;
  }

  it('accepts everything with all filters off', () => {
    for (const to of [ME, OTHER, GROUP, BROADCAST]) {
      assert.equal(passes(0x20, to), true);
      assert.equal(passes(0x60, to), true);
    }
  });

  it('unicast, multicast and broadcast', () => {
    assert.deepEqual(
      [ME, OTHER, GROUP, BROADCAST].map((to) => passes(0xa0, to)),
      [true, false, false, false],
    );
    assert.deepEqual(
      [ME, OTHER, GROUP, BROADCAST].map((to) => passes(0x22, to)),
      [false, false, true, true],
    );
    assert.deepEqual(
      [ME, OTHER, GROUP, BROADCAST].map((to) => passes(0x21, to)),
      [false, false, false, true],
    );
    assert.equal(passes(0xa1, ME) && passes(0xa1, BROADCAST) && !passes(0xa1, GROUP), true, 'OR');
  });

  it('AND wants every filter met', () => {
    assert.deepEqual(
      [ME, GROUP, BROADCAST].map((to) => passes(0x63, to)),
      [false, false, true],
    );
    assert.equal(passes(0xe1, ME), false);
    assert.equal(passes(0xe1, BROADCAST), false);
  });

  it('hash table: bits 28:23 of the CRC point to one bit of EHT', () => {
    for (let i = 0; i < 300; i++) {
      const mac = [1, 0, 0x5e, (i * 71) & 127, (i * 13) & 255, (i * 7) & 255];
      assert.equal(hashBit(Uint8Array.from(mac)), crcBits28to23(mac));
    }
    const bit = crcBits28to23(GROUP);
    const set = (b: number) => (d: ReturnType<typeof wired>['d']) => d.set('EHT0', 1 << (b & 7), b >> 3);
    assert.equal(passes(0x24, GROUP, set(bit)), true);
    assert.equal(passes(0x24, GROUP, set((bit + 1) & 63)), false);
    assert.equal(passes(0x24, GROUP), false);
  });

  it('pattern match: the example of 8.2, a source address by two settings', () => {
    const from = [0, 4, 0xa3, 255, 255, 255];
    const setups = [
      { offset: 0, mask: [0xc0, 0x0f] },
      { offset: 6, mask: [0x3f, 0] },
    ];
    for (const { offset, mask } of setups) {
      const { d, far } = wired({}, { filter: 0x30 });
      d.set16('EPMO', offset);
      mask.forEach((m, i) => d.set('EPMM0', m, i));
      d.set16('EPMCS', 0x5bfc);
      const f = frame(80);
      far.give(f);
      assert.equal(d.get('EPKTCNT'), 0);
      f.set(from, 6);
      far.give(f);
      assert.equal(d.get('EPKTCNT'), 1);
      // A window that reaches past the FCS never matches.
      const short = f.slice(0, 60);
      far.give(short);
      assert.equal(d.get('EPKTCNT'), offset === 0 ? 2 : 1);
    }
  });

  it('pattern match: figure 8-3, an odd number of bytes', () => {
    const { d, far } = wired({}, { filter: 0x30 });
    d.set16('EPMO', 6);
    d.set('EPMM0', 0x0a);
    d.set('EPMM0', 0x1f, 1);
    d.set16('EPMCS', 0x563f);
    const f = new Uint8Array(104);
    f.set([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0x00, 0x5a]);
    f.set([0x09, 0x0a, 0x0b, 0x0c, 0x0d], 14);
    far.give(f);
    assert.equal(d.get('EPKTCNT'), 1);
    f[18] = 0x0e;
    far.give(f);
    assert.equal(d.get('EPKTCNT'), 1);
  });

  it('magic packet: to us, six FFh, our address sixteen times', () => {
    const { d, far } = wired({}, { filter: 0x28 });
    const f = frame(200);
    f.fill(255, 30, 36);
    for (let i = 0; i < 16; i++) f.set(ME, 36 + i * 6);
    far.give(f);
    assert.equal(d.get('EPKTCNT'), 1);
    far.give(Uint8Array.from(f, (v, i) => (i === 36 + 15 * 6 ? v ^ 1 : v)));
    far.give(Uint8Array.from(f, (v, i) => (i < 6 ? 255 : v)));
    far.give(frame(200));
    assert.equal(d.get('EPKTCNT'), 1);
  });
});
