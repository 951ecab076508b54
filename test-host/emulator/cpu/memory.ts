// One linear memory for everything that translated code touches: the chip's RAM, flash and registers are moved into it,
// so that rp2040js and the translated code work on the same bytes. Also the way of the flags between the two.

import type { RP2040 } from 'rp2040js';

export const FLASH_BASE = 0x10000000;
export const RAM_BASE = 0x20000000;
export const FLASH_SIZE = 0x1000000;
export const RAM_SIZE = 0x42000;
/** Code is translated in this much of the flash: what a Pico has. */
export const CODE_SIZE = 0x200000;

/** Word offsets of the processor's state in the memory; r0–r15 are words 0–15. */
export const State = {
  /** Bit 31 is N. */
  n: 16,
  /** Zero when Z is set. */
  z: 17,
  /** 0 or 1. */
  c: 18,
  /** Bit 31 is V. */
  v: 19,
  /** Cycles left until the limit of the run. */
  left: 20,
  /** Not zero: translated code returns after the present access. */
  leave: 21,
  lowestSp: 22,
} as const;

export const RAM_OFFSET = 0x1000;
/** A word for each halfword of RAM: how to enter the code translated for it, or 0. */
export const RAM_ENTRIES = RAM_OFFSET + RAM_SIZE;
export const FLASH_ENTRIES = RAM_ENTRIES + RAM_SIZE * 2;
export const FLASH_OFFSET = 0x4d0000;
export const MEMORY_PAGES = (FLASH_OFFSET + FLASH_SIZE) / 0x10000;

export class ChipMemory {
  readonly memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  readonly state = new Int32Array(this.memory.buffer, 0, 32);
  readonly ramEntries = new Int32Array(this.memory.buffer, RAM_ENTRIES, RAM_SIZE / 2);
  readonly flashEntries = new Int32Array(this.memory.buffer, FLASH_ENTRIES, CODE_SIZE / 2);

  /** Moves `chip`'s registers, RAM and flash here; views of them that were taken earlier are dead afterwards. */
  constructor(private readonly chip: RP2040) {
    const { buffer } = this.memory;
    const registers = new Uint32Array(buffer, 0, 16);
    const sram = new Uint8Array(buffer, RAM_OFFSET, RAM_SIZE);
    const flash = new Uint8Array(buffer, FLASH_OFFSET, FLASH_SIZE);
    registers.set(chip.core.registers);
    sram.set(chip.sram);
    flash.set(chip.flash);
    Object.assign(chip.core, { registers });
    Object.assign(chip, {
      sram,
      sramView: new DataView(buffer, RAM_OFFSET, RAM_SIZE),
      flash,
      flash16: new Uint16Array(buffer, FLASH_OFFSET, FLASH_SIZE / 2),
      flashView: new DataView(buffer, FLASH_OFFSET, FLASH_SIZE),
    });
  }

  /** From the flags of rp2040js's core to those of translated code. */
  takeFlags(): void {
    const { state } = this;
    const { core } = this.chip;
    state[State.n] = core.N ? -1 : 0;
    state[State.z] = core.Z ? 0 : 1;
    state[State.c] = core.C ? 1 : 0;
    state[State.v] = core.V ? -1 : 0;
  }

  /** From the flags of translated code to those of rp2040js's core. */
  giveFlags(): void {
    const { state } = this;
    const { core } = this.chip;
    core.N = state[State.n] < 0;
    core.Z = state[State.z] === 0;
    core.C = state[State.c] !== 0;
    core.V = state[State.v] < 0;
  }
}
