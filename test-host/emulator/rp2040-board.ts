// An emulated Raspberry Pi Pico: the chip of rp2040js with a boot ROM, flash, console and pins around it, running a
// firmware image on the time of a scheduler. What is wired to it is somebody else's.

import { RP2040 } from 'rp2040js';
import type { Scheduler } from '../sim/scheduler.js';
import { BoardPins, type Level, type PinDevice } from './board-pins.js';
import { BootRom } from './bootrom.js';
import { FastCpu } from './cpu/fast-cpu.js';
import { CYCLES_PER_US, CycleClock } from './cycle-clock.js';
import { FlashMemory } from './flash-memory.js';
import type { Chunk } from './image.js';
import { Pio } from './pio.js';
import { SpiMaster } from './spi-master.js';
import { addStandIns } from './stand-ins.js';
import { UsbConsole } from './usb-console.js';

const SPI_BASE = [0x4003c, 0x40040];
const PIO_BASE = [0x50200, 0x50300];
/** Kaluma and others reset the chip by the watchdog (RP2040 datasheet, 4.7). */
const WATCHDOG = 0x40058;
/** The core runs in stretches of at most so many µs; between them the scheduler's other events have their turn. */
const STRETCH = 1000;

/** Initial stack pointer: first word of the firmware's vector table, which follows boot stage 2. */
const INITIAL_SP = 0x10000100;

export type ResetCause = 'watchdog' | 'system reset' | 'RUN button';

interface Watchdog {
  onWatchdogTrigger: () => void;
  scratchData: Uint32Array;
  reason: number;
}

export interface Rp2040BoardOptions {
  scheduler: Scheduler;
  /** Flash contents, in order; what none covers is erased. */
  flash: Chunk[];
  /** Takes what the board writes to its USB console. */
  onConsole?: (bytes: Uint8Array) => void;
  /** Of the flash chip's unique number and other things that differ from board to board. Default 1. */
  seed?: number;
  /** The board restarts. */
  onReset?: (cause: ResetCause) => void;
  /** Firmware asked for the USB boot loader: the board stands still until a reset. */
  onUsbBoot?: () => void;
  /** Firmware ran into a breakpoint of its own (a panic, a fault): the core stands still until a reset. */
  onHalt?: (pc: number) => void;
  /** Takes what the emulator has to say: accesses to what is not emulated. */
  onWarning?: (text: string) => void;
}

export class Rp2040Board {
  readonly scheduler: Scheduler;
  readonly flash: FlashMemory;
  chip!: RP2040;
  spi: SpiMaster[] = [];
  pio: Pio[] = [];
  console!: UsbConsole;
  /** Resets since power-up. */
  resets = 0;
  /** Firmware asked for the mass-storage boot loader: the board stands still. */
  inUsbBoot = false;
  /** Firmware ran into a breakpoint of its own. */
  halted = false;
  private readonly options: Rp2040BoardOptions;
  private readonly pins = new BoardPins(() => this.catchUp());
  private readonly exchanges: (((byte: number) => number) | null)[] = [null, null];
  private readonly clocks: ((hz: number) => void)[] = [() => {}, () => {}];
  private clock!: CycleClock;
  private cpu!: FastCpu;
  private deepestBefore = 0;
  private running = false;
  private resetWanted: ResetCause | null = null;
  /** Scheduler time at which the chip's cycles were 0, µs. */
  private origin = 0;

  constructor(options: Rp2040BoardOptions) {
    this.options = options;
    this.scheduler = options.scheduler;
    this.flash = new FlashMemory(new Uint8Array(16 * 1024 * 1024).fill(0xff));
    for (const { offset, bytes } of options.flash) this.flash.bytes.set(bytes, offset);
    this.flash.onChange((from, to) => {
      this.chip.flash.set(this.flash.bytes.subarray(from, to), from);
      this.cpu.invalidate(from, to);
    });
  }

  /** Bytes from the top of the C stack to its deepest point since power-up. */
  get deepestStack(): number {
    return Math.max(this.deepestBefore, this.peek(INITIAL_SP) - this.cpu.lowestSp);
  }

  /** Device time since power-up or the last reset, µs. */
  get micros(): number {
    return this.chip.core.cycles / CYCLES_PER_US;
  }

  /** Puts a chip on a bus. */
  connectSpi(bus: number, exchange: (byte: number) => number, clock: (hz: number) => void): void {
    this.exchanges[bus] = (byte) => {
      this.catchUp();
      return exchange(byte);
    };
    this.clocks[bus] = clock;
  }

  /** Drives a pin from outside; null lets go of it. */
  drive(pin: number, level: Level | null): void {
    this.pins.drive(pin, level);
  }

  /** Leaves a pin of a device open, by the device, and tells it afterwards: BoardPins. */
  open(): number {
    return this.pins.open();
  }

  correct(stamp: number, pin: number, level: Level): void {
    this.pins.correct(stamp, pin, level);
  }

  /** Calls `fn` when the board's output on a pin changes. A pin that is no output reads as its pull, or as driven. */
  onPin(pin: number, fn: (level: Level) => void): void {
    this.pins.onPin(pin, fn);
  }

