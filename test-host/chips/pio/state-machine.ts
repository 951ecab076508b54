// One of the four state machines of an RP2040 PIO block: its registers, FIFOs and shift registers, and what each of the
// nine instructions does in a cycle (RP2040 datasheet, 3.2 to 3.5). Flags and pins that it shares are the block's.

/** What the state machines of a block share. */
export interface PioShared {
  readonly memory: Uint16Array;
  /** The eight IRQ flags. */
  irq: number;
  /** FDEBUG: bit 0 to 3 RXSTALL, 8 RXUNDER, 16 TXOVER, 24 TXSTALL of state machine 0 and so on. */
  debug: number;
  /** The levels of the pins, as the block's input synchronisers show them. */
  readPins(): number;
  /** Sets the output levels of the pins in `mask`. */
  writePins(values: number, mask: number): void;
  /** Sets the directions of the pins in `mask`; 1 is output. */
  writeDirections(values: number, mask: number): void;
}

export const RX_STALL = 1;
export const RX_UNDER = 1 << 8;
export const TX_OVER = 1 << 16;
export const TX_STALL = 1 << 24;

const FIFO_DEPTH = 4;

// Reset values (datasheet, 3.7).
const CLKDIV = 0x00010000;
const EXECCTRL = 0x0001f000;
const SHIFTCTRL = 0x000c0000;
const PINCTRL = 0x14000000;

const EXECCTRL_STALLED = 0x80000000;
const JOIN = 0xc0000000;

export class StateMachine {
  enabled = false;
  pc = 0;
  x = 0;
  y = 0;
  isr = 0;
  osr = 0;
  /** Bits shifted in, and out: 32 out is an empty OSR. */
  isrCount = 0;
  osrCount = 32;
  /** The instruction at hand waits for something: nothing happens until FIFOs, flags or pins change. */
  stalled = false;
  /** Words that the system has put into the FIFO so far. */
  words = 0;
  readonly tx: number[] = [];
  readonly rx: number[] = [];
  clkdiv = CLKDIV;
  pinctrl = PINCTRL;
  /** The instruction that was executed last, for SMx_INSTR. */
  instruction = 0;
  private exec = EXECCTRL;
  private shift = SHIFTCTRL;
  /** Cycles times 256 per tick, and how many of them have passed. */
  private divider = 256;
  private phase = 0;
  private delay = 0;
  /** Instruction from SMx_INSTR, OUT EXEC or MOV EXEC that comes before the next one from memory; -1 for none. */
  private injected = -1;
  /** An IN has shifted and waits to push; an IRQ WAIT has set its flag. */
  private begun = false;
  private wrapTop = 31;
  private wrapBottom = 0;
  private pullThreshold = 32;
  private pushThreshold = 32;
  private outRight = true;
  private inRight = true;
  private autopull = false;
  private autopush = false;
  private delayMask = 31;

  constructor(
    private readonly shared: PioShared,
    readonly index: number,
  ) {}

  get execctrl(): number {
    return (this.exec | (this.injected >= 0 && this.stalled ? EXECCTRL_STALLED : 0)) >>> 0;
  }

  set execctrl(value: number) {
    this.exec = value & ~EXECCTRL_STALLED;
    this.wrapTop = (value >>> 12) & 31;
    this.wrapBottom = (value >>> 7) & 31;
    this.stalled = false;
  }

  get shiftctrl(): number {
    return this.shift >>> 0;
  }

  set shiftctrl(value: number) {
    // Changing the way the FIFOs are joined empties them.
    if ((value ^ this.shift) & JOIN) this.tx.length = this.rx.length = 0;
    this.shift = value;
    this.pullThreshold = (value >>> 25) & 31 || 32;
    this.pushThreshold = (value >>> 20) & 31 || 32;
    this.outRight = (value & (1 << 19)) !== 0;
    this.inRight = (value & (1 << 18)) !== 0;
    this.autopull = (value & (1 << 17)) !== 0;
    this.autopush = (value & (1 << 16)) !== 0;
    this.stalled = false;
  }

  get txDepth(): number {
    return this.depth(30, 31);
  }

  get rxDepth(): number {
    return this.depth(31, 30);
  }

  private depth(own: number, other: number): number {
    if ((this.shift >>> own) & 1) return 2 * FIFO_DEPTH;
    return (this.shift >>> other) & 1 ? 0 : FIFO_DEPTH;
  }

