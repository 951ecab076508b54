// The echo-socket bundle as built, on the simulated Pico.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { itEchoes, itHoldsBack } from './echo-cases.js';
import { World, bundleOf } from './world.js';

describe('apps: echo-socket', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('echo-socket');
  });

  itEchoes(() => bundle, 256, 64);
  itHoldsBack(() => bundle, 2000, 6, false);

  it('serves one client after the other; the next one waits', () => {
    const w = new World(bundle).boot();
    const first = new Client(w.client, w.address, 7).send('first');
    const second = new Client(w.client, w.address, 7).send('second');
    w.run(500);
    assert.deepEqual([first.text, second.text], ['first', '']);
    first.close();
    w.until(() => second.text === 'second', 10, 'the turn of the second');
    second.reset();
    const third = new Client(w.client, w.address, 7).send('third');
    w.until(() => third.text === 'third', 10, 'the turn of the third');
    w.assertSound();
  });
});
