// The C heap behind the arrays that spi.recv() and spi.transfer() return, and the JavaScript collector that alone
// empties it. JavaScript allocations are visible here only in part (typed arrays, ArrayBuffers, views), so looks at
// the heap come later than on a board. On the other hand each look collects here, whereas JerryScript also wants a
// sixteenth of all objects to be new: a program that forces a collection has to see to that itself.
//
// Which arrays the program still holds cannot be seen from here. A collection is taken to leave the newest `held`
// bytes and free the rest: 0 for a driver that copies out of what it receives, the size of its receive pool for one
// that lends the arrays on.

/** `free` bytes that malloc can hand out: the 38th 1514-byte array fails, as on a board. */
export const KALUMA_C_HEAP = 57000;
/** JavaScript heap bytes between two collections (JerryScript's gc-limit for a 180 KB heap). */
export const KALUMA_GC_STEP = 8192;

export class CHeap {
  /** Bytes handed out and not yet freed. */
  used = 0;
  /** The most that `used` has been. */
  peak = 0;
  /** Requests refused. */
  refused = 0;
  collections = 0;
  /** Visible JavaScript heap bytes allocated since the last collection. */
  jsBytes = 0;

  constructor(
    /** Bytes that outlive a collection. */
    private readonly held = 0,
    private readonly limit = KALUMA_C_HEAP,
    private readonly gcStep = KALUMA_GC_STEP,
  ) {}

  /** @returns false when the heap has no room for `bytes` */
  malloc(bytes: number): boolean {
    const chunk = Math.max(16, (bytes + 4 + 7) & ~7);
    if (this.used + chunk > this.limit) {
      this.refused++;
      return false;
    }
    this.used += chunk;
    if (this.used > this.peak) this.peak = this.used;
    return true;
  }

  /** Notes an allocation on the JavaScript heap; collects when enough has gathered. */
  jsAlloc(bytes: number): void {
    this.jsBytes += (bytes + 7) & ~7;
    if (this.jsBytes >= this.gcStep) this.collect();
  }

  collect(): void {
    this.collections++;
    this.jsBytes = 0;
    if (this.used > this.held) this.used = this.held;
  }

  /** The power goes. */
  clear(): void {
    this.used = 0;
    this.jsBytes = 0;
  }
}