  /** Has CLKDIV or PINCTRL taken effect. */
  configure(): void {
    const whole = this.clkdiv >>> 16 || 65536;
    this.divider = whole * 256 + (whole === 65536 ? 0 : (this.clkdiv >>> 8) & 255);
    this.delayMask = 31 >> (this.pinctrl >>> 29);
    this.stalled = false;
  }

  /** CTRL.SM_RESTART: what 3.7 names; X, Y, OSR and PC stay. */
  restart(): void {
    this.isr = 0;
    this.isrCount = 0;
    this.osrCount = 32;
    this.delay = 0;
    this.injected = -1;
    this.begun = false;
    this.stalled = false;
  }

  /** CTRL.CLKDIV_RESTART. */
  restartClock(): void {
    this.phase = 0;
  }

  /** Enabled, or not yet through with an instruction from SMx_INSTR: that goes on even where the machine does not. */
  get busy(): boolean {
    return this.enabled || this.injected >= 0;
  }

  /** SMx_INSTR: executes at once, enabled or not, in the place of whatever is under way. */
  inject(instruction: number): void {
    this.delay = 0;
    this.begun = false;
    this.injected = instruction;
    this.step();
  }

  /** From the system: TXFn. */
  put(value: number): void {
    if (this.tx.length >= this.txDepth) this.shared.debug |= TX_OVER << this.index;
    else {
      this.tx.push(value >>> 0);
      this.words++;
    }
    this.stalled = false;
  }

  /** To the system: RXFn. */
  get(): number {
    this.stalled = false;
    if (this.rx.length) return this.rx.shift()!;
    this.shared.debug |= RX_UNDER << this.index;
    return 0;
  }

  /** Cycles of the system clock up to the one in which the machine has another instruction to execute, that one included. */
  get untilStep(): number {
    return ((this.delay + 1) * this.divider - this.phase + 255) >> 8;
  }

  /** So many cycles in which no instruction is executed: it stays stalled, or they are fewer than `untilStep`. */
  skip(cycles: number): void {
    this.phase += 256 * cycles;
    if (this.phase < this.divider) return;
    const ticks = Math.floor(this.phase / this.divider);
    this.phase -= ticks * this.divider;
    if (!this.stalled) this.delay -= ticks;
  }

  /** A cycle of the system clock. */
  clock(): void {
    this.phase += 256;
    if (this.phase < this.divider) return;
    this.phase -= this.divider;
    if (this.delay) this.delay--;
    else if (!this.stalled) this.step();
  }

  private step(): void {
    if (!this.busy) {
      this.stalled = true;
      return;
    }
    const injected = this.injected;
    const instruction = injected >= 0 ? injected : this.shared.memory[this.pc]!;
    const before = this.pc;
    this.instruction = instruction;
    this.injected = -1;
    const jumpTo = this.execute(instruction);
    this.sideSet(instruction);
    if (jumpTo <= STALL) {
      this.injected = injected;
      this.stalled = jumpTo === STALL;
      return;
    }
    this.stalled = false;
    this.begun = false;
    if (jumpTo >= 0) this.pc = jumpTo;
    else if (injected < 0) this.pc = before === this.wrapTop ? this.wrapBottom : (before + 1) & 31;
    // 3.4.5, 3.4.8: the delay of what says EXEC is ignored, the executed instruction may have its own.
    if (this.injected < 0) this.delay = (instruction >>> 8) & this.delayMask;
  }

  /** @returns NEXT, STALL, AGAIN, or the PC to go on at */
  private execute(instruction: number): number {
    const op = instruction >>> 13;
    // 3.5.4.2: in any cycle without an OUT, an empty OSR is refilled behind the program's back.
    if (this.autopull && op !== OUT && this.osrCount >= this.pullThreshold) this.refill();
    switch (op) {
      case JMP:
        return this.condition((instruction >>> 5) & 7) ? instruction & 31 : NEXT;
      case WAIT:
        return this.wait(instruction);
      case IN:
        return this.in((instruction >>> 5) & 7, instruction & 31 || 32);
      case OUT:
        return this.out((instruction >>> 5) & 7, instruction & 31 || 32);
      case PUSH_PULL:
        return instruction & 0x80 ? this.pull(instruction) : this.push(instruction);
      case MOV:
        return this.move(instruction);
      case IRQ:
        return this.interrupt(instruction);
      default:
        this.set((instruction >>> 5) & 7, instruction & 31);
        return NEXT;
    }
  }

