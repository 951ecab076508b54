// What the chip finds in its RAM when its core leaves reset: the firmware image at 0 and the NVRAM at the end. The
// model cannot run the image; it looks whether the real chip could.

import { checkStandIn, standInSize } from '../stand-in.js';
import { u32 } from './bytes.js';
import type { MisuseKind } from './misuse.js';

/** The version text lies within so many bytes of the image's end; a little more for padding behind it. */
const TRAILER_SEARCH = 800 + 512;
const VERSION = /Version: (\d+(?:\.\d+)+)[\x20-\x7e]*/;
const NVRAM_MAX = 8192;

export type ImageCheck =
  { version: string; nvram: Map<string, string> } | { fault: MisuseKind; detail: string };

export function checkRam(ram: Uint8Array): ImageCheck {
  const nvram = readNvram(ram);
  if ('fault' in nvram) return nvram;
  const standIn = checkStandIn(ram);
  if (standIn === 'damaged') return { fault: 'imageDamaged', detail: 'CRC of the stand-in' };
  const limit = ram.length - 4 - nvram.length;
  const end = standIn === 'good' ? standInSize(ram) : lastUsed(ram, limit) + 1;
  if (end === 0) return { fault: 'imageMissing', detail: '' };
  const tail = Buffer.from(ram.subarray(Math.max(0, end - TRAILER_SEARCH), end)).toString('latin1');
  const version = VERSION.exec(tail)?.[1];
  if (!version) return { fault: 'imageDamaged', detail: 'no version text at its end' };
  return { version, nvram: nvram.entries };
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

function lastUsed(ram: Uint8Array, limit: number): number {
  let at = limit - 1;
  while (at >= 0 && ram[at] === 0) at--;
  return at;
}
