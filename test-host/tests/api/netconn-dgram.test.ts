// UDP and RAW netconns: datagrams, their mailbox, peers, errors from ICMP, groups; netbufs.

import assert from 'node:assert/strict';
import * as nb from '../../../firmware/api/netbuf.js';
import type { Netbuf } from '../../../firmware/api/netbuf.js';
import * as nc from '../../../firmware/api/netconn.js';
import {
  ERR_ARG,
  ERR_BUF,
  ERR_CLSD,
  ERR_CONN,
  ERR_MEM,
  ERR_OK,
  ERR_RTE,
  ERR_TIMEOUT,
  ERR_USE,
  ERR_VAL,
  ERR_WOULDBLOCK,
} from '../../../firmware/stack/core/err.js';
import { memFree, memMalloc } from '../../../firmware/stack/core/mem.js';
import { MEMP_IGMP_GROUP } from '../../../firmware/stack/core/memp.js';
import { NETIF_FLAG_IGMP } from '../../../firmware/stack/core/netif.js';
import { DROP, STAT_RAW, STAT_UDP } from '../../../firmware/stack/core/stats.js';
import type { Host } from '../../harness/host.js';
import { A, B, LOOPBACK, World, is, pattern } from './setup.js';

type Conn = nc.Netconn;

function udp(host: Host, type = nc.NETCONN_UDP): Conn {
  const conn = nc.netconnNew(host.stack, type);
  assert(conn);
  return conn;
}

function bufOf(host: Host, bytes: Uint8Array): Netbuf {
  const buf = nb.netbufNew(host.stack)!;
  nb.netbufAlloc(buf, bytes.length)!;
  is(nb.netbufTake(buf, bytes), ERR_OK);
  return buf;
}

function bytesOf(buf: Netbuf): Uint8Array {
  const bytes = new Uint8Array(nb.netbufLen(buf));
  assert.equal(nb.netbufCopyPartial(buf, bytes, bytes.length, 0), bytes.length);
  return bytes;
}

