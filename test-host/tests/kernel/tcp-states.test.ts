// What each call does in each state of a TCP socket.

import {
  MSG_DONTWAIT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  SO_ERROR,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { at, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';
import { TCP_STATES, look } from './states.js';

const PROBES: Record<string, (t: Tracer, fd: number) => Promise<unknown>> = {
  'poll, select, SO_ERROR': async (t, fd) => {
    await t.poll([fd, 0]);
    await look(t, fd);
    await t.select({ r: [fd], w: [fd], e: [fd] }, 0);
    await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
    await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
    await look(t, fd);
  },
  'names': async (t, fd) => {
    await t.getsockname(fd);
    await t.getpeername(fd);
  },
  'recv': async (t, fd) => {
    await t.fionread(fd);
    await t.recv(fd, 10);
    await t.recv(fd, 10);
    await look(t, fd);
  },
  'send': async (t, fd) => {
    await t.send(fd, 'x');
    await t.send(fd, '');
    await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
  },
  'shutdown RD': async (t, fd) => {
    await t.shutdown(fd, SHUT_RD);
    await t.recv(fd, 10, MSG_DONTWAIT);
    await look(t, fd);
  },
  'shutdown WR': async (t, fd) => {
    await t.shutdown(fd, SHUT_WR);
    await t.send(fd, 'x');
    await look(t, fd);
  },
  'shutdown RDWR': async (t, fd) => {
    await t.shutdown(fd, SHUT_RDWR);
    await t.shutdown(fd, SHUT_RDWR);
    await look(t, fd);
  },
  'connect': async (t, fd) => {
    await t.connect(fd, await t.refusing());
  },
  'listen, accept': async (t, fd) => {
    await t.accept(fd);
    await t.listen(fd);
    await t.accept(fd);
  },
  'bind': async (t, fd) => {
    await t.bind(fd, at(0));
    await t.bind(fd, at(0));
    await look(t, fd);
    await t.getpeername(fd);
    await t.recv(fd, 10);
    await t.send(fd, 'x');
    await t.recv(fd, 10);
    await look(t, fd);
  },
  'bind to a port, connect': async (t, fd) => {
    await t.bind(fd, await t.freeTcp());
    await t.connect(fd, await t.refusing());
    await t.getsockname(fd);
    await t.connect(fd, (await t.listener()).addr);
    await look(t, fd);
    await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
  },
  'bind, listen': async (t, fd) => {
    await t.bind(fd, at(0));
    await t.listen(fd);
    await look(t, fd);
  },
  'shutdown RDWR, connect': async (t, fd) => {
    await t.shutdown(fd, SHUT_RDWR);
    await t.connect(fd, (await t.listener()).addr);
    await look(t, fd);
    await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
  },
};

const sequences: Sequence[] = [];
for (const state in TCP_STATES) {
  for (const probe in PROBES) {
    sequences.push({
      name: `${state}: ${probe}`,
      async run(t) {
        const fd = await TCP_STATES[state]!(t);
        await PROBES[probe]!(t, fd);
      },
    });
  }
}

differential('each call in each state of TCP', sequences);
