// Code that is in memory only while it is used. The build takes it, and every function that nothing else leads to, out of
// the bundle and into a comment at its head, which costs flash and no heap (tools/build/overlays.ts).

import type { kalumaCode } from '../../../hal/kaluma_code.js';
import { CODE_OVERLAYS } from '../../stack/core/opt.js';

declare const __overlay__: <F>(code: F, read: typeof kalumaCode) => F | null;

/**
 * @param code a function of a module, by its name; whoever lets go of what this returns gives its memory back
 * @param read reads code of the program
 * @returns the function; null when its code cannot be read
 */
export function overlay<F>(code: F, read: typeof kalumaCode): F | null {
  return CODE_OVERLAYS ? __overlay__(code, read) : code;
}
