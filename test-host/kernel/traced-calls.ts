// The socket API as a program of a differential test uses it: each call is made on a ground and written down with its
// result, errno and outputs.

import type { Addrinfo, AddrinfoHints } from '../../firmware/api/socket_netdb.js';
import {
  AF_INET,
  FIONBIO,
  FIONREAD,
  F_GETFL,
  F_SETFL,
  IPPROTO_IP,
  IPPROTO_TCP,
  O_NONBLOCK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  type Pollfd,
  type SockaddrIn,
  type OptionValue,
} from '../../firmware/api/socket_defs.js';
import { constantName, dotted, errnoName, flagNames } from './constant-names.js';
import { TraceLog, at, shown, toBytes } from './trace-log.js';

/** Milliseconds that a program waits for what is certain to come: on the kernel in real time. */
const PATIENCE = 10000;

export interface Sets {
  r?: number[];
  w?: number[];
  e?: number[];
}

export class TracedCalls extends TraceLog {
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

  /** @param sizes of the buffers; each is written down with what it was filled with */
  recvmsg(fd: number, sizes: number[], flags = 0): Promise<number> {
    const parts = sizes.map((size) => new Uint8Array(size));
    const from = at(0, 0);
    const out = { flags: 0 };
    const text = `recvmsg(${this.fd(fd)}, [${sizes.join(', ')}]${flagText(flags)})`;
    return this.call(
      text,
      this.api.recvmsg(fd, parts, flags, from, out),
      (r) => `${r} [${parts.map(shown).join(', ')}] from ${this.addr(from)}${flagText(out.flags)}`,
    );
  }

  readv(fd: number, sizes: number[]): Promise<number> {
    const parts = sizes.map((size) => new Uint8Array(size));
    return this.call(
      `readv(${this.fd(fd)}, [${sizes.join(', ')}])`,
      this.api.readv(fd, parts),
      (r) => `${r} [${parts.map(shown).join(', ')}]`,
    );
  }

  writev(fd: number, parts: string[]): Promise<number> {
    const bytes = parts.map(toBytes);
    return this.call(`writev(${this.fd(fd)}, [${bytes.map(shown).join(', ')}])`, this.api.writev(fd, bytes));
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
