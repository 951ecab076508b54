// Text and bytes, both ways, in as few engine operations as each way allows.

/** Kaluma has it, native; Espruino and Duktape's command line have not. */
declare const TextEncoder: { new (): { encode(s: string): Uint8Array } } | undefined;

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

/** A string as UTF-8; where the engine has no encoder for it, characters above 127 become '?'. */
export function textToBytes(s: string): Uint8Array {
  if (typeof TextEncoder !== 'undefined') return new TextEncoder().encode(s);
  const b = new Uint8Array(s.length);
  for (let i = 0; i < b.length; i++) {
    const c = s.charCodeAt(i);
    b[i] = c > 127 ? 63 : c;
  }
  return b;
}
