// select and poll: what wakes them, what they say about several sockets, their limits and arguments.

import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
} from '../../../firmware/api/socket_defs.js';
import { at } from '../../kernel/tracer.js';
import { differential } from './differential.js';
import { abort } from './states.js';

const BOTH = POLLIN | POLLOUT;

differential('select and poll', [
  {
    name: 'poll of nothing, and of a negative descriptor',
    async run(t) {
      await t.poll([]);
      await t.poll([-1, POLLIN, -5, BOTH]);
      const [a] = await t.pair();
      await t.poll([-1, POLLIN, a, BOTH]);
    },
  },
  {
    name: 'poll with a time limit that runs out',
    async run(t) {
      const [a] = await t.pair();
      await t.poll([a, POLLIN], 10);
      await t.poll([], 10);
      await t.poll([-1, POLLIN], 10);
    },
  },
  {
    name: 'select of nothing, as a clock',
    async run(t) {
      await t.select({}, 10);
      await t.select({}, 0);
      await t.select({ r: [] }, 10, 0);
    },
  },
  {
    name: 'select with a time limit that runs out',
    async run(t) {
      const [a] = await t.pair();
      await t.select({ r: [a] }, 10);
      await t.select({ r: [a], e: [a] }, 10);
    },
  },
  {
    name: 'select: nfds leaves out what is above',
    async run(t) {
      const [a, b] = await t.pair();
      const low = Math.min(a, b);
      await t.call('select(w{low high}, nfds low + 1)', t.api.select(low + 1, null, [a, b], null, 0));
      await t.call('select(w{low}, nfds low)', t.api.select(low, null, [low], null, 0));
    },
  },
  {
    name: 'select: nfds below 0',
    async run(t) {
      await t.select({}, 0, -1);
    },
  },
  {
    name: 'select: one closed descriptor spoils the set',
    async run(t) {
      const [a, b] = await t.pair();
      await t.close(b);
      await t.select({ r: [a, b], w: [a] }, 0);
    },
  },
  {
    name: 'poll: one closed descriptor is reported, the others too',
    async run(t) {
      const [a, b] = await t.pair();
      await t.close(b);
      await t.until(a, POLLIN);
      await t.poll([a, BOTH, b, BOTH]);
    },
  },
  {
    name: 'poll: the same descriptor twice',
    async run(t) {
      const [a] = await t.pair();
      await t.poll([a, POLLOUT, a, POLLIN, a, BOTH]);
    },
  },
  {
    name: 'select: a socket in all three sets counts for each',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(b, 'x');
      await t.until(a, POLLIN);
      await t.select({ r: [a], w: [a], e: [a] }, 0);
    },
  },
  {
    name: 'poll: POLLERR and POLLHUP need not be asked for, POLLPRI is not there',
    async run(t) {
      const [a, b] = await t.pair();
      await t.poll([a, POLLPRI]);
      await abort(t, b);
      await t.until(a, 0);
      await t.poll([a, POLLERR | POLLHUP]);
      await t.poll([a, POLLPRI]);
    },
  },
  {
    name: 'poll: several sockets, each in its state',
    async run(t) {
      const l = await t.listener();
      const fresh = await t.tcp();
      const udp = await t.udp();
      const [a, b] = await t.pair();
      await t.send(a, 'x');
      await t.until(b, POLLIN);
      await t.poll([l.fd, BOTH, fresh, BOTH, udp, BOTH, a, BOTH, b, BOTH]);
      await t.select({ r: [l.fd, fresh, udp, a, b], w: [l.fd, fresh, udp, a, b] }, 0);
    },
  },
  {
    name: 'poll waits for data',
    async run(t) {
      const [a, b] = await t.pair();
      const ready = t.until(b, POLLIN);
      await t.blocked(ready);
      await t.send(a, 'x');
      await ready;
    },
  },
  {
    name: 'select waits for data',
    async run(t) {
      const [a, b] = await t.pair();
      const ready = t.select({ r: [a, b] });
      await t.blocked(ready);
      await t.send(a, 'x');
      await ready;
    },
  },
  {
    name: 'select without a limit waits for data',
    async run(t) {
      const [a, b] = await t.pair();
      const ready = t.select({ r: [b] }, null);
      await t.blocked(ready);
      await t.send(a, 'x');
      await ready;
    },
  },
  {
    name: 'poll waits for a connection',
    async run(t) {
      const l = await t.listener();
      const ready = t.until(l.fd, POLLIN);
      await t.blocked(ready);
      await t.connect(await t.tcp(), l.addr);
      await ready;
      await t.accept(l.fd);
      await t.poll([l.fd, POLLIN]);
    },
  },
  {
    name: 'select waits for whichever of two sockets comes first',
    async run(t) {
      const l = await t.listener();
      const [a, b] = await t.pair();
      const ready = t.select({ r: [l.fd, b] });
      await t.blocked(ready);
      await t.send(a, 'x');
      await ready;
      const again = t.select({ r: [l.fd] });
      await t.blocked(again);
      await t.connect(await t.tcp(), l.addr);
      await again;
    },
  },
  {
    name: 'poll waits for the end',
    async run(t) {
      const [a, b] = await t.pair();
      const ready = t.until(b, POLLIN);
      await t.blocked(ready);
      await t.shutdown(a, SHUT_WR);
      await ready;
      await t.recv(b, 10);
      await t.poll([b, BOTH]);
    },
  },
  {
    name: 'poll waits for a reset',
    async run(t) {
      const [a, b] = await t.pair();
      const ready = t.until(b, 0);
      await t.blocked(ready);
      await abort(t, a);
      await ready;
    },
  },
  {
    name: 'poll waits, the own end is shut down',
    async run(t) {
      const [a] = await t.pair();
      const ready = t.until(a, POLLIN);
      await t.blocked(ready);
      await t.shutdown(a, SHUT_RD);
      await ready;
    },
  },
  {
    name: 'poll waits for nothing in particular until both halves are shut down',
    async run(t) {
      const [a, b] = await t.pair();
      await t.shutdown(a, SHUT_WR);
      const ready = t.until(a, 0);
      await t.blocked(ready);
      await t.shutdown(b, SHUT_WR);
      await ready;
    },
  },
  {
    name: 'poll waits on a listener that is shut down',
    async run(t) {
      const l = await t.listener();
      const ready = t.until(l.fd, POLLIN);
      await t.blocked(ready);
      await t.shutdown(l.fd, SHUT_RDWR);
      await ready;
    },
  },
  {
    name: 'poll waits for room to write',
    async run(t) {
      const [a, b] = await t.pair();
      const n = await t.fill(a);
      const ready = t.until(a, POLLOUT);
      await t.blocked(ready);
      await t.recvAll(b, n);
      await ready;
    },
  },
  {
    name: 'poll waits for a datagram',
    async run(t) {
      const [a, b, atA] = await t.udpPair();
      const ready = t.until(a, POLLIN);
      await t.blocked(ready);
      await t.sendto(b, '', atA);
      await ready;
    },
  },
  {
    name: 'poll waits for an ICMP error',
    async run(t) {
      const fd = await t.udp();
      await t.connect(fd, await t.deserted());
      const ready = t.until(fd, POLLIN);
      await t.blocked(ready);
      await t.send(fd, 'x');
      await ready;
      await t.recv(fd, 10);
      await t.poll([fd, BOTH]);
    },
  },
  {
    name: 'two wait for the same data, both are told',
    async run(t) {
      const [a, b] = await t.pair();
      const first = t.until(b, POLLIN);
      const second = t.until(b, POLLIN);
      await t.blocked(first, second);
      await t.send(a, 'x');
      await Promise.all([first, second]);
    },
  },
  {
    name: 'poll and recv wait for the same data',
    async run(t) {
      const [a, b] = await t.pair();
      const readable = t.until(a, POLLIN);
      await t.blocked(readable);
      await t.send(b, 'x');
      await readable;
      await t.recv(a, 10);
      await t.poll([a, POLLIN]);
    },
  },
  {
    name: 'a select server: accepts, echoes, sees the end',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.select({ r: [l.fd] });
      const s = await t.accept(l.fd);
      await t.send(c, 'echo me');
      await t.select({ r: [l.fd, s] });
      await t.recv(s, 100);
      await t.select({ r: [l.fd, s], w: [s] }, 0);
      await t.send(s, 'echo me');
      await t.recv(c, 100);
      await t.close(c);
      await t.select({ r: [l.fd, s] });
      await t.recv(s, 100);
      await t.close(s);
      await t.select({ r: [l.fd] }, 0);
    },
  },
  {
    name: 'readiness of a connection that nobody has accepted yet',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.poll([c, BOTH, l.fd, BOTH]);
      await t.send(c, 'x');
      await t.close(c);
      await t.poll([l.fd, BOTH]);
      await t.poll([await t.accept(l.fd), BOTH]);
    },
  },
  {
    name: 'a listener with several that wait stays readable',
    async run(t) {
      const l = await t.listener();
      await t.connect(await t.tcp(), l.addr);
      await t.connect(await t.tcp(), l.addr);
      await t.until(l.fd, POLLIN);
      await t.accept(l.fd);
      await t.poll([l.fd, POLLIN]);
      await t.accept(l.fd);
      await t.poll([l.fd, POLLIN]);
    },
  },
  {
    name: 'half of the data read: still readable',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'abcd');
      await t.until(b, POLLIN);
      await t.recv(b, 2);
      await t.poll([b, POLLIN]);
      await t.recv(b, 2);
      await t.poll([b, POLLIN]);
    },
  },
  {
    name: 'poll after bind, after connect, after disconnect of UDP',
    async run(t) {
      const fd = await t.udp();
      await t.poll([fd, BOTH]);
      await t.bind(fd, at(0));
      await t.poll([fd, BOTH]);
      await t.connect(fd, await t.deserted());
      await t.poll([fd, BOTH]);
    },
  },
]);
