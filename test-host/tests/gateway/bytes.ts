// Data for transfers: bytes in which every misplaced, lost or doubled piece shows.

import { createHash } from 'node:crypto';
import { SeededRandom } from '../../sim/random.js';

export function randomBytes(length: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random.next32();
  return new Uint8Array(words.buffer, 0, length);
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
