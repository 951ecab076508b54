// The socket API over the sockets of the kernel that Node runs on: the same program, the other ground. Calls that may
// block run on threads of Node's pool, really blocked; all others at once.

import type { Addrinfo, AddrinfoHints } from '../../firmware/api/socket_netdb.js';
import {
  FIONBIO,
  F_GETFL,
  MSG_DONTWAIT,
  O_NONBLOCK,
  SHUT_RDWR,
  type Pollfd,
  type SockaddrIn,
  type OptionValue,
} from '../../firmware/api/socket_defs.js';
import {
  FD_SETSIZE,
  SOCKADDR_SIZE,
  packFdSet,
  packOption,
  packPollfds,
  packSockaddr,
  packTimeval,
  unpackFdSet,
  unpackOption,
  unpackPollfds,
  unpackSockaddr,
} from './kernel-structs.js';
import { kernelGetaddrinfo } from './kernel-netdb.js';
import { libcSockets, type CallResult, type LibcCall } from './libc-sockets.js';
import { allBlocked, type Running } from './kernel-threads.js';
import { Pending } from './pending.js';
import type { Result, SocketGround } from './socket-api.js';

const EBADF = 9;
const F_DUPFD_CLOEXEC = 1030;
const IP_MULTICAST_IF = 32;
/**
 * Descriptors are moved up here. A program that uses one after it was closed, as tests do, then never meets a file
 * that Node has opened since.
 */
const FIRST_FD = 500;
export class KernelSockets implements SocketGround {
  errno = 0;
  private readonly libc = libcSockets();
  private readonly open = new Set<number>();
  private readonly running = new Set<Running>();

  socket(domain: number, type: number, protocol: number): number {
    const r = this.libc.now('socket', domain, type, protocol);
    return this.finish({ ...r, value: this.moveUp(r.value) });
  }

  bind(fd: number, addr: SockaddrIn): number {
    return this.now('bind', fd, packSockaddr(addr), SOCKADDR_SIZE);
  }

  listen(fd: number, backlog: number): number {
    return this.now('listen', fd, backlog);
  }

  accept(fd: number, out: SockaddrIn | null): Result {
    const addr = out && Buffer.alloc(SOCKADDR_SIZE);
    return this.maybeBlocking('accept', fd, 0, [fd, addr, out && addressLength()], (value) => {
      if (value >= 0 && addr) unpackSockaddr(addr, out);
      return this.moveUp(value);
    });
  }

  connect(fd: number, addr: SockaddrIn): Result {
    return this.maybeBlocking('connect', fd, 0, [fd, packSockaddr(addr), SOCKADDR_SIZE]);
  }

  send(fd: number, data: Uint8Array, flags: number): Result {
    return this.sendto(fd, data, flags, null);
  }

  sendto(fd: number, data: Uint8Array, flags: number, addr: SockaddrIn | null): Result {
    const packed = addr && packSockaddr(addr);
    return this.maybeBlocking('sendto', fd, flags, [
      fd,
      Buffer.from(data),
      data.length,
      flags,
      packed,
      packed ? SOCKADDR_SIZE : 0,
    ]);
  }

  sendmsg(fd: number, parts: Uint8Array[], flags: number, addr: SockaddrIn | null): Result {
    const message = {
      name: addr && packSockaddr(addr),
      nameLen: addr ? SOCKADDR_SIZE : 0,
      iov: iovec(parts.map((part) => Buffer.from(part))),
      iovLen: parts.length,
      control: null,
      controlLen: 0,
      flags: 0,
    };
    return this.maybeBlocking('sendmsg', fd, flags, [fd, message, flags]);
  }

  recv(fd: number, out: Uint8Array, flags: number): Result {
    return this.recvfrom(fd, out, flags, null);
  }

