// connect: blocking or not, refused, under way, done, and again.

import {
  INADDR_ANY,
  POLLIN,
  POLLOUT,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  SO_ERROR,
  type SockaddrIn,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { at, nobody, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';

/** What bind() may be told, and what remains of that when the connection is gone. */
const BOUND: Record<string, (t: Tracer) => Promise<SockaddrIn | null>> = {
  'nothing': () => Promise.resolve(null),
  'an address': () => Promise.resolve(at(0)),
  'a port': async (t) => at((await t.freeTcp()).sinPort, INADDR_ANY),
  'an address and a port': (t) => t.freeTcp(),
};

const afterwards: Sequence[] = [];
for (const told in BOUND) {
  const bindTo = async (t: Tracer): Promise<number> => {
    const fd = await t.tcp();
    const addr = await BOUND[told]!(t);
    if (addr) await t.bind(fd, addr);
    return fd;
  };
  afterwards.push(
    {
      name: `refused, after bind was told ${told}`,
      async run(t) {
        const fd = await bindTo(t);
        await t.connect(fd, await t.refusing());
        await t.getsockname(fd);
      },
    },
    {
      name: `disconnected, after bind was told ${told}`,
      async run(t) {
        const fd = await bindTo(t);
        await t.connect(fd, (await t.listener()).addr);
        await t.connect(fd, nobody());
        await t.getsockname(fd);
      },
    },
  );
}

differential('connect', [
  ...afterwards,
  {
    name: 'a listener that is shut down may connect, from its port',
    async run(t) {
      const fd = await t.tcp();
      await t.bind(fd, await t.freeTcp());
      await t.listen(fd);
      await t.shutdown(fd, SHUT_RDWR);
      await t.connect(fd, (await t.listener()).addr);
      await t.getsockname(fd);
    },
  },
  {
    name: 'blocking, accepted later',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.getpeername(c);
      await t.send(c, 'early');
      const s = await t.accept(l.fd);
      await t.recv(s, 10);
    },
  },
  {
    name: 'blocking, refused, and tried again',
    async run(t) {
      const nobodyThere = await t.refusing();
      const c = await t.tcp();
      await t.connect(c, nobodyThere);
      await t.getsockopt(c, SOL_SOCKET, SO_ERROR);
      await t.connect(c, nobodyThere);
      const l = await t.listener();
      await t.connect(c, l.addr);
      await t.send(c, 'x');
      await t.recv(await t.accept(l.fd), 10);
    },
  },
  {
    name: 'non-blocking, select for writing, SO_ERROR 0',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.nonblocking(c);
      await t.connect(c, l.addr);
      await t.select({ w: [c] });
      await t.getsockopt(c, SOL_SOCKET, SO_ERROR);
      await t.getpeername(c);
      await t.connect(c, l.addr);
    },
  },
  {
    name: 'non-blocking, a second connect completes, a third is one too many',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.nonblocking(c);
      await t.connect(c, l.addr);
      await t.until(c, POLLOUT);
      await t.connect(c, l.addr);
      await t.connect(c, l.addr);
    },
  },
  {
    name: 'non-blocking, refused, told by SO_ERROR once',
    async run(t) {
      const c = await t.tcp();
      await t.nonblocking(c);
      await t.connect(c, await t.refusing());
      await t.select({ r: [c], w: [c], e: [c] });
      await t.getsockopt(c, SOL_SOCKET, SO_ERROR);
      await t.getsockopt(c, SOL_SOCKET, SO_ERROR);
    },
  },
  {
    name: 'non-blocking, refused, told by the next connect',
    async run(t) {
      const addr = await t.refusing();
      const c = await t.tcp();
      await t.nonblocking(c);
      await t.connect(c, addr);
      await t.until(c, POLLOUT);
      await t.connect(c, addr);
      await t.connect(c, addr);
    },
  },
  {
    name: 'non-blocking, refused, another address afterwards',
    async run(t) {
      const c = await t.tcp();
      await t.nonblocking(c);
      await t.connect(c, await t.refusing());
      await t.until(c, POLLOUT);
      await t.getsockopt(c, SOL_SOCKET, SO_ERROR);
      const l = await t.listener();
      await t.nonblocking(c, false);
      await t.connect(c, l.addr);
      await t.connect(c, l.addr);
      await t.accept(l.fd);
    },
  },
  {
    name: 'non-blocking, under way: EALREADY, no data, not readable',
    async run(t) {
      const c = await t.connecting();
      await t.connect(c, await t.refusing());
      await t.send(c, 'x');
      await t.recv(c, 10);
      await t.poll([c, POLLIN | POLLOUT]);
      await t.getpeername(c);
      await t.close(c);
    },
  },
  {
    name: 'FIONBIO works as O_NONBLOCK does',
    async run(t) {
      const c = await t.tcp();
      await t.ioctl(c, 0x5421, 1);
      await t.getfl(c);
      await t.connect(c, await t.refusing());
      await t.ioctl(c, 0x5421, 0);
      await t.getfl(c);
    },
  },
  {
    name: 'connected: once is enough',
    async run(t) {
      const l = await t.listener();
      const [c, s] = await t.pairAt(l);
      await t.connect(c, l.addr);
      await t.connect(s, l.addr);
      await t.send(c, 'x');
      await t.recv(s, 10);
    },
  },
  {
    name: 'from a bound port',
    async run(t) {
      const l = await t.listener();
      const c = await t.bound(t.tcp());
      await t.getsockname(c);
      await t.connect(c, l.addr);
      await t.getsockname(c);
      await t.accept(l.fd);
    },
  },
  {
    name: 'to the own port: a connection with itself',
    async run(t) {
      const c = await t.bound(t.tcp());
      await t.connect(c, at(await t.portOf(c)));
      await t.getsockname(c);
      await t.getpeername(c);
      await t.send(c, 'echo');
      await t.until(c, POLLIN);
      await t.recv(c, 10);
      await t.shutdown(c, SHUT_WR);
      await t.recv(c, 10);
    },
  },
  {
    name: 'to the wildcard address means this host',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, at(l.addr.sinPort, 0));
      await t.getpeername(c);
    },
  },
  {
    name: 'to port 0',
    async run(t) {
      await t.connect(await t.tcp(), at(0));
    },
  },
  {
    name: 'TCP to a broadcast and to a multicast address',
    async run(t) {
      await t.connect(await t.tcp(), at(80, 0xffffffff));
      await t.connect(await t.tcp(), at(80, 0xe0000001));
    },
  },
  {
    name: 'the same two ports twice',
    async run(t) {
      const l = await t.listener();
      const a = await t.tcp();
      await t.setsockopt(a, SOL_SOCKET, 2, 1);
      await t.bind(a, at(0));
      const b = await t.tcp();
      await t.setsockopt(b, SOL_SOCKET, 2, 1);
      await t.bind(b, at(await t.portOf(a)));
      await t.connect(a, l.addr);
      await t.connect(b, l.addr);
    },
  },
  {
    name: 'a connected TCP socket forgets its peer with AF_UNSPEC',
    async run(t) {
      const [a, b] = await t.pair();
      await t.connect(a, nobody());
      await t.getpeername(a);
      await t.until(b, 0);
      await t.recv(b, 10);
    },
  },
  {
    name: 'shut down before it is connected, then connected',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.shutdown(c, SHUT_WR);
      await t.connect(c, l.addr);
      await t.getpeername(c);
      await t.send(c, 'x');
    },
  },
  {
    name: 'shut down while connecting',
    async run(t) {
      const c = await t.connecting();
      await t.shutdown(c, SHUT_RDWR);
      await t.getpeername(c);
    },
  },
  {
    name: 'names at each step',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.getsockname(c);
      await t.getpeername(c);
      await t.connect(c, l.addr);
      await t.getsockname(c);
      await t.getpeername(c);
      const s = await t.accept(l.fd);
      await t.getsockname(s);
      await t.getpeername(s);
      await t.close(c);
      await t.until(s, POLLIN);
      await t.getpeername(s);
      await t.recv(s, 1);
      await t.getpeername(s);
      await t.shutdown(s, SHUT_WR);
      await t.getpeername(s);
      await t.getsockname(s);
    },
  },
]);
