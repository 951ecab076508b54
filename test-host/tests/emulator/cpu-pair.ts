// Two chips with the same contents, one run by rp2040js's interpreter and one by FastCpu, compared in all that a program can see.

import assert from 'node:assert/strict';
import { RP2040 } from 'rp2040js';
import { FastCpu } from '../../emulator/cpu/fast-cpu.js';
import { FLASH_BASE, RAM_BASE } from '../../emulator/cpu/memory.js';
import { CycleClock } from '../../emulator/cycle-clock.js';

export const CODE = FLASH_BASE + 0x1000;
export const STACK = RAM_BASE + 0x20000;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Translates at once what is come to, so that the second pass over a program is translated code. */
export const EAGER = { hot: 1, batch: 1 };

/** A chip whose alarms are kept by the cycles of its core. */
class Board {
  readonly clock = new CycleClock();
  readonly chip = new RP2040(this.clock);
  private earlier = false;

  /** @param execute runs the core to a number of cycles, or until `interrupted` says so */
  constructor(private readonly execute: (chip: RP2040, limit: number, interrupted: () => boolean) => void) {
    this.clock.cycles = () => this.chip.core.cycles;
    this.clock.onEarlier = () => (this.earlier = true);
    this.chip.logger = silent;
  }

  runTo(cycles: number): void {
    const { core } = this.chip;
    do {
      const limit = Math.min(cycles, this.clock.nextCycles);
      this.earlier = false;
      if (!core.waiting) this.execute(this.chip, limit, () => this.earlier);
      else if (limit < Infinity) core.cycles = Math.max(core.cycles, limit);
      this.clock.fire();
    } while (core.cycles < cycles);
  }
}

export class CpuPair {
  readonly cpu: FastCpu;
  readonly interpreted: RP2040;
  readonly translated: RP2040;
  /** Lowest stack pointer that the interpreter had. */
  lowestSp = 0xffffffff;
  private readonly boards: [Board, Board];

  constructor(policy: ConstructorParameters<typeof FastCpu>[1] = EAGER) {
    const slow = new Board(({ core }, limit, interrupted) => {
      do {
        core.executeInstruction();
        this.lowestSp = Math.min(this.lowestSp, core.SP);
      } while (core.cycles < limit && !core.waiting && !interrupted());
    });
    const fast = new Board((_chip, limit) => this.cpu.run(limit));
    this.boards = [slow, fast];
    this.interpreted = slow.chip;
    this.translated = fast.chip;
    this.cpu = new FastCpu(fast.chip, policy);
    const noted = fast.clock.onEarlier;
    fast.clock.onEarlier = () => {
      noted();
      this.cpu.stop();
    };
    this.both(({ core }) => {
      core.VTOR = FLASH_BASE;
      core.SP = STACK;
      core.PC = CODE;
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
    const end = this.interpreted.core.cycles + cycles;
    for (const board of this.boards) board.runTo(end);
    this.compare(note);
  }

  /** Everything that the processor is, for a message that says what differs. */
  private static state(chip: RP2040): Record<string, unknown> {
    const { core } = chip;
    return {
      registers: Array.from(core.registers.subarray(0, 15), (r) => r.toString(16)),
      // rp2040js's PC is odd within exception handlers.
      pc: ((core.PC & ~1) >>> 0).toString(16),
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
