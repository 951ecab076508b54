// Kaluma's `rp2`, as far as it is PIO: an assembler for state machines (instructions: RP2040 datasheet, 3.4), and objects that
// run its programs by the native binding.

/** Kaluma's native functions; what they take is kaluma-pio.ts's. */
interface Native {
  pio_add_program(pio: number, program: Uint16Array): number;
  pio_sm_init(pio: number, sm: number, options: object): void;
  pio_sm_set_enabled(pio: number, sm: number, enabled: boolean): void;
  pio_sm_restart(pio: number, sm: number): void;
  pio_sm_exec(pio: number, sm: number, instruction: number): void;
  pio_sm_get(pio: number, sm: number): number;
  pio_sm_put(pio: number, sm: number, value: number | Uint32Array): void;
  pio_sm_set_pins(pio: number, sm: number, value: number, mask: number): void;
  pio_sm_rxfifo(pio: number, sm: number): number;
  pio_sm_txfifo(pio: number, sm: number): number;
  pio_sm_clear_fifos(pio: number, sm: number): void;
  pio_sm_drain_txfifo(pio: number, sm: number): void;
  pio_sm_irq(pio: number, handler: unknown): void;
}

declare const process: { binding: { (name: unknown): Native; rp2: unknown } };
const native = process.binding(process.binding.rp2);

export const PIO = {
  FIFO_JOIN_NONE: 0,
  FIFO_JOIN_TX: 1,
  FIFO_JOIN_RX: 2,
  SHIFT_LEFT: 0,
  SHIFT_RIGHT: 1,
  TX_LESSTHAN: 0,
  RX_LESSTHAN: 1,
};

// Where a name stands is its code in bits 7 to 5, in a source of MOV in bits 2 to 0.
const CONDITIONS = ['', '!x', 'x--', '!y', 'y--', 'x!=y', 'pin', '!osre'];
const WAITED = ['gpio', 'pin', 'irq'];
const IN_SOURCES = ['pins', 'x', 'y', 'null', '-', '-', 'isr', 'osr'];
const OUT_TARGETS = ['pins', 'x', 'y', 'null', 'pindirs', 'pc', 'isr', 'exec'];
const MOV_TARGETS = ['pins', 'x', 'y', '-', 'exec', 'pc', 'isr', 'osr'];
const SET_TARGETS = ['pins', 'x', 'y', '-', 'pindirs'];
/** Kaluma's `null` is an oversight: the code that it gives reads OSR. */
const MOV_SOURCES = ['pins', 'x', 'y', '-', '-', 'status', 'isr', 'null osr'];

/** @throws Error when the name is none of them */
function codeOf(names: string[], name: string, what: string): number {
  const code = names.findIndex((all) => all === name || (name && all.split(' ').includes(name)));
  if (code < 0 || name === '-') throw new Error(`Unknown ${what}`);
  return code;
}

interface AsmOptions {
  sideset: number;
  sidesetOpt: boolean;
  sidesetPindirs: boolean;
}

export class ASM implements AsmOptions {
  static JMP = 0x0000;
  static WAIT = 0x2000;
  static IN = 0x4000;
  static OUT = 0x6000;
  static PUSH = 0x8000;
  static PULL = 0x8080;
  static MOV = 0xa000;
  static IRQ = 0xc000;
  static SET = 0xe000;
  code: number[] = [];
  labels: Record<string, number> = {};
  sideset = 0;
  sidesetOpt = false;
  sidesetPindirs = false;
  /** Where the program has been put in each block. */
  _pio?: { offset: number | undefined }[];
  private jumps: { offset: number; target: string }[] = [];

  constructor(options?: Partial<AsmOptions>) {
    Object.assign(this, options);
  }

  jmp(...args: [target: string] | [condition: string | null, target: string]): this {
    const [condition, target] = args.length > 1 ? args : [null, args[0]];
    this.jumps.push({ offset: this.code.length, target: target as string });
    return this.add(ASM.JMP | (codeOf(CONDITIONS, condition ?? '', 'condition of jmp()') << 5));
  }

  wait(polarity: number, source: string, index: number, relative?: string): this {
    const code = codeOf(WAITED, source, 'source of wait()');
    const own = source === 'irq' && relative === 'rel' ? 16 : 0;
    return this.add(ASM.WAIT | (polarity ? 0x80 : 0) | (code << 5) | own | index);
  }

  in(source: string, bits: number): this {
    return this.add(ASM.IN | (codeOf(IN_SOURCES, source, 'source of in()') << 5) | (bits >= 32 ? 0 : bits));
  }

  out(target: string, bits: number): this {
    const code = codeOf(OUT_TARGETS, target, 'destination of out()');
    return this.add(ASM.OUT | (code << 5) | (bits >= 32 ? 0 : bits));
  }

  push(iffull?: number | string, block: number | string = 1): this {
    return this.fifo(ASM.PUSH, iffull === 1 || iffull === 'iffull', block);
  }

  pull(ifempty?: number | string, block: number | string = 1): this {
    return this.fifo(ASM.PULL, ifempty === 1 || ifempty === 'ifempty', block);
  }

