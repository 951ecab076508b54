// Kaluma's firmware on a bare emulated chip, run by either core: what the comparison of both needs of a board.

import { readFileSync } from 'node:fs';
import { RP2040 } from 'rp2040js';
import { BootRom } from '../../emulator/bootrom.js';
import { FastCpu } from '../../emulator/cpu/fast-cpu.js';
import { CycleClock } from '../../emulator/cycle-clock.js';
import { FlashMemory } from '../../emulator/flash-memory.js';
import { readImage } from '../../emulator/image.js';
import { UsbConsole } from '../../emulator/usb-console.js';

export class BareKaluma {
  readonly chip: RP2040;
  readonly console: UsbConsole;
  readonly cpu: FastCpu | null;
  output = '';
  private readonly clock = new CycleClock();
  private earlier = false;

  constructor(file: string, fast: boolean) {
    const chip = new RP2040(this.clock);
    this.chip = chip;
    chip.logger = { debug() {}, info() {}, warn() {}, error() {} };
    this.clock.cycles = () => chip.core.cycles;
    for (const { offset, bytes } of readImage(readFileSync(file))) chip.flash.set(bytes, offset);
    this.cpu = fast ? new FastCpu(chip) : null;
    this.clock.onEarlier = () => {
      this.earlier = true;
      this.cpu?.stop();
    };
    const flash = new FlashMemory(chip.flash);
    flash.onChange((from, to) => this.cpu?.invalidate(from, to));
    for (const pin of chip.gpio) pin.setInputValue(true);
    this.console = new UsbConsole(chip);
    this.console.onData = (bytes) => (this.output += Buffer.from(bytes).toString('latin1'));
    const rom = new BootRom(
      flash,
      () => {},
      () => {},
    );
    rom.install(chip);
    rom.start(chip, null);
  }

  /** Runs to a number of cycles since power-up, alarms of the peripherals included. */
  runTo(cycles: number): void {
    const { core } = this.chip;
    while (core.cycles < cycles) {
      const limit = Math.min(cycles, this.clock.nextCycles);
      if (core.waiting) core.cycles = Math.max(core.cycles, limit);
      else if (this.cpu) this.cpu.run(limit);
      else this.interpret(limit);
      this.clock.fire();
    }
  }

  private interpret(limit: number): void {
    const { core } = this.chip;
    this.earlier = false;
    do core.executeInstruction();
    while (core.cycles < limit && !core.waiting && !this.earlier);
  }
}
