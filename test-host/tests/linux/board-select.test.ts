// The select server's bundle on the simulated Pico, with clients of the Linux kernel: several at a time, one that resets,
// one that reads late.

import assert from 'node:assert/strict';
import type { Behaviour } from '../../linux/agent-operations.js';
import { Bench } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { LIMIT, needLinux, PORTS, wireIsSound } from './setup.js';

const SIZE = 32 << 10;

describe('linux: the select server on a simulated board', function () {
  this.timeout(LIMIT);
  let bench: Bench;
  let address = '';

  before(async function () {
    await needLinux(this, 'dnsmasq');
    const bundle = await bundleOf('select-server');
    bench = await Bench.open('board');
    const dnsmasq = await bench.startDnsmasq();
    const { board } = bench.addBoard(bundle, 'select-server');
    address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+)/))[1]!;
    for (let n = 0; n < 200 && !board.lines.includes(`link up, ${address}`); n++) await bench.pause(50);
  });

  after(() => bench?.close());

  afterEach('nothing was thrown on the board', () => {
    assert.deepEqual(bench?.board?.errors ?? [], []);
  });

  function client(behaviour: Behaviour): ReturnType<typeof bench.agent.call<'connect'>> {
    return bench.agent.call('connect', { host: address, port: PORTS.echo, behaviour }, LIMIT);
  }

  async function echo(seed: number, more: Partial<Behaviour> = {}): Promise<void> {
    const c = await client({ end: 'after-sending', send: SIZE, seed, ...more });
    assert.equal(c.error, null);
    assert.equal(c.received, SIZE);
    assert.equal(c.sha256, sha256(pattern(seed, SIZE)));
  }

  it('four at a time', () => Promise.all([1, 2, 3, 4].map((seed) => echo(seed))).then(() => undefined));

  it('one that resets and one that reads late do not disturb the others', async () => {
    await Promise.all([
      client({ end: 'after-peer', send: SIZE, seed: 5, resetAfter: 1000 }),
      echo(6, { readLater: 1000 }),
      echo(7),
    ]);
    await echo(8);
  });

  wireIsSound(() => bench, 200);
});
