// The sequential programs as built, on the simulated Pico: the echo server on netconns, the DHCP client that polls, and the
// two ways to look up a name.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { itEchoes, itHoldsBack } from './echo-cases.js';
import { noise } from './noise.js';
import { World, bundleOf } from './world.js';

/** What the board has logged that begins with one of these words. */
function told(w: World, ...words: string[]): string[] {
  return w.pico.board.lines.filter((line) => words.some((word) => line.startsWith(word)));
}

for (const app of ['echo-netconn', 'echo-netconn-tasks']) {
  describe(`apps: ${app}`, function () {
    this.timeout(120_000);
    let bundle = '';
    before(async () => {
      bundle = await bundleOf(app);
    });

    itEchoes(
      () => bundle,
      128,
      32,
      (w) => assert.deepEqual(told(w, 'echo'), ['echo server on port 7']),
    );
    itHoldsBack(() => bundle, 600, 6, true);

    it('serves one client after another, also after resets', () => {
      const w = new World(bundle).boot();
      for (let round = 0; round < 6; round++) {
        const c = new Client(w.client, w.address, 7).send(noise(3000 + round));
        w.run(3 * round);
        if (round % 2) c.reset();
        else {
          w.until(() => c.over || c.text.length >= 3000 + round, 20, `round ${round}`);
          assert.equal(c.error, 0);
          c.close();
        }
        w.run(200);
      }
      w.assertSound();
    });

    it(
      app === 'echo-netconn' ? 'serves a second client when the first has gone' : 'serves several at once',
      () => {
        const w = new World(bundle).boot();
        const first = new Client(w.client, w.address, 7).send('first');
        w.run(100);
        const second = new Client(w.client, w.address, 7).send('second');
        w.run(500);
        assert.equal(first.text, 'first');
        assert.equal(second.text, app === 'echo-netconn' ? '' : 'second');
        first.close();
        w.until(() => second.text === 'second', 10, 'the second');
        w.assertSound();
      },
    );
  });
}

describe('apps: dhcp-client', function () {
  this.timeout(120_000);

  it('polls until the address is there', async () => {
    const w = new World(await bundleOf('dhcp-client'), { dhcp: false });
    w.run(3000);
    assert.deepEqual(told(w, 'address'), []);
    w.dhcp.silent = false;
    w.boot();
    w.run(150);
    assert.deepEqual(told(w, 'address'), ['address 10.0.0.100']);
    w.assertSound();
  });
});

describe('apps: dns-lookup', function () {
  this.timeout(120_000);
  const WORDS = ['task', 'cached', 'query', 'callback'];

  it('finds the name in both ways', async () => {
    const w = new World(await bundleOf('dns-lookup'));
    w.dns.config.zone!['api.example.com'] = '192.0.2.8';
    w.boot();
    w.run(3000);
    assert.deepEqual(told(w, ...WORDS), ['task: 192.0.2.8', 'query sent', 'callback: 192.0.2.8']);
    assert.equal(w.dns.log.length, 2);
    w.assertSound();
  });

  it('says when there is none', async () => {
    const w = new World(await bundleOf('dns-lookup')).boot();
    w.run(3000);
    assert.deepEqual(told(w, ...WORDS), ['task: ERR_VAL', 'query sent', 'callback: not found']);
    w.assertSound();
  });
});
