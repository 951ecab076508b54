// Mutated frames from recorded conversations with the Linux kernel: no exception, nothing lost, everything served.
// A failure names seed and frame; test-host/fuzz/replay.ts runs it again.

import assert from 'node:assert/strict';
import {
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_RCVD,
  SYN_SENT,
} from '../../../firmware/stack/tcp/tcp_state.js';
import {
  CHKERR,
  LENERR,
  OPTERR,
  PROTERR,
  RECV,
  STAT_TCP,
  STAT_TCPX,
  TCPX_OOSEQ,
} from '../../../firmware/stack/core/stats.js';
import { readCorpus } from '../../fuzz/corpus.js';
import { isArp, isIp, protocol } from '../../fuzz/frame.js';
import { fuzz } from '../../fuzz/fuzz.js';

const FRAMES = 200_000;

describe('fuzzing', () => {
  it('starts from recorded frames of all kinds, in both directions', () => {
    const corpus = readCorpus();
    assert(corpus.length >= 100, `${corpus.length} frames`);
    for (const outbound of [false, true]) {
      const frames = corpus.filter((c) => c.outbound === outbound).map((c) => c.frame);
      assert(frames.some(isArp));
      for (const proto of [1, 6, 17])
        assert(
          frames.some((f) => protocol(f) === proto),
          `protocol ${proto}`,
        );
      assert(
        frames.some((f) => isIp(f) && protocol(f) === -1),
        'fragments',
      );
    }
  });

  it('200,000 mutated frames do no harm', () => {
    const { target, states } = fuzz({ seed: 1, frames: FRAMES });
    assert(target.delivered >= FRAMES);
    // What the frames reached, or the above would say little.
    const a = target.application;
    for (const [what, count, least] of [
      ['connections accepted', a.accepted, 500],
      ['connections made', a.connected, 100],
      ['bytes of TCP', a.bytes, 100_000],
      ['datagrams', a.datagrams, 1000],
      ['names', a.resolved, 20],
      ['pings', a.pinged, 20],
      ['leases', a.leases, 20],
    ] as const) {
      assert(count >= least, `${count} ${what}`);
    }
    for (const state of [
      ...[SYN_SENT, SYN_RCVD, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK],
    ]) {
      assert(states.has(state), `no connection in state ${state}`);
    }
    const s = target.host.stack.stats;
    for (const field of [RECV, CHKERR, LENERR, PROTERR, OPTERR]) assert(s[STAT_TCP + field]! > 100);
    assert(s[STAT_TCPX + TCPX_OOSEQ]! > 100);
  });
});
