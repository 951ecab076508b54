// Data to transfer, the same on both sides from one seed, and digests of it.

import { createHash } from 'node:crypto';
import { SeededRandom } from '../sim/random.js';

export function pattern(seed: number, bytes: number): Uint8Array {
  const random = new SeededRandom(seed);
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = random.next32();
  return new Uint8Array(words.buffer, 0, bytes);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
