// The real firmware for tests that need it. It is not part of this repository.

import { readFileSync } from 'node:fs';
import type { Context } from 'mocha';
import { readImage, type Chunk } from '../../emulator/image.js';
import { skipUnless } from './skip.js';

/** Path of Kaluma's image for the Pico, UF2 or raw, or ''. */
export const KALUMA = process.env['LIGHTWIRE_KALUMA'] ?? '';

/** Reads the firmware, or skips the running test, or the suite of a `before` hook. */
export function needKaluma(context: Context): Chunk[] {
  skipUnless(context, KALUMA, 'set LIGHTWIRE_KALUMA to a Kaluma 1.2.1 image for the Pico');
  return readImage(readFileSync(KALUMA));
}
