// Runs the processor of an emulated RP2040 by translation of its code to WebAssembly. All results, cycle counts and the order
// of accesses are those of rp2040js's interpreter, which also executes what is not translated: code that ran seldom yet,
// accesses to peripherals, exceptions, and everything that touches special registers.

import type { RP2040 } from 'rp2040js';
import { CodeCache } from './code-cache.js';
import type { TranslationPolicy } from './code-cache.js';
import { makeDispatcher } from './dispatcher.js';
import type { Dispatch } from './dispatcher.js';
import { ChipMemory, FLASH_BASE, FLASH_SIZE, RAM_BASE, RAM_SIZE, State } from './memory.js';

const POLICY: TranslationPolicy = { hot: 16, batch: 32, patience: 20000, region: 128, block: 32 };
/** With fewer cycles left, hardly a translated block would run. */
const WORTHWHILE = 40;
/** Cycles are counted in 32 bits while translated code runs. */
const LONGEST = 0x40000000;

export class FastCpu {
  private readonly memory: ChipMemory;
  private readonly cache: CodeCache;
  private readonly dispatch: Dispatch;
  private stopped = false;

  /**
   * Moves `chip`'s registers, RAM and flash to another place: take `chip.sram`, `chip.flash` and `chip.core.registers`
   * only afterwards. `core.blTaken` is not called by translated code.
   */
  constructor(
    private readonly chip: RP2040,
    policy: Partial<TranslationPolicy> = {},
  ) {
    this.memory = new ChipMemory(chip);
    this.cache = new CodeCache(chip, this.memory, { ...POLICY, ...policy });
    this.dispatch = makeDispatcher(this.memory, this.cache.table);
    this.lowestSp = 0xffffffff;
  }

  /** Lowest value that the main stack pointer had since this was last set. */
  get lowestSp(): number {
    return this.memory.state[State.lowestSp]! >>> 0;
  }

  set lowestSp(value: number) {
    this.memory.state[State.lowestSp] = value;
  }

  /** Ends `run` after the present instruction; for callbacks of peripherals. */
  stop(): void {
    this.stopped = true;
    this.memory.state[State.leave] = 1;
  }

  /**
   * Runs until `core.cycles` >= `limit`, or the core waits (WFI, WFE), or `stop` was called: at least one instruction, and
   * exactly as many as rp2040js's interpreter would. While peripherals are accessed, `core.cycles` and PC are those of
   * the access, other registers may be older. So a peripheral must not reset the core meanwhile: let it call `stop`, and
   * reset afterwards; and what it throws leaves the core in no state to go on from.
   */
  run(limit: number): void {
    const { core } = this.chip;
    const { state } = this.memory;
    this.stopped = false;
    state[State.leave] = 0;
    let sequential = -1;
    do {
      let translated = this.cache.entry(core.PC) !== 0;
      if (translated && !core.interruptsUpdated && limit - core.cycles > WORTHWHILE) {
        translated = this.runTranslated(limit);
        if (core.cycles >= limit || this.stopped || core.waiting) return;
        sequential = -1;
      }
      if (!translated && core.PC !== sequential) this.cache.count(core.PC);
      sequential = translated ? -1 : core.PC + 2;
      this.interpret();
    } while (core.cycles < limit && !core.waiting && !this.stopped);
  }

  private interpret(): void {
    const { core } = this.chip;
    core.executeInstruction();
    // After an exception entry, rp2040js leaves the vector's Thumb bit in PC.
    if (core.PC & 1) core.PC &= ~1;
    this.cache.grow();
    const sp = core.SPSEL ? core.bankedSP : core.SP;
    if (sp < this.lowestSp) this.lowestSp = sp;
  }

  /** Returns whether the next instruction is one that translated code leaves to the interpreter. */
  private runTranslated(limit: number): boolean {
    const { core } = this.chip;
    const { memory } = this;
    const { state } = memory;
    const { lowestSp } = this;
    const end = Math.min(limit, core.cycles + LONGEST);
    this.cache.slowAccesses.end = end;
    state[State.left] = end - core.cycles;
    memory.takeFlags();
    const result = this.dispatch(core.PC);
    const address = (result & ~1) >>> 0;
    core.PC = address;
    core.cycles = end - state[State.left]!;
    memory.giveFlags();
    state[State.leave] = this.stopped ? 1 : 0;
    if (core.SPSEL) this.lowestSp = lowestSp;
    if ((address - RAM_BASE) >>> 0 < RAM_SIZE) this.cache.verify(address);
    return (result & 1) !== 0;
  }

  /**
   * Forgets the code translated from the flash addresses [from, to), after an erase or program; without arguments, all code.
   */
  invalidate(from = FLASH_BASE, to = RAM_BASE + RAM_SIZE): void {
    const base = from < FLASH_SIZE ? FLASH_BASE : 0;
    this.cache.invalidate(from + base, to + base);
  }
}
