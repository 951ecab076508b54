// Stand-ins for what cannot be part of this repository: a firmware image, NVRAM text and CLM blob that the model
// takes and that have the outer form of the published ones. The bytes mean nothing.

import { crc32 } from 'node:zlib';
import { SeededRandom } from '../../sim/random.js';

/** Where a stand-in says what it is: magic, length and CRC-32 of the image with the CRC itself as 0. */
export const STAND_IN_MAGIC = 'LWSTANDI';
export const STAND_IN_MAGIC_AT = 64;
const LENGTH_AT = STAND_IN_MAGIC_AT + 8;
const CRC_AT = STAND_IN_MAGIC_AT + 12;

export const STAND_IN_FIRMWARE_SIZE = 8192;
export const STAND_IN_FIRMWARE_MAX = 230 * 1024;
/** Bytes of the trailer behind the text area and its length. */
export const TRAILER_BYTES = 16;
/** How every CLM blob begins. */
export const CLM_MAGIC = 'BLOB';

export interface StandInOptions {
  /** Bytes, a multiple of four from 1024 to STAND_IN_FIRMWARE_MAX. */
  size?: number;
  /** Default '7.95.49'. */
  version?: string;
  seed?: number;
}

/**
 * An image with the trailer of the published ones: text with 'Version: …' ended by NUL, its length (u16), 16 bytes.
 * @returns the image
 */
export function standInFirmware(options: StandInOptions = {}): Uint8Array {
  const { size = STAND_IN_FIRMWARE_SIZE, version = '7.95.49', seed = 43439 } = options;
  if (size < 1024 || size > STAND_IN_FIRMWARE_MAX || size % 4) {
    throw new RangeError(
      `a stand-in image has 1024 to ${STAND_IN_FIRMWARE_MAX} bytes, a multiple of 4: ${size}`,
    );
  }
  const image = noise(size, seed);
  const view = new DataView(image.buffer);
  // The vector table: stack at the end of RAM, a Thumb entry point.
  view.setUint32(0, 0x80000, true);
  view.setUint32(4, 0x101, true);
  const text = Buffer.from(
    `43439a0-stand-in/sdio-none Version: ${version} (stand-in) CRC: 00000000 ` +
      'Date: Wed 2020-01-01 00:00:00 UTC Ucode Ver: 0.0 FWID 01-00000000\0',
    'latin1',
  );
  const trailer = size - TRAILER_BYTES;
  image.set(text, trailer - 2 - text.length);
  view.setUint16(trailer - 2, text.length, true);
  image.fill(0, trailer);
  image.set(Buffer.from('DVID', 'latin1'), trailer);
  view.setUint8(size - 1, 1);
  image.set(Buffer.from(STAND_IN_MAGIC, 'latin1'), STAND_IN_MAGIC_AT);
  view.setUint32(LENGTH_AT, size, true);
  view.setUint32(CRC_AT, 0, true);
  view.setUint32(CRC_AT, crc32(image), true);
  return image;
}

/**
 * Whether memory that begins with a stand-in holds it unharmed.
 * @returns 'absent' when it is no stand-in
 */
export function checkStandIn(memory: Uint8Array): 'absent' | 'good' | 'damaged' {
  if (memory.length < CRC_AT + 4) return 'absent';
  const magic = Buffer.from(memory.subarray(STAND_IN_MAGIC_AT, LENGTH_AT)).toString('latin1');
  if (magic !== STAND_IN_MAGIC) return 'absent';
  const size = standInSize(memory);
  if (size > memory.length || size > STAND_IN_FIRMWARE_MAX) return 'damaged';
  const image = memory.slice(0, size);
  const view = new DataView(image.buffer);
  const crc = view.getUint32(CRC_AT, true);
  view.setUint32(CRC_AT, 0, true);
  return crc32(image) === crc ? 'good' : 'damaged';
}

/** Bytes of a stand-in image, as it says itself. */
function standInSize(memory: Uint8Array): number {
  return new DataView(memory.buffer, memory.byteOffset).getUint32(LENGTH_AT, true);
}

/** NVRAM as 'key=value' strings, each ended by NUL, and one more NUL. */
export function standInNvram(entries: Record<string, string> = {}): Uint8Array {
  const all: Record<string, string> = {
    manfid: '0x2d0',
    prodid: '0x0727',
    vendid: '0x14e4',
    devid: '0x43e2',
    boardtype: '0x0887',
    boardrev: '0x1100',
    macaddr: '00:00:00:00:00:00',
    ccode: 'ALL',
    xtalfreq: '37400',
    ...entries,
  };
  const text = Object.entries(all)
    .map(([key, value]) => `${key}=${value}\0`)
    .join('');
  return Uint8Array.from(Buffer.from(`${text}\0`, 'latin1'));
}

/**
 * A CLM blob: 'BLOB', a length, noise, and a CRC-32 by which the model knows it unharmed.
 * @param size bytes, at least 16
 */
export function standInClm(size = 984): Uint8Array {
  const blob = noise(size, 984);
  const view = new DataView(blob.buffer);
  blob.set(Buffer.from(`${CLM_MAGIC}LWSI`, 'latin1'));
  view.setUint32(8, size, true);
  view.setUint32(size - 4, crc32(blob.subarray(0, size - 4)), true);
  return blob;
}

/** @returns why the chip would refuse the blob, or null */
export function clmFault(blob: Uint8Array): string | null {
  const text = Buffer.from(blob.subarray(0, 8)).toString('latin1');
  if (!text.startsWith(CLM_MAGIC)) return 'it does not begin with BLOB';
  if (text !== `${CLM_MAGIC}LWSI`) return null;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (blob.length < 16 || view.getUint32(8, true) !== blob.length) return 'its length differs';
  if (view.getUint32(blob.length - 4, true) !== crc32(blob.subarray(0, blob.length - 4)))
    return 'its CRC differs';
  return null;
}

function noise(size: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = random.next32();
  return bytes;
}
