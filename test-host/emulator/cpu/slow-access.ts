// Accesses of translated code that are not plain ones to RAM or flash: done by rp2040js with the cycle count of the moment,
// as its interpreter does them. Registers other than PC are not up to date meanwhile.

import type { RP2040 } from 'rp2040js';
import type { SlowAccess } from './emitter.js';
import { State } from './memory.js';
import type { ChipMemory } from './memory.js';

type Load = (base: number, offset: number, address: number, left: number) => number;
type Store = (base: number, offset: number, value: number, address: number, left: number) => void;

export class SlowAccesses {
  /** core.cycles at which no cycles are left. */
  end = 0;

  constructor(
    private readonly chip: RP2040,
    private readonly memory: ChipMemory,
  ) {}

  private begin(address: number, left: number): void {
    const { core } = this.chip;
    core.cycles = this.end - left;
    core.PC = address + 2;
  }

  private finish(cycles: number): void {
    const { core } = this.chip;
    const { state } = this.memory;
    core.cycles += cycles;
    state[State.left] = this.end - core.cycles;
    if (core.interruptsUpdated || core.waiting) state[State.leave] = 1;
  }

  private load(read: (address: number) => number): Load {
    const { core } = this.chip;
    return (base, offset, address, left) => {
      this.begin(address, left);
      // As in rp2040js, the sum may exceed 32 bits.
      const at = (base >>> 0) + (offset >>> 0);
      const cycles = 1 + core.cyclesIO(at);
      const value = read(at);
      this.finish(cycles);
      return value;
    };
  }

  private store(write: (address: number, value: number) => void): Store {
    const { core } = this.chip;
    return (base, offset, value, address, left) => {
      this.begin(address, left);
      const at = (base >>> 0) + (offset >>> 0);
      const cycles = 1 + core.cyclesIO(at, true);
      write(at, value >>> 0);
      this.finish(cycles);
    };
  }

  /** The functions that translated modules import. */
  imports(): Record<SlowAccess, Load | Store> {
    const { chip } = this;
    return {
      load32: this.load((address) => chip.readUint32(address)),
      load16: this.load((address) => chip.readUint16(address)),
      load8: this.load((address) => chip.readUint8(address)),
      store32: this.store((address, value) => chip.writeUint32(address, value)),
      store16: this.store((address, value) => chip.writeUint16(address, value)),
      store8: this.store((address, value) => chip.writeUint8(address, value)),
    };
  }
}
