// Where Kaluma keeps what in flash, per board: facts of its targets/rp2/boards/<board>/board.h and target.cmake, release
// 1.2.1 for the RP2040 boards and 1.3.0-beta.2 for the RP2350 boards.

export type BoardName = 'pico' | 'pico-w' | 'pico2' | 'pico2-w';

export interface Area {
  /** Offset from the start of flash, bytes. */
  offset: number;
  /** Bytes. */
  size: number;
}

export interface FlashLayout {
  /** As Kaluma's `board.name` gives it. */
  board: BoardName;
  chip: 'RP2040' | 'RP2350';
  /** Bytes. */
  flash: number;
  firmware: Area;
  /** Key-value store. */
  storage: Area;
  /** The user's program, ended by a NUL byte. */
  program: Area;
  /** LittleFS. */
  files: Area;
  /** JavaScript heap, bytes. */
  heap: number;
  /** UF2 family of firmware for the chip. */
  firmwareFamily: number;
  /** UF2 family of a file that holds no firmware. */
  dataFamily: number;
}

/** Flash in the address space of both chips (RP2040 datasheet, 2.2.2; RP2350 datasheet, 2.2.2). */
export const FLASH_BASE = 0x10000000;
/** Smallest piece that can be erased, bytes. */
export const SECTOR = 4096;
/** Smallest piece that can be programmed, and what a UF2 block for these chips carries, bytes. */
export const PAGE = 256;

/** Family ids of the UF2 register. */
export const FAMILY = { rp2040: 0xe48bff56, absolute: 0xe48bff57, data: 0xe48bff58, rp2350Arm: 0xe48bff59 };

/** The areas follow one another. */
function layout(
  board: BoardName,
  chip: 'RP2040' | 'RP2350',
  kilobytes: { firmware: number; storage: number; program: number; files: number; heap: number },
): FlashLayout {
  const firmware = { offset: 0, size: kilobytes.firmware * 1024 };
  const storage = { offset: firmware.size, size: kilobytes.storage * 1024 };
  const program = { offset: storage.offset + storage.size, size: kilobytes.program * 1024 };
  const files = { offset: program.offset + program.size, size: kilobytes.files * 1024 };
  return {
    board,
    chip,
    flash: chip === 'RP2040' ? 2 << 20 : 4 << 20,
    firmware,
    storage,
    program,
    files,
    heap: kilobytes.heap * 1024,
    firmwareFamily: chip === 'RP2040' ? FAMILY.rp2040 : FAMILY.rp2350Arm,
    dataFamily: chip === 'RP2040' ? FAMILY.rp2040 : FAMILY.data,
  };
}

const RP2040 = { firmware: 1008, storage: 16, program: 512, files: 512, heap: 180 };

export const LAYOUTS: Readonly<Record<BoardName, FlashLayout>> = {
  pico: layout('pico', 'RP2040', RP2040),
  'pico-w': layout('pico-w', 'RP2040', RP2040),
  pico2: layout('pico2', 'RP2350', { firmware: 960, storage: 64, program: 1536, files: 1536, heap: 384 }),
  'pico2-w': layout('pico2-w', 'RP2350', {
    firmware: 1024,
    storage: 64,
    program: 1472,
    files: 1536,
    heap: 384,
  }),
};

export const BOARDS = Object.keys(LAYOUTS) as BoardName[];

/** @returns the layout, or undefined for a board that is not known */
export function layoutOf(board: string): FlashLayout | undefined {
  return Object.hasOwn(LAYOUTS, board) ? LAYOUTS[board as BoardName] : undefined;
}