  recvfrom(fd: number, out: Uint8Array, flags: number, from: SockaddrIn | null): Result {
    const data = Buffer.alloc(out.length);
    const addr = from && Buffer.alloc(SOCKADDR_SIZE);
    const length = from && addressLength();
    return this.maybeBlocking(
      'recvfrom',
      fd,
      flags,
      [fd, data, data.length, flags, addr, length],
      (value) => {
        if (value > 0) out.set(data.subarray(0, Math.min(value, data.length)));
        // The kernel names no sender on a connection: then the length comes back as 0.
        if (value >= 0 && addr && length!.readUInt32LE(0) === SOCKADDR_SIZE) unpackSockaddr(addr, from);
        return value;
      },
    );
  }

  recvmsg(
    fd: number,
    parts: Uint8Array[],
    flags: number,
    from: SockaddrIn | null,
    out: { flags: number },
  ): Result {
    const name = from && Buffer.alloc(SOCKADDR_SIZE);
    const buffers = parts.map((part) => Buffer.alloc(part.length));
    const message = {
      name,
      nameLen: name ? SOCKADDR_SIZE : 0,
      iov: iovec(buffers),
      iovLen: parts.length,
      control: null,
      controlLen: 0,
      flags: 0,
    };
    return this.maybeBlocking('recvmsg', fd, flags, [fd, message, flags], (value) => {
      buffers.forEach((b, i) => parts[i]!.set(b));
      if (value >= 0 && name && message.nameLen === SOCKADDR_SIZE) unpackSockaddr(name, from);
      out.flags = message.flags;
      return value;
    });
  }

  readv(fd: number, parts: Uint8Array[]): Result {
    const buffers = parts.map((part) => Buffer.alloc(part.length));
    return this.maybeBlocking('readv', fd, 0, [fd, iovec(buffers), parts.length], (value) => {
      buffers.forEach((b, i) => parts[i]!.set(b));
      return value;
    });
  }

  writev(fd: number, parts: Uint8Array[]): Result {
    return this.maybeBlocking('writev', fd, 0, [fd, iovec(parts), parts.length]);
  }

  shutdown(fd: number, how: number): number {
    return this.now('shutdown', fd, how);
  }

  close(fd: number): number {
    this.open.delete(fd);
    return this.now('close', fd);
  }

  select(
    nfds: number,
    read: number[] | null,
    write: number[] | null,
    except: number[] | null,
    ms: number | null,
  ): Result {
    const lists = [read, write, except];
    if (lists.some((list) => list?.some((fd) => fd < 0 || fd >= FD_SETSIZE))) {
      this.errno = EBADF;
      return -1;
    }
    const sets = lists.map(packFdSet);
    const timeout =
      ms === null ? null : packTimeval({ tvSec: Math.floor(ms / 1000), tvUsec: (ms % 1000) * 1000 });
    const unpack = (value: number): number => {
      if (value >= 0) sets.forEach((set, i) => unpackFdSet(set, lists[i]!));
      return value;
    };
    return this.make(ms !== 0, 'select', nfds, [nfds, ...sets, timeout], unpack);
  }

  poll(fds: Pollfd[], ms: number): Result {
    const packed = packPollfds(fds);
    return this.make(ms !== 0, 'poll', fds.length, [packed, fds.length, ms], (value) => {
      if (value >= 0) unpackPollfds(packed, fds);
      return value;
    });
  }

  fcntl(fd: number, command: number, argument: number): number {
    return this.now('fcntl', fd, command, argument);
  }

  ioctl(fd: number, request: number, inOut: { value: number }): number {
    const argument = Buffer.alloc(4);
    argument.writeInt32LE(inOut.value);
    const r = this.now('ioctl', fd, request, argument);
    if (r >= 0 && request !== FIONBIO) inOut.value = argument.readInt32LE(0);
    return r;
  }

  getsockname(fd: number, out: SockaddrIn): number {
    return this.name('getsockname', fd, out);
  }

  getpeername(fd: number, out: SockaddrIn): number {
    return this.name('getpeername', fd, out);
  }

