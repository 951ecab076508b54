// Commands and frames of chance: each command is answered once and in order, nothing throws, and nothing is left when
// the power goes.

import assert from 'node:assert/strict';
import { IOVARS } from '../../chips/cyw43/firmware/iovars.js';
import { COMMANDS } from '../../chips/cyw43/firmware/commands.js';
import { SeededRandom } from '../../sim/random.js';
import { Rig, join, le } from './rig.js';

const COMMANDS_SENT = 3000;

describe('cyw43 model: chance', () => {
  for (let seed = 1; seed <= 4; seed++) {
    it(`seed ${seed}`, () => {
      const random = new SeededRandom(seed);
      const r = new Rig().on();
      r.air.add({ ssid: 'a', security: 'wpa2', passphrase: 'correct horse' });
      r.air.add({ ssid: '', channel: 1 });
      const names = [...Object.keys(IOVARS), 'mfp', 'apsta', 'nonsense', 'toString', ''];
      const numbers = [...COMMANDS.keys(), 5, 4096];
      const bytes = (length: number): Uint8Array =>
        Uint8Array.from({ length }, () => (random.chance(0.6) ? 0 : random.below(256)));
      const ids: number[] = [];
      for (let i = 0; i < COMMANDS_SENT; i++) {
        const iface = random.chance(0.9) ? random.below(2) : random.below(16);
        if (random.chance(0.3)) {
          ids.push(
            r.post(
              random.chance(0.5),
              numbers[random.below(numbers.length)]!,
              bytes(random.below(80)),
              iface,
            ),
          );
        } else {
          const prefix = random.chance(0.2) ? 'bsscfg:' : '';
          const name = prefix + names[random.below(names.length)]! + (random.chance(0.98) ? '\0' : '');
          const data = join(name, prefix ? le(random.below(3)) : '', bytes(random.below(100)));
          const set = random.chance(0.7);
          ids.push(r.post(set, set ? 263 : 262, data, iface));
        }
        if (random.chance(0.3)) r.fw.frame(random.below(3), bytes(random.below(1600)));
        if (random.chance(0.1)) r.run(random.below(300));
      }
      r.run(60_000);
      assert.deepEqual([...r.replies.keys()].slice(-ids.length), ids);
      assert.ok(r.fw.misuse.total > COMMANDS_SENT / 10);
      r.fw.stop();
      r.run(20_000);
      assert.equal(r.scheduler.nextTime(), Infinity);
      for (const ap of r.air.accessPoints) assert.ok(ap.members.size <= 1);
    });
  }
});
