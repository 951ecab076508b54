// Data as Kaluma's streams take it.

/** A string stands for bytes, one a character. */
export type Data = Uint8Array | string;

/** One character a byte. */
export function textOf(data: Data): string {
  return typeof data === 'string' ? data : String.fromCharCode(...data);
}
