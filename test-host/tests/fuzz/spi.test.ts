// The ENC28J60 driver on a bus whose answers are damaged now and then: it never throws, never goes on without end, and
// works again when the bus does.

import assert from 'node:assert/strict';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { assertClean } from '../../harness/clean.js';
import { SeededRandom } from '../../sim/random.js';
import { INT, Rig } from '../enc28j60/rig.js';
import { send } from '../enc28j60/send.js';

/** Bus calls that one call of the driver may take: a full ring emptied, or a set-up with its waiting. */
const MOST_CALLS = 6000;

type Damage = (bytes: Uint8Array, r: SeededRandom) => void;

const DAMAGES: Record<string, Damage> = {
  'one bit': (b, r) => {
    const i = r.below(b.length);
    b[i] = b[i]! ^ (1 << r.below(8));
  },
  'several bits': (b, r) => {
    for (let n = 1 + r.below(8); n > 0; n--) {
      const i = r.below(b.length);
      b[i] = b[i]! ^ (1 << r.below(8));
    }
  },
  'all ones': (b) => void b.fill(0xff),
  'all zeros': (b) => void b.fill(0),
  noise: (b, r) => {
    for (let i = 0; i < b.length; i++) b[i] = r.below(256);
  },
};

/** A rig whose MISO line is damaged with probability `rate` a bus call. */
class NoisyRig extends Rig {
  rate = 0;
  damage: Damage = DAMAGES['one bit']!;
  damaged = 0;
  calls = 0;
  readonly dice: SeededRandom;

  constructor(seed: number, int: number | null, noInit = false) {
    super({ seed, int, noInit: true });
    this.dice = new SeededRandom(seed + 1000);
    const { spi } = this.hal;
    const { transfer, recv, send: write } = spi;
    const noisy = (bytes: Uint8Array): Uint8Array => {
      this.count();
      if (!bytes.length || !this.dice.chance(this.rate)) return bytes;
      const copy = bytes.slice();
      this.damaged++;
      this.damage(copy, this.dice);
      return copy;
    };
    spi.transfer = (data) => noisy(transfer.call(spi, data));
    spi.recv = (length) => noisy(recv.call(spi, length));
    spi.send = (data) => {
      this.count();
      write.call(spi, data);
    };
    if (!noInit) assert.equal(this.init(), ERR_OK);
  }

  private count(): void {
    if (++this.calls > MOST_CALLS) throw new Error('the driver does not come to an end');
  }

  /** One call of the driver, with its bus calls bounded. */
  bounded<T>(fn: () => T): T {
    this.calls = 0;
    return fn();
  }

  override poll(): number {
    return this.bounded(() => super.poll());
  }

  traffic(frames: number): void {
    for (let i = 0; i < frames; i++) {
      if (this.dice.chance(0.6)) this.inject(this.frame(60 + this.dice.below(1455)));
      if (this.dice.chance(0.6)) this.bounded(() => send(this, this.frame(60 + this.dice.below(1455))));
      this.run(this.dice.below(4));
    }
  }

  /** On a sound bus again: after the regular looks, frames go both ways. */
  recovers(what: string): void {
    this.rate = 0;
    this.run(6000);
    for (let i = 0; i < 3; i++) {
      const frame = this.frame(300 + i);
      this.received.length = 0;
      this.inject(frame);
      this.run(5);
      assert.deepEqual(this.received, [frame], `${what}: receives`);
      const out = this.frame(400 + i);
      this.sent.length = 0;
      assert.equal(send(this, out), ERR_OK, `${what}: sends`);
      this.run(5);
      assert.deepEqual(this.sent, [out], `${what}: sent`);
    }
    assertClean(this);
  }
}

describe('fuzzing the ENC28J60 driver by its bus', () => {
  for (const [name, damage] of Object.entries(DAMAGES)) {
    for (const int of [INT, null]) {
      it(`${name} of an answer damaged, ${int === null ? 'polled' : 'with INT'}`, () => {
        for (let seed = 1; seed <= 6; seed++) {
          const rig = new NoisyRig(seed, int);
          rig.damage = damage;
          for (const rate of [0.01, 0.05, 0.3]) {
            rig.rate = rate;
            rig.damaged = 0;
            rig.traffic(400);
            assert(rig.damaged > 0);
            rig.recovers(`seed ${seed}, rate ${rate}`);
          }
        }
      });
    }
  }

  it('the set-up too: it fails or works, and then works once the bus is sound', () => {
    let failed = 0;
    for (let seed = 1; seed <= 40; seed++) {
      for (const damage of Object.values(DAMAGES)) {
        const rig = new NoisyRig(seed, INT, true);
        rig.damage = damage;
        rig.rate = 0.02;
        if (rig.bounded(() => rig.init()) !== ERR_OK) {
          failed++;
          rig.rate = 0;
          assert.equal(
            rig.bounded(() => rig.init()),
            ERR_OK,
            `seed ${seed}`,
          );
        }
        rig.recovers(`seed ${seed}`);
      }
    }
    assert(failed > 10, `${failed} failed`);
  });

  it('a chip that is gone, and comes back', () => {
    const rig = new NoisyRig(9, INT);
    rig.damage = DAMAGES['all ones']!;
    for (let i = 0; i < 5; i++) {
      rig.rate = 1;
      rig.traffic(300);
      rig.recovers('back');
    }
  });
});
