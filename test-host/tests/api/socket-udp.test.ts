// UDP and RAW sockets.

import assert from 'node:assert/strict';
import { icmpEchoRequest } from '../../../firmware/stack/icmp/ping.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import type { Wait } from '../../../firmware/stack/core/sys.js';
import { at, bytes, eachWorld, ip, nobody, S, text, type Side } from './socket-world.js';

function sendto(side: Side, fd: number, what: string, to: S.SockaddrIn | null): number {
  return side.ok(S.sendto(side.s, fd, bytes(what), what.length, 0, to));
}

function bound(side: Side, port: number): number {
  const fd = side.udp();
  side.ok(S.bind(side.s, fd, at(0, port)));
  return fd;
}

describe('sockets: UDP', () => {
  const world = eachWorld();

  it('sends and receives datagrams, and tells where they come from', () => {
    const { a, b } = world();
    const server = bound(b, 7);
    const fd = a.udp();
    assert.equal(sendto(a, fd, 'one', at(b.ip, 7)), 3);
    sendto(a, fd, 'three', at(b.ip, 7));
    const buf = new Uint8Array(100);
    const from = nobody();
    assert.equal(b.ok(S.recvfrom(b.s, server, buf, 100, 0, from)), 3);
    const own = nobody();
    a.ok(S.getsockname(a.s, fd, own));
    assert.deepEqual(from, at(a.ip, own.sinPort));
    assert.ok(own.sinPort >= 49152);
    sendto(b, server, text(buf, 3), from);
    assert.equal(a.recv(fd), 'one');
    assert.equal(b.recv(server), 'three');
  });

  it('over loopback, and to INADDR_ANY', () => {
    const { a } = world();
    const server = bound(a, 7);
    const fd = a.udp();
    for (const to of ['127.0.0.1', '0.0.0.0', '10.0.0.1']) {
      sendto(a, fd, to, at(to, 7));
      assert.equal(a.recv(server), to);
    }
  });

  it('what does not fit is lost; MSG_TRUNC tells how much there was', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    const fd = a.udp();
    for (let i = 0; i < 3; i++) sendto(a, fd, 'too long', at(b.ip, 7));
    w.run(100);
    assert.equal(b.recv(server, 3), 'too');
    const buf = new Uint8Array(3);
    assert.equal(b.ok(S.recv(b.s, server, buf, 3, S.MSG_PEEK | S.MSG_TRUNC)), 8);
    assert.equal(b.ok(S.recv(b.s, server, buf, 3, S.MSG_TRUNC)), 8);
    assert.equal(text(buf), 'too');
    assert.equal(b.recv(server, 0), '');
    b.recvFails(server, S.EAGAIN, S.MSG_DONTWAIT);
  });

  it('empty datagrams are datagrams', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    const fd = a.udp();
    sendto(a, fd, '', at(b.ip, 7));
    sendto(a, fd, 'x', at(b.ip, 7));
    w.run(100);
    assert.equal(b.events(server), 'IN OUT');
    assert.equal(b.recv(server), '');
    assert.equal(b.recv(server), 'x');
  });

  it('MSG_MORE: what no memory is left for drops all of it, and close() what is held back', () => {
    const { a } = world();
    const fd = a.udp();
    a.ok(S.connect(a.s, fd, at('127.0.0.1', 9)));
    const piece = new Uint8Array(4000);
    const before = a.host.stack.mem.used;
    let n = 0;
    while (a.wait(S.send(a.s, fd, piece, piece.length, S.MSG_MORE)) > 0) n++;
    assert.equal(a.s.errno, S.ENOBUFS);
    assert.ok(n > 0);
    assert.equal(a.host.stack.mem.used, before);
    a.send(fd, 'held back', S.MSG_MORE);
    a.ok(S.closesocket(a.s, fd));
  });

  it('recvmsg and readv scatter, and MSG_TRUNC tells of a datagram that was cut', () => {
    const { a, b } = world();
    const server = bound(b, 7);
    const fd = a.udp();
    for (let i = 0; i < 3; i++) sendto(a, fd, 'one datagram', at(b.ip, 7));
    const parts = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(9)];
    const msg = { msgName: nobody(), msgIov: parts, msgFlags: -1 };
    assert.equal(b.ok(S.recvmsg(b.s, server, msg, 0)), 12);
    assert.deepEqual(
      parts.map((p) => text(p)),
      ['one', '', ' datagram'],
    );
    assert.equal(msg.msgFlags, 0);
    assert.equal(msg.msgName.sinAddr, ip(a.ip));
    msg.msgIov = [parts[0]!, new Uint8Array(4)];
    assert.equal(b.ok(S.recvmsg(b.s, server, msg, 0)), 7);
    assert.equal(text(msg.msgIov[1]!), ' dat');
    assert.equal(msg.msgFlags, S.MSG_TRUNC);
    assert.equal(b.ok(S.readv(b.s, server, [])), 0);
    assert.equal(b.ok(S.readv(b.s, server, parts)), 12);
    assert.equal(b.ok(S.read(b.s, server, parts[0]!, 0)), 0);
    b.fails(S.readv(b.s, 29, []), S.EBADF);
    b.fails(S.recvmsg(b.s, server, null as never, 0), S.EFAULT);
    b.fails(S.recvmsg(b.s, server, { ...msg, msgIov: [null as never] }, 0), S.EFAULT);
    assert.equal(b.ok(S.writev(b.s, server, [])), 0);
  });

  it('MSG_PEEK, FIONREAD', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    const n = { value: 9 };
    b.ok(S.ioctl(b.s, server, S.FIONREAD, n));
    assert.equal(n.value, 0);
    const fd = a.udp();
    sendto(a, fd, 'first', at(b.ip, 7));
    sendto(a, fd, 'second', at(b.ip, 7));
    assert.equal(b.recv(server, 9, S.MSG_PEEK), 'first');
    b.ok(S.ioctl(b.s, server, S.FIONREAD, n));
    assert.equal(n.value, 5);
    assert.equal(b.recv(server), 'first');
    assert.equal(b.recv(server), 'second');
  });

  it('connected: send() goes to the peer, and others are not heard', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    const fd = a.udp();
    a.sendFails(fd, S.EDESTADDRREQ);
    a.fails(S.getpeername(a.s, fd, nobody()), S.ENOTCONN);
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    const own = nobody();
    a.ok(S.getsockname(a.s, fd, own));
    assert.equal(own.sinAddr, at(a.ip, 0).sinAddr);
    const peer = nobody();
    a.ok(S.getpeername(a.s, fd, peer));
    assert.deepEqual(peer, at(b.ip, 7));
    a.send(fd, 'hello');
    assert.equal(b.recv(server), 'hello');
    const stranger = bound(b, 8);
    sendto(b, stranger, 'psst', own);
    sendto(b, server, 'answer', own);
    assert.equal(a.recv(fd), 'answer');
    sendto(a, fd, 'elsewhere', at(b.ip, 8));
    assert.equal(b.recv(stranger), 'elsewhere');
    w.run(100);
    assert.equal(a.error(fd), '');
  });

  it('connect() to AF_UNSPEC: from anybody again', () => {
    const { a, b } = world();
    const fd = a.udp();
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    a.ok(S.connect(a.s, fd, { sinFamily: S.AF_UNSPEC, sinPort: 0, sinAddr: 0 }));
    a.sendFails(fd, S.EDESTADDRREQ);
    const own = nobody();
    a.ok(S.getsockname(a.s, fd, own));
    assert.equal(own.sinAddr, 0);
    const stranger = bound(b, 8);
    sendto(b, stranger, 'psst', at(a.ip, own.sinPort));
    assert.equal(a.recv(fd), 'psst');
  });

  it('connected, and nobody there: ECONNREFUSED once, by whichever call comes first', () => {
    const w = world();
    const { a, b } = w;
    const fd = a.udp();
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    a.send(fd, 'x');
    w.run(100);
    assert.equal(a.events(fd), 'OUT ERR');
    a.recvFails(fd, S.ECONNREFUSED);
    a.recvFails(fd, S.EAGAIN, S.MSG_DONTWAIT);
    a.send(fd, 'x');
    w.run(100);
    a.sendFails(fd, S.ECONNREFUSED);
    a.send(fd, 'x');
    w.run(100);
    assert.equal(a.error(fd), 'ECONNREFUSED');
    assert.equal(a.error(fd), '');
    const waiting = a.call(S.recv(a.s, fd, new Uint8Array(9), 9, 0));
    a.send(fd, 'x');
    w.run(100);
    a.failed(waiting, S.ECONNREFUSED);
    const unconnected = a.udp();
    sendto(a, unconnected, 'x', at(b.ip, 7));
    w.run(100);
    assert.equal(a.events(unconnected), 'OUT');
  });

  it('too long: EMSGSIZE', () => {
    const { a } = world();
    const fd = a.udp();
    const buf = new Uint8Array(65536);
    for (const n of [65508, 65536]) a.fails(S.sendto(a.s, fd, buf, n, 0, at('127.0.0.1', 7)), S.EMSGSIZE);
  });

  it('wrong addresses', () => {
    const { a, b } = world();
    const fd = a.udp();
    const x = bytes('x');
    a.fails(S.sendto(a.s, fd, x, 1, 0, at(b.ip, 0)), S.EINVAL);
    a.fails(S.sendto(a.s, fd, x, 1, 0, { ...at(b.ip, 7), sinFamily: 10 }), S.EAFNOSUPPORT);
    a.fails(S.connect(a.s, fd, { ...at(b.ip, 7), sinFamily: 10 }), S.EAFNOSUPPORT);
    a.fails(S.sendto(a.s, fd, x, 1, S.MSG_OOB, at(b.ip, 7)), S.EOPNOTSUPP);
    assert.equal(a.ok(S.sendto(a.s, fd, x, 1, 0, { ...at(b.ip, 7), sinFamily: 0 })), 1);
  });

  it('broadcast needs SO_BROADCAST', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    const fd = a.udp();
    for (const to of ['255.255.255.255', '10.0.0.255']) {
      a.set(fd, S.SOL_SOCKET, S.SO_BROADCAST, 0);
      a.fails(S.sendto(a.s, fd, bytes('x'), 1, 0, at(to, 7)), S.EACCES);
      a.fails(S.connect(a.s, fd, at(to, 7)), S.EACCES);
      a.set(fd, S.SOL_SOCKET, S.SO_BROADCAST, 1);
      sendto(a, fd, to, at(to, 7));
      assert.equal(b.recv(server), to);
    }
  });

  it('no route: ENETUNREACH', () => {
    const { a } = world();
    const fd = a.udp();
    a.host.netif.gw = 0;
    a.host.stack.netifDefault = null;
    a.fails(S.sendto(a.s, fd, bytes('x'), 1, 0, at('192.0.2.1', 7)), S.ENETUNREACH);
    a.fails(S.connect(a.s, fd, at('192.0.2.1', 7)), S.ENETUNREACH);
    a.fails(S.connect(a.s, a.tcp(), at('192.0.2.1', 7)), S.ENETUNREACH);
  });

  it('shutdown: ENOTCONN for one without a peer, but it counts', () => {
    const w = world();
    const { a, b } = w;
    const fd = a.udp();
    const waiting = a.call(S.recv(a.s, fd, new Uint8Array(9), 9, 0));
    a.fails(S.shutdown(a.s, fd, S.SHUT_RD), S.ENOTCONN);
    w.run(1);
    assert.deepEqual([waiting.done, waiting.value], [true, 0]);
    assert.equal(a.events(fd), 'IN OUT RDHUP');
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    a.ok(S.shutdown(a.s, fd, S.SHUT_WR));
    assert.equal(a.events(fd), 'IN OUT HUP RDHUP');
    a.sendFails(fd, S.EPIPE);
    a.recvFails(fd, S.EAGAIN, S.MSG_DONTWAIT);
    assert.equal(a.recv(fd), '');
  });

  it('SO_RCVBUF limits what waits', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    b.set(server, S.SOL_SOCKET, S.SO_RCVBUF, 2000);
    const fd = a.udp();
    const buf = new Uint8Array(900);
    for (let i = 0; i < 4; i++) a.ok(S.sendto(a.s, fd, buf, 900, 0, at(b.ip, 7)));
    w.run(100);
    for (let i = 0; i < 2; i++) assert.equal(b.recv(server).length, 900);
    b.recvFails(server, S.EAGAIN, S.MSG_DONTWAIT);
  });

  it('sendmsg() makes one datagram of several pieces', () => {
    const { a, b } = world();
    const server = bound(b, 7);
    const fd = a.udp();
    const msg = {
      msgName: at(b.ip, 7),
      msgIov: [bytes('in '), bytes('three '), bytes('pieces')],
      msgFlags: 0,
    };
    assert.equal(a.ok(S.sendmsg(a.s, fd, msg, 0)), 15);
    assert.equal(b.recv(server), 'in three pieces');
  });

  it('a part of a longer array', () => {
    const { a, b } = world();
    const server = bound(b, 7);
    assert.equal(a.ok(S.sendto(a.s, a.udp(), bytes('abcdef'), 3, 0, at(b.ip, 7))), 3);
    assert.equal(b.recv(server), 'abc');
  });

  it('multicast: sent with its own TTL', () => {
    const w = world();
    const { a } = w;
    const fd = a.udp();
    const ttls: number[] = [];
    w.link.b.onFrame = (frame) => {
      if (frame[12] === 8 && frame[13] === 0) ttls.push(frame[22]!);
    };
    sendto(a, fd, 'x', at('239.1.2.3', 7));
    a.set(fd, S.IPPROTO_IP, S.IP_MULTICAST_TTL, 5);
    sendto(a, fd, 'x', at('239.1.2.3', 7));
    w.run(10);
    assert.deepEqual(ttls, [1, 5]);
  });
});

