// Data over TCP: what send takes, what recv gives, with each flag.

import {
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  POLLIN,
  POLLOUT,
  SHUT_RD,
  SHUT_WR,
  SOL_SOCKET,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  TCP_NODELAY,
} from '../../../firmware/api/socket_defs.js';
import { at, type Tracer, pattern } from '../../kernel/tracer.js';
import { differential } from './differential.js';

/** A connection that sends each piece at once. */
async function promptPair(t: Tracer): Promise<[number, number]> {
  const pair = await t.pair();
  for (const fd of pair) await t.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  return pair;
}

differential('TCP data', [
  {
    name: 'there and back',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'ping');
      await t.recv(b, 100);
      await t.send(b, 'pong');
      await t.recv(a, 100);
    },
  },
  {
    name: 'recv in pieces',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'abcdefghij');
      await t.recv(b, 3);
      await t.recv(b, 3);
      await t.recv(b, 100);
    },
  },
  {
    name: 'recv of several sends at once',
    async run(t) {
      const [a, b] = await promptPair(t);
      await t.send(a, 'one ');
      await t.send(a, 'two ');
      await t.send(a, 'three');
      await t.recv(b, 13, MSG_WAITALL);
      await t.poll([b, POLLIN]);
    },
  },
  {
    name: 'FIONREAD counts what waits',
    async run(t) {
      const [a, b] = await promptPair(t);
      await t.fionread(b);
      await t.send(a, 'abcdef');
      await t.until(b, POLLIN);
      await t.fionread(b);
      await t.recv(b, 2);
      await t.fionread(b);
      await t.recv(b, 10);
      await t.fionread(b);
      await t.close(a);
      await t.until(b, POLLIN);
      await t.fionread(b);
    },
  },
  {
    name: 'MSG_PEEK leaves the data',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'peekaboo');
      await t.recv(b, 4, MSG_PEEK);
      await t.recv(b, 100, MSG_PEEK);
      await t.recv(b, 4);
      await t.recv(b, 100, MSG_PEEK);
      await t.recv(b, 100);
      await t.recv(b, 100, MSG_PEEK | MSG_DONTWAIT);
      await t.close(a);
      await t.recv(b, 100, MSG_PEEK);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_PEEK waits for data',
    async run(t) {
      const [a, b] = await t.pair();
      const peeked = t.recv(b, 10, MSG_PEEK);
      await t.blocked(peeked);
      await t.send(a, 'x');
      await peeked;
      await t.recv(b, 10);
    },
  },
  {
    name: 'MSG_DONTWAIT on a blocking socket',
    async run(t) {
      const [a, b] = await t.pair();
      await t.recv(b, 10, MSG_DONTWAIT);
      await t.send(a, 'x', MSG_DONTWAIT);
      await t.until(b, POLLIN);
      await t.recv(b, 10, MSG_DONTWAIT);
      await t.recv(b, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'MSG_MORE holds back until the last piece',
    async run(t) {
      const [a, b] = await promptPair(t);
      await t.send(a, 'head', MSG_MORE);
      await t.poll([b, POLLIN]);
      await t.send(a, 'er', MSG_MORE);
      await t.send(a, ' and body');
      await t.until(b, POLLIN);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE, and nothing follows: it goes out',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'that was all', MSG_MORE);
      await t.poll([b, POLLIN]);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE for more than a segment: what is full goes out',
    async run(t) {
      const [a, b] = await t.pair();
      // How much fits is the ground's own business.
      const sent = t.api.send(a, pattern(200000), MSG_MORE | MSG_DONTWAIT);
      await t.call('send(much, MORE)', sent, () => 'some');
      await t.until(b, POLLIN);
    },
  },
  {
    name: 'negative time limits are none at all: calls do not wait',
    async run(t) {
      const [a, b] = await t.pair();
      await t.setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, { tvSec: -1, tvUsec: 0 });
      await t.setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, { tvSec: -1, tvUsec: 0 });
      await t.recv(a, 10);
      await t.fill(a);
      await t.send(a, 'x');
      const fd = await t.connecting();
      await t.nonblocking(fd, false);
      await t.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, { tvSec: -1, tvUsec: 0 });
      await t.connect(fd, at(1));
      const l = await t.listener();
      await t.setsockopt(l.fd, SOL_SOCKET, SO_RCVTIMEO, { tvSec: -1, tvUsec: 0 });
      await t.accept(l.fd);
      await t.close(b);
    },
  },
  {
    name: 'MSG_MORE, then shutdown: it goes out',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'last words', MSG_MORE);
      await t.shutdown(a, SHUT_WR);
      await t.recv(b, 100);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE of sendmsg holds back, too',
    async run(t) {
      const [a, b] = await promptPair(t);
      await t.sendmsg(a, ['he', 'ad'], null, MSG_MORE);
      await t.poll([b, POLLIN]);
      await t.sendmsg(a, ['er', ' and body']);
      await t.until(b, POLLIN);
      await t.recv(b, 100);
    },
  },
  {
    name: 'recvmsg, readv and writev: pieces',
    async run(t) {
      const [a, b] = await promptPair(t);
      await t.writev(a, ['abc', '', 'defghi']);
      await t.until(b, POLLIN);
      await t.recvmsg(b, [2, 0, 3], MSG_PEEK);
      await t.recvmsg(b, [2, 0, 3]);
      await t.readv(b, [1, 10]);
      await t.readv(b, [0]);
      await t.writev(a, ['']);
      const all = t.recvmsg(b, [3, 4, 5], MSG_WAITALL);
      await t.send(a, '1234');
      await t.blocked(all);
      await t.send(a, '5678');
      await t.blocked(all);
      await t.send(a, '90123');
      await all;
      await t.recvmsg(b, [5], MSG_DONTWAIT);
      await t.recvmsg(b, [5], MSG_DONTWAIT);
      await t.recvmsg(b, [5], MSG_OOB);
      await t.close(a);
      await t.readv(b, [1, 2]);
    },
  },
  {
    name: 'readv, writev, recvmsg: no such descriptor, not connected',
    async run(t) {
      const fd = await t.tcp();
      await t.readv(fd, [1]);
      await t.readv(fd, []);
      await t.recvmsg(fd, [1]);
      await t.close(fd);
      await t.readv(fd, [1]);
      await t.readv(fd, []);
      await t.writev(fd, ['x']);
      await t.writev(fd, []);
      await t.recvmsg(fd, [1]);
    },
  },
  {
    name: 'MSG_WAITALL waits for all of it',
    async run(t) {
      const [a, b] = await promptPair(t);
      const received = t.recv(b, 10, MSG_WAITALL);
      await t.send(a, 'half');
      await t.blocked(received);
      await t.send(a, ' whole');
      await received;
    },
  },
  {
    name: 'MSG_WAITALL ends early at the end',
    async run(t) {
      const [a, b] = await t.pair();
      const received = t.recv(b, 100, MSG_WAITALL);
      await t.send(a, 'part');
      await t.close(a);
      await received;
      await t.recv(b, 10, MSG_WAITALL);
    },
  },
  {
    name: 'MSG_WAITALL on a non-blocking socket does not wait',
    async run(t) {
      const [a, b] = await t.pair();
      await t.nonblocking(b);
      await t.recv(b, 10, MSG_WAITALL);
      await t.send(a, 'part');
      await t.until(b, POLLIN);
      await t.recv(b, 10, MSG_WAITALL);
    },
  },
  {
    name: 'MSG_WAITALL ends at SO_RCVTIMEO with what there is',
    async run(t) {
      const [a, b] = await t.pair();
      await t.setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, { tvSec: 0, tvUsec: 30000 });
      await t.send(a, 'part');
      await t.until(b, POLLIN);
      await t.recv(b, 10, MSG_WAITALL);
      await t.recv(b, 10, MSG_WAITALL);
    },
  },
  {
    name: 'MSG_TRUNC throws TCP data away',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'abcdef');
      await t.until(b, POLLIN);
      await t.call('recv(b, 3, TRUNC)', t.api.recv(b, new Uint8Array(3), MSG_TRUNC));
      await t.recv(b, 10);
    },
  },
  {
    name: 'recvfrom on a connection names nobody',
    async run(t) {
      const [a, b] = await t.pair();
      await t.send(a, 'x');
      await t.recvfrom(b, 10);
    },
  },
  {
    name: 'sendto on a connection: the address does not matter',
    async run(t) {
      const [a, b] = await t.pair();
      await t.sendto(a, 'x', await t.refusing());
      await t.recv(b, 10);
    },
  },
  {
    name: 'sendmsg gathers',
    async run(t) {
      const [a, b] = await t.pair();
      await t.sendmsg(a, ['gath', '', 'er', 'ed']);
      await t.recv(b, 8, MSG_WAITALL);
      await t.sendmsg(a, []);
      await t.sendmsg(a, ['']);
      await t.poll([b, POLLIN]);
    },
  },
  {
    name: 'recv blocks until data comes',
    async run(t) {
      const [a, b] = await t.pair();
      const received = t.recv(b, 10);
      await t.blocked(received);
      await t.send(a, 'x');
      await received;
    },
  },
  {
    name: 'recv blocks until the peer closes',
    async run(t) {
      const [a, b] = await t.pair();
      const received = t.recv(b, 10);
      await t.blocked(received);
      await t.close(a);
      await received;
    },
  },
  {
    name: 'recv blocks until the own end is shut down',
    async run(t) {
      const [, b] = await t.pair();
      const received = t.recv(b, 10);
      await t.blocked(received);
      await t.shutdown(b, SHUT_RD);
      await received;
    },
  },
  {
    name: 'SO_RCVTIMEO ends the wait',
    async run(t) {
      const [a, b] = await t.pair();
      await t.setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, { tvSec: 0, tvUsec: 20000 });
      await t.recv(b, 10);
      await t.send(a, 'x');
      await t.recv(b, 10);
      await t.recv(b, 10);
    },
  },
  {
    name: 'more than a send buffer holds, received meanwhile',
    async run(t) {
      const [a, b] = await t.pair();
      const sent = t.send(a, pattern(300000));
      await t.recvAll(b, 300000);
      await sent;
    },
  },
  {
    name: 'a large piece arrives in order',
    async run(t) {
      const [a, b] = await t.pair();
      const sent = t.send(a, pattern(20000));
      await t.recv(b, 20000, MSG_WAITALL);
      await sent;
    },
  },
  {
    name: 'non-blocking send until EAGAIN, writable again when the peer has read',
    async run(t) {
      const [a, b] = await t.pair();
      await t.nonblocking(a);
      const n = await t.fill(a);
      await t.poll([a, POLLOUT]);
      await t.send(a, 'x');
      await t.recvAll(b, n);
      await t.until(a, POLLOUT);
      await t.send(a, 'x');
      await t.recv(b, 10);
    },
  },
  {
    name: 'send blocks until the peer reads',
    async run(t) {
      const [a, b] = await t.pair();
      const n = await t.fill(a);
      const sent = t.send(a, pattern(60000));
      await t.blocked(sent);
      await t.recvAll(b, n + 60000);
      await sent;
    },
  },
  {
    name: 'SO_SNDTIMEO ends the wait',
    async run(t) {
      const [a] = await t.pair();
      await t.fill(a);
      await t.setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, { tvSec: 0, tvUsec: 20000 });
      await t.send(a, 'x');
    },
  },
  {
    name: 'full buffers, then the peer goes: send fails',
    async run(t) {
      const [a, b] = await t.pair();
      await t.fill(a);
      const sent = t.send(a, 'x');
      await t.blocked(sent);
      await t.close(b);
      await sent;
      await t.send(a, 'x');
      await t.send(a, 'x');
    },
  },
  {
    name: 'both directions are independent',
    async run(t) {
      const [a, b] = await t.pair();
      const fromB = t.recv(a, 10);
      const fromA = t.recv(b, 10);
      await t.blocked(fromA, fromB);
      await t.send(a, 'to b');
      await fromA;
      await t.send(b, 'to a');
      await fromB;
    },
  },
]);
