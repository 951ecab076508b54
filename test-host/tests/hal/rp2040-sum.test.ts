// The summing program on the model of the PIO, through Kaluma's binding: sums, reloads, and when there is no place for it.

import assert from 'node:assert/strict';
import { rp2040WordSum } from '../../../hal/rp2040_sum.js';
import { NO_COST } from '../../board/cost.js';
import { BoardPio, createPioBinding } from '../../board/kaluma-pio.js';
import type { Machine } from '../../board/machine.js';
import type { Realm } from '../../board/realm.js';
import { SeededRandom } from '../../sim/random.js';

type Binding = ((name: unknown) => unknown) & { rp2?: unknown };
const PROGRAM = 9;
const MODULUS = 0xffffffffn;

/** By definition: carries out of 32 bits are added in again. */
function expected(words: Uint32Array): number {
  let sum = 0n;
  for (const word of words) sum += BigInt(word);
  return sum === 0n ? 0 : Number(sum % MODULUS || MODULUS);
}

describe('hal: sums by PIO', () => {
  const host = process as unknown as { binding: Binding | undefined };
  const own = host.binding;
  let pio: BoardPio;
  let rp2: Record<string, (...args: unknown[]) => unknown>;

  beforeEach(() => {
    pio = new BoardPio();
    const realm = { fn: (f: unknown) => f, object: (o: unknown) => o, Error, TypeError } as unknown as Realm;
    const machine = { pio, cost: NO_COST, spend: () => {} } as unknown as Machine;
    rp2 = createPioBinding(realm, machine) as typeof rp2;
    host.binding = Object.assign((name: unknown) => (name === 'rp2' ? rp2 : undefined), { rp2: 'rp2' });
  });

  afterEach(() => {
    host.binding = own;
  });

  it('sums words of any kind', () => {
    const sum = rp2040WordSum()!;
    const r = new SeededRandom(11);
    for (let i = 0; i < 60; i++) {
      const words = Uint32Array.from({ length: 1 + r.below(380) }, () => r.next32());
      assert.equal(sum(words), expected(words), `round ${i}`);
    }
    for (const words of [
      [0],
      [0, 0, 0],
      [1],
      [0xffffffff],
      [0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 1],
      [0xfffffffe, 1],
      [0x80000000, 0x80000000],
      [0, 0xffffffff, 0],
      [0x00010000, 0xffff0000, 0x0000ffff],
      new Array<number>(380).fill(0),
      new Array<number>(380).fill(0xffffffff),
    ]) {
      const array = Uint32Array.from(words);
      assert.equal(sum(array), expected(array), words.slice(0, 4).join());
    }
  });

  it('sums the whole buffer of a view, but for bytes behind the last word', () => {
    const sum = rp2040WordSum()!;
    const bytes = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 9, 9, 9);
    assert.equal(sum(new Uint32Array(bytes.buffer, 0, 1)), 3);
  });

  it('finds its program again when a program is loaded anew', () => {
    for (let i = 0; i < 20; i++) {
      const sum = rp2040WordSum();
      assert.equal(sum!(Uint32Array.of(5, 6)), 11, `load ${i}`);
    }
    const bits = (pio.used[1]! >>> 0).toString(2).replaceAll('0', '');
    assert.equal(bits.length, PROGRAM);
    assert.equal(pio.used[0], 0);
  });

  it('comes after a program that somebody else has put there', () => {
    rp2['pio_add_program']!(1, Uint16Array.of(0xa042, 0x0000));
    assert.equal(rp2040WordSum()!(Uint32Array.of(5, 6)), 11);
    assert.equal(pio.used[1]! >>> 0, 0xffe00000);
  });

  it('is not to be had without room, PIO or binding', () => {
    rp2['pio_add_program']!(1, new Uint16Array(24).fill(0xa042));
    assert.equal(rp2040WordSum(), null);
    host.binding = (() => undefined) as Binding;
    assert.equal(rp2040WordSum(), null);
    host.binding = Object.assign(() => undefined, { rp2: 'rp2' });
    assert.equal(rp2040WordSum(), null);
    host.binding = undefined;
    assert.equal(rp2040WordSum(), null);
  });

  it('is not to be had when the machine does not add up', () => {
    const get = rp2['pio_sm_get']!;
    rp2['pio_sm_get'] = (...args) => (get(...args) as number) ^ 1;
    assert.equal(rp2040WordSum(), null);
  });
});
