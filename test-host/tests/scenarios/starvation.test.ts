// Little memory, several connections that want all of it, and a link that comes and goes: everything that holds a buffer
// waits for something that needs one. However it falls out, every connection gets on when the link is there again.
// TIMES=n makes it n times as many.

import assert from 'node:assert/strict';
import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { netifSetLinkDown, netifSetLinkUp } from '../../../firmware/stack/core/netif.js';
import { pingNew, pingRemove, pingSend } from '../../../firmware/stack/icmp/ping.js';
import { socketsInit } from '../../../firmware/api/socket_table.js';
import { echoServersTask } from '../../../firmware/services/echo_netconn.js';
import { echoServerInit } from '../../../firmware/services/echo_raw.js';
import { echoServerTask } from '../../../firmware/services/echo_socket.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { taskStart } from '../../../firmware/stack/core/task.js';
import { assertClean, usage } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { connect } from '../../linux/streams.js';
import { Link } from '../../sim/link.js';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';

const RUNS = 150 * Number(process.env['TIMES'] ?? 1);
const SERVER = '10.0.0.1';

/** Echo servers on each API; the last serves one client after the other, while the rest wait with what they have sent. */
const SERVERS: [string, (stack: Stack) => void][] = [
  ['raw API', (stack) => assert.equal(echoServerInit(stack), ERR_OK)],
  [
    'netconn',
    (stack) =>
      void taskStart(
        stack,
        echoServersTask(stack, (err) => assert.equal(err, ERR_OK)),
      ),
  ],
  ['sockets', (stack) => void taskStart(stack, echoServerTask(socketsInit(stack)))],
];

/** A server of the size of a board, and a peer that lacks nothing and is patient. */
async function run(seed: number, start: (stack: Stack) => void): Promise<void> {
  const random = new SeededRandom(seed);
  const scheduler = new Scheduler();
  const link = new Link(scheduler, {
    seed,
    delay: 200 + random.below(20_000),
    loss: random.below(10) / 100,
    reorder: random.below(10) / 100,
  });
  const connections = 2 + random.below(4);
  const server = new Host(scheduler, seed, {
    MEM_SIZE: 6928 + random.below(20) * 300,
    PBUF_POOL_SIZE: 2 * connections + 2 + random.below(5),
    TCP_OOSEQ_MAX_PBUFS: 2 + random.below(4),
    MEMP_NUM_NETCONN: 12,
    DEFAULT_TCP_RECVMBOX_SIZE: 4,
    IP_REASS_MAX_PBUFS: 4,
  });
  server.addInterface({ port: link.a, mac: '02:00:00:00:00:01', ip: SERVER });
  const client = new Host(scheduler, seed + 100_000, {
    MEM_SIZE: 1 << 20,
    MEMP_NUM_TCP_PCB: 64,
    MEMP_NUM_TCP_SEG: 512,
    PBUF_POOL_SIZE: 256,
    TCP_WND: 65535,
    TCP_SND_BUF: 65535,
    TCP_SND_QUEUELEN: 128,
    TCP_RTO_MIN: 200,
    TCP_SYNMAXRTX: 20,
    TCP_MAXRTX: 40,
  });
  client.addInterface({ port: link.b, mac: '02:00:00:00:00:02', ip: '10.0.0.2' });
  server.do(start);
  scheduler.runFor(1000);
  const atRest = usage(server);

  const size = 20_000 + random.below(60_000);
  const ends: Err[] = [];
  const streams = client.do(() =>
    Array.from({ length: connections }, (_, i) =>
      connect(client, SERVER, 7, { end: 'after-sending', send: pattern(i, size) }),
    ),
  );
  for (const stream of streams) void stream.done.then((err) => ends.push(err));
  for (let flaps = random.below(12); flaps > 0; flaps--) {
    const host = random.below(4) ? server : client;
    const time = random.below(4) ? 3e6 : 20e6;
    scheduler.after(random.below(20e6), () => {
      host.do(() => netifSetLinkDown(host.netif));
      scheduler.after(random.below(time), () => host.do(() => netifSetLinkUp(host.netif)));
    });
  }
  for (let second = 0; second < 900 && ends.length < streams.length; second++) {
    scheduler.runFor(1e6);
    await new Promise(setImmediate);
  }
  const state = `seed ${seed}: ${streams.map((s) => s.received).join(', ')} of ${size}`;
  assert.deepEqual(
    ends,
    streams.map(() => ERR_OK),
    state,
  );
  streams.forEach((s, i) => assert.equal(s.sha256, sha256(pattern(i, size)), state));

  scheduler.runFor(200e6);
  assertClean(server, atRest);
  link.aToB.loss = link.bToA.loss = 0;
  let answered = 0;
  const ping = pingNew(client.stack)!;
  for (let i = 0; i < 3; i++) {
    client.do(() => pingSend(ping, ip(SERVER), 56, 900, (_p, r) => (answered += r.err === ERR_OK ? 1 : 0)));
    scheduler.runFor(1e6);
  }
  pingRemove(ping);
  assert.equal(answered, 3, `${state}; pings`);
}

describe('scenario: memory for nobody', function () {
  this.timeout(600_000);

  for (const [api, start] of SERVERS) {
    it(`${RUNS} times, ${api}: every connection gets what it is owed, and nothing is left`, async () => {
      for (let seed = 1; seed <= RUNS; seed++) await run(seed, start);
    });
  }
});
