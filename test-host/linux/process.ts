// Commands run by tests: to their end with their output collected, or kept running with their output watched.
// All of it is driven by events; time limits are only there to name what hangs.

import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where administrators' tools live on systems that leave them out of a user's PATH. */
const PATH = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/** @returns the command's path, or null where it is not installed */
export function which(command: string): string | null {
  for (const folder of PATH) {
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

export interface Result {
  /** Exit code, or null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** After so many milliseconds the command is killed and the run fails. Default two minutes. */
  limit?: number;
  input?: string;
}

/**
 * Runs a command to its end.
 * @throws Error when it cannot be started or does not end in time; an exit code is for the caller to judge
 */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Result> {
  const limit = options.limit ?? 120_000;
  return new Promise((resolve, reject) => {
    const child = spawn(which(command) ?? command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limit);
    child.stdout.setEncoding('utf8').on('data', (d: string) => (stdout += d));
    child.stderr.setEncoding('utf8').on('data', (d: string) => (stderr += d));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (late) {
        const what = [command, ...args].join(' ');
        reject(new Error(`${what}: not done after ${limit / 1000} s\n${stdout}${stderr}`));
      } else resolve({ code, stdout, stderr });
    });
  });
}

/** As run(), but an exit code other than 0 is an error that shows the output. */
export async function check(command: string, args: string[], options: RunOptions = {}): Promise<Result> {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const what = [command, ...args].join(' ');
    throw new Error(`${what}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
  }
  return result;
}

interface Waiting {
  pattern: RegExp;
  resolve: (match: RegExpExecArray) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** A command that stays: its lines are kept and can be waited for. */
export class Daemon {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private running = true;
  private waiting: Waiting[] = [];

  constructor(
    private readonly command: string,
    args: string[],
  ) {
    const child = spawn(which(command) ?? command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) this.take(line);
      });
    }
    this.exited = new Promise((resolve) => {
      const gone = (code: number | null): void => {
        this.running = false;
        resolve(code);
        for (const w of this.waiting.splice(0)) {
          clearTimeout(w.timer);
          w.reject(this.trouble(`ended before it wrote ${w.pattern}`));
        }
      };
      child.on('error', () => gone(null));
      child.on('close', gone);
    });
  }

  /**
   * Waits for a line, those already written included.
   * @param from index into `lines` of the first that counts
   */
  line(pattern: RegExp, from = 0, limit = 60_000): Promise<RegExpExecArray> {
    for (let i = from; i < this.lines.length; i++) {
      const match = pattern.exec(this.lines[i]!);
      if (match) return Promise.resolve(match);
    }
    if (!this.running) return Promise.reject(this.trouble(`ended before it wrote ${pattern}`));
    return new Promise((resolve, reject) => {
      const w: Waiting = {
        pattern,
        resolve,
        reject,
        timer: setTimeout(() => {
          this.waiting.splice(this.waiting.indexOf(w), 1);
          reject(this.trouble(`did not write ${pattern} in ${limit / 1000} s`));
        }, limit),
      };
      this.waiting.push(w);
    });
  }

  async stop(): Promise<void> {
    if (this.running) this.child.kill('SIGTERM');
    await this.exited;
  }

  private take(line: string): void {
    this.lines.push(line);
    for (const w of this.waiting.slice()) {
      const match = w.pattern.exec(line);
      if (!match) continue;
      this.waiting.splice(this.waiting.indexOf(w), 1);
      clearTimeout(w.timer);
      w.resolve(match);
    }
  }

  private trouble(what: string): Error {
    return new Error(`${this.command} ${what}\n${this.lines.slice(-20).join('\n')}`);
  }
}

/** Fails with `what` when the promise has not settled after `limit` ms. */
export function within<T>(promise: Promise<T>, what: string, limit = 60_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: not after ${limit / 1000} s`)), limit);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
