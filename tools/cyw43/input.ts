// The files that users download, in any of the published forms, sorted into firmware, CLM blob and NVRAM: C headers,
// plain binaries, firmware and CLM in one, text. What cannot be used is refused in one line.

import { UserError } from '../flash/user-error.js';
import { parseCSource, SourceError } from './c-source.js';
import { CHIP, findTrailer, isClm, readClm, type FirmwareTrailer } from './chip-files.js';
import { looksLikeNvram, NvramError, readNvram, type Nvram } from './nvram.js';

export interface InputFile {
  /** For messages. */
  name: string;
  bytes: Uint8Array;
}

/** What the files held. */
export interface Parts {
  firmware?: { bytes: Uint8Array; trailer: FirmwareTrailer };
  clm?: Uint8Array;
  nvram?: Nvram;
}

/** Firmware and CLM in one: the blob begins at a multiple of it. */
const COMBINED_ALIGN = 512;

/** Text: printable, with NULs for NVRAM. */
const TEXT = /^[\t\n\r\f\0\x20-\x7e]*$/;

/**
 * @param files in any order; each kind at most once
 * @throws UserError
 */
export function sortFiles(files: readonly InputFile[]): Parts {
  const parts: Parts = {};
  for (const file of files) {
    for (const [kind, value] of Object.entries(readFile(file))) {
      if (kind in parts) throw new UserError(`${file.name} holds ${NAMES[kind]}, and so did a file before`);
      Object.assign(parts, { [kind]: value });
    }
  }
  return parts;
}

const NAMES: Readonly<Record<string, string>> = { firmware: 'firmware', clm: 'a CLM blob', nvram: 'NVRAM' };

/** @throws UserError */
export function readFile({ name, bytes }: InputFile): Parts {
  const refuse: Refuse = (why) => {
    throw new UserError(`${name} ${why}`);
  };
  if (!bytes.length) return refuse('is empty');
  const known = SIGNATURES.find(([signature]) => signature.every((byte, i) => bytes[i] === byte));
  if (known) return refuse(known[1]);
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  if (!TEXT.test(text.slice(0, 4096))) return readBinary(bytes, new Map(), refuse);
  if (/^\s*<(?:!doctype|html|head|\?xml)/i.test(text)) {
    return refuse("is a web page, not the file itself: take the download ('raw') link");
  }
  if (text.startsWith('version https://git-lfs')) return refuse('is a Git LFS pointer, not the file itself');
  try {
    if (/\[[^\]\n]*\][^;{"]*=\s*(?:[{"]|\/)/.test(text)) return readSource(text, refuse);
    if (looksLikeNvram(text)) return { nvram: checkNvram(readNvram(text), refuse) };
  } catch (error) {
    if (error instanceof SourceError || error instanceof NvramError)
      return refuse(`is damaged: ${error.message}`);
    throw error;
  }
  return refuse('is text, but neither a C header with an array nor NVRAM (key=value)');
}

type Refuse = (why: string) => never;

/** First bytes of files that are something else. */
const SIGNATURES: [number[], string][] = [
  [[0x50, 0x4b, 3, 4], 'is a ZIP archive: unpack it first'],
  [[0x1f, 0x8b], 'is compressed: unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'is compressed: unpack it first'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'is compressed: unpack it first'],
  [[0x55, 0x46, 0x32, 0x0a], "is a UF2 file, not the Wi-Fi chip's firmware"],
  [[0x7f, 0x45, 0x4c, 0x46], "is an ELF file, not the Wi-Fi chip's firmware"],
];

function readSource(text: string, refuse: Refuse): Parts {
  const { arrays, numbers } = parseCSource(text);
  const parts: Parts = {};
  for (const { name, bytes } of arrays) {
    if (!bytes.length) continue;
    const length = numbers.get(`${name}_len`);
    if (length !== undefined && length !== bytes.length) {
      return refuse(`is damaged: the array ${name} has ${bytes.length} of ${length} bytes`);
    }
    const string = Buffer.from(bytes).toString('latin1');
    const found = looksLikeNvram(string)
      ? { nvram: checkNvram(readNvram(string), refuse) }
      : readBinary(bytes, numbers, refuse);
    for (const kind of Object.keys(found)) if (kind in parts) return refuse(`holds ${NAMES[kind]} twice`);
    Object.assign(parts, found);
  }
  return Object.keys(parts).length ? parts : refuse('is a C header without data');
}

/** @param numbers what the C header says, for comparison */
function readBinary(bytes: Uint8Array, numbers: ReadonlyMap<string, number>, refuse: Refuse): Parts {
  if (isClm(bytes)) return { clm: checkClm(bytes, numbers, refuse) };
  const string = Buffer.from(bytes).toString('latin1');
  if (looksLikeNvram(string)) return { nvram: checkNvram(readNvram(string), refuse) };
  const trailer = findTrailer(bytes);
  if (!trailer) {
    return refuse(
      `(${bytes.length} bytes) is no Wi-Fi firmware, or not all of it: the version text at its end is missing`,
    );
  }
  checkChip('firmware', trailer.chip, trailer.revision, refuse);
  const { end } = trailer;
  const said = saidLength(numbers, /(?:FW|FIRMWARE)_LEN$/);
  if (said !== undefined && said !== end) {
    return refuse(`is damaged: it says that its firmware has ${said} bytes, but that ends after ${end}`);
  }
  const firmware = { bytes: bytes.slice(0, end), trailer };
  const next = Math.ceil(end / COMBINED_ALIGN) * COMBINED_ALIGN;
  if (bytes.subarray(end, next).some((byte) => byte !== 0)) {
    return refuse('has something behind the end of its firmware that is not known');
  }
  const rest = bytes.subarray(next);
  if (rest.every((byte) => byte === 0)) {
    return saidLength(numbers, /CLM_LEN$/) === undefined
      ? { firmware }
      : refuse('is cut off: its CLM blob is missing');
  }
  if (!isClm(rest)) return refuse('has something behind its firmware that is no CLM blob');
  return { firmware, clm: checkClm(rest, numbers, refuse) };
}

function checkClm(bytes: Uint8Array, numbers: ReadonlyMap<string, number>, refuse: Refuse): Uint8Array {
  const blob = readClm(bytes);
  if (typeof blob === 'string') return refuse(`cannot be used: the CLM blob ${blob}`);
  if (blob.chip !== 0) checkChip('a CLM blob', blob.chip, '', refuse);
  const said = saidLength(numbers, /CLM_LEN$/);
  if (said !== undefined && said !== blob.length) {
    return refuse(`is damaged: it says that its CLM blob has ${said} bytes, but that has ${blob.length}`);
  }
  if (bytes.subarray(blob.length).some((byte) => byte !== 0)) {
    return refuse('has something behind its CLM blob that is not known');
  }
  return bytes.slice(0, blob.length);
}

function checkChip(what: string, chip: number, revision: string, refuse: Refuse): void {
  if (chip !== CHIP) refuse(`is ${what} for the chip ${chip}${revision}; a Pico W has the CYW${CHIP}`);
}

/** Key that every published NVRAM has: without it this is some other list of settings. */
const NVRAM_KEY = 'boardtype';

function checkNvram(nvram: Nvram, refuse: Refuse): Nvram {
  return nvram.entries.has(NVRAM_KEY)
    ? nvram
    : refuse(`is no NVRAM of a Wi-Fi chip (it has no ${NVRAM_KEY})`);
}

function saidLength(numbers: ReadonlyMap<string, number>, name: RegExp): number | undefined {
  for (const [key, value] of numbers) if (name.test(key)) return value;
  return undefined;
}