  // 3.4.2
  private condition(condition: number): boolean {
    switch (condition) {
      case 0:
        return true;
      case 1:
        return this.x === 0;
      case 2: {
        const x = this.x;
        this.x = (x - 1) >>> 0;
        return x !== 0;
      }
      case 3:
        return this.y === 0;
      case 4: {
        const y = this.y;
        this.y = (y - 1) >>> 0;
        return y !== 0;
      }
      case 5:
        return this.x !== this.y;
      case 6:
        return ((this.shared.readPins() >>> ((this.exec >>> 24) & 31)) & 1) === 1;
      default:
        return this.osrCount < this.pullThreshold;
    }
  }

  /** Index field of WAIT IRQ and IRQ: with its high bit, the number of the state machine is added to the low two bits. */
  private flagOf(field: number): number {
    const n = field & 16 ? (field & 4) | ((field + this.index) & 3) : field & 7;
    return 1 << n;
  }

  // 3.4.3
  private wait(instruction: number): number {
    const wanted = (instruction >>> 7) & 1;
    const field = instruction & 31;
    const source = (instruction >>> 5) & 3;
    if (source === 2) {
      const flag = this.flagOf(field);
      if ((this.shared.irq & flag ? 1 : 0) !== wanted) return STALL;
      if (wanted) this.shared.irq &= ~flag;
      return NEXT;
    }
    const pin = source === 0 ? field : (field + this.inBase) & 31;
    return ((this.shared.readPins() >>> pin) & 1) === wanted ? NEXT : STALL;
  }

  private get inBase(): number {
    return (this.pinctrl >>> 15) & 31;
  }

  private inPins(): number {
    return rotateRight(this.shared.readPins(), this.inBase);
  }

  // 3.4.4, 3.5.4.1
  private in(source: number, count: number): number {
    if (!this.begun) {
      const all = this.inSource(source);
      const data = count === 32 ? all : (all & ((1 << count) - 1)) >>> 0;
      if (count === 32) this.isr = data;
      else if (this.inRight) this.isr = ((this.isr >>> count) | (data << (32 - count))) >>> 0;
      else this.isr = ((this.isr << count) | data) >>> 0;
      this.isrCount = Math.min(32, this.isrCount + count);
    }
    if (!this.autopush || this.isrCount < this.pushThreshold) return NEXT;
    if (this.pushIsr()) return NEXT;
    this.begun = true;
    return STALL;
  }

  private inSource(source: number): number {
    switch (source) {
      case 0:
        return this.inPins();
      case 1:
        return this.x;
      case 2:
        return this.y;
      case 6:
        return this.isr;
      case 7:
        return this.osr;
      default:
        return 0;
    }
  }

  /** @returns false, and RXSTALL set, when the FIFO is full */
  private pushIsr(): boolean {
    if (this.rx.length >= this.rxDepth) {
      this.shared.debug |= RX_STALL << this.index;
      return false;
    }
    this.rx.push(this.isr);
    this.isr = 0;
    this.isrCount = 0;
    return true;
  }

  private refill(): boolean {
    if (this.osrCount < this.pullThreshold || !this.tx.length) return false;
    this.osr = this.tx.shift()!;
    this.osrCount = 0;
    return true;
  }

  // 3.4.5, 3.5.4.2
  private out(destination: number, count: number): number {
    if (this.autopull && this.osrCount >= this.pullThreshold) {
      // Refilled in this cycle, shifted in the next.
      if (this.refill()) return AGAIN;
      this.shared.debug |= TX_STALL << this.index;
      return STALL;
    }
    let data: number;
    if (count === 32) {
      data = this.osr;
      this.osr = 0;
    } else if (this.outRight) {
      data = (this.osr & ((1 << count) - 1)) >>> 0;
      this.osr >>>= count;
    } else {
      data = this.osr >>> (32 - count);
      this.osr = (this.osr << count) >>> 0;
    }
    this.osrCount = Math.min(32, this.osrCount + count);
    if (this.autopull) this.refill();
    switch (destination) {
      case 0:
        this.outPins(data, false);
        return NEXT;
      case 1:
        this.x = data;
        return NEXT;
      case 2:
        this.y = data;
        return NEXT;
      case 4:
        this.outPins(data, true);
        return NEXT;
      case 5:
        return data & 31;
      case 6:
        this.isr = data;
        this.isrCount = count;
        return NEXT;
      case 7:
        this.injected = data & 0xffff;
        return NEXT;
      default:
        return NEXT;
    }
  }

  private outPins(data: number, directions: boolean): void {
    // 3.5.6: OUT_EN_SEL chooses a bit of the data that says whether the pins are written.
    if (!directions && this.exec & (1 << 18) && !((data >>> ((this.exec >>> 19) & 31)) & 1)) return;
    this.drive(data, this.pinctrl & 31, (this.pinctrl >>> 20) & 63, directions);
  }

