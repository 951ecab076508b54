// What marks the chip maker's binaries: the trailer of firmware, and the container of a CLM blob (the regulatory
// tables). Both name the chip that they are for. Told from the published files.

import { crc32 } from './crc32.js';

/** The chip of a Pico W. */
export const CHIP = 43439;

/** At the very end of firmware. */
const DVID = /DVID [0-9a-f]{2}-[0-9a-f]{8}/g;
const DVID_LENGTH = 16;

export interface FirmwareTrailer {
  /** Where the firmware ends, bytes. */
  end: number;
  /** Number of the chip, and its revision such as 'a0'. */
  chip: number;
  revision: string;
  /** Such as '7.95.49 (2271bb6 CY)'. */
  version: string;
}

/**
 * Looks for the last trailer: the text with chip, features and version, its length (16 bits), the DVID.
 * @returns null when there is none
 */
export function findTrailer(bytes: Uint8Array): FirmwareTrailer | null {
  const text = Buffer.from(bytes).toString('latin1');
  for (const { index } of [...text.matchAll(DVID)].reverse()) {
    if (index < 2) continue;
    const length = bytes[index - 2]! | (bytes[index - 1]! << 8);
    if (length > index - 2) continue;
    const match = /^(\d{4,6})([a-z]\d)?-.* Version: (.*?)(?: CRC:.*)?\0*$/s.exec(
      text.slice(index - 2 - length, index - 2),
    );
    if (!match) continue;
    const [, chip, revision, version] = match;
    return { end: index + DVID_LENGTH, chip: Number(chip), revision: revision ?? '', version: version! };
  }
  return null;
}

export interface ClmBlob {
  /** Its own bytes, without what may follow. */
  length: number;
  /** Number of the chip; 0 when it names none. */
  chip: number;
}

const BLOB = 0x424f4c42;
const BLOB_ENTRY = 20;

export function isClm(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && words(bytes).getUint32(0, true) === BLOB;
}

/**
 * Reads the container: magic, header length, CRC-32 of the header's rest, 1, number of entries; an entry is type,
 * offset, length, CRC-32, 0. The entry of four bytes is the chip's number.
 * @returns what is wrong with it, in words that follow 'the CLM blob', when it is not whole
 */
export function readClm(bytes: Uint8Array): ClmBlob | string {
  const view = words(bytes);
  if (bytes.length < BLOB_ENTRY) return 'is cut off';
  const header = view.getUint32(4, true);
  const count = view.getUint32(16, true);
  if (header < BLOB_ENTRY || count === 0 || BLOB_ENTRY * (count + 1) > header) {
    return 'has a form that is not known';
  }
  if (header > bytes.length) return 'is cut off';
  if (crc32(bytes, 12, header) !== view.getUint32(8, true))
    return 'is damaged (the CRC of its header is wrong)';
  const blob: ClmBlob = { length: header, chip: 0 };
  for (let at = BLOB_ENTRY; at < BLOB_ENTRY * (count + 1); at += BLOB_ENTRY) {
    const from = view.getUint32(at + 4, true);
    const length = view.getUint32(at + 8, true);
    if (from + length > bytes.length) return `is cut off: ${bytes.length} of ${from + length} bytes`;
    if (crc32(bytes, from, from + length) !== view.getUint32(at + 12, true)) {
      return 'is damaged (the CRC of its data is wrong)';
    }
    if (length === 4) blob.chip = view.getUint32(from, true);
    blob.length = Math.max(blob.length, from + length);
  }
  return blob;
}

function words(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
