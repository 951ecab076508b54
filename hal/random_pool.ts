// Random numbers for engines without a source of their own: start-up noise is gathered into a 64-bit key, and outputs
// are the Speck32/64 block cipher (Beaulieu et al., 2013) of a counter, so that outputs seen on the network tell
// neither the key nor each other. 16-bit words throughout: no heap numbers.
//
// What it is good for: ports, sequence numbers, transaction ids. What it is not: keys. It has no more entropy than was
// added, at most 64 bits.

const ROUNDS = 22;

export interface RandomPool {
  /** Key words. */
  key: number[];
  /** Blocks made. */
  count: number;
  /** The last block; its high word is `spare` until it is handed out. */
  low: number;
  high: number;
  spare: boolean;
}

export function randomPoolNew(): RandomPool {
  return { key: [0x1918, 0x1110, 0x0908, 0x0100], count: 0, low: 0, high: 0, spare: false };
}

/**
 * Mixes a value into the key.
 * @param value any integer; its low 16 bits count
 */
export function randomPoolAdd(pool: RandomPool, value: number): void {
  pool.spare = false;
  const key = pool.key;
  // The value changes one word, a block of the changed key then two others; the words take turns.
  const first = (key[0]! ^ value) & 0xffff;
  key[0] = first;
  encrypt(pool, pool.low, pool.high);
  key[0] = key[1]! ^ pool.low;
  key[1] = key[2]! ^ pool.high;
  key[2] = key[3]!;
  key[3] = first;
}

/**
 * An integer in [0, 65535]. Every second call costs some 2 ms on Kaluma.
 * @param stir any integer that outsiders cannot know exactly, such as the time in microseconds; 0 for none
 */
export function randomPoolNext(pool: RandomPool, stir: number): number {
  if (pool.spare) {
    pool.spare = false;
    return pool.high;
  }
  const count = (pool.count + 1) & 0x3fffffff;
  pool.count = count;
  // The 30-bit count and the stirring share the 32 bits of the block.
  encrypt(pool, count & 0xffff, ((count >> 16) ^ stir) & 0xffff);
  pool.spare = true;
  return pool.low;
}

/** Speck32/64 of the block (high, low), left in pool.high and pool.low. */
export function encrypt(pool: RandomPool, low: number, high: number): void {
  const key = pool.key;
  let x = high;
  let y = low;
  let k = key[3]!;
  const l = [key[2]!, key[1]!, key[0]!];
  for (let i = 0; i < ROUNDS; i++) {
    x = ((((x >> 7) | (x << 9)) + y) & 0xffff) ^ k;
    y = (((y << 2) | (y >> 14)) & 0xffff) ^ x;
    const at = i % 3;
    const m = l[at]!;
    const n = ((((m >> 7) | (m << 9)) + k) & 0xffff) ^ i;
    l[at] = n;
    k = (((k << 2) | (k >> 14)) & 0xffff) ^ n;
  }
  pool.low = y;
  pool.high = x;
}
