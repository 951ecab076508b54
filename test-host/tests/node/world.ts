// Two hosts on a cable with `net` on each, in virtual time, and what tests do with sockets.

import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { Host } from '../../harness/host.js';
import { stackNet, type StackNet } from '../../node/stack-net.js';
import { runTurns } from '../../node/turns.js';
import { Link, type LinkConfig } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

export const A_IP = '10.0.0.1';
export const B_IP = '10.0.0.2';

export class World {
  readonly scheduler = new Scheduler();
  readonly link: Link;
  readonly a: Host;
  readonly b: Host;
  readonly netA: StackNet;
  readonly netB: StackNet;
  private readonly atRest: Usage[];

  constructor(options: Partial<StackOptions> = {}, link: LinkConfig = {}) {
    this.link = new Link(this.scheduler, link);
    this.a = new Host(this.scheduler, 11, options);
    this.b = new Host(this.scheduler, 22, options);
    this.a.addInterface({ port: this.link.a, mac: '02:00:00:00:00:0a', ip: A_IP });
    this.b.addInterface({ port: this.link.b, mac: '02:00:00:00:00:0b', ip: B_IP });
    this.netA = stackNet(this.a);
    this.netB = stackNet(this.b);
    this.atRest = [usage(this.a), usage(this.b)];
  }

  /** Runs the world until the promise settles. @param limit seconds of virtual time */
  run<T>(promise: Promise<T>, limit?: number): Promise<T> {
    return runTurns(this.scheduler, promise, limit);
  }

  /** Lets a time go by. @param seconds of virtual time */
  pass(seconds: number): Promise<void> {
    return this.run(new Promise((resolve) => void this.scheduler.after(seconds * 1e6, resolve)), seconds + 1);
  }

  /** Waits for connections in their last states, then asserts that all buffers of both hosts are back. */
  async finish(): Promise<void> {
    await this.pass(130);
    assertClean(this.a, this.atRest[0]);
    assertClean(this.b, this.atRest[1]);
  }
}

/** Reads a stream to its end. A Duplex stays open for writing, which it does not where `for await` reads it. */
function readAll(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', take).on('end', resolve).on('error', reject);
  });
}

/** Reads a stream to its end. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await readAll(stream, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks);
}

/** Reads a stream to its end and digests it. */
export async function digest(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  await readAll(stream, (chunk) => hash.update(chunk));
  return hash.digest('hex');
}
