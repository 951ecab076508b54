// F0: the registers of the gSPI block itself. They are alive as soon as the chip has started, whatever its clocks do.
// The status word is put together here; interrupt bits are kept by Interrupts.

import type { Cyw43 } from './cyw43.js';
import type { BusFunction } from './gspi.js';
import { hex } from './misuse.js';
import * as R from './registers.js';
import { orderOf } from './word-order.js';
import type { WordOrder } from './word-order.js';

/** Registers that a write does not change. */
function isReadOnly(address: number): boolean {
  return (address >= R.STATUS && address < R.TEST_RW) || address === R.RESET_BP;
}

export class BusRegisters implements BusFunction {
  private readonly bytes = new Uint8Array(R.BUS_REGISTERS);
  private address = 0;
  private step = 1;

  constructor(private readonly chip: Cyw43) {
    this.reset();
  }

  /** Values after power-on. */
  reset(): void {
    const { bytes } = this;
    bytes.fill(0);
    bytes[R.BUS_CONTROL] = R.HIGH_SPEED | R.INTERRUPT_POLARITY_HIGH;
    bytes[R.RESPONSE_DELAY] = 4;
    bytes[R.STATUS_ENABLE] = R.STATUS_ENABLED;
    this.put32(R.TEST, R.TEST_PATTERN);
  }

  get order(): WordOrder {
    return orderOf(this.bytes[R.BUS_CONTROL]!);
  }

  get polarityHigh(): boolean {
    return (this.bytes[R.BUS_CONTROL]! & R.INTERRUPT_POLARITY_HIGH) !== 0;
  }

  get statusEnabled(): boolean {
    return (this.bytes[R.STATUS_ENABLE]! & R.STATUS_ENABLED) !== 0;
  }

  /** @param bits CMD_ERR_CHK, DATA_ERR_CHK */
  checks(bits: number): boolean {
    return (this.bytes[R.STATUS_ENABLE]! & bits) !== 0;
  }

  /**
   * Bytes between the command and the first data of a read. F1 has its own register; while that is 0 the common one
   * counts, as it does for all functions with RESP_DELAY_ALL.
   */
  responseDelay(busFunction: number): number {
    const own = this.bytes[R.RESP_DELAY_F0 + busFunction]!;
    const forAll = (this.bytes[R.STATUS_ENABLE]! & R.RESP_DELAY_ALL) !== 0;
    if (busFunction !== R.FUNCTION_BACKPLANE && !forAll) return 0;
    return own || this.bytes[R.RESPONSE_DELAY]!;
  }

  /** The STATUS register, which is the status word too. */
  status(): number {
    const { chip } = this;
    const latched = chip.interrupts.latched;
    // DATA_UNAVAILABLE, underflow and overflow are bits 0 to 2 of both registers.
    let status = latched & 7;
    if (latched & (R.INT_COMMAND_ERROR | R.INT_DATA_ERROR)) status |= R.STATUS_HOST_ERROR;
    if (chip.packets.rxReady) status |= R.STATUS_F2_RX_READY;
    let length = chip.packets.headLength;
    if (length === 0) return status;
    if (this.bytes[R.STATUS_ENABLE]! & R.DWORD_PKT_LEN) length = (length + 3) & ~3;
    length &= R.STATUS_F2_LENGTH_MASK;
    return status | R.STATUS_F2_PKT_AVAILABLE | (length << R.STATUS_F2_LENGTH_SHIFT);
  }

  begin(write: boolean, address: number, length: number, increment: boolean): void {
    this.address = address;
    this.step = increment ? 4 : 0;
    if (address + length > R.BUS_REGISTERS && address < R.BUS_REGISTERS)
      this.chip.misuse.count('commandLength', `${length} bytes at F0 ${hex(address)}`);
    else if (address >= R.BUS_REGISTERS && !(write && address === R.CARD_CAPABILITY))
      this.chip.misuse.count('unknownBusRegister', hex(address));
    if (!write) this.refresh();
  }

  readWord(bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8) | (this.bytes[this.address + i] ?? 0);
    const isTest = this.address === R.TEST;
    this.address += this.step;
    return isTest ? this.chip.faults.testPattern(value) : value;
  }

  writeWord(value: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.write(this.address + i, (value >>> (8 * i)) & 255);
    this.address += this.step;
  }

  complete(): void {
    this.chip.interrupts.update();
  }

  abort(): void {
    this.chip.interrupts.update();
  }

  private write(address: number, byte: number): void {
    const { chip } = this;
    switch (address) {
      case R.INTERRUPT:
        chip.interrupts.clear(byte);
        break;
      case R.INTERRUPT + 1:
        chip.interrupts.clear(byte << 8);
        break;
      case R.INTERRUPT_ENABLE:
        chip.interrupts.enabled = (chip.interrupts.enabled & 0xff00) | byte;
        break;
      case R.INTERRUPT_ENABLE + 1:
        chip.interrupts.enabled = (chip.interrupts.enabled & 0x00ff) | (byte << 8);
        break;
      default:
        if (address >= R.BUS_REGISTERS) return;
        if (!isReadOnly(address)) this.bytes[address] = byte;
        else if (address !== R.RESET_BP) chip.misuse.count('readOnlyRegister', `F0 ${hex(address)}`);
    }
  }

  /** Brings the bytes of registers that are kept elsewhere up to date. */
  private refresh(): void {
    const { chip, bytes } = this;
    this.put16(R.INTERRUPT, chip.interrupts.pending);
    this.put16(R.INTERRUPT_ENABLE, chip.interrupts.enabled);
    this.put32(R.STATUS, this.status());
    const f1Ready = chip.clocks.alp ? R.INFO_READY : 0;
    this.put16(R.FUNCTION1_INFO, R.INFO_ENABLED | f1Ready | (R.F1_MAX << R.INFO_SIZE_SHIFT));
    const f2Ready = chip.packets.rxReady ? R.INFO_READY : 0;
    this.put16(R.FUNCTION2_INFO, R.INFO_ENABLED | f2Ready | (R.F2_MAX << R.INFO_SIZE_SHIFT));
    bytes[R.RESET_BP] = 0;
  }

  private put16(address: number, value: number): void {
    this.bytes[address] = value;
    this.bytes[address + 1] = value >>> 8;
  }

  private put32(address: number, value: number): void {
    this.put16(address, value);
    this.put16(address + 2, value >>> 16);
  }
}
