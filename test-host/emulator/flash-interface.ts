// The RP2040's serial controller of the flash (SSI) in its command mode, and the flash chip's answers to commands:
// status, identification, unique number. Reads through the memory map never come here.

import { BasePeripheral, type RP2040 } from 'rp2040js';

// RP2040 datasheet, 4.10.13: registers.
const SSIENR = 0x08;
const TXFLR = 0x20;
const RXFLR = 0x24;
const SR = 0x28;
const IDR = 0x58;
const VERSION_ID = 0x5c;
const DR0 = 0x60;
const DR_LAST = 0xec;

const SR_TFNF = 2;
const SR_TFE = 4;
const SR_RFNE = 8;

/** IO_QSPI: control register of the chip select, and its output override (datasheet, 2.19.6.2). */
const SS_CTRL = 0x0c;
const OUTOVER_SHIFT = 8;
const OUTOVER_LOW = 2;

// W25Q16JV datasheet, 8.1.2: instructions.
const READ_STATUS_1 = 0x05;
const READ_STATUS_2 = 0x35;
const READ_UNIQUE_ID = 0x4b;
const READ_JEDEC_ID = 0x9f;
/** Status register 2, bit 1: four data lines enabled, as on a Pico that has run before. */
const QUAD_ENABLE = 0x02;
const JEDEC_ID = [0xef, 0x40, 0x15];
/** Dummy bytes between the instruction and the number. */
const UNIQUE_ID_DUMMIES = 4;

/** A peripheral that remembers what is written, and nothing more. */
export class RegisterFile extends BasePeripheral {
  private readonly values = new Map<number, number>();

  /** @param initial values other than 0 after reset, by offset */
  constructor(chip: RP2040, name: string, initial: Record<number, number> = {}) {
    super(chip, name);
    for (const offset in initial) this.values.set(Number(offset), initial[offset]!);
  }

  override readUint32(offset: number): number {
    return this.values.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    this.values.set(offset, value >>> 0);
  }
}

export class FlashInterface extends RegisterFile {
  private readonly received: number[] = [];
  /** Bytes of the command so far, the instruction first. */
  private command: number[] = [];

  /** @param uniqueId the flash chip's number, 8 bytes */
  constructor(
    chip: RP2040,
    private readonly uniqueId: Uint8Array,
  ) {
    super(chip, 'SSI');
  }

  override readUint32(offset: number): number {
    if (offset >= DR0 && offset <= DR_LAST) return this.received.shift() ?? 0;
    switch (offset) {
      case SR:
        return SR_TFE | SR_TFNF | (this.received.length ? SR_RFNE : 0);
      case TXFLR:
        return 0;
      case RXFLR:
        return this.received.length;
      case IDR:
        return 0x51535049;
      case VERSION_ID:
        return 0x3430312a;
      default:
        return super.readUint32(offset);
    }
  }

  override writeUint32(offset: number, value: number): void {
    if (offset >= DR0 && offset <= DR_LAST) {
      this.received.push(this.exchange(value & 0xff));
      return;
    }
    if (offset === SSIENR) this.deselect();
    super.writeUint32(offset, value);
  }

  /** The chip select rises: the next byte is an instruction. */
  deselect(): void {
    this.command = [];
    this.received.length = 0;
  }

  private exchange(byte: number): number {
    const at = this.command.push(byte) - 1;
    if (at === 0) return 0;
    switch (this.command[0]) {
      case READ_STATUS_1:
        return 0;
      case READ_STATUS_2:
        return QUAD_ENABLE;
      case READ_JEDEC_ID:
        return JEDEC_ID[(at - 1) % 3]!;
      case READ_UNIQUE_ID:
        return this.uniqueId[at - 1 - UNIQUE_ID_DUMMIES] ?? 0;
      default:
        return 0;
    }
  }
}

/** The pins of the flash: firmware takes over the chip select for commands of its own. */
export class FlashPins extends RegisterFile {
  constructor(
    chip: RP2040,
    private readonly flash: FlashInterface,
  ) {
    super(chip, 'IO_QSPI');
  }

  override writeUint32(offset: number, value: number): void {
    super.writeUint32(offset, value);
    if (offset === SS_CTRL && ((value >> OUTOVER_SHIFT) & 3) !== OUTOVER_LOW) this.flash.deselect();
  }
}
