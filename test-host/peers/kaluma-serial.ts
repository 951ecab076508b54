// The serial side of a board with Kaluma 1.2.1, as a peer for programs that flash one: the prompt with its echo and
// escape sequences, `.flash`, `.load`, `.reset`, and the receiver (ymodem-receiver.ts). JavaScript runs in a bare
// context of Node's, of Kaluma's modules it has `flash` and `fs`. Faults are injected; nothing here runs on a timer.
//
// A program that waits for stdin keeps a board busy; here it cannot wait. Its clock runs out instead, so that it gives up;
// once the bytes are there, the same line is run again, with nothing printed before it has read them.

import vm from 'node:vm';
import { BoardFiles } from '../board/board-files.js';
import { BoardFlash } from '../board/board-flash.js';
import { bareModules } from './kaluma-bare-modules.js';
import { YmodemReceiver, type ReceiverFaults } from './ymodem-receiver.js';

const PROMPT = '\x1b[0m\r\x1b7> ';
/** Characters of a line. */
const LINE_MAX = 1023;
const ASK_WIDTH = '\x1b[H\x1b[900C\x1b[6n\x1b8\x1b[2C';

export interface KalumaSerialOptions {
  /** What `board.name` says. */
  board?: string;
  version?: string;
  /** The program in flash. */
  program?: string;
  /** Room for it, bytes, NUL included. */
  room?: number;
  faults?: KalumaFaults;
}

export interface KalumaFaults extends ReceiverFaults {
  /** Nothing is ever answered. */
  dead?: boolean;
  /** The prompt answers nothing but transfers, as a prompt that is no JavaScript's. */
  noJavaScript?: boolean;
  /** Something printed by the running program before each answer, until it is stopped. */
  chatter?: string;
  /** Flips a bit of the stored program at this offset. */
  badByte?: number;
  /** Typed by somebody before, not entered yet. */
  typed?: string;
  /** A YMODEM receiver waits already. */
  receiving?: boolean;
  /** An escape sequence was begun and not ended. */
  inEscape?: boolean;
  /** What becomes of the bytes that a program reads from stdin. */
  stdin?: (bytes: Buffer) => Buffer;
}

export class KalumaSerial {
  /** Takes what the board sends. */
  onOutput: (bytes: Uint8Array) => void = () => {};
  /** Lines entered, oldest first. */
  readonly entered: string[] = [];
  /** The program area, '' after it was erased. */
  program: string;
  /** What its modules reach; not emptied by `.reset`. */
  readonly flash = new BoardFlash();
  readonly files = new BoardFiles();
  private readonly faults: KalumaFaults;
  private readonly room: number;
  private line: string;
  private position: number;
  private echo = true;
  private escape: boolean;
  private running = true;
  private receiver: YmodemReceiver | null = null;
  /** A line that waits for bytes on stdin, how many, and those that have come. */
  private reading: { line: string; size: number; bytes: number[] } | null = null;
  private muted = false;
  private clock = 0;
  private realm: vm.Context;

  constructor(private readonly options: KalumaSerialOptions = {}) {
    this.faults = options.faults ?? {};
    this.program = options.program ?? '';
    this.room = options.room ?? 512 * 1024;
    this.line = this.faults.typed ?? '';
    this.position = this.line.length;
    this.escape = this.faults.inEscape ?? false;
    this.realm = this.newRealm();
    if (this.faults.receiving) this.receive();
  }

  input(bytes: Uint8Array): void {
    if (this.faults.dead) return;
    for (let i = 0; i < bytes.length; i++) {
      if (this.receiver) this.receiver.push(bytes[i]!);
      // Ctrl-C stops JavaScript and empties the receive buffer.
      else if (bytes[i] === 3) {
        if (this.reading) this.prompt();
        this.reading = null;
        return;
      } else if (this.reading) this.read(bytes[i]!);
      else this.typed(String.fromCharCode(bytes[i]!));
    }
  }

  private send(text: string): void {
    if (this.muted) return;
    this.onOutput(Buffer.from(text, 'latin1'));
  }

  private typed(ch: string): void {
    if (this.escape) {
      if (/[a-zA-Z~]/.test(ch)) this.escape = false;
      return;
    }
    switch (ch) {
      case '\x1b':
        this.escape = true;
        break;
      case '\x01':
        this.position = 0;
        break;
      case '\r': {
        const line = this.line;
        this.line = '';
        this.position = 0;
        if (this.echo) this.send('\r\n');
        if (line) this.enter(line);
        if (!this.receiver && !this.reading) this.prompt();
        break;
      }
      default:
        if (this.line.length >= LINE_MAX) return this.send('\x1b[31mREPL buffer overflow\r\n\x1b[0m');
        this.line = this.line.slice(0, this.position) + ch + this.line.slice(this.position);
        this.position++;
        if (this.echo) this.send(this.position === this.line.length ? ch : `\x1b8> ${this.line}`);
    }
  }

