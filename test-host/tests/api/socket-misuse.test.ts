// What programs do wrong, and what they hear of it: an errno each, never an exception, and nothing is left behind.

import assert from 'node:assert/strict';
import { sysMsleep, type Wait } from '../../../firmware/stack/core/sys.js';
import type { TaskSteps } from '../../../firmware/stack/core/task.js';
import { at, bytes, eachWorld, nobody, S, type Side } from './socket-world.js';

/** What may be handed to a call in place of anything. */
const WRONG: unknown[] = [undefined, null, NaN, -1, 1.5, 1e10, '7', '', true, {}, [], () => 0];

describe('sockets: misuse', () => {
  const world = eachWorld();

  it('descriptors that are none: EBADF from every call', () => {
    const { a } = world();
    const { s } = a;
    const closed = a.tcp();
    a.close(closed);
    const buf = new Uint8Array(4);
    for (const fd of [closed, -1, 99, 1.5, NaN, '0', null, undefined, {}] as number[]) {
      const calls: [string, () => number | Wait][] = [
        ['bind', () => S.bind(s, fd, at(0, 7))],
        ['listen', () => S.listen(s, fd, 1)],
        ['accept', () => S.accept(s, fd, null)],
        ['connect', () => S.connect(s, fd, at('10.0.0.2', 7))],
        ['send', () => S.send(s, fd, buf, 4, 0)],
        ['sendto', () => S.sendto(s, fd, buf, 4, 0, at('10.0.0.2', 7))],
        ['recvmsg', () => S.recvmsg(s, fd, { msgName: null, msgIov: [buf], msgFlags: 0 }, 0)],
        ['readv', () => S.readv(s, fd, [buf])],
        ['readv of nothing', () => S.readv(s, fd, [])],
        ['writev of nothing', () => S.writev(s, fd, [])],
        ['sendmsg', () => S.sendmsg(s, fd, { msgName: null, msgIov: [buf], msgFlags: 0 }, 0)],
        ['writev', () => S.writev(s, fd, [buf])],
        ['recv', () => S.recv(s, fd, buf, 4, 0)],
        ['recvfrom', () => S.recvfrom(s, fd, buf, 4, 0, nobody())],
        ['read', () => S.read(s, fd, buf, 4)],
        ['write', () => S.write(s, fd, buf, 4)],
        ['shutdown', () => S.shutdown(s, fd, S.SHUT_RDWR)],
        ['close', () => S.close(s, fd)],
        ['fcntl', () => S.fcntl(s, fd, S.F_GETFL, 0)],
        ['ioctl', () => S.ioctl(s, fd, S.FIONREAD, { value: 0 })],
        ['getsockname', () => S.getsockname(s, fd, nobody())],
        ['getpeername', () => S.getpeername(s, fd, nobody())],
        ['getsockopt', () => S.getsockopt(s, fd, S.SOL_SOCKET, S.SO_TYPE, { value: 0 })],
        ['setsockopt', () => S.setsockopt(s, fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1)],
      ];
      for (const [name, call] of calls) {
        s.errno = 0;
        assert.equal(a.wait(call()), -1, name);
        assert.equal(s.errno, S.EBADF, name);
      }
    }
    const fds = [{ fd: closed, events: S.POLLIN, revents: 0 }];
    assert.equal(a.ok(S.poll(s, fds, -1)), 1);
    assert.equal(fds[0]!.revents, S.POLLNVAL);
    a.fails(S.select(s, 8, { bits: 1 << closed }, null, null, null), S.EBADF);
  });

  it('socket(): what there is not', () => {
    const { a } = world();
    const cases: [number, number, number, number][] = [
      [10, S.SOCK_STREAM, 0, S.EAFNOSUPPORT],
      [-1, S.SOCK_STREAM, 0, S.EAFNOSUPPORT],
      [0, S.SOCK_STREAM, 0, S.EAFNOSUPPORT],
      [S.AF_INET, 5, 0, S.ESOCKTNOSUPPORT],
      [S.AF_INET, 0, 0, S.ESOCKTNOSUPPORT],
      [S.AF_INET, 12, 0, S.EINVAL],
      [S.AF_INET, -1, 0, S.EINVAL],
      [S.AF_INET, S.SOCK_STREAM | 0x100, 0, S.EINVAL],
      [S.AF_INET, S.SOCK_STREAM, S.IPPROTO_UDP, S.EPROTONOSUPPORT],
      [S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_TCP, S.EPROTONOSUPPORT],
      [S.AF_INET, S.SOCK_RAW, 0, S.EPROTONOSUPPORT],
      [S.AF_INET, S.SOCK_STREAM, -1, S.EINVAL],
      [S.AF_INET, S.SOCK_STREAM, 1000, S.EINVAL],
    ];
    for (const [domain, type, protocol, errno] of cases)
      a.fails(S.socket(a.s, domain, type, protocol), errno);
    const fd = a.ok(
      S.socket(a.s, S.AF_INET, S.SOCK_STREAM | S.SOCK_NONBLOCK | S.SOCK_CLOEXEC, S.IPPROTO_TCP),
    );
    assert.equal(S.fcntl(a.s, fd, S.F_GETFL, 0), S.O_RDWR | S.O_NONBLOCK);
  });

  it('descriptors are the lowest that are free; a full table: EMFILE', () => {
    const { a } = world();
    const n = a.host.stack.opt.MEMP_NUM_NETCONN;
    for (let i = 0; i < n; i++) {
      assert.equal(i < 5 ? a.tcp() : i < 7 ? a.udp() : a.ok(S.socket(a.s, S.AF_INET, S.SOCK_RAW, 1)), i);
    }
    a.fails(S.socket(a.s, S.AF_INET, S.SOCK_STREAM, 0), S.EMFILE);
    a.close(3);
    a.close(1);
    assert.equal(a.tcp(), 1);
    assert.equal(a.tcp(), 3);
  });

  it('no PCB: ENOBUFS', () => {
    const { a } = world();
    for (let i = 0; i < a.host.stack.opt.MEMP_NUM_UDP_PCB; i++) a.udp();
    a.fails(S.socket(a.s, S.AF_INET, S.SOCK_DGRAM, 0), S.ENOBUFS);
  });

  it('accept() with a full table: EMFILE, and the connection waits on', () => {
    const w = world();
    const { a, b } = w;
    const listener = b.listener(7);
    const fd = a.tcp();
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    w.run(10);
    // The connection that waits has a netconn of its own, so the last place of the table cannot be taken by socket().
    const fds: number[] = [];
    for (let i = 0; i < 4; i++) fds.push(b.udp());
    for (let i = 0; i < 2; i++) fds.push(b.ok(S.socket(b.s, S.AF_INET, S.SOCK_RAW, 1)));
    b.fails(S.socket(b.s, S.AF_INET, S.SOCK_STREAM, 0), S.ENFILE);
    b.s.fds[7] = b.s.fds[0]!;
    b.fails(S.accept(b.s, listener, null), S.EMFILE);
    b.s.fds[7] = null;
    b.close(fds[0]!);
    const peer = b.ok(S.accept(b.s, listener, null));
    a.send(fd, 'still here');
    assert.equal(b.recv(peer), 'still here');
  });

  it('close() twice: EBADF', () => {
    const { a } = world();
    const fd = a.tcp();
    a.close(fd);
    a.fails(S.close(a.s, fd), S.EBADF);
    a.fails(S.closesocket(a.s, fd), S.EBADF);
  });

  describe('bind', () => {
    for (const kind of ['tcp', 'udp'] as const) {
      it(`${kind}: taken, twice, somebody else's address`, () => {
        const { a, b } = world();
        const fd = a[kind]();
        a.fails(S.bind(a.s, fd, at(b.ip, 7)), S.EADDRNOTAVAIL);
        a.fails(S.bind(a.s, fd, { ...at(0, 7), sinFamily: 10 }), S.EAFNOSUPPORT);
        a.fails(S.bind(a.s, fd, { ...at(a.ip, 7), sinFamily: 0 }), S.EAFNOSUPPORT);
        a.ok(S.bind(a.s, fd, { ...at(0, 7), sinFamily: 0 }));
        a.fails(S.bind(a.s, fd, at(0, 8)), S.EINVAL);
        const other = a[kind]();
        a.fails(S.bind(a.s, other, at(0, 7)), S.EADDRINUSE);
        a.fails(S.bind(a.s, other, at(a.ip, 7)), S.EADDRINUSE);
        a.fails(S.bind(a.s, other, at('127.0.0.1', 7)), S.EADDRINUSE);
        a.ok(S.bind(a.s, other, at('127.0.0.1', 8)));
        const third = a[kind]();
        a.ok(S.bind(a.s, third, at(a.ip, 8)));
        const own = nobody();
        a.ok(S.getsockname(a.s, third, own));
        assert.deepEqual(own, at(a.ip, 8));
        const any = a[kind]();
        a.ok(S.bind(a.s, any, at(0, 0)));
        a.ok(S.getsockname(a.s, any, own));
        assert.ok(own.sinPort > 1024);
      });

      it(`${kind}: SO_REUSEADDR of both lets them`, () => {
        const { a } = world();
        const one = a[kind]();
        const two = a[kind]();
        a.set(one, S.SOL_SOCKET, S.SO_REUSEADDR, 1);
        a.ok(S.bind(a.s, one, at(0, 7)));
        a.fails(S.bind(a.s, two, at(0, 7)), S.EADDRINUSE);
        a.set(two, S.SOL_SOCKET, S.SO_REUSEADDR, 1);
        a.ok(S.bind(a.s, two, at(0, 7)));
        if (kind === 'udp') return;
        a.ok(S.listen(a.s, one, 1));
        a.fails(S.listen(a.s, two, 1), S.EADDRINUSE);
        const three = a.tcp();
        a.set(three, S.SOL_SOCKET, S.SO_REUSEADDR, 1);
        a.fails(S.bind(a.s, three, at(a.ip, 7)), S.EADDRINUSE);
      });
    }

    it('SO_REUSEADDR: over a connection in TIME_WAIT', () => {
      const w = world();
      const { a, b } = w;
      const c = w.connection();
      b.close(c.listener);
      b.close(c.b);
      w.run(100);
      a.close(c.a);
      w.run(100);
      const fd = b.tcp();
      b.fails(S.bind(b.s, fd, at(0, 7)), S.EADDRINUSE);
      b.set(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1);
      b.ok(S.bind(b.s, fd, at(0, 7)));
    });
  });

  it('listen(): on UDP, without bind(), twice, connected', () => {
    const w = world();
    const { a, b } = w;
    a.fails(S.listen(a.s, a.udp(), 1), S.EOPNOTSUPP);
    a.fails(S.accept(a.s, a.udp(), null), S.EOPNOTSUPP);
    const fd = a.tcp();
    a.ok(S.listen(a.s, fd, 1));
    const own = nobody();
    a.ok(S.getsockname(a.s, fd, own));
    assert.ok(own.sinPort > 1024);
    a.ok(S.listen(a.s, fd, -1));
    b.ok(S.connect(b.s, b.tcp(), at(a.ip, own.sinPort)));
    const c = w.connection();
    a.fails(S.listen(a.s, c.a, 1), S.EINVAL);
    a.fails(S.bind(a.s, c.a, at(0, 99)), S.EINVAL);
  });

  it('connect(): to wrong addresses', () => {
    const { a, b } = world();
    const fd = a.tcp();
    a.fails(S.connect(a.s, fd, { ...at(b.ip, 7), sinFamily: 10 }), S.EAFNOSUPPORT);
    for (const to of ['224.0.0.1', '255.255.255.255', '10.0.0.255']) {
      a.fails(S.connect(a.s, fd, at(to, 7)), S.ENETUNREACH);
    }
    assert.equal(a.events(fd), 'OUT HUP');
  });

  it('shutdown(): how', () => {
    const w = world();
    const c = w.connection();
    for (const how of [-1, 3, 1.5, NaN, '0', null] as number[]) {
      w.a.fails(S.shutdown(w.a.s, c.a, how), S.EINVAL);
    }
    assert.equal(w.a.events(c.a), 'OUT');
  });

  it('fcntl(), ioctl(): what there is not', () => {
    const { a } = world();
    const fd = a.tcp();
    a.fails(S.fcntl(a.s, fd, 77, 0), S.EINVAL);
    a.fails(S.ioctl(a.s, fd, 77, { value: 0 }), S.ENOTTY);
    a.fails(S.ioctl(a.s, fd, S.FIONREAD, null as unknown as { value: number }), S.EFAULT);
    assert.equal(S.fcntl(a.s, fd, S.F_GETFD, 0), 0);
    assert.equal(S.ioctl(a.s, fd, S.FIONBIO, { value: 1 }), 0);
    assert.equal(S.fcntl(a.s, fd, S.F_GETFL, 0), S.O_RDWR | S.O_NONBLOCK);
  });

  it('buffers, lengths and addresses of every wrong type: EFAULT or so, never an exception', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const u = a.udp();
    const buf = new Uint8Array(8);
    const s = a.s;
    for (const x of WRONG) {
      const wrong = x as never;
      for (const fd of [c.a, u]) {
        a.fails(S.recv(s, fd, wrong, 1, 0), S.EFAULT);
        a.fails(S.send(s, fd, wrong, 1, 0), S.EFAULT);
        a.fails(S.sendmsg(s, fd, { msgName: null, msgIov: [wrong], msgFlags: 0 }, 0), S.EFAULT);
        if (!Array.isArray(x)) a.wait(S.sendmsg(s, fd, wrong, S.MSG_DONTWAIT));
        if (x !== 0 && x !== '' && x !== true && !Array.isArray(x) && x !== null && x !== '7') {
          a.fails(S.recv(s, fd, buf, wrong, S.MSG_DONTWAIT), S.EFAULT);
          a.fails(S.send(s, fd, buf, wrong, S.MSG_DONTWAIT), S.EFAULT);
        }
        a.wait(S.setsockopt(s, fd, wrong, wrong, wrong));
        a.wait(S.setsockopt(s, fd, S.SOL_SOCKET, S.SO_LINGER, wrong));
        a.wait(S.setsockopt(s, fd, S.SOL_SOCKET, S.SO_RCVTIMEO, wrong));
      }
      const fd = a.tcp();
      const v = a.udp();
      for (const r of [S.bind(s, fd, wrong), S.connect(s, fd, wrong), S.connect(s, v, wrong)]) {
        assert.equal(a.wait(r), -1);
        assert.ok([S.EFAULT, S.EAFNOSUPPORT].includes(s.errno), `${s.errno}`);
      }
      for (const part of ['sinPort', 'sinAddr'] as const) {
        if (x === true) continue;
        const addr = { ...at(b.ip, 7), [part]: x } as S.SockaddrIn;
        a.fails(S.bind(s, fd, addr), S.EINVAL);
        a.fails(S.connect(s, fd, addr), S.EINVAL);
        a.fails(S.sendto(s, v, buf, 1, 0, addr), S.EINVAL);
      }
      a.close(fd);
      a.close(v);
      a.wait(S.select(s, wrong, null, null, null, 0));
      a.wait(S.select(s, 1, wrong, null, null, 0));
      a.wait(S.poll(s, wrong, 0));
      a.wait(S.socket(s, wrong, wrong, wrong));
      if (typeof x !== 'number') a.wait(S.fcntl(s, u, wrong, wrong));
      a.wait(S.ioctl(s, u, wrong, wrong));
      for (const other of [c.a, u]) {
        // These write into whatever object they get.
        a.wait(S.getsockopt(s, other, wrong, wrong, wrong));
        a.wait(S.getsockname(s, other, wrong));
        a.wait(S.getpeername(s, other, wrong));
      }
    }
    a.fails(S.recv(s, c.a, buf, 9, 0), S.EFAULT);
    a.fails(S.send(s, c.a, buf, 9, 0), S.EFAULT);
    a.fails(S.recv(s, c.a, new Uint16Array(4) as unknown as Uint8Array, 4, 0), S.EFAULT);
    a.fails(S.getsockname(s, u, null as unknown as S.SockaddrIn), S.EFAULT);
    assert.equal(b.events(c.b), 'OUT');
  });

  describe('close() while others wait for the socket', () => {
    const sleepers: [string, (side: Side, fd: number) => number | Wait][] = [
      ['recv', (side, fd) => S.recv(side.s, fd, new Uint8Array(9), 9, 0)],
      ['send', (side, fd) => S.send(side.s, fd, new Uint8Array(99_999), 99_999, 0)],
      ['select', (side, fd) => S.select(side.s, fd + 1, { bits: 1 << fd }, null, null, null)],
    ];
    for (const [name, sleep] of sleepers) {
      it(name, () => {
        const w = world();
        const { a } = w;
        const c = w.connection();
        const first = a.call(sleep(a, c.a));
        const second = a.call(sleep(a, c.a));
        w.run(100);
        assert.equal(first.done || second.done, false);
        a.close(c.a);
        const reused = a.udp();
        assert.equal(reused, c.a);
        w.run(1);
        a.failed(first, S.EBADF);
        a.failed(second, S.EBADF);
        assert.equal(a.events(reused), 'OUT');
      });
    }

    it('accept', () => {
      const w = world();
      const fd = w.b.listener(7);
      const waiting = w.b.call(S.accept(w.b.s, fd, null));
      w.b.close(fd);
      w.run(1);
      w.b.failed(waiting, S.EBADF);
    });

    it('connect', () => {
      const w = world();
      w.link.setLoss(1);
      const fd = w.a.tcp();
      const waiting = w.a.call(S.connect(w.a.s, fd, at(w.b.ip, 7)));
      w.a.close(fd);
      w.run(1);
      w.a.failed(waiting, S.EBADF);
    });

    it('poll tells POLLNVAL', () => {
      const w = world();
      const c = w.connection();
      const fds = [{ fd: c.a, events: S.POLLIN, revents: 0 }];
      const waiting = w.a.call(S.poll(w.a.s, fds, -1));
      w.a.close(c.a);
      w.run(1);
      assert.equal(waiting.value, 1);
      assert.equal(fds[0]!.revents, S.POLLNVAL);
    });

    it('a listener with connections that nobody has accepted: they are reset', () => {
      const w = world();
      const { a, b } = w;
      const listener = b.listener(7);
      const fds = [0, 1].map(() => a.tcp());
      for (const fd of fds) a.ok(S.connect(a.s, fd, at(b.ip, 7)));
      a.send(fds[0]!, 'x');
      w.run(100);
      b.close(listener);
      w.run(100);
      for (const fd of fds) a.recvFails(fd, S.ECONNRESET);
    });
  });

  it('errno belongs to the result at the moment it is handed out', () => {
    const w = world();
    const { a, b } = w;
    const seen: [number, number][] = [];
    function* one(): TaskSteps {
      const r = yield S.connect(a.s, a.tcp(), at(b.ip, 7));
      seen.push([r, a.s.errno]);
    }
    function* two(): TaskSteps {
      const fd = a.udp();
      a.ok(S.connect(a.s, fd, at(b.ip, 7)));
      yield S.send(a.s, fd, bytes('x'), 1, 0);
      const r = yield S.recv(a.s, fd, new Uint8Array(9), 9, 0);
      seen.push([r, a.s.errno]);
      yield sysMsleep(a.host.stack, 5);
      const bad = yield S.close(a.s, 99);
      seen.push([bad, a.s.errno]);
    }
    a.task(one());
    a.task(two());
    w.run(100);
    assert.deepEqual(seen, [
      [-1, S.ECONNREFUSED],
      [-1, S.ECONNREFUSED],
      [-1, S.EBADF],
    ]);
  });

  it('another holds the core lock: calls are made when it is free, and errno is theirs', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const stack = a.host.stack;
    const holder = {};
    stack.sys.holder = holder;
    stack.sys.depth = 1;
    const calls = [
      a.call(S.send(a.s, c.a, bytes('later'), 5, 0)),
      a.call(S.close(a.s, 99)),
      a.call(S.recv(a.s, c.a, new Uint8Array(9), 9, S.MSG_DONTWAIT)),
      a.call(S.recv(a.s, c.a, new Uint8Array(9), 9, 0)),
    ];
    w.run(10);
    assert.ok(calls.every((x) => !x.done));
    stack.sys.holder = null;
    stack.sys.depth = 0;
    assert.equal(b.recv(c.b), 'later');
    assert.equal(calls[0]!.value, 5);
    a.failed(calls[1]!, S.EBADF);
    a.failed(calls[2]!, S.EAGAIN);
    assert.equal(calls[3]!.done, false);
    b.send(c.b, 'hi');
    w.run(10);
    assert.equal(calls[3]!.value, 2);
  });

  it('a full mailbox while another holds the lock: ENOMEM', () => {
    const w = world();
    const { a } = w;
    const fd = a.udp();
    const sys = a.host.stack.sys;
    sys.holder = {};
    sys.depth = 1;
    const n = a.host.stack.opt.TCPIP_MBOX_SIZE;
    const calls = Array.from({ length: n }, () => S.shutdown(a.s, fd, S.SHUT_RD));
    a.fails(S.shutdown(a.s, fd, S.SHUT_RD), S.ENOMEM);
    sys.holder = null;
    sys.depth = 0;
    for (const call of calls) {
      assert.ok(typeof call === 'object');
      a.fails(call, S.ENOTCONN);
    }
  });

  it('no time-out is free: ENOMEM', () => {
    const w = world();
    const { a } = w;
    const fd = a.udp();
    a.set(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: 1, tvUsec: 0 });
    const waiting = Array.from({ length: 20 }, () => a.call(S.recv(a.s, fd, new Uint8Array(1), 1, 0)));
    a.failed(waiting[19]!, S.ENOMEM);
    a.fails(S.select(a.s, fd + 1, { bits: 1 << fd }, null, null, 1000), S.ENOMEM);
    w.run(2000);
    a.failed(waiting[0]!, S.EAGAIN);
  });
});
