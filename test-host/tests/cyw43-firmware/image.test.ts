// The stored image: executed word for word on a toy of the chip's function 1, its script leaves RAM with the parts; and
// a changed bit anywhere is found.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  checkImage,
  buildImage,
  ImageError,
  IMAGE_SECTOR,
  onesSum,
  RAW_SIZE,
  type ImageParts,
} from '../../../tools/cyw43/image.js';
import { runScript, ScriptError, writeScript } from '../../../tools/cyw43/gspi-script.js';
import { clmOf, firmwareOf, NVRAM_BYTES } from './published.js';

const RAM = 512 * 1024;

/** Function 1 of the chip as the datasheet has it, and the state machine that feeds it; independent of the tool's own. */
class Toy {
  readonly ram = new Uint8Array(RAM);
  private window = 0;

  /** @param words as they are put */
  put(words: Uint32Array): void {
    for (let at = 0; at < words.length;) {
      if (words[at]! < 0x10000) {
        at += 1 + words[at]!;
        assert.equal(at % 1024, 0, 'words are skipped to the end of a piece');
        continue;
      }
      const out = (words[at]! >>> 16) + 1;
      assert.equal(words[at]! & 0xffff, 0, 'nothing comes in');
      assert.equal(out % 32, 0);
      assert.ok((at % 1024) + 1 + out / 32 <= 1024, 'within a piece');
      this.transaction(words.subarray(at + 1, at + 1 + out / 32));
      at += 1 + out / 32;
    }
  }

  private transaction(words: Uint32Array): void {
    const command = words[0]!;
    assert.equal(command >>> 28, 0b1101, 'a rising write to function 1');
    const address = (command >>> 11) & 0x1ffff;
    const length = command & 0x7ff;
    assert.ok(length <= 64);
    assert.equal(words.length - 1, Math.ceil(length / 4));
    const bytes = Buffer.from(words.slice(1).buffer);
    for (let i = 0; i < length; i++) this.write(address + i, bytes[i]!);
  }

  private write(address: number, byte: number): void {
    switch (address) {
      case 0x1000a:
        this.window = (this.window & ~0xff00) | ((byte & 0x80) << 8);
        break;
      case 0x1000b:
        this.window = (this.window & ~0xff0000) | (byte << 16);
        break;
      case 0x1000c:
        this.window = (this.window & 0xffffff) | (byte << 24);
        break;
      default:
        assert.ok(address < 0x10000 && address & 0x8000, `register 0x${address.toString(16)}`);
        this.ram[this.window + (address & 0x7fff)] = byte;
    }
  }
}

function partsOf(firmware: Uint8Array, clm = clmOf(), nvram: Uint8Array = NVRAM_BYTES): ImageParts {
  return { firmware, nvram, clm, version: '7.95.49 (test)' };
}

function scriptOf(image: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(image.subarray(IMAGE_SECTOR)).buffer);
}

