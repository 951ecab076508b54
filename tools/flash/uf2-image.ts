// UF2 files: the user's program at its place in flash, alone or together with Kaluma's firmware.

import { blockSize, decodeBlock, encodeBlock, UF2Flags, type UF2BlockData } from 'uf2';
import { FAMILY, FLASH_BASE, layoutOf, PAGE, SECTOR, type Area, type FlashLayout } from './flash-layout.js';
import { UserError } from './user-error.js';

/** One page for the flash. */
interface Page {
  address: number;
  payload: Uint8Array;
}

export interface Firmware {
  /** Blocks for the chip's flash. */
  pages: Page[];
  /** Blocks in front of them that are handed on as they are (the workaround for RP2350-E10). */
  lead: UF2BlockData[];
}

/** Bytes for a place in flash that begins a sector. */
export interface Placed {
  /** Offset from the start of flash. */
  offset: number;
  bytes: Uint8Array;
}

/** A UF2 that carries no firmware: what it leaves alone are firmware, storage and files. */
export function dataUf2(data: readonly Placed[], layout: FlashLayout): Uint8Array {
  return encode([], data.flatMap(pagesOf), layout.dataFamily);
}

/** A UF2 that carries firmware, too; one family, as the drive reboots when it has all blocks of one. */
export function mergedUf2(data: readonly Placed[], firmware: Firmware, layout: FlashLayout): Uint8Array {
  return encode(firmware.lead, [...firmware.pages, ...data.flatMap(pagesOf)], layout.firmwareFamily);
}

/**
 * The program at its place, with the NUL byte that ends it.
 * @param program UTF-8 source that fits the layout
 */
export function placedProgram(program: Uint8Array, layout: FlashLayout): Placed {
  return { offset: layout.program.offset, bytes: Buffer.concat([program, Buffer.alloc(1)]) };
}

/**
 * Whole sectors, as boot ROMs erase by the sector; the NUL byte that ends a program hides what an older and longer one
 * left behind them.
 */
function pagesOf({ offset, bytes }: Placed): Page[] {
  const image = new Uint8Array(Math.ceil(bytes.length / SECTOR) * SECTOR);
  image.set(bytes);
  const pages: Page[] = [];
  for (let at = 0; at < image.length; at += PAGE) {
    pages.push({ address: FLASH_BASE + offset + at, payload: image.subarray(at, at + PAGE) });
  }
  return pages;
}

function encode(lead: readonly UF2BlockData[], pages: readonly Page[], family: number): Uint8Array {
  const file = new Uint8Array((lead.length + pages.length) * blockSize);
  lead.forEach((block, i) => encodeBlock(block, file, i * blockSize));
  pages.forEach(({ address, payload }, i) =>
    encodeBlock(
      {
        flags: UF2Flags.familyIDPresent,
        flashAddress: address,
        payload,
        blockNumber: i,
        totalBlocks: pages.length,
        boardFamily: family,
      },
      file,
      (lead.length + i) * blockSize,
    ),
  );
  return file;
}

/**
 * Reads a firmware UF2 and checks that it is whole, for the board's chip, and clear of everything that is not firmware.
 * @param name the file's name, for messages
 * @throws UserError
 */
export function readFirmware(file: Uint8Array, name: string, layout: FlashLayout): Firmware {
  const refuse = (why: string): never => {
    throw new UserError(`firmware ${name} ${why}`);
  };
  if (!file.length || file.length % blockSize) return refuse(`is no UF2 file (${file.length} bytes)`);
  const blocks: UF2BlockData[] = [];
  for (let at = 0; at < file.length; at += blockSize) {
    try {
      blocks.push(decodeBlock(file.slice(at, at + blockSize)));
    } catch {
      return refuse(`is no UF2 file (block ${at / blockSize} is none)`);
    }
  }
  const lead = blocks.filter((b) => b.boardFamily === FAMILY.absolute);
  const own = blocks.filter((b) => b.boardFamily !== FAMILY.absolute);
  const families = new Set(own.map((b) => (b.flags & UF2Flags.familyIDPresent ? b.boardFamily : 0)));
  if (families.size !== 1 || !families.has(layout.firmwareFamily)) {
    return refuse(`is for ${[...families].map(chipOf).join(', ')}; ${layout.board} has ${layout.chip}`);
  }
  own.sort((a, b) => a.blockNumber - b.blockNumber);
  if (own.some((b, i) => b.blockNumber !== i || b.totalBlocks !== own.length)) {
    return refuse(`is not whole: ${own.length} of ${own[0]!.totalBlocks} blocks`);
  }
  if (own.some((b) => b.payload.length !== PAGE || b.flashAddress % PAGE)) {
    return refuse(`does not consist of whole pages of ${PAGE} bytes`);
  }
  if (!own.some((b) => b.flashAddress === FLASH_BASE)) return refuse('has nothing at the start of flash');
  const pages = own.map((b) => ({ address: b.flashAddress, payload: b.payload }));
  for (const { address } of pages) {
    const offset = address - FLASH_BASE;
    if (within(layout.program, offset)) return refuse(`overlaps the program area of ${layout.board}`);
    if (!within(layout.firmware, offset)) {
      return refuse(`reaches out of the firmware area of ${layout.board} (0x${address.toString(16)})`);
    }
  }
  const board = boardOf(pages);
  if (board !== undefined && board !== layout.board) return refuse(`is for ${board}, not ${layout.board}`);
  return { pages, lead };
}

function within(area: Area, offset: number): boolean {
  return offset >= area.offset && offset < area.offset + area.size;
}

function chipOf(family: number): string {
  switch (family) {
    case FAMILY.rp2040:
      return 'RP2040';
    case FAMILY.rp2350Arm:
      return 'RP2350';
    case 0:
      return 'no chip that it names';
    default:
      return `another chip (family 0x${family.toString(16)})`;
  }
}

/** Kaluma's builds name themselves `kaluma-rp2-<board>-<version>` in their binary information. */
function boardOf(pages: readonly Page[]): string | undefined {
  const image = Buffer.concat([...pages].sort((a, b) => a.address - b.address).map((p) => p.payload));
  const match = /kaluma-rp2-([a-z0-9]+(?:-w)?)-\d/.exec(image.toString('latin1'));
  return match && layoutOf(match[1]!) ? match[1] : undefined;
}
