// Firmware files: UF2, good and damaged, and raw images.

import assert from 'node:assert/strict';
import { FAMILY_RP2040, FLASH_SIZE, ImageError, readImage, XIP_BASE } from '../../emulator/image.js';

interface Block {
  address: number;
  size?: number;
  flags?: number;
  family?: number;
}

function uf2(...blocks: Block[]): Uint8Array {
  const file = new Uint8Array(512 * blocks.length);
  const view = new DataView(file.buffer);
  blocks.forEach(({ address, size = 256, flags = 0x2000, family = FAMILY_RP2040 }, i) => {
    const header = [0x0a324655, 0x9e5d5157, flags, address, size, i, blocks.length, family];
    header.forEach((word, j) => view.setUint32(512 * i + 4 * j, word, true));
    file.fill(i + 1, 512 * i + 32, 512 * i + 288);
    view.setUint32(512 * i + 508, 0x0ab16f30, true);
  });
  return file;
}

describe('emulator: firmware files', () => {
  it('reads the blocks of a UF2 file', () => {
    const chunks = readImage(uf2({ address: XIP_BASE }, { address: XIP_BASE + 0x100000, size: 16 }));
    assert.deepEqual(
      chunks.map(({ offset, bytes }) => [offset, bytes.length, bytes[0]]),
      [
        [0, 256, 1],
        [0x100000, 16, 2],
      ],
    );
  });

  it('takes a UF2 file that names no family, and leaves out blocks that are not for flash', () => {
    const file = uf2({ address: XIP_BASE, flags: 0, family: 0 }, { address: 0, flags: 1 });
    assert.equal(readImage(file).length, 1);
  });

  it('takes anything else as a raw image', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    assert.deepEqual(readImage(bytes), [{ offset: 0, bytes }]);
  });

  const good: Block = { address: XIP_BASE };
  const damaged = (at: number): Uint8Array => {
    const file = uf2(good, good);
    file[at]! ^= 1;
    return file;
  };
  const wrong: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /empty/],
    ['a raw image larger than the flash', new Uint8Array(FLASH_SIZE + 1), /larger than the flash/],
    ['a UF2 file that is cut off', uf2(good, good).subarray(0, 1000), /ends within a block/],
    ['a damaged start of a block', damaged(512), /block 1 .* damaged/],
    ['a damaged second magic', damaged(4), /block 0 .* damaged/],
    ['a damaged end of a block', damaged(1020), /block 1 .* damaged/],
    ['another chip', uf2({ address: XIP_BASE, family: 0xe48bff59 }), /another chip/],
    ['an address below the flash', uf2({ address: 0x1000 }), /outside the flash/],
    ['an address in RAM', uf2({ address: 0x20000000 }), /outside the flash/],
    ['a block over the end', uf2({ address: XIP_BASE + FLASH_SIZE - 255 }), /outside the flash/],
    ['a block with more than it has room for', uf2({ address: XIP_BASE, size: 477 }), /outside the flash/],
    ['nothing for the flash', uf2({ address: XIP_BASE, flags: 1 }), /nothing for the flash/],
  ];
  for (const [what, file, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => readImage(file),
        (error: unknown) => error instanceof ImageError && message.test(error.message),
      );
    });
  }
});