  getsockopt(fd: number, level: number, name: number, out: { value: OptionValue }): number {
    const value = Buffer.alloc(16);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(value.length);
    const r = this.now('getsockopt', fd, level, name, value, length);
    if (r >= 0) out.value = unpackOption(level, name, value.subarray(0, length.readUInt32LE(0)));
    return r;
  }

  setsockopt(fd: number, level: number, name: number, value: OptionValue): number {
    const packed = packOption(value);
    // An address, which stands in network order.
    if (level === 0 && name === IP_MULTICAST_IF) packed.swap32();
    return this.now('setsockopt', fd, level, name, packed, packed.length);
  }

  getaddrinfo(
    node: string | null,
    service: string | null,
    hints: AddrinfoHints | null,
    out: { res: Addrinfo[] },
  ): number {
    return kernelGetaddrinfo(node, service, hints, out);
  }

  inetPton(family: number, text: string, out: { value: number }): number {
    const addr = Buffer.alloc(4);
    const r = this.now('inet_pton', family, text, addr);
    if (r > 0) out.value = addr.readUInt32BE(0);
    return r;
  }

  inetNtop(family: number, addr: number): string | null {
    const packed = Buffer.alloc(16);
    packed.writeUInt32BE(addr >>> 0);
    return this.libc.inetNtop(family, packed);
  }

  async idle(): Promise<void> {
    while (!allBlocked([...this.running])) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async dispose(): Promise<void> {
    for (const fd of this.open) this.libc.now('shutdown', fd, SHUT_RDWR);
    while (this.running.size) await new Promise((resolve) => setImmediate(resolve));
    for (const fd of this.open) this.libc.now('close', fd);
    this.open.clear();
  }

  private name(call: 'getsockname' | 'getpeername', fd: number, out: SockaddrIn): number {
    const addr = Buffer.alloc(SOCKADDR_SIZE);
    const r = this.now(call, fd, addr, addressLength());
    if (r >= 0) unpackSockaddr(addr, out);
    return r;
  }

  private moveUp(fd: number): number {
    if (fd < 0) return fd;
    const { value } = this.libc.now('fcntl', fd, F_DUPFD_CLOEXEC, FIRST_FD);
    if (value < 0) throw new Error('no descriptor left above ' + FIRST_FD);
    this.libc.now('close', fd);
    this.open.add(value);
    return value;
  }

  private now(call: LibcCall, ...args: unknown[]): number {
    return this.finish(this.libc.now(call, ...args));
  }

  private finish(r: CallResult): number {
    if (r.value < 0) this.errno = r.errno;
    return r.value;
  }

  /** A call that blocks unless the descriptor or the flags say otherwise. */
  private maybeBlocking(
    call: LibcCall,
    fd: number,
    flags: number,
    args: unknown[],
    result: (value: number) => number = (value) => value,
  ): Result {
    const mode = this.libc.now('fcntl', fd, F_GETFL, 0);
    const atOnce = flags & MSG_DONTWAIT || mode.value < 0 || mode.value & O_NONBLOCK;
    return this.make(!atOnce, call, fd, args, result);
  }

  private make(
    blocking: boolean,
    name: LibcCall,
    arg: number,
    args: unknown[],
    result: (value: number) => number,
  ): Result {
    if (!blocking) return result(this.now(name, ...args));
    let errno = 0;
    const pending = new Pending((value) => {
      if (value < 0) this.errno = errno;
      return value;
    });
    const call: Running = { name, arg, args };
    this.running.add(call);
    this.libc.onThread(name, args, (r) => {
      this.running.delete(call);
      errno = r.errno;
      pending.settle(result(r.value));
    });
    return pending;
  }
}

function iovec(parts: Uint8Array[]): { base: Uint8Array; len: number }[] {
  return parts.map((base) => ({ base, len: base.length }));
}

function addressLength(): Buffer {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(SOCKADDR_SIZE);
  return b;
}
