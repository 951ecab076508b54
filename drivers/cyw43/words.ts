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

/** Bytes as text: UTF-8, or a character for each where they are none. */
export function text(b: Uint8Array, at: number, length: number): string {
  let coded = '';
  let plain = '';
  for (let i = at; i < at + length; i++) {
    coded += (b[i]! < 16 ? '%0' : '%') + b[i]!.toString(16);
    plain += String.fromCharCode(b[i]!);
  }
  try {
    plain = decodeURIComponent(coded);
  } catch {
    // Each byte a character, then.
  }
  return plain;
}

/** An address as text, in upper case. */
export function macText(mac: Uint8Array): string {
  let s = '';
  for (let i = 0; i < 6; i++)
    s += (i ? ':' : '') + (mac[i]! < 16 ? '0' : '') + mac[i]!.toString(16).toUpperCase();
  return s;
}
