// Images that the command line has stored on a board, as Kaluma reads them: raw in flash, or else from a file. An image
// begins with a sector that tells what it is; the rest of its length follows.

import type { BlobReader, BlobSource } from './interfaces.js';
import { kalumaFlash } from './kaluma_flash.js';

declare const require: (id: string) => unknown;

/** @external */
interface FsModule {
  exists(path: string): boolean;
  stat(path: string): { size: number };
  open(path: string, flags: string): number;
  read(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  close(fd: number): void;
}

export interface KalumaBlobConfig {
  /** The first four words of its header: two of magic, format, chip. */
  kind: number[];
  /** Where it may stand in flash: sectors from the start of Kaluma's storage area, 0xFC000 on a Pico. */
  sector: number;
  /** Sectors that it may take there. */
  sectors: number;
  /** Where it may stand on the file system. */
  file: string;
}

const SECTOR = 4096;
/** The header, in words: the fifth counts the words behind the first sector; the last is the sum of those before it. */
const HEADER = 256;
const WORDS = 4;

/** Nothing is read before `open` is called. */
export function kalumaBlob(config: KalumaBlobConfig): BlobSource {
  let fd = -1;
  const flash = kalumaFlash(config.sector, config.sectors);
  // Loaded when it is needed: the module takes some KB of heap, and stays.
  let fs!: FsModule;

  const raw: BlobReader = {
    size: 0,
    read: function (offset, into) {
      flash.read(0, into, offset);
    },
  };
  const file: BlobReader = {
    size: 0,
    read: function (offset, into) {
      fs.read(fd, into, 0, into.length, offset);
    },
  };

  const blob: BlobSource = {
    reason: '',
    close: function () {
      if (fd >= 0) fs.close(fd);
      fd = -1;
    },
    open: function () {
      blob.close();
      blob.reason = check(config.kind, raw, config.sectors * SECTOR);
      if (!blob.reason) return raw;
      fs = require('fs') as FsModule;
      if (!fs.exists(config.file)) return null;
      fd = fs.open(config.file, 'r');
      blob.reason = check(config.kind, file, fs.stat(config.file).size);
      return blob.reason ? null : file;
    },
  };
  return blob;
}

/**
 * Reads an image's header and takes its size from it.
 * @param room bytes that there are
 * @returns what is wrong with it, '' when nothing is
 */
function check(kind: number[], blob: BlobReader, room: number): string {
  const words = new Uint32Array(HEADER);
  blob.read(0, new Uint8Array(words.buffer));
  if (words[0] !== kind[0] || words[1] !== kind[1]) return 'no image';
  let sum = 0;
  for (let i = 0; i < HEADER - 1; i++) {
    sum += words[i]!;
    if (sum > 0xffffffff) sum -= 0xffffffff;
  }
  if (sum !== words[HEADER - 1]) return 'damaged image';
  if (words[2] !== kind[2]) return 'image of format ' + words[2];
  if (words[3] !== kind[3]) return 'image for chip ' + words[3];
  blob.size = SECTOR + 4 * words[WORDS]!;
  return blob.size > room ? 'image cut off' : '';
}