describe('sockets: RAW', () => {
  const world = eachWorld();

  function echoRequest(side: Side, seq: number): Uint8Array {
    const p = icmpEchoRequest(side.host.stack, 0x4242, seq, 8)!;
    const b = pbufBytes(p);
    pbufFree(p);
    return b;
  }

  it('an ICMP echo: sent without, received with its IP header', () => {
    const w = world();
    const { a, b } = w;
    const fd = a.ok(S.socket(a.s, S.AF_INET, S.SOCK_RAW, S.IPPROTO_ICMP));
    const request = echoRequest(a, 1);
    a.sendFails(fd, S.EDESTADDRREQ);
    assert.equal(a.ok(S.sendto(a.s, fd, request, request.length, 0, at(b.ip, 0))), 16);
    const buf = new Uint8Array(100);
    const from = nobody();
    assert.equal(a.ok(S.recvfrom(a.s, fd, buf, 100, 0, from)), 36);
    assert.deepEqual(from, at(b.ip, 0));
    assert.equal(buf[0], 0x45);
    assert.deepEqual([buf[20], buf[24], buf[25], buf[27]], [0, 0x42, 0x42, 1]);
    a.ok(S.connect(a.s, fd, at(b.ip, 0)));
    a.ok(S.send(a.s, fd, request, request.length, 0));
    assert.equal(a.ok(S.recv(a.s, fd, buf, 100, 0)), 36);
    assert.equal(a.events(fd), 'OUT');
  });

  it('the host goes on answering beside it', () => {
    const w = world();
    const { a, b } = w;
    const listening = b.ok(S.socket(b.s, S.AF_INET, S.SOCK_RAW, S.IPPROTO_ICMP));
    b.ok(S.bind(b.s, listening, at(b.ip, 0)));
    const fd = a.ok(S.socket(a.s, S.AF_INET, S.SOCK_RAW, S.IPPROTO_ICMP));
    const request = echoRequest(a, 2);
    a.ok(S.sendto(a.s, fd, request, request.length, 0, at(b.ip, 0)));
    assert.equal(a.recv(fd).length, 36);
    assert.equal(b.recv(listening).length, 36);
    const own = nobody();
    b.ok(S.getsockname(b.s, listening, own));
    assert.deepEqual(own, at(b.ip, S.IPPROTO_ICMP));
  });

  it('errors', () => {
    const { a, b } = world();
    const fd = a.ok(S.socket(a.s, S.AF_INET, S.SOCK_RAW, 253));
    a.fails(S.bind(a.s, fd, at('10.0.0.77', 0)), S.EADDRNOTAVAIL);
    a.fails(S.listen(a.s, fd, 1), S.EOPNOTSUPP);
    a.fails(S.accept(a.s, fd, null), S.EOPNOTSUPP);
    const big = new Uint8Array(65516);
    a.fails(S.sendto(a.s, fd, big, big.length, 0, at(b.ip, 0)), S.EMSGSIZE);
    a.recvFails(fd, S.EAGAIN, S.MSG_DONTWAIT);
  });
});

