// The echo server's bundle on the simulated Pico: 4 MiB from the Linux kernel through the board and back.

import assert from 'node:assert/strict';
import type { Pico } from '../../board/pico-enc28j60.js';
import { Bench } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { LIMIT, needLinux, PORTS, wireIsSound } from './setup.js';

const SIZE = 4 << 20;

describe('linux: 4 MiB through the simulated board', function () {
  this.timeout(2 * LIMIT);
  let bench: Bench;
  let pico: Pico;
  let address = '';

  before(async function () {
    await needLinux(this, 'dnsmasq');
    const bundle = await bundleOf('echo-raw');
    bench = await Bench.open('board');
    const dnsmasq = await bench.startDnsmasq();
    pico = bench.addBoard(bundle, 'echo-raw');
    address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+)/))[1]!;
    for (let i = 0; i < 200 && !pico.board.lines.includes(`address ${address}`); i++) await bench.pause(50);
  });

  after(() => bench?.close());

  afterEach('nothing was thrown on the board', () => {
    assert.deepEqual(pico?.board.errors ?? [], []);
  });

  for (const loss of [0, 0.05]) {
    it(loss ? `with ${loss * 100} % of the frames lost` : 'on a good wire', async () => {
      bench.link.setLoss(loss);
      const c = await bench.agent.call(
        'connect',
        { host: address, port: PORTS.echo, behaviour: { end: 'after-sending', send: SIZE, seed: 41 } },
        2 * LIMIT,
      );
      bench.link.setLoss(0);
      assert.equal(c.error, null);
      assert.equal(c.received, SIZE);
      assert.equal(c.sha256, sha256(pattern(41, SIZE)));
    });
  }

  wireIsSound(() => bench, 10000);
});
