// Packet buffers: kinds, chains, references, data across chains, and that nothing leaks under random use.

import assert from 'node:assert/strict';
import { ERR_ARG, ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import { memFree, memMalloc } from '../../../firmware/stack/core/mem.js';
import { MEMP_PBUF, MEMP_PBUF_POOL } from '../../../firmware/stack/core/memp.js';
import {
  PBUF_IP,
  PBUF_LINK,
  PBUF_POOL,
  PBUF_RAM,
  PBUF_RAW,
  PBUF_REF,
  PBUF_ROM,
  PBUF_TRANSPORT,
  pbufAddHeader,
  pbufAlloc,
  pbufAllocReference,
  pbufAllocRx,
  pbufCat,
  pbufChain,
  pbufClen,
  pbufDechain,
  pbufFree,
  pbufFreeHeader,
  pbufRealloc,
  pbufRef,
  pbufRemoveHeader,
  pbufRxAvailable,
  type Pbuf,
} from '../../../firmware/stack/core/pbuf.js';
import {
  pbufBytes,
  pbufClone,
  pbufCoalesce,
  pbufCopy,
  pbufCopyPartial,
  pbufGet16,
  pbufGetAt,
  pbufMemcmp,
  pbufMemfind,
  pbufPutAt,
  pbufTake,
  pbufTakeAt,
  pbufTryGetAt,
} from '../../../firmware/stack/core/pbuf_data.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { assertClean } from '../../harness/clean.js';
import { lab } from '../../harness/lab.js';
import { SeededRandom } from '../../sim/random.js';

function count(n: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (first + i) & 255);
}

/** A chain of ROM pieces of these lengths, counting up. */
function chain(stack: Stack, ...lengths: number[]): Pbuf {
  let head: Pbuf | null = null;
  let at = 0;
  for (const n of lengths) {
    const q = pbufAllocReference(stack, count(n, at), 0, n, PBUF_ROM)!;
    at += n;
    if (head) pbufCat(head, q);
    else head = q;
  }
  return head!;
}

