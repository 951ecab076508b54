// What a program of a differential test begins with: sockets in pairs, listeners, addresses. None of it is written down
// unless it fails.

import { EAGAIN } from '../../firmware/api/errno.js';
import {
  AF_INET,
  AF_UNSPEC,
  F_SETFL,
  INADDR_LOOPBACK,
  MSG_DONTWAIT,
  O_NONBLOCK,
  POLLOUT,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SockaddrIn,
} from '../../firmware/api/socket_defs.js';
import { errnoName } from './constant-names.js';
import type { Result } from './socket-api.js';
import { at, shown } from './trace-log.js';
import { TracedCalls } from './traced-calls.js';

/** Milliseconds after which an ACK has been sent: at most 200 on Linux and here. */
const ACK_HELD_BACK = 250;

export { at } from './trace-log.js';

/** Bytes to transfer, in which no two stretches are alike. */
export const pattern = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 255);

/** What connect() takes to forget its peer. */
export function nobody(): SockaddrIn {
  return { sinFamily: AF_UNSPEC, sinPort: 0, sinAddr: 0 };
}

export class Tracer extends TracedCalls {
  tcp(): Promise<number> {
    return this.quiet('socket', this.api.socket(AF_INET, SOCK_STREAM, 0), true);
  }

  udp(): Promise<number> {
    return this.quiet('socket', this.api.socket(AF_INET, SOCK_DGRAM, 0), true);
  }

  /** A port that the system chose for a socket that is bound. */
  async portOf(fd: number): Promise<number> {
    const out = at(0, 0);
    await this.quiet('getsockname', this.api.getsockname(fd, out));
    return out.sinPort;
  }

  /** A TCP or UDP socket bound to a port of its own. */
  async bound(fd: Promise<number>, addr = INADDR_LOOPBACK): Promise<number> {
    await this.quiet('bind', this.api.bind(await fd, at(0, addr)));
    return fd;
  }

  /** A listening socket and where it listens. */
  async listener(backlog = 5): Promise<{ fd: number; addr: SockaddrIn }> {
    const fd = await this.bound(this.tcp());
    await this.quiet('listen', this.api.listen(fd, backlog));
    return { fd, addr: at(await this.portOf(fd)) };
  }

  /** An address that refuses TCP connections: its port is taken and nobody listens. */
  async refusing(): Promise<SockaddrIn> {
    return at(await this.portOf(await this.bound(this.tcp())));
  }

  /** An address that nobody has, to bind a TCP socket to. */
  async freeTcp(): Promise<SockaddrIn> {
    const fd = await this.bound(this.tcp());
    const addr = at(await this.portOf(fd));
    await this.quiet('close', this.api.close(fd));
    return addr;
  }

  /** An address at which no UDP socket is. */
  async deserted(): Promise<SockaddrIn> {
    const fd = await this.bound(this.udp());
    const addr = at(await this.portOf(fd));
    await this.quiet('close', this.api.close(fd));
    return addr;
  }

  /** The two ends of a connection, the one that connected first. Nobody listens any more. */
  async pair(): Promise<[number, number]> {
    const l = await this.listener();
    const pair = await this.pairAt(l);
    await this.quiet('close', this.api.close(l.fd));
    return pair;
  }

  async pairAt(l: { fd: number; addr: SockaddrIn }): Promise<[number, number]> {
    const a = await this.tcp();
    await this.quiet('connect', this.api.connect(a, l.addr));
    return [a, await this.quiet('accept', this.api.accept(l.fd, null), true)];
  }

  /** A non-blocking socket whose SYN nobody answers: the listener's queue is full. */
  async connecting(): Promise<number> {
    const { addr } = await this.listener(0);
    for (let i = 0; i < 8; i++) {
      const fd = await this.tcp();
      await this.quiet('fcntl', this.api.fcntl(fd, F_SETFL, O_NONBLOCK));
      await this.outcome(this.api.connect(fd, addr));
      const [ready] = await this.outcome(this.api.poll([{ fd, events: POLLOUT, revents: 0 }], 0));
      if (!ready) return fd;
    }
    throw new Error('every connection was taken');
  }

  /** Two UDP sockets, each bound, and where they are. */
  async udpPair(): Promise<[number, number, SockaddrIn, SockaddrIn]> {
    const a = await this.bound(this.udp());
    const b = await this.bound(this.udp());
    return [a, b, at(await this.portOf(a)), at(await this.portOf(b))];
  }

  /** Two UDP sockets that are connected to each other. */
  async udpConnected(): Promise<[number, number]> {
    const [a, b, atA, atB] = await this.udpPair();
    await this.quiet('connect', this.api.connect(a, atB));
    await this.quiet('connect', this.api.connect(b, atA));
    return [a, b];
  }

  /**
   * Sends without blocking until no more goes, and no held-back ACK will change that; how much that is, is the ground's
   * own business.
   */
  async fill(fd: number): Promise<number> {
    const bytes = new Uint8Array(60000).fill(120);
    let total = 0;
    for (let before = -1; before < total;) {
      before = total;
      for (;;) {
        const [r, errno] = await this.outcome(this.api.send(fd, bytes, MSG_DONTWAIT));
        if (r < 0 && errno !== EAGAIN) throw new Error(`fill: ${errnoName(errno)}`);
        if (r < 0) break;
        total += r;
      }
      await this.outcome(this.api.poll([{ fd, events: POLLOUT, revents: 0 }], ACK_HELD_BACK));
    }
    this.lines.push(`fill(${this.fd(fd)}) = full`);
    return total;
  }

  /** Receives `total` bytes, in as many pieces as they come. */
  async recvAll(fd: number, total: number): Promise<void> {
    const bytes = new Uint8Array(total);
    let n = 0;
    let end = '';
    while (n < total && !end) {
      const [r, errno] = await this.outcome(this.api.recv(fd, bytes.subarray(n), 0));
      if (r <= 0) end = r < 0 ? ', then ' + errnoName(errno) : ', then the end';
      else n += r;
    }
    // How much, unless the programs on both grounds know it.
    this.lines.push(
      `recvAll(${this.fd(fd)}) = ${n === total ? 'all' : n + ' ' + shown(bytes.subarray(0, n))}${end}`,
    );
  }

  private async quiet(what: string, result: Result, isNew = false): Promise<number> {
    const [r, errno] = await this.outcome(result);
    if (r < 0) throw new Error(`${what} of the set-up: ${errnoName(errno)}`);
    if (isNew) this.newFd(r);
    return r;
  }
}
