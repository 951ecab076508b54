// The loopback interface.

import type { Stack } from '../core/stack.js';

export function loopifInit(_stack: Stack): void {}
