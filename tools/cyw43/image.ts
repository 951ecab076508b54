// The image that a board keeps for its Wi-Fi chip: one sector with a header and the CLM blob, and the script that writes
// firmware and NVRAM into the chip. The board reads it in sectors and hands them to its PIO as they are.
//
// Header, little endian: 0 magic, 8 format, 12 chip, 16 words of the script, 20 their sum, 24 bytes of the CLM blob (at
// 1024), 28 of the firmware, 32 CRC-32 of firmware, NVRAM and CLM, 36 bytes of NVRAM, 40 version (64 characters), 1020
// sum of the words before. Sums are ones'-complement, of 32-bit words.

import { CHIP } from './chip-files.js';
import { crc32 } from './crc32.js';
import { lengthWord, NVRAM_END, padded, runScript, ScriptError, writeScript } from './gspi-script.js';

export const MAGIC = 'LWCYW43\0';
export const FORMAT = 1;
export const IMAGE_SECTOR = 4096;
/** Where the image may stand in the flash of an RP2040 board, in the upper part of the program area. */
export const RAW_OFFSET = 0x130000;
export const RAW_SIZE = 0x50000;
/** Where it may stand on the board's file system. */
export const IMAGE_FILE = '/cyw43.img';

const HEADER = 1024;
const HEADER_SUM = HEADER - 4;
const CLM_AT = HEADER;
export const CLM_MAX = IMAGE_SECTOR - CLM_AT;
const VERSION_AT = 40;
const VERSION_LENGTH = 64;

export interface ImageParts {
  firmware: Uint8Array;
  /** As readNvram() gives it: whole words. */
  nvram: Uint8Array;
  clm: Uint8Array;
  /** The firmware's own version. */
  version: string;
}

/** The parts cannot be put into an image, or an image is not right; in words without a file name. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** @throws ImageError when the chip or the image has no room for the parts */
export function buildImage({ firmware, nvram, clm, version }: ImageParts): Uint8Array {
  if (clm.length > CLM_MAX)
    throw new ImageError(`the CLM blob has ${clm.length} bytes, more than ${CLM_MAX}`);
  if (padded(firmware).length + nvram.length > NVRAM_END) {
    throw new ImageError(
      `firmware (${firmware.length} bytes) and NVRAM (${nvram.length}) exceed the chip's RAM`,
    );
  }
  const script = writeScript(firmware, nvram);
  const image = new Uint8Array(IMAGE_SECTOR + 4 * script.length);
  const view = new DataView(image.buffer);
  script.forEach((word, i) => view.setUint32(IMAGE_SECTOR + 4 * i, word, true));
  image.set(Buffer.from(MAGIC, 'latin1'));
  [
    FORMAT,
    CHIP,
    script.length,
    onesSum(script),
    clm.length,
    firmware.length,
    crc32(Buffer.concat([firmware, nvram, clm])),
    nvram.length,
  ].forEach((value, i) => view.setUint32(8 + 4 * i, value, true));
  image.set(Buffer.from(version, 'latin1').subarray(0, VERSION_LENGTH - 1), VERSION_AT);
  view.setUint32(HEADER_SUM, onesSum(wordsOf(image.subarray(0, HEADER_SUM))), true);
  image.set(clm, CLM_AT);
  return image;
}

export function isImage(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/**
 * Reads an image and checks all of it: what the board would write into the chip is what the header tells of.
 * @param bytes the image; what follows it, as in a dump of flash, is left alone
 * @returns its parts and its own length
 * @throws ImageError
 */
export function checkImage(bytes: Uint8Array): ImageParts & { length: number } {
  if (!isImage(bytes)) throw new ImageError('is no image for the Wi-Fi chip');
  if (bytes.length < IMAGE_SECTOR) throw new ImageError('is cut off within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (index: number): number => view.getUint32(8 + 4 * index, true);
  if (onesSum(wordsOf(bytes.subarray(0, HEADER_SUM))) !== view.getUint32(HEADER_SUM, true)) {
    throw new ImageError('is damaged in its header');
  }
  if (field(0) !== FORMAT) throw new ImageError(`has format ${field(0)}; this version knows ${FORMAT}`);
  if (field(1) !== CHIP) throw new ImageError(`is for the chip ${field(1)}, not ${CHIP}`);
  const [words, sum, clmLength, firmwareLength, crc, nvramLength] = [2, 3, 4, 5, 6, 7].map(field) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const length = IMAGE_SECTOR + 4 * words;
  if (length > bytes.length) throw new ImageError(`is cut off: ${bytes.length} of ${length} bytes`);
  const script = wordsOf(bytes.subarray(IMAGE_SECTOR, length));
  if (onesSum(script) !== sum) throw new ImageError('is damaged: the sum of its script is wrong');
  if (clmLength > CLM_MAX || nvramLength % 4 || firmwareLength + nvramLength > NVRAM_END) {
    throw new ImageError('is damaged: its lengths cannot be');
  }
  const { ram, written } = run(script);
  const firmware = ram.slice(0, firmwareLength);
  const start = NVRAM_END - nvramLength;
  const nvram = ram.slice(start, NVRAM_END);
  const clm = bytes.slice(CLM_AT, CLM_AT + clmLength);
  const expected = padded(firmware).length;
  const right =
    written.every((byte, i) => byte === (i < expected || i >= start ? 1 : 0)) &&
    ram.subarray(firmwareLength, expected).every((byte) => byte === 0) &&
    Buffer.compare(ram.subarray(NVRAM_END), lengthWord(nvramLength)) === 0;
  if (!right || crc32(Buffer.concat([firmware, nvram, clm])) !== crc) {
    throw new ImageError('is damaged: its script writes something else than its header tells');
  }
  const version = Buffer.from(bytes.subarray(VERSION_AT, VERSION_AT + VERSION_LENGTH)).toString('latin1');
  return { firmware, nvram, clm, version: version.replace(/\0.*$/s, ''), length };
}

function run(script: Uint32Array): ReturnType<typeof runScript> {
  try {
    return runScript(script);
  } catch (error) {
    if (error instanceof ScriptError) throw new ImageError(`is damaged: ${error.message}`);
    throw error;
  }
}

/** The sum of 32-bit words with the carries added in again. */
export function onesSum(words: Uint32Array): number {
  let sum = 0;
  for (const word of words) {
    sum += word;
    if (sum > 0xffffffff) sum -= 0xffffffff;
  }
  return sum;
}

/** Little-endian words, wherever the bytes lie. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i, true));
}
