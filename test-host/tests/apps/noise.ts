// Bytes for tests of the apps, as a Latin-1 string, and how two such strings are compared.

import { createHash } from 'node:crypto';
import { SeededRandom } from '../../sim/random.js';

/** `size` random bytes, the same each time. */
export function noise(size: number): string {
  const random = new SeededRandom(7);
  return Buffer.from(Uint8Array.from({ length: size }, () => random.below(256))).toString('latin1');
}

export const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');
