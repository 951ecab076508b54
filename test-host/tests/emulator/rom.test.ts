// The boot ROM's tables and routines, called by the emulated core through the lookup function, results compared to
// JavaScript's.

import assert from 'node:assert/strict';
import { RESULTS } from '../../emulator/test-image.js';
import { SeededRandom } from '../../sim/random.js';
import { boardWith, callerImage, callRom, finish, MISSING, type RomCall } from './rig.js';

const view = new DataView(new ArrayBuffer(8));

function float(x: number): number {
  view.setFloat32(0, x);
  return view.getUint32(0);
}

/** Low word first, as in registers. */
function double(x: number): [number, number] {
  view.setFloat64(0, x);
  return [view.getUint32(4), view.getUint32(0)];
}

function toDouble([low, high]: [number, number]): number {
  view.setUint32(4, low);
  view.setUint32(0, high);
  return view.getFloat64(0);
}

const random = new SeededRandom(7);
const PAIRS: [number, number][] = [
  [1, 2],
  [-1.5, 0.25],
  [1e30, -1e-30],
  [0, -5],
  [Infinity, 3],
  [123456.75, 123456.75],
];
for (let i = 0; i < 20; i++) {
  PAIRS.push([
    (random.float() - 0.5) * 10 ** random.below(12),
    (random.float() - 0.5) * 10 ** random.below(12),
  ]);
}

