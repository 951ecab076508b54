// Little-endian numbers and texts in the structures that the chip's firmware takes.

/** Writes a 16-bit number. */
export function put16(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >> 8;
}

/** Writes a 32-bit number. */
export function put32(b: Uint8Array, at: number, value: number): void {
  put16(b, at, value);
  put16(b, at + 2, value >> 16);
}

/** Reads a 32-bit number, signed. */
export function get32(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
}

/**
 * A text as bytes, UTF-8.
 * @throws URIError for half a surrogate pair
 */
export function utf8(text: string): Uint8Array {
  const coded = encodeURIComponent(text);
  const bytes: number[] = [];
  for (let i = 0; i < coded.length; i++) {
    const escaped = coded.charAt(i) === '%';
    bytes.push(escaped ? parseInt(coded.slice(i + 1, i + 3), 16) : coded.charCodeAt(i));
    if (escaped) i += 2;
  }
  return new Uint8Array(bytes);
}
