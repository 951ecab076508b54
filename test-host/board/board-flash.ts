// What Kaluma's `flash` module reaches of a Pico's flash: 16 KB of storage, the program, the files; 260 sectors that are
// erased to ones and programmed towards zeros. Survives resets. Storage and files have models of their own
// (board.ts, board-files.ts) and leave no trace here.

import { LAYOUTS } from '../../tools/flash/flash-layout.js';

export const FLASH_SECTOR = 4096;
export const FLASH_PAGE = 256;

const { storage, program, flash } = LAYOUTS.pico;

export class BoardFlash {
  /** From the start of the storage area to the end of flash. */
  readonly bytes = new Uint8Array(flash - storage.offset).fill(0xff);
  readonly sectors = this.bytes.length / FLASH_SECTOR;

  /** Programs bytes; bits that are zero stay so. */
  program(offset: number, data: Uint8Array): void {
    data.forEach((byte, i) => (this.bytes[offset + i]! &= byte));
  }

  erase(sector: number): void {
    this.bytes.fill(0xff, sector * FLASH_SECTOR, (sector + 1) * FLASH_SECTOR);
  }

  /** The user's program, '' when there is none. */
  get programText(): string {
    const area = this.programArea();
    if (area[0] === 0xff) return '';
    const end = area.indexOf(0);
    return Buffer.from(area.subarray(0, end < 0 ? area.length : end)).toString('utf8');
  }

  /** As `.flash -w` does: erases the whole area, then writes the program and the NUL that ends it. */
  set programText(text: string) {
    const area = this.programArea();
    area.fill(0xff);
    area.set(Buffer.from(`${text}\0`).subarray(0, area.length));
  }

  /** Puts bytes at an offset into the chip's whole flash, as a UF2 file does: sectors are erased before. */
  place(offset: number, data: Uint8Array): void {
    const at = offset - storage.offset;
    const end = Math.ceil((at + data.length) / FLASH_SECTOR) * FLASH_SECTOR;
    this.bytes.fill(0xff, at - (at % FLASH_SECTOR), end);
    this.bytes.set(data, at);
  }

  private programArea(): Uint8Array {
    const at = program.offset - storage.offset;
    return this.bytes.subarray(at, at + program.size);
  }
}
