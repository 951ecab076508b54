// Segments out of order, overlapping, repeated: the stream is put together right, within limits.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TCPX_OOSEQ } from '../../../firmware/stack/core/stats.js';
import { bytes, Conversation } from './conversation.js';

describe('TCP out of order', () => {
  it('a gap: duplicate ACKs at once, then one ACK for all', () => {
    const c = new Conversation().open();
    c.in({ flags: 'A', seq: 1461, ack: 1, len: 1460 });
    c.out({ flags: 'A', ack: 1 });
    c.in({ flags: 'A', seq: 2921, ack: 1, len: 1460 });
    c.out({ flags: 'A', ack: 1 });
    assert.deepEqual(c.takeEvents(), []);
    assert.equal(c.statx(TCPX_OOSEQ), 2);
    c.in({ flags: 'A', seq: 1, ack: 1, len: 1460 });
    c.out({ flags: 'A', ack: 4381 });
    assert.deepEqual(c.takeEvents(), ['recv 4380']);
    assert.deepEqual(c.received, [...bytes(1, 4380)]);
    c.clean({ TCP_PCB: 1 });
  });

  it('filling part of the gap is acknowledged at once', () => {
    const c = new Conversation().open();
    c.in({ flags: 'A', seq: 201, ack: 1, len: 100 });
    c.out({ flags: 'A', ack: 1 });
    c.in({ flags: 'A', seq: 1, ack: 1, len: 100 });
    c.out({ flags: 'A', ack: 101 });
    c.in({ flags: 'A', seq: 101, ack: 1, len: 100 });
    c.out({ flags: 'A', ack: 301 });
  });

  it('a FIN with data out of order takes effect in its turn', () => {
    const c = new Conversation().open();
    c.in({ flags: 'FPA', seq: 101, ack: 1, len: 50 });
    c.out({ flags: 'A', ack: 1 });
    assert.equal(c.state, 'ESTABLISHED');
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 100 });
    c.out({ flags: 'A', ack: 152 });
    assert.deepEqual(c.takeEvents(), ['recv 150', 'eof']);
    assert.equal(c.state, 'CLOSE_WAIT');
  });

  it('a bare FIN out of order comes again', () => {
    const c = new Conversation().open();
    c.in({ flags: 'FA', seq: 101, ack: 1 });
    c.out({ flags: 'A', ack: 1 });
    c.in({ flags: 'PA', seq: 1, ack: 1, len: 100 });
    assert.equal(c.state, 'ESTABLISHED');
    c.in({ flags: 'FA', seq: 101, ack: 1 });
    assert.equal(c.state, 'CLOSE_WAIT');
  });

  it('keeps no more than TCP_OOSEQ_MAX_PBUFS, the nearest', () => {
    const c = new Conversation({ options: { TCP_OOSEQ_MAX_PBUFS: 2 } }).open();
    for (const seq of [401, 301, 201, 101]) {
      c.in({ flags: 'A', seq, ack: 1, len: 100 });
      c.out({ flags: 'A', ack: 1 });
    }
    c.clean({ TCP_PCB: 1, TCP_SEG: 2, PBUF_POOL: 2 });
    c.in({ flags: 'A', seq: 1, ack: 1, len: 100 });
    c.out({ flags: 'A', ack: 301 });
  });

  it('gives its buffers up when reception runs out of them', () => {
    const c = new Conversation({
      options: {
        PBUF_POOL_SIZE: 4,
        DEFAULT_TCP_RECVMBOX_SIZE: 3,
        TCP_OOSEQ_MAX_PBUFS: 3,
        IP_REASS_MAX_PBUFS: 3,
      },
    }).open();
    const held: unknown[] = [];
    c.onRecv = (_pcb, p) => {
      held.push(p);
      return 0;
    };
    for (const seq of [101, 201, 301]) c.in({ flags: 'A', seq, ack: 1, len: 100 });
    c.lab.peer.take();
    // One buffer is left; the stream's next byte takes it, and the rest is delivered.
    c.in({ flags: 'A', seq: 1, ack: 1, len: 50 });
    assert.equal(held.length, 1);
    c.in({ flags: 'A', seq: 51, ack: 1, len: 50 });
    assert.equal(c.pcb.rcvNxt, 101, 'the out-of-order data were given up for what is in order');
  });

  it('is freed with the connection', () => {
    const c = new Conversation().open();
    c.in({ flags: 'A', seq: 101, ack: 1, len: 100 });
    c.in({ flags: 'R', seq: 1 });
    c.clean();
    const d = new Conversation().open();
    d.in({ flags: 'A', seq: 101, ack: 1, len: 100 });
    d.in({ flags: 'FA', seq: 1, ack: 1, len: 10 });
    assert.equal(d.state, 'CLOSE_WAIT', 'what follows a FIN is not the stream');
    d.clean({ TCP_PCB: 1 });
  });

  it('any cutting, order, overlap and repetition gives the stream, and its end', () => {
    const piece = fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 25 }),
        fc.constantFrom(1, 2, 4, 8),
        fc.integer({ min: -1100, max: 50 }),
        (pieces, limit, wrap) => {
          // The stream is 1000 bytes and a FIN; the absolute numbers wrap somewhere within.
          const c = new Conversation({
            options: { TCP_OOSEQ_MAX_PBUFS: limit, MEMP_NUM_TCP_SEG: 24 },
            irs: wrap >>> 0,
          }).open();
          const send = (at: number, n: number): void => {
            const len = Math.min(n, 1000 - at);
            c.in({ flags: at + len === 1000 ? 'FPA' : 'PA', seq: 1 + at, ack: 1, len });
          };
          for (const [at, n] of pieces) send(at, n);
          for (let i = 0; i < 40 && c.state === 'ESTABLISHED'; i++) {
            const at = c.pcb.rcvNxt - 1;
            if (at < 1000) send(at, 300);
            else c.in({ flags: 'FA', seq: 1001, ack: 1 });
          }
          assert.deepEqual(c.received, [...bytes(1, 1000)]);
          assert.equal(c.events.at(-1), 'eof');
          assert.equal(c.events.filter((e) => e === 'eof').length, 1);
          c.clean({ TCP_PCB: 1 });
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });
});
