// What may happen to a board and its network in half a day: how each begins, and how it ends if the chip's restart does
// not end it.

import type { MisuseKind } from '../../chips/cyw43/misuse.js';
import type { SeededRandom } from '../../sim/random.js';
import type { World } from './world.js';

export interface Mishap {
  name: string;
  /** @returns ms until it ends, and what ends it */
  begin: (world: World, random: SeededRandom) => { ms: number; end?: () => void };
  /** What a driver does that does not know of it yet; 'any' where the bus itself lies. */
  misuse?: MisuseKind[] | 'any';
}

/** A number from `least` to `most`, each order of magnitude as likely as the other. */
function spread(random: SeededRandom, least: number, most: number): number {
  return Math.floor(least * (most / least) ** random.float());
}

export const MISHAPS: Mishap[] = [
  {
    name: 'deauthentication',
    begin: (w, r) => {
      w.ap.deauthenticate(null, 1 + r.below(16));
      return { ms: 1 };
    },
  },
  {
    name: 'disassociation',
    begin: (w, r) => {
      w.ap.disassociate(null, 1 + r.below(9));
      return { ms: 1 };
    },
  },
  {
    name: 'a deauthentication that the firmware does not tell',
    begin: (w) => {
      w.firmware.faults.loseEvents(2);
      w.ap.deauthenticate(null, 3);
      return { ms: 1, end: () => w.firmware.faults.clear() };
    },
  },
  {
    name: 'the access point is off',
    begin: (w, r) => {
      w.ap.powerOff();
      return { ms: spread(r, 2000, 600_000), end: () => w.ap.powerOn() };
    },
  },
  {
    name: 'the access point changes its channel',
    begin: (w, r) => {
      w.ap.powerOff();
      w.ap.channel = 1 + r.below(11);
      return { ms: 2000, end: () => w.ap.powerOn() };
    },
  },
  {
    name: 'out of reach',
    begin: (w, r) => {
      w.ap.setRssi(-97);
      return { ms: spread(r, 500, 60_000), end: () => w.ap.setRssi(-40 - r.below(50)) };
    },
  },
  {
    name: 'frames are lost',
    begin: (w, r) => {
      w.ap.medium.loss = 0.1 + 0.4 * r.float();
      return { ms: spread(r, 1000, 60_000), end: () => (w.ap.medium.loss = 0) };
    },
  },
  {
    name: 'the DHCP server is away, too',
    begin: (w) => {
      w.dhcp.silent = true;
      w.ap.deauthenticate(null, 3);
      return { ms: 20_000, end: () => (w.dhcp.silent = false) };
    },
  },
  {
    name: 'the access point refuses',
    begin: (w, r) => {
      w.ap.refuseAssociation = 17;
      w.ap.deauthenticate(null, 5);
      return { ms: spread(r, 1000, 60_000), end: () => (w.ap.refuseAssociation = 0) };
    },
  },
  {
    name: 'F2 is not ready',
    begin: (w, r) => {
      const ms = spread(r, 50, 10_000);
      w.chip.faults.stallReady(ms * 1000);
      return { ms };
    },
    misuse: ['packetWhileBusy', 'sdpcmSequence'],
  },
  {
    name: 'F2 is not ready any more',
    begin: (w) => {
      w.chip.faults.stallReady(Infinity);
      return { ms: 1 };
    },
    misuse: ['packetWhileBusy', 'sdpcmSequence'],
  },
  {
    name: 'no credit for a while',
    begin: (w, r) => {
      w.chip.faults.freezeCredit();
      return { ms: spread(r, 1000, 90_000), end: () => w.chip.faults.thawCredit() };
    },
  },
  {
    name: 'no credit any more',
    begin: (w) => {
      w.chip.faults.freezeCredit();
      return { ms: 1 };
    },
  },
  {
    name: 'flow control that does not end',
    begin: (w) => {
      w.firmware.host?.flowControl(0xff);
      return { ms: 1 };
    },
  },
  {
    name: 'an interrupt is lost',
    begin: (w) => {
      w.chip.faults.loseInterrupt();
      return { ms: 1 };
    },
  },
  {
    name: 'no interrupts',
    begin: (w, r) => {
      const ms = spread(r, 1000, 60_000);
      w.chip.faults.muteInterrupt(ms * 1000);
      return { ms };
    },
  },
  {
    name: 'the firmware traps',
    begin: (w) => {
      w.firmware.crash();
      return { ms: 1 };
    },
    misuse: ['packetWhileBusy'],
  },
  {
    name: 'the chip is silent, the line high',
    begin: (w) => {
      w.chip.faults.hang();
      return { ms: 1 };
    },
  },
  {
    name: 'the chip is silent, the line low',
    begin: (w) => {
      w.chip.faults.hang(0);
      return { ms: 1 };
    },
  },
  {
    name: 'the chip is silent for some transactions',
    begin: (w, r) => {
      w.chip.faults.beDeaf(1 + r.below(20), r.chance(0.5) ? 0 : 0xffffffff);
      return { ms: 1 };
    },
    misuse: 'any',
  },
  {
    name: 'power fails for a moment',
    begin: (w, r) => {
      w.chip.setPower(0);
      return { ms: 10 + r.below(50), end: () => w.chip.setPower(1) };
    },
    misuse: 'any',
  },
  {
    name: 'bits turn over on the bus',
    begin: (w, r) => {
      w.chip.faults.bitErrorRate = spread(r, 1, 1000) / 1e6;
      return { ms: spread(r, 1000, 20_000), end: () => (w.chip.faults.bitErrorRate = 0) };
    },
    misuse: 'any',
  },
  {
    name: 'replies are lost',
    begin: (w, r) => {
      w.chip.faults.dropReplies(1 + r.below(3));
      return { ms: 10_000, end: () => w.chip.faults.dropReplies(0) };
    },
  },
  {
    name: 'the firmware does not reply',
    begin: (w) => {
      w.firmware.faults.swallowReplies(1);
      return { ms: 10_000, end: () => w.firmware.faults.clear() };
    },
  },
  {
    name: 'replies are late',
    begin: (w, r) => {
      w.firmware.faults.delayReplies(spread(r, 10_000, 1_900_000), 5);
      w.ap.deauthenticate(null, 4);
      return { ms: 10_000, end: () => w.firmware.faults.clear() };
    },
  },
  {
    name: 'packets are lost in the chip',
    begin: (w, r) => {
      w.chip.faults.dropToHost(1 + r.below(10));
      if (r.chance(0.5)) w.ap.deauthenticate(null, 6);
      return { ms: 5000, end: () => w.chip.faults.dropToHost(0) };
    },
  },
];
