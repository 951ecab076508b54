// The echo server's bundle on simulated Picos: 2 MiB from the Linux kernel through them and back.

import assert from 'node:assert/strict';
import { Bench } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { LIMIT, needLinux, PORTS, wireIsSound } from './setup.js';

const SIZE = 2 << 20;
/** Lost frames cost a board with its small windows a retransmission time-out of a second mostly: share the work. */
const BOARDS = 4;
const LOSS = 0.05;

describe('linux: 2 MiB through simulated boards', function () {
  this.timeout(LIMIT);
  const benches: Bench[] = [];
  const addresses: string[] = [];

  before(async function () {
    await needLinux(this, 'dnsmasq');
    const bundle = await bundleOf('echo-raw');
    for (let i = 0; i < BOARDS; i++) {
      const bench = await Bench.open('board', i);
      benches.push(bench);
      const dnsmasq = await bench.startDnsmasq();
      const { board } = bench.addBoard(bundle, 'echo-raw', i);
      const address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+)/))[1]!;
      for (let n = 0; n < 200 && !board.lines.includes(`link up, ${address}`); n++) await bench.pause(50);
      addresses.push(address);
    }
  });

  after(() => Promise.all(benches.map((bench) => bench.close())));

  afterEach('nothing was thrown on a board', () => {
    for (const bench of benches) assert.deepEqual(bench.board!.errors, []);
  });

  async function echo(i: number, size: number, seed: number): Promise<void> {
    const behaviour = { end: 'after-sending', send: size, seed } as const;
    const c = await benches[i]!.agent.call(
      'connect',
      { host: addresses[i]!, port: PORTS.echo, behaviour },
      LIMIT,
    );
    assert.equal(c.error, null);
    assert.equal(c.received, size);
    assert.equal(c.sha256, sha256(pattern(seed, size)));
  }

  it('on a good wire: one board, one connection', () => echo(0, SIZE, 41));

  it('on a good wire: one board, four connections', () =>
    Promise.all([0, 1, 2, 3].map((i) => echo(0, SIZE / 4, 50 + i))));

  it(`with ${LOSS * 100} % of the frames lost: ${BOARDS} boards, one connection each`, async () => {
    for (const bench of benches) bench.link.setLoss(LOSS);
    await Promise.all(benches.map((_, i) => echo(i, SIZE / BOARDS, 60 + i)));
    for (const { link } of benches) assert.ok(link.aToB.counters.lost > 10 && link.bToA.counters.lost > 10);
  });

  wireIsSound(() => benches, 5000);
});
