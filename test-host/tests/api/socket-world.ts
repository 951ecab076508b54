// Two hosts on a cable, each with a table of sockets, in virtual time; and what tests do again and again: waiting for a
// result, and looking that nothing is left behind.

import assert from 'node:assert/strict';
import * as S from '../../../firmware/api/sockets.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import type { Wait } from '../../../firmware/stack/core/sys.js';
import { taskStart, type Task, type TaskSteps } from '../../../firmware/stack/core/task.js';
import { assertClean } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

export { S, ip };

/** An address of a test. */
export function at(host: string | number, port: number): S.SockaddrIn {
  return { sinFamily: S.AF_INET, sinPort: port, sinAddr: typeof host === 'string' ? ip(host) : host };
}

export const nobody = (): S.SockaddrIn => at(0, 0);

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export function text(b: Uint8Array, n = b.length): string {
  return Buffer.from(b.subarray(0, n)).toString('latin1');
}

/** A call that is under way. */
export interface Call {
  done: boolean;
  value: number;
  errno: number;
}

const ERRNO = new Map(
  Object.entries(S)
    .filter(([name, v]) => /^E[A-Z]+$/.test(name) && typeof v === 'number')
    .map(([name, v]) => [v as number, name]),
);

export class Side {
  readonly s: S.Sockets;

  constructor(
    readonly world: World,
    readonly host: Host,
    readonly ip: string,
  ) {
    this.s = S.socketsInit(host.stack);
  }

  /** Begins to wait for a result. */
  call(r: number | Wait): Call {
    const c: Call = { done: false, value: 0, errno: 0 };
    const take = (value: number): void => {
      c.done = true;
      c.value = value;
      c.errno = value < 0 ? this.s.errno : 0;
    };
    if (typeof r === 'number') take(r);
    else r.then(take);
    this.host.poll();
    return c;
  }

  /** The result, after as much virtual time as it takes. */
  wait(r: number | Wait, seconds = 300): number {
    const c = this.call(r);
    this.world.until(() => c.done, seconds);
    if (c.value < 0) this.s.errno = c.errno;
    return c.value;
  }

  /** As wait(), for what must not fail. */
  ok(r: number | Wait, seconds?: number): number {
    const value = this.wait(r, seconds);
    assert.ok(value >= 0, 'failed: ' + ERRNO.get(this.s.errno));
    return value;
  }

  /** As wait(), for what must fail like this. */
  fails(r: number | Wait, errno: number, seconds?: number): void {
    const value = this.wait(r, seconds);
    assert.equal(value, -1);
    assert.equal(ERRNO.get(this.s.errno), ERRNO.get(errno));
  }

  /** As fails(), for a call that is under way. */
  failed(c: Call, errno: number): void {
    assert.ok(c.done, 'still waits');
    assert.equal(c.value, -1);
    assert.equal(ERRNO.get(c.errno), ERRNO.get(errno));
  }

  tcp(): number {
    return this.ok(S.socket(this.s, S.AF_INET, S.SOCK_STREAM, 0));
  }

  udp(): number {
    return this.ok(S.socket(this.s, S.AF_INET, S.SOCK_DGRAM, 0));
  }

  /** A listener on a port. */
  listener(port: number, backlog = 4): number {
    const fd = this.tcp();
    this.ok(S.bind(this.s, fd, at(0, port)));
    this.ok(S.listen(this.s, fd, backlog));
    return fd;
  }

  nonblock(fd: number): number {
    this.ok(S.fcntl(this.s, fd, S.F_SETFL, S.O_NONBLOCK));
    return fd;
  }

  send(fd: number, what: string, flags = 0): number {
    return this.ok(S.send(this.s, fd, bytes(what), what.length, flags));
  }

  /** What recv() gives; '' for 0. */
  recv(fd: number, len = 4096, flags = 0): string {
    const buf = new Uint8Array(len);
    return text(buf, this.ok(S.recv(this.s, fd, buf, len, flags)));
  }

  recvFails(fd: number, errno: number, flags = 0): void {
    this.fails(S.recv(this.s, fd, new Uint8Array(64), 64, flags), errno);
  }

