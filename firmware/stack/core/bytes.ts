// Network-order fields in byte arrays. The build inlines get and put; load and store stay calls, for code where
// size matters more than time.

/** @inline */
export function get16(b: Uint8Array, o: number): number {
  return (b[o]! << 8) | b[o + 1]!;
}

/** An unsigned 32-bit field. @inline */
export function get32(b: Uint8Array, o: number): number {
  return ((b[o]! << 24) | (b[o + 1]! << 16) | (b[o + 2]! << 8) | b[o + 3]!) >>> 0;
}

/** @inline */
export function put16(b: Uint8Array, o: number, v: number): void {
  b[o] = v >> 8;
  b[o + 1] = v;
}

/** @inline */
export function put32(b: Uint8Array, o: number, v: number): void {
  b[o] = v >>> 24;
  b[o + 1] = v >>> 16;
  b[o + 2] = v >>> 8;
  b[o + 3] = v;
}

/** As get16(), not inlined. */
export function load16(b: ArrayLike<number>, o: number): number {
  return (b[o]! << 8) | b[o + 1]!;
}

/** As get32(), not inlined. */
export function load32(b: ArrayLike<number>, o: number): number {
  return ((load16(b, o) << 16) | load16(b, o + 2)) >>> 0;
}

/** As put16(), not inlined. */
export function store16(b: Uint8Array, o: number, v: number): void {
  b[o] = v >> 8;
  b[o + 1] = v;
}

/** As put32(), not inlined. */
export function store32(b: Uint8Array, o: number, v: number): void {
  store16(b, o, v >>> 16);
  store16(b, o + 2, v);
}
