// A PIO block of the RP2040 (datasheet, chapter 3): instruction memory, four state machines, flags and registers. It
// works out what has happened when it is looked at; the time is the caller's, in cycles of the system clock.

import { StateMachine, type PioShared } from './state-machine.js';

export const MACHINES = 4;
export const INSTRUCTIONS = 32;

// Register offsets (datasheet, 3.7).
export const CTRL = 0x000;
export const FSTAT = 0x004;
export const FDEBUG = 0x008;
const FLEVEL = 0x00c;
export const TXF0 = 0x010;
export const RXF0 = 0x020;
export const IRQ = 0x030;
const IRQ_FORCE = 0x034;
const INPUT_SYNC_BYPASS = 0x038;
const DBG_PADOUT = 0x03c;
const DBG_PADOE = 0x040;
const DBG_CFGINFO = 0x044;
export const INSTR_MEM0 = 0x048;
export const SM0_CLKDIV = 0x0c8;
const INTR = 0x128;
export const IRQ0_INTE = 0x12c;
const IRQ1_INTS = 0x140;
/** From one state machine's registers to the next one's, and between them. */
export const SM_STRIDE = 0x18;
const CLKDIV = 0x00;
export const EXECCTRL = 0x04;
export const SHIFTCTRL = 0x08;
export const ADDR = 0x0c;
export const INSTR = 0x10;
export const PINCTRL = 0x14;
const SM_END = SM0_CLKDIV + MACHINES * SM_STRIDE;

const CFGINFO = (INSTRUCTIONS << 16) | (MACHINES << 8) | 4;

/** What lies around a block. */
export interface PioSurroundings {
  /** Cycles of the system clock so far. */
  now(): number;
  /** Levels of the 32 GPIO inputs. */
  readPins(): number;
  /** The block's outputs or their directions have changed: `pinValues`, `pinDirections`. */
  pinsChanged(): void;
}

export class PioBlock implements PioShared {
  readonly memory = new Uint16Array(INSTRUCTIONS);
  readonly machines: StateMachine[];
  irq = 0;
  debug = 0;
  pinValues = 0;
  pinDirections = 0;
  /** Enable and force bits of the two interrupts. */
  private readonly enable = [0, 0];
  private readonly force = [0, 0];
  private bypass = 0;
  /** All before this cycle has happened. */
  private cycle = 0;
  private advancing = false;

  constructor(private readonly around: PioSurroundings) {
    this.machines = Array.from({ length: MACHINES }, (_, i) => new StateMachine(this, i));
  }

  /** Whether something would happen by itself, without a look. */
  get active(): boolean {
    return this.machines.some((m) => m.enabled && !m.stalled);
  }

  /** Whether interrupt 0 or 1 of the block is raised. */
  interrupt(n: 0 | 1): boolean {
    return this.interruptStatus(n) !== 0;
  }

  /** Whether somebody may see what happens without looking into the registers: by an interrupt or at a pin. */
  get visible(): boolean {
    return (this.enable[0]! | this.enable[1]! | this.pinDirections) !== 0;
  }

  /** Lets happen what has happened until now. To be called before a pin's input changes. */
  advance(): void {
    // A pin that changes may lead back here.
    if (this.advancing) return;
    this.advancing = true;
    this.run(this.around.now());
    this.advancing = false;
  }

  private run(now: number): void {
    const running = this.machines.filter((m) => m.enabled);
    while (this.cycle < now) {
      let moved = false;
      for (const machine of running) {
        machine.clock();
        if (!machine.stalled) moved = true;
      }
      this.cycle++;
      if (moved) continue;
      for (const machine of running) machine.skip(now - this.cycle);
      this.cycle = now;
    }
  }

  /** Inputs or flags have changed: what waited for them has another look. */
  wake(): void {
    for (const machine of this.machines) machine.stalled = false;
  }

  readPins(): number {
    return this.around.readPins();
  }

  writePins(values: number, mask: number): void {
    const next = (this.pinValues & ~mask) | (values & mask);
    if (next === this.pinValues) return;
    this.pinValues = next;
    this.around.pinsChanged();
  }

  writeDirections(values: number, mask: number): void {
    const next = (this.pinDirections & ~mask) | (values & mask);
    if (next === this.pinDirections) return;
    this.pinDirections = next;
    this.around.pinsChanged();
  }