  sendFails(fd: number, errno: number, flags = 0): void {
    this.fails(S.send(this.s, fd, bytes('x'), 1, flags), errno);
  }

  option(fd: number, level: number, name: number): S.OptionValue {
    const out = { value: 0 as S.OptionValue };
    this.ok(S.getsockopt(this.s, fd, level, name, out));
    return out.value;
  }

  set(fd: number, level: number, name: number, value: S.OptionValue): void {
    this.ok(S.setsockopt(this.s, fd, level, name, value));
  }

  error(fd: number): string {
    const e = this.option(fd, S.SOL_SOCKET, S.SO_ERROR) as number;
    return e ? ERRNO.get(e)! : '';
  }

  /** What poll() tells at once. */
  events(fd: number, events = S.POLLIN | S.POLLOUT | S.POLLRDHUP): string {
    const fds = [{ fd, events, revents: 0 }];
    this.ok(S.poll(this.s, fds, 0));
    const names = ['POLLIN', 'POLLPRI', 'POLLOUT', 'POLLERR', 'POLLHUP', 'POLLNVAL', 'POLLRDHUP'] as const;
    return names
      .filter((n) => fds[0]!.revents & S[n])
      .map((n) => n.slice(4))
      .join(' ');
  }

  close(fd: number): void {
    this.ok(S.close(this.s, fd));
  }

  task(steps: TaskSteps): Task {
    const task = taskStart(this.host.stack, steps);
    this.host.poll();
    return task;
  }
}

export class World {
  readonly scheduler = new Scheduler();
  readonly link: Link;
  readonly a: Side;
  readonly b: Side;
  /** What tasks have thrown. */
  readonly errors: unknown[] = [];

  constructor(options: Partial<StackOptions> = {}) {
    this.link = new Link(this.scheduler, { delay: 100 });
    const side = (seed: number, port: Link['a'], address: string): Side => {
      const host = new Host(this.scheduler, seed, { MEMP_NUM_TCP_PCB: 8, ...options });
      host.addInterface({ port, mac: '02:00:00:00:00:0' + seed, ip: address, macFilter: () => 0 });
      host.stack.sys.onTaskError = (e) => this.errors.push(e);
      return new Side(this, host, address);
    };
    this.a = side(1, this.link.a, '10.0.0.1');
    this.b = side(2, this.link.b, '10.0.0.2');
  }

  run(ms: number): void {
    this.a.host.poll();
    this.b.host.poll();
    this.scheduler.runFor(ms * 1000);
  }

  until(done: () => boolean, seconds: number): void {
    this.a.host.poll();
    this.b.host.poll();
    assert.ok(this.scheduler.runWhile(done, seconds * 1e6), `not within ${seconds} s`);
  }

  /** A connection from `a` to port `port` of `b`: both descriptors, and the listener's. */
  connection(port = 7): { a: number; b: number; listener: number } {
    const listener = this.b.listener(port);
    const a = this.a.tcp();
    this.a.ok(S.connect(this.a.s, a, at(this.b.ip, port)));
    return { a, b: this.b.ok(S.accept(this.b.s, listener, null)), listener };
  }

  /** Closes what is open, waits for the last TIME_WAIT, and asserts that nothing is left. */
  finish(): void {
    for (const side of [this.a, this.b]) {
      side.s.fds.forEach((sock, fd) => {
        if (sock) side.wait(S.close(side.s, fd));
      });
    }
    this.link.setLoss(0);
    this.run(400_000);
    for (const side of [this.a, this.b]) {
      // An interface with multicast is in the group of all hosts, always.
      assertClean(side.host, { IGMP_GROUP: 1 });
      assert.equal(side.s.selectors.head, null, 'somebody is in select()');
    }
    assert.deepEqual(this.errors, []);
  }
}

/** Makes a world before each test, and looks after it that nothing is left. */
export function eachWorld(options: Partial<StackOptions> = {}): () => World {
  let w: World | null = null;
  beforeEach(() => {
    w = new World(options);
  });
  afterEach('nothing is left', function () {
    if (this.currentTest?.state !== 'failed') w!.finish();
  });
  return () => w!;
}
