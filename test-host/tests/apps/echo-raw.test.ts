// The echo-raw bundle as built, on the simulated Pico.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { itEchoes, itHoldsBack } from './echo-cases.js';
import { noise } from './noise.js';
import { World, bundleOf } from './world.js';

describe('apps: echo-raw', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('echo-raw');
  });

  itEchoes(() => bundle, 256, 64);
  itHoldsBack(() => bundle, 600, 5, true);

  it('serves several clients at once, and goes on after resets', () => {
    const w = new World(bundle).boot();
    for (let round = 0; round < 5; round++) {
      const clients = [0, 1, 2].map((i) => new Client(w.client, w.address, 7).send(noise(5000 + i)));
      w.run(round);
      clients[0]!.reset();
      w.until(() => clients.slice(1).every((c) => c.over || c.text.length >= 5001), 20, `round ${round}`);
      clients.slice(1).forEach((c) => {
        assert.equal(c.error, 0);
        c.close();
      });
      w.run(500);
    }
    w.assertSound();
  });
});
