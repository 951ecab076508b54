// What the chip finds in its RAM when its core leaves reset: the firmware image at 0 and the NVRAM at the end. The
// model cannot run the image; it looks whether the real chip could.

import { checkStandIn } from '../stand-in.js';
import { u32 } from './bytes.js';
import type { MisuseKind } from './misuse.js';

/** The image ends with a text area that has a version in it, the area's length (u16), and 16 bytes that begin so. */
const VERSION = 'Version: ';
const TRAILER = 'DVID';
const LENGTH_BYTES = 2;
const TEXT_MAX = 800;
const DOTTED = /^Version: (\d+(?:\.\d+)+)/;
const NVRAM_MAX = 8192;

export type ImageCheck =
  { version: string; nvram: Map<string, string> } | { fault: MisuseKind; detail: string };

export function checkRam(ram: Uint8Array): ImageCheck {
  const nvram = readNvram(ram);
  if ('fault' in nvram) return nvram;
  const standIn = checkStandIn(ram);
  if (standIn === 'damaged') return { fault: 'imageDamaged', detail: 'CRC of the stand-in' };
  const limit = ram.length - 4 - nvram.length;
  const version = readVersion(ram.subarray(0, limit));
  if (version !== null) return { version, nvram: nvram.entries };
  if (unwritten(ram, limit)) return { fault: 'imageMissing', detail: '' };
  return { fault: 'imageDamaged', detail: 'no version text at its end' };
}

/** @returns what is wrong with RAM at the start of the core, or null: the bus half's `checkImage` */
export function imageProblem(ram: Uint8Array): string | null {
  const check = checkRam(ram);
  if (!('fault' in check)) return null;
  return check.detail ? `${check.fault}: ${check.detail}` : check.fault;
}

/**
 * The last word of RAM is the number of NVRAM words and its complement; the text lies before it.
 * @returns entries and the bytes that the text takes
 */
function readNvram(
  ram: Uint8Array,
): { entries: Map<string, string>; length: number } | { fault: MisuseKind; detail: string } {
  const token = u32(ram, ram.length - 4);
  if (token === 0) return { fault: 'nvramMissing', detail: '' };
  const length = (token & 0xffff) * 4;
  if (token >>> 16 !== (~token & 0xffff) || length === 0 || length > NVRAM_MAX) {
    return { fault: 'nvramDamaged', detail: `length word ${token.toString(16)}` };
  }
  const text = Buffer.from(ram.subarray(ram.length - 4 - length, ram.length - 4)).toString('latin1');
  const lines = text.split('\0').filter((line) => line.length > 0);
  const entries = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf('=');
    if (at < 1 || /[^\x20-\x7e]/.test(line)) return { fault: 'nvramDamaged', detail: JSON.stringify(line) };
    entries.set(line.slice(0, at), line.slice(at + 1));
  }
  if (!entries.size) return { fault: 'nvramMissing', detail: 'no entry' };
  return { entries, length };
}

/** What lies behind an image in RAM is anything. @returns the version that the image's end tells, or null */
function readVersion(ram: Uint8Array): string | null {
  const bytes = Buffer.from(ram.buffer, ram.byteOffset, ram.length);
  for (let at = bytes.lastIndexOf(VERSION); at >= 0; at = at ? bytes.lastIndexOf(VERSION, at - 1) : -1) {
    const trailer = bytes.indexOf(TRAILER, at);
    if (trailer < 0 || trailer - at > TEXT_MAX) continue;
    const end = trailer - LENGTH_BYTES;
    const begin = end - bytes.readUInt16LE(end);
    const version = DOTTED.exec(bytes.toString('latin1', at, end))?.[1];
    if (version && begin <= at && bytes[end - 1] === 0) return version;
  }
  return null;
}

/** Nothing but one value, as after power-up. */
function unwritten(ram: Uint8Array, limit: number): boolean {
  for (let i = 1; i < limit; i++) if (ram[i] !== ram[0]) return false;
  return true;
}
