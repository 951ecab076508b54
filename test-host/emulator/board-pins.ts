// The 30 pins of an emulated RP2040 and what is wired to them: levels driven from outside, and outputs of the chip that somebody
// follows, one by one or several together, the fast ones of a PIO block edge by edge.

import { GPIOPinState, type RP2040 } from 'rp2040js';
import type { Pio, PioPins } from './pio.js';

export type Level = 0 | 1;

const PIN_COUNT = 30;
const IO_BANK0 = 0x40014;
const PADS_BANK0 = 0x4001c;
/** Function of a pin that belongs to PIO block 0; block 1's follows (RP2040 datasheet, 2.19.2). */
const FUNCTION_PIO0 = 6;

/** A chip that looks at several pins together. */
export interface PinDevice {
  /** Its pins. */
  readonly mask: number;
  /**
   * An output of the board at one of its pins has changed.
   * @param levels of those pins that are outputs
   * @param outputs the pins that the board drives
   */
  change(levels: number, outputs: number): void;
  /** Somebody is about to look at a pin that it has left open. */
  look(): void;
}

interface Connected {
  device: PinDevice;
  levels: number;
  outputs: number;
}

export class BoardPins implements PioPins {
  private readonly driven = new Array<Level | null>(PIN_COUNT).fill(null);
  private readonly watchers: ((level: Level) => void)[][] = Array.from({ length: PIN_COUNT }, () => []);
  private readonly devices: Connected[] = [];
  /** The pins of all devices. */
  private deviceMask = 0;
  private chip: RP2040 | null = null;
  private pio: readonly Pio[] = [];
  /** Nothing in rp2040js models pulls: an open pin reads high, as a Pico's program expects where it has a pull-up. */
  private raw = -1;
  /** What the pads and their overrides make of it. */
  private levels = 0;
  private enabled = 0;
  private inverted = 0;
  private low = 0;
  private high = 0;
  /** Changes by PIO blocks that rp2040js is told of later. */
  private movedOutputs = 0;
  private movedInputs = 0;

  /** @param catchUp lets the world go on to the core's present */
  constructor(private readonly catchUp: () => void) {}

  /** Wires all to a chip that has just been reset. */
  attach(chip: RP2040, pio: readonly Pio[]): void {
    this.chip = chip;
    this.pio = pio;
    this.movedOutputs = this.movedInputs = 0;
    Object.defineProperty(chip, 'gpioValues', { get: () => this.read(), configurable: true });
    for (const base of [IO_BANK0, PADS_BANK0]) {
      const registers = chip.peripherals[base]!;
      const write = registers.writeUint32.bind(registers);
      registers.writeUint32 = (offset, value) => {
        this.refreshOutputs();
        write(offset, value);
        this.configure();
      };
    }
    this.configure();
    for (let pin = 0; pin < PIN_COUNT; pin++) {
      chip.gpio[pin]!.setInputValue(((this.raw >>> pin) & 1) === 1);
      this.watch(pin);
    }
    for (const connected of this.devices) this.join(connected);
  }

  /** Drives a pin from outside; null lets go of it. */
  drive(pin: number, level: Level | null): void {
    this.driven[pin] = level;
    const raw = level === 0 ? this.raw & ~(1 << pin) : this.raw | (1 << pin);
    if (raw === this.raw) return;
    this.settleInputs(() => (this.raw = raw), 1 << pin);
  }

  /**
   * From now on a pin is driven to a level that its device tells when `look` is called.
   * @returns a stamp for `correct`
   */
  open(): number {
    const { inPast } = this;
    let stamp = 0;
    for (const pio of this.pio) {
      if (!inPast) pio.advance();
      const opened = pio.block.openInput();
      if (pio.block.advancing || !inPast) stamp = opened;
    }
    return stamp;
  }

  /** Since the time of the stamp, a pin is driven to this level. */
  correct(stamp: number, pin: number, level: Level): void {
    this.drive(pin, level);
    for (const pio of this.pio) pio.block.correctInputs(stamp, this.levels, 1 << pin);
  }

  /** Calls `fn` when the board's output on a pin changes. A pin that is no output reads as its pull, or as driven. */
  onPin(pin: number, fn: (level: Level) => void): void {
    this.watchers[pin]!.push(fn);
    if (this.chip) this.watch(pin);
  }

  connect(device: PinDevice): void {
    const connected: Connected = { device, levels: 0, outputs: 0 };
    this.devices.push(connected);
    this.deviceMask |= device.mask;
    if (this.chip) this.join(connected);
  }