  private prompt(): void {
    this.send(this.echo ? PROMPT + ASK_WIDTH : '\x1b[0m');
  }

  private enter(line: string): void {
    if (!this.muted) this.entered.push(line);
    if (this.running && this.faults.chatter) this.send(this.faults.chatter);
    if (line.startsWith('.')) return this.command(line);
    if (this.faults.noJavaScript) return this.send('SyntaxError: invalid syntax\r\n');
    let shown: string;
    try {
      shown = show(vm.runInContext(line, this.realm)) + '\r\n';
    } catch (error) {
      shown = `\x1b[31m${String(error)}\r\n`;
    }
    this.muted = false;
    if (this.reading?.bytes.length === 0) this.reading.line = line;
    else this.send(shown);
  }

  /** A byte for the line that waits. */
  private read(byte: number): void {
    const { line, size, bytes } = this.reading!;
    if (bytes.push(byte) < size) return;
    this.muted = true;
    this.enter(line);
    this.reading = null;
    this.prompt();
  }

  /** process.stdin.read: null while there is too little. */
  private stdin(size: number): Uint8Array | null {
    if (this.reading?.bytes.length === size) {
      this.muted = false;
      const bytes = Buffer.from(this.reading.bytes);
      return Uint8Array.from(this.faults.stdin?.(bytes) ?? bytes);
    }
    this.reading = { line: '', size, bytes: [] };
    this.clock += 60_000;
    return null;
  }

  private command(line: string): void {
    switch (line.replace(/ +/g, ' ')) {
      case '.echo on':
        this.echo = true;
        break;
      case '.echo off':
        this.echo = false;
        break;
      case '.reset':
        this.realm = this.newRealm();
        this.running = false;
        this.send('\r\nsoft reset\r\n');
        break;
      case '.load':
        this.realm = this.newRealm();
        this.running = true;
        this.load();
        break;
      case '.flash -e':
        this.program = '';
        this.send('Flash has erased\r\n');
        break;
      case '.flash -t':
        this.send(`${this.room}\r\n`);
        break;
      case '.flash -s':
        this.send(`${this.stored().length}\r\n`);
        break;
      case '.flash -r':
        this.send(this.stored().replaceAll('\n', '\r\n') + '\r\n');
        break;
      case '.flash -w':
        this.send("Transfer a file via YMODEM... (press 'a' to abort)\r\n");
        this.receive();
        break;
      default:
        this.send(`\x1b[31mUnknown command: ${line.split(' ')[0]}\r\n\x1b[0m`);
    }
  }

  private receive(): void {
    let left = 0;
    this.receiver = new YmodemReceiver({
      faults: this.faults,
      send: (bytes) => this.onOutput(bytes),
      header: (_name, size) => {
        this.program = '';
        left = size;
      },
      data: (bytes) => {
        const taken = bytes.subarray(0, Math.min(left, bytes.length));
        left -= taken.length;
        this.program += Buffer.from(taken).toString('latin1');
        return this.program.length < this.room;
      },
      end: (verdict) => {
        this.receiver = null;
        this.send(`\r\n${verdict}\r\n`);
        this.prompt();
      },
    });
    this.receiver.start();
  }

  private stored(): string {
    const at = this.faults.badByte;
    if (at === undefined || at >= this.program.length) return this.program;
    return (
      this.program.slice(0, at) +
      String.fromCharCode(this.program.charCodeAt(at) ^ 1) +
      this.program.slice(at + 1)
    );
  }

  private load(): void {
    try {
      vm.runInContext(this.program, this.realm);
    } catch (error) {
      this.send(`\x1b[31m${String(error)}\r\n\x1b[0m`);
    }
  }

  private newRealm(): vm.Context {
    const print = (...values: unknown[]): void => this.send(values.map(String).join(' '));
    return vm.createContext({
      ...bareModules(this.flash, this.files),
      millis: () => this.clock,
      TextDecoder,
      print,
      console: { log: (...values: unknown[]) => this.send(values.map(String).join(' ') + '\r\n') },
      board: { name: this.options.board ?? 'pico' },
      process: {
        version: this.options.version ?? '1.2.1',
        stdin: { read: (size: number) => this.stdin(size) },
      },
    });
  }
}

/** As Kaluma colours values. */
function show(value: unknown): string {
  if (typeof value === 'string') return `\x1b[93m'${value}'\x1b[0m`;
  if (typeof value === 'number' || typeof value === 'boolean') return `\x1b[95m${String(value)}\x1b[0m`;
  return `\x1b[90m${String(value)}\x1b[0m`;
}