  private drive(data: number, base: number, count: number, directions: boolean): void {
    if (!count) return;
    const mask = rotateLeft(count >= 32 ? 0xffffffff : (1 << count) - 1, base);
    const values = rotateLeft(data, base);
    if (directions) this.shared.writeDirections(values, mask);
    else this.shared.writePins(values, mask);
  }

  // 3.5.1: the upper bits of the delay field, from the instruction's first cycle on.
  private sideSet(instruction: number): void {
    let count = this.pinctrl >>> 29;
    if (!count) return;
    let value = ((instruction >>> 8) & 31) >>> (5 - count);
    if (this.exec & (1 << 30)) {
      count--;
      if (!(value >>> count)) return;
      value &= (1 << count) - 1;
    }
    this.drive(value, (this.pinctrl >>> 10) & 31, count, (this.exec & (1 << 29)) !== 0);
  }

  // 3.4.6
  private push(instruction: number): number {
    if (instruction & 0x40 && this.isrCount < this.pushThreshold) return NEXT;
    if (this.pushIsr()) return NEXT;
    if (instruction & 0x20) return STALL;
    // What found no room is lost.
    this.isr = 0;
    this.isrCount = 0;
    return NEXT;
  }

  // 3.4.7
  private pull(instruction: number): number {
    if (instruction & 0x40 && this.osrCount < this.pullThreshold) return NEXT;
    // With autopull an OSR that is not empty is left alone.
    if (this.autopull && this.osrCount < this.pullThreshold) return NEXT;
    if (this.tx.length) this.osr = this.tx.shift()!;
    else if (instruction & 0x20) {
      this.shared.debug |= TX_STALL << this.index;
      return STALL;
    } else this.osr = this.x;
    this.osrCount = 0;
    return NEXT;
  }

  // 3.4.8
  private move(instruction: number): number {
    let value = this.moveSource(instruction & 7);
    switch ((instruction >>> 3) & 3) {
      case 1:
        value = ~value >>> 0;
        break;
      case 2:
        value = reverse(value);
        break;
    }
    switch ((instruction >>> 5) & 7) {
      case 0:
        this.outPins(value, false);
        return NEXT;
      case 1:
        this.x = value;
        return NEXT;
      case 2:
        this.y = value;
        return NEXT;
      case 4:
        this.injected = value & 0xffff;
        return NEXT;
      case 5:
        return value & 31;
      case 6:
        this.isr = value;
        this.isrCount = 0;
        return NEXT;
      case 7:
        this.osr = value;
        this.osrCount = 0;
        return NEXT;
      default:
        return NEXT;
    }
  }

  private moveSource(source: number): number {
    if (source !== 5) return this.inSource(source);
    const level = this.exec & 16 ? this.rx.length : this.tx.length;
    return level < (this.exec & 15) ? 0xffffffff : 0;
  }

  // 3.4.9
  private interrupt(instruction: number): number {
    const flag = this.flagOf(instruction & 31);
    if (instruction & 0x40) {
      this.shared.irq &= ~flag;
      return NEXT;
    }
    if (!this.begun) this.shared.irq |= flag;
    if (!(instruction & 0x20)) return NEXT;
    if (this.begun && !(this.shared.irq & flag)) return NEXT;
    this.begun = true;
    return STALL;
  }

  // 3.4.10
  private set(destination: number, data: number): void {
    const base = (this.pinctrl >>> 5) & 31;
    const count = (this.pinctrl >>> 26) & 7;
    if (destination === 0) this.drive(data, base, count, false);
    else if (destination === 1) this.x = data;
    else if (destination === 2) this.y = data;
    else if (destination === 4) this.drive(data, base, count, true);
  }
}

// Major operation codes (datasheet, 3.4.1).
const JMP = 0;
const WAIT = 1;
const IN = 2;
const OUT = 3;
const PUSH_PULL = 4;
const MOV = 5;
const IRQ = 6;

// What an instruction leads to: the next one, waiting for a change, the same once more.
const NEXT = -1;
const STALL = -2;
const AGAIN = -3;

function rotateRight(value: number, by: number): number {
  return ((value >>> by) | (value << (32 - by))) >>> 0;
}

function rotateLeft(value: number, by: number): number {
  return ((value << by) | (value >>> (32 - by))) >>> 0;
}

function reverse(value: number): number {
  let reversed = 0;
  for (let i = 0; i < 32; i++) reversed = (reversed << 1) | ((value >>> i) & 1);
  return reversed >>> 0;
}
