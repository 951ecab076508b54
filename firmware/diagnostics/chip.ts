// net.chip(): what the network chip's driver tells of it.

import { show, type Diagnostics } from './console.js';

export function chip(d: Diagnostics): void {
  show(d, d.report!());
}
