// Flash layouts and UF2 files, read back by a reader of this test's own (UF2 specification, 'File format').

import assert from 'node:assert/strict';
import { BOARDS, LAYOUTS, type BoardName, type FlashLayout } from '../../../tools/flash/flash-layout.js';
import { dataUf2, mergedUf2, placedProgram, readFirmware } from '../../../tools/flash/uf2-image.js';
import { UserError } from '../../../tools/flash/user-error.js';

const RP2040 = 0xe48bff56;
const ABSOLUTE = 0xe48bff57;
const DATA = 0xe48bff58;
const RP2350 = 0xe48bff59;

interface Block {
  flags: number;
  address: number;
  size: number;
  number: number;
  count: number;
  family: number;
  data: Buffer;
}

function blocksOf(file: Uint8Array): Block[] {
  const bytes = Buffer.from(file);
  assert.equal(bytes.length % 512, 0);
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length; at += 512) {
    assert.equal(bytes.toString('latin1', at, at + 4), 'UF2\n');
    assert.equal(bytes.readUInt32LE(at + 4), 0x9e5d5157);
    assert.equal(bytes.readUInt32LE(at + 508), 0x0ab16f30);
    const [flags, address, size, number, count, family] = [8, 12, 16, 20, 24, 28].map((o) =>
      bytes.readUInt32LE(at + o),
    ) as [number, number, number, number, number, number];
    const data = bytes.subarray(at + 32, at + 32 + size);
    blocks.push({ flags, address, size, number, count, family, data });
  }
  return blocks;
}

function uf2Block(block: Partial<Block>): Buffer {
  const out = Buffer.alloc(512);
  out.write('UF2\n', 'latin1');
  out.writeUInt32LE(0x9e5d5157, 4);
  out.writeUInt32LE(0x0ab16f30, 508);
  const { flags = 0x2000, address = 0, size = 256, number = 0, count = 1, family = 0, data } = block;
  [flags, address, size, number, count, family].forEach((v, i) => out.writeUInt32LE(v, 8 + 4 * i));
  data?.copy(out, 32);
  return out;
}

/** So many pages of firmware from the start of flash; page i is filled with i. */
function firmware(
  pages: number,
  family: number,
  change: (block: Block) => Partial<Block> = () => ({}),
): Buffer {
  return Buffer.concat(
    Array.from({ length: pages }, (_, i) => {
      const block = {
        flags: 0x2000,
        address: 0x10000000 + 256 * i,
        size: 256,
        number: i,
        count: pages,
        family,
        data: Buffer.alloc(256, i),
      };
      return uf2Block({ ...block, ...change(block) });
    }),
  );
}

/** The flash of a chip after its boot ROM took the file: a sector is erased before the first page in it. */
function flashed(file: Uint8Array, flash: Buffer): Buffer {
  const erased = new Set<number>();
  for (const { address, data } of blocksOf(file)) {
    const at = address - 0x10000000;
    const sector = at - (at % 4096);
    if (!erased.has(sector)) flash.fill(0xff, sector, sector + 4096);
    erased.add(sector);
    data.forEach((byte, i) => (flash[at + i]! &= byte));
  }
  return flash;
}

function programAt(flash: Buffer, layout: FlashLayout): string {
  const start = layout.program.offset;
  return flash.toString('latin1', start, flash.indexOf(0, start));
}

describe('flash: layouts', () => {
  const programs: [BoardName, number, number, number][] = [
    ['pico', 0x100000, 0x80000, 184_320],
    ['pico-w', 0x100000, 0x80000, 184_320],
    ['pico2', 0x100000, 0x180000, 393_216],
    ['pico2-w', 0x110000, 0x170000, 393_216],
  ];
  for (const [board, offset, size, heap] of programs) {
    it(`${board}: its program at 0x${offset.toString(16)}`, () => {
      const layout = LAYOUTS[board];
      assert.deepEqual(layout.program, { offset, size });
      assert.equal(layout.heap, heap);
    });
  }

  it('areas follow one another in whole sectors and fill the flash', () => {
    for (const board of BOARDS) {
      const { firmware: first, storage, program, files, flash } = LAYOUTS[board];
      let at = 0;
      for (const area of [first, storage, program, files]) {
        assert.equal(area.offset, at);
        assert.equal(area.size % 4096, 0);
        at += area.size;
      }
      assert.equal(at, flash);
    }
  });
});

describe('flash: UF2 of a program', () => {
  for (const board of BOARDS) {
    it(`for ${board}: at its place, whole sectors, one family`, () => {
      const layout = LAYOUTS[board];
      const text = 'print("hello");'.repeat(1000);
      const blocks = blocksOf(dataUf2([placedProgram(Buffer.from(text), layout)], layout));
      assert.equal(blocks.length, 64);
      blocks.forEach((block, i) => {
        assert.equal(block.flags, 0x2000);
        assert.equal(block.family, layout.chip === 'RP2040' ? RP2040 : DATA);
        assert.equal(block.size, 256);
        assert.equal(block.number, i);
        assert.equal(block.count, 64);
        assert.equal(block.address, 0x10000000 + layout.program.offset + 256 * i);
      });
      const content = Buffer.concat(blocks.map((b) => b.data));
      assert.equal(content.toString('latin1', 0, text.length), text);
      assert.ok(content.subarray(text.length).every((b) => b === 0));
    });
  }

  it('an older, longer program does not show through, and its neighbours stay', () => {
    const layout = LAYOUTS.pico;
    const flash = Buffer.alloc(layout.flash, 'old program ');
    for (const length of [4095, 4096, 4097, 255, 256]) {
      const text = 'x'.repeat(length);
      flashed(dataUf2([placedProgram(Buffer.from(text), layout)], layout), flash);
      assert.equal(programAt(flash, layout), text);
    }
    const whole = Buffer.alloc(layout.flash, 'old program ');
    const { offset, size } = layout.program;
    assert.ok(flash.subarray(0, offset).equals(whole.subarray(0, offset)));
    assert.ok(flash.subarray(offset + size).equals(whole.subarray(offset + size)));
  });

  it('the largest program fills its area to the last byte', () => {
    const layout = LAYOUTS['pico2-w'];
    const blocks = blocksOf(
      dataUf2([placedProgram(Buffer.alloc(layout.program.size - 1, 'x'), layout)], layout),
    );
    assert.equal(blocks.length * 256, layout.program.size);
    assert.equal(blocks.at(-1)!.data.at(-1), 0);
    assert.equal(blocks.at(-1)!.data.at(-2), 0x78);
  });
});

