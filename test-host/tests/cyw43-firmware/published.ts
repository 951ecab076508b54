// Stand-ins for what the chip's maker publishes, in the published forms: firmware with its trailer, a CLM blob, NVRAM,
// and C headers of them. The bytes in them mean nothing.

import { crc32 } from '../../../tools/cyw43/crc32.js';
import { SeededRandom } from '../../sim/random.js';

export interface FirmwareOptions {
  /** Bytes in front of the trailer. */
  body?: number;
  seed?: number;
  chip?: string;
  version?: string;
}

export function firmwareOf({
  body = 5001,
  seed = 1,
  chip = '43439a0',
  version = '7.95.49',
}: FirmwareOptions = {}): Buffer {
  const text = `${chip}-roml/test Version: ${version} (0123abc CY) CRC: 00c0ffee Date: none FWID 01-00000000\0`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(text.length);
  return Buffer.concat([noise(body, seed), Buffer.from(text), length, Buffer.from('DVID 01-0badcafe')]);
}

/** @param data bytes of its tables */
export function clmOf(data = 300, chip = 43439): Buffer {
  const tables = Buffer.concat([Buffer.from('CLM DATA'), noise(data, 7)]);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(chip);
  const header = Buffer.alloc(60);
  const words = [0x424f4c42, 60, 0, 1, 2, 0, 60, tables.length, crc32(tables), 0];
  words.push(0, 60 + tables.length, 4, crc32(number), 0);
  words.forEach((word, i) => header.writeUInt32LE(word, 4 * i));
  header.writeUInt32LE(crc32(header, 12), 8);
  return Buffer.concat([header, tables, number]);
}

export const NVRAM_LINES = [
  'manfid=0x2d0',
  'prodid=0x0727',
  'boardtype=0x0887',
  'pa2ga0=-168,6649,-778',
  'empty=',
];
/** As the chip wants them: 75 bytes of entries, one more NUL, and zeros up to whole words. */
export const NVRAM_BYTES = Buffer.from(
  NVRAM_LINES.map((line) => `${line}\0`).join('') + '\0'.repeat(4),
).subarray(0, 76);

export function combinedOf(firmware: Buffer, clm: Buffer): Buffer {
  return Buffer.concat([firmware, Buffer.alloc((512 - (firmware.length % 512)) % 512), clm]);
}

/** A C header as the driver's makers publish theirs. */
export function combinedHeader(firmware: Buffer, clm: Buffer): string {
  return (
    `static const unsigned char w43439A0_combined[] CYW43_RESOURCE_ATTRIBUTE = {\n${bytesInC(combinedOf(firmware, clm))}\n};\n` +
    `#define CYW43_WIFI_FW_LEN (${firmware.length}) // a/b.bin\n#define CYW43_CLM_LEN (${clm.length})\n` +
    'const uintptr_t fw_data = (uintptr_t)&w43439A0_combined[0];\n'
  );
}

/** As `xxd -i` writes it. */
export function xxdHeader(name: string, bytes: Buffer): string {
  return `unsigned char ${name}[] = {\n${bytesInC(bytes)}\n};\nunsigned int ${name}_len = ${bytes.length};\n`;
}

export function nvramHeader(lines: readonly string[] = NVRAM_LINES): string {
  const literals = lines.map((line) => `    "${line}"    "\\x00"\n`).join('');
  return (
    '/* NVRAM */\nstatic const uint8_t wifi_nvram[] CYW43_RESOURCE_ATTRIBUTE =\n    // first\n' +
    `${literals}    // "left=out\\x00"\n    "\\x00\\x00";\n`
  );
}

function bytesInC(bytes: Buffer): string {
  const items = [...bytes].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const rows = Array.from({ length: Math.ceil(items.length / 12) }, (_, i) =>
    items.slice(12 * i, 12 * i + 12),
  );
  return rows.map((row) => `  ${row.join(', ')}`).join(',\n');
}

function noise(length: number, seed: number): Buffer {
  const random = new SeededRandom(seed);
  return Buffer.from(Array.from({ length }, () => Math.floor(random.float() * 256)));
}
