// Nothing leaked: every pool and the heap as they were, and no buffer twice in a free list.

import assert from 'node:assert/strict';
import { mempNames } from '../../firmware/stack/core/memp.js';
import type { Stack } from '../../firmware/stack/core/stack.js';
import { ALL_HOSTS } from '../../firmware/stack/igmp/igmp_wire.js';
import { createStack } from '../../firmware/stack/init.js';

export type Usage = Record<string, number>;

/** What is in use, by pool name; HEAP is in bytes. */
export function usage(host: { stack: Stack }): Usage {
  const u: Usage = {};
  mempNames().forEach((name, i) => (u[name] = host.stack.memp[i]!.used));
  u['HEAP'] = host.stack.mem.used;
  return u;
}

/**
 * Asserts that all buffers are back. Pending time-outs are not counted: protocols may keep a timer.
 * @param allowed what may be in use instead of what a new stack uses, such as `{ UDP_PCB: 1 }`, or an earlier usage()
 */
export function assertClean(host: { stack: Stack }, allowed: Usage = {}): void {
  const now = usage(host);
  // What a new stack of the same options keeps for good.
  const fresh = usage({ stack: createStack({ clock: () => 0, random16: () => 0 }, host.stack.opt) });
  const expected: Usage = {};
  for (const name in now) expected[name] = allowed[name] ?? fresh[name]!;
  // An interface for multicast is in the all-hosts group for good.
  let groups = 0;
  for (let g = host.stack.igmp.groups; g; g = g.next) if (g.addr === ALL_HOSTS) groups++;
  expected['IGMP_GROUP'] = allowed['IGMP_GROUP'] ?? groups;
  now['SYS_TIMEOUT'] = expected['SYS_TIMEOUT'] = 0;
  assert.deepEqual(now, expected, 'pools and heap');

  const stack = host.stack;
  const pbufs = new Set<unknown>();
  for (let p = stack.freePbufs; p; p = p.next) {
    assert(!pbufs.has(p), 'a pbuf is twice in the free list');
    assert.equal(p.ref, 0, 'a free pbuf is referenced');
    pbufs.add(p);
  }
  const blocks = [...stack.poolBuffers, ...stack.mem.free.flat()];
  assert.equal(new Set(blocks).size, blocks.length, 'a buffer is twice in a free list');
  let timeouts = 0;
  for (let t = stack.timeouts; t; t = t.next) timeouts++;
  assert.equal(stack.memp[mempNames().indexOf('SYS_TIMEOUT')]!.used, timeouts, 'time-outs');
}
