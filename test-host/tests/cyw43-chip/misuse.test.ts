// Each kind of misuse is counted where it happens, once and nothing else, and never throws.

import assert from 'node:assert/strict';
import { MISUSE_KINDS } from '../../chips/cyw43/index.js';
import type { MisuseKind } from '../../chips/cyw43/index.js';
import { counted } from './rig.js';
import type { Host } from './rig.js';
import { at, expectOnly, spoilt } from './stages.js';
import type { Stage } from './stages.js';

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
});
