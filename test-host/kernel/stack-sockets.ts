// The socket API on a host of our own, in virtual time, over its loopback interface. Between two calls time goes on as
// long as what was sent takes to arrive; a call that blocks has time go on until it is done.

import type { OptionValue, Pollfd, SockaddrIn } from '../../firmware/api/socket_defs.js';
import * as api from '../../firmware/api/sockets.js';
import type { StackOptions } from '../../firmware/stack/core/opt.js';
import type { Wait } from '../../firmware/stack/core/sys.js';
import { Host } from '../harness/host.js';
import { Scheduler } from '../sim/scheduler.js';
import { Pending } from './pending.js';
import type { Result, SocketGround } from './socket-api.js';

/** Microseconds of virtual time: a handshake over loopback with all that follows at once, but no held-back ACK. */
const ARRIVES = 10_000;
/** Nothing in a program takes longer, and all time-outs of TCP and of ARP's like are over. */
const FOREVER = 3600_000_000;

/** Room for every program of the tests; the number of sockets is the most there can be. */
export const OPTIONS: Partial<StackOptions> = {
  MEMP_NUM_NETCONN: 30,
  MEMP_NUM_NETBUF: 32,
  MEMP_NUM_TCP_PCB: 30,
  MEMP_NUM_TCP_PCB_LISTEN: 10,
  MEMP_NUM_UDP_PCB: 20,
  MEMP_NUM_TCP_SEG: 100,
  MEMP_NUM_PBUF: 64,
  MEMP_NUM_SYS_TIMEOUT: 40,
  PBUF_POOL_SIZE: 40,
  MEM_SIZE: 400_000,
  DEFAULT_ACCEPTMBOX_SIZE: 8,
  DEFAULT_UDP_RECVMBOX_SIZE: 8,
  DEFAULT_TCP_RECVMBOX_SIZE: 16,
  ICMP_ERROR_RATE: 1000,
};

export class StackSockets implements SocketGround {
  errno = 0;
  readonly host: Host;
  private readonly scheduler = new Scheduler();
  private readonly sockets: api.Sockets;
  private readonly waiting = new Set<Pending>();
  private onIdle: (() => void)[] = [];
  private pumping = false;

  constructor(options: Partial<StackOptions> = OPTIONS) {
    this.host = new Host(this.scheduler, 1, options);
    this.host.stack.sys.onTaskError = (error) => {
      throw error;
    };
    this.sockets = api.socketsInit(this.host.stack);
  }

  socket(domain: number, type: number, protocol: number): Result {
    return this.made(api.socket(this.sockets, domain, type, protocol));
  }

  bind(fd: number, addr: SockaddrIn): Result {
    return this.made(api.bind(this.sockets, fd, addr));
  }

  listen(fd: number, backlog: number): Result {
    return this.made(api.listen(this.sockets, fd, backlog));
  }

  accept(fd: number, out: SockaddrIn | null): Result {
    return this.made(api.accept(this.sockets, fd, out));
  }

  connect(fd: number, addr: SockaddrIn): Result {
    return this.made(api.connect(this.sockets, fd, addr));
  }

  send(fd: number, data: Uint8Array, flags: number): Result {
    return this.made(api.send(this.sockets, fd, data, data.length, flags));
  }

  sendto(fd: number, data: Uint8Array, flags: number, addr: SockaddrIn | null): Result {
    return this.made(api.sendto(this.sockets, fd, data, data.length, flags, addr));
  }

  sendmsg(fd: number, parts: Uint8Array[], flags: number, addr: SockaddrIn | null): Result {
    return this.made(api.sendmsg(this.sockets, fd, { msgName: addr, msgIov: parts, msgFlags: 0 }, flags));
  }

  recv(fd: number, out: Uint8Array, flags: number): Result {
    return this.made(api.recv(this.sockets, fd, out, out.length, flags));
  }

  recvfrom(fd: number, out: Uint8Array, flags: number, from: SockaddrIn | null): Result {
    return this.made(api.recvfrom(this.sockets, fd, out, out.length, flags, from));
  }

  recvmsg(
    fd: number,
    parts: Uint8Array[],
    flags: number,
    from: SockaddrIn | null,
    out: { flags: number },
  ): Result {
    const msg = { msgName: from, msgIov: parts, msgFlags: 0 };
    return this.made(api.recvmsg(this.sockets, fd, msg, flags), () => (out.flags = msg.msgFlags));
  }

  readv(fd: number, parts: Uint8Array[]): Result {
    return this.made(api.readv(this.sockets, fd, parts));
  }