  /** Wires a chip to several pins. */
  connectPins(device: PinDevice): void {
    this.pins.connect(device);
  }

  /** Power on, at the present time of the scheduler. @throws BootError when flash holds no bootable firmware */
  start(): void {
    if (this.running) return;
    this.boot(null, 'RUN button');
    this.running = true;
    this.book();
  }

  /** Power off. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    this.cpu.stop();
  }

  /** Takes effect before the next instruction. Only a watchdog's reset keeps the watchdog's scratch registers. */
  reset(cause: ResetCause = 'RUN button'): void {
    this.resetWanted = cause;
    this.cpu?.stop();
  }

  /** The word of RAM or flash at an address, for probes. */
  peek(address: number): number {
    return this.chip.readUint32(address);
  }

  private boot(before: RP2040 | null, cause: ResetCause): void {
    const clock = new CycleClock();
    const chip = new RP2040(clock);
    Object.assign(chip, {
      flash: this.flash.bytes,
      flash16: new Uint16Array(this.flash.bytes.buffer),
      flashView: new DataView(this.flash.bytes.buffer),
    });
    const warn = this.options.onWarning;
    chip.logger = {
      debug() {},
      info() {},
      warn: (component, message) => warn?.(`${component}: ${message}`),
      error: (component, message) => warn?.(`${component}: ${message}`),
    };
    clock.cycles = () => chip.core.cycles;
    clock.onEarlier = () => cpu.stop();
    // The translated code works on memories of its own: from here on they are the chip's.
    const cpu = new FastCpu(chip);
    this.chip = chip;
    this.clock = clock;
    this.cpu = cpu;
    this.origin = this.scheduler.now;
    this.inUsbBoot = false;
    this.halted = false;
    addStandIns(chip, this.options.seed ?? 1, () => this.reset('system reset'));
    this.spi = SPI_BASE.map((base, bus) => {
      const spi = new SpiMaster(chip, `SPI${bus}`);
      chip.peripherals[base] = spi;
      spi.exchange = (byte) => this.exchanges[bus]?.(byte) ?? 0;
      spi.onClock = (hz) => this.clocks[bus]!(hz);
      return spi;
    });
    this.pio = ([0, 1] as const).map((n) => {
      const pio = new Pio(chip, n, this.pins);
      chip.peripherals[PIO_BASE[n]!] = pio;
      // Pins look here for their outputs.
      (chip.pio as unknown[])[n] = pio;
      return pio;
    });
    this.console = new UsbConsole(chip);
    this.console.onData = (bytes) => this.options.onConsole?.(bytes);
    const watchdog = chip.peripherals[WATCHDOG] as unknown as Watchdog;
    watchdog.onWatchdogTrigger = () => this.reset('watchdog');
    const warm = before !== null && cause !== 'RUN button';
    if (warm) {
      const old = before.peripherals[WATCHDOG] as unknown as Watchdog;
      watchdog.scratchData.set(old.scratchData);
      watchdog.reason = old.reason;
    }
    this.pins.attach(chip, this.pio);
    const rom = new BootRom(
      this.flash,
      () => {
        this.inUsbBoot = true;
        this.cpu.stop();
        this.options.onUsbBoot?.();
      },
      () => {
        this.halted = true;
        this.cpu.stop();
        this.options.onHalt?.(chip.core.PC);
      },
    );
    rom.install(chip);
    rom.start(chip, warm ? watchdog.scratchData : null);
  }

  /** Lets the world go on to the core's present. */
  catchUp(): void {
    const now = this.origin + this.micros;
    if (now > this.scheduler.now) this.scheduler.runUntil(now);
    this.cpu.stop();
  }

  private book(): void {
    this.scheduler.after(0, () => this.stretch());
  }

  private stretch(): void {
    const end = this.scheduler.now + STRETCH;
    while (this.running && this.scheduler.now < end) {
      if (this.resetWanted) this.restart(this.resetWanted);
      if (this.inUsbBoot) break;
      this.advance(Math.min(end, this.scheduler.nextTime()));
    }
    if (this.running) this.scheduler.at(Math.max(end, this.scheduler.now), () => this.stretch());
  }

  private restart(cause: ResetCause): void {
    this.resetWanted = null;
    this.resets++;
    this.deepestBefore = this.deepestStack;
    this.boot(this.chip, cause);
    this.options.onReset?.(cause);
  }

  /** Runs the core up to scheduler time `until`, or until something has changed that may come earlier. */
  private advance(until: number): void {
    const { clock, scheduler } = this;
    const { core } = this.chip;
    const target = Math.ceil((until - this.origin) * CYCLES_PER_US);
    while (core.cycles < target) {
      const limit = Math.min(target, clock.nextCycles);
      if (core.waiting || this.halted) core.cycles = Math.max(core.cycles, limit);
      else this.cpu.run(limit);
      clock.fire();
      if (this.resetWanted || this.inUsbBoot || !this.running) break;
      if (scheduler.nextTime() < until) break;
    }
    // Cycles to microseconds and back may lose a last bit: what was to happen at `until` must not stay behind it.
    const reached = core.cycles >= target ? until : this.origin + this.micros;
    scheduler.runUntil(Math.max(scheduler.now, reached));
  }
}
