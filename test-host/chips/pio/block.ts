// A PIO block of the RP2040 (datasheet, chapter 3): instruction memory, four state machines, flags and registers. It
// works out what has happened when it is looked at; the time is the caller's, in cycles of the system clock.

import { SynchronisedInputs } from './inputs.js';
import {
  MACHINES,
  INSTRUCTIONS,
  CTRL,
  FSTAT,
  FDEBUG,
  FLEVEL,
  TXF0,
  RXF0,
  IRQ,
  IRQ_FORCE,
  INPUT_SYNC_BYPASS,
  DBG_PADOUT,
  DBG_PADOE,
  DBG_CFGINFO,
  INSTR_MEM0,
  SM0_CLKDIV,
  INTR,
  IRQ0_INTE,
  IRQ1_INTS,
  SM_STRIDE,
  CLKDIV,
  EXECCTRL,
  SHIFTCTRL,
  ADDR,
  INSTR,
  PINCTRL,
  SM_END,
  CFGINFO,
} from './registers.js';
import { StateMachine, type PioShared } from './state-machine.js';

/** What lies around a block. */
export interface PioSurroundings {
  /** Cycles of the system clock so far. */
  now(): number;
  /**
   * The block's outputs or their directions have changed: `pinValues`, `pinDirections`.
   * @param mask of the pins
   */
  pinsChanged(mask: number): void;
  /** An instruction is about to look at a pin that was left open: time for `correctInputs`. */
  look?(): void;
}

export class PioBlock implements PioShared {
  readonly memory = new Uint16Array(INSTRUCTIONS);
  readonly machines: StateMachine[];
  debug = 0;
  pinValues = 0;
  pinDirections = 0;
  /** Enable and force bits of the two interrupts. */
  private readonly enable = [0, 0];
  private readonly force = [0, 0];
  private bypass = 0;
  private flags = 0;
  private readonly inputs = new SynchronisedInputs();
  /** All before this cycle has happened. */
  private cycle = 0;
  private running: StateMachine[] = [];
  /** It is working out what has happened: what is told it now belongs to a cycle that may be past. */
  advancing = false;

  constructor(private readonly around: PioSurroundings) {
    this.machines = Array.from({ length: MACHINES }, (_, i) => new StateMachine(this, i));
  }

  /** Whether something would happen by itself, without a look. */
  get active(): boolean {
    const { running } = this;
    if (this.cycle <= this.inputs.settled) return running.length > 0;
    for (let i = 0; i < running.length; i++) if (!running[i]!.stalled) return true;
    return false;
  }

  /** Whether interrupt 0 or 1 of the block is raised. */
  interrupt(n: 0 | 1): boolean {
    return this.interruptStatus(n) !== 0;
  }

  /** What the DMA controller is asked for: bits 0 to 3 room in the machines' TX FIFOs, 4 to 7 words in their RX FIFOs. */
  get dataRequests(): number {
    let requests = 0;
    for (let i = 0; i < MACHINES; i++) {
      const m = this.machines[i]!;
      if (m.tx.length < m.txDepth) requests |= 1 << i;
      if (m.rx.length) requests |= 16 << i;
    }
    return requests;
  }

  /** Whether somebody may see what happens without looking into the registers: by an interrupt or at a pin. */
  get visible(): boolean {
    return (this.enable[0]! | this.enable[1]! | this.pinDirections) !== 0;
  }

  get irq(): number {
    return this.flags;
  }

  set irq(flags: number) {
    if (flags === this.flags) return;
    this.flags = flags;
    this.wake();
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
    const { running, inputs } = this;
    while (this.cycle < now) {
      // Inputs that have changed: who waits for them has another look in each cycle until they are through.
      const settling = this.cycle <= inputs.settled;
      if (settling) this.wake();
      let idle = settling ? Math.min(now, inputs.settled + 1) - this.cycle : now - this.cycle;
      for (let i = 0; i < running.length; i++) {
        const machine = running[i]!;
        if (machine.stalled) continue;
        const until = machine.untilStep - 1;
        if (until < idle) idle = until;
      }
      if (idle > 0) {
        for (let i = 0; i < running.length; i++) running[i]!.skip(idle);
        this.cycle += idle;
        if (this.cycle >= now) return;
      }
      for (let i = 0; i < running.length; i++) running[i]!.clock();
      this.cycle++;
    }
  }

  /** Flags have changed: what waited for them has another look. */
  private wake(): void {
    for (const machine of this.machines) machine.stalled = false;
  }

  /** The pins' levels, from now on. */
  setInputs(levels: number): void {
    this.inputs.change(this.changing, levels);
  }

  /**
   * From now on a pin has a level that is told when `PioSurroundings.look` asks for it.
   * @returns a stamp for `correctInputs`
   */
  openInput(): number {
    return this.inputs.open(this.changing);
  }

  /** The cycle at whose end pins change now: outside of `advance`, the present cycle's instructions are still to come. */
  private get changing(): number {
    return this.advancing ? this.cycle : this.cycle - 1;
  }

  /** Since the time of the stamp, the levels of the pins in `mask` have been these. */
  correctInputs(stamp: number, levels: number, mask: number): void {
    this.inputs.correct(stamp, levels, mask);
  }

  readPins(): number {
    if (this.inputs.askFor(this.cycle, this.bypass)) this.around.look?.();
    return this.inputs.read(this.cycle, this.bypass);
  }

  writePins(values: number, mask: number): void {
    const next = (this.pinValues & ~mask) | (values & mask);
    const changed = next ^ this.pinValues;
    if (!changed) return;
    this.pinValues = next;
    this.around.pinsChanged(changed);
  }

  writeDirections(values: number, mask: number): void {
    const next = (this.pinDirections & ~mask) | (values & mask);
    const changed = next ^ this.pinDirections;
    if (!changed) return;
    this.pinDirections = next;
    this.around.pinsChanged(changed);
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
        return this.fifoStatus();
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
          this.running = this.machines.filter((m) => m.busy);
          break;
        case FDEBUG:
          this.debug &= ~value;
          // A machine that still waits says so again.
          this.wake();
          break;
        case IRQ:
          this.irq &= ~value;
          break;
        case IRQ_FORCE:
          this.irq |= value & 0xff;
          break;
        case INPUT_SYNC_BYPASS:
          this.bypass = value;
          this.wake();
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
        m.inject(value & 0xffff);
        if (!m.enabled) this.running = this.machines.filter((other) => other.busy);
        break;
      case PINCTRL:
        m.pinctrl = value;
        m.configure();
        break;
    }
  }

  private bits(of: (machine: StateMachine) => boolean): number {
    let all = 0;
    for (let i = 0; i < MACHINES; i++) if (of(this.machines[i]!)) all |= 1 << i;
    return all;
  }

  private fifoStatus(): number {
    let status = 0;
    for (let i = 0; i < MACHINES; i++) {
      const m = this.machines[i]!;
      if (!m.tx.length) status |= 1 << (24 + i);
      if (m.tx.length >= m.txDepth) status |= 1 << (16 + i);
      if (!m.rx.length) status |= 1 << (8 + i);
      if (m.rx.length >= m.rxDepth) status |= 1 << i;
    }
    return status;
  }

  private rawInterrupts(): number {
    const requests = this.dataRequests;
    return ((this.irq & 15) << 8) | ((requests & 15) << 4) | (requests >>> 4);
  }

  private interruptStatus(n: number): number {
    const enabled = this.enable[n]!;
    return (enabled ? this.rawInterrupts() & enabled : 0) | this.force[n]!;
  }
}