  /** @returns the register's value, or null where there is none */
  read(offset: number): number | null {
    this.advance();
    if (offset >= RXF0 && offset < IRQ) return this.machines[(offset - RXF0) >> 2]!.get();
    if (offset >= TXF0 && offset < RXF0) return 0;
    if (offset >= INSTR_MEM0 && offset < SM0_CLKDIV) return 0;
    if (offset >= SM0_CLKDIV && offset < SM_END) return this.readMachine(offset - SM0_CLKDIV);
    if (offset >= IRQ0_INTE && offset <= IRQ1_INTS) {
      const n = offset >= IRQ0_INTE + 12 ? 1 : 0;
      return [this.enable[n]!, this.force[n]!, this.interruptStatus(n)][(offset - IRQ0_INTE - 12 * n) >> 2]!;
    }
    switch (offset) {
      case CTRL:
        return this.bits((m) => m.enabled);
      case FSTAT:
        return (
          (this.bits((m) => m.tx.length === 0) << 24) |
          (this.bits((m) => m.tx.length >= m.txDepth) << 16) |
          (this.bits((m) => m.rx.length === 0) << 8) |
          this.bits((m) => m.rx.length >= m.rxDepth)
        );
      case FDEBUG:
        return this.debug;
      case FLEVEL:
        return this.machines.reduce(
          (all, m, i) => (all | ((m.tx.length | (m.rx.length << 4)) << (8 * i))) >>> 0,
          0,
        );
      case IRQ:
        return this.irq;
      case IRQ_FORCE:
        return 0;
      case INPUT_SYNC_BYPASS:
        return this.bypass;
      case DBG_PADOUT:
        return this.pinValues >>> 0;
      case DBG_PADOE:
        return this.pinDirections >>> 0;
      case DBG_CFGINFO:
        return CFGINFO;
      case INTR:
        return this.rawInterrupts();
      default:
        return null;
    }
  }

  /** @returns false where there is no such register */
  write(offset: number, value: number): boolean {
    this.advance();
    if (offset >= TXF0 && offset < RXF0) this.machines[(offset - TXF0) >> 2]!.put(value);
    else if (offset >= INSTR_MEM0 && offset < SM0_CLKDIV) {
      this.memory[(offset - INSTR_MEM0) >> 2] = value;
      this.wake();
    } else if (offset >= SM0_CLKDIV && offset < SM_END) this.writeMachine(offset - SM0_CLKDIV, value);
    else if (offset >= IRQ0_INTE && offset <= IRQ1_INTS) {
      const n = offset >= IRQ0_INTE + 12 ? 1 : 0;
      const which = (offset - IRQ0_INTE - 12 * n) >> 2;
      if (which === 0) this.enable[n] = value & 0xfff;
      else if (which === 1) this.force[n] = value & 0xfff;
    } else {
      switch (offset) {
        case CTRL:
          this.machines.forEach((m, i) => {
            m.enabled = ((value >>> i) & 1) === 1;
            if ((value >>> (4 + i)) & 1) m.restart();
            if ((value >>> (8 + i)) & 1) m.restartClock();
          });
          break;
        case FDEBUG:
          this.debug &= ~value;
          break;
        case IRQ:
          this.irq &= ~value;
          this.wake();
          break;
        case IRQ_FORCE:
          this.irq |= value & 0xff;
          this.wake();
          break;
        case INPUT_SYNC_BYPASS:
          this.bypass = value;
          break;
        default:
          return false;
      }
    }
    return true;
  }

  private readMachine(offset: number): number {
    const m = this.machines[Math.floor(offset / SM_STRIDE)]!;
    switch (offset % SM_STRIDE) {
      case CLKDIV:
        return m.clkdiv;
      case EXECCTRL:
        return m.execctrl;
      case SHIFTCTRL:
        return m.shiftctrl;
      case ADDR:
        return m.pc;
      case INSTR:
        return m.enabled ? m.instruction : this.memory[m.pc]!;
      default:
        return m.pinctrl;
    }
  }

  private writeMachine(offset: number, value: number): void {
    const m = this.machines[Math.floor(offset / SM_STRIDE)]!;
    switch (offset % SM_STRIDE) {
      case CLKDIV:
        m.clkdiv = value;
        m.configure();
        break;
      case EXECCTRL:
        m.execctrl = value;
        break;
      case SHIFTCTRL:
        m.shiftctrl = value;
        break;
      case INSTR:
        this.wake();
        m.inject(value & 0xffff);
        // It may have changed a flag for the others.
        for (const other of this.machines) if (other !== m) other.stalled = false;
        break;
      case PINCTRL:
        m.pinctrl = value;
        m.configure();
        break;
    }
  }

  private bits(of: (machine: StateMachine) => boolean): number {
    return this.machines.reduce((all, m, i) => all | (of(m) ? 1 << i : 0), 0);
  }

  private rawInterrupts(): number {
    return (
      ((this.irq & 15) << 8) |
      (this.bits((m) => m.tx.length < m.txDepth) << 4) |
      this.bits((m) => m.rx.length > 0)
    );
  }

  private interruptStatus(n: number): number {
    return (this.rawInterrupts() & this.enable[n]!) | this.force[n]!;
  }
}
