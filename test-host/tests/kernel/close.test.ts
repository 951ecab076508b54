// The end of a TCP connection: by halves, by close, by reset; and what can still be done.

import {
  MSG_DONTWAIT,
  POLLIN,
  POLLOUT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOL_SOCKET,
  SO_ERROR,
  SO_LINGER,
} from '../../../firmware/api/socket_defs.js';
import type { Sequence } from '../../kernel/run-program.js';
import { differential } from './differential.js';
import { abort } from './states.js';

const BOTH = POLLIN | POLLOUT;
const HOW = { RD: SHUT_RD, WR: SHUT_WR, RDWR: SHUT_RDWR };
type How = keyof typeof HOW;

const sequences: Sequence[] = [];
for (const first of Object.keys(HOW) as How[]) {
  for (const second of Object.keys(HOW) as How[]) {
    sequences.push({
      name: `shutdown ${first} here, ${second} there`,
      async run(t) {
        const [a, b] = await t.pair();
        await t.shutdown(a, HOW[first]);
        await t.shutdown(b, HOW[second]);
        for (const fd of [a, b]) {
          await t.poll([fd, BOTH]);
          await t.recv(fd, 10, MSG_DONTWAIT);
        }
        await t.getpeername(a);
        await t.getpeername(b);
      },
    });
  }
}

