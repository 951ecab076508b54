// A simulated Raspberry Pi Pico with Kaluma 1.2.1: runs a program bundle as built, in a realm of its own, on
// virtual time. Chips are wired to it by pins and SPI; their models are elsewhere (test-host/chips).

import type { GspiSlave } from '../chips/cyw43/gspi-slave.js';
import { GspiWords } from '../chips/cyw43/gspi-words.js';
import { CYW43_PINS } from '../chips/cyw43/wiring.js';
import { SeededRandom } from '../sim/random.js';
import type { Scheduler } from '../sim/scheduler.js';
import { BoardFiles } from './board-files.js';
import { BoardFlash } from './board-flash.js';
import { CHeap } from './c-heap.js';
import { KALUMA_COST, type CostModel } from './cost.js';
import { EventLoop } from './event-loop.js';
import { createKalumaContext, KALUMA_VERSION } from './kaluma-context.js';
import { BoardPio } from './kaluma-pio.js';
import type { Machine, Traps } from './machine.js';
import { Pins, type Level } from './pins.js';
import { prettyPrint } from './pretty-print.js';
import type { Realm } from './realm.js';
import { SpiBus, type SpiChip } from './spi-bus.js';

/** Room for the program in flash. */
export const PROGRAM_MAX = 512 * 1024;
/** Kaluma loads the program at boot only while this pin reads high; it has a pull-up then. */
const LOAD_PIN = 22;

export interface BoardOptions {
  scheduler: Scheduler;
  /** The program as the build wrote it. */
  bundle: string;
  /** Shown in stack traces of tests. */
  name?: string;
  seed?: number;
  /** Takes each whole line that the board writes to its serial console. */
  onConsole?: (line: string) => void;
  /** Overrides of the cost model; see cost.ts. */
  cost?: Partial<CostModel>;
  /**
   * False leaves out the model of the C heap and of the collector that frees it; `held` is what the program keeps
   * of received arrays, bytes (c-heap.ts). Default: nothing kept.
   */
  heap?: boolean | { held: number };
  /** A task that spends more virtual time than this, µs, is stopped with an error: it would never end. */
  maxTask?: number;
}

export interface ReportedError {
  /** The text as the console showed it. */
  message: string;
  /** What was thrown. */
  error: unknown;
  /** Virtual time, µs. */
  time: number;
}

export class SimulatedBoard {
  readonly scheduler: Scheduler;
  readonly name: string;
  readonly pins = new Pins();
  readonly spi: readonly SpiBus[] = [new SpiBus(), new SpiBus()];
  readonly heap: CHeap | null;
  /** Emptied by a reset, not by `.load`. */
  pio = new BoardPio();
  /** The radio of a Pico W. */
  private gspi: GspiWords | null = null;
  /** Everything thrown out of the program, oldest first. */
  readonly errors: ReportedError[] = [];
  /** Console lines so far, oldest first; the last 10,000. */
  readonly lines: string[] = [];
  /** Key-value store in flash; survives resets. */
  readonly storage = new Map<string, string>();
  /** Flash as Kaluma's `flash` module sees it, the program in it, and the files; they survive resets, too. */
  readonly flashChip = new BoardFlash();
  readonly files = new BoardFiles();
  /** Virtual time that JavaScript tasks have kept the CPU busy, µs. */
  busyTime = 0;
  private readonly cost: CostModel;
  private readonly random: SeededRandom;
  private readonly onConsole: ((line: string) => void) | undefined;
  private readonly maxTask: number;
  private readonly counts = { spiSubarray: 0, cHeapFull: 0 };
  private interruptsBefore = 0;
  private loop: EventLoop | null = null;
  private realm: Realm | null = null;
  private partial = '';
  private fraction = 0;
  private taskStart = 0;

  /** @throws Error when the program would not fit a board's flash or holds a NUL byte */
  constructor(options: BoardOptions) {
    this.scheduler = options.scheduler;
    this.flashChip.programText = checkProgram(options.bundle);
    this.name = options.name ?? 'board';
    this.cost = { ...KALUMA_COST, ...options.cost };
    this.random = new SeededRandom(options.seed ?? 1);
    this.onConsole = options.onConsole;
    this.heap =
      options.heap === false ? null : new CHeap(typeof options.heap === 'object' ? options.heap.held : 0);
    this.maxTask = options.maxTask ?? 60e6;
  }

