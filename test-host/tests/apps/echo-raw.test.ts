// The echo-raw bundle as built, on the simulated Pico.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { digest, noise } from './noise.js';
import { World, bundleOf } from './world.js';

describe('apps: echo-raw', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('echo-raw');
  });

  it('echoes 256 KiB with equal digest', () => {
    const w = new World(bundle).boot();
    const text = noise(256 * 1024);
    const c = new Client(w.client, w.address, 7).send(text);
    w.until(() => c.over || c.text.length >= text.length, 60, '256 KiB');
    assert.equal(digest(c.text), digest(text));
    c.shutdown();
    w.run(1000);
    assert.equal(c.eof, true);
    assert.equal(c.error, 0);
    w.assertSound();
  });

  it('echoes through 2 % loss', () => {
    const w = new World(bundle, { seed: 2 }).boot();
    w.cable.setLoss(0.02);
    const text = noise(64 * 1024);
    const c = new Client(w.client, w.address, 7).send(text);
    w.until(() => c.over || c.text.length >= text.length, 600, '64 KiB');
    assert.equal(digest(c.text), digest(text));
    w.assertSound();
  });

  it('stops taking from a client that does not read, and goes on when it does', () => {
    const w = new World(bundle).boot();
    const text = noise(100_000);
    const c = new Client(w.client, w.address, 7);
    c.reading = false;
    c.send(text);
    w.run(600);
    // Client's window, the board's send buffer and window: 5840 each; the client's own buffer comes on top.
    assert(c.unsent > 100_000 - 5 * 5840, `only ${c.unsent} held back`);
    assert.equal(c.text.length, 5840);
    c.readAgain();
    w.until(() => c.over || c.text.length >= text.length, 60, 'the rest');
    assert.equal(digest(c.text), digest(text));
    w.assertSound();
  });

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
