// net.stats(): the counters that are not zero.

import { statFields, statGroups } from '../stack/core/stats.js';
import { left } from './columns.js';
import { show, type Diagnostics } from './console.js';

const WIDTH = 80;

export function stats(d: Diagnostics): void {
  const counters = d.stack.stats;
  const groups = statGroups();
  const lines: string[] = [];
  let at = 0;
  for (let g = 0; g < groups.length; g++) {
    const fields = statFields(g);
    const indent = left('', 9);
    let line = left(groups[g]!, 9);
    let any = false;
    for (let i = 0; i < fields.length; i++) {
      const n = counters[at + i]!;
      const word = n ? ' ' + fields[i]! + ' ' + n : '';
      if (n) any = true;
      if (line.length + word.length > WIDTH) {
        lines.push(line);
        line = indent;
      }
      line += word;
    }
    if (any) lines.push(line);
    at += fields.length;
  }
  show(d, lines.length ? lines : ['nothing was counted yet']);
}
