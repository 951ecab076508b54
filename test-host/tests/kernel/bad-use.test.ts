// Making sockets, arguments that are wrong, descriptors that are none.

import {
  AF_INET,
  AF_UNSPEC,
  F_GETFL,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  POLLIN,
  POLLOUT,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_TYPE,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { at, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';

type Call = (t: Tracer, fd: number) => Promise<unknown>;

/** Each call on a descriptor. */
const CALLS: Record<string, Call> = {
  bind: (t, fd) => t.bind(fd, at(0)),
  listen: (t, fd) => t.listen(fd),
  accept: (t, fd) => t.accept(fd),
  connect: async (t, fd) => t.connect(fd, await t.refusing()),
  send: (t, fd) => t.send(fd, 'x'),
  sendto: async (t, fd) => t.sendto(fd, 'x', await t.deserted()),
  sendmsg: (t, fd) => t.sendmsg(fd, ['x', 'y']),
  recv: (t, fd) => t.recv(fd, 10),
  recvfrom: (t, fd) => t.recvfrom(fd, 10),
  shutdown: (t, fd) => t.shutdown(fd, SHUT_RDWR),
  close: (t, fd) => t.close(fd),
  poll: (t, fd) => t.poll([fd, POLLIN | POLLOUT]),
  select: async (t, fd) => {
    await t.select({ r: [fd] }, 0);
    await t.select({ w: [fd] }, 0);
    await t.select({ e: [fd] }, 0);
  },
  fcntl: async (t, fd) => {
    await t.getfl(fd);
    await t.nonblocking(fd);
  },
  ioctl: (t, fd) => t.fionread(fd),
  getsockname: (t, fd) => t.getsockname(fd),
  getpeername: (t, fd) => t.getpeername(fd),
  getsockopt: (t, fd) => t.getsockopt(fd, SOL_SOCKET, SO_TYPE),
  setsockopt: (t, fd) => t.setsockopt(fd, SOL_SOCKET, 2, 1),
};

const sequences: Sequence[] = [];
for (const call in CALLS) {
  // An fd_set cannot name it: the kernel looks at as many descriptors as it has.
  if (call !== 'select') {
    sequences.push({
      name: `${call} on a descriptor that is none`,
      async run(t) {
        if (call !== 'poll') await CALLS[call]!(t, -1);
        await CALLS[call]!(t, 900);
      },
    });
  }
  sequences.push({
    name: `${call} after close`,
    async run(t) {
      const [tcp] = await t.pair();
      const udp = await t.bound(t.udp());
      await t.close(tcp);
      await t.close(udp);
      await CALLS[call]!(t, tcp);
      await CALLS[call]!(t, udp);
    },
  });
}

sequences.push(
  {
    name: 'socket: kinds that are there',
    async run(t) {
      await t.socket(SOCK_STREAM);
      await t.socket(SOCK_STREAM, AF_INET, IPPROTO_TCP);
      await t.socket(SOCK_DGRAM);
      await t.socket(SOCK_DGRAM, AF_INET, IPPROTO_UDP);
    },
  },
  {
    name: 'socket: domains that are none',
    async run(t) {
      await t.socket(SOCK_STREAM, AF_UNSPEC);
      await t.socket(SOCK_STREAM, 99);
      await t.socket(SOCK_DGRAM, -1);
    },
  },
  {
    name: 'socket: types that are none',
    async run(t) {
      await t.socket(0);
      await t.socket(-1);
      await t.socket(13);
      await t.socket(5); // SOCK_SEQPACKET
      await t.socket(4); // SOCK_RDM
    },
  },
  {
    name: 'socket: protocols that are none, or do not go with the type',
    async run(t) {
      await t.socket(SOCK_STREAM, AF_INET, IPPROTO_UDP);
      await t.socket(SOCK_DGRAM, AF_INET, IPPROTO_TCP);
      await t.socket(SOCK_STREAM, AF_INET, IPPROTO_ICMP);
      await t.socket(SOCK_STREAM, AF_INET, 200);
      await t.socket(SOCK_DGRAM, AF_INET, 1000);
      await t.socket(SOCK_DGRAM, AF_INET, -1);
      await t.socket(SOCK_RAW, AF_INET, 0);
    },
  },
  {
    name: 'bind: an address of nobody here',
    async run(t) {
      await t.bind(await t.tcp(), at(0, 0xcb007101));
      await t.bind(await t.udp(), at(0, 0xcb007101));
    },
  },
  {
    name: 'bind: another family',
    async run(t) {
      await t.bind(await t.tcp(), { sinFamily: 10, sinPort: 0, sinAddr: 0 });
      await t.bind(await t.udp(), { sinFamily: 99, sinPort: 0, sinAddr: 0 });
    },
  },
  {
    name: 'bind: no family means IPv4, for the wildcard only',
    async run(t) {
      await t.bind(await t.tcp(), { sinFamily: AF_UNSPEC, sinPort: 0, sinAddr: 0 });
      await t.bind(await t.udp(), { sinFamily: AF_UNSPEC, sinPort: 0, sinAddr: 0 });
      await t.bind(await t.tcp(), { ...at(0), sinFamily: AF_UNSPEC });
    },
  },
  {
    name: 'bind: twice',
    async run(t) {
      const fd = await t.tcp();
      await t.bind(fd, at(0));
      await t.bind(fd, at(0));
      const udp = await t.udp();
      await t.bind(udp, at(0));
      await t.bind(udp, at(0));
    },
  },
  {
    name: 'connect: another family, and no family',
    async run(t) {
      await t.connect(await t.tcp(), { sinFamily: 10, sinPort: 80, sinAddr: 0x7f000001 });
      await t.connect(await t.udp(), { sinFamily: 10, sinPort: 80, sinAddr: 0x7f000001 });
      await t.connect(await t.tcp(), { sinFamily: AF_UNSPEC, sinPort: 80, sinAddr: 0x7f000001 });
    },
  },
  {
    name: 'listen on UDP, accept on UDP',
    async run(t) {
      const fd = await t.bound(t.udp());
      await t.listen(fd);
      await t.accept(fd);
    },
  },
  {
    name: 'listen without bind takes a port',
    async run(t) {
      const fd = await t.tcp();
      await t.listen(fd);
      const port = await t.portOf(fd);
      await t.getsockname(fd);
      const c = await t.tcp();
      await t.connect(c, at(port));
      await t.accept(fd);
    },
  },
  {
    name: 'listen: a backlog below 0',
    async run(t) {
      const fd = await t.bound(t.tcp());
      await t.listen(fd, -1);
      await t.connect(await t.tcp(), at(await t.portOf(fd)));
      await t.accept(fd);
    },
  },
  {
    name: 'shutdown: in no way there is',
    async run(t) {
      const [a] = await t.pair();
      await t.shutdown(a, 3);
      await t.shutdown(a, -1);
      await t.send(a, 'still there');
    },
  },
  {
    name: 'a closed descriptor is used anew',
    async run(t) {
      const a = await t.tcp();
      await t.close(a);
      const b = await t.socket(SOCK_DGRAM);
      t.lines.push(a === b ? 'the same' : 'another');
      await t.getsockopt(b, SOL_SOCKET, SO_TYPE);
    },
  },
  {
    name: 'the lowest free descriptor comes first',
    async run(t) {
      const first = await t.tcp();
      const second = await t.udp();
      const third = await t.tcp();
      await t.close(first);
      await t.close(second);
      const again = [await t.udp(), await t.tcp()];
      t.lines.push([again[0] === first, again[1] === second, third === again[0]].join(' '));
    },
  },
  {
    name: 'closing one connection leaves others alone',
    async run(t) {
      const [a, b] = await t.pair();
      const [c, d] = await t.pair();
      await t.close(a);
      await t.recv(b, 5);
      await t.send(c, 'still there');
      await t.recv(d, 20);
    },
  },
  {
    name: 'fcntl: unknown commands, and F_GETFL of each kind',
    async run(t) {
      const tcp = await t.tcp();
      await t.getfl(tcp);
      await t.getfl(await t.udp());
      await t.fcntl(tcp, 9999, 0);
      await t.fcntl(tcp, F_GETFL, 1);
    },
  },
  {
    name: 'ioctl: unknown requests',
    async run(t) {
      await t.ioctl(await t.tcp(), 0x1234, 0);
      await t.ioctl(await t.udp(), 0x1234, 0);
    },
  },
  {
    name: 'recv: into no room at all',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'x');
      await t.until(b, POLLIN);
      await t.recv(b, 0);
      await t.recv(b, 5);
      await t.close(a);
      await t.recv(b, 0);
    },
  },
  {
    name: 'send: nothing',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, '');
      await t.poll([b, POLLIN]);
      await t.send(a, 'x');
      await t.recv(b, 5);
    },
  },
);

differential('making, bad arguments, bad descriptors', sequences);
