// How far a host has come before a test lets it go wrong, and what is to be counted then.

import assert from 'node:assert/strict';
import type { MisuseKind } from '../../chips/cyw43/index.js';
import { Host, counted } from './rig.js';

/** How far the host of a case has come before it goes wrong. */
export type Stage = 'off' | 'on' | 'up' | 'booted';

/** @returns a host that has come so far without misuse */
export function at(stage: Stage): Host {
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

/** A packet of 64 bytes behind its headers, changed before it is sent. */
export function spoilt(h: Host, change: (p: Uint8Array) => void, channel = 2): void {
  const body = new Uint8Array(64);
  body[0] = 0x20;
  const p = h.packet(channel, channel === 2 ? 14 : 12, body);
  change(p);
  h.sendPacket(p);
}

/** One case of this kind, and nothing else. */
export function expectOnly(kind: MisuseKind, h: Host): void {
  assert.equal(h.chip.misuse.summary().split(' ')[0], kind, h.chip.misuse.summary());
  assert.deepEqual([h.chip.misuse.counts[kind], h.chip.misuse.total], [1, 1], h.chip.misuse.summary());
}
