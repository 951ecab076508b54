// Options: defaults, what can be set, what is kept and inherited, and that it works on the wire.

import assert from 'node:assert/strict';
import { at, eachWorld, S } from './socket-world.js';

const { SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP } = S;

describe('sockets: options', () => {
  const world = eachWorld();

  it('what a new socket has', () => {
    const { a } = world();
    const fd = a.tcp();
    const udp = a.udp();
    const values: [number, number, number, S.OptionValue][] = [
      [fd, SOL_SOCKET, S.SO_TYPE, S.SOCK_STREAM],
      [udp, SOL_SOCKET, S.SO_TYPE, S.SOCK_DGRAM],
      [fd, SOL_SOCKET, S.SO_PROTOCOL, S.IPPROTO_TCP],
      [udp, SOL_SOCKET, S.SO_PROTOCOL, S.IPPROTO_UDP],
      [fd, SOL_SOCKET, S.SO_DOMAIN, S.AF_INET],
      [fd, SOL_SOCKET, S.SO_ERROR, 0],
      [fd, SOL_SOCKET, S.SO_REUSEADDR, 0],
      [fd, SOL_SOCKET, S.SO_KEEPALIVE, 0],
      [fd, SOL_SOCKET, S.SO_BROADCAST, 0],
      [fd, SOL_SOCKET, S.SO_ACCEPTCONN, 0],
      [fd, SOL_SOCKET, S.SO_LINGER, { onoff: 0, linger: 0 }],
      [fd, SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: 0, tvUsec: 0 }],
      [fd, SOL_SOCKET, S.SO_SNDTIMEO, { tvSec: 0, tvUsec: 0 }],
      [fd, SOL_SOCKET, S.SO_RCVBUF, a.host.stack.opt.TCP_WND],
      [fd, SOL_SOCKET, S.SO_SNDBUF, a.host.stack.opt.TCP_SND_BUF],
      [udp, SOL_SOCKET, S.SO_SNDBUF, a.host.stack.opt.MEM_SIZE],
      [fd, IPPROTO_TCP, S.TCP_NODELAY, 0],
      [fd, IPPROTO_TCP, S.TCP_KEEPIDLE, 7200],
      [fd, IPPROTO_TCP, S.TCP_KEEPINTVL, 75],
      [fd, IPPROTO_TCP, S.TCP_KEEPCNT, 9],
      [fd, IPPROTO_IP, S.IP_TTL, a.host.stack.opt.IP_DEFAULT_TTL],
      [fd, IPPROTO_IP, S.IP_TOS, 0],
      [udp, IPPROTO_IP, S.IP_MULTICAST_TTL, 1],
      [udp, IPPROTO_IP, S.IP_MULTICAST_LOOP, 1],
    ];
    for (const [fd, level, name, value] of values) {
      assert.deepEqual(a.option(fd, level, name), value, `${level} ${name}`);
    }
  });

  it('values out of range, and options that there are not', () => {
    const { a } = world();
    const fd = a.tcp();
    const udp = a.udp();
    const cases: [number, number, number, S.OptionValue, number][] = [
      [fd, IPPROTO_TCP, S.TCP_KEEPIDLE, 0, S.EINVAL],
      [fd, IPPROTO_TCP, S.TCP_KEEPIDLE, 32768, S.EINVAL],
      [fd, IPPROTO_TCP, S.TCP_KEEPINTVL, 0, S.EINVAL],
      [fd, IPPROTO_TCP, S.TCP_KEEPCNT, 128, S.EINVAL],
      [fd, IPPROTO_IP, S.IP_TTL, 0, S.EINVAL],
      [fd, IPPROTO_IP, S.IP_TTL, 256, S.EINVAL],
      [udp, IPPROTO_IP, S.IP_MULTICAST_TTL, 256, S.EINVAL],
      [fd, IPPROTO_IP, S.IP_MULTICAST_TTL, 2, S.EINVAL],
      [fd, SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: 0, tvUsec: 1_000_000 }, S.EDOM],
      [fd, SOL_SOCKET, S.SO_RCVTIMEO, 5, S.EINVAL],
      [fd, SOL_SOCKET, S.SO_LINGER, 5, S.EINVAL],
      [fd, SOL_SOCKET, S.SO_TYPE, 1, S.ENOPROTOOPT],
      [fd, SOL_SOCKET, S.SO_ERROR, 1, S.ENOPROTOOPT],
      [fd, SOL_SOCKET, 777, 1, S.ENOPROTOOPT],
      [fd, IPPROTO_TCP, 777, 1, S.ENOPROTOOPT],
      [udp, IPPROTO_TCP, S.TCP_NODELAY, 1, S.ENOPROTOOPT],
      [fd, IPPROTO_IP, 777, 1, S.ENOPROTOOPT],
      [fd, 777, 1, 1, S.ENOPROTOOPT],
    ];
    for (const [fd, level, name, value, errno] of cases) {
      a.fails(S.setsockopt(a.s, fd, level, name, value), errno);
    }
    const out = { value: 0 };
    a.fails(S.getsockopt(a.s, fd, SOL_SOCKET, 777, out), S.ENOPROTOOPT);
    a.fails(S.getsockopt(a.s, fd, IPPROTO_TCP, 777, out), S.ENOPROTOOPT);
    a.fails(S.getsockopt(a.s, fd, IPPROTO_IP, 777, out), S.ENOPROTOOPT);
    a.fails(S.getsockopt(a.s, udp, IPPROTO_TCP, S.TCP_NODELAY, out), S.EOPNOTSUPP);
  });

  it('what is set is told, twice of SO_RCVBUF; -1 brings back the default TTL', () => {
    const { a } = world();
    const fd = a.tcp();
    const values: [number, number, S.OptionValue, S.OptionValue][] = [
      [SOL_SOCKET, S.SO_REUSEADDR, 5, 1],
      [SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 7 }, { onoff: 1, linger: 7 }],
      [SOL_SOCKET, S.SO_LINGER, { onoff: 0, linger: 0 }, { onoff: 0, linger: 7 }],
      [SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: 2, tvUsec: 500_000 }, { tvSec: 2, tvUsec: 500_000 }],
      [SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: 0, tvUsec: 1 }, { tvSec: 0, tvUsec: 1000 }],
      [SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: -1, tvUsec: 5 }, { tvSec: 0, tvUsec: 0 }],
      [SOL_SOCKET, S.SO_SNDBUF, 3000, a.host.stack.opt.TCP_SND_BUF],
      [SOL_SOCKET, S.SO_RCVBUF, 3000, 6000],
      [SOL_SOCKET, S.SO_RCVBUF, 0, 2304],
      [SOL_SOCKET, S.SO_RCVBUF, 1e9, 425984],
      [IPPROTO_IP, S.IP_TTL, 9, 9],
      [IPPROTO_IP, S.IP_TTL, -1, a.host.stack.opt.IP_DEFAULT_TTL],
      [IPPROTO_IP, S.IP_TOS, 0x13, 0x10],
    ];
    for (const [level, name, value, told] of values) {
      a.set(fd, level, name, value);
      assert.deepEqual(a.option(fd, level, name), told);
    }
  });

  it('an accepted connection has the listener’s', () => {
    const w = world();
    const { a, b } = w;
    const listener = b.listener(7);
    const values: [number, number, S.OptionValue][] = [
      [SOL_SOCKET, S.SO_KEEPALIVE, 1],
      [SOL_SOCKET, S.SO_REUSEADDR, 1],
      [SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 3 }],
      [SOL_SOCKET, S.SO_RCVTIMEO, { tvSec: 4, tvUsec: 0 }],
      [SOL_SOCKET, S.SO_RCVBUF, 8000],
      [IPPROTO_TCP, S.TCP_NODELAY, 1],
      [IPPROTO_TCP, S.TCP_KEEPIDLE, 11],
      [IPPROTO_TCP, S.TCP_KEEPINTVL, 12],
      [IPPROTO_TCP, S.TCP_KEEPCNT, 13],
      [IPPROTO_IP, S.IP_TTL, 14],
      [IPPROTO_IP, S.IP_TOS, 0x20],
    ];
    for (const [level, name, value] of values) b.set(listener, level, name, value);
    const fd = a.tcp();
    const ttls = new Set<number>();
    const onFrame = w.link.a.onFrame!;
    w.link.a.onFrame = (frame, meta) => {
      if (frame[12] === 8 && frame[13] === 0) ttls.add(frame[22]!);
      onFrame(frame, meta);
    };
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    const peer = b.ok(S.accept(b.s, listener, null));
    for (const [level, name, value] of values) {
      assert.deepEqual(b.option(peer, level, name), name === S.SO_RCVBUF && level === 1 ? 16000 : value);
    }
    b.send(peer, 'x');
    assert.equal(a.recv(fd), 'x');
    assert.deepEqual([...ttls], [14]);
    b.set(peer, SOL_SOCKET, S.SO_LINGER, { onoff: 0, linger: 0 });
  });

  it('options outlive a connection that was refused', () => {
    const w = world();
    const { a, b } = w;
    const fd = a.tcp();
    a.ok(S.bind(a.s, fd, at(0, 5555)));
    a.set(fd, IPPROTO_IP, S.IP_TTL, 33);
    a.set(fd, IPPROTO_TCP, S.TCP_NODELAY, 1);
    a.fails(S.connect(a.s, fd, at(b.ip, 7)), S.ECONNREFUSED);
    const listener = b.listener(7);
    const ttls = new Set<number>();
    const onFrame = w.link.b.onFrame!;
    w.link.b.onFrame = (frame, meta) => {
      if (frame[12] === 8 && frame[13] === 0) ttls.add(frame[22]!);
      onFrame(frame, meta);
    };
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    const from = at(0, 0);
    b.ok(S.accept(b.s, listener, from));
    assert.equal(from.sinPort, 5555);
    assert.deepEqual([...ttls], [33]);
  });

  it('SO_KEEPALIVE finds a peer that is gone: ETIMEDOUT', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    a.set(c.a, IPPROTO_TCP, S.TCP_KEEPIDLE, 10);
    a.set(c.a, IPPROTO_TCP, S.TCP_KEEPINTVL, 2);
    a.set(c.a, IPPROTO_TCP, S.TCP_KEEPCNT, 3);
    a.set(c.a, SOL_SOCKET, S.SO_KEEPALIVE, 1);
    w.run(60_000);
    assert.equal(a.events(c.a), 'OUT');
    w.link.setLoss(1);
    const before = w.scheduler.now;
    a.recvFails(c.a, S.ETIMEDOUT);
    assert.ok(w.scheduler.now - before < 18e6);
    w.link.setLoss(0);
    b.send(c.b, 'x');
    w.run(100);
    b.recvFails(c.b, S.ECONNRESET);
  });

  it('TCP_NODELAY: small segments leave at once', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    let sent = 0;
    w.link.b.onFrame = () => sent++;
    a.set(c.a, IPPROTO_TCP, S.TCP_NODELAY, 1);
    for (let i = 0; i < 3; i++) a.send(c.a, 'x');
    w.run(1);
    assert.equal(sent, 3);
    a.set(c.a, SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 0 });
    b.set(c.b, SOL_SOCKET, S.SO_LINGER, { onoff: 1, linger: 0 });
  });
});
