// The echo servers on the netconn and the socket API, each on a simulated Pico, with clients of the Linux kernel one after
// another.

import assert from 'node:assert/strict';
import { Bench } from '../../linux/bench.js';
import { bundleOf } from '../../linux/bundle.js';
import { pattern, sha256 } from '../../linux/pattern.js';
import { LIMIT, needLinux, PORTS, wireIsSound } from './setup.js';

const SIZE = 128 << 10;
const CLIENTS = 3;

for (const app of ['echo-netconn', 'echo-socket']) {
  describe(`linux: ${app} on a simulated board`, function () {
    this.timeout(LIMIT);
    let bench: Bench;
    let address = '';

    before(async function () {
      await needLinux(this, 'dnsmasq');
      const bundle = await bundleOf(app);
      bench = await Bench.open('board');
      const dnsmasq = await bench.startDnsmasq();
      const { board } = bench.addBoard(bundle, app);
      address = (await dnsmasq.line(/DHCPACK\(tap0\) (10\.77\.0\.\d+)/))[1]!;
      for (let n = 0; n < 200 && !board.lines.includes(`link up, ${address}`); n++) await bench.pause(50);
    });

    after(() => bench?.close());

    afterEach('nothing was thrown on the board', () => {
      assert.deepEqual(bench?.board?.errors ?? [], []);
    });

    it(`${CLIENTS} clients one after another, 128 KiB each`, async () => {
      for (let seed = 1; seed <= CLIENTS; seed++) {
        const behaviour = { end: 'after-sending', send: SIZE, seed } as const;
        const c = await bench.agent.call('connect', { host: address, port: PORTS.echo, behaviour }, LIMIT);
        assert.equal(c.error, null);
        assert.equal(c.received, SIZE);
        assert.equal(c.sha256, sha256(pattern(seed, SIZE)));
      }
    });

    // A full segment for each 1460 bytes, there and back.
    wireIsSound(() => bench, (2 * CLIENTS * SIZE) / 1460);
  });
}
