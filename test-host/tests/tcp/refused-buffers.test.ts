// Applications that refuse data must not keep the receive buffers that acknowledgments need: several connections
// to the echo server on a lossy wire, none of which may come to a stand.

import assert from 'node:assert/strict';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { echoServerInit } from '../../../firmware/services/echo_raw.js';
import { Host } from '../../harness/host.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { connect } from '../../linux/streams.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';

const SIZE = 100_000;
const CONNECTIONS = 5;

describe('tcp: refused data and the pool of receive buffers', () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`${CONNECTIONS} connections to the echo server with default options, 5 % loss, seed ${seed}`, () => {
      const scheduler = new Scheduler();
      const link = new Link(scheduler, { seed, delay: 200, loss: 0.05 });
      const server = new Host(scheduler, seed);
      server.addInterface({ port: link.a, mac: '02:00:00:00:00:01', ip: '10.0.0.1' });
      const client = new Host(scheduler, seed + 100, {
        MEM_SIZE: 1 << 20,
        MEMP_NUM_TCP_SEG: 512,
        PBUF_POOL_SIZE: 256,
        TCP_WND: 65535,
        TCP_SND_BUF: 65535,
        TCP_SND_QUEUELEN: 128,
        TCP_RTO_MIN: 200,
      });
      client.addInterface({ port: link.b, mac: '02:00:00:00:00:02', ip: '10.0.0.2' });
      server.do((stack) => assert.equal(echoServerInit(stack), ERR_OK));
      const streams = client.do(() =>
        Array.from({ length: CONNECTIONS }, (_, i) =>
          connect(client, '10.0.0.1', 7, { end: 'never', send: pattern(i, SIZE) }),
        ),
      );
      const done = scheduler.runWhile(() => streams.every((s) => s.received === SIZE), 600e6);
      assert.ok(done, streams.map((s) => `${s.received} of ${SIZE}`).join(', '));
      streams.forEach((s, i) => assert.equal(s.sha256, sha256(pattern(i, SIZE))));
      assert.ok(scheduler.now < 300e6, `done after ${scheduler.now / 1e6} s`);
    });
  }
});
