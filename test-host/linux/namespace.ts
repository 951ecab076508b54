// A Linux network namespace of the test's own: what is set up in it touches nothing else on the machine, and it
// goes away with everything in it. Names carry the process id, so that what a killed run left is found and removed.

import { readdirSync, existsSync } from 'node:fs';
import { check, Daemon, run, which, type Result, type RunOptions } from './process.js';

const PREFIX = 'lwlinux';
let made = 0;

/**
 * What keeps tests from having a namespace with a TAP device and the given commands.
 * @returns the reason to skip, or '' when there is none
 */
export async function lacking(...commands: string[]): Promise<string> {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root (TAP device and network namespace)';
  if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun';
  const missing = ['ip', ...commands].filter((c) => which(c) === null);
  if (missing.length) return `needs ${missing.join(', ')}`;
  const probe = `${PREFIX}-${process.pid}-probe`;
  if ((await run('ip', ['netns', 'add', probe])).code !== 0) {
    return 'needs the right to make network namespaces (ip netns)';
  }
  await run('ip', ['netns', 'del', probe]);
  return '';
}

export class NetNamespace {
  private constructor(readonly name: string) {}

  /** Makes one, with its loopback interface up. */
  static async create(): Promise<NetNamespace> {
    await removeLeftovers();
    const space = new NetNamespace(`${PREFIX}-${process.pid}-${++made}`);
    await run('ip', ['netns', 'del', space.name]);
    await check('ip', ['netns', 'add', space.name]);
    await space.ip('link', 'set', 'lo', 'up');
    return space;
  }

  /** The command line that runs a command in here. */
  command(command: string, args: string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.name, which(command) ?? command, ...args]];
  }

  /** Runs a command in here to its end. */
  run(command: string, args: string[], options?: RunOptions): Promise<Result> {
    return run(...this.command(command, args), options);
  }

  /** Runs a command that must end with exit code 0. */
  check(command: string, args: string[], options?: RunOptions): Promise<Result> {
    return check(...this.command(command, args), options);
  }

  /** Starts a command that stays. */
  daemon(command: string, args: string[]): Daemon {
    return new Daemon(...this.command(command, args));
  }

  /** `ip` with the given arguments, in here. */
  async ip(...args: string[]): Promise<string> {
    return (await check('ip', ['-n', this.name, ...args])).stdout;
  }

  /** Moves an interface of this process's namespace in here. */
  async adopt(device: string): Promise<void> {
    await check('ip', ['link', 'set', device, 'netns', this.name]);
  }

  /** Ends what still runs in here and removes the namespace. */
  async close(): Promise<void> {
    await remove(this.name);
  }
}

async function remove(name: string): Promise<void> {
  const pids = (await run('ip', ['netns', 'pids', name])).stdout.split('\n').filter(Boolean);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Has ended meanwhile.
    }
  }
  await run('ip', ['netns', 'del', name]);
}

/** Removes namespaces of runs whose process is gone. */
async function removeLeftovers(): Promise<void> {
  let names: string[];
  try {
    names = readdirSync('/run/netns');
  } catch {
    return;
  }
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) await remove(name);
  }
}
