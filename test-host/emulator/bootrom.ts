// A stand-in for the RP2040's boot ROM: its function and data tables (RP2040 datasheet, 2.8.3), whose routines run in
// JavaScript. Each is a breakpoint instruction and a return; the emulator calls run() for the breakpoint.

import type { RP2040 } from 'rp2040js';
import { CYCLES_PER_US } from './cycle-clock.js';
import { FLASH_SIZE } from './image.js';
import type { FlashMemory } from './flash-memory.js';
import { DOUBLE_TABLE, SINGLE_TABLE } from './rom-float.js';
import { MEMORY_ROUTINES, type RomRoutine } from './rom-memory.js';

/** Datasheet, 2.8.3: 'M', 'u', 1 and the version; three pointers follow. Version 3 came with chip revision B2. */
const MAGIC = 0x10;
const VERSION = 3;
const FUNCTION_TABLE = 0x14;
const DATA_TABLE = 0x16;
const TABLE_LOOKUP = 0x18;

const BKPT = 0xbe00;
const BX_LR = 0x4770;

/** First stage: its last word is the checksum of what comes before (datasheet, 2.8.1.3.1). */
const BOOT2_SIZE = 256;
const BOOT2_AT = 0x20041f00;

/** Scratch registers by which a reset by the watchdog starts at an address instead (datasheet, 2.8.1.1). */
const VECTOR_MAGIC = 0xb007c0d3;

/** Flash holds nothing that the ROM would start. */
export class BootError extends Error {
  override readonly name = 'BootError';
}

const code = (name: string): number => name.charCodeAt(0) | (name.charCodeAt(1) << 8);

export class BootRom {
  private readonly routines: RomRoutine[] = [];
  private readonly image = new DataView(new ArrayBuffer(16384));
  private end = 0x40;

  /**
   * @param flash what the flash routines work on
   * @param onUsbBoot firmware asks for the mass-storage boot loader
   * @param onBreak firmware has hit a breakpoint of its own, as its panics and fault handlers do
   */
  constructor(
    private readonly flash: FlashMemory,
    private readonly onUsbBoot: () => void,
    private readonly onBreak: () => void,
  ) {
    const functions: [number, number][] = [];
    for (const [name, routine] of Object.entries({ ...MEMORY_ROUTINES, ...this.systemRoutines() })) {
      functions.push([code(name), this.add(routine)]);
    }
    const lookup = this.add(tableLookup);
    const single = this.floatTable(SINGLE_TABLE);
    const double = this.floatTable(DOUBLE_TABLE);
    const data: [number, number][] = [
      [code('SF'), single],
      [code('SD'), double],
      [code('CR'), this.text('Lightwire emulated boot ROM')],
      [code('GR'), this.text('none')],
    ];
    this.image.setUint8(MAGIC, 0x4d);
    this.image.setUint8(MAGIC + 1, 0x75);
    this.image.setUint8(MAGIC + 2, 1);
    this.image.setUint8(MAGIC + 3, VERSION);
    this.image.setUint16(FUNCTION_TABLE, this.table(functions), true);
    this.image.setUint16(DATA_TABLE, this.table(data), true);
    this.image.setUint16(TABLE_LOOKUP, lookup, true);
  }

  /** Puts the ROM into a chip and makes its breakpoints call the routines. */
  install(chip: RP2040): void {
    chip.bootrom.set(new Uint32Array(this.image.buffer));
    chip.onBreak = (number) => {
      const routine = this.routines[number];
      if (routine && chip.core.PC < this.image.byteLength) chip.core.cycles += Math.round(routine(chip));
      else this.onBreak();
    };
  }

