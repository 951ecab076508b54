// The end of TCP netconns: by the peer, by a reset, by shutdown, close and delete; and lingering.

import assert from 'node:assert/strict';
import { netbufDelete, type Netbuf } from '../../../firmware/api/netbuf.js';
import * as nc from '../../../firmware/api/netconn.js';
import {
  ERR_ABRT,
  ERR_ARG,
  ERR_CLSD,
  ERR_CONN,
  ERR_OK,
  ERR_RST,
  ERR_TIMEOUT,
  ERR_WOULDBLOCK,
} from '../../../firmware/stack/core/err.js';
import { netifSetAddr } from '../../../firmware/stack/core/netif.js';
import type { TaskSteps } from '../../../firmware/stack/core/task.js';
import { tcpAbort } from '../../../firmware/stack/tcp/tcp.js';
import { World, collect, is, pattern } from './setup.js';

describe('netconn: the end of TCP', () => {
  let w: World;
  beforeEach(() => (w = new World()));
  afterEach(() => w.assertClean());

  it('reset by the peer: what came before is received, then ERR_RST once, then ERR_CLSD', () => {
    const events: number[] = [];
    w.pair(
      function* (conn) {
        conn.callback = (_conn, event) => events.push(event);
        yield w.sleep(w.b, 100);
        assert.equal(nc.netconnRecvAvail(conn), 100);
        const heard: number[] = [];
        is(yield* collect(conn, heard), ERR_RST);
        assert.deepEqual(Uint8Array.from(heard), pattern(100));
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
        is(nc.netconnErr(conn), ERR_OK);
        const out = { written: 9 };
        is(yield nc.netconnWritePartly(conn, pattern(5), 0, 5, nc.NETCONN_COPY, out), ERR_CLSD);
        assert.equal(out.written, 0);
        is(nc.netconnPeer(conn, { addr: 0, port: 0 }), ERR_CONN);
        is(nc.netconnAddr(conn, { addr: 0, port: 0 }), ERR_OK);
        is(yield nc.netconnClose(conn), ERR_OK);
        assert.deepEqual(events, [nc.NETCONN_EVT_RCVPLUS, nc.NETCONN_EVT_ERROR, nc.NETCONN_EVT_RCVMINUS]);
      },
      function* (conn) {
        is(yield nc.netconnWrite(conn, pattern(100), nc.NETCONN_COPY), ERR_OK);
        yield w.sleep(w.a, 50);
        conn.linger = 0;
        is(yield nc.netconnClose(conn), ERR_OK);
      },
    );
  });

  it('reset while writing: the writer gets ERR_RST, and how much was queued', () => {
    w.pair(
      function* (conn) {
        yield w.sleep(w.b, 100);
        conn.linger = 0;
      },
      function* (conn) {
        const out = { written: 0 };
        is(yield nc.netconnWritePartly(conn, pattern(30_000), 0, 30_000, nc.NETCONN_COPY, out), ERR_RST);
        assert.equal(out.written, 2 * 5840);
        is(yield nc.netconnWrite(conn, pattern(1), nc.NETCONN_COPY), ERR_CLSD);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
        is(yield nc.netconnShutdown(conn, true, true), ERR_OK);
      },
    );
  });

  it('the address is gone: ERR_ABRT', () => {
    w.pair(
      function* (conn) {
        conn.linger = 0;
        nc.netconnSetRecvtimeout(conn, 1000);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_TIMEOUT);
      },
      function* (conn) {
        const task = w.start(w.a, function* () {
          yield w.sleep(w.a, 20);
          netifSetAddr(w.a.netif, 0x0a000055, 0xffffff00, 0);
        });
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_ABRT);
        yield task.end;
      },
    );
  });

  it('the peer is gone without a word: the retransmissions end', () => {
    w.pair(
      function* (conn) {
        conn.linger = 0;
        nc.netconnSetRecvtimeout(conn, 2_000_000);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_TIMEOUT);
      },
      function* (conn) {
        yield w.sleep(w.a, 20);
        w.link.setUp(false);
        is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_ABRT);
      },
      3000,
    );
  });

  it('half-closed by the peer: writing goes on; half-closed here: receiving does', () => {
    const heard: number[] = [];
    w.pair(
      function* (conn) {
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
        is(yield nc.netconnWrite(conn, pattern(20_000), nc.NETCONN_COPY), ERR_OK);
        is(yield nc.netconnShutdown(conn, false, true), ERR_OK);
        is(yield nc.netconnWrite(conn, pattern(1), nc.NETCONN_COPY), ERR_CLSD);
      },
      function* (conn) {
        is(yield nc.netconnShutdown(conn, false, true), ERR_OK);
        is(yield nc.netconnShutdown(conn, false, true), ERR_OK);
        is(yield nc.netconnWrite(conn, pattern(1), nc.NETCONN_COPY), ERR_CLSD);
        assert.equal(nc.netconnWritable(conn), true);
        is(yield* collect(conn, heard), ERR_CLSD);
        is(yield nc.netconnShutdown(conn, true, false), ERR_OK);
      },
    );
    assert.deepEqual(Uint8Array.from(heard), pattern(20_000));
  });

  it('shut down for receiving: what is there is received, and who waits learns of the end', () => {
    w.pair(
      function* (conn) {
        yield w.sleep(w.b, 50);
        is(yield nc.netconnShutdown(conn, true, false), ERR_OK);
        const heard: number[] = [];
        is(yield* collect(conn, heard), ERR_CLSD);
        assert.equal(heard.length, 10);
        is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
      },
      function* (conn) {
        is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
        const stopper = w.start(w.a, function* () {
          yield w.sleep(w.a, 200);
          is(yield nc.netconnShutdown(conn, true, true), ERR_OK);
        });
        is(yield* collect(conn, []), ERR_CLSD);
        yield stopper.end;
      },
    );
  });

  it('shut down while another writes: ERR_CLSD', () => {
    w.pair(
      function* (conn) {
        yield w.sleep(w.b, 300);
        is(yield* collect(conn, []), ERR_CLSD);
      },
      function* (conn) {
        const writer = w.start(w.a, function* () {
          is(yield nc.netconnWrite(conn, pattern(20_000), nc.NETCONN_COPY), ERR_CLSD);
        });
        yield w.sleep(w.a, 50);
        is(yield nc.netconnShutdown(conn, false, true), ERR_OK);
        yield writer.end;
      },
    );
  });

  it('closed with data that nobody has received: the peer is reset', () => {
    w.pair(
      function* (conn) {
        yield w.sleep(w.b, 50);
        is(yield nc.netconnClose(conn), ERR_OK);
        is(yield nc.netconnClose(conn), ERR_CONN);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
        is(yield nc.netconnWrite(conn, pattern(1), nc.NETCONN_COPY), ERR_CLSD);
        is(yield nc.netconnShutdown(conn, true, true), ERR_CLSD);
        is(yield nc.netconnAccept(conn, { conn: null }), ERR_CLSD);
      },
      function* (conn) {
        is(yield nc.netconnWrite(conn, pattern(100), nc.NETCONN_COPY), ERR_OK);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_RST);
      },
    );
  });

  it('closed with a netbuf in the application’s hands: it stays good', () => {
    w.pair(
      function* (conn) {
        const out = { buf: null as Netbuf | null };
        is(yield nc.netconnRecv(conn, out), ERR_OK);
        is(yield nc.netconnClose(conn), ERR_OK);
        yield w.sleep(w.b, 100);
        assert.equal(out.buf!.p!.totLen, 10);
        netbufDelete(out.buf);
        netbufDelete(out.buf);
      },
      function* (conn) {
        is(yield nc.netconnWrite(conn, pattern(10), nc.NETCONN_COPY), ERR_OK);
        is(yield nc.netconnRecv(conn, { buf: null }), ERR_CLSD);
      },
    );
  });

  it('never connected: closing and deleting are fine', () => {
    w.task(function* () {
      const conn = nc.netconnNew(w.a.stack, nc.NETCONN_TCP)!;
      is(yield nc.netconnClose(conn), ERR_OK);
      is(yield nc.netconnDelete(conn), ERR_OK);
      is(yield nc.netconnDelete(conn), ERR_ARG);
      is(yield nc.netconnClose(conn), ERR_ARG);
    });
  });

  describe('lingering', () => {
    /** A peer that begins to read after `ms`. */
    function lateReader(ms: number, heard: number[], last: number): (conn: nc.Netconn) => TaskSteps {
      return function* (conn) {
        yield w.sleep(w.b, ms);
        is(yield* collect(conn, heard), last);
      };
    }

    it('waits until the peer has what was written', () => {
      const heard: number[] = [];
      w.pair(lateReader(700, heard, ERR_CLSD), function* (conn) {
        conn.linger = 5;
        is(yield nc.netconnWrite(conn, pattern(11_000), nc.NETCONN_COPY), ERR_OK);
        const before = w.now;
        is(yield nc.netconnClose(conn), ERR_OK);
        assert(w.now - before > 600 && w.now - before < 2000, String(w.now - before));
      });
      assert.equal(heard.length, 11_000);
    });

    it('not longer than it may; then it resets', () => {
      const heard: number[] = [];
      w.pair(lateReader(3000, heard, ERR_RST), function* (conn) {
        conn.linger = 2;
        is(yield nc.netconnWrite(conn, pattern(11_000), nc.NETCONN_COPY), ERR_OK);
        const before = w.now;
        is(yield nc.netconnClose(conn), ERR_TIMEOUT);
        assert.equal(Math.round(w.now - before), 2000);
      });
    });

    it('deleting lingers, too', () => {
      const heard: number[] = [];
      w.pair(lateReader(500, heard, ERR_CLSD), function* (conn) {
        conn.linger = 5;
        is(yield nc.netconnWrite(conn, pattern(11_000), nc.NETCONN_COPY), ERR_OK);
      });
      assert.equal(heard.length, 11_000);
    });

    it('deleting while another lingers', () => {
      const heard: number[] = [];
      w.pair(lateReader(500, heard, ERR_CLSD), function* (conn) {
        conn.linger = 5;
        is(yield nc.netconnWrite(conn, pattern(11_000), nc.NETCONN_COPY), ERR_OK);
        const closer = w.start(w.a, function* () {
          is(yield nc.netconnClose(conn), ERR_CLSD);
        });
        yield w.sleep(w.a, 50);
        is(yield nc.netconnClose(conn), ERR_CONN);
        w.start(w.a, function* () {
          yield closer.end;
        });
      });
      assert.equal(heard.length, 11_000);
    });

    it('reset meanwhile: done', () => {
      w.pair(
        function* (conn) {
          yield w.sleep(w.b, 100);
          tcpAbort(conn.tcp!);
          is(nc.netconnErr(conn), ERR_ABRT);
        },
        function* (conn) {
          conn.linger = 5;
          is(yield nc.netconnWrite(conn, pattern(11_000), nc.NETCONN_COPY), ERR_OK);
          is(yield nc.netconnClose(conn), ERR_OK);
        },
      );
    });

    it('must not block: ERR_WOULDBLOCK, and nothing is closed', () => {
      const heard: number[] = [];
      w.pair(lateReader(100, heard, ERR_CLSD), function* (conn) {
        conn.linger = 5;
        nc.netconnSetNonblocking(conn, true);
        const out = { written: 0 };
        is(yield nc.netconnWritePartly(conn, pattern(5840), 0, 5840, nc.NETCONN_COPY, out), ERR_OK);
        is(yield nc.netconnClose(conn), ERR_WOULDBLOCK);
        yield w.sleep(w.a, 1000);
        is(yield nc.netconnClose(conn), ERR_OK);
      });
      assert.equal(heard.length, 5840);
    });
  });
});
