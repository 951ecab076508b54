// The C heap behind the arrays that spi.recv() and spi.transfer() return, and the JavaScript collector that alone
// empties it. JavaScript allocations are visible here only in part (typed arrays, ArrayBuffers, views), so the
// collector runs later than on a board: a driver that survives this model survives the real heap.
//
// A collection is taken to free every array handed out so far. That is right for drivers that copy out of a
// received array and drop it; one that keeps such arrays alive needs its own bound.

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
    this.used = 0;
  }
}