  pioChanged(pio: Pio, mask: number): void {
    const { gpio } = this.chip!;
    let direct = 0;
    for (let rest = mask; rest; rest &= rest - 1) {
      const pin = 31 - Math.clz32(rest & -rest);
      if (pin >= PIN_COUNT) continue;
      if (gpio[pin]!.ctrl === FUNCTION_PIO0 + pio.index) direct |= 1 << pin;
      if (!(this.deviceMask & (1 << pin)) || this.watchers[pin]!.length) gpio[pin]!.checkForUpdates();
    }
    this.movedOutputs |= direct & this.deviceMask;
    for (const connected of this.devices) {
      const mine = direct & connected.device.mask;
      if (!mine) continue;
      this.output(
        connected,
        (connected.levels & ~mine) | (pio.pinValues & mine),
        (connected.outputs & ~mine) | (pio.pinDirections & mine),
      );
    }
  }

  pioSettled(): void {
    const { gpio } = this.chip!;
    for (; this.movedInputs; this.movedInputs &= this.movedInputs - 1) {
      const pin = 31 - Math.clz32(this.movedInputs & -this.movedInputs);
      gpio[pin]!.setInputValue(((this.raw >>> pin) & 1) === 1);
    }
  }

  look(): void {
    for (const { device } of this.devices) device.look();
  }

  /** A PIO block is working out what happened: the pins' present is that block's. */
  private get inPast(): boolean {
    for (let i = 0; i < this.pio.length; i++) if (this.pio[i]!.block.advancing) return true;
    return false;
  }

  private read(): number {
    if (!this.inPast) for (const pio of this.pio) pio.advance();
    this.look();
    return this.levels;
  }

  /** Has rp2040js know the outputs that went to devices behind its back, before a pin's function may change. */
  private refreshOutputs(): void {
    const { gpio } = this.chip!;
    for (; this.movedOutputs; this.movedOutputs &= this.movedOutputs - 1) {
      gpio[31 - Math.clz32(this.movedOutputs & -this.movedOutputs)]!.checkForUpdates();
    }
  }

  /** Registers of pads and pins have been written. */
  private configure(): void {
    const { gpio } = this.chip!;
    this.settleInputs(() => {
      this.enabled = this.inverted = this.low = this.high = 0;
      for (let pin = 0; pin < PIN_COUNT; pin++) {
        const bit = 1 << pin;
        if (gpio[pin]!.inputEnable) this.enabled |= bit;
        const { inputOverride } = gpio[pin]!;
        if (inputOverride === 1) this.inverted |= bit;
        else if (inputOverride === 2) this.low |= bit;
        else if (inputOverride === 3) this.high |= bit;
      }
    }, 0);
  }

  /** Makes a change that the inputs depend on, and has everybody see it. */
  private settleInputs(make: () => void, pins: number): void {
    const { chip, inPast } = this;
    if (chip && !inPast) for (const pio of this.pio) pio.advance();
    make();
    const levels = (((this.raw & this.enabled) ^ this.inverted) & ~this.low) | this.high;
    if (!chip) return;
    this.movedInputs |= pins;
    if (!inPast) this.pioSettled();
    if (levels === this.levels) return;
    this.levels = levels;
    // The other block is not advanced for that: it may see the level of a fast pin a little early.
    for (const pio of this.pio) pio.setInputs(levels);
  }

  private output(connected: Connected, levels: number, outputs: number): void {
    levels &= outputs;
    if (levels === connected.levels && outputs === connected.outputs) return;
    connected.levels = levels;
    connected.outputs = outputs;
    connected.device.change(levels, outputs);
  }

  private join(connected: Connected): void {
    const { gpio } = this.chip!;
    const look = (): void => {
      let levels = 0;
      let outputs = 0;
      if (!this.inPast) for (const pio of this.pio) pio.advance();
      for (let pin = 0; pin < PIN_COUNT; pin++) {
        if (!((connected.device.mask >>> pin) & 1) || !gpio[pin]!.outputEnable) continue;
        outputs |= 1 << pin;
        if (gpio[pin]!.outputValue) levels |= 1 << pin;
      }
      this.output(connected, levels, outputs);
    };
    for (let pin = 0; pin < PIN_COUNT; pin++) {
      if ((connected.device.mask >>> pin) & 1) gpio[pin]!.addListener(look);
    }
    look();
  }

  private watch(pin: number): void {
    const fns = this.watchers[pin]!;
    if (!fns.length) return;
    const gpio = this.chip!.gpio[pin]!;
    let last: Level | null = null;
    const look = (state: GPIOPinState): void => {
      const level: Level =
        state === GPIOPinState.High ? 1 : state === GPIOPinState.Low ? 0 : this.driven[pin] === 0 ? 0 : 1;
      if (level === last) return;
      last = level;
      this.catchUp();
      for (const fn of fns) fn(level);
    };
    gpio.addListener(look);
    look(gpio.value);
  }
}
