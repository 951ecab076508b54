// Where device time goes, by JavaScript function and by native function: looks at the emulated chip at regular
// intervals, follows JerryScript's frames by their line numbers, and the program counter by the firmware's symbols.

import type { ElfSymbol } from './elf-symbols.js';
import type { Rp2040Board } from '../emulator/rp2040-board.js';

/**
 * The pointer to the running frame within JerryScript's context, and fields of a frame, in Kaluma 1.2.1 (JerryScript 2.4
 * with line information): read off the compiled vm_init_exec().
 */
const TOP_CONTEXT = 0x88;
const FRAME_PREVIOUS = 24;
const FRAME_LINE = 36;
const DEEPEST = 40;

export interface Spent {
  name: string;
  /** Share of the samples in which it was the running function. */
  self: number;
  /** Share in which it was anywhere on the stack. */
  total: number;
}

export class Profiler {
  samples = 0;
  /** Samples in which no JavaScript ran. */
  idle = 0;
  private readonly self = new Map<string, number>();
  private readonly total = new Map<string, number>();
  private readonly lineHits = new Map<number, number>();
  private readonly native = new Map<string, number>();
  private readonly top: number;
  private readonly code: ElfSymbol[];

  /**
   * @param symbols of the firmware
   * @param names of functions by line of the program; see function-lines.ts
   * @throws Error when the firmware has no JerryScript
   */
  constructor(
    private readonly board: Rp2040Board,
    symbols: ElfSymbol[],
    private readonly names: string[],
  ) {
    const context = symbols.find((s) => s.name === 'jerry_global_context');
    if (!context) throw new Error('the ELF file has no symbol jerry_global_context');
    this.top = context.address + TOP_CONTEXT;
    this.code = symbols.filter((s) => s.code).sort((a, b) => a.address - b.address);
  }

  /** Takes a sample every `microseconds` of device time while `run()` goes on. */
  during(microseconds: number, run: () => void): void {
    const { scheduler } = this.board;
    let on = true;
    const sample = (): void => {
      if (!on) return;
      this.sample();
      scheduler.after(microseconds, sample);
    };
    scheduler.after(microseconds, sample);
    run();
    on = false;
  }

  /** The functions that took most, as shares of all samples. */
  functions(): Spent[] {
    const share = (n: number | undefined): number => (n ?? 0) / this.samples;
    return [...this.total.keys()]
      .map((name) => ({ name, self: share(this.self.get(name)), total: share(this.total.get(name)) }))
      .sort((a, b) => b.self - a.self);
  }

  /** Lines of the program and their shares as the running line. */
  lines(): { line: number; share: number }[] {
    return [...this.lineHits]
      .map(([line, n]) => ({ line, share: n / this.samples }))
      .sort((a, b) => b.share - a.share);
  }

  /** Native functions and their shares. */
  natives(): { name: string; share: number }[] {
    return [...this.native]
      .map(([name, n]) => ({ name, share: n / this.samples }))
      .sort((a, b) => b.share - a.share);
  }

  private sample(): void {
    const { board } = this;
    this.samples++;
    const name = this.symbolAt(board.chip.core.PC);
    this.native.set(name, (this.native.get(name) ?? 0) + 1);
    let frame = board.peek(this.top);
    if (!frame) {
      this.idle++;
      return;
    }
    const seen = new Set<string>();
    for (let depth = 0; frame >>> 24 === 0x20 && depth < DEEPEST; depth++) {
      const line = board.peek(frame + FRAME_LINE);
      const fn = this.names[line] ?? '(top)';
      if (depth === 0) {
        this.self.set(fn, (this.self.get(fn) ?? 0) + 1);
        this.lineHits.set(line, (this.lineHits.get(line) ?? 0) + 1);
      }
      if (!seen.has(fn)) this.total.set(fn, (this.total.get(fn) ?? 0) + 1);
      seen.add(fn);
      frame = board.peek(frame + FRAME_PREVIOUS);
    }
  }

  private symbolAt(pc: number): string {
    let low = 0;
    let high = this.code.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.code[middle]!.address <= pc) low = middle;
      else high = middle - 1;
    }
    const found = this.code[low]!;
    return pc < 0x4000 ? '(boot ROM)' : pc >= found.address ? found.name : '?';
  }
}
