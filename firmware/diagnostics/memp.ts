// net.memp(): pools in objects, heaps in bytes.

import { mempNames } from '../stack/core/memp.js';
import { left, right } from './columns.js';
import { show, type Diagnostics } from './console.js';

export function memp(d: Diagnostics): void {
  const stack = d.stack;
  const names = mempNames();
  const lines = [row('Pool', 'Used', 'Peak', 'Max', 'Refused')];
  for (let i = 0; i < names.length; i++) {
    const pool = stack.memp[i]!;
    lines.push(row(names[i]!, pool.used, pool.max, pool.num, pool.err));
  }
  const heap = stack.mem;
  const engine = d.memory();
  lines.push(
    row('heap, bytes', heap.used, heap.max, heap.size, heap.err),
    row('JavaScript heap', engine.heapUsed, engine.heapPeak, engine.heapTotal, ''),
  );
  show(d, lines);
}

function row(
  name: string,
  used: string | number,
  peak: string | number,
  most: string | number,
  refused: string | number,
): string {
  return left(name, 16) + right(used, 11) + right(peak, 11) + right(most, 11) + right(refused, 11);
}