describe('emulator: boot ROM', () => {
  it('counts, mirrors and measures bits', () => {
    const values = [
      0,
      1,
      0x80000000,
      0xffffffff,
      0x00010100,
      0x12345678,
      ...PAIRS.map(() => random.next32()),
    ];
    const bits = (x: number): string => x.toString(2).padStart(32, '0');
    const expected: Record<string, (x: number) => number> = {
      P3: (x) => bits(x).replaceAll('0', '').length,
      R3: (x) => parseInt([...bits(x)].reverse().join(''), 2),
      L3: (x) => (bits(x).indexOf('1') < 0 ? 32 : bits(x).indexOf('1')),
      T3: (x) => (x === 0 ? 32 : 31 - bits(x).lastIndexOf('1')),
    };
    for (const [code, fn] of Object.entries(expected)) {
      const got = callRom(values.map((x) => ({ code, args: [x] }))).map(([r0]) => r0);
      assert.deepEqual(got, values.map(fn), code);
    }
  });

  it('fills and copies memory, aligned and not, and returns where to', () => {
    const to = RESULTS + 0x4000;
    const board = finish(
      boardWith(
        callerImage([
          { code: 'MS', args: [to, 0x1a5, 64] },
          { code: 'S4', args: [to + 4, 0, 8] },
          { code: 'MC', args: [to + 13, 0x10000001, 11] },
          { code: 'C4', args: [to + 32, 0x10000000, 16] },
        ]),
      ),
    );
    const flash = board.flash.bytes;
    const expected = new Uint8Array(64).fill(0xa5);
    expected.fill(0, 4, 12);
    expected.set(flash.subarray(1, 12), 13);
    expected.set(flash.subarray(0, 16), 32);
    const at = to - 0x20000000;
    assert.deepEqual(board.chip.sram.slice(at, at + 64), expected);
    assert.equal(board.chip.sram[at + 64], 0);
    const returned = [0, 1, 2, 3].map((i) => board.peek(RESULTS + 8 * i));
    assert.deepEqual(returned, [to, to + 4, to + 13, to + 32]);
  });

  it('finds nothing for an unknown code', () => {
    const [unknown, known] = callRom([{ code: 'ZZ' }, { code: 'P3', args: [7] }]);
    assert.equal(unknown![0], MISSING);
    assert.equal(known![0], 3);
  });

  it('says what it is', () => {
    const board = finish(boardWith(callerImage([])));
    assert.equal(board.chip.bootrom[0x10 / 4], 0x0301754d);
  });

  const FLOAT_BINARY: [string, number, (a: number, b: number) => number][] = [
    ['adds', 0x00, (a, b) => a + b],
    ['subtracts', 0x04, (a, b) => a - b],
    ['multiplies', 0x08, (a, b) => a * b],
    ['divides', 0x0c, (a, b) => a / b],
    ['takes the angle of', 0x58, Math.atan2],
  ];
  const TINY = 2 ** -126;
  /** The ROM knows no denormals. */
  const single = (x: number): number => {
    const y = Math.fround(x);
    return Math.abs(y) < TINY ? (Object.is(y, -0) || y < 0 ? -0 : 0) : y;
  };

  for (const [what, offset, fn] of FLOAT_BINARY) {
    it(`${what} floats and doubles`, () => {
      const floats = callRom(PAIRS.map(([a, b]) => ({ code: 'SF', offset, args: [float(a), float(b)] })));
      PAIRS.forEach(([a, b], i) => {
        assert.equal(floats[i]![0], float(single(fn(Math.fround(a), Math.fround(b)))), `${a}, ${b}`);
      });
      const doubles = callRom(
        PAIRS.map(([a, b]) => ({ code: 'SD', offset, args: [...double(a), ...double(b)] })),
      );
      PAIRS.forEach(([a, b], i) => assert.equal(toDouble(doubles[i]!), fn(a, b), `${a}, ${b}`));
    });
  }

  it('computes functions of one float or double', () => {
    const functions: [number, (x: number) => number][] = [
      [0x18, Math.sqrt],
      [0x3c, Math.cos],
      [0x40, Math.sin],
      [0x44, Math.tan],
      [0x4c, Math.exp],
      [0x50, Math.log],
    ];
    const values = [0.5, 1, 2.25, 9, 1e-3];
    for (const [offset, fn] of functions) {
      const doubles = callRom(values.map((x) => ({ code: 'SD', offset, args: double(x) })));
      assert.deepEqual(doubles.map(toDouble), values.map(fn));
      const floats = callRom(values.map((x) => ({ code: 'SF', offset, args: [float(x)] })));
      assert.deepEqual(
        floats.map(([r0]) => r0),
        values.map((x) => float(fn(Math.fround(x)))),
      );
    }
  });

  it('compares', () => {
    const calls = PAIRS.map(([a, b]): RomCall => ({
      code: 'SD',
      offset: 0x54,
      args: [...double(a), ...double(b)],
    }));
    assert.deepEqual(
      callRom(calls).map(([r0]) => r0 | 0),
      PAIRS.map(([a, b]) => Math.sign(a - b) + 0),
    );
  });

  it('converts to integers downwards and clamps', () => {
    const values = [0, 1.75, -1.25, 2 ** 31, -(2 ** 31) - 2 ** 10, 4e9, 1e12, -Infinity];
    const clamped = (x: number, low: number, high: number): number =>
      Math.min(high, Math.max(low, Math.floor(x)));
    const of = (offset: number): number[] =>
      callRom(values.map((x) => ({ code: 'SD', offset, args: double(x) }))).map(([r0]) => r0);
    assert.deepEqual(
      of(0x1c),
      values.map((x) => clamped(x, -(2 ** 31), 2 ** 31 - 1) >>> 0),
    );
    assert.deepEqual(
      of(0x24),
      values.map((x) => clamped(x, 0, 2 ** 32 - 1)),
    );
  });

  it('converts 64-bit integers and fixed point both ways', () => {
    const [fromInt, fromFix, toInt64, toFix] = callRom([
      { code: 'SD', offset: 0x5c, args: [0xfffffffe, 0xffffffff] },
      { code: 'SD', offset: 0x30, args: [0xffffff00, 8] },
      { code: 'SD', offset: 0x6c, args: double(-3.5) },
      { code: 'SD', offset: 0x20, args: [...double(2.5), 4] },
    ]);
    assert.equal(toDouble(fromInt!), -2);
    assert.equal(toDouble(fromFix!), -1);
    assert.deepEqual(toInt64, [0xfffffffc, 0xffffffff]);
    assert.equal(toFix![0], 40);
  });

  it('takes denormals as zero and gives none', () => {
    const [sum, product] = callRom([
      { code: 'SF', offset: 0x00, args: [1, 2] },
      { code: 'SF', offset: 0x08, args: [float(1e-30), float(-1e-30)] },
    ]);
    assert.equal(sum![0], 0);
    assert.equal(product![0], 0x80000000);
  });

  it('converts between float and double', () => {
    const [wide, narrow] = callRom([
      { code: 'SF', offset: 0x7c, args: [float(0.1)] },
      { code: 'SD', offset: 0x7c, args: double(0.1) },
    ]);
    assert.equal(toDouble(wide!), Math.fround(0.1));
    assert.equal(narrow![0], float(0.1));
  });
});
