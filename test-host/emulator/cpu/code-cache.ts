// Which code is translated: counts how often an address is come to, translates what is hot, several regions to a module, and
// forgets what is not valid any more.

import type { RP2040 } from 'rp2040js';
import { LOCALS, SLOW_ACCESSES } from './emitter.js';
import {
  CODE_SIZE,
  FLASH_BASE,
  FLASH_OFFSET,
  MEMORY_PAGES,
  RAM_BASE,
  RAM_OFFSET,
  RAM_SIZE,
} from './memory.js';
import type { ChipMemory } from './memory.js';
import { findRegion } from './region.js';
import type { Region, RegionLimits } from './region.js';
import { SlowAccesses } from './slow-access.js';
import { translate } from './translate.js';
import { assembleModule } from './wasm-module.js';
import type { ModuleFunction } from './wasm-module.js';

export interface TranslationPolicy extends RegionLimits {
  /** Times that an address is come to before it is translated. */
  hot: number;
  /** Regions that wait before a module is made of them… */
  batch: number;
  /** …or interpreted instructions since the first of them waits. */
  patience: number;
}

interface Translated {
  slot: number;
  from: number;
  to: number;
  /** Addresses whose entry leads here. */
  entries: number[];
  /** Of code in RAM, what was translated. */
  copy: Uint8Array | undefined;
}

/** An entry word is the function's slot in the table above so many bits for the number of its entry. */
export const ENTRY_BITS = 10;

export class CodeCache {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 1024 });
  readonly slowAccesses: SlowAccesses;
  private readonly regions: (Translated | undefined)[] = [undefined];
  private readonly freeSlots: number[] = [];
  private readonly flashCounts = new Uint8Array(CODE_SIZE / 2);
  private readonly ramCounts = new Uint8Array(RAM_SIZE / 2);
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private waiting: number[] = [];
  private age = 0;

  constructor(
    chip: RP2040,
    private readonly memory: ChipMemory,
    private readonly policy: TranslationPolicy,
  ) {
    this.slowAccesses = new SlowAccesses(chip, memory);
    this.bytes = new Uint8Array(memory.memory.buffer);
    this.view = new DataView(memory.memory.buffer);
  }

  /** How to enter the code at `address`; 0 if it is not translated. */
  entry(address: number): number {
    const inFlash = (address - FLASH_BASE) >>> 0;
    if (inFlash < CODE_SIZE) return this.memory.flashEntries[inFlash >>> 1]!;
    const inRam = (address - RAM_BASE) >>> 0;
    return inRam < RAM_SIZE ? this.memory.ramEntries[inRam >>> 1]! : 0;
  }

  /** Notes that the program came to `address`, which is not translated. */
  count(address: number): void {
    const inFlash = (address - FLASH_BASE) >>> 0;
    const inRam = (address - RAM_BASE) >>> 0;
    const counts = inFlash < CODE_SIZE ? this.flashCounts : this.ramCounts;
    const at = (inFlash < CODE_SIZE ? inFlash : inRam) >>> 1;
    if (at >= counts.length || counts[at] === 255) return;
    if (++counts[at]! < this.policy.hot) return;
    counts[at] = 255;
    this.waiting.push(address);
    if (this.waiting.length >= this.policy.batch) this.translateWaiting();
  }

  /** Notes that an instruction was interpreted. */
  grow(): void {
    if (this.waiting.length && ++this.age >= this.policy.patience) this.translateWaiting();
  }

  private offset(address: number): number {
    return address < RAM_BASE ? address - FLASH_BASE + FLASH_OFFSET : address - RAM_BASE + RAM_OFFSET;
  }

  private takeSlot(): number {
    const free = this.freeSlots.pop();
    if (free !== undefined) return free;
    if (this.regions.length === this.table.length) this.table.grow(this.table.length);
    return this.regions.push(undefined) - 1;
  }

  private enter(region: Region, entries: number[]): number {
    const slot = this.takeSlot();
    const inRam = region.from >= RAM_BASE;
    const mine: number[] = [];
    entries.forEach((address, i) => {
      if (this.entry(address)) return;
      mine.push(address);
      this.setEntry(address, (slot << ENTRY_BITS) | i);
    });
    const from = this.offset(region.from);
    this.regions[slot] = {
      slot,
      from: region.from,
      to: region.to,
      entries: mine,
      copy: inRam ? this.bytes.slice(from, from + region.to - region.from) : undefined,
    };
    return slot;
  }

  private setEntry(address: number, entry: number): void {
    if (address < RAM_BASE) this.memory.flashEntries[(address - FLASH_BASE) >>> 1] = entry;
    else this.memory.ramEntries[(address - RAM_BASE) >>> 1] = entry;
  }

  private translateWaiting(): void {
    const functions: ModuleFunction[] = [];
    const slots: number[] = [];
    const word = (address: number): number => this.view.getInt32(this.offset(address), true);
    const halfword = (address: number): number => this.view.getUint16(this.offset(address), true);
    for (const address of this.waiting) {
      if (this.entry(address)) continue;
      const region = findRegion(address, halfword, this.policy);
      if (
        region.blocks.find((block) => block.address === address)!.instructions[0]!.operation.kind === 'other'
      )
        continue;
      const { code, entries } = translate(region, word);
      functions.push({ type: 0, locals: LOCALS, code });
      slots.push(this.enter(region, entries));
    }
    this.waiting = [];
    this.age = 0;
    if (!functions.length) return;
    const binary = assembleModule({
      types: [
        { parameters: 1, results: 1 },
        { parameters: 4, results: 1 },
        { parameters: 5, results: 0 },
      ],
      imports: SLOW_ACCESSES.map((name) => ({ name, type: name.startsWith('load') ? 1 : 2 })),
      memoryPages: MEMORY_PAGES,
      table: false,
      functions,
    });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), {
      chip: { ...this.slowAccesses.imports(), memory: this.memory.memory },
    });
    slots.forEach((slot, i) => this.table.set(slot, exports[String(i)]));
  }

  /** Forgets what was translated from RAM at `address` if the code there is another one now. */
  verify(address: number): void {
    const translated = this.regions[this.entry(address) >>> ENTRY_BITS];
    if (!translated?.copy) return;
    const from = this.offset(translated.from);
    if (translated.copy.every((byte, i) => byte === this.bytes[from + i])) return;
    this.forget(translated);
  }

  private forget(translated: Translated): void {
    for (const address of translated.entries) {
      this.setEntry(address, 0);
      const counts = address < RAM_BASE ? this.flashCounts : this.ramCounts;
      counts[(address & 0xffffff) >>> 1] = 0;
    }
    this.table.set(translated.slot, null);
    this.regions[translated.slot] = undefined;
    this.freeSlots.push(translated.slot);
  }

  /** Forgets what was translated from the bytes [from, to). */
  invalidate(from: number, to: number): void {
    for (const translated of this.regions) {
      if (translated && translated.from < to && from < translated.to) this.forget(translated);
    }
    const begin = Math.max(0, from - FLASH_BASE) >>> 1;
    this.flashCounts.fill(0, begin, Math.max(begin, (to - FLASH_BASE) >>> 1));
  }
}
