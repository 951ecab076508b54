// The test's hands in a namespace: a Node process there that opens real sockets of the Linux kernel when it is told
// to. What it can do is in agent-operations.ts.

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { operations } from './agent-operations.js';
import type { NetNamespace } from './namespace.js';

type Operations = typeof operations;
export type OperationName = keyof Operations;

export interface Request {
  id: number;
  name: OperationName;
  argument: unknown;
}

export interface Reply {
  id: number;
  result?: unknown;
  error?: string;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

export class Agent {
  private readonly waiting = new Map<number, Waiting>();
  private readonly exited: Promise<void>;
  private running = true;
  private output = '';
  private id = 0;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (d: string) => (this.output += d));
    }
    child.on('message', (message) => this.take(message as Reply));
    this.exited = new Promise((resolve) => {
      child.on('close', () => {
        this.running = false;
        resolve();
        for (const [id, w] of this.waiting)
          this.settle(id, w).reject(new Error(`agent died\n${this.output}`));
      });
    });
  }

  static async start(space: NetNamespace): Promise<Agent> {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    const [command, args] = space.command(process.execPath, ['--import', 'tsx', 'agent-main.ts']);
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const agent = new Agent(child);
    try {
      await agent.call('hello', null);
    } catch (error) {
      await agent.stop();
      throw error;
    }
    return agent;
  }

  /**
   * Has an operation done.
   * @param limit milliseconds after which it fails
   */
  call<N extends OperationName>(
    name: N,
    argument: Parameters<Operations[N]>[0],
    limit = 120_000,
  ): Promise<Awaited<ReturnType<Operations[N]>>> {
    if (!this.running) return Promise.reject(new Error(`agent died\n${this.output}`));
    const id = ++this.id;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`${name} ${JSON.stringify(argument)}: not done after ${limit / 1000} s`));
      }, limit);
      this.waiting.set(id, { resolve, reject, timer });
      this.child.send({ id, name, argument } satisfies Request);
    });
  }

  async stop(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.exited;
  }

  private take(reply: Reply): void {
    const w = this.waiting.get(reply.id);
    if (!w) return;
    this.settle(reply.id, w);
    if (reply.error !== undefined) w.reject(new Error(reply.error));
    else w.resolve(reply.result as never);
  }

  private settle(id: number, w: Waiting): Waiting {
    this.waiting.delete(id);
    clearTimeout(w.timer);
    return w;
  }
}
