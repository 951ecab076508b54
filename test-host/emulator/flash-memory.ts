// The Pico's flash chip as firmware sees it through the boot ROM's routines: erased to ones by sectors, programmed by
// pages that can only clear bits, both taking their time. Who keeps its contents is told of changes.

import { FLASH_SIZE } from './image.js';

/** W25Q16JV datasheet, 9.6, typical times: sector erase 45 ms, 32 KB and 64 KB block erase, page program. Microseconds. */
const ERASE_SECTOR = 45000;
const ERASE_BLOCK = 150000;
const PROGRAM_PAGE = 400;

const SECTOR = 4096;
const PAGE = 256;

export class FlashMemory {
  /** Erases and programs so far. */
  erased = 0;
  programmed = 0;
  private readonly watchers: ((from: number, to: number) => void)[] = [];

  constructor(readonly bytes: Uint8Array) {}

  /** Calls `fn` after each change with the range that may have changed. */
  onChange(fn: (from: number, to: number) => void): void {
    this.watchers.push(fn);
  }

  /**
   * Erases whole sectors.
   * @param blockSize what the large erase command takes, bytes, as the firmware says; 0 for sectors only
   * @returns microseconds that it takes
   */
  erase(offset: number, count: number, blockSize: number): number {
    let time = 0;
    const end = Math.min(offset + count, FLASH_SIZE);
    const start = offset & -SECTOR;
    let at = start;
    while (at < end) {
      const block = blockSize > SECTOR && at % blockSize === 0 && at + blockSize <= end;
      const size = block ? blockSize : SECTOR;
      time += block ? ERASE_BLOCK : ERASE_SECTOR;
      this.bytes.fill(0xff, at, at + size);
      at += size;
    }
    this.erased++;
    this.changed(start, at);
    return time;
  }

  /** Programs bytes; bits that are zero stay so. @returns microseconds that it takes */
  program(offset: number, data: Uint8Array): number {
    const count = Math.min(data.length, FLASH_SIZE - offset);
    for (let i = 0; i < count; i++) this.bytes[offset + i]! &= data[i]!;
    this.programmed++;
    this.changed(offset, offset + count);
    return Math.ceil(data.length / PAGE) * PROGRAM_PAGE;
  }

  private changed(from: number, to: number): void {
    for (const fn of this.watchers) fn(from, to);
  }
}
