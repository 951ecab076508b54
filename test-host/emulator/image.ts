// Flash images: UF2 files and raw binaries, and where their bytes go.

/** Start of the memory-mapped flash (RP2040 datasheet, 2.2: address map). */
export const XIP_BASE = 0x10000000;
/** Flash of a Pico, bytes. */
export const FLASH_SIZE = 2 * 1024 * 1024;

// UF2 file format: blocks of 512 bytes.
const BLOCK = 512;
const MAGIC_START0 = 0x0a324655;
const MAGIC_START1 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const FLAG_NOT_MAIN_FLASH = 0x00000001;
const FLAG_FAMILY = 0x00002000;
/** Family of the RP2040. */
export const FAMILY_RP2040 = 0xe48bff56;
const DATA = 32;
const DATA_MAX = 476;

/** A run of bytes at an offset into flash. */
export interface Chunk {
  offset: number;
  bytes: Uint8Array;
}

/** What is wrong with a file, in words for the user. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/**
 * Reads a flash image.
 * @param file a UF2 file, or a raw binary that begins at the start of flash
 * @throws ImageError when it is damaged, of another chip or larger than the flash
 */
export function readImage(file: Uint8Array): Chunk[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 8 || view.getUint32(0, true) !== MAGIC_START0) {
    if (file.length === 0) throw new ImageError('the file is empty');
    if (file.length > FLASH_SIZE) throw new ImageError('the file is larger than the flash');
    return [{ offset: 0, bytes: file }];
  }
  if (file.length % BLOCK) throw new ImageError('the UF2 file ends within a block');
  const chunks: Chunk[] = [];
  for (let at = 0; at < file.length; at += BLOCK) {
    const word = (index: number): number => view.getUint32(at + 4 * index, true);
    if (
      word(0) !== MAGIC_START0 ||
      word(1) !== MAGIC_START1 ||
      view.getUint32(at + 508, true) !== MAGIC_END
    ) {
      throw new ImageError(`block ${at / BLOCK} of the UF2 file is damaged`);
    }
    const flags = word(2);
    const size = word(4);
    if (flags & FLAG_NOT_MAIN_FLASH) continue;
    if (flags & FLAG_FAMILY && word(7) !== FAMILY_RP2040) {
      throw new ImageError('the UF2 file is for another chip than the RP2040');
    }
    const offset = word(3) - XIP_BASE;
    if (size > DATA_MAX || offset < 0 || offset + size > FLASH_SIZE) {
      throw new ImageError(`block ${at / BLOCK} of the UF2 file lies outside the flash`);
    }
    chunks.push({ offset, bytes: file.subarray(at + DATA, at + DATA + size) });
  }
  if (!chunks.length) throw new ImageError('the UF2 file holds nothing for the flash');
  return chunks;
}
