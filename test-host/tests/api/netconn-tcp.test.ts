// TCP netconns: making connections, carrying data, and time limits.

import assert from 'node:assert/strict';
import { netbufData, netbufDelete, type Netbuf } from '../../../firmware/api/netbuf.js';
import * as nc from '../../../firmware/api/netconn.js';
import {
  ERR_ABRT,
  ERR_ALREADY,
  ERR_CLSD,
  ERR_CONN,
  ERR_INPROGRESS,
  ERR_ISCONN,
  ERR_OK,
  ERR_RST,
  ERR_TIMEOUT,
  ERR_VAL,
  ERR_WOULDBLOCK,
} from '../../../firmware/stack/core/err.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import type { TaskSteps } from '../../../firmware/stack/core/task.js';
import { tcpNagleDisable } from '../../../firmware/stack/tcp/tcp.js';
import type { Host } from '../../harness/host.js';
import { A, B, LOOPBACK, World, collect, connected, is, listening, pattern, serving, tcp } from './setup.js';

type Conn = nc.Netconn;

describe('netconn: TCP', () => {
  let w: World;
  beforeEach(() => (w = new World()));
  afterEach(() => w.assertClean());

  function* echo(conn: Conn): TaskSteps {
    const out = { buf: null as Netbuf | null };
    while ((yield nc.netconnRecv(conn, out)) === ERR_OK) {
      is(yield nc.netconnWrite(conn, netbufData(out.buf!), nc.NETCONN_COPY), ERR_OK);
      netbufDelete(out.buf);
    }
    is(nc.netconnErr(conn), ERR_OK);
    is(yield nc.netconnClose(conn), ERR_OK);
  }

  function exchange(server: Host, addr: number): void {
    const data = pattern(40_000);
    const heard: number[] = [];
    w.play([
      [server, () => serving(server, echo)],
      [
        w.a,
        () =>
          connected(w.a, addr, function* (conn) {
            const writer = w.start(w.a, function* () {
              is(yield nc.netconnWrite(conn, data, nc.NETCONN_COPY), ERR_OK);
              is(yield nc.netconnShutdown(conn, false, true), ERR_OK);
            });
            is(yield* collect(conn, heard), ERR_CLSD);
            is(yield* collect(conn, heard), ERR_CLSD);
            yield writer.end;
            is(yield nc.netconnClose(conn), ERR_OK);
          }),
      ],
    ]);
    assert.deepEqual(Uint8Array.from(heard), data);
  }

  it('carries 40000 bytes there and back, and ends', () => exchange(w.b, B));

  it('does so over loopback', () => exchange(w.a, LOOPBACK));

  it('writes without copying, and in several arrays', () => {
    const heard: number[] = [];
    const parts = [pattern(3000), pattern(0), pattern(5000, 3000), pattern(4000, 8000)];
    w.pair(
      function* (conn) {
        is(yield* collect(conn, heard), ERR_CLSD);
      },
      function* (conn) {
        const out = { written: -1 };
        is(yield nc.netconnWriteVectorsPartly(conn, parts, nc.NETCONN_NOCOPY, out), ERR_OK);
        assert.equal(out.written, 12_000);
        is(yield nc.netconnWritePartly(conn, pattern(200, 11_900), 100, 50, nc.NETCONN_NOCOPY, out), ERR_OK);
        assert.equal(out.written, 50);
        is(yield nc.netconnWrite(conn, new Uint8Array(0), nc.NETCONN_COPY), ERR_OK);
      },
    );
    assert.deepEqual(Uint8Array.from(heard), pattern(12_050));
  });

  it('takes what follows soon into the same segment', () => {
    const sizes: number[] = [];
    w.pair(
      function* (conn) {
        const out = { p: null as Pbuf | null };
        while ((yield nc.netconnRecvTcpPbuf(conn, out)) === ERR_OK) {
          sizes.push(out.p!.totLen);
          pbufFree(out.p);
        }
      },
      function* (conn) {
        tcpNagleDisable(conn.tcp!);
        is(yield nc.netconnWrite(conn, pattern(100), nc.NETCONN_COPY), ERR_OK);
        is(
          yield nc.netconnWriteVectorsPartly(conn, [pattern(10), pattern(20)], nc.NETCONN_COPY, null),
          ERR_OK,
        );
      },
    );
    assert.deepEqual(sizes, [100, 30]);
  });

  it('does not keep bytes that are copied', () => {
    const heard: number[] = [];
    w.pair(
      function* (conn) {
        is(yield* collect(conn, heard), ERR_CLSD);
      },
      function* (conn) {
        const bytes = pattern(4000);
        is(yield nc.netconnWrite(conn, bytes, nc.NETCONN_COPY), ERR_OK);
        bytes.fill(0);
      },
    );
    assert.deepEqual(Uint8Array.from(heard), pattern(4000));
  });

  it('tells both ends where they are', () => {
    const out = { addr: 0 as unknown as number, port: 0 };
    let port = 0;
    w.pair(
      function* (conn) {
        yield w.sleep(w.b, 1);
        is(nc.netconnPeer(conn, out), ERR_OK);
        assert.deepEqual(out, { addr: A, port });
        is(nc.netconnAddr(conn, out), ERR_OK);
        assert.deepEqual(out, { addr: B, port: 7 });
      },
      function* (conn) {
        is(nc.netconnGetaddr(conn, out, true), ERR_OK);
        port = out.port;
        assert(port >= 49152);
        is(nc.netconnGetaddr(conn, out, false), ERR_OK);
        assert.deepEqual(out, { addr: B, port: 7 });
        yield w.sleep(w.a, 10);
      },
    );
  });

  describe('connecting', () => {
    it('refused: ERR_RST, once; then it may be tried again, from where it was bound', () => {
      w.task(function* () {
        const conn = tcp(w.a);
        is(yield nc.netconnBind(conn, 0, 4000), ERR_OK);
        is(yield nc.netconnConnect(conn, B, 7), ERR_RST);
        is(nc.netconnErr(conn), ERR_OK);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_CONN);
        is(yield nc.netconnWrite(conn, pattern(1), nc.NETCONN_COPY), ERR_CONN);
        const server = w.start(w.b, () => serving(w.b, echo));
        yield w.sleep(w.a, 100);
        is(yield nc.netconnConnect(conn, B, 7), ERR_OK);
        const out = { addr: 0, port: 0 };
        is(nc.netconnAddr(conn, out), ERR_OK);
        assert.equal(out.port, 4000);
        is(yield nc.netconnDelete(conn), ERR_OK);
        yield w.sleep(w.a, 1000);
        assert(server.end.settled);
      });
    });

    it('no answer: ERR_ABRT', () => {
      w.link.setUp(false);
      w.task(function* () {
        const conn = tcp(w.a);
        is(yield nc.netconnConnect(conn, B, 7), ERR_ABRT);
        is(yield nc.netconnDelete(conn), ERR_OK);
      }, 300);
    });

    it('deleted meanwhile: ERR_CLSD', () => {
      w.link.setUp(false);
      w.task(function* () {
        const conn = tcp(w.a);
        const killer = w.start(w.a, function* () {
          yield w.sleep(w.a, 50);
          is(yield nc.netconnDelete(conn), ERR_OK);
        });
        is(yield nc.netconnConnect(conn, B, 7), ERR_CLSD);
        yield killer.end;
      });
    });

    it('without blocking: ERR_INPROGRESS, ERR_ALREADY, and in the end ERR_ISCONN', () => {
      const events: number[] = [];
      w.play([
        [w.b, () => serving(w.b, echo)],
        [
          w.a,
          function* () {
            const conn = nc.netconnNew(w.a.stack, nc.NETCONN_TCP, 0, (_conn, event) => events.push(event))!;
            nc.netconnSetNonblocking(conn, true);
            assert.equal(nc.netconnIsNonblocking(conn), true);
            is(yield nc.netconnConnect(conn, B, 7), ERR_INPROGRESS);
            is(yield nc.netconnConnect(conn, B, 7), ERR_ALREADY);
            is(yield nc.netconnWritePartly(conn, pattern(1), 0, 1, 1, { written: 0 }), ERR_INPROGRESS);
            is(yield nc.netconnRecv(conn, { buf: null }), ERR_INPROGRESS);
            is(nc.netconnPeer(conn, { addr: 0, port: 0 }), ERR_CONN);
            assert.equal(nc.netconnWritable(conn), false);
            yield w.sleep(w.a, 50);
            assert.deepEqual(events, [nc.NETCONN_EVT_SENDPLUS]);
            assert.equal(nc.netconnWritable(conn), true);
            is(yield nc.netconnConnect(conn, B, 7), ERR_ISCONN);
            is(yield nc.netconnRecv(conn, { buf: null }), ERR_WOULDBLOCK);
            is(yield nc.netconnDelete(conn), ERR_OK);
          },
        ],
      ]);
    });

    it('without blocking, refused: the error waits to be told', () => {
      w.task(function* () {
        const conn = tcp(w.a);
        nc.netconnSetNonblocking(conn, true);
        is(yield nc.netconnConnect(conn, B, 7), ERR_INPROGRESS);
        yield w.sleep(w.a, 50);
        assert.equal(nc.netconnWritable(conn), true);
        assert.equal(nc.netconnReadable(conn), true);
        is(nc.netconnErr(conn), ERR_RST);
        is(nc.netconnErr(conn), ERR_OK);
        is(yield nc.netconnConnect(conn, B, 7), ERR_INPROGRESS);
        yield w.sleep(w.a, 50);
        is(yield nc.netconnConnect(conn, B, 7), ERR_RST);
        is(yield nc.netconnDelete(conn), ERR_OK);
      });
    });

    it('goes on behind the send time-out', () => {
      w.link.setUp(false);
      w.task(function* () {
        const conn = tcp(w.a);
        nc.netconnSetSendtimeout(conn, 300);
        assert.equal(nc.netconnGetSendtimeout(conn), 300);
        const before = w.now;
        is(yield nc.netconnConnect(conn, B, 7), ERR_INPROGRESS);
        assert.equal(Math.round(w.now - before), 300);
        is(yield nc.netconnConnect(conn, B, 7), ERR_ALREADY);
        w.link.setUp(true);
        const server = w.start(w.b, () => serving(w.b, echo));
        w.b.poll();
        yield w.sleep(w.a, 5000);
        is(yield nc.netconnConnect(conn, B, 7), ERR_ISCONN);
        is(yield nc.netconnDelete(conn), ERR_OK);
        yield w.sleep(w.a, 1000);
        assert(server.end.settled);
      });
    });

    it('cannot while connected or listening, nor after the end', () => {
      w.pair(echo, function* (conn) {
        is(yield nc.netconnConnect(conn, B, 7), ERR_ISCONN);
        is(yield nc.netconnListen(conn), ERR_VAL);
        is(yield nc.netconnBind(conn, 0, 9), ERR_VAL);
        is(yield nc.netconnClose(conn), ERR_OK);
        is(yield nc.netconnConnect(conn, B, 7), ERR_CLSD);
        is(yield nc.netconnListen(conn), ERR_VAL);
        is(yield nc.netconnBind(conn, 0, 9), ERR_VAL);
        yield* listening(w.a, function* (listener) {
          is(yield nc.netconnConnect(listener, B, 7), ERR_ISCONN);
        });
      });
    });
  });

  describe('what must not wait for ever', () => {
    it('receiving: the receive time-out, and after it data are still heard', () => {
      w.pair(
        function* (conn) {
          nc.netconnSetRecvtimeout(conn, 200);
          assert.equal(nc.netconnGetRecvtimeout(conn), 200);
          const before = w.now;
          is(yield nc.netconnRecv(conn, { buf: null }), ERR_TIMEOUT);
          assert.equal(Math.round(w.now - before), 200);
          const heard: number[] = [];
          is(yield* collect(conn, heard, 3), ERR_OK);
          assert.deepEqual(heard, [...pattern(3)]);
        },
        function* (conn) {
          yield w.sleep(w.a, 300);
          is(yield nc.netconnWrite(conn, pattern(3), nc.NETCONN_COPY), ERR_OK);
        },
      );
    });

    it('one call only: NETCONN_DONTBLOCK', () => {
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 300);
          is(yield* collect(conn, []), ERR_CLSD);
        },
        function* (conn) {
          const got = { p: null as Pbuf | null };
          is(yield nc.netconnRecvTcpPbufFlags(conn, got, nc.NETCONN_DONTBLOCK), ERR_WOULDBLOCK);
          const out = { written: -1 };
          is(
            yield nc.netconnWritePartly(
              conn,
              pattern(9000),
              0,
              9000,
              nc.NETCONN_COPY | nc.NETCONN_DONTBLOCK,
              out,
            ),
            ERR_OK,
          );
          assert.equal(out.written, 5840);
          is(
            yield nc.netconnWritePartly(conn, pattern(9), 0, 9, nc.NETCONN_COPY | nc.NETCONN_DONTBLOCK, out),
            ERR_WOULDBLOCK,
          );
          assert.equal(out.written, 0);
          is(yield nc.netconnWrite(conn, pattern(9), nc.NETCONN_COPY | nc.NETCONN_DONTBLOCK), ERR_VAL);
          is(yield nc.netconnWrite(conn, pattern(9), nc.NETCONN_COPY), ERR_OK);
        },
      );
    });

    it('without blocking: what fits is written, and an event tells when there is room', () => {
      const events: number[] = [];
      const heard: number[] = [];
      w.pair(
        function* (conn) {
          is(yield* collect(conn, heard), ERR_CLSD);
        },
        function* (conn) {
          conn.callback = (_conn, event) => events.push(event);
          nc.netconnSetNonblocking(conn, true);
          const data = pattern(30_000);
          const out = { written: 0 };
          let at = 0;
          while (at < data.length) {
            events.length = 0;
            const r = yield nc.netconnWritePartly(conn, data, at, data.length - at, nc.NETCONN_COPY, out);
            at += out.written;
            if (at === data.length) break;
            is(r, out.written ? ERR_OK : ERR_WOULDBLOCK);
            assert.deepEqual(events, [nc.NETCONN_EVT_SENDMINUS]);
            assert.equal(nc.netconnWritable(conn), false);
            while (events.length < 2) yield w.sleep(w.a, 1);
            assert.deepEqual(events, [nc.NETCONN_EVT_SENDMINUS, nc.NETCONN_EVT_SENDPLUS]);
            assert.equal(nc.netconnWritable(conn), true);
          }
        },
      );
      assert.deepEqual(Uint8Array.from(heard), pattern(30_000));
    });

    it('writing to who does not read: the send time-out, with and without telling how much', () => {
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 3000);
          is(yield* collect(conn, []), ERR_CLSD);
        },
        function* (conn) {
          nc.netconnSetSendtimeout(conn, 500);
          const out = { written: 0 };
          const before = w.now;
          is(yield nc.netconnWritePartly(conn, pattern(50_000), 0, 50_000, nc.NETCONN_COPY, out), ERR_OK);
          assert.equal(Math.round(w.now - before), 500);
          assert.equal(out.written, 2 * 5840);
          is(yield nc.netconnWritePartly(conn, pattern(9), 0, 9, nc.NETCONN_COPY, out), ERR_WOULDBLOCK);
          is(yield nc.netconnWrite(conn, pattern(9), nc.NETCONN_COPY), ERR_TIMEOUT);
        },
      );
    });
  });

  describe('several tasks on one netconn', () => {
    it('writers take turns: nobody writes into the middle of another', () => {
      const heard: number[] = [];
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 100);
          is(yield* collect(conn, heard), ERR_CLSD);
        },
        function* (conn) {
          const writers = [1, 2, 3].map((n) =>
            w.start(w.a, function* () {
              is(yield nc.netconnWrite(conn, new Uint8Array(9000).fill(n), nc.NETCONN_COPY), ERR_OK);
            }),
          );
          yield w.sleep(w.a, 50);
          const out = { written: -1 };
          is(yield nc.netconnWritePartly(conn, pattern(1), 0, 1, nc.NETCONN_DONTBLOCK, out), ERR_WOULDBLOCK);
          for (const t of writers) yield t.end;
        },
      );
      assert.equal(heard.length, 27_000);
      for (let i = 0; i < heard.length; i++) assert.equal(heard[i], 1 + Math.floor(i / 9000));
    });

    it('a writer whose time is up makes way', () => {
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 1000);
          is(yield* collect(conn, []), ERR_CLSD);
        },
        function* (conn) {
          nc.netconnSetSendtimeout(conn, 200);
          const first = w.start(w.a, function* () {
            is(yield nc.netconnWrite(conn, pattern(30_000), nc.NETCONN_COPY), ERR_TIMEOUT);
          });
          yield w.sleep(w.a, 20);
          nc.netconnSetSendtimeout(conn, 0);
          is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
          yield first.end;
        },
      );
    });

    it('readers share what comes, and all learn of the end', () => {
      const heard: number[] = [];
      w.pair(
        function* (conn) {
          const readers = [1, 2].map(() =>
            w.start(w.b, function* () {
              is(yield* collect(conn, heard), ERR_CLSD);
            }),
          );
          for (const t of readers) yield t.end;
        },
        function* (conn) {
          tcpNagleDisable(conn.tcp!);
          for (let i = 0; i < 10; i++) {
            is(yield nc.netconnWrite(conn, Uint8Array.of(i), nc.NETCONN_COPY), ERR_OK);
            yield w.sleep(w.a, 5);
          }
        },
      );
      assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('deleting a netconn: all who wait for it get ERR_CLSD, afterwards ERR_ARG', () => {
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 1000);
          yield* collect(conn, []);
        },
        function* (conn) {
          let ended = 0;
          w.start(w.a, function* () {
            is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
            ended++;
          });
          for (let i = 0; i < 2; i++) {
            w.start(w.a, function* () {
              is(yield nc.netconnWrite(conn, pattern(20_000), nc.NETCONN_COPY), ERR_CLSD);
              ended++;
            });
          }
          yield w.sleep(w.a, 100);
          is(yield nc.netconnClose(conn), ERR_OK);
          yield w.sleep(w.a, 1);
          assert.equal(ended, 3);
        },
      );
    });
  });
});
