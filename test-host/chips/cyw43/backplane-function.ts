// F1: its own registers from 0x10000 on, and below them a window of 32 KB onto the backplane. What an access may not do
// is counted once a transaction; words that do not get through read as 0.

import type { Cyw43 } from './cyw43.js';
import type { BusFunction } from './gspi.js';
import { hex } from './misuse.js';
import * as R from './registers.js';

const OWN_SIZE = 0x20;
/** Offsets that hold a register: 0x05 to 0x0f and the two of wake-up and sleep. */
function exists(offset: number): boolean {
  return (offset >= 0x05 && offset <= R.PULL_UP) || offset === R.WAKEUP_CTRL || offset === R.SLEEP_CSR;
}

export class BackplaneFunction implements BusFunction {
  private readonly own = new Uint8Array(OWN_SIZE);
  private highWritten = false;
  private address = 0;
  private step = 4;
  private isOwn = false;
  /** Bytes of this transaction that get through. */
  private room = 0;

  constructor(private readonly chip: Cyw43) {}

  reset(): void {
    this.own.fill(0);
    this.highWritten = false;
  }

  /** Address of the window's first byte. */
  get window(): number {
    const { own } = this;
    const low = ((own[R.WINDOW_LOW]! & 0x80) << 8) | (own[R.WINDOW_MID]! << 16);
    return (low | (own[R.WINDOW_HIGH]! << 24)) >>> 0;
  }

  begin(write: boolean, address: number, length: number, increment: boolean): void {
    const { chip } = this;
    this.step = increment ? 4 : 0;
    this.isOwn = address >= R.F1_REGISTERS;
    this.room = length;
    if (length > R.F1_MAX) {
      chip.misuse.count('transferTooLong', `${length} bytes at F1 ${hex(address)}`);
      chip.interrupts.raise(R.INT_F1_OVERFLOW);
      this.room = R.F1_MAX;
    }
    if (this.isOwn) this.beginOwn(address, length);
    else this.beginBackplane(write, address, length, increment);
  }

  readWord(bytes: number): number {
    if (this.room <= 0) return 0;
    this.room -= bytes;
    const { address } = this;
    this.address += this.step;
    if (!this.isOwn) return this.chip.backplane.read(address, bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8) | this.readOwn(address + i);
    return value >>> 0;
  }

  writeWord(value: number, bytes: number): void {
    if (this.room <= 0) return;
    this.room -= bytes;
    const { address } = this;
    this.address += this.step;
    if (!this.isOwn) this.chip.backplane.write(address, value, bytes);
    else for (let i = 0; i < bytes; i++) this.writeOwn(address + i, (value >>> (8 * i)) & 255);
  }

  complete(): void {
    this.room = 0;
  }

  abort(): void {
    this.room = 0;
  }

  private beginOwn(address: number, length: number): void {
    const { chip } = this;
    this.address = address - R.F1_REGISTERS;
    if (!exists(this.address) || !exists(this.address + length - 1))
      chip.misuse.count('unknownRegister', `F1 ${hex(address)}, ${length} bytes`);
    if (chip.clocks.asleep && this.address !== R.SLEEP_CSR && this.address !== R.WAKEUP_CTRL) {
      chip.misuse.count('asleep', `F1 ${hex(address)}`);
      this.room = 0;
    }
  }

  private beginBackplane(write: boolean, address: number, length: number, increment: boolean): void {
    const { chip } = this;
    const offset = address & (R.WINDOW_SIZE - 1);
    this.address = this.window + offset;
    if (chip.clocks.asleep) {
      chip.misuse.count('asleep', this.where(length));
      this.room = 0;
      return;
    }
    if (!chip.clocks.alp) {
      chip.misuse.count('noClock', this.where(length));
      this.room = 0;
      return;
    }
    if (!write && chip.bus.responseDelay(R.FUNCTION_BACKPLANE) === 0) {
      chip.misuse.count('responseDelayMissing', this.where(length));
      chip.interrupts.raise(R.INT_DATA_UNAVAILABLE);
      this.room = 0;
    }
    if (!this.highWritten) chip.misuse.count('windowNotSet', this.where(length));
    if (offset + length > R.WINDOW_SIZE) {
      chip.misuse.count('windowOverrun', this.where(length));
      this.room = Math.min(this.room, R.WINDOW_SIZE - offset);
    }
    if (!increment && length > 4) chip.misuse.count('fixedAddress', this.where(length));
    if (length > 1 && this.address & (length === 2 ? 1 : 3))
      chip.misuse.count('unalignedAccess', this.where(length));
    if (length > 1 && !(address & R.WORD_FLAG) && this.address >= R.RAM_SIZE)
      chip.misuse.count('wordFlagMissing', this.where(length));
  }

  private where(length: number): string {
    return `${hex(this.address)}, ${length} bytes`;
  }

  private readOwn(offset: number): number {
    if (offset === R.CHIP_CLOCK_CSR) return this.chip.clocks.readCsr();
    if (offset === R.SLEEP_CSR) return this.chip.clocks.readSleep();
    return this.own[offset] ?? 0;
  }

  private writeOwn(offset: number, value: number): void {
    const { chip } = this;
    if (!exists(offset)) return;
    switch (offset) {
      case R.CHIP_CLOCK_CSR:
        chip.clocks.writeCsr(value);
        break;
      case R.SLEEP_CSR:
        chip.clocks.writeSleep(value);
        break;
      case R.FRAME_CONTROL:
        if (value & R.READ_TERMINATE) chip.packets.dropHead();
        break;
      case R.WINDOW_HIGH:
        this.highWritten = true;
        this.own[offset] = value;
        break;
      default:
        this.own[offset] = value;
    }
  }
}
