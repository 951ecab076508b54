// What a transmit packet in the buffer becomes on the wire: per packet control byte, padding, CRC, length rules
// (DS39662E, 7.1 and register 6-2), and the status vector that reports on it (table 7-1). No time here.

import { fcs } from './crc32.js';
import type { Enc28j60 } from './enc28j60.js';
import { isBroadcast } from './receive-filter.js';
import {
  MACON3,
  MACON3_FRMLNEN,
  MACON3_HFRMEN,
  MACON3_PADCFG,
  MACON3_PHDREN,
  MACON3_TXCRCEN,
  MAMXFLL,
} from './registers.js';

/** Figure 7-1. */
const PHUGEEN = 0x08;
const PPADEN = 0x04;
const PCRCEN = 0x02;
const POVERRIDE = 0x01;

/** Bits 31:16 of the status vector, as bits 15:0. Collisions are in bits 3:0. */
export const TSV = {
  none: 0,
  crcError: 1 << 4,
  lengthCheck: 1 << 5,
  lengthRange: 1 << 6,
  done: 1 << 7,
  multicast: 1 << 8,
  broadcast: 1 << 9,
  deferred: 1 << 10,
  excessiveDefer: 1 << 11,
  excessiveCollision: 1 << 12,
  lateCollision: 1 << 13,
  giant: 1 << 14,
};
/** Bits 51:48. */
const CONTROL = 1;
const PAUSE = 2;
const VLAN = 8;

export interface TransmitPacket {
  /** As it reaches the other end, without FCS. */
  frame: Uint8Array;
  badFcs: boolean;
  /** Bytes on the wire in one attempt, FCS included, preamble not. */
  wire: number;
  /** Longer than MAMXFL allows: aborted there. */
  giant: boolean;
  /** Bytes on the wire in all attempts. */
  onWire: number;
  collisions: number;
  /** TSV bits. */
  status: number;
  control: number;
}

/** @param start address of the control byte; @param end address of the last data byte */
export function buildPacket(chip: Enc28j60, start: number, end: number): TransmitPacket {
  const { regs, memory } = chip;
  const length = (end - start) & 0x1fff;
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = memory.bytes[(start + 1 + i) & 0x1fff]!;

  const config = regs.values[MACON3]!;
  const perPacket = memory.bytes[start]!;
  const override = (perPacket & POVERRIDE) !== 0;
  const type = length >= 14 ? (data[12]! << 8) | data[13]! : 0;
  const padTo = override ? (perPacket & PPADEN ? 60 : 0) : padding(config & MACON3_PADCFG, type);
  const addCrc = override ? (perPacket & PCRCEN) !== 0 : (config & MACON3_TXCRCEN) !== 0;
  const huge = override ? (perPacket & PHUGEEN) !== 0 : (config & MACON3_HFRMEN) !== 0;

  let frame = data;
  if (length < padTo) {
    frame = new Uint8Array(padTo);
    frame.set(data);
  }
  let status = 0;
  let badFcs = false;
  let wire = frame.length + 4;
  if (!addCrc) {
    // The last four bytes are taken for the CRC and checked.
    wire = frame.length;
    const body = Math.max(0, wire - 4);
    const sum = fcs(frame, 0, body);
    for (let i = 0; i < 4; i++) badFcs ||= frame[body + i] !== ((sum >>> (8 * i)) & 255);
    if (badFcs) status |= TSV.crcError;
    frame = frame.subarray(0, body);
  } else if (config & MACON3_PHDREN) {
    // A proprietary header of four bytes is left out of the CRC, which other stations then find wrong.
    badFcs = true;
  }
  const limit = regs.word(MAMXFLL);
  const giant = wire > limit && !huge;
  if (giant) {
    wire = limit;
    frame = frame.subarray(0, Math.min(frame.length, Math.max(0, limit - 4)));
  }
  if (type > 1500) status |= TSV.lengthRange;
  else if (config & MACON3_FRMLNEN) {
    const payload = frame.length - 14;
    if (payload > 46 ? type !== payload : type > payload) status |= TSV.lengthCheck;
  }
  if (isBroadcast(data)) status |= TSV.broadcast;
  else if (length && data[0]! & 1) status |= TSV.multicast;
  let control = 0;
  if (type === 0x8808) control = CONTROL | (data[14] === 0 && data[15] === 1 ? PAUSE : 0);
  if (type === 0x8100) control |= VLAN;
  return { frame: frame.slice(), badFcs, wire, giant, onWire: 0, collisions: 0, status, control };
}

/** Register 6-2, PADCFG2:PADCFG0. */
function padding(padcfg: number, type: number): number {
  switch (padcfg >> 5) {
    case 1:
      return 60;
    case 3:
    case 7:
      return 64;
    case 5:
      return type === 0x8100 ? 64 : 60;
    default:
      return 0;
  }
}

/** Table 7-1: seven bytes behind the packet. */
export function writeStatusVector(memory: Uint8Array, at: number, p: TransmitPacket): void {
  const v = [
    p.wire,
    p.wire >> 8,
    (p.status & 0xf0) | (p.collisions & 15),
    p.status >> 8,
    p.onWire,
    p.onWire >> 8,
    p.control,
  ];
  for (let i = 0; i < 7; i++) memory[(at + i) & 0x1fff] = v[i]! & 255;
}
