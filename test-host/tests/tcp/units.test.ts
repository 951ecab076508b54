// The parts that are arithmetic: sequence numbers, initial sequence numbers, ports, congestion control, options.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ccAck,
  ccEnterRecovery,
  ccExitRecovery,
  ccHalve,
  ccInit,
  ccInitialWindow,
  ccPartialAck,
  ccTimeout,
} from '../../../firmware/stack/tcp/tcp_cc.js';
import { halfSipHash, tcpIsn, tcpNextPort, tcpRandomPort } from '../../../firmware/stack/tcp/tcp_isn.js';
import { seqFromWire, seqLe, seqLt, seqToWire } from '../../../firmware/stack/tcp/tcp_seq.js';
import { Conversation } from './conversation.js';

describe('TCP sequence numbers', () => {
  const u32 = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffffff),
  );

  it('to the wire and back, from any start', () => {
    fc.assert(
      fc.property(u32, u32, (start, rel) => {
        const b = new Uint8Array(6);
        const sum = seqToWire(b, 1, rel | 0, start >>> 16, start & 0xffff);
        const abs = (start + rel) >>> 0;
        assert.equal(new DataView(b.buffer).getUint32(1), abs);
        assert.equal(b[0], 0);
        assert.equal(b[5], 0);
        assert.equal(sum, (abs >>> 16) + (abs & 0xffff));
        assert.equal(seqFromWire(b, 1, start >>> 16, start & 0xffff), rel | 0);
      }),
      { seed: 1 },
    );
  });

  it('are compared modulo 2^32', () => {
    fc.assert(
      fc.property(u32, fc.integer({ min: 1, max: 0x7fffffff }), (a, d) => {
        const x = a | 0;
        const y = (a + d) | 0;
        assert(seqLt(x, y) && !seqLt(y, x) && !seqLt(x, x));
        assert(seqLe(x, y) && !seqLe(y, x) && seqLe(x, x));
      }),
      { seed: 1 },
    );
  });
});

describe('TCP initial sequence numbers and ports', () => {
  /** HalfSipHash as its authors write it: 32-bit words of four bytes, on BigInt. */
  function reference(key: number[], words: number[]): number {
    const m = 0xffffffffn;
    const rot = (v: bigint, n: bigint): bigint => ((v << n) | (v >> (32n - n))) & m;
    let v0 = BigInt(key[0]! >>> 0);
    let v1 = BigInt(key[1]! >>> 0);
    let v2 = 0x6c796765n ^ v0;
    let v3 = 0x74656462n ^ v1;
    const sip = (): void => {
      v0 = (v0 + v1) & m;
      v1 = rot(v1, 5n) ^ v0;
      v0 = rot(v0, 16n);
      v2 = (v2 + v3) & m;
      v3 = rot(v3, 8n) ^ v2;
      v0 = (v0 + v3) & m;
      v3 = rot(v3, 7n) ^ v0;
      v2 = (v2 + v1) & m;
      v1 = rot(v1, 13n) ^ v2;
      v2 = rot(v2, 16n);
    };
    for (const w of [...words.map((x) => BigInt(x >>> 0)), BigInt(words.length * 4) << 24n]) {
      v3 ^= w;
      sip();
      sip();
      v0 ^= w;
    }
    v2 ^= 0xffn;
    for (let i = 0; i < 4; i++) sip();
    return Number(v1 ^ v3);
  }

  it('HalfSipHash-2-4 agrees with a straightforward form', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 2, maxLength: 2 }), fc.array(fc.integer()), (k, w) => {
        assert.equal(halfSipHash(k, w) >>> 0, reference(k, w));
      }),
      { seed: 1 },
    );
    // The first of the authors' test vectors for a 32-bit result: key 00 .. 07, no input.
    assert.equal(halfSipHash([0x03020100, 0x07060504], []) >>> 0, 0x5b9f35a9);
  });

  it('rise by 250000 a second, differ by addresses and ports and secret', () => {
    const c = new Conversation();
    const isn = (lp: number, rp: number): number => tcpIsn(c.stack, 1, lp, 2, rp) >>> 0;
    const first = isn(80, 5000);
    assert.notEqual(isn(80, 5001), first);
    assert.notEqual(isn(81, 5000), first);
    c.run(1000);
    assert.equal((isn(80, 5000) - first) >>> 0, 250000);
    c.stack.tcp.secret = [1, 2];
    assert.notEqual((isn(80, 5000) - first) >>> 0, 250000);
  });

  it('the clock of ISNs goes on evenly where the millisecond clock wraps', () => {
    let now = 0;
    const stack = { clock: () => now, tcp: { secret: [1, 2] } } as never;
    for (const at of [0xffffff, 0xffffffff, 0x7fffffff, 0x3fffffff]) {
      now = at;
      const a = tcpIsn(stack, 1, 2, 3, 4);
      now = (at + 1) >>> 0;
      assert.equal((tcpIsn(stack, 1, 2, 3, 4) - a) >>> 0, 250, at.toString(16));
    }
  });

  it('ephemeral ports stay in the dynamic range', () => {
    const c = new Conversation();
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const p = tcpRandomPort(c.stack);
      assert(p >= 49152 && p <= 65535);
      seen.add(p);
    }
    assert(seen.size > 1500);
    assert.equal(tcpNextPort(65535), 49152);
    assert.equal(tcpNextPort(50000), 50001);
  });
});

