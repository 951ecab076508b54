// The socket API as a program of a differential test uses it: each call is made on a ground and written down with its
// result, errno and outputs. What differs from run to run (descriptors, ports that the system chose) is written as a label.

import type { Addrinfo, AddrinfoHints } from '../../firmware/api/socket_netdb.js';
import { EAGAIN } from '../../firmware/api/errno.js';
import {
  AF_INET,
  AF_UNSPEC,
  FIONBIO,
  FIONREAD,
  F_GETFL,
  F_SETFL,
  INADDR_LOOPBACK,
  IPPROTO_IP,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  O_NONBLOCK,
  POLLOUT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Pollfd,
  type SockaddrIn,
  type OptionValue,
} from '../../firmware/api/socket_defs.js';
import { constantName, dotted, errnoName, flagNames } from './constant-names.js';
import type { Result, SocketGround } from './socket-api.js';

/** Milliseconds that a program waits for what is certain to come: on the kernel in real time. */
const PATIENCE = 10000;
/** Milliseconds after which an ACK has been sent: at most 200 on Linux and here. */
const ACK_HELD_BACK = 250;
/** Longer outputs are written as their length and a sum. */
const SHOWN = 40;

export interface Sets {
  r?: number[];
  w?: number[];
  e?: number[];
}

export function at(port: number, addr = INADDR_LOOPBACK): SockaddrIn {
  return { sinFamily: AF_INET, sinPort: port, sinAddr: addr };
}

/** What connect() takes to forget its peer. */
export function nobody(): SockaddrIn {
  return { sinFamily: AF_UNSPEC, sinPort: 0, sinAddr: 0 };
}

export class Tracer {
  readonly lines: string[] = [];
  private readonly fdLabels = new Map<number, string>();
  private readonly portLabels = new Map<number, string>();
  private sockets = 0;

  constructor(readonly api: SocketGround) {}

  async socket(type: number, domain = AF_INET, protocol = 0): Promise<number> {
    const text = `socket(${constantName(['AF_'], domain)}, ${constantName(['SOCK_'], type)}, ${protocol})`;
    return this.call(text, this.api.socket(domain, type, protocol), (r) => this.newFd(r));
  }

  bind(fd: number, addr: SockaddrIn): Promise<number> {
    return this.call(`bind(${this.fd(fd)}, ${this.addr(addr)})`, this.api.bind(fd, addr));
  }

  listen(fd: number, backlog = 5): Promise<number> {
    return this.call(`listen(${this.fd(fd)}, ${backlog})`, this.api.listen(fd, backlog));
  }

  async accept(fd: number): Promise<number> {
    const out = at(0, 0);
    // The label is this call's, whenever it ends.
    const label = this.newLabel();
    return this.call(
      `accept(${this.fd(fd)})`,
      this.api.accept(fd, out),
      (r) => `${this.newFd(r, label)} ${this.addr(out)}`,
    );
  }

  connect(fd: number, addr: SockaddrIn): Promise<number> {
    return this.call(`connect(${this.fd(fd)}, ${this.addr(addr)})`, this.api.connect(fd, addr));
  }

  send(fd: number, data: string | Uint8Array, flags = 0): Promise<number> {
    const bytes = toBytes(data);
    return this.call(
      `send(${this.fd(fd)}, ${shown(bytes)}${flagText(flags)})`,
      this.api.send(fd, bytes, flags),
    );
  }

  sendto(fd: number, data: string | Uint8Array, addr: SockaddrIn | null, flags = 0): Promise<number> {
    const bytes = toBytes(data);
    const text = `sendto(${this.fd(fd)}, ${shown(bytes)}, ${addr ? this.addr(addr) : 'null'}${flagText(flags)})`;
    return this.call(text, this.api.sendto(fd, bytes, flags, addr));
  }

  sendmsg(fd: number, parts: string[], addr: SockaddrIn | null = null, flags = 0): Promise<number> {
    const bytes = parts.map(toBytes);
    const text = `sendmsg(${this.fd(fd)}, [${bytes.map(shown).join(', ')}]${flagText(flags)})`;
    return this.call(text, this.api.sendmsg(fd, bytes, flags, addr));
  }

  recv(fd: number, size: number, flags = 0): Promise<number> {
    const buf = new Uint8Array(size);
    const text = `recv(${this.fd(fd)}, ${size}${flagText(flags)})`;
    return this.call(text, this.api.recv(fd, buf, flags), (r) => `${r} ${shown(buf.subarray(0, r))}`);
  }

  recvfrom(fd: number, size: number, flags = 0): Promise<number> {
    const buf = new Uint8Array(size);
    const from = at(0, 0);
    const text = `recvfrom(${this.fd(fd)}, ${size}${flagText(flags)})`;
    return this.call(
      text,
      this.api.recvfrom(fd, buf, flags, from),
      (r) => `${r} ${shown(buf.subarray(0, r))} from ${this.addr(from)}`,
    );
  }

