// Further ways to the kinds of misuse, and a host that does everything wrong.

import assert from 'node:assert/strict';
import type { MisuseKind } from '../../chips/cyw43/index.js';
import { SeededRandom } from '../../sim/random.js';
import { counted } from './rig.js';
import type { Host } from './rig.js';
import { at, expectOnly, spoilt } from './stages.js';
import type { Stage } from './stages.js';

const MORE: [MisuseKind, string, Stage, (h: Host) => void][] = [
  ['commandLength', 'no bytes', 'on', (h) => void h.transact([h.command(true, 1, 0x10008, 0), 0])],
  [
    'responseDelayMissing',
    'delay of 0',
    'up',
    (h) => {
      h.setWindow(0x18000000);
      h.write(0, 0x1d, 0, 1);
      h.write(0, 1, 0, 1);
      h.delayWords = 0;
      assert.equal(h.read(1, 0x8000, 4), 0);
    },
  ],
  ['unknownRegister', 'run past a register', 'on', (h) => h.write(1, 0x1000f, 0, 2)],
  ['unknownBackplane', 'past the wrappers', 'up', (h) => h.writeBack(0x18105000, 0)],
  ['unknownBackplane', 'past RAM', 'up', (h) => h.writeBack(0x80000, 0)],
  ['readOnlyRegister', 'chip id', 'up', (h) => h.writeBack(0x18000000, 0)],
  ['asleep', 'packet', 'booted', (h) => (h.write(1, 0x1001f, 0, 1), h.frame(counted(60)))],
  ['asleep', 'RAM', 'booted', (h) => (h.write(1, 0x1001f, 0, 1), h.read(1, 0x8000, 4))],
  ['asleep', 'F2 read', 'booted', (h) => (h.write(1, 0x1001f, 0, 1), h.read(2, 0, 4))],
  [
    'wrongDirection',
    'in a write',
    'on',
    (h) => {
      h.chip.select();
      h.send(h.command(true, 0, 0x18, 4));
      h.take();
      h.send(1);
      h.chip.deselect();
    },
  ],
  [
    'wrongDirection',
    'before a command',
    'on',
    (h) => {
      h.chip.select();
      h.take();
      h.send(h.command(false, 0, 0x14, 4));
      assert.equal(h.take(), 0xfeedbead);
      h.chip.deselect();
    },
  ],
  ['frameLength', 'too long', 'booted', (h) => h.frame(counted(1519))],
  ['frameLength', 'no BDC', 'booted', (h) => h.sendPacket(h.packet(2, 14, counted(2)))],
  ['sdpcmLength', 'below a header', 'booted', (h) => spoilt(h, (p) => p.set([11, 0, ~11, ~0]))],
  ['sdpcmLength', 'nothing but 8 bytes', 'booted', (h) => h.sendPacket(counted(8))],
  ['wordsMissing', 'packet', 'booted', (h) => h.transact([h.command(true, 2, 0, 64), 1])],
  [
    'wordsMissing',
    'packet read',
    'booted',
    (h) => {
      h.firmware.host!.frame(0, counted(60));
      h.transact([h.command(false, 2, 0, 78)], 10);
      assert.equal(h.receive(), null);
    },
  ],
];

describe('cyw43 model: misuse in other ways', () => {
  for (const [kind, name, stage, act] of MORE) {
    it(`counts ${kind}: ${name}`, () => {
      const h = at(stage);
      act(h);
      expectOnly(kind, h);
    });
  }

  it('survives whatever a host does', () => {
    const random = new SeededRandom(5);
    const h = at('booted');
    for (let i = 0; i < 20000; i++) {
      h.chip.select();
      const fn = random.below(4);
      const address = random.chance(0.5) ? 0x1000a + random.below(8) : random.below(0x20000);
      h.send(h.command(random.chance(0.5), fn, address, random.below(80)));
      const words = random.below(24);
      for (let n = 0; n < words; n++) {
        if (random.chance(0.7)) h.send(random.next32());
        else h.take();
      }
      if (random.chance(0.1)) h.chip.partial(random.below(32));
      if (random.chance(0.9)) h.chip.deselect();
      if (random.chance(0.1)) h.s.runFor(random.below(1000));
      if (random.chance(0.01)) h.chip.setPower(random.below(2) as 0 | 1);
      if (random.chance(0.02)) h.firmware.host!.frame(0, counted(14 + random.below(1500)));
    }
    assert.ok(h.chip.misuse.total > 1000);
    h.chip.deselect();
    h.boot();
    h.control(1, 1, counted(4));
    assert.equal(h.receive()!.length, 32);
  });
});
