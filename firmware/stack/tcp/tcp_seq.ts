// Sequence numbers between wire and pcb. On the wire they are 32 bits from a random start; in a pcb they are
// relative to that start (ISS or IRS), because a number of 2^30 or more costs an allocation on the device. The
// start is kept in two 16-bit halves, and no intermediate value of usual traffic leaves the small range.
// Relative numbers are compared modulo 2^32: a is before b when ((a - b) | 0) < 0.

/** The field at `o`, relative to the start `hi`, `lo`. @inline */
export function seqFromWire(b: Uint8Array, o: number, hi: number, lo: number): number {
  return (((((b[o]! << 8) | b[o + 1]!) - hi) << 16) + (((b[o + 2]! << 8) | b[o + 3]!) - lo)) | 0;
}

/**
 * Writes relative number `rel` to the field at `o`.
 * @returns the sum of the field's two 16-bit units, for the checksum
 */
export function seqToWire(b: Uint8Array, o: number, rel: number, hi: number, lo: number): number {
  const l = lo + (rel & 0xffff);
  const h = (hi + (rel >>> 16) + (l >>> 16)) & 0xffff;
  b[o] = h >> 8;
  b[o + 1] = h;
  b[o + 2] = l >> 8;
  b[o + 3] = l;
  return h + (l & 0xffff);
}

/** Whether a is before b. @inline */
export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Whether a is b or before b. @inline */
export function seqLe(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}