describe('flash: UF2 of firmware and program', () => {
  it('holds both, numbered as one file of one family', () => {
    const layout = LAYOUTS.pico;
    const program = [placedProgram(Buffer.from('hi'), layout)];
    const file = mergedUf2(program, readFirmware(firmware(20, RP2040), 'k.uf2', layout), layout);
    const blocks = blocksOf(file);
    assert.equal(blocks.length, 36);
    blocks.forEach((b, i) => assert.deepEqual([b.number, b.count, b.family], [i, 36, RP2040]));
    const flash = flashed(file, Buffer.alloc(layout.flash, 0xff));
    for (let i = 0; i < 20; i++) assert.equal(flash[256 * i + 5], i);
    assert.equal(programAt(flash, layout), 'hi');
  });

  it('hands on the block that works around RP2350-E10, ahead of the rest', () => {
    const layout = LAYOUTS.pico2;
    const first = uf2Block({
      address: 0x10ffff00,
      count: 2,
      family: ABSOLUTE,
      data: Buffer.alloc(256, 0xef),
    });
    const source = Buffer.concat([first, firmware(3, RP2350)]);
    const program = [placedProgram(Buffer.from('hi'), layout)];
    const file = mergedUf2(program, readFirmware(source, 'k.uf2', layout), layout);
    assert.ok(Buffer.from(file.subarray(0, 512)).equals(first));
    const blocks = blocksOf(file).slice(1);
    assert.equal(blocks.length, 3 + 16);
    blocks.forEach((b, i) => assert.deepEqual([b.number, b.count, b.family], [i, 19, RP2350]));
  });

  const whole = firmware(8, RP2040);
  const named = (name: string): Buffer =>
    firmware(8, RP2040, (b) => (b.number === 3 ? { data: Buffer.from(name.padEnd(256, '\0')) } : {}));
  const wrong: [string, BoardName, Buffer, RegExp][] = [
    ['an empty file', 'pico', Buffer.alloc(0), /is no UF2 file \(0 bytes\)/],
    ['a file that ends within a block', 'pico', whole.subarray(0, 700), /is no UF2 file \(700 bytes\)/],
    ['another kind of file', 'pico', Buffer.alloc(1024, 'x'), /is no UF2 file \(block 0 is none\)/],
    ['firmware for the other chip', 'pico2', whole, /is for RP2040; pico2 has RP2350/],
    ['firmware for the other chip', 'pico-w', firmware(8, RP2350), /is for RP2350; pico-w has RP2040/],
    ['firmware for a third chip', 'pico', firmware(2, 0x1234abcd), /another chip \(family 0x1234abcd\)/],
    ['firmware for no chip', 'pico', firmware(2, RP2040, () => ({ flags: 0 })), /no chip that it names/],
    ['a part of firmware', 'pico', whole.subarray(0, 512 * 6), /is not whole: 6 of 8 blocks/],
    ['a block twice', 'pico', firmware(8, RP2040, (b) => ({ number: b.number & ~1 })), /is not whole/],
    ['half pages', 'pico', firmware(2, RP2040, () => ({ size: 128 })), /whole pages of 256/],
    [
      'nothing at the start',
      'pico',
      firmware(2, RP2040, (b) => ({ address: b.address + 4096 })),
      /nothing at the start/,
    ],
    [
      'firmware in the program area',
      'pico',
      firmware(2, RP2040, (b) => (b.number ? { address: 0x10100000 } : {})),
      /overlaps the program area of pico/,
    ],
    [
      'firmware in the storage area',
      'pico',
      firmware(2, RP2040, (b) => (b.number ? { address: 0x100fc000 } : {})),
      /reaches out of the firmware area of pico \(0x100fc000\)/,
    ],
    [
      'firmware that names another board',
      'pico',
      named('kaluma-rp2-pico-w-1.2.1'),
      /is for pico-w, not pico/,
    ],
    [
      'firmware that names another board',
      'pico-w',
      named('kaluma-rp2-pico-1.2.1'),
      /is for pico, not pico-w/,
    ],
  ];
  for (const [what, board, file, message] of wrong) {
    it(`refuses ${what} (${board})`, () => {
      assert.throws(
        () => readFirmware(file, 'k.uf2', LAYOUTS[board]),
        (error) => error instanceof UserError && message.test(error.message),
      );
    });
  }

  it('takes firmware that names its own board', () => {
    assert.equal(readFirmware(named('kaluma-rp2-pico-1.2.1'), 'k.uf2', LAYOUTS.pico).pages.length, 8);
  });
});
