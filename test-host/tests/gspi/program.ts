// PIO programs for gSPI on the model of a PIO block, wired to a slave by its pins, whose output may be as late as a chip's.

import { GspiPins, type Level } from '../../chips/cyw43/gspi-pins.js';
import type { GspiSlave } from '../../chips/cyw43/gspi-slave.js';
import { CYW43_PINS } from '../../chips/cyw43/wiring.js';
import { PioBlock } from '../../chips/pio/block.js';
import {
  CLKDIV,
  CTRL,
  EXECCTRL,
  FLEVEL,
  INPUT_SYNC_BYPASS,
  INSTR,
  INSTR_MEM0,
  PINCTRL,
  RXF0,
  SHIFTCTRL,
  SM0_CLKDIV,
  TXF0,
} from '../../chips/pio/registers.js';

const { data, select, clock } = CYW43_PINS;
const FIFO = 4;

// Instructions with one bit of side-set and up to 15 cycles of delay (RP2040 datasheet, 3.4).
const with_ = (code: number, side: 0 | 1, delay: number): number => code | (side << 12) | (delay << 8);
export const jmp = (to: number, side: 0 | 1, delay = 0): number => with_(to, side, delay);
export const jmpX = (to: number, side: 0 | 1, delay = 0): number => with_(0x40 | to, side, delay);
export const jmpY = (to: number, side: 0 | 1, delay = 0): number => with_(0x80 | to, side, delay);
export const jmpNotY = (to: number, side: 0 | 1, delay = 0): number => with_(0x60 | to, side, delay);
export const outPin = (side: 0 | 1, delay = 0): number => with_(0x6001, side, delay);
export const outX16 = (side: 0 | 1): number => with_(0x6030, side, 0);
export const outY16 = (side: 0 | 1): number => with_(0x6050, side, 0);
export const inPin = (side: 0 | 1, delay = 0): number => with_(0x4001, side, delay);
export const setPins = (value: number, side: 0 | 1, delay = 0): number => with_(0xe000 | value, side, delay);
export const setDirs = (value: number, side: 0 | 1, delay = 0): number => with_(0xe080 | value, side, delay);
export const setX = (value: number, side: 0 | 1, delay = 0): number => with_(0xe020 | value, side, delay);
export const nop = (side: 0 | 1, delay = 0): number => with_(0xa042, side, delay);

export interface ChipTiming {
  /** Cycles of 8 ns from the edge to the change of the chip's output. */
  delay: number;
  /** The edge: the falling one, or the rising one half a clock later. */
  edge: 'falling' | 'rising';
}

/** With a timing, the line is worked out cycle by cycle; without, the block is told of a chip that never is late. */
export class PioHost {
  readonly block: PioBlock;
  private readonly pins: GspiPins;
  private now = 0;
  private level: Level = 0;
  private clock: Level = 0;
  /** The line's next level, before the edge that brings it. */
  private next: Level = 0;
  /** Changes of the line that are under way, by cycle. */
  private readonly coming: { at: number; level: Level }[] = [];

  constructor(
    slave: GspiSlave,
    program: number[],
    private readonly timing: ChipTiming | null,
    bypass = false,
  ) {
    this.block = new PioBlock({
      now: () => this.now,
      pinsChanged: () => this.changed(),
      look: () => this.pins.look(),
    });
    this.pins = new GspiPins(slave, {
      drive: (level) => this.drive(level),
      open: () => (timing ? 0 : this.block.openInput()),
      correct: (stamp, level) => {
        this.drive(level);
        if (!timing) this.block.correctInputs(stamp, level << data, 1 << data);
      },
    });
    this.init(program, bypass);
  }

  private init(program: number[], bypass: boolean): void {
    const { block } = this;
    program.forEach((word, i) => block.write(INSTR_MEM0 + 4 * i, word));
    if (bypass) block.write(INPUT_SYNC_BYPASS, 1 << data);
    const base = SM0_CLKDIV;
    block.write(base + CLKDIV, 2 << 16);
    block.write(base + EXECCTRL, (program.length - 1) << 12);
    block.write(base + SHIFTCTRL, 3 << 16);
    block.write(
      base + PINCTRL,
      ((1 << 29) | (2 << 26) | (1 << 20) | (data << 15) | (clock << 10) | (data << 5) | data) >>> 0,
    );
    for (const word of [setPins(2, 0), setDirs(2, 0)]) block.write(base + INSTR, word);
    // The clock's pin becomes an output by a SET of its own.
    const pinctrl = block.read(base + PINCTRL)!;
    block.write(base + PINCTRL, (1 << 26) | (clock << 5));
    block.write(base + INSTR, 0xe081);
    block.write(base + PINCTRL, pinctrl);
    block.write(CTRL, 1);
  }

  /**
   * Puts words as Kaluma does, taking what comes in meanwhile.
   * @param step cycles between two looks at the FIFOs
   * @returns what came in
   */
  exchange(words: number[], incoming: number, step = () => 1): number[] {
    const got: number[] = [];
    const rest = [...words];
    for (let cycles = 0; rest.length || got.length < incoming; cycles++) {
      if (cycles > 1e6)
        throw new Error(`stands still with ${rest.length} words to go, ${got.length} come in`);
      const level = this.block.read(FLEVEL)!;
      if (rest.length && (level & 15) < FIFO) this.block.write(TXF0, rest.shift()!);
      if ((level >> 4) & 15) got.push(this.block.read(RXF0)!);
      this.pass(step());
    }
    return got;
  }

  pass(cycles: number): void {
    if (!this.timing) {
      this.now += cycles;
      this.block.advance();
      return;
    }
    for (let i = 0; i < cycles; i++) {
      this.now++;
      this.block.advance();
      while (this.coming.length && this.coming[0]!.at < this.now) this.level = this.coming.shift()!.level;
      this.block.setInputs(this.level << data);
    }
  }

  private changed(): void {
    const { pinValues: values, pinDirections: directions } = this.block;
    const output = (pin: number, open: Level): Level =>
      (directions >>> pin) & 1 ? (((values >>> pin) & 1) as Level) : open;
    const level = output(clock, 0);
    const rising = level > this.clock;
    this.clock = level;
    if (rising && this.timing?.edge === 'rising') this.bring(this.next, this.timing);
    this.pins.change(output(select, 1), level, (directions >>> data) & 1 ? output(data, 0) : null);
    if (this.timing) this.pins.look();
  }

  private drive(level: Level): void {
    this.next = level;
    if (!this.timing) this.block.setInputs(level << data);
    else if (this.timing.edge === 'falling') this.bring(level, this.timing);
  }

  private bring(level: Level, { delay }: ChipTiming): void {
    // The cycle that is being worked out is the one before the present.
    this.coming.push({ at: this.now - 1 + delay, level });
  }
}
