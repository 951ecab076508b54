// Text whose characters are bytes, as Kaluma's streams and Espruino's sockets carry their data.

/** Kaluma's encoder knows 'ascii', one byte a character, beside UTF-8; those of other engines know UTF-8 alone. */
declare const TextEncoder: { new (encoding: string): Encoder } | undefined;

/** @external */
interface Encoder {
  encoding: string;
  encode(text: string): Uint8Array;
}

/**
 * Longest piece that is given to Kaluma's encoder, which puts it on the C stack as UTF-8; and to
 * String.fromCharCode(), whose arguments pass over the engine's stack.
 */
export const LATIN1_PIECE = 730;
const ARGUMENTS = 128;

/** Turns text into bytes. */
export type Latin1Encode = (text: string) => Uint8Array;

/**
 * A converter of text to bytes, one byte a character: the low eight bits of its code, where the engine does not give 0
 * for characters above 255. Texts have at most LATIN1_PIECE characters.
 */
export function latin1Encoder(): Latin1Encode {
  const native = typeof TextEncoder === 'undefined' ? null : new TextEncoder('ascii');
  if (native && native.encoding === 'ascii') {
    return function (text) {
      return native.encode(text);
    };
  }
  return function (text) {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  };
}

/** `len` bytes at `off` as text, one character a byte. One native call per 128 bytes. */
export function bytesToText(b: Uint8Array, off: number, len: number): string {
  let s = '';
  for (const end = off + len; off < end; off += ARGUMENTS) {
    const stop = end - off > ARGUMENTS ? off + ARGUMENTS : end;
    s += String.fromCharCode.apply(null, b.subarray(off, stop) as unknown as number[]);
  }
  return s;
}