  /** The program's global object, while the board runs. */
  get context(): Record<string, unknown> {
    if (!this.realm) throw new Error(`${this.name} is not running`);
    return this.realm.global;
  }

  get running(): boolean {
    return this.loop !== null;
  }

  get traps(): Traps {
    return {
      ...this.counts,
      spiUnselected: this.spi[0]!.unselected + this.spi[1]!.unselected,
      spiContended: this.spi[0]!.contended + this.spi[1]!.contended,
      interruptInTask: this.interruptsBefore + (this.loop?.interruptsInTask ?? 0),
    };
  }

  /** Wires a chip to SPI bus `bus`, selected by a low `csPin`. */
  connectSpi(bus: number, csPin: number, chip: SpiChip): void {
    this.spi[bus]!.connect(this.pins, csPin, chip);
  }

  /** Makes the board a Pico W: its radio on gSPI, with its power pin and its interrupt on the data line. */
  connectGspi(chip: GspiSlave): void {
    const { power, data } = CYW43_PINS;
    this.gspi = new GspiWords(chip);
    this.gspi.onLine = (level) => this.pins.drive(data, level);
    // The chip's own pull-down holds it without power until the board drives the pin.
    this.pins.drive(power, 0);
    this.pins.drive(data, chip.interrupt);
    this.pins.onChange(power, (level) => chip.setPower(level));
    this.pio = new BoardPio(this.gspi);
  }

  /** Drives a pin from outside; null lets go of it. */
  drive(pin: number, level: Level | null): void {
    this.pins.drive(pin, level);
  }

  /** Powers the board up: boots Kaluma and runs the program, at the present virtual time. */
  start(): void {
    if (this.loop) return;
    this.pio = new BoardPio(this.gspi);
    this.boot(true);
  }

  /** As the RUN button: everything in RAM is lost, chips around the board keep their state. */
  reset(): void {
    this.stop();
    this.pio = new BoardPio(this.gspi);
    this.boot(true);
  }

  /** Takes the power away. */
  stop(): void {
    if (!this.loop) return;
    this.interruptsBefore += this.loop.interruptsInTask;
    this.loop.stop();
    this.loop = null;
    this.realm = null;
    this.pins.reset();
    this.heap?.clear();
    this.flushPartial();
  }

  /** Replaces the program in flash; takes effect at the next start, reset or `.load`. */
  flash(bundle: string): void {
    this.flashChip.programText = checkProgram(bundle);
  }

  /**
   * A line typed at the prompt: a command with a dot, or code that is run in strict mode and whose result is
   * printed. Handled in the console's turn of the event loop.
   */
  input(line: string): void {
    this.loop?.postInput(() => this.runLine(line));
  }

  /** Runs code in the program's realm at once, without cost or console; for tests. */
  evaluate(source: string): unknown {
    if (!this.realm) throw new Error(`${this.name} is not running`);
    this.taskStart = this.scheduler.now;
    return this.realm.run(source, `${this.name}-evaluate.js`);
  }

  private boot(load: boolean): void {
    const bootTime = this.scheduler.now;
    const loop = new EventLoop(this.scheduler, this.pins, this.cost, bootTime);
    this.loop = loop;
    const machine: Machine = {
      scheduler: this.scheduler,
      pins: this.pins,
      spi: this.spi,
      pio: this.pio,
      cost: this.cost,
      loop,
      heap: this.heap,
      traps: this.counts,
      bootTime,
      spend: (us) => {
        if (this.loop === loop) this.spend(us);
      },
      write: (text) => this.write(text),
      random: () => this.random.float(),
      storage: this.storage,
      flash: this.flashChip,
      files: this.files,
      programSize: load ? this.flashChip.programText.length : 0,
    };
    const realm = createKalumaContext(machine);
    this.realm = realm;
    loop.runTask = (task) => this.runTask(task);
    loop.runJobs = () => this.runJobs(realm);
    if (load && this.loadPinHigh()) this.loadProgram();
  }

  private loadPinHigh(): boolean {
    this.pins.setMode(LOAD_PIN, 2);
    const high = this.pins.read(LOAD_PIN) === 1;
    this.pins.setMode(LOAD_PIN, 0);
    return high;
  }

  private loadProgram(): void {
    const realm = this.realm!;
    const ok = this.loop!.enter(() => void realm.run(this.flashChip.programText, `${this.name}.js`));
    // A program that throws at start-up leaves an empty runtime with a prompt.
    if (!ok && this.realm === realm) {
      this.stop();
      this.boot(false);
    }
  }

