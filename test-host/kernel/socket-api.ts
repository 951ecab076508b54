// BSD sockets as methods: what a program is written against that shall run on the stack and on the host's kernel alike.
// kernel-sockets.ts and stack-sockets.ts are the two grounds.

import type { Addrinfo, AddrinfoHints } from '../../firmware/api/socket_netdb.js';
import type { OptionValue, Pollfd, SockaddrIn } from '../../firmware/api/socket_defs.js';

/** A result that is there, or one that is still to come. `errno` belongs to it at the moment it is handed out. */
export type Result = number | PromiseLike<number>;

/** Calls give -1 and set `errno` where POSIX says so. Objects named `out` are filled in. */
export interface SocketApi {
  readonly errno: number;
  socket(domain: number, type: number, protocol: number): Result;
  bind(fd: number, addr: SockaddrIn): Result;
  listen(fd: number, backlog: number): Result;
  accept(fd: number, out: SockaddrIn | null): Result;
  connect(fd: number, addr: SockaddrIn): Result;
  send(fd: number, data: Uint8Array, flags: number): Result;
  sendto(fd: number, data: Uint8Array, flags: number, addr: SockaddrIn | null): Result;
  /** sendmsg() of several buffers. */
  sendmsg(fd: number, parts: Uint8Array[], flags: number, addr: SockaddrIn | null): Result;
  recv(fd: number, out: Uint8Array, flags: number): Result;
  recvfrom(fd: number, out: Uint8Array, flags: number, from: SockaddrIn | null): Result;
  /** recvmsg() into several buffers. @param out receives its flags */
  recvmsg(
    fd: number,
    parts: Uint8Array[],
    flags: number,
    from: SockaddrIn | null,
    out: { flags: number },
  ): Result;
  readv(fd: number, parts: Uint8Array[]): Result;
  writev(fd: number, parts: Uint8Array[]): Result;
  shutdown(fd: number, how: number): Result;
  close(fd: number): Result;
  /** The sets are arrays of descriptors, and hold those that are ready afterwards. @param ms null: no limit */
  select(
    nfds: number,
    read: number[] | null,
    write: number[] | null,
    except: number[] | null,
    ms: number | null,
  ): Result;
  /** @param ms -1: no limit */
  poll(fds: Pollfd[], ms: number): Result;
  fcntl(fd: number, command: number, argument: number): Result;
  ioctl(fd: number, request: number, inOut: { value: number }): Result;
  getsockname(fd: number, out: SockaddrIn): Result;
  getpeername(fd: number, out: SockaddrIn): Result;
  getsockopt(fd: number, level: number, name: number, out: { value: OptionValue }): Result;
  setsockopt(fd: number, level: number, name: number, value: OptionValue): Result;
  /** @returns 0 or an EAI_ code */
  getaddrinfo(
    node: string | null,
    service: string | null,
    hints: AddrinfoHints | null,
    out: { res: Addrinfo[] },
  ): Result;
  /** @returns 1, or 0 when the text is no address, or -1 */
  inetPton(family: number, text: string, out: { value: number }): number;
  /** @returns null for a family that is not known */
  inetNtop(family: number, addr: number): string | null;
}

/** A ground for tests: the API, and what a test needs to make one step come after another. */
export interface SocketGround extends SocketApi {
  /** Resolves when every call that is under way is blocked. */
  idle(): Promise<void>;
  /** Ends what a program has left open. */
  dispose(): Promise<void>;
}
