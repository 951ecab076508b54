// The select-server bundle as built, on the simulated Pico.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { digest, noise } from './noise.js';
import { World, bundleOf } from './world.js';

describe('apps: select-server', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('select-server');
  });

  it('serves four clients at once', () => {
    const w = new World(bundle).boot();
    const texts = [0, 1, 2, 3].map((i) => noise(20_000 + i));
    const clients = texts.map((text) => new Client(w.client, w.address, 7).send(text));
    w.until(() => clients.every((c, i) => c.over || c.text.length >= texts[i]!.length), 60, 'all echoes');
    clients.forEach((c, i) => {
      assert.equal(digest(c.text), digest(texts[i]!));
      assert.equal(c.error, 0);
      c.shutdown();
    });
    w.run(1000);
    assert.ok(clients.every((c) => c.eof));
    w.assertSound();
  });

  it('one that does not read does not hold up the others', () => {
    const w = new World(bundle).boot();
    const text = noise(40_000);
    const slow = new Client(w.client, w.address, 7);
    slow.reading = false;
    slow.send(text);
    w.run(3000);
    const quick = new Client(w.client, w.address, 7).send(text);
    w.until(() => quick.over || quick.text.length >= text.length, 30, 'the quick one');
    assert.equal(digest(quick.text), digest(text));
    assert.ok(slow.unsent > 0);
    slow.readAgain();
    w.until(() => slow.over || slow.text.length >= text.length, 60, 'the slow one');
    assert.equal(digest(slow.text), digest(text));
    w.assertSound();
  });

  it('goes on after resets and ends; a fifth waits for a place', () => {
    const w = new World(bundle).boot();
    for (let round = 0; round < 5; round++) {
      const clients = [0, 1, 2, 3].map((i) => new Client(w.client, w.address, 7).send('client ' + i));
      w.until(() => clients.every((c, i) => c.text === 'client ' + i), 20, `round ${round}`);
      const fifth = new Client(w.client, w.address, 7).send('fifth');
      w.run(100);
      assert.equal(fifth.text, '');
      clients[0]!.reset();
      w.until(() => fifth.text === 'fifth', 20, 'the fifth');
      clients[1]!.shutdown();
      w.until(() => clients[1]!.eof, 20, 'the end');
      clients.slice(2).forEach((c) => c.close());
      fifth.close();
      w.run(500);
    }
    w.assertSound();
  });
});
