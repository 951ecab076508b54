// Whole transfers between two stacks: over a lossy cable, and the law of window and round trip.

import assert from 'node:assert/strict';
import { STAT_TCPX, TCPX_RTO, TCPX_FASTREXMIT } from '../../../firmware/stack/core/stats.js';
import { assertClean } from '../../harness/clean.js';
import { Pair, transfer } from './pair.js';

const MIB = 1 << 20;

describe('TCP between two stacks', () => {
  it('16 MiB through 2 % loss, 1 % duplication and reordering', () => {
    const pair = new Pair({
      seed: 7,
      delay: 500,
      loss: 0.02,
      duplicate: 0.01,
      reorder: 0.02,
      reorderDelay: 1500,
    });
    const t = transfer(pair, 16 * MIB, 3600);
    assert(t.time > 0);
    const s = pair.a.stack.stats;
    assert(s[STAT_TCPX + TCPX_FASTREXMIT]! > 0);
    assert(s[STAT_TCPX + TCPX_RTO]! > 0);
    // Let TIME_WAIT end.
    pair.scheduler.runFor(120e6);
    assertClean(pair.a);
    assertClean(pair.b);
  });

  // The seed's law: one window per round trip.
  for (const [segments, mbps] of [
    [1, 11.68],
    [4, 46.72],
  ] as const) {
    it(`at 1 ms round trip, ${segments} x MSS of window carry about ${mbps} Mb/s`, () => {
      const pair = new Pair(
        { delay: 500 },
        { TCP_SND_BUF: 16 * 1460, MEM_SIZE: 65536, TCP_SND_QUEUELEN: 40, MEMP_NUM_TCP_SEG: 48 },
        { TCP_WND: segments * 1460 },
      );
      const t = transfer(pair, 2 * MIB, 60);
      const rate = (t.received * 8) / t.time;
      assert(Math.abs(rate / mbps - 1) < 0.05, `${rate.toFixed(2)} Mb/s`);
    });
  }
});
