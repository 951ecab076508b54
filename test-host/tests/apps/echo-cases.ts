// What every echo server has to be able to do, whatever API it is written on.

import assert from 'node:assert/strict';
import { Client } from '../services/http-client.js';
import { digest, noise } from './noise.js';
import { World } from './world.js';

/** Bytes of the client's window, and of the board's send buffer and window. */
const WINDOW = 5840;

/**
 * Adds the tests for an intact echo: on a good wire, and through loss.
 * @param bundle the app's, once it is built
 * @param whole and @param lossy KiB to echo on either
 * @param booted looks at the board before the first
 */
export function itEchoes(
  bundle: () => string,
  whole: number,
  lossy: number,
  booted: (w: World) => void = () => {},
): void {
  it(`echoes ${whole} KiB with equal digest`, () => {
    const w = new World(bundle()).boot();
    booted(w);
    const text = noise(whole * 1024);
    const c = new Client(w.client, w.address, 7).send(text);
    w.until(() => c.over || c.text.length >= text.length, 60, `${whole} KiB`);
    assert.equal(digest(c.text), digest(text));
    c.shutdown();
    w.run(1000);
    assert.equal(c.eof, true);
    assert.equal(c.error, 0);
    w.assertSound();
  });

  it('echoes through 2 % loss', () => {
    const w = new World(bundle(), { seed: 2 }).boot();
    w.cable.setLoss(0.02);
    const text = noise(lossy * 1024);
    const c = new Client(w.client, w.address, 7).send(text);
    w.until(() => c.over || c.text.length >= text.length, 600, `${lossy} KiB`);
    assert.equal(digest(c.text), digest(text));
    w.assertSound();
  });
}

/**
 * Adds the test for back-pressure.
 * @param ms after which the flow has come to rest
 * @param windows most that the board has taken by then, the client's window among them; the client's own buffer comes on top
 * @param full whether the client's window is full by then, to the byte
 */
export function itHoldsBack(bundle: () => string, ms: number, windows: number, full: boolean): void {
  it('stops taking from a client that does not read, and goes on when it does', () => {
    const w = new World(bundle()).boot();
    const text = noise(100_000);
    const c = new Client(w.client, w.address, 7);
    c.reading = false;
    c.send(text);
    w.run(ms);
    assert(c.unsent > 100_000 - windows * WINDOW, `only ${c.unsent} held back`);
    if (full) assert.equal(c.text.length, WINDOW);
    c.readAgain();
    w.until(() => c.over || c.text.length >= text.length, 60, 'the rest');
    assert.equal(digest(c.text), digest(text));
    w.assertSound();
  });
}