describe('TCP congestion control', () => {
  const c = (cwnd: number, ssthresh: number) => ({ cwnd, ssthresh, ccAcked: 0, mss: 1000 });

  it('initial window: 4, 3 or 2 segments by size (RFC 5681, 3.1)', () => {
    assert.equal(ccInitialWindow(536), 4 * 536);
    assert.equal(ccInitialWindow(1095), 4 * 1095);
    assert.equal(ccInitialWindow(1096), 3 * 1096);
    assert.equal(ccInitialWindow(2190), 3 * 2190);
    assert.equal(ccInitialWindow(2191), 2 * 2191);
    const x = c(0, 0);
    ccInit(x, true);
    assert.equal(x.cwnd, 1000);
  });

  it('slow start by what is acknowledged, at most a segment for each ACK', () => {
    const x = c(4000, 60000);
    ccAck(x, 300);
    assert.equal(x.cwnd, 4300);
    ccAck(x, 3000);
    assert.equal(x.cwnd, 5300);
  });

  it('congestion avoidance: a segment for each window acknowledged', () => {
    const x = c(5000, 5000);
    for (let i = 0; i < 4; i++) ccAck(x, 1000);
    assert.equal(x.cwnd, 5000);
    ccAck(x, 1000);
    assert.equal(x.cwnd, 6000);
    const y = c(65000, 5000);
    ccAck(y, 65000);
    ccAck(y, 65535);
    assert.equal(y.cwnd, 65535);
  });

  it('loss: half the flight but at least two segments; one segment after a time-out', () => {
    const x = c(10000, 65535);
    ccHalve(x, 9000);
    assert.equal(x.ssthresh, 4500);
    ccHalve(x, 1500);
    assert.equal(x.ssthresh, 2000);
    ccTimeout(x, 9000, true);
    assert.deepEqual([x.cwnd, x.ssthresh], [1000, 4500]);
    ccTimeout(x, 1000, false);
    assert.deepEqual([x.cwnd, x.ssthresh], [1000, 4500]);
  });

  it('recovery inflates, deflates and ends', () => {
    const x = c(10000, 65535);
    ccEnterRecovery(x, 10000, 3);
    assert.deepEqual([x.cwnd, x.ssthresh], [8000, 5000]);
    ccPartialAck(x, 3000);
    assert.equal(x.cwnd, 6000);
    ccPartialAck(x, 500);
    assert.equal(x.cwnd, 5500);
    ccPartialAck(x, 60000);
    assert.equal(x.cwnd, 1000);
    ccExitRecovery(x, 20000);
    assert.equal(x.cwnd, 5000);
    ccExitRecovery(x, 0);
    assert.equal(x.cwnd, 2000);
  });
});
