// What the emulated board's flash holds at power-up: firmware and program files, and the image file that keeps it
// between runs.

import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { FlashMemory } from '../../test-host/emulator/flash-memory.js';
import { FLASH_SIZE, ImageError, readImage, type Chunk } from '../../test-host/emulator/image.js';
import { reason } from './bundle-file.js';
import { UserError } from './user-error.js';

/** Said wherever firmware is missing or wrong. */
export const FIRMWARE_HINT = "get kaluma-rp2-pico-1.2.1.uf2 from the releases of Kaluma's project";

/** @throws UserError when there is no such file or it is no image for the Pico's flash */
export function readFirmware(path: string): Chunk[] {
  try {
    return readImage(readFileSync(path));
  } catch (error) {
    if (error instanceof ImageError) {
      throw new UserError(`firmware ${path}: ${error.message}; ${FIRMWARE_HINT}`);
    }
    throw new UserError(`firmware ${path} cannot be read: ${fileReason(error)}; ${FIRMWARE_HINT}`);
  }
}

/** The file that `--flash-image` names, open for writing. */
export class FlashImageFile {
  /** What it held before. */
  readonly chunks: Chunk[];
  private readonly fd: number;
  private open = true;

  /** Opens it, or makes it. @throws UserError when it cannot be, or is larger than the flash */
  constructor(private readonly path: string) {
    try {
      const exists = existsSync(path);
      const bytes = exists ? readFileSync(path) : new Uint8Array(0);
      if (bytes.length > FLASH_SIZE) {
        throw new UserError(`flash image ${path} is ${bytes.length} bytes; a Pico's flash has ${FLASH_SIZE}`);
      }
      this.chunks = bytes.length ? [{ offset: 0, bytes }] : [];
      this.fd = openSync(path, exists ? 'r+' : 'w+');
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`flash image ${path} cannot be used: ${fileReason(error)}`);
    }
  }

  /** Writes the whole flash now, and from now on each change when it happens. */
  follow(memory: FlashMemory, fail: (error: UserError) => void): void {
    const write = (from: number, to: number): void => {
      if (!this.open) return;
      try {
        for (let at = from; at < to;) at += writeSync(this.fd, memory.bytes, at, to - at, at);
      } catch (error) {
        fail(new UserError(`flash image ${this.path} cannot be written: ${fileReason(error)}`));
      }
    };
    write(0, FLASH_SIZE);
    memory.onChange(write);
  }

  close(): void {
    this.open = false;
    closeSync(this.fd);
  }
}

function fileReason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or folder' : reason(error);
}
