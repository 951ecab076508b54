// The emulated board's serial console at this process: raw bytes in a terminal, where Kaluma's own line editor works;
// lines where input and output are piped; a pseudo-terminal for other programs.

import { ConsoleText } from '../../test-host/emulator/console-text.js';
import { openPty, PtyError } from '../../test-host/pty/pty.js';
import { openTerminal } from './terminal.js';
import { UserError } from './user-error.js';

/** Ctrl-] leaves the raw terminal, as in telnet; Ctrl-X as well. */
const LEAVE = [0x1d, 0x18];

export interface BoardConsole {
  /** What the user reads first. */
  readonly greeting: string;
  /** Takes what the board wrote. */
  output(bytes: Uint8Array): void;
  /** Prints a line of the tool itself. */
  print(line: string): void;
  close(): void | Promise<void>;
}

export interface ConsoleOptions {
  /** Bytes for the board. */
  input: (bytes: Uint8Array) => void;
  /** The user wants to leave. */
  leave: () => void;
  quiet: boolean;
}

/** The console that fits what stdin and stdout are. */
export function openConsole(options: ConsoleOptions): BoardConsole {
  const interactive = process.stdin.isTTY && process.stdout.isTTY && !options.quiet;
  return interactive ? openRaw(options) : openLines(options);
}

/**
 * The console on a pseudo-terminal; lines of the tool go to stdout.
 * @throws UserError where there is none to be had
 */
export function openPtyConsole(options: ConsoleOptions): BoardConsole {
  try {
    const pty = openPty();
    pty.onData = options.input;
    return {
      greeting: `serial console on ${pty.path}; Ctrl-C ends the run`,
      output: (bytes) => pty.write(bytes),
      print: (line) => void process.stdout.write(`${line}\n`),
      close: () => pty.close(),
    };
  } catch (error) {
    if (error instanceof PtyError) throw new UserError(error.message);
    throw error;
  }
}

function openRaw(options: ConsoleOptions): BoardConsole {
  const { stdin, stdout } = process;
  /** Whether the cursor stands at the start of a line. */
  let fresh = true;
  const onData = (bytes: Buffer): void => {
    const end = bytes.findIndex((byte) => LEAVE.includes(byte));
    const rest = end < 0 ? bytes : bytes.subarray(0, end);
    if (rest.length) options.input(rest);
    if (end >= 0) options.leave();
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return {
    greeting: 'Ctrl-] ends the run; everything else goes to the board',
    output(bytes) {
      if (!bytes.length) return;
      stdout.write(bytes);
      fresh = bytes[bytes.length - 1] === 0x0a;
    },
    print(line) {
      stdout.write(`${fresh ? '' : '\r\n'}${line}\r\n`);
      fresh = true;
    },
    close() {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      if (!fresh) stdout.write('\r\n');
    },
  };
}

function openLines(options: ConsoleOptions): BoardConsole {
  const encoder = new TextEncoder();
  const terminal = openTerminal((line) => options.input(encoder.encode(`${line}\r`)), options.leave);
  const text = new ConsoleText((line) => {
    if (!options.quiet) terminal.print(line);
  });
  return {
    greeting: 'Ctrl-C ends the run',
    output: (bytes) => text.push(bytes),
    print: (line) => terminal.print(line),
    close: () => terminal.close(),
  };
}