describe('sockets: multicast', () => {
  const world = eachWorld();
  const GROUP = '239.1.2.3';
  const mreq = (group: string, at: string): S.IpMreq => ({ imrMultiaddr: ip(group), imrInterface: ip(at) });

  it('joins, receives, leaves; closing leaves, too', () => {
    const w = world();
    const { a, b } = w;
    const server = bound(b, 7);
    const fd = a.udp();
    const heard = (): boolean => {
      sendto(a, fd, 'x', at(GROUP, 7));
      w.run(10);
      return b.wait(S.recv(b.s, server, new Uint8Array(1), 1, S.MSG_DONTWAIT)) === 1;
    };
    assert.equal(heard(), false);
    b.set(server, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, mreq(GROUP, '0.0.0.0'));
    assert.equal(heard(), true);
    b.fails(S.setsockopt(b.s, server, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, mreq(GROUP, b.ip)), S.EADDRINUSE);
    b.set(server, S.IPPROTO_IP, S.IP_DROP_MEMBERSHIP, mreq(GROUP, b.ip));
    assert.equal(heard(), false);
    b.fails(
      S.setsockopt(b.s, server, S.IPPROTO_IP, S.IP_DROP_MEMBERSHIP, mreq(GROUP, b.ip)),
      S.EADDRNOTAVAIL,
    );
    const other = b.udp();
    b.set(other, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, mreq(GROUP, b.ip));
    assert.equal(heard(), true, 'the host is in the group');
    b.close(other);
    assert.equal(heard(), false);
    b.set(server, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, mreq(GROUP, b.ip));
  });

  it('its own members hear it, unless IP_MULTICAST_LOOP is off', () => {
    const w = world();
    const { a } = w;
    const fd = bound(a, 7);
    a.set(fd, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, mreq(GROUP, '0.0.0.0'));
    sendto(a, fd, 'me', at(GROUP, 7));
    assert.equal(a.recv(fd), 'me');
    a.set(fd, S.IPPROTO_IP, S.IP_MULTICAST_LOOP, 0);
    sendto(a, fd, 'me', at(GROUP, 7));
    w.run(10);
    a.recvFails(fd, S.EAGAIN, S.MSG_DONTWAIT);
  });

  it('IP_MULTICAST_IF', () => {
    const { a, b } = world();
    const fd = a.udp();
    assert.equal(a.option(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF), 0);
    a.set(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, ip(a.ip));
    assert.equal(a.option(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF), ip(a.ip));
    a.fails(S.setsockopt(a.s, fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, ip(b.ip)), S.EADDRNOTAVAIL);
    a.fails(S.setsockopt(a.s, a.tcp(), S.IPPROTO_IP, S.IP_MULTICAST_IF, 0), S.EINVAL);
    a.set(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, 0);
  });

  it('errors', () => {
    const { a } = world();
    const fd = a.udp();
    const join = (fd: number, m: S.IpMreq): number | Wait =>
      S.setsockopt(a.s, fd, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, m);
    a.fails(join(fd, mreq('10.0.0.9', '0.0.0.0')), S.EINVAL);
    a.fails(join(fd, mreq(GROUP, '10.0.0.9')), S.ENODEV);
    a.fails(join(fd, mreq(GROUP, '127.0.0.1')), S.ENODEV);
    a.fails(join(a.tcp(), mreq(GROUP, '0.0.0.0')), S.EPROTO);
    const n = a.host.stack.opt.MEMP_NUM_IGMP_GROUP;
    for (let i = 1; i < n; i++) a.ok(join(fd, mreq('239.0.0.' + i, '0.0.0.0')));
    a.fails(join(fd, mreq(GROUP, '0.0.0.0')), S.ENOBUFS);
  });
});