  shutdown(fd: number, how: number): Promise<number> {
    const name = how === SHUT_RD ? 'RD' : how === SHUT_WR ? 'WR' : how === SHUT_RDWR ? 'RDWR' : how;
    return this.call(`shutdown(${this.fd(fd)}, ${name})`, this.api.shutdown(fd, how));
  }

  close(fd: number): Promise<number> {
    return this.call(`close(${this.fd(fd)})`, this.api.close(fd));
  }

  select(sets: Sets, ms: number | null = PATIENCE, nfds?: number): Promise<number> {
    const lists = [sets.r, sets.w, sets.e];
    const copies = lists.map((list) => list && [...list]);
    const n = nfds ?? Math.max(-1, ...lists.flatMap((list) => list ?? [])) + 1;
    const show = (all: (number[] | undefined)[]): string =>
      all.map((list, i) => (list ? `${'rwe'[i]!}{${list.map((fd) => this.fd(fd)).join(' ')}}` : '')).join('');
    const [r, w, e] = copies;
    const text = `select(${show(lists)}${nfds === undefined ? '' : ', nfds ' + nfds})`.replace(/\(,/, '(');
    return this.call(
      text,
      this.api.select(n, r ?? null, w ?? null, e ?? null, ms),
      (v) => `${v} ${show(copies)}`,
    );
  }

  /** @param fds descriptor, events, descriptor, events, … */
  poll(fds: number[], ms = 0): Promise<number> {
    const list: Pollfd[] = [];
    for (let i = 0; i < fds.length; i += 2) list.push({ fd: fds[i]!, events: fds[i + 1]!, revents: 0 });
    const text = `poll(${list.map((p) => `${this.fd(p.fd)} ${flagNames('POLL', p.events)}`).join(', ')})`;
    return this.call(
      text,
      this.api.poll(list, ms),
      (r) => `${r} [${list.map((p) => flagNames('POLL', p.revents)).join(', ')}]`,
    );
  }

  /** Waits until one of the events is there, which the program knows to come. */
  until(fd: number, events: number): Promise<number> {
    return this.poll([fd, events], PATIENCE);
  }

  async getfl(fd: number): Promise<number> {
    return this.call(
      `fcntl(${this.fd(fd)}, F_GETFL)`,
      this.api.fcntl(fd, F_GETFL, 0),
      (r) => (r & O_NONBLOCK ? 'O_NONBLOCK' : '0') + ' access ' + (r & 3),
    );
  }

  nonblocking(fd: number, on = true): Promise<number> {
    return this.call(
      `fcntl(${this.fd(fd)}, F_SETFL, ${on ? 'O_NONBLOCK' : '0'})`,
      this.api.fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0),
    );
  }

  fcntl(fd: number, command: number, argument: number): Promise<number> {
    const name = command === F_GETFL ? 'F_GETFL' : command;
    return this.call(`fcntl(${this.fd(fd)}, ${name}, ${argument})`, this.api.fcntl(fd, command, argument));
  }

  fionread(fd: number): Promise<number> {
    const out = { value: -1 };
    return this.call(
      `ioctl(${this.fd(fd)}, FIONREAD)`,
      this.api.ioctl(fd, FIONREAD, out),
      (r) => `${r} ${out.value}`,
    );
  }

  ioctl(fd: number, request: number, value: number): Promise<number> {
    const name = request === FIONBIO ? 'FIONBIO' : '0x' + request.toString(16);
    return this.call(`ioctl(${this.fd(fd)}, ${name}, ${value})`, this.api.ioctl(fd, request, { value }));
  }

  getsockname(fd: number): Promise<number> {
    const out = at(0, 0);
    return this.call(
      `getsockname(${this.fd(fd)})`,
      this.api.getsockname(fd, out),
      (r) => `${r} ${this.addr(out)}`,
    );
  }

  getpeername(fd: number): Promise<number> {
    const out = at(0, 0);
    return this.call(
      `getpeername(${this.fd(fd)})`,
      this.api.getpeername(fd, out),
      (r) => `${r} ${this.addr(out)}`,
    );
  }

  getsockopt(fd: number, level: number, name: number): Promise<number> {
    const out = { value: 0 as OptionValue };
    return this.call(
      `getsockopt(${this.fd(fd)}, ${optionName(level, name)})`,
      this.api.getsockopt(fd, level, name, out),
      (r) => `${r} ${optionText(name, level, out.value)}`,
    );
  }

  setsockopt(fd: number, level: number, name: number, value: OptionValue): Promise<number> {
    return this.call(
      `setsockopt(${this.fd(fd)}, ${optionName(level, name)}, ${optionText(name, level, value)})`,
      this.api.setsockopt(fd, level, name, value),
    );
  }

