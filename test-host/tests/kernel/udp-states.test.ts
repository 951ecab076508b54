// What each call does in each state of a UDP socket.

import {
  MSG_DONTWAIT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  SO_ERROR,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { at, nobody, type Tracer } from '../../kernel/tracer.js';
import { differential } from './differential.js';
import { UDP_STATES, look } from './states.js';

const PROBES: Record<string, (t: Tracer, fd: number) => Promise<unknown>> = {
  'poll, select, SO_ERROR': async (t, fd) => {
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
    await t.recvfrom(fd, 20, MSG_DONTWAIT);
    await t.recvfrom(fd, 20, MSG_DONTWAIT);
    await look(t, fd);
  },
  'send': async (t, fd) => {
    await t.send(fd, 'x');
    await t.send(fd, 'x');
  },
  'sendto': async (t, fd) => {
    const other = await t.bound(t.udp());
    await t.sendto(fd, 'x', at(await t.portOf(other)));
    await t.recv(other, 10, MSG_DONTWAIT);
  },
  'shutdown': async (t, fd) => {
    await t.shutdown(fd, SHUT_WR);
    await look(t, fd);
    await t.shutdown(fd, SHUT_RD);
    await look(t, fd);
    await t.shutdown(fd, SHUT_RDWR);
    await look(t, fd);
    await t.recv(fd, 10, MSG_DONTWAIT);
    await t.send(fd, 'x');
  },
  'connect, disconnect': async (t, fd) => {
    const other = await t.bound(t.udp());
    await t.connect(fd, at(await t.portOf(other)));
    await t.getpeername(fd);
    await t.send(fd, 'x');
    await t.connect(fd, nobody());
    await t.getpeername(fd);
    await t.send(fd, 'x');
  },
  'listen, accept': async (t, fd) => {
    await t.listen(fd);
    await t.accept(fd);
  },
  'bind': async (t, fd) => {
    await t.bind(fd, at(0));
  },
};

const sequences: Sequence[] = [];
for (const state in UDP_STATES) {
  for (const probe in PROBES) {
    sequences.push({
      name: `${state}: ${probe}`,
      async run(t) {
        const fd = await UDP_STATES[state]!(t);
        await PROBES[probe]!(t, fd);
      },
    });
  }
}

differential('each call in each state of UDP', sequences);