  private runTask(task: () => void): boolean {
    const start = this.scheduler.now;
    this.taskStart = start;
    try {
      task();
      return true;
    } catch (error) {
      this.report(error, true);
      return false;
    } finally {
      this.busyTime += this.scheduler.now - start;
    }
  }

  private runJobs(realm: Realm): void {
    this.taskStart = this.scheduler.now;
    try {
      realm.runJobs();
    } catch (error) {
      this.report(error, true);
    }
  }

  // While this CPU is busy the world goes on, other boards included: one of their tasks, once begun, runs to its end
  // within this call, so that a task next to another busy board may take longer than its own costs.
  private spend(us: number): void {
    this.fraction += us;
    const whole = Math.floor(this.fraction);
    if (whole === 0) return;
    this.fraction -= whole;
    this.scheduler.runUntil(this.scheduler.now + whole);
    if (this.scheduler.now - this.taskStart > this.maxTask) {
      this.taskStart = this.scheduler.now;
      throw new Error(`${this.name}: a task has run for more than ${this.maxTask / 1e6} s`);
    }
  }

  private write(text: string): void {
    this.partial += text;
    const lines = this.partial.split('\n');
    this.partial = lines.pop()!;
    for (const line of lines) this.emit(line);
    // Only a running program waits for its own output.
    if (this.loop?.busy) this.spend(text.length * this.cost.consoleChar);
  }

  private flushPartial(): void {
    if (this.partial) this.emit(this.partial);
    this.partial = '';
  }

  private emit(line: string): void {
    this.lines.push(line);
    if (this.lines.length > 10000) this.lines.splice(0, 1000);
    this.onConsole?.(line);
  }

  private report(error: unknown, trace: boolean): void {
    const message = String(error);
    this.errors.push({ message, error, time: this.scheduler.now });
    this.flushPartial();
    this.emit(message);
    if (!trace) return;
    // JerryScript 2.4 gives lines only.
    const stack = (error as { stack?: unknown } | null)?.stack;
    const own = new RegExp(`^\\s+at .*\\b${escapeRegExp(this.name)}\\.js:(\\d+)`);
    for (const frame of typeof stack === 'string' ? stack.split('\n') : []) {
      const line = own.exec(frame)?.[1];
      if (line) this.emit(`  at <anonymous>:${line}`);
    }
  }

  private runLine(line: string): void {
    const realm = this.realm;
    if (!realm || !line.trim()) return;
    if (line.startsWith('.')) return this.runCommand(line.trim());
    let result: unknown;
    this.taskStart = this.scheduler.now;
    try {
      result = realm.run(line, 'repl.js');
    } catch (error) {
      this.report(error, false);
      return;
    }
    this.flushPartial();
    this.write(prettyPrint(result, 3) + '\n');
  }

  private runCommand(line: string): void {
    switch (line.split(/\s+/)[0]) {
      case '.mem': {
        const usage = this.realm!.run('process.memoryUsage()', 'repl.js') as Record<string, number>;
        this.write(
          `total: ${usage['heapTotal']}, occupied: ${usage['heapUsed']}, peak: ${usage['heapPeak']}\n`,
        );
        return;
      }
      case '.gc':
        this.heap?.collect();
        return;
      case '.reset':
        this.stop();
        this.boot(false);
        this.write('soft reset\n');
        return;
      case '.load':
        this.stop();
        this.boot(true);
        return;
      case '.hi':
        this.write(`Welcome to Kaluma v${KALUMA_VERSION} (simulated)\n`);
        return;
      case '.echo':
        return;
      case '.help':
        this.write(
          '.help\tPrint this help message\n.hi\tPrint welcome message\n.reset\tSoft reset\n' +
            '.load\tLoad code from flash\n.mem\tHeap memory status\n.gc\tPerform garbage collection\n',
        );
        return;
      default:
        this.write(`Unknown command: ${line.split(/\s+/)[0]}\n`);
    }
  }
}

function checkProgram(bundle: string): string {
  const size = Buffer.byteLength(bundle);
  if (size > PROGRAM_MAX) throw new Error(`the program is ${size} bytes; flash has room for ${PROGRAM_MAX}`);
  if (bundle.includes('\0')) throw new Error('the program holds a NUL byte');
  return bundle;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
