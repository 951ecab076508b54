// The socket calls of libc, bound on first use. What may block is called on a thread of Node's pool.

import koffi, { type KoffiFunc } from 'koffi';

/** The socket calls, with errno beside the result. */
export interface LibcSockets {
  /** Makes a call here and now. */
  now(name: LibcCall, ...args: unknown[]): CallResult;
  /** Makes a call on a thread; `done` is called from the event loop. */
  onThread(name: LibcCall, args: unknown[], done: (result: CallResult) => void): void;
  /** @returns null for a family that is not known */
  inetNtop(family: number, addr: Uint8Array): string | null;
}

export interface CallResult {
  value: number;
  errno: number;
}

const PROTOTYPES = {
  socket: 'int socket(int domain, int type, int protocol)',
  bind: 'int bind(int fd, void *addr, unsigned int len)',
  listen: 'int listen(int fd, int backlog)',
  accept: 'int accept(int fd, void *addr, void *len)',
  connect: 'int connect(int fd, void *addr, unsigned int len)',
  sendto: 'long sendto(int fd, void *data, unsigned long size, int flags, void *addr, unsigned int len)',
  sendmsg: 'long sendmsg(int fd, socket_msghdr *message, int flags)',
  recvfrom: 'long recvfrom(int fd, void *data, unsigned long size, int flags, void *addr, void *len)',
  recvmsg: 'long recvmsg(int fd, _Inout_ socket_msghdr *message, int flags)',
  readv: 'long readv(int fd, socket_iovec *iov, int count)',
  writev: 'long writev(int fd, socket_iovec *iov, int count)',
  shutdown: 'int shutdown(int fd, int how)',
  close: 'int close(int fd)',
  select: 'int select(int nfds, void *read, void *write, void *except, void *timeout)',
  poll: 'int poll(void *fds, unsigned long count, int timeout)',
  fcntl: 'int fcntl(int fd, int command, long argument)',
  ioctl: 'int ioctl(int fd, unsigned long request, void *argument)',
  getsockname: 'int getsockname(int fd, void *addr, void *len)',
  getpeername: 'int getpeername(int fd, void *addr, void *len)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *len)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, unsigned int len)',
  inet_pton: 'int inet_pton(int family, const char *text, void *addr)',
} as const;

export type LibcCall = keyof typeof PROTOTYPES;

let bound: LibcSockets | null = null;

export function libcSockets(): LibcSockets {
  if (bound) return bound;
  const lib = koffi.load(null);
  koffi.struct('socket_iovec', { base: 'void *', len: 'unsigned long' });
  koffi.struct('socket_msghdr', {
    name: 'void *',
    nameLen: 'unsigned int',
    iov: 'socket_iovec *',
    iovLen: 'unsigned long',
    control: 'void *',
    controlLen: 'unsigned long',
    flags: 'int',
  });
  const functions = new Map<LibcCall, KoffiFunc<(...args: unknown[]) => number>>();
  const find = (name: LibcCall): KoffiFunc<(...args: unknown[]) => number> => {
    let f = functions.get(name);
    if (!f) functions.set(name, (f = lib.func(PROTOTYPES[name])));
    return f;
  };
  const ntop = lib.func('const char *inet_ntop(int family, void *addr, void *out, unsigned int size)');
  bound = {
    now(name, ...args) {
      const value = find(name)(...args) as number;
      return { value, errno: value < 0 ? koffi.errno() : 0 };
    },
    onThread(name, args, done) {
      find(name).async(...args, (error: Error | null, value: number) => {
        if (error) throw error;
        done({ value, errno: value < 0 ? koffi.errno() : 0 });
      });
    },
    inetNtop: (family, addr) => ntop(family, addr, Buffer.alloc(64), 64) as string | null,
  };
  return bound;
}
