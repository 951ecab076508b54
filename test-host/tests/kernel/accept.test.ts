// bind, listen and accept: who may have which address, what waits in a listener, what a new connection inherits.

import {
  INADDR_ANY,
  IPPROTO_IP,
  IPPROTO_TCP,
  IP_TOS,
  IP_TTL,
  POLLIN,
  SHUT_RD,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_NODELAY,
  type SockaddrIn,
  type OptionValue,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { at, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';
import { abort } from './states.js';

const ANY = 'any';
const LO = 'specific';
const OTHER = 'other specific';
const ADDRESSES: Record<string, number> = { [ANY]: INADDR_ANY, [LO]: 0x7f000001, [OTHER]: 0x7f000002 };

/** Two sockets, one port: by kind, by SO_REUSEADDR on neither, one or both, by address. */
function twice(
  kind: 'tcp' | 'udp',
  reuse: [boolean, boolean],
  addresses: [string, string],
  listen = false,
): Sequence {
  const flags = reuse.map((on) => (on ? 'reuse' : 'plain')).join(', ');
  return {
    name: `bind: ${kind}, ${addresses.join(' then ')}, ${flags}${listen ? ', the first listens' : ''}`,
    async run(t) {
      const a = await t[kind]();
      const b = await t[kind]();
      if (reuse[0]) await t.setsockopt(a, SOL_SOCKET, SO_REUSEADDR, 1);
      if (reuse[1]) await t.setsockopt(b, SOL_SOCKET, SO_REUSEADDR, 1);
      await t.bind(a, at(0, ADDRESSES[addresses[0]]));
      if (listen) await t.listen(a);
      await t.bind(b, at(await t.portOf(a), ADDRESSES[addresses[1]]));
      if (kind === 'tcp') await t.listen(b);
    },
  };
}

const sequences: Sequence[] = [];
for (const pair of [
  [LO, LO],
  [ANY, LO],
  [LO, ANY],
  [ANY, ANY],
] as [string, string][]) {
  for (const reuse of [
    [false, false],
    [true, false],
    [true, true],
  ] as [boolean, boolean][]) {
    sequences.push(twice('tcp', reuse, pair), twice('udp', reuse, pair));
  }
  sequences.push(twice('tcp', [true, true], pair, true));
}
sequences.push(twice('udp', [false, true], [LO, LO]), twice('tcp', [false, true], [LO, LO]));

/** A listener with one connection that was closed from its own end, so that it stays in TIME_WAIT. */
async function timeWait(t: Tracer, reuse: boolean): Promise<SockaddrIn> {
  const l = await t.tcp();
  if (reuse) await t.setsockopt(l, SOL_SOCKET, SO_REUSEADDR, 1);
  await t.bind(l, at(0));
  await t.listen(l);
  const addr = at(await t.portOf(l));
  const c = await t.tcp();
  await t.connect(c, addr);
  const s = await t.accept(l);
  await t.close(s);
  await t.until(c, POLLIN);
  await t.close(c);
  await t.close(l);
  return addr;
}

/** An option set on the listener, asked of the connection. */
function inherited(name: string, level: number, option: number, value: OptionValue): Sequence {
  return {
    name: `accept: ${name} comes from the listener`,
    async run(t) {
      const l = await t.listener();
      await t.setsockopt(l.fd, level, option, value);
      const [, s] = await t.pairAt(l);
      await t.getsockopt(s, level, option);
    },
  };
}

sequences.push(
  {
    name: 'bind: a port in use by TCP is free for UDP',
    async run(t) {
      const tcp = await t.bound(t.tcp());
      await t.bind(await t.udp(), at(await t.portOf(tcp)));
    },
  },
  {
    name: 'bind: a port is free after close',
    async run(t) {
      const l = await t.listener();
      await t.close(l.fd);
      await t.bind(await t.tcp(), l.addr);
      const udp = await t.bound(t.udp());
      const addr = at(await t.portOf(udp));
      await t.close(udp);
      await t.bind(await t.udp(), addr);
    },
  },
  {
    name: 'bind: a port of a connection that its listener left',
    async run(t) {
      const l = await t.listener();
      await t.pairAt(l);
      await t.close(l.fd);
      await t.bind(await t.tcp(), l.addr);
    },
  },
  {
    name: 'bind: TIME_WAIT keeps the port',
    async run(t) {
      const addr = await timeWait(t, false);
      await t.bind(await t.tcp(), addr);
    },
  },
  {
    name: 'bind: SO_REUSEADDR takes the port from TIME_WAIT',
    async run(t) {
      const addr = await timeWait(t, true);
      const fd = await t.tcp();
      await t.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      await t.bind(fd, addr);
      await t.listen(fd);
      await t.connect(await t.tcp(), addr);
      await t.accept(fd);
    },
  },
  {
    name: 'bind: to all addresses, reached by any',
    async run(t) {
      const l = await t.bound(t.tcp(), INADDR_ANY);
      await t.listen(l);
      await t.getsockname(l);
      const c = await t.tcp();
      await t.connect(c, at(await t.portOf(l)));
      const s = await t.accept(l);
      await t.getsockname(s);
      await t.getsockname(c);
    },
  },
  {
    name: 'bind: an address that is not the one asked for does not hear',
    async run(t) {
      const l = await t.bound(t.tcp(), ADDRESSES[OTHER]);
      await t.listen(l);
      await t.connect(await t.tcp(), at(await t.portOf(l)));
      await t.connect(await t.tcp(), at(await t.portOf(l), ADDRESSES[OTHER]));
    },
  },
  {
    name: 'accept: the connections in their order, and no more',
    async run(t) {
      const l = await t.listener();
      await t.nonblocking(l.fd);
      await t.accept(l.fd);
      const a = await t.tcp();
      const b = await t.tcp();
      await t.connect(a, l.addr);
      await t.connect(b, l.addr);
      await t.getsockname(a);
      await t.getsockname(b);
      await t.until(l.fd, POLLIN);
      const first = await t.accept(l.fd);
      const second = await t.accept(l.fd);
      await t.accept(l.fd);
      await t.getpeername(first);
      await t.getpeername(second);
    },
  },
  {
    name: 'accept: blocks until a connection comes',
    async run(t) {
      const l = await t.listener();
      const accepted = t.accept(l.fd);
      await t.blocked(accepted);
      await t.connect(await t.tcp(), l.addr);
      await accepted;
    },
  },
  {
    name: 'accept: two wait, two come',
    async run(t) {
      const l = await t.listener();
      const first = t.accept(l.fd);
      await t.blocked(first);
      const second = t.accept(l.fd);
      await t.blocked(second);
      await t.connect(await t.tcp(), l.addr);
      await first;
      await t.connect(await t.tcp(), l.addr);
      await second;
    },
  },
  {
    name: 'accept: SO_RCVTIMEO ends the wait',
    async run(t) {
      const l = await t.listener();
      await t.setsockopt(l.fd, SOL_SOCKET, SO_RCVTIMEO, { tvSec: 0, tvUsec: 20000 });
      await t.accept(l.fd);
    },
  },
  {
    name: 'accept: the listener is shut down meanwhile',
    async run(t) {
      const l = await t.listener();
      const accepted = t.accept(l.fd);
      await t.blocked(accepted);
      await t.shutdown(l.fd, SHUT_RD);
      await accepted;
      await t.connect(await t.tcp(), l.addr);
    },
  },
  {
    name: 'accept: a connection that has ended already, with its data',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.send(c, 'hello');
      await t.close(c);
      const s = await t.accept(l.fd);
      await t.recv(s, 10);
      await t.recv(s, 10);
    },
  },
  {
    name: 'accept: a connection that was reset meanwhile',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.until(l.fd, POLLIN);
      await abort(t, c);
      await t.poll([l.fd, POLLIN]);
      const s = await t.accept(l.fd);
      await t.poll([s, POLLIN]);
      await t.recv(s, 10);
      await t.recv(s, 10);
    },
  },
  {
    name: 'accept: the new one blocks though the listener does not',
    async run(t) {
      const l = await t.listener();
      await t.nonblocking(l.fd);
      await t.connect(await t.tcp(), l.addr);
      await t.until(l.fd, POLLIN);
      await t.getfl(await t.accept(l.fd));
    },
  },
  {
    name: 'listen: again, with another backlog',
    async run(t) {
      const l = await t.listener();
      await t.listen(l.fd, 1);
      await t.connect(await t.tcp(), l.addr);
      await t.listen(l.fd, 2);
      await t.accept(l.fd);
    },
  },
  {
    name: 'listen: who waits is reset when the listener is closed',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.until(l.fd, POLLIN);
      await t.close(l.fd);
      await t.until(c, POLLIN);
      await t.recv(c, 10);
      await t.recv(c, 10);
    },
  },
  {
    name: 'listen: nobody may connect after the listener is closed, who is connected stays',
    async run(t) {
      const l = await t.listener();
      const [c, s] = await t.pairAt(l);
      await t.close(l.fd);
      await t.connect(await t.tcp(), l.addr);
      await t.send(c, 'x');
      await t.recv(s, 10);
    },
  },
  {
    name: 'SO_ACCEPTCONN says who listens',
    async run(t) {
      const l = await t.listener();
      const [c, s] = await t.pairAt(l);
      await t.getsockopt(l.fd, SOL_SOCKET, SO_ACCEPTCONN);
      await t.getsockopt(c, SOL_SOCKET, SO_ACCEPTCONN);
      await t.getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN);
      await t.getsockopt(s, SOL_SOCKET, SO_ERROR);
    },
  },
  inherited('SO_KEEPALIVE', SOL_SOCKET, SO_KEEPALIVE, 1),
  inherited('SO_REUSEADDR', SOL_SOCKET, SO_REUSEADDR, 1),
  inherited('SO_LINGER', SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 3 }),
  inherited('SO_RCVTIMEO', SOL_SOCKET, SO_RCVTIMEO, { tvSec: 2, tvUsec: 0 }),
  inherited('TCP_NODELAY', IPPROTO_TCP, TCP_NODELAY, 1),
  inherited('TCP_KEEPIDLE', IPPROTO_TCP, TCP_KEEPIDLE, 77),
  inherited('TCP_KEEPCNT', IPPROTO_TCP, TCP_KEEPCNT, 3),
  inherited('IP_TTL', IPPROTO_IP, IP_TTL, 33),
  inherited('IP_TOS', IPPROTO_IP, IP_TOS, 16),
);

differential('bind, listen, accept', sequences);