  mov(target: string, source: string): this {
    const code = codeOf(MOV_TARGETS, target, 'destination of mov()');
    const [, invert, mirror, name] = /^([~!]?)(::)?(.*)$/.exec(source)!;
    const operation = (invert ? 8 : 0) | (mirror ? 16 : 0);
    return this.add(ASM.MOV | (code << 5) | operation | codeOf(MOV_SOURCES, name!, 'source of mov()'));
  }

  irq(...args: [flag: number, relative?: string] | [command: string, flag: number, relative?: string]): this {
    const [command, flag, relative] = typeof args[0] === 'number' ? ['', ...args] : args;
    const act = command === 'wait' ? 0x20 : command === 'clear' ? 0x40 : 0;
    return this.add(ASM.IRQ | act | (flag as number) | (relative === 'rel' ? 16 : 0));
  }

  set(target: string, value: number): this {
    return this.add(ASM.SET | (codeOf(SET_TARGETS, target, 'destination of set()') << 5) | value);
  }

  nop(): this {
    return this.mov('y', 'y');
  }

  label(name: string): this {
    this.labels[name] = this.code.length;
    return this;
  }

  wrap_target(): this {
    return this.label('wrap_target');
  }

  /** The program goes back to its wrap target behind the last instruction. */
  wrap(): this {
    this.labels['wrap'] = this.code.length - 1;
    return this;
  }

  side(value: number): this {
    const shift = 13 - this.sideset - (this.sidesetOpt ? 1 : 0);
    return this.amend((this.sidesetOpt ? 1 << 12 : 0) | (value << shift));
  }

  delay(cycles: number): this {
    return this.amend(cycles << 8);
  }

  toBinary(): Uint16Array {
    for (const { offset, target } of this.jumps) this.code[offset]! |= this.labels[target] ?? 0;
    this.jumps = [];
    return new Uint16Array(this.code);
  }

  toInst(index = 0): number | undefined {
    return this.toBinary()[index];
  }

  private add(code: number): this {
    this.code.push(code);
    return this;
  }

  private amend(bits: number): this {
    this.code[this.code.length - 1]! |= bits;
    return this;
  }

  private fifo(code: number, conditional: boolean, block: number | string): this {
    return this.add(code | (conditional ? 0x40 : 0) | (block === 1 || block === 'block' ? 0x20 : 0));
  }
}

export class StateMachine {
  /** Those that are free, in the order in which they are given away. */
  static ids = [0, 4, 1, 5, 2, 6, 3, 7];

  static getAvailableId(): number | null {
    return StateMachine.ids[0] ?? null;
  }

  pio: number;
  sm: number;
  offset?: number;
  length?: number;

  constructor(id: number, asm: ASM, options?: object) {
    StateMachine.ids.splice(StateMachine.ids.indexOf(id), 1);
    this.pio = id > 3 ? 1 : 0;
    this.sm = id - this.pio * 4;
    const placed = (asm._pio ??= []);
    // Only the first machine of a block learns where the program lies; the others begin at 0.
    if (!placed[this.pio]) {
      const program = asm.toBinary();
      this.offset = native.pio_add_program(this.pio, program);
      this.length = program.length;
      placed[this.pio] = { offset: this.offset };
    }
    native.pio_sm_init(this.pio, this.sm, {
      freq: 125000000,
      inBase: -1,
      inCount: 1,
      outBase: -1,
      outCount: 1,
      setBase: -1,
      setCount: 1,
      sidesetBase: -1,
      sideset: asm.sideset > 0,
      sidesetBits: asm.sideset,
      sidesetOpt: asm.sidesetOpt,
      sidesetPindirs: asm.sidesetPindirs,
      jmpPin: -1,
      offset: this.offset,
      wrapTarget: asm.labels['wrap_target'] ?? 0,
      wrap: asm.labels['wrap'] ?? asm.code.length - 1,
      inShiftDir: PIO.SHIFT_RIGHT,
      autopush: false,
      pushThreshold: 32,
      outShiftDir: PIO.SHIFT_RIGHT,
      autopull: false,
      pullThreshold: 32,
      fifoJoin: PIO.FIFO_JOIN_NONE,
      outSticky: false,
      outEnablePin: -1,
      movStatusSel: PIO.TX_LESSTHAN,
      movStatusN: 0,
      ...options,
    });
  }

  active(value: boolean): void {
    native.pio_sm_set_enabled(this.pio, this.sm, value);
  }

  restart(): void {
    native.pio_sm_restart(this.pio, this.sm);
  }

  exec(instruction: number): void {
    native.pio_sm_exec(this.pio, this.sm, instruction);
  }

  get(): number {
    return native.pio_sm_get(this.pio, this.sm);
  }

  put(value: number | Uint32Array): void {
    native.pio_sm_put(this.pio, this.sm, value);
  }

  setPins(value: number, mask = 0xffffffff): void {
    native.pio_sm_set_pins(this.pio, this.sm, value, mask);
  }

  rxfifo(): number {
    return native.pio_sm_rxfifo(this.pio, this.sm);
  }

  txfifo(): number {
    return native.pio_sm_txfifo(this.pio, this.sm);
  }

  clearFIFOs(): void {
    native.pio_sm_clear_fifos(this.pio, this.sm);
  }

  drainTXFIFO(): void {
    native.pio_sm_drain_txfifo(this.pio, this.sm);
  }

  irq(handler: unknown): void {
    native.pio_sm_irq(this.pio, handler);
  }
}
