// Text and bytes, both ways, in as few engine operations as each way allows.

export { bytesToText } from '../api/latin1.js';

/** Kaluma has it, native; Espruino and Duktape's command line have not. */
declare const TextEncoder: { new (): { encode(s: string): Uint8Array } } | undefined;

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
