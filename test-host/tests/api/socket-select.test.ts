// select() and poll() as waits, and the sets of descriptors.

import assert from 'node:assert/strict';
import { FD_CLR, FD_ISSET, FD_SET, FD_ZERO, type FdSet } from '../../../firmware/api/sockets.js';
import { at, bytes, eachWorld, S } from './socket-world.js';

function set(...fds: number[]): FdSet {
  const s = { bits: 99 };
  FD_ZERO(s);
  for (const fd of fds) FD_SET(fd, s);
  return s;
}

const members = (s: FdSet): number[] => [...Array(S.FD_SETSIZE).keys()].filter((fd) => FD_ISSET(fd, s));

describe('sockets: select and poll', () => {
  const world = eachWorld();

  it('sets', () => {
    const s = set(0, 3, 29);
    assert.deepEqual(members(s), [0, 3, 29]);
    FD_CLR(3, s);
    FD_CLR(4, s);
    assert.deepEqual(members(s), [0, 29]);
  });

  it('waits for one of several: a connection, data, the end', () => {
    const w = world();
    const { a, b } = w;
    const listener = b.listener(7);
    const udp = b.udp();
    b.ok(S.bind(b.s, udp, at(0, 9)));
    let read = set(listener, udp);
    let call = b.call(S.select(b.s, 8, read, null, null, null));
    w.run(1000);
    assert.equal(call.done, false);
    const fd = a.tcp();
    a.ok(S.connect(a.s, fd, at(b.ip, 7)));
    w.run(10);
    assert.equal(call.value, 1);
    assert.deepEqual(members(read), [listener]);
    const peer = b.ok(S.accept(b.s, listener, null));

    read = set(listener, udp, peer);
    call = b.call(S.select(b.s, 8, read, null, null, null));
    a.send(fd, 'x');
    a.ok(S.sendto(a.s, a.udp(), bytes('y'), 1, 0, at(b.ip, 9)));
    w.run(10);
    assert.equal(call.value, 1, 'as soon as one is ready');
    read = set(listener, udp, peer);
    assert.equal(b.ok(S.select(b.s, 8, read, null, null, 0)), 2);
    assert.deepEqual(members(read), [udp, peer].sort());
    assert.equal(b.recv(peer) + b.recv(udp), 'xy');

    read = set(listener, udp, peer);
    call = b.call(S.select(b.s, 8, read, null, null, null));
    a.close(fd);
    w.run(10);
    assert.equal(call.value, 1);
    assert.deepEqual(members(read), [peer]);
    assert.equal(b.recv(peer), '');
  });

  it('time limits', () => {
    const w = world();
    const { a } = w;
    const fd = a.udp();
    let read = set(fd);
    assert.equal(a.ok(S.select(a.s, fd + 1, read, null, null, 0)), 0);
    assert.deepEqual(members(read), []);
    read = set(fd);
    const before = w.scheduler.now;
    assert.equal(a.ok(S.select(a.s, fd + 1, read, null, null, 250)), 0);
    assert.deepEqual(members(read), []);
    assert.equal(a.ok(S.poll(a.s, [{ fd, events: S.POLLIN, revents: 0 }], 250)), 0);
    assert.ok(w.scheduler.now - before > 498_000 && w.scheduler.now - before < 505_000);
    assert.equal(a.ok(S.select(a.s, 0, null, null, null, 100)), 0, 'as a pause');
    a.fails(S.select(a.s, -1, null, null, null, 0), S.EINVAL);
    a.fails(S.select(a.s, 1, null, null, null, -5), S.EINVAL);
    assert.equal(a.ok(S.poll(a.s, [], 10)), 0);
  });

  it('descriptors from nfds on are left out; the sets stay as they were after an error', () => {
    const { a } = world();
    const fd = a.udp();
    const write = set(fd, 7);
    assert.equal(a.ok(S.select(a.s, fd + 1, null, write, null, 0)), 1);
    assert.deepEqual(members(write), [fd]);
    const read = set(fd, 7);
    a.fails(S.select(a.s, 8, read, null, null, 0), S.EBADF);
    assert.deepEqual(members(read), [fd, 7]);
  });

  it('writable: with room again after a full buffer', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const big = new Uint8Array(9000);
    while (a.wait(S.send(a.s, c.a, big, big.length, S.MSG_DONTWAIT)) > 0) w.run(100);
    const write = set(c.a);
    const call = a.call(S.select(a.s, c.a + 1, null, write, set(c.a), null));
    w.run(2000);
    assert.equal(call.done, false);
    while (!call.done) {
      b.recv(c.b);
      w.run(100);
    }
    assert.equal(call.value, 1);
    assert.ok(a.ok(S.send(a.s, c.a, big, big.length, S.MSG_DONTWAIT)) > 0);
    while (b.wait(S.recv(b.s, c.b, big, 9000, S.MSG_DONTWAIT)) > 0) w.run(1000);
  });

  it('a connection that is being made: writable when it is there, both when it failed', () => {
    const w = world();
    const { a, b } = w;
    b.listener(7);
    for (const [port, readable] of [
      [7, false],
      [8, true],
    ] as const) {
      const fd = a.nonblock(a.tcp());
      a.fails(S.connect(a.s, fd, at(b.ip, port)), S.EINPROGRESS);
      const read = set(fd);
      const write = set(fd);
      assert.equal(a.ok(S.select(a.s, fd + 1, read, write, null, null)), readable ? 2 : 1);
      assert.equal(FD_ISSET(fd, read), readable);
      assert.equal(FD_ISSET(fd, write), true);
    }
  });

  it('several in select() and poll() at a time', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const read = [set(c.b), set(c.b)];
    const calls = read.map((r) => b.call(S.select(b.s, c.b + 1, r, null, null, null)));
    const fds = [
      { fd: c.listener, events: S.POLLIN, revents: 0 },
      { fd: c.b, events: S.POLLIN | S.POLLRDNORM, revents: 0 },
      { fd: -1, events: S.POLLIN, revents: 7 },
    ];
    calls.push(b.call(S.poll(b.s, fds, -1)));
    a.send(c.a, 'x');
    w.run(10);
    assert.deepEqual(
      calls.map((x) => x.value),
      [1, 1, 1],
    );
    assert.deepEqual(
      fds.map((f) => f.revents),
      [0, S.POLLIN | S.POLLRDNORM, 0],
    );
  });

  it('poll() tells POLLRDHUP to who asks for it', () => {
    const w = world();
    const { a, b } = w;
    const c = w.connection();
    const fds = [{ fd: c.b, events: S.POLLRDHUP, revents: 0 }];
    const call = b.call(S.poll(b.s, fds, -1));
    a.ok(S.shutdown(a.s, c.a, S.SHUT_WR));
    w.run(10);
    assert.equal(call.value, 1);
    assert.equal(fds[0]!.revents, S.POLLRDHUP);
    assert.equal(b.events(c.b, 0), '');
  });
});
