// The out-of-order queue.
import type { Stack } from '../core/stack.js';

export function tcpOoseqFreeAll(_stack: Stack): boolean {
  return false;
}
