// The system calls that the TAP port and the pseudo-terminal need, bound on first use so that nothing else pays for
// koffi.

import koffi from 'koffi';

export interface Libc {
  open(path: string, flags: number): number;
  close(fd: number): number;
  read(fd: number, buffer: Uint8Array, size: number): number;
  write(fd: number, buffer: Uint8Array, size: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  eventfd(initial: number, flags: number): number;
  socket(domain: number, type: number, protocol: number): number;
  posixOpenpt(flags: number): number;
  grantpt(fd: number): number;
  unlockpt(fd: number): number;
  /** ptsname_r(3). @returns 0, or an error number */
  ptsname(fd: number, buffer: Uint8Array, size: number): number;
  tcgetattr(fd: number, termios: Uint8Array): number;
  tcsetattr(fd: number, actions: number, termios: Uint8Array): number;
  cfmakeraw(termios: Uint8Array): void;
  /** poll(2) on a thread of Node's pool. @returns ready descriptors, -1 on error */
  pollAsync(fds: Uint8Array, count: number, timeoutMs: number): Promise<number>;
}

let bound: Libc | null = null;

export function libc(): Libc {
  if (bound) return bound;
  const lib = koffi.load(null);
  const poll = lib.func('int poll(void *fds, unsigned long count, int timeout)');
  const ioctl = lib.func('int ioctl(int fd, unsigned long request, ...)');
  bound = {
    open: lib.func('int open(const char *path, int flags)') as Libc['open'],
    close: lib.func('int close(int fd)') as Libc['close'],
    read: lib.func('long read(int fd, _Out_ void *buffer, unsigned long size)') as Libc['read'],
    write: lib.func('long write(int fd, const void *buffer, unsigned long size)') as Libc['write'],
    ioctl: (fd, request, argument) => ioctl(fd, request, 'void *', argument) as number,
    eventfd: lib.func('int eventfd(unsigned int initial, int flags)') as Libc['eventfd'],
    socket: lib.func('int socket(int domain, int type, int protocol)') as Libc['socket'],
    posixOpenpt: lib.func('int posix_openpt(int flags)') as Libc['posixOpenpt'],
    grantpt: lib.func('int grantpt(int fd)') as Libc['grantpt'],
    unlockpt: lib.func('int unlockpt(int fd)') as Libc['unlockpt'],
    ptsname: lib.func('int ptsname_r(int fd, _Out_ void *buffer, unsigned long size)') as Libc['ptsname'],
    tcgetattr: lib.func('int tcgetattr(int fd, _Out_ void *termios)') as Libc['tcgetattr'],
    tcsetattr: lib.func('int tcsetattr(int fd, int actions, const void *termios)') as Libc['tcsetattr'],
    cfmakeraw: lib.func('void cfmakeraw(_Inout_ void *termios)') as Libc['cfmakeraw'],
    pollAsync: (fds, count, timeoutMs) =>
      new Promise((resolve, reject) => {
        poll.async(fds, count, timeoutMs, (error: Error | null, result: number) =>
          error ? reject(error) : resolve(result),
        );
      }),
  };
  return bound;
}
