// Random numbers for engines without a source of their own: start-up noise is gathered into a 64-bit key, and outputs
// are the Speck32/64 block cipher (Beaulieu et al., 2013) of a counter, so that outputs seen on the network tell
// neither the key nor each other. 16-bit words throughout: no heap numbers.
//
// What it is good for: ports, sequence numbers, transaction ids. What it is not: keys. It has no more entropy than was
// added, at most 64 bits.

const ROUNDS = 22;

export interface RandomPool {
  /** Four key words. */
  key: number[];
  /** Values added and numbers made. */
  count: number;
}

export function randomPoolNew(): RandomPool {
  return { key: [0, 0, 0, 0], count: 0 };
}

/**
 * Mixes a value into the key, before the first number is made. The words take turns, each turned by five bits first:
 * of eight values a word, whose lowest bits are noise, no two put these in the same place.
 * @param value any integer; its low 16 bits count
 */
export function randomPoolAdd(pool: RandomPool, value: number): void {
  const at = pool.count++ & 3;
  const word = pool.key[at]!;
  pool.key[at] = ((word << 5) ^ (word >> 11) ^ value) & 0xffff;
}

/**
 * An integer in [0, 65535]. Costs some 3 ms on Kaluma.
 * @param stir any integer that outsiders cannot know exactly, such as the time in microseconds; 0 for none
 */
export function randomPoolNext(pool: RandomPool, stir: number): number {
  const count = (pool.count + 1) & 0x3fffffff;
  pool.count = count;
  // The 30-bit count and the stirring share the 32 bits of the block.
  return encrypt(pool.key, count & 0xffff, ((count >> 16) ^ stir) & 0xffff)[5]!;
}

/**
 * Speck32/64 of the block (high, low).
 * @param key key words, the first one used last
 * @returns the cipher's state, whose last words are high and low of the encrypted block
 */
export function encrypt(key: number[], low: number, high: number): number[] {
  const s = [key[2]!, key[1]!, key[0]!, key[3]!, high, low];
  for (let i = 0; i < ROUNDS; i++) {
    round(s, 4, 5, s[3]!);
    round(s, i % 3, 3, i);
  }
  return s;
}

/** The round function on words `x` and `y` of the state, which serves block and key schedule alike. */
function round(s: number[], x: number, y: number, key: number): void {
  const a = s[x]!;
  const b = s[y]!;
  const mixed = (((a >> 7) + (a << 9) + b) & 0xffff) ^ key;
  s[x] = mixed;
  s[y] = ((b << 2) & 0xffff) ^ (b >> 14) ^ mixed;
}
