// TCP sockets: connecting, sending, receiving, the ends of a connection, and what poll() tells of each state. The results
// are those of Linux.

import assert from 'node:assert/strict';
import { at, bytes, eachWorld, nobody, S, text } from './socket-world.js';

describe('sockets: TCP', () => {
  const world = eachWorld();

  it('connects, accepts, tells the addresses, sends and receives both ways', () => {
    const { a, b } = world();
    const listener = b.listener(7);
    const fd = a.tcp();
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    const from = nobody();
    const peer = b.ok(S.accept(b.s, listener, from));
    const own = nobody();
    a.ok(S.getsockname(a.s, fd, own));
    assert.deepEqual(from, own);
    assert.equal(own.sinAddr, at(a.ip, 0).sinAddr);
    const other = nobody();
    a.ok(S.getpeername(a.s, fd, other));
    assert.deepEqual(other, at(b.ip, 7));
    b.ok(S.getsockname(b.s, peer, other));
    assert.deepEqual(other, at(b.ip, 7));
    b.ok(S.getpeername(b.s, peer, other));
    assert.deepEqual(other, own);
    a.send(fd, 'hello');
    assert.equal(b.recv(peer), 'hello');
    b.ok(S.write(b.s, peer, bytes('world'), 5));
    const buf = new Uint8Array(5);
    assert.equal(a.ok(S.read(a.s, fd, buf, 5)), 5);
    assert.equal(text(buf), 'world');
  });

  it('connects over loopback, and to INADDR_ANY', () => {
    const { a } = world();
    const listener = a.listener(7);
    for (const to of ['127.0.0.1', '0.0.0.0', '10.0.0.1']) {
      const fd = a.tcp();
      a.ok(S.connect(a.s, fd, at(to, 7)));
      const peer = a.ok(S.accept(a.s, listener, null));
      a.send(fd, to);
      assert.equal(a.recv(peer), to);
      a.close(fd);
      assert.equal(a.recv(peer), '');
      a.close(peer);
    }
  });

  it('a connection refused is told once; the socket can be used again', () => {
    const { a, b } = world();
    const fd = a.tcp();
    a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.ECONNREFUSED);
    assert.equal(a.error(fd), '');
    assert.equal(a.events(fd), 'OUT HUP');
    a.fails(S.connect(a.s, fd, at(b.ip, 0)), S.ECONNREFUSED);
    b.listener(7);
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EISCONN);
  });

  it('nobody answers: ETIMEDOUT', () => {
    const { a } = world();
    const fd = a.tcp();
    a.fails(S.connect(a.s, fd, at('10.0.0.99', 7)), S.ETIMEDOUT, 600);
    assert.equal(a.events(fd), 'OUT HUP');
  });

  it('SO_SNDTIMEO ends the wait of connect(), which goes on', () => {
    const w = world();
    const { a, b } = w;
    b.listener(7);
    const fd = a.tcp();
    w.link.setLoss(1);
    a.set(fd, S.SOL_SOCKET, S.SO_SNDTIMEO, { tvSec: 0, tvUsec: 500_000 });
    a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EINPROGRESS, 0.6);
    a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EALREADY, 0.6);
    w.link.setLoss(0);
    w.run(10_000);
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EISCONN);
  });

  describe('connecting without waiting', () => {
    it('EINPROGRESS, EALREADY, then writable, 0, and EISCONN', () => {
      const w = world();
      const { a, b } = w;
      b.listener(7);
      const fd = a.nonblock(a.tcp());
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EINPROGRESS);
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EALREADY);
      assert.equal(a.events(fd), '');
      a.recvFails(fd, S.EAGAIN);
      a.sendFails(fd, S.EAGAIN);
      a.fails(S.getpeername(a.s, fd, nobody()), S.ENOTCONN);
      const fds = [{ fd, events: S.POLLOUT, revents: 0 }];
      assert.equal(a.ok(S.poll(a.s, fds, -1)), 1);
      assert.equal(fds[0]!.revents, S.POLLOUT);
      assert.equal(a.error(fd), '');
      a.ok(S.connect(a.s, fd, at(b.ip, 7)));
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EISCONN);
    });

    it('refused: poll() tells everything, SO_ERROR why, once', () => {
      const w = world();
      const { a, b } = w;
      const fd = a.nonblock(a.tcp());
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EINPROGRESS);
      w.run(100);
      assert.equal(a.events(fd), 'IN OUT ERR HUP RDHUP');
      assert.equal(a.error(fd), 'ECONNREFUSED');
      assert.equal(a.events(fd), 'IN OUT HUP RDHUP');
      assert.equal(a.error(fd), '');
      a.sendFails(fd, S.EPIPE);
      assert.equal(a.recv(fd), '');
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.ECONNABORTED);
      assert.equal(a.events(fd), 'OUT HUP');
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EINPROGRESS);
      w.run(100);
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.ECONNREFUSED);
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EINPROGRESS);
      w.run(100);
      a.recvFails(fd, S.ECONNREFUSED);
      assert.equal(a.recv(fd), '');
    });

    it('a send that waits for the connection', () => {
      const w = world();
      const { a, b } = w;
      const listener = b.listener(7);
      const fd = a.nonblock(a.tcp());
      a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.EINPROGRESS);
      a.ok(S.fcntl(a.s, fd, S.F_SETFL, 0));
      a.send(fd, 'early');
      assert.equal(b.recv(b.ok(S.accept(b.s, listener, null))), 'early');
    });
  });

  it('a socket that is not connected: ENOTCONN, EPIPE, OUT HUP', () => {
    const { a } = world();
    const fd = a.tcp();
    assert.equal(a.events(fd), 'OUT HUP');
    a.recvFails(fd, S.ENOTCONN);
    a.recvFails(fd, S.ENOTCONN, S.MSG_PEEK);
    a.sendFails(fd, S.EPIPE);
    a.fails(S.getpeername(a.s, fd, nobody()), S.ENOTCONN);
    a.fails(S.shutdown(a.s, fd, S.SHUT_RDWR), S.ENOTCONN);
    a.fails(S.accept(a.s, fd, null), S.EINVAL);
    const own = at('1.2.3.4', 5);
    a.ok(S.getsockname(a.s, fd, own));
    assert.deepEqual(own, nobody());
  });

  it('a listener: no data, no peer, IN with a connection waiting', () => {
    const w = world();
    const { a, b } = w;
    const listener = b.listener(7);
    assert.equal(b.events(listener), '');
    b.recvFails(listener, S.ENOTCONN);
    b.sendFails(listener, S.EPIPE);
    b.fails(S.getpeername(b.s, listener, nobody()), S.ENOTCONN);
    b.fails(S.connect(b.s, listener, at(a.ip, 7)), S.EISCONN);
    b.fails(S.ioctl(b.s, listener, S.FIONREAD, { value: 0 }), S.EINVAL);
    assert.equal(b.option(listener, S.SOL_SOCKET, S.SO_ACCEPTCONN), 1);
    b.nonblock(listener);
    b.fails(S.accept(b.s, listener, null), S.EAGAIN);
    a.ok(S.connect(a.s, a.tcp(), at(b.ip, 7)));
    w.run(10);
    assert.equal(b.events(listener), 'IN');
    const fd = b.ok(S.accept(b.s, listener, null));
    assert.equal(b.events(listener), '');
    assert.equal(b.ok(S.fcntl(b.s, fd, S.F_GETFL, 0)), S.O_RDWR, 'O_NONBLOCK is not inherited');
  });

  it('a listener that is shut down for receiving listens no longer, and can again', () => {
    const w = world();
    const { a, b } = w;
    const listener = b.listener(7);
    const waiting = b.call(S.accept(b.s, listener, null));
    b.ok(S.shutdown(b.s, listener, S.SHUT_WR));
    assert.equal(waiting.done, false);
    b.ok(S.shutdown(b.s, listener, S.SHUT_RD));
    w.run(1);
    b.failed(waiting, S.EINVAL);
    a.fails(S.connect(a.s, a.tcp(), at(b.ip, 7)), S.ECONNREFUSED);
    b.ok(S.listen(b.s, listener, 1));
    a.ok(S.connect(a.s, a.tcp(), at(b.ip, 7)));
  });

  it('closed by the peer: the data, then 0 for ever; sending goes once, then EPIPE', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    b.send(c.b, 'last words');
    b.close(c.b);
    w.run(100);
    assert.equal(a.events(c.a), 'IN OUT RDHUP');
    assert.equal(a.recv(c.a, 4), 'last');
    assert.equal(a.recv(c.a), ' words');
    for (let i = 0; i < 3; i++) assert.equal(a.recv(c.a), '');
    a.send(c.a, 'is anybody there?');
    w.run(100);
    assert.equal(a.events(c.a), 'IN OUT ERR HUP RDHUP');
    assert.equal(a.recv(c.a), '', 'the end stays the end');
    a.sendFails(c.a, S.EPIPE);
    a.sendFails(c.a, S.EPIPE);
    assert.equal(a.error(c.a), '');
    a.fails(S.getpeername(a.s, c.a, nobody()), S.ENOTCONN);
    a.fails(S.shutdown(a.s, c.a, S.SHUT_RD), S.ENOTCONN);
  });

  it('reset: the data, ECONNRESET once, then 0 and EPIPE', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    b.send(c.b, 'before');
    w.run(100);
    b.set(c.b, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 0 });
    b.close(c.b);
    w.run(100);
    assert.equal(a.events(c.a), 'IN OUT ERR HUP RDHUP');
    assert.equal(a.recv(c.a), 'before');
    a.recvFails(c.a, S.ECONNRESET);
    assert.equal(a.recv(c.a), '');
    a.sendFails(c.a, S.EPIPE);
    a.fails(S.connect(a.s, c.a, at(b.ip, 7)), S.EISCONN);
  });

  it('reset: send() may be the one to hear of it, and SO_ERROR', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    b.set(c.b, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 0 });
    b.close(c.b);
    w.run(100);
    a.sendFails(c.a, S.ECONNRESET);
    a.sendFails(c.a, S.EPIPE);
    assert.equal(a.recv(c.a), '');
    const d = a.tcp();
    a.ok(S.connect(a.s, d, at(b.ip, 7)));
    const e = b.ok(S.accept(b.s, c.listener, null));
    b.set(e, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 0 });
    b.close(e);
    w.run(100);
    assert.equal(a.error(d), 'ECONNRESET');
    assert.equal(a.error(d), '');
  });

  it('a connection that is reset before accept() is accepted, and tells then', () => {
    const w = world();
    const { a, b } = w;
    const listener = b.listener(7);
    const fd = a.tcp();
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    a.set(fd, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 0 });
    a.close(fd);
    w.run(100);
    const from = nobody();
    const peer = b.ok(S.accept(b.s, listener, from));
    assert.equal(from.sinAddr, at(a.ip, 0).sinAddr);
    b.recvFails(peer, S.ECONNRESET);
  });

  it('closing with data unread resets the peer', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    a.send(c.a, 'unread');
    w.run(100);
    b.close(c.b);
    w.run(100);
    a.recvFails(c.a, S.ECONNRESET);
  });

  describe('shutdown', () => {
    it('SHUT_WR: the peer hears the end, and still sends', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      a.send(c.a, 'question');
      a.ok(S.shutdown(a.s, c.a, S.SHUT_WR));
      a.ok(S.shutdown(a.s, c.a, S.SHUT_WR));
      a.sendFails(c.a, S.EPIPE);
      assert.equal(b.recv(c.b), 'question');
      assert.equal(b.recv(c.b), '');
      assert.equal(b.events(c.b), 'IN OUT RDHUP');
      assert.equal(a.events(c.a), 'OUT');
      b.send(c.b, 'answer');
      b.close(c.b);
      assert.equal(a.recv(c.a), 'answer');
      assert.equal(a.recv(c.a), '');
      w.run(100);
      assert.equal(a.events(c.a), 'IN OUT HUP RDHUP');
      a.fails(S.getpeername(a.s, c.a, nobody()), S.ENOTCONN);
    });

    it('SHUT_RD: what has come, then 0; what comes later is received all the same', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      b.send(c.b, 'old');
      w.run(100);
      a.ok(S.shutdown(a.s, c.a, S.SHUT_RD));
      assert.equal(a.recv(c.a), 'old');
      assert.equal(a.recv(c.a), '');
      assert.equal(a.events(c.a), 'IN OUT RDHUP');
      b.send(c.b, 'new');
      w.run(100);
      assert.equal(a.recv(c.a), 'new');
      a.send(c.a, 'still sends');
      assert.equal(b.recv(c.b), 'still sends');
    });

    it('wakes who receives or sends', () => {
      const w = world();
      const { a } = w;
      const c = w.connection();
      const reading = a.call(S.recv(a.s, c.a, new Uint8Array(9), 9, 0));
      const big = new Uint8Array(100_000);
      const writing = a.call(S.send(a.s, c.a, big, big.length, 0));
      w.run(100);
      assert.equal(reading.done || writing.done, false);
      a.ok(S.shutdown(a.s, c.a, S.SHUT_RDWR));
      w.run(1);
      assert.equal(reading.value, 0);
      assert.ok(reading.done && writing.done && writing.value > 5000);
      assert.equal(a.events(c.a), 'IN OUT HUP RDHUP');
    });

    it('of a connection that is being made', () => {
      const w = world();
      const { a, b } = w;
      w.link.setLoss(1);
      const fd = a.tcp();
      const connecting = a.call(S.connect(a.s, fd, at(b.ip, 7)));
      w.run(100);
      a.ok(S.shutdown(a.s, fd, S.SHUT_WR));
      w.run(1);
      a.failed(connecting, S.ECONNRESET);
      assert.equal(a.events(fd), 'OUT HUP');
    });
  });

  it('connect() to AF_UNSPEC ends a connection, and another can be made', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    b.send(c.b, 'lost');
    w.run(10);
    a.ok(S.connect(a.s, c.a, { sinFamily: S.AF_UNSPEC, sinPort: 0, sinAddr: 0 }));
    assert.equal(a.events(c.a), 'OUT HUP');
    w.run(10);
    b.recvFails(c.b, S.ECONNRESET);
    a.ok(S.connect(a.s, c.a, at(b.ip, 7)));
    const e = b.ok(S.accept(b.s, c.listener, null));
    a.send(c.a, 'again');
    assert.equal(b.recv(e), 'again');
  });

  describe('flags', () => {
    it('MSG_PEEK leaves the data, also across packets', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      a.set(c.a, S.IPPROTO_TCP, S.TCP_NODELAY, 1);
      a.send(c.a, 'one ');
      a.send(c.a, 'two');
      w.run(100);
      assert.equal(b.recv(c.b, 6, S.MSG_PEEK), 'one tw');
      assert.equal(b.recv(c.b, 99, S.MSG_PEEK), 'one two');
      const n = { value: 0 };
      b.ok(S.ioctl(b.s, c.b, S.FIONREAD, n));
      assert.equal(n.value, 7);
      assert.equal(b.recv(c.b, 2), 'on');
      assert.equal(b.recv(c.b, 99, S.MSG_PEEK), 'e two');
      assert.equal(b.recv(c.b), 'e two');
      b.recvFails(c.b, S.EAGAIN, S.MSG_PEEK | S.MSG_DONTWAIT);
    });

    it('MSG_DONTWAIT: EAGAIN, and a short count', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      b.recvFails(c.b, S.EAGAIN, S.MSG_DONTWAIT);
      const big = new Uint8Array(100_000);
      const n = a.ok(S.send(a.s, c.a, big, big.length, S.MSG_DONTWAIT));
      assert.ok(n > 0 && n <= a.host.stack.opt.TCP_SND_BUF, `${n}`);
      w.run(5000);
      while (a.wait(S.send(a.s, c.a, big, big.length, S.MSG_DONTWAIT)) > 0);
      assert.equal(a.s.errno, S.EAGAIN);
      assert.equal(a.events(c.a), '');
    });

    it('MSG_WAITALL waits for all of it, or the end', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      const buf = new Uint8Array(6000);
      const all = b.call(S.recv(b.s, c.b, buf, 6000, S.MSG_WAITALL));
      const part = new Uint8Array(2000).map((_, i) => i);
      for (let i = 0; i < 3; i++) {
        w.run(100);
        assert.equal(all.done, false);
        a.ok(S.send(a.s, c.a, part, 2000, 0));
      }
      w.run(1000);
      assert.equal(all.value, 6000);
      assert.deepEqual(buf.subarray(4000), part);
      const rest = b.call(S.recv(b.s, c.b, buf, 6000, S.MSG_WAITALL));
      a.send(c.a, 'end');
      w.run(100);
      assert.equal(rest.done, false);
      a.close(c.a);
      w.run(100);
      assert.equal(rest.value, 3);
      assert.equal(b.recv(c.b), '');
    });

    it('MSG_WAITALL with MSG_PEEK, MSG_DONTWAIT', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      const buf = new Uint8Array(6);
      const all = b.call(S.recv(b.s, c.b, buf, 6, S.MSG_WAITALL | S.MSG_PEEK));
      a.send(c.a, 'abc');
      w.run(100);
      assert.equal(all.done, false);
      assert.equal(b.recv(c.b, 6, S.MSG_WAITALL | S.MSG_DONTWAIT | S.MSG_PEEK), 'abc');
      a.send(c.a, 'def');
      w.run(100);
      assert.equal(all.value, 6);
      assert.equal(b.recv(c.b, 6, S.MSG_WAITALL), 'abcdef');
    });

    it('MSG_MORE and MSG_NOSIGNAL', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      a.send(c.a, 'he', S.MSG_MORE);
      a.send(c.a, 'llo', S.MSG_NOSIGNAL);
      assert.equal(b.recv(c.b, 5, S.MSG_WAITALL), 'hello');
    });

    it('MSG_OOB: there are no urgent data', () => {
      const w = world();
      const c = w.connection();
      w.a.sendFails(c.a, S.EOPNOTSUPP, S.MSG_OOB);
      w.a.recvFails(c.a, S.EINVAL, S.MSG_OOB);
    });
  });

  it('0 bytes', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const none = new Uint8Array(0);
    assert.equal(a.ok(S.send(a.s, c.a, none, 0, 0)), 0);
    assert.equal(b.ok(S.recv(b.s, c.b, none, 0, 0)), 0);
  });

  it('a long send waits for room, with a slow reader', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const big = new Uint8Array(60_000).map((_, i) => i % 251);
    const sending = a.call(S.send(a.s, c.a, big, big.length, 0));
    let got = 0;
    const buf = new Uint8Array(777);
    while (got < big.length) {
      w.run(3);
      const n = b.ok(S.recv(b.s, c.b, buf, 777, 0));
      for (let i = 0; i < n; i++) assert.equal(buf[i], (got + i) % 251);
      got += n;
    }
    w.run(500);
    assert.equal(sending.value, big.length);
  });

  it('sendmsg() and writev() of several pieces', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const iov = [bytes('one'), bytes(''), bytes(' two'), bytes(' three')];
    assert.equal(a.ok(S.writev(a.s, c.a, iov)), 13);
    assert.equal(b.recv(c.b, 13, S.MSG_WAITALL), 'one two three');
    assert.equal(
      a.ok(S.sendmsg(a.s, c.a, { msgName: at(b.ip, 9), msgIov: iov, msgFlags: 0 }, S.MSG_MORE)),
      13,
    );
    assert.equal(b.recv(c.b, 13, S.MSG_WAITALL), 'one two three');
    assert.equal(a.ok(S.writev(a.s, c.a, [])), 0);
    const pieces = [1, 2, 3, 4].map((n) => new Uint8Array(5000).map(() => n));
    const sending = a.call(S.writev(a.s, c.a, pieces));
    const buf = new Uint8Array(20_000);
    assert.equal(b.ok(S.recv(b.s, c.b, buf, 20_000, S.MSG_WAITALL)), 20_000);
    w.run(500);
    assert.equal(sending.value, 20_000);
    assert.deepEqual(
      [0, 5000, 10_000, 15_000, 19_999].map((i) => buf[i]),
      [1, 2, 3, 4, 4],
    );
  });

  it('SO_RCVTIMEO and SO_SNDTIMEO: EAGAIN, or the part that was done', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const half = { tvSec: 0, tvUsec: 500_000 };
    b.set(c.b, S.SOL_SOCKET, S.SO_RCVTIMEO, half);
    const before = w.scheduler.now;
    b.recvFails(c.b, S.EAGAIN);
    assert.ok(w.scheduler.now - before > 499_000 && w.scheduler.now - before < 510_000);
    const all = b.call(S.recv(b.s, c.b, new Uint8Array(9), 9, S.MSG_WAITALL));
    a.send(c.a, 'abc');
    w.run(600);
    assert.equal(all.value, 3);
    a.set(c.a, S.SOL_SOCKET, S.SO_SNDTIMEO, half);
    const big = new Uint8Array(100_000);
    const n = a.ok(S.send(a.s, c.a, big, big.length, 0));
    assert.ok(n > 5000 && n < 50_000, `${n}`);
    while (a.wait(S.send(a.s, c.a, big, big.length, 0)) > 0);
    assert.equal(a.s.errno, S.EAGAIN);
    b.set(c.listener, S.SOL_SOCKET, S.SO_RCVTIMEO, half);
    b.fails(S.accept(b.s, c.listener, null), S.EAGAIN, 1);
  });

  describe('SO_LINGER', () => {
    it('waits until the peer has everything', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      const big = new Uint8Array(5000);
      w.link.setLoss(1);
      a.set(c.a, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 60 });
      assert.equal(a.ok(S.send(a.s, c.a, big, 5000, 0)), 5000);
      const closing = a.call(S.close(a.s, c.a));
      w.run(3000);
      assert.equal(closing.done, false);
      a.fails(S.close(a.s, c.a), S.EBADF);
      w.link.setLoss(0);
      w.run(20_000);
      assert.equal(closing.value, 0);
      assert.equal(b.recv(c.b, 5000, S.MSG_WAITALL).length, 5000);
      assert.equal(b.recv(c.b), '');
    });

    it('only so long; then the stack goes on', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      w.link.setLoss(1);
      a.set(c.a, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 2 });
      a.send(c.a, 'late');
      const before = w.scheduler.now;
      a.close(c.a);
      assert.ok(w.scheduler.now - before > 1.999e6 && w.scheduler.now - before < 2.1e6);
      w.link.setLoss(0);
      assert.equal(b.recv(c.b), 'late');
      assert.equal(b.recv(c.b), '');
    });

    it('with data unread resets at once', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      b.send(c.b, 'unread');
      w.run(100);
      a.send(c.a, 'x');
      a.set(c.a, S.SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 60 });
      assert.equal(S.close(a.s, c.a), 0);
      w.run(100);
      assert.equal(b.recv(c.b), 'x');
      b.recvFails(c.b, S.ECONNRESET);
    });
  });

  it('a connection in both directions closed: HUP, ENOTCONN', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    a.ok(S.shutdown(a.s, c.a, S.SHUT_WR));
    b.ok(S.shutdown(b.s, c.b, S.SHUT_WR));
    w.run(200);
    for (const [side, fd] of [
      [a, c.a],
      [b, c.b],
    ] as const) {
      assert.equal(side.events(fd), 'IN OUT HUP RDHUP');
      assert.equal(side.recv(fd), '');
      side.sendFails(fd, S.EPIPE);
      side.fails(S.shutdown(side.s, fd, S.SHUT_RDWR), S.ENOTCONN);
      side.fails(S.connect(side.s, fd, at(b.ip, 7)), S.EISCONN);
    }
  });
});
