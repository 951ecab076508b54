// Tasks on two hosts at the ends of a cable, run in virtual time; nothing may be left over when they have ended.

import assert from 'node:assert/strict';
import { netbufData, netbufDelete, netbufLen, type Netbuf } from '../../../firmware/api/netbuf.js';
import * as nc from '../../../firmware/api/netconn.js';
import { ERR_OK, errName } from '../../../firmware/stack/core/err.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { sysMsleep, type Wait } from '../../../firmware/stack/core/sys.js';
import { taskStart, type Task, type TaskSteps } from '../../../firmware/stack/core/task.js';
import { assertClean } from '../../harness/clean.js';
import type { Host } from '../../harness/host.js';
import { Pair } from '../tcp/pair.js';

export const A = 0x0a000001;
export const B = 0x0a000002;
export const LOOPBACK = 0x7f000001;

/** Milliseconds after which nothing of a connection is left: FIN_WAIT_2 and TIME_WAIT are over. */
const AFTERMATH = 80_000;

export class World extends Pair {
  private readonly failures: unknown[] = [];

  constructor(aOptions: Partial<StackOptions> = {}, bOptions: Partial<StackOptions> = {}) {
    super({ delay: 500 }, aOptions, bOptions);
    for (const host of [this.a, this.b]) host.stack.sys.onTaskError = (e) => this.failures.push(e);
    this.run(1);
  }

  get now(): number {
    return this.scheduler.now / 1000;
  }

  run(ms: number): void {
    this.scheduler.runFor(ms * 1000);
    if (this.failures.length) throw this.failures[0];
  }

  /** Starts a task beside the running ones. */
  start(host: Host, steps: () => TaskSteps): Task {
    return taskStart(host.stack, steps());
  }

  /** For a task on `host`: waits. */
  sleep(host: Host, ms: number): number | Wait {
    return sysMsleep(host.stack, ms);
  }

  /** A connection between hosts: what each end does. */
  pair(server: (conn: nc.Netconn) => TaskSteps, client: (conn: nc.Netconn) => TaskSteps, seconds = 60): void {
    this.play(
      [
        [this.b, () => serving(this.b, server)],
        [this.a, () => connected(this.a, B, client)],
      ],
      seconds,
    );
  }

  /** Runs tasks to their ends. */
  play(tasks: [Host, () => TaskSteps][], seconds = 60): void {
    let running = tasks.length;
    for (const [host, steps] of tasks) {
      host.do((stack) => taskStart(stack, steps()).end.then(() => running--));
    }
    this.scheduler.runWhile(() => running === 0 || this.failures.length > 0, seconds * 1e6);
    if (this.failures.length) throw this.failures[0];
    assert.equal(running, 0, `${running} tasks have not ended after ${seconds} s`);
  }

  /** Runs one task on host a. */
  task(steps: () => TaskSteps, seconds = 60): void {
    this.play([[this.a, steps]], seconds);
  }

  /** Asserts that all that was taken is back. */
  assertClean(): void {
    this.run(AFTERMATH);
    assertClean(this.a);
    assertClean(this.b);
  }
}

/** Asserts the result of a call, by name. */
export function is(actual: unknown, expected: number, what = ''): void {
  assert.equal(typeof actual, 'number', what + ': a Wait');
  assert.equal(errName(actual as number), errName(expected), what);
}

/** A stretch of bytes in which no two neighbourhoods are alike. */
export function pattern(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((from + i) * 7 + ((from + i) >> 8) * 13) & 255);
}

export function tcp(host: Host): nc.Netconn {
  const conn = nc.netconnNew(host.stack, nc.NETCONN_TCP);
  assert(conn, 'no netconn');
  return conn;
}

/** A listener on port 7 of `host`. */
export function* listening(host: Host, use: (conn: nc.Netconn) => TaskSteps, backlog = 255): TaskSteps {
  const conn = tcp(host);
  is(yield nc.netconnBind(conn, 0, 7), ERR_OK);
  is(yield nc.netconnListenWithBacklog(conn, backlog), ERR_OK);
  yield* use(conn);
  is(yield nc.netconnDelete(conn), ERR_OK);
}

/** A server on port 7 of `host` for one connection. */
export function* serving(host: Host, use: (conn: nc.Netconn) => TaskSteps): TaskSteps {
  yield* listening(host, function* (listener) {
    const out = { conn: null as nc.Netconn | null };
    is(yield nc.netconnAccept(listener, out), ERR_OK);
    yield* use(out.conn!);
    is(yield nc.netconnDelete(out.conn!), ERR_OK);
  });
}

/** A connection to port 7 of `addr`. */
export function* connected(host: Host, addr: number, use: (conn: nc.Netconn) => TaskSteps): TaskSteps {
  const conn = tcp(host);
  is(yield nc.netconnConnect(conn, addr, 7), ERR_OK);
  yield* use(conn);
  is(yield nc.netconnDelete(conn), ERR_OK);
}

/** Receives until something else than ERR_OK, at most `most` bytes. @returns the last result */
export function* collect(
  conn: nc.Netconn,
  into: number[],
  most = Infinity,
): Generator<number | Wait, number, number> {
  const out = { buf: null as Netbuf | null };
  while (into.length < most) {
    const r = yield nc.netconnRecv(conn, out);
    if (r !== ERR_OK) return r;
    assert.equal(netbufData(out.buf!).length, netbufLen(out.buf!));
    into.push(...netbufData(out.buf!));
    netbufDelete(out.buf);
  }
  return ERR_OK;
}
