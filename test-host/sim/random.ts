// Seeded pseudo-random numbers (xorshift32) for everything in the test host that rolls dice.

export class SeededRandom {
  private s: number;

  constructor(seed: number) {
    this.s = (seed ^ 0x9e3779b9) | 0 || 1;
    for (let i = 0; i < 8; i++) this.next32();
  }

  next32(): number {
    let s = this.s;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.s = s;
    return s >>> 0;
  }

  /** An integer in [0, 65535]. */
  random16(): number {
    return this.next32() >>> 16;
  }

  /** A number in [0, 1). */
  float(): number {
    return this.next32() / 4294967296;
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.float() * n);
  }

  chance(p: number): boolean {
    return p > 0 && this.float() < p;
  }
}
