// The states that a socket can be in, each with the set-up that leads there. Descriptors are non-blocking.

import {
  MSG_PEEK,
  POLLIN,
  POLLOUT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  SO_LINGER,
} from '../../../firmware/api/socket_defs.js';
import type { Tracer } from '../../kernel/tracer.js';

/** Brings a socket into the state. @returns its descriptor */
export type State = (t: Tracer) => Promise<number>;

/** A connection whose first end is the socket in question; `act` is what happens to the two. */
function connection(act: (t: Tracer, own: number, peer: number) => Promise<unknown>): State {
  return async (t) => {
    const [own, peer] = await t.pair();
    await t.nonblocking(own);
    await act(t, own, peer);
    return own;
  };
}

/** Asks poll() for both directions. */
export const look = (t: Tracer, fd: number): Promise<number> => t.poll([fd, POLLIN | POLLOUT]);

/** Closes so that the other end gets a reset. */
export async function abort(t: Tracer, fd: number): Promise<void> {
  await t.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
  await t.close(fd);
}

async function nonblockingTcp(t: Tracer): Promise<number> {
  const fd = await t.tcp();
  await t.nonblocking(fd);
  return fd;
}

export const TCP_STATES: Record<string, State> = {
  'fresh': nonblockingTcp,
  'bound': async (t) => {
    const fd = await t.bound(t.tcp());
    await t.nonblocking(fd);
    return fd;
  },
  'listening': async (t) => {
    const { fd } = await t.listener();
    await t.nonblocking(fd);
    return fd;
  },
  'listening, one waits': async (t) => {
    const l = await t.listener();
    await t.nonblocking(l.fd);
    await t.connect(await t.tcp(), l.addr);
    await t.until(l.fd, POLLIN);
    return l.fd;
  },
  'connecting': (t) => t.connecting(),
  'refused': async (t) => {
    const fd = await nonblockingTcp(t);
    await t.connect(fd, await t.refusing());
    await t.until(fd, POLLOUT);
    return fd;
  },
  'connected': connection(async () => {}),
  'connected, data waits': connection(async (t, own, peer) => {
    await t.send(peer, 'data');
    await t.until(own, POLLIN);
  }),
  'peer closed': connection(async (t, own, peer) => {
    await t.close(peer);
    await t.until(own, POLLIN);
  }),
  'peer closed, data waits': connection(async (t, own, peer) => {
    await t.send(peer, 'data');
    await t.until(own, POLLIN);
    await t.close(peer);
    await t.recv(own, 1, MSG_PEEK);
  }),
  'peer closed, end seen': connection(async (t, own, peer) => {
    await t.close(peer);
    await t.until(own, POLLIN);
    await t.recv(own, 10);
  }),
  'peer shut down its sending': connection(async (t, own, peer) => {
    await t.shutdown(peer, SHUT_WR);
    await t.until(own, POLLIN);
  }),
  'own sending shut down': connection((t, own) => t.shutdown(own, SHUT_WR)),
  'own receiving shut down': connection((t, own) => t.shutdown(own, SHUT_RD)),
  'own both shut down': connection((t, own) => t.shutdown(own, SHUT_RDWR)),
  'both ends shut down': connection(async (t, own, peer) => {
    await t.shutdown(own, SHUT_WR);
    await t.until(peer, POLLIN);
    await t.shutdown(peer, SHUT_WR);
    await t.until(own, POLLIN);
  }),
  'reset': connection(async (t, own, peer) => {
    await abort(t, peer);
    await t.until(own, 0);
  }),
  'reset, data waits': connection(async (t, own, peer) => {
    await t.send(peer, 'data');
    await t.until(own, POLLIN);
    await abort(t, peer);
    await t.until(own, 0);
  }),
  'reset, error seen': connection(async (t, own, peer) => {
    await abort(t, peer);
    await t.until(own, 0);
    await t.recv(own, 10);
  }),
};

export const UDP_STATES: Record<string, State> = {
  'fresh': (t) => t.udp(),
  'bound': (t) => t.bound(t.udp()),
  'bound, datagram waits': async (t) => {
    const [a, b, atA] = await t.udpPair();
    await t.sendto(b, 'datagram', atA);
    await t.until(a, POLLIN);
    return a;
  },
  'bound, empty datagram waits': async (t) => {
    const [a, b, atA] = await t.udpPair();
    await t.sendto(b, '', atA);
    await t.until(a, POLLIN);
    return a;
  },
  'connected': async (t) => (await t.udpConnected())[0],
  'connected, datagram waits': async (t) => {
    const [a, b] = await t.udpConnected();
    await t.send(b, 'datagram');
    await t.until(a, POLLIN);
    return a;
  },
  'connected, port unreachable': async (t) => {
    const fd = await t.udp();
    await t.connect(fd, await t.deserted());
    await t.send(fd, 'anybody?');
    await t.until(fd, 0);
    return fd;
  },
  'connected, receiving shut down': async (t) => {
    const [a] = await t.udpConnected();
    await t.shutdown(a, SHUT_RD);
    return a;
  },
  'connected, sending shut down': async (t) => {
    const [a] = await t.udpConnected();
    await t.shutdown(a, SHUT_WR);
    return a;
  },
};
