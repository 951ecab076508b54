// Text in columns.

/** Characters of a host's name that a line has room for. */
export const HOST = 40;

const BLANKS = '                        ';

/** `text` with blanks behind it, up to `width` (at most 24). */
export function left(text: string, width: number): string {
  return text + BLANKS.slice(text.length, width);
}

/** `value` with blanks in front of it, up to `width` (at most 24). */
export function right(value: string | number, width: number): string {
  const text = '' + value;
  return BLANKS.slice(text.length, width) + text;
}

/** The first characters of a text that may be too long for a line. */
export function cut(text: string, most: number): string {
  return text.length > most ? text.slice(0, most - 1) + '~' : text;
}

/** A hardware address: the first six bytes of `b`. */
export function mac(b: Uint8Array): string {
  let s = '';
  for (let i = 0; i < 6; i++) s += (i ? ':' : '') + (256 + b[i]!).toString(16).slice(1);
  return s;
}
