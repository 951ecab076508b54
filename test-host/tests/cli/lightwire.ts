// Runs the `lightwire` command as a user would, as a process of its own.

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../../tools/flash/bundle-file.js';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Typed into the command's stdin, which then ends. */
  input?: string;
  /** A command in front, such as one that takes rights away. */
  wrap?: string[];
  /** The process is killed after so many ms; its code is null then. */
  limit?: number;
  /** Sees the process and its output so far each time that output comes. */
  onOutput?: (child: ChildProcess, stdout: string) => void;
}

export function lightwire(args: string[], options: RunOptions = {}): Promise<Outcome> {
  const [command, ...rest] = [
    ...(options.wrap ?? []),
    process.execPath,
    '--import',
    'tsx',
    join(ROOT, 'tools/flash/cli.ts'),
    ...args,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(command!, rest, { stdio: ['pipe', 'pipe', 'pipe'], cwd: ROOT });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (d) => {
      stdout += d;
      options.onOutput?.(child, stdout);
    });
    child.stderr.on('data', (d) => (stderr += d));
    const timer = setTimeout(() => child.kill('SIGKILL'), options.limit ?? 180_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