sequences.push(
  {
    name: 'half-close: what the other end still sends arrives',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'question');
      await t.shutdown(a, SHUT_WR);
      await t.recv(b, 100);
      await t.recv(b, 100);
      await t.recv(b, 100);
      await t.send(b, 'answer');
      await t.close(b);
      await t.recv(a, 100);
      await t.recv(a, 100);
      await t.send(a, 'x');
    },
  },
  {
    name: 'shutdown WR twice, RD after WR',
    async run(t) {
      const [a, b] = await t.pair();
      await t.shutdown(a, SHUT_WR);
      await t.shutdown(a, SHUT_WR);
      await t.shutdown(a, SHUT_RD);
      await t.poll([a, BOTH]);
      await t.until(b, POLLIN);
      await t.shutdown(b, SHUT_WR);
      await t.until(a, 0);
      await t.shutdown(a, SHUT_WR);
    },
  },
  {
    name: 'shutdown RD: data that comes later can still be read',
    async run(t) {
      const [a, b] = await t.pair();
      await t.shutdown(a, SHUT_RD);
      await t.recv(a, 10);
      await t.send(b, 'late');
      await t.recv(a, 10);
      await t.recv(a, 10);
      await t.send(a, 'still sending');
      await t.recv(b, 100);
    },
  },
  {
    name: 'close: unread data at the other end stays readable',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'testament');
      await t.close(a);
      await t.recv(b, 4);
      await t.recv(b, 100);
      await t.recv(b, 100);
      await t.recv(b, 100);
    },
  },
  {
    name: 'close: sending to a closed end gets a reset, then EPIPE',
    async run(t) {
      const [a, b] = await t.pair();
      await t.close(b);
      await t.until(a, POLLIN);
      await t.send(a, 'x');
      await t.until(a, 0);
      await t.send(a, 'x');
      await t.send(a, 'x');
      await t.recv(a, 10);
      await t.recv(a, 10);
    },
  },
  {
    name: 'close: sending to a closed end, told by SO_ERROR',
    async run(t) {
      const [a, b] = await t.pair();
      await t.close(b);
      await t.until(a, POLLIN);
      await t.send(a, 'x');
      await t.until(a, 0);
      await t.getsockopt(a, SOL_SOCKET, SO_ERROR);
      await t.getsockopt(a, SOL_SOCKET, SO_ERROR);
      await t.send(a, 'x');
      await t.recv(a, 10);
    },
  },
  {
    name: 'close: sending to a closed end, told by recv',
    async run(t) {
      const [a, b] = await t.pair();
      await t.close(b);
      await t.until(a, POLLIN);
      await t.recv(a, 10);
      await t.send(a, 'x');
      await t.until(a, 0);
      await t.recv(a, 10);
      await t.recv(a, 10);
      await t.send(a, 'x');
    },
  },
  {
    name: 'close with unread data resets the other end',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'never read');
      await t.until(b, POLLIN);
      await t.close(b);
      await t.until(a, 0);
      await t.poll([a, BOTH]);
      await t.recv(a, 10);
      await t.recv(a, 10);
      await t.send(a, 'x');
    },
  },
  {
    name: 'close with unread data: what was sent before the reset is lost',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(b, 'answer');
      await t.until(a, POLLIN);
      await t.send(a, 'never read');
      await t.until(b, POLLIN);
      await t.close(b);
      await t.until(a, 0);
      await t.recv(a, 10);
      await t.recv(a, 10);
    },
  },
  {
    name: 'SO_LINGER 0: close resets',
    async run(t) {
      const [a, b] = await t.pair();
      await abort(t, a);
      await t.until(b, 0);
      await t.getsockopt(b, SOL_SOCKET, SO_ERROR);
      await t.recv(b, 10);
      await t.send(b, 'x');
    },
  },
  {
    name: 'SO_LINGER 0: a blocked recv ends with ECONNRESET',
    async run(t) {
      const [a, b] = await t.pair();
      const received = t.recv(b, 10);
      await t.blocked(received);
      await abort(t, a);
      await received;
      await t.recv(b, 10);
      await t.getsockopt(b, SOL_SOCKET, SO_ERROR);
    },
  },
  {
    name: 'SO_LINGER 0 after shutdown WR',
    async run(t) {
      const [a, b] = await t.pair();
      await t.shutdown(a, SHUT_WR);
      await t.recv(b, 10);
      await abort(t, a);
      await t.poll([b, BOTH]);
      await t.recv(b, 10);
      await t.send(b, 'x');
    },
  },
  {
    name: 'SO_LINGER: close waits until all has arrived',
    async run(t) {
      const [a, b] = await t.pair();
      await t.setsockopt(a, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 5 });
      await t.send(a, 'x');
      await t.close(a);
      await t.recv(b, 10);
      await t.recv(b, 10);
    },
  },
  {
    name: 'SO_LINGER 0 on a listener',
    async run(t) {
      const l = await t.listener();
      const c = await t.tcp();
      await t.connect(c, l.addr);
      await t.until(l.fd, POLLIN);
      await abort(t, l.fd);
      await t.until(c, 0);
      await t.recv(c, 10);
    },
  },
  {
    name: 'SO_LINGER 0 while connecting',
    async run(t) {
      const c = await t.connecting();
      await abort(t, c);
    },
  },
  {
    name: 'reset: the error is told once, by send',
    async run(t) {
      const [a, b] = await t.pair();
      await abort(t, b);
      await t.until(a, 0);
      await t.send(a, 'x');
      await t.send(a, 'x');
      await t.recv(a, 10);
      await t.getsockopt(a, SOL_SOCKET, SO_ERROR);
    },
  },
  {
    name: 'reset: names afterwards',
    async run(t) {
      const [a, b] = await t.pair();
      await abort(t, b);
      await t.until(a, 0);
      await t.getsockname(a);
      await t.getpeername(a);
      await t.fionread(a);
      await t.close(a);
    },
  },
  {
    name: 'reset on both sides of a self-made pair of closes',
    async run(t) {
      const [a, b] = await t.pair();
      await abort(t, a);
      await abort(t, b);
    },
  },
  {
    name: 'close after the peer closed; a new connection to the same listener',
    async run(t) {
      const l = await t.listener();
      const [a, b] = await t.pairAt(l);
      await t.close(a);
      await t.recv(b, 10);
      await t.close(b);
      const [c, d] = await t.pairAt(l);
      await t.send(c, 'anew');
      await t.recv(d, 10);
    },
  },
  {
    name: 'close of a listener while accept waits',
    async run(t) {
      const l = await t.listener();
      const accepted = t.accept(l.fd);
      await t.blocked(accepted);
      await t.close(l.fd);
      const c = await t.tcp();
      await t.nonblocking(c);
      await t.connect(c, l.addr);
      await accepted;
    },
  },
  {
    name: 'close while recv waits; the peer closes then',
    async run(t) {
      const [a, b] = await t.pair();
      const received = t.recv(a, 10);
      await t.blocked(received);
      await t.close(a);
      await t.close(b);
      await received;
    },
  },
  {
    name: 'close while recv waits on UDP; a datagram comes then',
    async run(t) {
      const [a, b, atA] = await t.udpPair();
      const received = t.recv(a, 10);
      await t.blocked(received);
      await t.close(a);
      await t.sendto(b, 'x', atA);
      await received;
    },
  },
  {
    name: 'shutdown RDWR while recv waits at both ends',
    async run(t) {
      const [a, b] = await t.pair();
      const atA = t.recv(a, 10);
      const atB = t.recv(b, 10);
      await t.blocked(atA, atB);
      await t.shutdown(a, SHUT_RDWR);
      await Promise.all([atA, atB]);
    },
  },
  {
    name: 'shutdown WR with data under way: all arrives before the end',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, new Uint8Array(3000).fill(65));
      await t.shutdown(a, SHUT_WR);
      await t.recvAll(b, 3000);
      await t.recv(b, 10);
    },
  },
  {
    name: 'simultaneous close',
    async run(t) {
      const [a, b] = await t.pair();
      await t.shutdown(a, SHUT_WR);
      await t.shutdown(b, SHUT_WR);
      await t.recv(a, 10);
      await t.recv(b, 10);
      await t.close(a);
      await t.close(b);
    },
  },
);

differential('TCP shutdown, close, reset', sequences);
