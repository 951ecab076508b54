// The backplane's address space: RAM, the registers of the cores and their wrappers. Values here are as the ARM sees
// them; clocks and resets decide whether an access gets through.

import type { Cyw43 } from './cyw43.js';
import { hex } from './misuse.js';
import { CHIPCOMMON, CHIP_ID, CORE_COUNT, CORE_SIZE, RAM_SIZE, WRAPPER } from './registers.js';

const CORES_SIZE = CORE_COUNT * CORE_SIZE;
/** What RAM holds after power-on is undefined; this shows who relies on zeros. */
const RAM_AFTER_POWER_ON = 0xa5;
const WIDTH_MASK = [0, 0xff, 0xffff, 0xffffff, 0xffffffff];

export class Backplane {
  readonly ram = new Uint8Array(RAM_SIZE);
  private readonly ramView = new DataView(this.ram.buffer);
  private readonly registers = new Uint32Array(CORES_SIZE / 4);

  constructor(private readonly chip: Cyw43) {
    this.reset();
  }

  reset(): void {
    this.ram.fill(RAM_AFTER_POWER_ON);
    this.registers.fill(0);
    this.registers[0] = CHIP_ID;
  }

  /** @param bytes 1 to 4 */
  read(address: number, bytes: number): number {
    if (address < RAM_SIZE) return this.readRam(address, bytes);
    const value = this.readRegister((address & ~3) >>> 0);
    return ((value >>> (8 * (address & 3))) & WIDTH_MASK[bytes]!) >>> 0;
  }

  /** @param bytes 1 to 4; those in the low end of `value` */
  write(address: number, value: number, bytes: number): void {
    if (address < RAM_SIZE) {
      this.writeRam(address, value, bytes);
      return;
    }
    const aligned = (address & ~3) >>> 0;
    if (bytes === 4) {
      this.writeRegister(aligned, value >>> 0);
      return;
    }
    const shift = 8 * (address & 3);
    const mask = WIDTH_MASK[bytes]! << shift;
    this.writeRegister(aligned, ((this.peek(aligned) & ~mask) | ((value << shift) & mask)) >>> 0);
  }

  private readRam(address: number, bytes: number): number {
    if (!this.ramAnswers(address)) return 0;
    if (bytes === 4 && address <= RAM_SIZE - 4) return this.ramView.getUint32(address, true);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8) | (this.ram[address + i] ?? 0);
    return value >>> 0;
  }

  private writeRam(address: number, value: number, bytes: number): void {
    if (!this.ramAnswers(address)) return;
    if (this.chip.cores.armRuns) this.chip.misuse.count('ramWhileRunning', hex(address));
    if (bytes === 4 && address <= RAM_SIZE - 4) this.ramView.setUint32(address, value, true);
    else for (let i = 0; i < bytes; i++) this.ram[address + i] = value >>> (8 * i);
  }

  private ramAnswers(address: number): boolean {
    if (this.chip.cores.ramAnswers) return true;
    this.chip.misuse.count('coreInReset', `RAM ${hex(address)}`);
    return false;
  }

  private readRegister(address: number): number {
    return this.reachable(address) ? this.peek(address) : 0;
  }

  /** The value without the questions. */
  private peek(address: number): number {
    const place = address - CHIPCOMMON;
    if (place >= WRAPPER)
      return this.chip.cores.readWrapper(coreOf(place - WRAPPER), place & (CORE_SIZE - 1));
    const mail = this.chip.mailbox.read(address);
    return mail >= 0 ? mail : (this.registers[place >> 2] ?? 0);
  }

  private writeRegister(address: number, value: number): void {
    if (!this.reachable(address)) return;
    const { chip } = this;
    const place = address - CHIPCOMMON;
    if (place >= WRAPPER) chip.cores.writeWrapper(coreOf(place - WRAPPER), place & (CORE_SIZE - 1), value);
    else if (place === 0) chip.misuse.count('readOnlyRegister', 'chip id');
    else if (!chip.mailbox.write(address, value)) this.registers[place >> 2] = value;
  }

  private reachable(address: number): boolean {
    const { chip } = this;
    const place = address - CHIPCOMMON;
    if (place >= WRAPPER && place < WRAPPER + CORES_SIZE) return true;
    if (place < 0 || place >= CORES_SIZE) chip.misuse.count('unknownBackplane', hex(address));
    else if (!chip.cores.isUp(coreOf(place))) chip.misuse.count('coreInReset', hex(address));
    else return true;
    return false;
  }
}

function coreOf(place: number): number {
  return Math.floor(place / CORE_SIZE);
}