  /** For names that are numbers: what a resolver would say is not the same everywhere. */
  async getaddrinfo(
    node: string | null,
    service: string | null,
    hints: Partial<AddrinfoHints> | null,
  ): Promise<void> {
    const out = { res: [] as Addrinfo[] };
    const none = { aiFlags: 0, aiFamily: 0, aiSocktype: 0, aiProtocol: 0 };
    const [err] = await this.outcome(
      this.api.getaddrinfo(node, service, hints && { ...none, ...hints }, out),
    );
    const found = out.res.map(
      (a) =>
        `${constantName(['SOCK_'], a.aiSocktype)}/${a.aiProtocol} ${dotted(a.aiAddr.sinAddr)}:${a.aiAddr.sinPort}` +
        (a.aiCanonname === null ? '' : ' ' + a.aiCanonname),
    );
    const text = JSON.stringify([node, service, hints]).slice(1, -1);
    this.lines.push(`getaddrinfo(${text}) = ${err ? constantName(['EAI_'], err) : found.join(', ')}`);
  }

  inetPton(text: string, family = AF_INET): void {
    const out = { value: 0 };
    const r = this.api.inetPton(family, text, out);
    const result = r > 0 ? `${r} ${dotted(out.value)}` : r < 0 ? `${r} ${errnoName(this.api.errno)}` : `${r}`;
    this.lines.push(`inet_pton(${family}, ${JSON.stringify(text)}) = ${result}`);
  }

  inetNtop(addr: number, family = AF_INET): void {
    this.lines.push(`inet_ntop(${family}, ${addr >>> 0}) = ${this.api.inetNtop(family, addr)}`);
  }

  /** Comes back when all calls that were not waited for are blocked: what follows happens after that. */
  async blocked(...calls: Promise<number>[]): Promise<void> {
    let ended = 0;
    for (const call of calls) void call.then(() => ended++);
    await this.api.idle();
    this.lines.push(ended ? `${ended} did not block` : 'blocked');
  }

  // Below: set-up that is no part of what a sequence shows, and is not written down unless it fails.

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

  /** Makes a call and writes it down. @param output what a good result is written as */
  call(text: string, result: Result, output: (r: number) => string = String): Promise<number> {
    const place = this.lines.push(`${text} = …`) - 1;
    return this.outcome(result).then(([r, errno]) => {
      this.lines[place] = `${text} = ${r < 0 ? `${r} ${errnoName(errno)}` : output(r)}`;
      return r;
    });
  }

  /** The result, and errno as it was when that was handed out. */
  private outcome(result: Result): Promise<[number, number]> {
    if (typeof result === 'number') return Promise.resolve([result, this.api.errno]);
    return new Promise((resolve, reject) => {
      result.then((r) => resolve([r, this.api.errno]), reject);
    });
  }

  private newLabel(): string {
    return 's' + ++this.sockets;
  }

  private newFd(fd: number, label = this.newLabel()): string {
    this.fdLabels.set(fd, label);
    return label;
  }

  private fd(fd: number): string {
    return this.fdLabels.get(fd) ?? `fd ${fd}`;
  }

  private addr(a: SockaddrIn): string {
    if (a.sinFamily !== AF_INET) return `family ${a.sinFamily}`;
    return `${dotted(a.sinAddr)}:${this.port(a.sinPort)}`;
  }

  private port(port: number): string {
    if (port < 1024) return String(port);
    let label = this.portLabels.get(port);
    if (!label) this.portLabels.set(port, (label = 'P' + (this.portLabels.size + 1)));
    return label;
  }
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

function shown(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN) return JSON.stringify(Buffer.from(bytes).toString('latin1'));
  return `${bytes.length} bytes, sum ${bytes.reduce((sum, b) => (sum * 31 + b) % 65521, 0)}`;
}

function flagText(flags: number): string {
  return flags ? ', ' + flagNames('MSG_', flags) : '';
}

function optionName(level: number, name: number): string {
  if (level === SOL_SOCKET) return constantName(['SO_'], name);
  if (level === IPPROTO_IP) return constantName(['IP_'], name);
  if (level === IPPROTO_TCP) return constantName(['TCP_'], name);
  return `level ${level} option ${name}`;
}

function optionText(name: number, level: number, value: OptionValue): string {
  if (typeof value === 'number')
    return level === SOL_SOCKET && name === 4 && value ? errnoName(value) : String(value);
  if ('tvSec' in value) return `${value.tvSec} s ${value.tvUsec} us`;
  if ('onoff' in value) return `${value.onoff ? 'on' : 'off'} ${value.linger} s`;
  return `${dotted(value.imrMultiaddr)} by ${dotted(value.imrInterface)}`;
}