  /**
   * What the ROM does with valid flash: copies the second stage to RAM and runs it.
   * @param scratch the watchdog's scratch registers after a reset by it, which may name another place to start
   * @throws BootError when flash holds no second stage
   */
  start(chip: RP2040, scratch: Uint32Array | null): void {
    const { core } = chip;
    core.registers.fill(0);
    if (scratch && scratch[4] === VECTOR_MAGIC && (scratch[5]! ^ -VECTOR_MAGIC) >>> 0 === scratch[7]) {
      scratch[4] = 0;
      core.SP = scratch[6]!;
      core.PC = scratch[7]! & ~1;
      return;
    }
    const stage = chip.flash.subarray(0, BOOT2_SIZE);
    const stored = chip.flashView.getUint32(BOOT2_SIZE - 4, true);
    if (crc32(stage.subarray(0, BOOT2_SIZE - 4)) !== stored) {
      throw new BootError('the flash holds no bootable firmware (boot stage 2 has a wrong checksum)');
    }
    chip.sram.set(stage, BOOT2_AT - 0x20000000);
    core.SP = BOOT2_AT;
    core.LR = 0;
    core.PC = BOOT2_AT;
  }

  private systemRoutines(): Record<string, RomRoutine> {
    const nothing: RomRoutine = () => 100;
    return {
      IF: nothing,
      EX: nothing,
      FC: nothing,
      CX: nothing,
      // flash_range_erase(offset, count, block size, block command)
      RE: ({ core: { registers: r } }) => CYCLES_PER_US * this.flash.erase(r[0]! % FLASH_SIZE, r[1]!, r[2]!),
      // flash_range_program(offset, data, count)
      RP: (chip) => {
        const r = chip.core.registers;
        const bytes = new Uint8Array(r[2]!);
        for (let i = 0; i < bytes.length; i++) bytes[i] = chip.readUint8(r[1]! + i);
        return CYCLES_PER_US * this.flash.program(r[0]! % FLASH_SIZE, bytes);
      },
      UB: () => {
        this.onUsbBoot();
        return 100;
      },
    };
  }

  /** @returns the routine's address with the Thumb bit */
  private add(routine: RomRoutine): number {
    if (this.routines.length > 255) throw new Error('a breakpoint instruction has room for 256 routines');
    const at = this.end;
    this.image.setUint16(at, BKPT | this.routines.length, true);
    this.image.setUint16(at + 2, BX_LR, true);
    this.routines.push(routine);
    this.end += 4;
    return at | 1;
  }

  /** A table of 32-bit pointers; the byte 2 before it tells their number. */
  private floatTable(routines: RomRoutine[]): number {
    const pointers = routines.map((routine) => this.add(routine));
    this.image.setUint8(this.end + 2, pointers.length);
    const at = this.end + 4;
    pointers.forEach((pointer, i) => this.image.setUint32(at + 4 * i, pointer, true));
    this.end = at + 4 * pointers.length;
    return at;
  }

  private text(text: string): number {
    const at = this.end;
    for (let i = 0; i < text.length; i++) this.image.setUint8(at + i, text.charCodeAt(i));
    this.end += (text.length + 4) & ~3;
    return at;
  }

  /** Pairs of 16-bit code and pointer, ended by a zero. */
  private table(entries: [number, number][]): number {
    const at = this.end;
    entries.forEach(([key, pointer], i) => {
      this.image.setUint16(at + 4 * i, key, true);
      this.image.setUint16(at + 4 * i + 2, pointer, true);
    });
    this.end += 4 * entries.length + 4;
    return at;
  }
}

/** rom_table_lookup(table, code): the pointer, or 0. */
function tableLookup(chip: RP2040): number {
  const r = chip.core.registers;
  let at = r[0]!;
  const wanted = r[1]! & 0xffff;
  let cycles = 10;
  for (;;) {
    const key = chip.readUint16(at);
    cycles += 10;
    if (key === 0 || key === wanted) {
      r[0] = key === 0 ? 0 : chip.readUint16(at + 2);
      return cycles;
    }
    at += 4;
  }
}

/** CRC-32 as the ROM computes it over boot stage 2: most significant bit first, no final inversion. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let i = 0; i < 8; i++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
