// What all tests against the Linux kernel share: the reason to skip, options of a roomy host, the last look at the
// capture.

import assert from 'node:assert/strict';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import type { Bench } from '../../linux/bench.js';
import { lacking } from '../../linux/namespace.js';
import { which } from '../../linux/process.js';
import { count, verdict } from '../../linux/tshark.js';
import { skipUnless } from '../support/skip.js';

/** Milliseconds that a test may take before it counts as hung; nothing here asserts speed. */
export const LIMIT = 240_000;

/** Skips the suite of a `before` hook unless the machine can run it. */
export async function needLinux(context: Mocha.Context, ...commands: string[]): Promise<void> {
  const reason = await lacking(...commands);
  skipUnless(context, reason === '', reason);
}

/** A host with memory to spare: windows of 64 KB, large datagrams. */
export const ROOMY: Partial<StackOptions> = {
  MEM_SIZE: 1 << 20,
  MEMP_NUM_PBUF: 512,
  MEMP_NUM_TCP_PCB: 64,
  MEMP_NUM_TCP_SEG: 512,
  MEMP_NUM_ARP_QUEUE: 128,
  ARP_QUEUE_LEN: 64,
  PBUF_POOL_SIZE: 512,
  IP_REASS_MAX_PBUFS: 128,
  TCP_WND: 65535,
  TCP_SND_BUF: 65535,
  TCP_SND_QUEUELEN: 128,
  TCP_OOSEQ_MAX_PBUFS: 64,
};

/** TCP and UDP ports of tests whose content means nothing. */
export const PORTS = { echo: 7, sink: 9, source: 19, listener: 7001, closed: 7002 };

/** Asserts that tshark finds nothing wrong in all that was on the wire; adds the test for it. */
export function wireIsSound(
  bench: () => Bench | Bench[],
  atLeast: number,
  filters: Record<string, number> = {},
): void {
  describe('the wire', () => {
    it('shows no malformed frame and no bad checksum', async function () {
      this.timeout(LIMIT);
      skipUnless(this, which('tshark'), 'needs tshark');
      let total = 0;
      const matches: Record<string, number> = {};
      for (const { capture } of [bench()].flat()) {
        const { frames, bad } = await verdict(capture, Object.values(PORTS));
        assert.deepEqual(bad, []);
        total += frames;
        for (const filter in filters)
          matches[filter] = (matches[filter] ?? 0) + (await count(capture, filter));
      }
      assert.ok(total >= atLeast, `${total} frames captured`);
      for (const filter in filters) {
        assert.ok(matches[filter]! >= filters[filter]!, `${matches[filter]} frames for ${filter}`);
      }
    });
  });
}
