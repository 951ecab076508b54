// Two chips with the same contents, one run by rp2040js's interpreter and one by FastCpu, compared in all that a program can see.

import assert from 'node:assert/strict';
import { RP2040 } from 'rp2040js';
import { FastCpu } from '../../emulator/cpu/fast-cpu.js';
import { FLASH_BASE, RAM_BASE } from '../../emulator/cpu/memory.js';

export const CODE = FLASH_BASE + 0x1000;
export const STACK = RAM_BASE + 0x20000;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Translates at once what is come to, so that the second pass over a program is translated code. */
export const EAGER = { hot: 1, batch: 1 };

export class CpuPair {
  readonly interpreted = new RP2040();
  readonly translated = new RP2040();
  readonly cpu: FastCpu;

  constructor(policy: ConstructorParameters<typeof FastCpu>[1] = EAGER) {
    this.cpu = new FastCpu(this.translated, policy);
    this.both((chip) => {
      chip.logger = silent;
      chip.core.VTOR = FLASH_BASE;
      chip.core.SP = STACK;
      chip.core.PC = CODE;
    });
  }

  both(action: (chip: RP2040) => void): void {
    action(this.interpreted);
    action(this.translated);
  }

  /** Puts halfwords at an address of flash or RAM, as a debugger would. */
  place(address: number, halfwords: readonly number[]): void {
    this.both((chip) => {
      const view = address < RAM_BASE ? chip.flashView : chip.sramView;
      halfwords.forEach((h, i) => view.setUint16((address & 0xffffff) + i * 2, h, true));
    });
  }

  /** Runs both for `cycles` and compares. */
  run(cycles: number, note = ''): void {
    const { core } = this.interpreted;
    const limit = core.cycles + cycles;
    do core.executeInstruction();
    while (core.cycles < limit && !core.waiting);
    this.cpu.run(limit);
    this.compare(note);
  }

  /** Everything that the processor is, for a message that says what differs. */
  private static state(chip: RP2040): Record<string, unknown> {
    const { core } = chip;
    return {
      registers: Array.from(core.registers, (r) => r.toString(16)),
      bankedSP: core.bankedSP,
      xPSR: core.xPSR >>> 0,
      cycles: core.cycles,
      waiting: core.waiting,
      pending: core.pendingInterrupts,
      PM: core.PM,
    };
  }

  compare(note = ''): void {
    assert.deepEqual(CpuPair.state(this.translated), CpuPair.state(this.interpreted), note);
    assert.equal(Buffer.compare(this.translated.sram, this.interpreted.sram), 0, `RAM ${note}`);
  }
}
