import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { encrypt, randomPoolAdd, randomPoolNew, randomPoolNext } from '../../../hal/random_pool.js';

describe('hal: random pool', () => {
  it('is Speck32/64 (Beaulieu et al., appendix C)', () => {
    const block = encrypt([0x1918, 0x1110, 0x0908, 0x0100], 0x694c, 0x6574).slice(-2);
    assert.deepEqual(block, [0xa868, 0x42f2]);
  });

  it('gives evenly spread integers of 16 bits', () => {
    const pool = randomPoolNew();
    const buckets = new Array<number>(16).fill(0);
    for (let i = 0; i < 16000; i++) {
      const v = randomPoolNext(pool, 0);
      assert.ok(Number.isInteger(v) && v >= 0 && v <= 0xffff);
      buckets[v >> 12]!++;
    }
    for (const n of buckets) assert.ok(n > 850 && n < 1150, buckets.join());
  });

  it('changes entirely with any value added, and keeps its words within 16 bits', () => {
    const seen = new Set<number>();
    for (let v = 0; v < 2000; v++) {
      const pool = randomPoolNew();
      for (let i = 0; i < 5; i++) randomPoolAdd(pool, i === 2 ? v : 0x1234567 * i);
      for (const k of pool.key) assert.ok(k >= 0 && k <= 0xffff);
      seen.add(randomPoolNext(pool, 0) * 65536 + randomPoolNext(pool, 0));
    }
    assert.ok(seen.size >= 1999);
  });

  it('depends on when it is asked', () => {
    assert.notEqual(randomPoolNext(randomPoolNew(), 1), randomPoolNext(randomPoolNew(), 2));
  });
});
