// The serial console in the terminal: lines typed (or piped in) go to the board's prompt, its lines come out.

import { readFileSync } from 'node:fs';
import readline from 'node:readline';

export interface Terminal {
  /** Prints a line above the prompt. */
  print(line: string): void;
  close(): void;
}

/**
 * @param onLine takes each line typed
 * @param onInterrupt Ctrl-C, or Ctrl-D on an empty line of a terminal
 */
export function openTerminal(onLine: (line: string) => void, onInterrupt: () => void): Terminal {
  const interactive = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  if (process.stdin.isTTY && inBackground()) return { print: plain, close() {} };
  const rl = readline.createInterface({
    input: process.stdin,
    ...(interactive ? { output: process.stdout, prompt: '> ', historySize: 100 } : { terminal: false }),
  });
  let open = true;
  rl.on('line', (line) => {
    onLine(line);
    if (interactive) rl.prompt();
  });
  rl.on('SIGINT', onInterrupt);
  // The end of piped input is not the end of the board.
  rl.on('close', () => {
    if (open && interactive) onInterrupt();
    open = false;
  });
  if (interactive) rl.prompt();
  return {
    print(line) {
      if (!interactive || !open) return plain(line);
      readline.cursorTo(process.stdout, 0);
      readline.clearLine(process.stdout, 0);
      plain(line);
      rl.prompt(true);
    },
    close() {
      if (!open) return;
      open = false;
      rl.close();
      if (interactive) plain('');
      process.stdin.pause();
    },
  };
}

function plain(line: string): void {
  process.stdout.write(line + '\n');
}

/** A background job would be stopped by reading its terminal. */
function inBackground(): boolean {
  try {
    // proc(5): pid (comm) state ppid pgrp session tty_nr tpgid
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[2] !== fields[5];
  } catch {
    return false;
  }
}
