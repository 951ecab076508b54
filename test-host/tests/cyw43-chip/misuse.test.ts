// Each kind of misuse is counted where it happens, once and nothing else, and never throws.

import assert from 'node:assert/strict';
import { MISUSE_KINDS } from '../../chips/cyw43/index.js';
import type { MisuseKind } from '../../chips/cyw43/index.js';
import { SeededRandom } from '../../sim/random.js';
import { Host, counted } from './rig.js';

/** How far the host of a case has come before it goes wrong. */
type Stage = 'off' | 'on' | 'up' | 'booted';

function at(stage: Stage): Host {
  const h = new Host();
  if (stage === 'booted') {
    h.boot();
    h.control(1, 1, counted(0));
    h.receive();
  } else if (stage !== 'off') h.powerOn().configure();
  if (stage === 'up') {
    h.alp();
    h.resetCore(0x18104000);
  }
  assert.equal(h.chip.misuse.total, 0, h.chip.misuse.summary());
  return h;
}

function spoilt(h: Host, change: (p: Uint8Array) => void, channel = 2): void {
  const body = new Uint8Array(64);
  body[0] = 0x20;
  const p = h.packet(channel, channel === 2 ? 14 : 12, body);
  change(p);
  h.sendPacket(p);
}

const CASES: Record<MisuseKind, [Stage, (h: Host) => void]> = {
  poweredOff: ['off', (h) => void h.read(0, 0x14, 4)],
  startingUp: [
    'off',
    (h) => {
      h.chip.setPower(1);
      h.read(0, 0x14, 4);
      h.write(0, 0x18, 1, 4);
    },
  ],
  powerPulse: [
    'on',
    (h) => {
      h.chip.setPower(0);
      h.s.runFor(9999);
      h.chip.setPower(1);
    },
  ],
  selectWithoutCommand: ['on', (h) => void h.transact([])],
  incompleteWord: [
    'on',
    (h) => {
      h.chip.select();
      h.send(h.command(false, 0, 0x14, 4));
      h.take();
      h.chip.partial(7);
      h.chip.deselect();
    },
  ],
  wrongDirection: [
    'on',
    (h) => {
      h.chip.select();
      h.send(h.command(false, 0, 0x14, 4));
      h.send(1);
      h.send(2);
      h.take();
      h.chip.deselect();
    },
  ],
  wordsMissing: ['on', (h) => void h.transact([h.command(true, 0, 0x18, 8), 1])],
  wordsExcess: ['on', (h) => void h.transact([h.command(true, 0, 0x18, 4), 1, 2, 3])],
  commandFunction: ['on', (h) => void h.transact([h.command(false, 3, 0, 4)], 1)],
  commandLength: ['on', (h) => void h.transact([h.command(false, 0, 0x1c, 8)], 2)],
  responseDelayMissing: ['up', (h) => void h.transact([h.command(false, 1, 0x10008, 4)], 1)],
  unknownBusRegister: ['on', (h) => void h.read(0, 0x20, 4)],
  unknownRegister: ['on', (h) => void h.read(1, 0x10010, 1)],
  readOnlyRegister: ['on', (h) => h.write(0, 0x14, 0, 1)],
  transferTooLong: [
    'up',
    (h) => {
      h.setWindow(0);
      h.transact([h.command(true, 1, 0x8000, 68), ...new Array<number>(17).fill(0)]);
    },
  ],
  windowOverrun: [
    'up',
    (h) => {
      h.setWindow(0);
      h.transact([h.command(true, 1, 0xfffc, 8), 1, 2]);
    },
  ],
  windowNotSet: [
    'on',
    (h) => {
      h.alp();
      h.chip.cores.writeWrapper(4, 0x408, 3);
      h.chip.cores.writeWrapper(4, 0x800, 0);
      h.write(1, 0x8000, 1, 4);
    },
  ],
  fixedAddress: [
    'up',
    (h) => {
      h.setWindow(0);
      h.transact([h.command(true, 1, 0x8000, 8, false), 1, 2]);
    },
  ],
  wordFlagMissing: [
    'up',
    (h) => {
      h.setWindow(0x18000000);
      h.read(1, 0, 4);
    },
  ],
  unalignedAccess: ['up', (h) => h.writeBack(0x102, 1, 4)],
  noClock: ['on', (h) => void h.readBack(0x18000000)],
  asleep: [
    'booted',
    (h) => {
      h.write(1, 0x1001f, 0, 1);
      h.read(1, 0x1000e, 1);
    },
  ],
  unknownBackplane: ['up', (h) => void h.readBack(0x18005000)],
  coreInReset: ['up', (h) => void h.readBack(0x18003000)],
  coreResetSequence: ['up', (h) => h.writeBack(0x18103800, 0)],
  ramWhileRunning: ['booted', (h) => h.writeBack(0x100, 1)],
  packetBeforeDownload: ['up', (h) => h.control(1, 1, counted(0))],
  packetBeforeReady: [
    'up',
    (h) => {
      h.loadImage();
      h.startArm();
      h.control(1, 1, counted(0));
    },
  ],
  packetWhileBusy: [
    'booted',
    (h) => {
      h.chip.faults.stallReady(100);
      h.frame(counted(60));
    },
  ],
  packetNotRounded: [
    'booted',
    (h) => {
      const p = h.packet(2, 14, Uint8Array.from([0x20, 0, 0, 0, ...counted(61)]));
      const words = Array.from({ length: 20 }, (_, i) => Buffer.from([...p, 0]).readUInt32LE(4 * i));
      h.transact([h.command(true, 2, 0, p.length), ...words]);
    },
  ],
  packetWithoutCredit: [
    'booted',
    (h) => {
      for (let i = 0; i < 13; i++) h.frame(counted(60));
    },
  ],
  packetWhileStopped: [
    'booted',
    (h) => {
      h.firmware.host!.flowControl(1);
      h.receive();
      h.frame(counted(60));
    },
  ],
  sdpcmCheck: ['booted', (h) => spoilt(h, (p) => p.fill(0, 2, 4))],
  sdpcmLength: ['booted', (h) => spoilt(h, (p) => p.set([100, 0, ~100, ~0]))],
  sdpcmHeader: ['booted', (h) => spoilt(h, (p) => p.fill(11, 7, 8))],
  sdpcmSequence: ['booted', (h) => spoilt(h, (p) => (p[4]! += 1))],
  sdpcmChannel: ['booted', (h) => spoilt(h, (p) => p.fill(1, 5, 6))],
  cdcLength: ['booted', (h) => h.sendPacket(h.packet(0, 12, counted(12)))],
  bdcVersion: ['booted', (h) => spoilt(h, (p) => p.fill(0x10, 14, 15))],
  frameLength: ['booted', (h) => h.frame(counted(13))],
  readEmpty: ['booted', (h) => void h.transact([h.command(false, 2, 0, 64)], 16)],
  readPastPacket: [
    'booted',
    (h) => {
      h.firmware.host!.frame(0, counted(60));
      h.transact([h.command(false, 2, 0, 84)], 21);
    },
  ],
  packetReadShort: [
    'booted',
    (h) => {
      h.firmware.host!.frame(0, counted(60));
      h.transact([h.command(false, 2, 0, 76)], 19);
    },
  ],
};

