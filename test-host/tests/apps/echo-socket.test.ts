// The echo-socket bundle as built, on the simulated Pico.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { digest, noise } from './noise.js';
import { World, bundleOf } from './world.js';

describe('apps: echo-socket', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('echo-socket');
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

  it('stops taking from a client that does not read, and goes on when it does', () => {
    const w = new World(bundle).boot();
    const text = noise(100_000);
    const c = new Client(w.client, w.address, 7);
    c.reading = false;
    c.send(text);
    w.run(2000);
    assert(c.unsent > 100_000 - 6 * 5840, `only ${c.unsent} held back`);
    c.readAgain();
    w.until(() => c.over || c.text.length >= text.length, 60, 'the rest');
    assert.equal(digest(c.text), digest(text));
    w.assertSound();
  });
});
