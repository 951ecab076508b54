// UDP: with and without a peer, errors that ICMP brings, sizes.

import {
  INADDR_ANY,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  POLLIN,
  SHUT_RD,
  SHUT_WR,
  SOL_SOCKET,
  SO_BROADCAST,
  SO_ERROR,
  SO_RCVTIMEO,
} from '../../../firmware/api/socket_defs.js';
import { at, nobody, pattern } from '../../kernel/tracer.js';
import { differential } from './differential.js';

differential('UDP', [
  {
    name: 'there and back, with the sender',
    async run(t) {
      const [a, b, , atB] = await t.udpPair();
      await t.sendto(a, 'ping', atB);
      await t.recvfrom(b, 100);
      await t.sendto(b, 'pong', at(await t.portOf(a)));
      await t.recvfrom(a, 100);
    },
  },
  {
    name: 'the first sendto takes a port',
    async run(t) {
      const b = await t.bound(t.udp());
      const a = await t.udp();
      await t.getsockname(a);
      await t.sendto(a, 'x', at(await t.portOf(b)));
      const port = await t.portOf(a);
      t.lines.push(port > 0 ? 'has a port' : 'has none');
      await t.recvfrom(b, 10);
    },
  },
  {
    name: 'connect takes an address and a port',
    async run(t) {
      const b = await t.bound(t.udp());
      const a = await t.udp();
      await t.connect(a, at(await t.portOf(b)));
      await t.getsockname(a);
      await t.getpeername(a);
    },
  },
  {
    name: 'connected: send and recv',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'x');
      await t.recv(b, 10);
      await t.send(b, 'y');
      await t.recvfrom(a, 10);
    },
  },
  {
    name: 'connected: strangers are not heard',
    async run(t) {
      const [a, b] = await t.udpConnected();
      const stranger = await t.bound(t.udp());
      await t.sendto(stranger, 'stranger', at(await t.portOf(a)));
      await t.poll([a, POLLIN]);
      await t.send(b, 'friend');
      await t.recv(a, 100);
      await t.recv(a, 100, MSG_DONTWAIT);
    },
  },
  {
    name: 'connected: sendto elsewhere goes elsewhere',
    async run(t) {
      const [a, b] = await t.udpConnected();
      const other = await t.bound(t.udp());
      await t.sendto(a, 'elsewhere', at(await t.portOf(other)));
      await t.recvfrom(other, 100);
      await t.sendto(a, 'null', null);
      await t.recv(b, 100);
    },
  },
  {
    name: 'connected: a datagram from before connect is still there',
    async run(t) {
      const [a, b, atA, atB] = await t.udpPair();
      const stranger = await t.bound(t.udp());
      await t.sendto(stranger, 'earlier', atA);
      await t.until(a, POLLIN);
      await t.connect(a, atB);
      await t.recv(a, 100, MSG_DONTWAIT);
      await t.sendto(b, 'later', atA);
      await t.recv(a, 100);
    },
  },
  {
    name: 'connect again: another peer',
    async run(t) {
      const [a, b, atA, atB] = await t.udpPair();
      const c = await t.bound(t.udp());
      const atC = at(await t.portOf(c));
      await t.connect(a, atB);
      await t.connect(a, atC);
      await t.getpeername(a);
      await t.send(a, 'x');
      await t.recv(c, 10);
      await t.sendto(b, 'left behind', atA);
      await t.poll([a, POLLIN]);
    },
  },
  {
    name: 'connect to AF_UNSPEC: without a peer again',
    async run(t) {
      const [a] = await t.udpConnected();
      await t.connect(a, nobody());
      await t.getpeername(a);
      await t.send(a, 'x');
      const stranger = await t.bound(t.udp());
      await t.sendto(a, 'x', at(await t.portOf(stranger)));
      await t.recv(stranger, 10);
      await t.sendto(stranger, 'stranger', at(await t.portOf(a)));
      await t.recv(a, 100);
    },
  },
  {
    name: 'connect to AF_UNSPEC without bind: the port goes, too',
    async run(t) {
      const b = await t.bound(t.udp());
      const a = await t.udp();
      await t.connect(a, at(await t.portOf(b)));
      await t.connect(a, nobody());
      await t.getsockname(a);
    },
  },
  {
    name: 'connect to AF_UNSPEC after bind to port 0: the address stays, the port goes',
    async run(t) {
      const [a] = await t.udpConnected();
      await t.getsockname(a);
      await t.connect(a, nobody());
      await t.getsockname(a);
    },
  },
  {
    name: 'connect to AF_UNSPEC after bind to a port of all addresses: the address goes, the port stays',
    async run(t) {
      const { sinPort } = await t.deserted();
      const a = await t.udp();
      await t.bind(a, at(sinPort, INADDR_ANY));
      await t.connect(a, await t.deserted());
      await t.getsockname(a);
      await t.connect(a, nobody());
      await t.getsockname(a);
    },
  },
  {
    name: 'connect to AF_UNSPEC after bind to an address and a port: both stay',
    async run(t) {
      const a = await t.udp();
      await t.bind(a, await t.deserted());
      await t.connect(a, await t.deserted());
      await t.connect(a, nobody());
      await t.getsockname(a);
    },
  },
  {
    name: 'send without a peer',
    async run(t) {
      const fd = await t.udp();
      await t.send(fd, 'x');
      await t.sendmsg(fd, ['x']);
      await t.sendto(fd, 'x', null);
    },
  },
  {
    name: 'send without a peer takes a port nevertheless',
    async run(t) {
      const fd = await t.udp();
      await t.send(fd, 'x');
      const stranger = await t.bound(t.udp());
      await t.sendto(stranger, 'psst', at(await t.portOf(fd)));
      await t.recv(fd, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'send to port 0',
    async run(t) {
      await t.sendto(await t.udp(), 'x', at(0));
    },
  },
  {
    name: 'send to another family, and to none',
    async run(t) {
      const b = await t.bound(t.udp());
      const addr = at(await t.portOf(b));
      const a = await t.udp();
      await t.sendto(a, 'x', { ...addr, sinFamily: 10 });
      await t.sendto(a, 'x', { ...addr, sinFamily: 0 });
      await t.recv(b, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'to oneself',
    async run(t) {
      const a = await t.bound(t.udp());
      await t.sendto(a, 'self', at(await t.portOf(a)));
      await t.recvfrom(a, 10);
    },
  },
  {
    name: 'to the wildcard address means this host',
    async run(t) {
      const b = await t.bound(t.udp(), INADDR_ANY);
      const a = await t.bound(t.udp());
      await t.sendto(a, 'x', at(await t.portOf(b), 0));
      await t.recvfrom(b, 10);
    },
  },
  {
    name: 'refused: connected, told by recv',
    async run(t) {
      const fd = await t.udp();
      await t.connect(fd, await t.deserted());
      await t.send(fd, 'x');
      await t.until(fd, 0);
      await t.recv(fd, 10);
      await t.recv(fd, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'refused: connected, told by send',
    async run(t) {
      const fd = await t.udp();
      await t.connect(fd, await t.deserted());
      await t.send(fd, 'x');
      await t.until(fd, 0);
      await t.send(fd, 'x');
      await t.poll([fd, 0]);
      await t.send(fd, 'x');
      await t.until(fd, 0);
    },
  },
  {
    name: 'refused: connected, told by SO_ERROR',
    async run(t) {
      const fd = await t.udp();
      await t.connect(fd, await t.deserted());
      await t.send(fd, 'x');
      await t.until(fd, 0);
      await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
      await t.getsockopt(fd, SOL_SOCKET, SO_ERROR);
      await t.recv(fd, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'refused: not connected, nobody is told',
    async run(t) {
      const fd = await t.bound(t.udp());
      await t.sendto(fd, 'x', await t.deserted());
      await t.poll([fd, POLLIN]);
      await t.sendto(fd, 'x', await t.deserted());
      await t.recv(fd, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'refused: a blocked recv ends',
    async run(t) {
      const fd = await t.udp();
      await t.connect(fd, await t.deserted());
      const received = t.recv(fd, 10);
      await t.blocked(received);
      await t.send(fd, 'x');
      await received;
    },
  },
  {
    name: 'refused: the error comes before data that waits',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(b, 'data');
      await t.until(a, POLLIN);
      await t.close(b);
      await t.send(a, 'x');
      await t.until(a, 0);
      await t.recv(a, 10);
      await t.recv(a, 10);
      await t.recv(a, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'a datagram that is too long for the room is cut',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'abcdefghij');
      await t.recv(b, 4);
      await t.recv(b, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'MSG_TRUNC tells the whole length',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'abcdefghij');
      await t.recv(b, 4, MSG_TRUNC | MSG_PEEK);
      await t.recv(b, 4, MSG_TRUNC);
      await t.recv(b, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'datagrams keep their bounds, MSG_WAITALL or not',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'one');
      await t.send(a, 'two');
      await t.recv(b, 100, MSG_WAITALL);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_PEEK leaves the datagram',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'one');
      await t.send(a, 'two');
      await t.recvfrom(b, 2, MSG_PEEK);
      await t.recvfrom(b, 100, MSG_PEEK);
      await t.recvfrom(b, 100);
      await t.recvfrom(b, 100);
    },
  },
  {
    name: 'empty datagrams',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, '');
      await t.until(b, POLLIN);
      await t.fionread(b);
      await t.recvfrom(b, 100);
      await t.recvfrom(b, 100, MSG_DONTWAIT);
    },
  },
  {
    name: 'recv into no room takes the datagram',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'gone');
      await t.send(a, 'next');
      await t.recv(b, 0);
      await t.recv(b, 10);
    },
  },
  {
    name: 'FIONREAD is the first datagram',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.fionread(b);
      await t.send(a, 'abc');
      await t.send(a, 'defgh');
      await t.fionread(b);
      await t.recv(b, 1);
      await t.fionread(b);
    },
  },
  {
    name: 'as much as the MTU of Ethernet holds, and a little more',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, new Uint8Array(1472).fill(1));
      await t.recv(b, 2000);
      await t.send(a, new Uint8Array(1473).fill(2));
      await t.recv(b, 2000);
    },
  },
  {
    name: 'more than a datagram can be',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, new Uint8Array(65508));
      await t.send(a, new Uint8Array(70000));
      await t.sendto(b, new Uint8Array(100000), at(await t.portOf(a)));
      await t.poll([b, POLLIN]);
    },
  },
  {
    name: 'sendmsg gathers one datagram',
    async run(t) {
      const [a, b, , atB] = await t.udpPair();
      await t.sendmsg(a, ['one ', 'datagram'], atB);
      await t.sendmsg(a, [], atB);
      await t.recv(b, 100);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE makes one datagram of several sends',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'one ', MSG_MORE);
      await t.poll([b, POLLIN]);
      await t.send(a, 'datagram');
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE: pieces of all kinds, the addresses after the first do not count',
    async run(t) {
      const [a, b, , atB] = await t.udpPair();
      await t.sendto(a, '', atB, MSG_MORE);
      await t.sendto(a, 'three', atB, MSG_MORE);
      await t.sendto(a, 'x', at(0), MSG_MORE);
      await t.sendmsg(a, ['odd', '', ' and even'], null, MSG_MORE);
      await t.fionread(b);
      await t.sendto(a, '', null);
      await t.recv(b, 100);
      await t.sendto(a, 'the next', null);
      await t.sendto(a, 'the next', atB);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE: sendmsg holds its pieces back',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.sendmsg(a, ['one ', 'data'], null, MSG_MORE);
      await t.sendmsg(a, ['gr', 'am']);
      await t.recv(b, 100);
    },
  },
  {
    name: 'MSG_MORE: an address is looked at, and an error told, with the first piece',
    async run(t) {
      const fd = await t.udp();
      await t.send(fd, 'x', MSG_MORE);
      await t.connect(fd, await t.deserted());
      await t.send(fd, 'x');
      await t.until(fd, 0);
      await t.send(fd, 'x', MSG_MORE);
      await t.send(fd, 'x', MSG_MORE);
      await t.send(fd, 'x');
      await t.until(fd, 0);
    },
  },
  {
    name: 'MSG_MORE: too much of it, and all is dropped',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, pattern(60000), MSG_MORE);
      await t.send(a, pattern(5508), MSG_MORE);
      await t.send(a, 'another');
      await t.recv(b, 100);
      await t.send(a, pattern(60000), MSG_MORE);
      await t.send(a, pattern(5507));
      await t.recv(b, 70000);
    },
  },
  {
    name: 'MSG_MORE, then shutdown, connect to another, and close',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.send(a, 'held ', MSG_MORE);
      const other = await t.bound(t.udp());
      await t.connect(a, at(await t.portOf(other)));
      await t.shutdown(a, SHUT_WR);
      await t.send(a, 'back');
      await t.recv(b, 100, MSG_DONTWAIT);
      await t.recv(other, 100);
      await t.send(b, 'held', MSG_MORE);
      await t.close(b);
    },
  },
  {
    name: 'recvmsg scatters a datagram, and tells when it was cut',
    async run(t) {
      const [a, b, , atB] = await t.udpPair();
      for (let i = 0; i < 5; i++) await t.sendto(a, 'one datagram', atB);
      await t.recvmsg(b, [4, 0, 20]);
      await t.recvmsg(b, [4, 8], MSG_PEEK);
      await t.recvmsg(b, [3, 5], MSG_PEEK);
      await t.recvmsg(b, [3, 5], MSG_PEEK | MSG_TRUNC);
      await t.recvmsg(b, [3, 5]);
      await t.recvmsg(b, []);
      await t.recvmsg(b, [5], MSG_TRUNC);
      await t.recvmsg(b, [5], MSG_WAITALL);
      await t.recvmsg(b, [5], MSG_DONTWAIT);
      await t.recvmsg(b, [5], MSG_OOB | MSG_DONTWAIT);
    },
  },
  {
    name: 'readv, writev',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.writev(a, ['one ', '', 'datagram']);
      await t.writev(a, ['', '']);
      await t.writev(a, []);
      await t.readv(b, [0, 0]);
      await t.readv(b, []);
      await t.readv(b, [2, 3, 4]);
      const received = t.readv(b, [2, 3, 4]);
      await t.blocked(received);
      await t.writev(a, ['later']);
      await received;
    },
  },
  {
    name: 'a broadcast needs SO_BROADCAST',
    async run(t) {
      const fd = await t.bound(t.udp());
      await t.sendto(fd, 'x', at(9, 0x7fffffff));
      await t.connect(fd, at(9, 0x7fffffff));
      await t.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1);
      await t.sendto(fd, 'x', at(9, 0x7fffffff));
      await t.connect(fd, at(9, 0x7fffffff));
    },
  },
  {
    name: 'recv blocks until a datagram comes',
    async run(t) {
      const [a, b] = await t.udpConnected();
      const received = t.recv(b, 10);
      await t.blocked(received);
      await t.send(a, 'x');
      await received;
    },
  },
  {
    name: 'recv without bind blocks until its time limit',
    async run(t) {
      const fd = await t.udp();
      await t.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { tvSec: 0, tvUsec: 10000 });
      await t.recv(fd, 10);
      await t.getsockname(fd);
    },
  },
  {
    name: 'non-blocking',
    async run(t) {
      const [a, b] = await t.udpConnected();
      await t.nonblocking(b);
      await t.recv(b, 10);
      await t.send(a, 'x');
      await t.until(b, POLLIN);
      await t.recv(b, 10);
      await t.recv(b, 10);
    },
  },
  {
    name: 'shutdown RD: a blocked recv ends',
    async run(t) {
      const [a, b] = await t.udpConnected();
      const received = t.recv(b, 10);
      await t.blocked(received);
      await t.shutdown(b, SHUT_RD);
      await received;
      await t.send(a, 'late');
      await t.recv(b, 10, MSG_DONTWAIT);
      await t.recv(b, 10, MSG_DONTWAIT);
    },
  },
  {
    name: 'shutdown RD without a peer: a blocked recv ends, too',
    async run(t) {
      const a = await t.bound(t.udp());
      const received = t.recv(a, 10);
      await t.blocked(received);
      await t.shutdown(a, SHUT_RD);
      await received;
    },
  },
  {
    name: "connect to TCP's port number",
    async run(t) {
      const l = await t.listener();
      const fd = await t.udp();
      await t.connect(fd, l.addr);
      await t.send(fd, 'x');
      await t.until(fd, 0);
      await t.recv(fd, 10);
    },
  },
  {
    name: 'several datagrams in their order, from several senders',
    async run(t) {
      const [a, b, atA] = await t.udpPair();
      const c = await t.bound(t.udp());
      await t.sendto(b, '1', atA);
      await t.sendto(c, '2', atA);
      await t.sendto(b, '3', atA);
      await t.recvfrom(a, 10);
      await t.recvfrom(a, 10);
      await t.recvfrom(a, 10);
    },
  },
]);