describe('pbuf', () => {
  it('RAM has headroom for its layer, in one piece', () => {
    const { host } = lab();
    const p = pbufAlloc(host.stack, PBUF_TRANSPORT, 100, PBUF_RAM)!;
    assert.deepEqual([p.len, p.totLen, p.off, p.next], [100, 100, PBUF_TRANSPORT, null]);
    assert(pbufAddHeader(p, 20));
    assert(pbufAddHeader(p, 20));
    assert.equal(p.off, PBUF_LINK);
    assert(!pbufAddHeader(p, PBUF_LINK + 1));
    assert.deepEqual([p.len, p.totLen], [140, 140]);
    assert(pbufRemoveHeader(p, 40));
    assert(!pbufRemoveHeader(p, 101));
    assert.equal(pbufFree(p), 1);
    assertClean(host);
  });

  it('POOL makes a chain of pool buffers', () => {
    const { host } = lab({ PBUF_POOL_BUFSIZE: 128 });
    const p = pbufAlloc(host.stack, PBUF_IP, 300, PBUF_POOL)!;
    const room = 128 - PBUF_IP;
    assert.equal(pbufClen(p), 3);
    assert.deepEqual([p.len, p.totLen], [room, 300]);
    assert.equal(p.next!.totLen, 300 - room);
    assert.equal(pbufTake(p, count(300)), ERR_OK);
    assert.deepEqual(pbufBytes(p), count(300));
    assert.equal(pbufFree(p), 3);
    assertClean(host);
  });

  it('gives all back when the pool ends in the middle of a chain', () => {
    const { host } = lab({ PBUF_POOL_BUFSIZE: 128, PBUF_POOL_SIZE: 9 });
    assert.equal(pbufAlloc(host.stack, PBUF_RAW, 128 * 10, PBUF_POOL), null);
    assert.equal(host.stack.memp[MEMP_PBUF_POOL]!.err, 1);
    assertClean(host);
    assert(pbufRxAvailable(host.stack));
    const all = pbufAlloc(host.stack, PBUF_RAW, 128 * 9, PBUF_POOL)!;
    assert(!pbufRxAvailable(host.stack));
    assert.equal(pbufAllocRx(host.stack, count(60), 0, 60), null);
    pbufFree(all);
    assertClean(host);
  });

  it('REF and ROM neither copy nor allow headers', () => {
    const { host } = lab({ MEMP_NUM_PBUF: 2 });
    const bytes = count(10);
    const a = pbufAllocReference(host.stack, bytes, 2, 5, PBUF_REF)!;
    const b = pbufAllocReference(host.stack, bytes, 0, 10, PBUF_ROM)!;
    assert.equal(a.payload, bytes);
    assert.deepEqual(pbufBytes(a), count(5, 2));
    assert(!pbufAddHeader(a, 1));
    assert(!pbufAddHeader(b, 1));
    assert.equal(pbufAllocReference(host.stack, bytes, 0, 1, PBUF_ROM), null);
    pbufFree(a);
    pbufFree(b);
    assertClean(host);
  });

  it('the heap refuses what MEM_SIZE cannot hold, trims what it kept, and recovers', () => {
    const { host } = lab({ MEM_SIZE: 11680 });
    const { stack } = host;
    const held: Pbuf[] = [];
    for (let p; (p = pbufAlloc(stack, PBUF_RAW, 1500, PBUF_RAM));) held.push(p);
    assert.equal(held.length, 7);
    assert(stack.mem.err > 0);
    held.forEach((p) => pbufFree(p));
    assertClean(host);
    assert.equal(stack.mem.free[5]!.length, 7);
    // Kept blocks give way to another size, and an odd size is possible too.
    const big = memMalloc(stack, 9000)!;
    assert.equal(big.length, 9000);
    assert(stack.mem.used + stack.mem.kept <= 11680);
    memFree(stack, big);
    assertClean(host);
  });

  it('frees a chain up to the first pbuf that is still referenced', () => {
    const { host } = lab();
    const head = chain(host.stack, 4, 4);
    const tail = chain(host.stack, 4, 4);
    pbufChain(head, tail);
    assert.equal(head.totLen, 16);
    assert.equal(tail.ref, 2);
    assert.equal(pbufFree(head), 2);
    assert.equal(tail.ref, 1);
    assert.equal(pbufFree(tail), 2);
    assertClean(host);
  });

  it('refuses to free twice, and counts it', () => {
    const { host } = lab();
    const p = pbufAlloc(host.stack, PBUF_RAW, 4, PBUF_RAM)!;
    pbufRef(p);
    assert.equal(pbufFree(p), 0);
    assert.equal(pbufFree(p), 1);
    const err = host.stack.memp[MEMP_PBUF]!.err;
    assert.equal(pbufFree(p), 0);
    assert.equal(host.stack.memp[MEMP_PBUF]!.err, err + 1);
    assertClean(host);
  });

  it('dechains, shortens and drops from the front', () => {
    const { host } = lab();
    const p = chain(host.stack, 10, 10, 10);
    pbufRealloc(p, 40);
    assert.equal(p.totLen, 30);
    pbufRealloc(p, 15);
    assert.deepEqual([p.totLen, pbufClen(p), p.next!.len], [15, 2, 5]);
    pbufRealloc(p, 10);
    assert.deepEqual([p.totLen, pbufClen(p)], [10, 1]);
    pbufFree(p);

    const q = chain(host.stack, 10, 10);
    const rest = pbufDechain(q)!;
    assert.deepEqual([q.totLen, rest.totLen], [10, 10]);
    assert.equal(pbufDechain(q), null);
    pbufFree(q);
    pbufFree(rest);

    let r: Pbuf | null = chain(host.stack, 10, 10);
    r = pbufFreeHeader(r, 13);
    assert.deepEqual(pbufBytes(r!), count(7, 13));
    assert.equal(pbufFreeHeader(r, 7), null);
    assertClean(host);
  });

  it('reads and writes across a chain', () => {
    const { host } = lab();
    const p = chain(host.stack, 3, 5, 0, 4);
    assert.deepEqual(pbufBytes(p), count(12));
    const out = new Uint8Array(6);
    assert.equal(pbufCopyPartial(p, out, 1, 5, 2), 5);
    assert.deepEqual([...out], [0, 2, 3, 4, 5, 6]);
    assert.equal(pbufCopyPartial(p, out, 0, 6, 10), 2);
    assert.equal(pbufGetAt(p, 7), 7);
    assert.equal(pbufTryGetAt(p, 12), -1);
    assert.equal(pbufGetAt(p, 12), 0);
    assert.equal(pbufGet16(p, 2), 0x0203);
    assert.equal(pbufMemcmp(p, 2, count(6, 2)), 0);
    assert.equal(pbufMemcmp(p, 2, Uint8Array.from([2, 3, 9])), 3);
    assert.equal(pbufMemfind(p, count(3, 6), 0), 6);
    assert.equal(pbufMemfind(p, count(3, 6), 7), -1);
    assert.equal(pbufTakeAt(p, Uint8Array.from([90, 91, 92, 93]), 1), ERR_OK);
    assert.deepEqual([...pbufBytes(p)], [0, 90, 91, 92, 93, 5, 6, 7, 8, 9, 10, 11]);
    assert.equal(pbufTakeAt(p, count(3), 10), ERR_MEM);
    pbufPutAt(p, 11, 77);
    pbufPutAt(p, 12, 78);
    assert.equal(pbufGetAt(p, 11), 77);

    const copy = pbufClone(p, PBUF_LINK)!;
    assert.equal(copy.next, null);
    assert.deepEqual(pbufBytes(copy), pbufBytes(p));
    assert.equal(pbufCopy(copy, p), ERR_OK);
    const short = chain(host.stack, 2);
    assert.equal(pbufCopy(short, p), ERR_ARG);
    const one = pbufCoalesce(p, PBUF_RAW);
    assert.equal(one.next, null);
    assert.deepEqual(pbufBytes(one), pbufBytes(copy));
    assert.equal(pbufCoalesce(one, PBUF_RAW), one);
    for (const x of [copy, short, one]) pbufFree(x);
    assertClean(host);
  });

  it('keeps totals right and leaks nothing in random use', () => {
    const { host } = lab({ PBUF_POOL_BUFSIZE: 128 });
    const { stack } = host;
    const r = new SeededRandom(11);
    let held: { p: Pbuf; bytes: number[] }[] = [];
    for (let i = 0; i < 3000; i++) {
      const x = held.length ? held[r.below(held.length)]! : null;
      switch (r.below(6)) {
        case 0: {
          const n = 1 + r.below(400);
          const p = pbufAlloc(
            stack,
            r.chance(0.5) ? PBUF_RAW : PBUF_LINK,
            n,
            r.chance(0.5) ? PBUF_RAM : PBUF_POOL,
          );
          if (!p) break;
          const bytes = Array.from({ length: n }, () => r.below(256));
          pbufTake(p, Uint8Array.from(bytes));
          held.push({ p, bytes });
          break;
        }
        case 1:
          if (!x) break;
          pbufFree(x.p);
          held = held.filter((h) => h !== x);
          break;
        case 2: {
          const y = held[r.below(held.length)];
          if (!x || !y || x === y) break;
          pbufCat(x.p, y.p);
          x.bytes.push(...y.bytes);
          held = held.filter((h) => h !== y);
          break;
        }
        case 3:
          if (!x) break;
          x.bytes.length = Math.min(x.bytes.length, 1 + r.below(x.bytes.length));
          pbufRealloc(x.p, x.bytes.length);
          break;
        case 4: {
          if (!x) break;
          const n = r.below(x.bytes.length);
          x.p = pbufFreeHeader(x.p, n)!;
          x.bytes.splice(0, n);
          break;
        }
        case 5:
          if (x) x.p = pbufCoalesce(x.p, PBUF_LINK);
      }
      for (const h of held) {
        let total = 0;
        for (let q: Pbuf | null = h.p; q; q = q.next) total += q.len;
        assert.equal(total, h.p.totLen);
        assert.deepEqual([...pbufBytes(h.p)], h.bytes);
      }
    }
    held.forEach((h) => pbufFree(h.p));
    assertClean(host);
  });
});
