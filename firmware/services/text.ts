// Text and bytes: ASCII both ways, in as few engine operations as each way allows.

/** Longest piece handed to String.fromCharCode at a time: its arguments pass over the engine's stack. */
const PIECE = 128;

/** `len` bytes at `off` as a string, one character per byte. One native call per 128 bytes. */
export function bytesToText(b: Uint8Array, off: number, len: number): string {
  let s = '';
  for (const end = off + len; off < end; off += PIECE) {
    const stop = end - off > PIECE ? off + PIECE : end;
    s += String.fromCharCode.apply(null, b.subarray(off, stop) as unknown as number[]);
  }
  return s;
}

/** A string's characters as bytes; those above 255 become '?'. */
export function textToBytes(s: string): Uint8Array {
  const b = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    b[i] = c > 255 ? 63 : c;
  }
  return b;
}