describe('cyw43 firmware: stored image', () => {
  it('leaves firmware, NVRAM and the length word in RAM, whatever their lengths', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70_000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 0xffff }),
        (size, nvramWords, seed) => {
          const firmware = new Uint8Array(size).map((_, i) => (i * 31 + seed) & 255);
          const nvram = new Uint8Array(4 * nvramWords).map((_, i) => (i * 7 + seed) & 255);
          const toy = new Toy();
          toy.ram.fill(0xee);
          toy.put(scriptOf(buildImage(partsOf(firmware, clmOf(), nvram))));
          const end = (size + 3) & ~3;
          const start = RAM - 4 - nvram.length;
          const expected = Buffer.alloc(RAM, 0xee).fill(0, 0, end);
          expected.set(firmware);
          expected.set(nvram, start);
          expected.writeUInt16LE(nvramWords, RAM - 4);
          expected.writeUInt16LE(~nvramWords & 0xffff, RAM - 2);
          assert.equal(Buffer.compare(toy.ram, expected), 0);
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  it('is read back to its parts, with what follows it in flash left alone', () => {
    const parts = partsOf(firmwareOf({ body: 100_003 }));
    const image = buildImage(parts);
    const { length, ...got } = checkImage(Buffer.concat([image, Buffer.alloc(5000, 0xff)]));
    assert.equal(length, image.length);
    assert.deepEqual(
      {
        ...got,
        firmware: Buffer.from(got.firmware),
        nvram: Buffer.from(got.nvram),
        clm: Buffer.from(got.clm),
      },
      parts,
    );
  });

  it('begins with the fields at their places', () => {
    const firmware = firmwareOf();
    const image = Buffer.from(buildImage(partsOf(firmware)));
    const clm = clmOf();
    assert.equal(image.toString('latin1', 0, 8), 'LWCYW43\0');
    const words = (image.length - 4096) / 4;
    const fields = [1, 43439, words, onesSum(scriptOf(image)), clm.length, firmware.length];
    fields.forEach((value, i) => assert.equal(image.readUInt32LE(8 + 4 * i), value));
    assert.equal(image.readUInt32LE(36), NVRAM_BYTES.length);
    assert.equal(image.toString('latin1', 40, 55), '7.95.49 (test)\0');
    assert.ok(image.subarray(1024, 1024 + clm.length).equals(clm));
  });

  it('has no transaction that crosses a window, and chooses each window once', () => {
    const script = writeScript(new Uint8Array(200_000), new Uint8Array(400));
    let windows = 0;
    for (let at = 0; at < script.length;) {
      const header = script[at]!;
      if (header < 0x10000) {
        at += 1 + header;
        continue;
      }
      if (((script[at + 1]! >>> 11) & 0x1ffff) === 0x1000a) windows++;
      at += 1 + ((header >>> 16) + 1) / 32;
    }
    assert.equal(windows, Math.ceil(200_000 / 0x8000) + 1);
  });

  it("fits raw flash with the chip's published sizes, and is refused where it would not fit the chip", () => {
    assert.ok(buildImage(partsOf(new Uint8Array(231_077))).length <= RAW_SIZE);
    assert.throws(() => buildImage(partsOf(new Uint8Array(RAM))), /exceed the chip's RAM/);
    assert.throws(() => buildImage(partsOf(firmwareOf(), clmOf(3100))), /more than 3072/);
  });

  it('sums words with the carries added in', () => {
    assert.equal(onesSum(Uint32Array.of()), 0);
    assert.equal(onesSum(Uint32Array.of(0xffffffff)), 0xffffffff);
    assert.equal(onesSum(Uint32Array.of(0xffffffff, 1)), 1);
    assert.equal(onesSum(Uint32Array.of(0x80000000, 0x80000000, 5)), 6);
  });

  const image = buildImage(partsOf(firmwareOf({ body: 40_000 })));
  it('shows a changed bit wherever it is, but in what nothing reads', () => {
    const clmEnd = 1024 + clmOf().length;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: image.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        (at, bit) => {
          fc.pre(at < clmEnd || at >= IMAGE_SECTOR);
          const copy = Buffer.from(image);
          copy[at]! ^= 1 << bit;
          assert.throws(() => checkImage(copy), ImageError);
        },
      ),
      { numRuns: 200, seed: 6 },
    );
  });

  it('is refused when it is cut off', () => {
    for (const length of [0, 7, 8, 1024, 4095, 4096, image.length - 1]) {
      assert.throws(() => checkImage(image.subarray(0, length)), ImageError, `${length} bytes`);
    }
  });

  /** Changes a field and sets the header's sum right. */
  function withField(offset: number, value: number): Buffer {
    const copy = Buffer.from(image);
    copy.writeUInt32LE(value, offset);
    copy.writeUInt32LE(onesSum(new Uint32Array(new Uint8Array(copy.subarray(0, 1020)).buffer)), 1020);
    return copy;
  }
  const fields: [string, number, number, RegExp][] = [
    ['another format', 8, 2, /has format 2; this version knows 1/],
    ['another chip', 12, 43430, /is for the chip 43430, not 43439/],
    ['more words than there are', 16, 1 << 20, /is cut off/],
    ['a wrong sum', 20, 1, /the sum of its script is wrong/],
    ['a CLM that does not fit', 24, 4000, /its lengths cannot be/],
    ['another length of firmware', 28, 30_000, /writes something else than its header tells/],
    ['another CRC', 32, 1, /writes something else/],
    ['another length of NVRAM', 36, 80, /writes something else/],
    ['NVRAM of half a word', 36, 77, /its lengths cannot be/],
  ];
  for (const [what, offset, value, message] of fields) {
    it(`is refused with ${what}`, () => assert.throws(() => checkImage(withField(offset, value)), message));
  }

  it('scripts of another form are refused, with the place', () => {
    const good = writeScript(new Uint8Array(8), new Uint8Array(4));
    const changes: [number, number, RegExp][] = [
      [0, good[0]! | 1, /a wrong length at word 0/],
      [1, 0x90000000, /no write to function 1 at word 0/],
      [1, 0xd0000000 | (0x1000d << 11) | 1, /a write to a wrong register at word 0/],
      [9, 0xdffff000, /a wrong length at word 9/],
      [10, (0xd0000000 | (0x8002 << 11) | 8) >>> 0, /outside of RAM or its words at word 9/],
      [5, 0x100, /outside of RAM/],
    ];
    for (const [at, value, message] of changes) {
      const copy = good.slice();
      copy[at] = value;
      if (at === 5) copy[8] = 0x10;
      assert.throws(
        () => runScript(copy),
        (error) => error instanceof ScriptError && message.test(error.message),
        String(message),
      );
    }
    assert.throws(() => runScript(good.slice(9)), /before the window is chosen at word 0/);
    assert.throws(() => runScript(good.slice(0, -1)), /cut off/);
  });
});
