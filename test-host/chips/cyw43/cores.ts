// The wrappers of the backplane's cores: clock and reset of each. Only the ARM's and SOCSRAM's have consequences: the
// ARM runs when it is clocked, out of reset and not halted, and RAM answers when SOCSRAM does.

import type { Cyw43 } from './cyw43.js';
import { hex } from './misuse.js';
import {
  ARM_CORE,
  CHIPCOMMON,
  CLOCK_EN,
  CORE_COUNT,
  CORE_SIZE,
  CPU_HALT,
  FORCE_GATED_CLOCKS,
  IN_RESET,
  IOCTRL,
  RESETCTRL,
  SOCSRAM_CORE,
} from './registers.js';

const ARM = (ARM_CORE - CHIPCOMMON) / CORE_SIZE;
const SOCSRAM = (SOCSRAM_CORE - CHIPCOMMON) / CORE_SIZE;

export class Cores {
  private readonly control = new Uint32Array(CORE_COUNT);
  private readonly resetControl = new Uint32Array(CORE_COUNT);
  /** The ARM is out of reset, with whatever image. */
  armRuns = false;

  constructor(private readonly chip: Cyw43) {
    this.reset();
  }

  /** After power-on the ARM and SOCSRAM are in reset, the others run. */
  reset(): void {
    this.control.fill(CLOCK_EN);
    this.resetControl.fill(0);
    for (const core of [ARM, SOCSRAM]) {
      this.control[core] = 0;
      this.resetControl[core] = IN_RESET;
    }
    this.armRuns = false;
  }

  /** @param core 0 chipcommon … 4 SOCSRAM */
  isUp(core: number): boolean {
    return !(this.resetControl[core]! & IN_RESET) && (this.control[core]! & CLOCK_EN) !== 0;
  }

  get ramAnswers(): boolean {
    return this.isUp(SOCSRAM);
  }

  readWrapper(core: number, register: number): number {
    if (register === IOCTRL) return this.control[core]!;
    if (register === RESETCTRL) return this.resetControl[core]!;
    return 0;
  }

  writeWrapper(core: number, register: number, value: number): void {
    if (register === IOCTRL) this.control[core] = value;
    else if (register === RESETCTRL) {
      const released = this.resetControl[core]! & ~value & IN_RESET;
      const needed = CLOCK_EN | FORCE_GATED_CLOCKS;
      if (released && (this.control[core]! & needed) !== needed)
        this.chip.misuse.count('coreResetSequence', `core ${core}, IOCTRL ${hex(this.control[core]!)}`);
      this.resetControl[core] = value;
    } else return;
    if (core === ARM) this.updateArm();
  }

  private updateArm(): void {
    const runs = this.isUp(ARM) && !(this.control[ARM]! & CPU_HALT);
    if (runs === this.armRuns) return;
    this.armRuns = runs;
    if (runs) this.chip.arm.start();
    else this.chip.arm.stop();
  }
}