describe('netconn: UDP and RAW', () => {
  let w: World;
  beforeEach(() => (w = new World()));
  afterEach(() => w.assertClean());

  for (const [where, addr] of [
    ['the wire', B],
    ['loopback', LOOPBACK],
  ] as const) {
    it(`echoes datagrams over ${where}; a netbuf can be sent again`, () => {
      const host = addr === B ? w.b : w.a;
      w.play([
        [
          host,
          function* () {
            const conn = udp(host);
            is(yield nc.netconnBind(conn, 0, 7), ERR_OK);
            const out = { buf: null as Netbuf | null };
            for (let i = 0; i < 3; i++) {
              is(yield nc.netconnRecv(conn, out), ERR_OK);
              const buf = out.buf!;
              is(yield nc.netconnSendto(conn, buf, nb.netbufFromaddr(buf), nb.netbufFromport(buf)), ERR_OK);
              nb.netbufDelete(buf);
            }
            is(yield nc.netconnDelete(conn), ERR_OK);
          },
        ],
        [
          w.a,
          function* () {
            const conn = udp(w.a);
            const buf = bufOf(w.a, pattern(1000));
            const out = { buf: null as Netbuf | null };
            // The first of these waits for ARP.
            for (let i = 0; i < 3; i++) {
              is(yield nc.netconnSendto(conn, buf, addr, 7), ERR_OK);
              assert.deepEqual(bytesOf(buf), pattern(1000));
            }
            for (let i = 0; i < 3; i++) {
              is(yield nc.netconnRecvUdpRawNetbuf(conn, out), ERR_OK);
              assert.deepEqual(bytesOf(out.buf!), pattern(1000));
              assert.equal(nb.netbufFromaddr(out.buf!), addr);
              assert.equal(nb.netbufFromport(out.buf!), 7);
              nb.netbufDelete(out.buf);
            }
            nb.netbufDelete(buf);
            is(yield nc.netconnDelete(conn), ERR_OK);
          },
        ],
      ]);
    });
  }

  it('sends the caller’s bytes by reference, in several pieces, without a checksum, and in fragments', () => {
    w.play([
      [
        w.b,
        function* () {
          const conn = udp(w.b);
          is(yield nc.netconnBind(conn, B, 7), ERR_OK);
          const out = { buf: null as Netbuf | null };
          for (const length of [30, 3000]) {
            is(yield nc.netconnRecv(conn, out), ERR_OK);
            const buf = out.buf!;
            assert.equal(nb.netbufLen(buf), length);
            assert.deepEqual(bytesOf(buf), pattern(length));
            let n = nb.netbufData(buf).length;
            let r: number;
            while ((r = nb.netbufNext(buf)) >= 0) {
              n += nb.netbufData(buf).length;
              if (r === 1) assert.equal(nb.netbufNext(buf), -1);
            }
            assert.equal(n, length);
            nb.netbufFirst(buf);
            assert.equal(nb.netbufData(buf)[0], pattern(1)[0]);
            nb.netbufDelete(buf);
          }
          is(yield nc.netconnDelete(conn), ERR_OK);
        },
      ],
      [
        w.a,
        function* () {
          const conn = udp(w.a, nc.NETCONN_UDPNOCHKSUM);
          const buf = nb.netbufNew(w.a.stack)!;
          is(nb.netbufRef(buf, pattern(10)), ERR_OK);
          const tail = nb.netbufNew(w.a.stack)!;
          is(nb.netbufRef(tail, pattern(20, 10)), ERR_OK);
          nb.netbufChain(buf, tail);
          assert.equal(nb.netbufLen(buf), 30);
          is(yield nc.netconnSendto(conn, buf, B, 7), ERR_OK);
          yield w.sleep(w.a, 20);
          is(nb.netbufRef(buf, pattern(3000)), ERR_OK);
          is(yield nc.netconnSendto(conn, buf, B, 7), ERR_OK);
          nb.netbufDelete(buf);
          is(yield nc.netconnDelete(conn), ERR_OK);
        },
      ],
    ]);
  });

  it('with a peer: sends to it, hears it alone, until it is disconnected', () => {
    w.task(function* () {
      const conn = udp(w.a);
      const peer = udp(w.b);
      const stranger = udp(w.b);
      const buf = bufOf(w.a, pattern(5));
      const other = bufOf(w.b, pattern(6));
      const out = { buf: null as Netbuf | null };
      const at = { addr: 0, port: 0 };
      is(nc.netconnPeer(conn, at), ERR_CONN);
      is(yield nc.netconnSend(conn, buf), ERR_CONN);
      is(yield nc.netconnBind(peer, 0, 70), ERR_OK);
      is(yield nc.netconnBind(stranger, 0, 71), ERR_OK);
      is(yield nc.netconnConnect(conn, 0, 70), ERR_VAL);
      is(yield nc.netconnConnect(conn, B, 0), ERR_VAL);
      is(yield nc.netconnConnect(conn, B, 70), ERR_OK);
      is(nc.netconnPeer(conn, at), ERR_OK);
      assert.deepEqual(at, { addr: B, port: 70 });
      is(nc.netconnAddr(conn, at), ERR_OK);
      is(yield nc.netconnSend(conn, buf), ERR_OK);
      w.b.poll();
      yield w.sleep(w.a, 20);
      assert.equal(peer.recvAvail, 5);
      is(nc.netconnSendto(stranger, other, A, at.port) as number, ERR_OK);
      yield w.sleep(w.a, 20);
      is(yield nc.netconnRecvUdpRawNetbufFlags(conn, out, nc.NETCONN_DONTBLOCK), ERR_WOULDBLOCK);
      is(yield nc.netconnDisconnect(conn), ERR_OK);
      is(nc.netconnPeer(conn, at), ERR_CONN);
      is(nc.netconnSendto(stranger, other, A, at.port) as number, ERR_OK);
      yield w.sleep(w.a, 20);
      is(yield nc.netconnRecv(conn, out), ERR_OK);
      nb.netbufDelete(out.buf);
      nb.netbufDelete(buf);
      nb.netbufDelete(other);
      for (const c of [conn, peer, stranger]) is(nc.netconnDelete(c) as number, ERR_OK);
    });
  });

  it('a closed port at the peer: ERR_CONN once, for who waits or who sends next', () => {
    w.task(function* () {
      const conn = udp(w.a);
      const events: number[] = [];
      conn.callback = (_conn, event) => events.push(event);
      const buf = bufOf(w.a, pattern(5));
      const out = { buf: null as Netbuf | null };
      is(yield nc.netconnSendto(conn, buf, B, 70), ERR_OK);
      yield w.sleep(w.a, 20);
      is(nc.netconnErr(conn), ERR_OK, 'without a peer nobody can tell whom it is about');
      is(yield nc.netconnConnect(conn, B, 70), ERR_OK);
      is(yield nc.netconnSend(conn, buf), ERR_OK);
      is(yield nc.netconnRecv(conn, out), ERR_CONN);
      assert.deepEqual(events, [nc.NETCONN_EVT_ERROR]);
      is(yield nc.netconnSend(conn, buf), ERR_OK);
      yield w.sleep(w.a, 20);
      assert.equal(nc.netconnReadable(conn), true);
      is(yield nc.netconnSend(conn, buf), ERR_CONN);
      nc.netconnSetNonblocking(conn, true);
      is(yield nc.netconnRecv(conn, out), ERR_WOULDBLOCK);
      assert.equal(nc.netconnReadable(conn), false);
      assert.equal(nc.netconnWritable(conn), true);
      nb.netbufDelete(buf);
      is(yield nc.netconnDelete(conn), ERR_OK);
    });
  });

  /** Sends `n` datagrams of `size` bytes from a to b, without a pause. */
  function* flood(n: number, size: number): ReturnType<Parameters<typeof w.task>[0]> {
    const conn = udp(w.a);
    const buf = bufOf(w.a, pattern(size));
    is(yield nc.netconnSendto(conn, buf, B, 9), ERR_OK);
    yield w.sleep(w.a, 20);
    for (let i = 0; i < n; i++) is(yield nc.netconnSendto(conn, buf, B, 7), ERR_OK);
    nb.netbufDelete(buf);
    is(yield nc.netconnDelete(conn), ERR_OK);
  }

  for (const [what, n, size, bufsize, kept] of [
    ['messages', 7, 10, 0, 4],
    ['bytes', 4, 100, 250, 2],
  ] as const) {
    it(`a mailbox full of ${what} drops, and counts`, () => {
      w.task(function* () {
        const conn = udp(w.b);
        if (bufsize) nc.netconnSetRecvbufsize(conn, bufsize);
        is(nc.netconnBind(conn, 0, 7) as number, ERR_OK);
        const before = w.b.stack.stats[STAT_UDP + DROP]!;
        yield* flood(n, size);
        yield w.sleep(w.a, 20);
        assert.equal(conn.netbufs.length, kept);
        assert.equal(nc.netconnRecvAvail(conn), kept * size);
        // One more was to a port that nobody has.
        assert.equal(w.b.stack.stats[STAT_UDP + DROP]! - before, n - kept + 1);
        is(nc.netconnDelete(conn) as number, ERR_OK);
      });
    });
  }

  it('nobody left to receive, no time left, no netbuf, no port', () => {
    w.play([
      [
        w.a,
        function* () {
          const conn = udp(w.a);
          is(yield nc.netconnBind(conn, 0, 7), ERR_OK);
          const second = udp(w.a);
          is(yield nc.netconnBind(second, 0, 7), ERR_USE);
          nc.netconnSetRecvtimeout(conn, 100);
          is(yield nc.netconnRecv(conn, { buf: null }), ERR_TIMEOUT);
          nc.netconnSetRecvtimeout(conn, 0);
          const reader = w.start(w.a, function* () {
            is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
          });
          yield w.sleep(w.a, 10);
          is(yield nc.netconnDelete(conn), ERR_OK);
          yield reader.end;
          const bufs: Netbuf[] = [];
          for (let buf = nb.netbufNew(w.a.stack); buf; buf = nb.netbufNew(w.a.stack)) bufs.push(buf);
          assert.equal(bufs.length, 8);
          is(yield nc.netconnBind(second, 0, 7), ERR_OK);
          is(yield nc.netconnSendto(second, bufs[0]!, LOOPBACK, 7), ERR_VAL);
          nb.netbufAlloc(bufs[0]!, 10);
          is(yield nc.netconnSendto(second, bufs[0]!, LOOPBACK, 7), ERR_OK);
          yield w.sleep(w.a, 10);
          assert.equal(second.recvAvail, 0);
          is(yield nc.netconnSendto(second, bufs[0]!, LOOPBACK, 0), ERR_VAL);
          is(yield nc.netconnSendto(second, bufs[0]!, 0, 7), ERR_VAL);
          is(yield nc.netconnSendto(second, bufs[0]!, 0x7f000002, 70000), ERR_ARG);
          is(yield nc.netconnSendto(second, bufs[0]!, 0x0b000001, 7), ERR_RTE);
          for (const buf of bufs) nb.netbufDelete(buf);
          is(yield nc.netconnSendto(second, bufs[0]!, LOOPBACK, 7), ERR_ARG);
          is(yield nc.netconnSend(second, null as unknown as Netbuf), ERR_ARG);
          is(yield nc.netconnDelete(second), ERR_OK);
        },
      ],
    ]);
  });

  it('PCBs run out: null, and no netconn is left over', () => {
    const conns: Conn[] = [];
    for (const type of [nc.NETCONN_UDP, nc.NETCONN_RAW]) {
      for (let c = nc.netconnNew(w.a.stack, type); c; c = nc.netconnNew(w.a.stack, type)) conns.push(c);
    }
    assert.equal(conns.length, 5 + 2);
    for (const c of conns) is(nc.netconnDelete(c), ERR_OK);
  });

  describe('RAW', () => {
    /** An ICMP echo request (RFC 792). */
    function ping(): Uint8Array {
      const p = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1);
      const sum = 0xffff - (0x0800 + 1 + 1);
      p[2] = sum >> 8;
      p[3] = sum & 255;
      return p;
    }

    it('pings: whole datagrams are received, beside the stack', () => {
      w.task(function* () {
        const conn = nc.netconnNew(w.a.stack, nc.NETCONN_RAW, 1)!;
        const buf = bufOf(w.a, ping());
        const out = { buf: null as Netbuf | null };
        const at = { addr: 0, port: 0 };
        is(yield nc.netconnSend(conn, buf), ERR_CONN);
        is(yield nc.netconnSendto(conn, buf, B, 0), ERR_OK);
        is(yield nc.netconnRecv(conn, out), ERR_OK);
        assert.equal(nb.netbufLen(out.buf!), 28);
        assert.equal(bytesOf(out.buf!)[20], 0);
        assert.equal(nb.netbufFromaddr(out.buf!), B);
        assert.equal(nb.netbufFromport(out.buf!), 1);
        nb.netbufDelete(out.buf);
        is(yield nc.netconnBind(conn, A, 0), ERR_OK);
        is(yield nc.netconnConnect(conn, B, 0), ERR_OK);
        is(nc.netconnPeer(conn, at), ERR_OK);
        assert.deepEqual(at, { addr: B, port: 1 });
        is(nc.netconnAddr(conn, at), ERR_OK);
        assert.deepEqual(at, { addr: A, port: 1 });
        is(yield nc.netconnSend(conn, buf), ERR_OK);
        is(yield nc.netconnRecv(conn, out), ERR_OK);
        nb.netbufDelete(out.buf);
        is(yield nc.netconnDisconnect(conn), ERR_OK);
        is(yield nc.netconnSend(conn, buf), ERR_CONN);
        nb.netbufDelete(buf);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });

    it('a full mailbox drops, counts, and leaves the datagram to the stack', () => {
      w.task(function* () {
        const listener = nc.netconnNew(w.b.stack, nc.NETCONN_RAW, 1)!;
        const conn = nc.netconnNew(w.a.stack, nc.NETCONN_RAW, 1)!;
        const buf = bufOf(w.a, ping());
        for (let i = 0; i < 6; i++) {
          is(yield nc.netconnSendto(conn, buf, B, 0), ERR_OK);
          const out = { buf: null as Netbuf | null };
          is(yield nc.netconnRecv(conn, out), ERR_OK);
          nb.netbufDelete(out.buf);
        }
        assert.equal(listener.netbufs.length, 4);
        assert.equal(w.b.stack.stats[STAT_RAW + DROP], 2);
        nb.netbufDelete(buf);
        is(nc.netconnDelete(listener) as number, ERR_OK);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });
  });

  describe('multicast groups', () => {
    const GROUP = 0xe00000fb;

    it('joins, hears, leaves; deleting leaves the rest', () => {
      const filter: [string, boolean][] = [];
      w.a.netif.flags |= NETIF_FLAG_IGMP;
      w.a.netif.macFilter = (_netif, mac, join) => {
        filter.push([[...mac].map((x) => x.toString(16)).join(':'), join]);
        return ERR_OK;
      };
      w.task(function* () {
        const conn = udp(w.a);
        const second = udp(w.a);
        const sender = udp(w.b);
        const buf = bufOf(w.b, pattern(5));
        is(yield nc.netconnBind(conn, 0, 5353), ERR_OK);
        const heard = function* (): Generator<number | ReturnType<typeof w.sleep>, number, number> {
          is(nc.netconnSendto(sender, buf, GROUP, 5353) as number, ERR_OK);
          yield w.sleep(w.a, 10);
          const n = conn.netbufs.length;
          while (conn.netbufs.length) nb.netbufDelete(conn.netbufs.shift()!);
          return n;
        };
        assert.equal(yield* heard(), 0);
        is(yield nc.netconnJoinLeaveGroup(conn, GROUP, 0, nc.NETCONN_JOIN), ERR_OK);
        is(yield nc.netconnJoinLeaveGroup(conn, GROUP, 0, nc.NETCONN_JOIN), ERR_USE);
        is(yield nc.netconnJoinLeaveGroup(second, GROUP, A, nc.NETCONN_JOIN), ERR_OK);
        assert.equal(yield* heard(), 1);
        is(yield nc.netconnJoinLeaveGroup(conn, GROUP, 0, nc.NETCONN_LEAVE), ERR_OK);
        is(yield nc.netconnJoinLeaveGroup(conn, GROUP, 0, nc.NETCONN_LEAVE), ERR_VAL);
        assert.equal(yield* heard(), 1, 'the host is still in the group');
        is(yield nc.netconnDelete(second), ERR_OK);
        assert.equal(yield* heard(), 0);
        conn.recvAvail = 0;
        is(yield nc.netconnDelete(conn), ERR_OK);
        is(nc.netconnDelete(sender) as number, ERR_OK);
        nb.netbufDelete(buf);
      });
      assert.deepEqual(filter, [
        ['1:0:5e:0:0:fb', true],
        ['1:0:5e:0:0:fb', false],
      ]);
    });

    it('refuses what is no group, no interface, or an interface that takes none', () => {
      w.task(function* () {
        const conn = udp(w.a);
        is(yield nc.netconnJoinLeaveGroup(conn, B, 0, nc.NETCONN_JOIN), ERR_VAL);
        is(yield nc.netconnJoinLeaveGroup(conn, GROUP, B, nc.NETCONN_JOIN), ERR_VAL);
        is(yield nc.netconnJoinLeaveGroup(conn, GROUP, 0, nc.NETCONN_JOIN), ERR_VAL);
        is(yield nc.netconnJoinLeaveGroup(conn, -1, 0, nc.NETCONN_JOIN), ERR_ARG);
        w.a.netif.flags |= NETIF_FLAG_IGMP;
        const { num } = w.a.stack.memp[MEMP_IGMP_GROUP]!;
        for (let i = 0; i < num; i++) {
          is(yield nc.netconnJoinLeaveGroup(conn, GROUP + i, 0, nc.NETCONN_JOIN), ERR_OK);
        }
        is(yield nc.netconnJoinLeaveGroup(conn, 0xe0000105, 0, nc.NETCONN_JOIN), ERR_MEM);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });
  });

  describe('netbuf', () => {
    it('has memory, gives it back, and may be deleted twice', () => {
      const buf = nb.netbufNew(w.a.stack)!;
      assert.equal(nb.netbufLen(buf), 0);
      assert.equal(nb.netbufData(buf).length, 0);
      assert.equal(nb.netbufNext(buf), -1);
      is(nb.netbufTake(buf, pattern(1)), ERR_BUF);
      nb.netbufAlloc(buf, 10)!.set(pattern(10));
      assert.deepEqual(bytesOf(buf), pattern(10));
      is(nb.netbufTake(buf, pattern(11)), ERR_BUF);
      const few = new Uint8Array(3);
      assert.equal(nb.netbufCopyPartial(buf, few, 10, 2), 3);
      assert.deepEqual(few, pattern(3, 2));
      nb.netbufFree(buf);
      assert.equal(nb.netbufLen(buf), 0);
      is(nb.netbufRef(buf, 'text' as unknown as Uint8Array), ERR_ARG);
      assert.equal(nb.netbufAlloc(buf, -1), null);
      nb.netbufDelete(buf);
      nb.netbufDelete(buf);
      nb.netbufDelete(null);
      assert.equal(nb.netbufAlloc(buf, 10), null);
      is(nb.netbufRef(buf, pattern(1)), ERR_ARG);
    });

    it('without heap or descriptors: null, ERR_MEM', () => {
      const { stack } = w.a;
      const buf = nb.netbufNew(stack)!;
      const blocks: Uint8Array[] = [];
      for (let b = memMalloc(stack, 1520); b; b = memMalloc(stack, 1520)) blocks.push(b);
      assert.equal(nb.netbufAlloc(buf, 1400), null);
      for (const b of blocks) memFree(stack, b);
      const others: Netbuf[] = [];
      stack.memp[0]!.num = 1;
      const other = nb.netbufNew(stack)!;
      is(nb.netbufRef(other, pattern(1)), ERR_OK);
      is(nb.netbufRef(buf, pattern(1)), ERR_MEM);
      others.push(other, buf);
      for (const o of others) nb.netbufDelete(o);
    });
  });
});
