// Listening and the limits of netconns: mailboxes, backlog, pools and the heap exhausted; and wrong use.

import assert from 'node:assert/strict';
import { netbufDelete, netbufNew, type Netbuf } from '../../../firmware/api/netbuf.js';
import * as nc from '../../../firmware/api/netconn.js';
import {
  ERR_ARG,
  ERR_CLSD,
  ERR_MEM,
  ERR_OK,
  ERR_RST,
  ERR_TIMEOUT,
  ERR_USE,
  ERR_VAL,
  ERR_WOULDBLOCK,
} from '../../../firmware/stack/core/err.js';
import { memFree, memMalloc } from '../../../firmware/stack/core/mem.js';
import {
  MEMP_NETBUF,
  MEMP_NETCONN,
  MEMP_SYS_TIMEOUT,
  MEMP_TCP_PCB,
  MEMP_TCP_PCB_LISTEN,
  mempFree,
  mempTake,
} from '../../../firmware/stack/core/memp.js';
import { pbufFree, pbufRxAvailable, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { STAT_TCPX, TCPX_LISTENDROP } from '../../../firmware/stack/core/stats.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import type { TaskSteps } from '../../../firmware/stack/core/task.js';
import { tcpipLock, tcpipTryCallback, tcpipUnlock } from '../../../firmware/stack/core/tcpip.js';
import { tcpNagleDisable } from '../../../firmware/stack/tcp/tcp.js';
import type { Host } from '../../harness/host.js';
import { B, World, collect, connected, is, listening, pattern, tcp } from './setup.js';

type Conn = nc.Netconn;

/** Takes all that is left of a pool; returns how to give it back. */
function exhaust(stack: Stack, pool: number): () => void {
  const { num, used } = stack.memp[pool]!;
  for (let i = used; i < num; i++) is(mempTake(stack, pool), ERR_OK);
  return () => {
    for (let i = used; i < num; i++) mempFree(stack, pool);
  };
}

describe('netconn: limits', () => {
  let w: World;
  beforeEach(() => (w = new World()));
  afterEach(() => w.assertClean());

  /** Connects, holds the connection for `ms`, and tells how it ended. */
  function* client(host: Host, ms: number, results: number[]): TaskSteps {
    const conn = tcp(host);
    const r = yield nc.netconnConnect(conn, B, 7);
    if (r === ERR_OK) yield w.sleep(host, ms);
    results.push(r);
    is(yield nc.netconnDelete(conn), ERR_OK);
  }

  describe('listening', () => {
    it('accepts in order of arrival, with a time limit, and without blocking', () => {
      w.task(function* () {
        const results: number[] = [];
        const server = w.start(w.b, () =>
          listening(w.b, function* (conn) {
            const out = { conn: null as Conn | null };
            nc.netconnSetNonblocking(conn, true);
            is(yield nc.netconnAccept(conn, out), ERR_WOULDBLOCK);
            nc.netconnSetNonblocking(conn, false);
            nc.netconnSetRecvtimeout(conn, 100);
            is(yield nc.netconnAccept(conn, out), ERR_TIMEOUT);
            assert.equal(out.conn, null);
            yield w.sleep(w.b, 200);
            assert.equal(nc.netconnReadable(conn), true);
            const ports: number[] = [];
            while ((yield nc.netconnAccept(conn, out)) === ERR_OK) {
              const peer = { addr: 0, port: 0 };
              is(nc.netconnPeer(out.conn!, peer), ERR_OK);
              ports.push(peer.port);
              is(yield nc.netconnDelete(out.conn!), ERR_OK);
            }
            assert.deepEqual(ports, [5001, 5002, 5003]);
            assert.equal(nc.netconnReadable(conn), false);
          }),
        );
        w.b.poll();
        yield w.sleep(w.a, 200);
        for (let i = 1; i <= 3; i++) {
          w.start(w.a, function* () {
            const conn = tcp(w.a);
            is(yield nc.netconnBind(conn, 0, 5000 + i), ERR_OK);
            is(yield nc.netconnConnect(conn, B, 7), ERR_OK);
            yield* collect(conn, []);
            is(yield nc.netconnDelete(conn), ERR_OK);
          });
          yield w.sleep(w.a, 5);
        }
        yield w.sleep(w.a, 3000);
        assert(server.end.settled);
        assert.deepEqual(results, []);
      });
    });

    it('the backlog: who does not fit is dropped, counted, and gets in when there is room', () => {
      const results: number[] = [];
      w.play([
        [
          w.b,
          () =>
            listening(
              w.b,
              function* (conn) {
                yield w.sleep(w.b, 500);
                assert.equal(conn.acceptmbox.length, 2);
                assert(w.b.stack.stats[STAT_TCPX + TCPX_LISTENDROP]! >= 1);
                const out = { conn: null as Conn | null };
                for (let i = 0; i < 4; i++) {
                  is(yield nc.netconnAccept(conn, out), ERR_OK);
                  is(yield nc.netconnDelete(out.conn!), ERR_OK);
                }
              },
              2,
            ),
        ],
        ...[1, 2, 3, 4].map((): [Host, () => TaskSteps] => [w.a, () => client(w.a, 1, results)]),
      ]);
      assert.deepEqual(results, [ERR_OK, ERR_OK, ERR_OK, ERR_OK]);
    });

    it('the backlog is changed by listening again; more than the mailbox is as much as the mailbox', () => {
      w.task(function* () {
        yield* listening(w.a, function* (conn) {
          assert.equal(conn.listener!.backlog, 4);
          is(yield nc.netconnListenWithBacklog(conn, 1), ERR_OK);
          assert.equal(conn.listener!.backlog, 1);
          is(yield nc.netconnListenWithBacklog(conn, 0), ERR_OK);
          assert.equal(conn.listener!.backlog, 1);
          is(yield nc.netconnListen(conn), ERR_OK);
          assert.equal(conn.listener!.backlog, 4);
        });
      });
    });

    it('deleting it: who waits to accept gets ERR_CLSD, who waits to be accepted is reset', () => {
      w.play([
        [
          w.b,
          () =>
            listening(w.b, function* (conn) {
              yield w.sleep(w.b, 100);
              assert.equal(conn.acceptmbox.length, 1);
              assert.equal(w.b.stack.memp[MEMP_NETCONN]!.used, 2);
            }),
        ],
        [
          w.a,
          () =>
            connected(w.a, B, function* (conn) {
              is(yield nc.netconnWrite(conn, pattern(100), nc.NETCONN_COPY), ERR_OK);
              is(yield nc.netconnRecv(conn, { buf: null }), ERR_RST);
            }),
        ],
      ]);
      w.task(function* () {
        const conn = tcp(w.a);
        is(yield nc.netconnListen(conn), ERR_OK);
        const out = { addr: 0, port: 0 };
        is(nc.netconnAddr(conn, out), ERR_OK);
        assert(out.port >= 49152);
        const waiting = w.start(w.a, function* () {
          is(yield nc.netconnAccept(conn, { conn: null }), ERR_CLSD);
        });
        yield w.sleep(w.a, 10);
        is(yield nc.netconnClose(conn), ERR_OK);
        is(yield nc.netconnAccept(conn, { conn: null }), ERR_CLSD);
        yield waiting.end;
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });

    it('a connection that was reset before it was accepted is accepted, and then tells', () => {
      w.play([
        [
          w.b,
          () =>
            listening(w.b, function* (conn) {
              yield w.sleep(w.b, 100);
              const out = { conn: null as Conn | null };
              is(yield nc.netconnAccept(conn, out), ERR_OK);
              const heard: number[] = [];
              is(yield* collect(out.conn!, heard), ERR_RST);
              assert.equal(heard.length, 5);
              is(yield nc.netconnDelete(out.conn!), ERR_OK);
            }),
        ],
        [
          w.a,
          () =>
            connected(w.a, B, function* (conn) {
              is(yield nc.netconnWrite(conn, pattern(5), nc.NETCONN_COPY), ERR_OK);
              yield w.sleep(w.a, 20);
              conn.linger = 0;
            }),
        ],
      ]);
    });

    it('a taken port: ERR_USE', () => {
      w.task(function* () {
        yield* listening(w.a, function* () {
          const conn = tcp(w.a);
          is(yield nc.netconnBind(conn, 0, 7), ERR_USE);
          is(yield nc.netconnDelete(conn), ERR_OK);
        });
      });
    });
  });

  describe('receiving', () => {
    it('a full mailbox closes the window; what was refused comes at once when there is room', () => {
      const heard: number[] = [];
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 500);
          assert.equal(conn.pbufs.length, 6);
          assert(nc.netconnRecvAvail(conn) > 600);
          assert(pbufRxAvailable(w.b.stack), 'others are heard');
          const before = w.now;
          is(yield* collect(conn, heard, 700), ERR_OK);
          assert.equal(w.now, before, 'no time passes while there is something');
          is(yield* collect(conn, heard), ERR_CLSD);
        },
        function* (conn) {
          tcpNagleDisable(conn.tcp!);
          for (let i = 0; i < 40; i++) {
            is(yield nc.netconnWrite(conn, pattern(100, i * 100), nc.NETCONN_COPY), ERR_OK);
            yield w.sleep(w.a, 2);
          }
        },
      );
      assert.deepEqual(Uint8Array.from(heard), pattern(4000));
    });

    it('the receive buffer size, in bytes', () => {
      const heard: number[] = [];
      w.pair(
        function* (conn) {
          nc.netconnSetRecvbufsize(conn, 1000);
          assert.equal(nc.netconnGetRecvbufsize(conn), 1000);
          yield w.sleep(w.b, 500);
          assert.equal(conn.recvAvail, 900);
          is(yield* collect(conn, heard), ERR_CLSD);
        },
        function* (conn) {
          tcpNagleDisable(conn.tcp!);
          for (let i = 0; i < 10; i++) {
            is(yield nc.netconnWrite(conn, pattern(300, i * 300), nc.NETCONN_COPY), ERR_OK);
            yield w.sleep(w.a, 2);
          }
        },
      );
      assert.deepEqual(Uint8Array.from(heard), pattern(3000));
    });

    for (const how of ['the netconn', 'the call'] as const) {
      it(`the window opens by netconnTcpRecvd() alone, as ${how} wants`, () => {
        let sent = 0;
        w.pair(
          function* (conn) {
            if (how === 'the netconn') {
              nc.netconnSetNoautorecved(conn, true);
              assert.equal(nc.netconnGetNoautorecved(conn), true);
            }
            const flags = how === 'the call' ? nc.NETCONN_NOAUTORCVD : 0;
            const out = { p: null as Pbuf | null };
            let n = 0;
            while (n < 5840) {
              is(yield nc.netconnRecvTcpPbufFlags(conn, out, flags), ERR_OK);
              n += out.p!.totLen;
              pbufFree(out.p);
            }
            nc.netconnSetRecvtimeout(conn, 1000);
            is(yield nc.netconnRecvTcpPbufFlags(conn, out, flags), ERR_TIMEOUT);
            assert.equal(sent, 0);
            is(yield nc.netconnTcpRecvd(conn, 5840), ERR_OK);
            while ((yield nc.netconnRecvTcpPbufFlags(conn, out, flags)) === ERR_OK) {
              is(yield nc.netconnTcpRecvd(conn, out.p!.totLen), ERR_OK);
              n += out.p!.totLen;
              pbufFree(out.p);
            }
            assert.equal(n, 20_000);
          },
          function* (conn) {
            is(yield nc.netconnWrite(conn, pattern(20_000), nc.NETCONN_COPY), ERR_OK);
            sent = 20_000;
          },
        );
      });
    }
  });

  describe('exhausted:', () => {
    it('netconns', () => {
      const { stack } = w.a;
      const give = exhaust(stack, MEMP_NETCONN);
      assert.equal(nc.netconnNew(stack, nc.NETCONN_TCP), null);
      give();
      assert.equal(stack.memp[MEMP_NETCONN]!.err, 1);
    });

    it('PCBs: no netconn is left over', () => {
      const { stack } = w.a;
      const give = exhaust(stack, MEMP_TCP_PCB);
      assert.equal(nc.netconnNew(stack, nc.NETCONN_TCP), null);
      assert.equal(stack.memp[MEMP_NETCONN]!.used, 0);
      give();
    });

    it('listening PCBs: ERR_MEM, and it may be tried again', () => {
      w.task(function* () {
        const conn = tcp(w.a);
        is(yield nc.netconnBind(conn, 0, 7), ERR_OK);
        const give = exhaust(w.a.stack, MEMP_TCP_PCB_LISTEN);
        is(yield nc.netconnListen(conn), ERR_MEM);
        give();
        is(yield nc.netconnListen(conn), ERR_OK);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });

    it('netconns at accept: the client is reset', () => {
      w.play([
        [
          w.b,
          () =>
            listening(w.b, function* (conn) {
              const give = exhaust(w.b.stack, MEMP_NETCONN);
              nc.netconnSetRecvtimeout(conn, 500);
              is(yield nc.netconnAccept(conn, { conn: null }), ERR_TIMEOUT);
              give();
            }),
        ],
        [
          w.a,
          () =>
            connected(w.a, B, function* (conn) {
              is(yield nc.netconnRecv(conn, { buf: null }), ERR_RST);
            }),
        ],
      ]);
    });

    it('netbufs: ERR_MEM, and the data wait', () => {
      w.pair(
        function* (conn) {
          const out = { buf: null as Netbuf | null };
          const give = exhaust(w.b.stack, MEMP_NETBUF);
          is(yield nc.netconnRecv(conn, out), ERR_MEM);
          assert.equal(netbufNew(w.b.stack), null);
          give();
          is(yield nc.netconnRecv(conn, out), ERR_OK);
          netbufDelete(out.buf);
        },
        function* (conn) {
          is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
        },
      );
    });

    it('time-outs: ERR_MEM instead of a wait with a limit', () => {
      w.pair(
        function* (conn) {
          const give = exhaust(w.b.stack, MEMP_SYS_TIMEOUT);
          nc.netconnSetRecvtimeout(conn, 100);
          is(yield nc.netconnRecv(conn, { buf: null }), ERR_MEM);
          give();
        },
        function* () {},
      );
    });

    it('the heap: a writer waits until there is memory, without an ACK to wake it', () => {
      const heard: number[] = [];
      w.pair(
        function* (conn) {
          is(yield* collect(conn, heard), ERR_CLSD);
        },
        function* (conn) {
          const { stack } = w.a;
          const blocks: Uint8Array[] = [];
          for (const size of [1520, 64]) {
            for (let b = memMalloc(stack, size); b; b = memMalloc(stack, size)) blocks.push(b);
          }
          const waker = w.start(w.a, function* () {
            const out = { written: 0 };
            is(
              yield nc.netconnWritePartly(
                conn,
                pattern(9),
                0,
                9,
                nc.NETCONN_COPY | nc.NETCONN_DONTBLOCK,
                out,
              ),
              ERR_WOULDBLOCK,
            );
            yield w.sleep(w.a, 700);
            for (const b of blocks) memFree(stack, b);
          });
          const before = w.now;
          is(yield nc.netconnWrite(conn, pattern(3000), nc.NETCONN_COPY), ERR_OK);
          assert(w.now - before < 1600, String(w.now - before));
          yield waker.end;
        },
      );
      assert.deepEqual(Uint8Array.from(heard), pattern(3000));
    });

    it('the core’s mailbox, while another holds the core lock: ERR_MEM', () => {
      const conn = tcp(w.a);
      let posted = 0;
      locked(() => {
        while (tcpipTryCallback(w.a.stack, () => posted--, null) === ERR_OK) posted++;
        assert.equal(posted, 8);
        is(nc.netconnBind(conn, 0, 7), ERR_MEM);
      });
      w.run(1);
      assert.equal(posted, 0);
      is(nc.netconnBind(conn, 0, 7), ERR_OK);
      is(nc.netconnDelete(conn), ERR_OK);
    });
  });

  /** Runs `fn` in another context than that which holds the core lock of host a. */
  function locked(fn: () => void): void {
    const { stack } = w.a;
    const { sys } = stack;
    is(tcpipLock(stack), ERR_OK);
    const before = sys.runs;
    sys.runs = {};
    fn();
    sys.runs = before;
    tcpipUnlock(stack);
  }

  it('all calls wait for the core lock while another holds it', () => {
    const results: [string, number][] = [];
    w.pair(
      function* (conn) {
        is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
        const heard: number[] = [];
        is(yield* collect(conn, heard), ERR_CLSD);
        assert.equal(heard.length, 20);
      },
      function* (conn) {
        yield w.sleep(w.a, 50);
        w.scheduler.at(w.scheduler.now + 1000, () => {
          locked(() => {
            const other = tcp(w.a);
            const out = { buf: null as Netbuf | null, conn: null as Conn | null };
            const calls = {
              bind: nc.netconnBind(other, 0, 99),
              listen: nc.netconnListen(other),
              recv: nc.netconnRecv(conn, out),
              write: nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY),
              vectors: nc.netconnWriteVectorsPartly(conn, [pattern(10)], nc.NETCONN_COPY, null),
              shutdown: nc.netconnShutdown(conn, false, true),
              remove: nc.netconnDelete(other),
            };
            for (const [name, wait] of Object.entries(calls)) {
              assert(typeof wait === 'object', name);
              wait.then((r) => {
                results.push([name, r]);
                if (name === 'recv') netbufDelete(out.buf);
              });
            }
          });
        });
        yield w.sleep(w.a, 100);
      },
    );
    assert.deepEqual(
      results,
      ['bind', 'listen', 'recv', 'write', 'vectors', 'shutdown', 'remove'].map((name) => [name, ERR_OK]),
    );
  });

  describe('wrong use', () => {
    const bytes = pattern(10);
    const out = {
      conn: null as Conn | null,
      buf: null as Netbuf | null,
      p: null as Pbuf | null,
      addr: 0,
      port: 0,
    };
    const calls: Record<string, (conn: Conn) => unknown> = {
      netconnBind: (c) => nc.netconnBind(c, 0, 7),
      netconnConnect: (c) => nc.netconnConnect(c, B, 7),
      netconnDisconnect: (c) => nc.netconnDisconnect(c),
      netconnListen: (c) => nc.netconnListen(c),
      netconnListenWithBacklog: (c) => nc.netconnListenWithBacklog(c, 1),
      netconnAccept: (c) => nc.netconnAccept(c, out),
      netconnRecv: (c) => nc.netconnRecv(c, out),
      netconnRecvTcpPbuf: (c) => nc.netconnRecvTcpPbuf(c, out),
      netconnRecvUdpRawNetbuf: (c) => nc.netconnRecvUdpRawNetbuf(c, out),
      netconnTcpRecvd: (c) => nc.netconnTcpRecvd(c, 1),
      netconnWrite: (c) => nc.netconnWrite(c, bytes, 0),
      netconnWriteVectorsPartly: (c) => nc.netconnWriteVectorsPartly(c, [bytes], 0, null),
      netconnShutdown: (c) => nc.netconnShutdown(c, true, true),
      netconnClose: (c) => nc.netconnClose(c),
      netconnDelete: (c) => nc.netconnDelete(c),
      netconnGetaddr: (c) => nc.netconnGetaddr(c, out, true),
      netconnJoinLeaveGroup: (c) => nc.netconnJoinLeaveGroup(c, 0xe0000005, 0, nc.NETCONN_JOIN),
    };
    for (const name in calls) {
      it(`${name}() of a deleted netconn, of null and of something else: ERR_ARG`, () => {
        w.task(function* () {
          const conn = tcp(w.a);
          is(yield nc.netconnDelete(conn), ERR_OK);
          is(calls[name]!(conn), ERR_ARG);
          is(calls[name]!(null as unknown as Conn), ERR_ARG);
          is(calls[name]!({} as Conn), ERR_ARG);
        });
      });
    }

    it('calls for the other kind: ERR_ARG, ERR_VAL to disconnect TCP', () => {
      w.task(function* () {
        const udp = nc.netconnNew(w.a.stack, nc.NETCONN_UDP)!;
        for (const name of [
          'netconnListen',
          'netconnAccept',
          'netconnRecvTcpPbuf',
          'netconnTcpRecvd',
          'netconnWrite',
          'netconnWriteVectorsPartly',
          'netconnShutdown',
          'netconnClose',
        ]) {
          is(calls[name]!(udp), ERR_ARG, name);
        }
        is(yield nc.netconnDelete(udp), ERR_OK);
        const conn = tcp(w.a);
        const buf = netbufNew(w.a.stack)!;
        is(yield nc.netconnSendto(conn, buf, B, 7), ERR_ARG);
        is(yield nc.netconnSend(conn, buf), ERR_ARG);
        is(yield nc.netconnRecvUdpRawNetbuf(conn, out), ERR_ARG);
        is(yield nc.netconnJoinLeaveGroup(conn, 0xe0000005, 0, nc.NETCONN_JOIN), ERR_ARG);
        is(yield nc.netconnDisconnect(conn), ERR_VAL);
        is(yield nc.netconnAccept(conn, out), ERR_VAL);
        netbufDelete(buf);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });

    it('arguments of the wrong kind: ERR_ARG', () => {
      w.pair(
        function* () {},
        function* (conn) {
          const wrong = 'text' as unknown as never;
          for (const port of [-1, 65536, 1.5, NaN, wrong]) {
            is(yield nc.netconnBind(conn, 0, port), ERR_ARG);
            is(yield nc.netconnConnect(conn, B, port), ERR_ARG);
          }
          for (const addr of [-1, wrong, undefined as unknown as number]) {
            is(yield nc.netconnBind(conn, addr, 7), ERR_ARG);
            is(yield nc.netconnConnect(conn, addr, 7), ERR_ARG);
          }
          for (const data of [null as unknown as Uint8Array, wrong, [1, 2] as unknown as Uint8Array]) {
            is(yield nc.netconnWrite(conn, data, nc.NETCONN_COPY), ERR_ARG);
            is(yield nc.netconnWriteVectorsPartly(conn, [bytes, data], nc.NETCONN_COPY, null), ERR_ARG);
          }
          is(yield nc.netconnWriteVectorsPartly(conn, [], nc.NETCONN_COPY, null), ERR_ARG);
          for (const [off, len] of [
            [-1, 2],
            [0, 11],
            [5, 6],
            [0, -1],
            [0, NaN],
          ] as const) {
            is(yield nc.netconnWritePartly(conn, bytes, off, len, nc.NETCONN_COPY, null), ERR_ARG);
          }
          is(yield nc.netconnTcpRecvd(conn, -1), ERR_ARG);
        },
      );
      for (const type of [0, 1, 0x30, NaN, 'tcp' as unknown as number]) {
        assert.equal(nc.netconnNew(w.a.stack, type), null);
      }
      assert.equal(nc.netconnNew(w.a.stack, nc.NETCONN_RAW, 256), null);
      assert.equal(nc.netconnNew(w.a.stack, nc.NETCONN_RAW, -1), null);
    });

    it('nowhere to connect to: ERR_VAL', () => {
      w.task(function* () {
        const conn = tcp(w.a);
        is(yield nc.netconnConnect(conn, 0, 7), ERR_VAL);
        is(yield nc.netconnConnect(conn, 0xe0000001, 7), ERR_VAL);
        is(yield nc.netconnConnect(conn, B, 0), ERR_VAL);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });
  });
});