  writev(fd: number, parts: Uint8Array[]): Result {
    return this.made(api.writev(this.sockets, fd, parts));
  }

  shutdown(fd: number, how: number): Result {
    return this.made(api.shutdown(this.sockets, fd, how));
  }

  close(fd: number): Result {
    return this.made(api.closesocket(this.sockets, fd));
  }

  select(
    nfds: number,
    read: number[] | null,
    write: number[] | null,
    except: number[] | null,
    ms: number | null,
  ): Result {
    const lists = [read, write, except];
    const sets = lists.map((list) => {
      if (!list) return null;
      const set: api.FdSet = { bits: 0 };
      for (const fd of list) api.FD_SET(fd, set);
      return set;
    });
    const [r, w, e] = sets;
    return this.made(api.select(this.sockets, nfds, r!, w!, e!, ms), (value) => {
      if (value < 0) return;
      lists.forEach((list, i) => {
        if (list) list.splice(0, list.length, ...list.filter((fd) => api.FD_ISSET(fd, sets[i]!)));
      });
    });
  }

  poll(fds: Pollfd[], ms: number): Result {
    return this.made(api.poll(this.sockets, fds, ms));
  }

  fcntl(fd: number, command: number, argument: number): Result {
    return this.made(api.fcntl(this.sockets, fd, command, argument));
  }

  ioctl(fd: number, request: number, inOut: { value: number }): Result {
    return this.made(api.ioctl(this.sockets, fd, request, inOut));
  }

  getsockname(fd: number, out: SockaddrIn): Result {
    return this.made(api.getsockname(this.sockets, fd, out));
  }

  getpeername(fd: number, out: SockaddrIn): Result {
    return this.made(api.getpeername(this.sockets, fd, out));
  }

  getsockopt(fd: number, level: number, name: number, out: { value: OptionValue }): Result {
    return this.made(api.getsockopt(this.sockets, fd, level, name, out));
  }

  setsockopt(fd: number, level: number, name: number, value: OptionValue): Result {
    return this.made(api.setsockopt(this.sockets, fd, level, name, value));
  }

  getaddrinfo(
    node: string | null,
    service: string | null,
    hints: api.AddrinfoHints | null,
    out: { res: api.Addrinfo[] },
  ): Result {
    return this.made(api.getaddrinfo(this.sockets, node, service, hints, out));
  }

  inetPton(family: number, text: string, out: { value: number }): number {
    const r = api.inetPton(this.sockets, family, text, out);
    this.errno = this.sockets.errno;
    return r;
  }

  inetNtop(family: number, addr: number): string | null {
    return api.inetNtop(this.sockets, family, addr);
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.onIdle.push(resolve);
      this.pump();
    });
  }

  /** Closes everything and has all go quiet, so that pools can be looked at. */
  dispose(): Promise<void> {
    this.waiting.clear();
    for (let fd = 0; fd < this.host.stack.opt.MEMP_NUM_NETCONN; fd++) {
      this.host.do(() => api.closesocket(this.sockets, fd));
    }
    this.scheduler.runFor(FOREVER);
    return Promise.resolve();
  }

  /** Hands out the result of a call. @param done is told the value first */
  private made(result: number | Wait, done: (value: number) => void = () => {}): Result {
    const errno = this.sockets.errno;
    if (typeof result === 'number') {
      done(result);
      this.arrive();
      this.errno = errno;
      return result;
    }
    let late = 0;
    const pending = new Pending((value) => {
      this.errno = late;
      return value;
    });
    this.waiting.add(pending);
    result.then((value) => {
      late = this.sockets.errno;
      done(value);
      this.waiting.delete(pending);
      pending.settle(value);
    });
    this.arrive();
    this.pump();
    return pending;
  }

  private arrive(): void {
    this.host.poll();
    this.scheduler.runFor(ARRIVES);
  }

  /** While somebody waits, lets time go on, one event at a time, each after the program has done what it can. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    const until = this.scheduler.now + FOREVER;
    const turn = (): void => {
      const idle = this.onIdle;
      this.onIdle = [];
      for (const resolve of idle) resolve();
      if (!idle.length) {
        if (!this.waiting.size) {
          this.pumping = false;
          return;
        }
        if (this.scheduler.nextTime() > until || !this.scheduler.step()) {
          for (const pending of this.waiting) pending.fail(new Error('blocked for ever'));
          this.waiting.clear();
        }
      }
      setImmediate(turn);
    };
    setImmediate(turn);
  }
}