/** Other ways to the same kinds. */
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

function expectOnly(kind: MisuseKind, h: Host): void {
  assert.equal(h.chip.misuse.summary().split(' ')[0], kind, h.chip.misuse.summary());
  assert.deepEqual([h.chip.misuse.counts[kind], h.chip.misuse.total], [1, 1], h.chip.misuse.summary());
}

describe('cyw43 model: misuse', () => {
  for (const kind of Object.keys(MISUSE_KINDS) as MisuseKind[]) {
    it(`counts ${kind}`, () => {
      const [stage, act] = CASES[kind];
      const h = at(stage);
      act(h);
      expectOnly(kind, h);
    });
  }

  it('tells kind, time and detail of each case, and forgets on request', () => {
    const h = at('on');
    const seen: string[] = [];
    h.chip.misuse.onMisuse = (c) => seen.push(`${c.kind} ${c.time} ${c.detail}`);
    h.read(0, 0x20, 4);
    assert.deepEqual(seen, ['unknownBusRegister 70000 0x20']);
    assert.equal(h.chip.misuse.summary(), 'unknownBusRegister 1 (0x20)');
    for (let i = 0; i < 60; i++) h.read(0, 0x20, 4);
    assert.equal(h.chip.misuse.recent.length, 50);
    h.chip.misuse.reset();
    assert.deepEqual([h.chip.misuse.total, h.chip.misuse.recent.length], [0, 0]);
  });

  it('goes on as the chip would: a refused transfer has no effect', () => {
    const h = at('up');
    h.writeBack(0, 0x11111111);
    h.writeBack(0x40, 0x22222222);
    h.transact([h.command(true, 1, 0x8000, 68), ...new Array<number>(17).fill(7)]);
    assert.equal(h.readBack(0), 7);
    assert.equal(h.readBack(0x40), 0x22222222);
    h.chip.setPower(0);
    assert.equal(h.read(0, 0x14, 4), 0);
  });

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

describe('cyw43 model: misuse in other ways', () => {
  for (const [kind, name, stage, act] of MORE) {
    it(`counts ${kind}: ${name}`, () => {
      const h = at(stage);
      act(h);
      expectOnly(kind, h);
    });
  }
});
