// Counts what a driver does against the chip's rules, by name, and remembers the last cases. The model goes on as the
// chip would and never throws; a test asserts that the total is 0.

import { MisuseLog, type MisuseCase as Case } from '../misuse-log.js';

/** Every kind of misuse with what it means. */
export const MISUSE_KINDS = {
  poweredOff: 'a transaction while WL_REG_ON is low',
  startingUp: 'a transaction other than a read of TEST before the bus answers after power-on',
  powerPulse: 'WL_REG_ON was low for less than 10 ms',
  selectWithoutCommand: 'chip select fell and rose without a command',
  incompleteWord: 'chip select rose within a word',
  wrongDirection: 'the host sent a word where the chip answers, or read one where the host sends',
  wordsMissing: 'chip select rose before the bytes that the command announced were through',
  wordsExcess: 'more words than the command announced, the status word not counted',
  commandFunction: 'a command for function 3',
  commandLength: 'a length that the function does not have: 0 on F0 and F1, past the last register',
  responseDelayMissing: 'an F1 read with a response delay of 0, or one that ended as if there were none',
  unknownBusRegister: 'an F0 address without a register',
  unknownRegister: 'an F1 address of 0x10000 and up without a register',
  readOnlyRegister: 'a write to a register that cannot be written',
  transferTooLong: 'an F1 transfer of more than 64 bytes',
  windowOverrun: 'an F1 transfer across the end of the 32 KB window',
  windowNotSet: 'a backplane access before the high window register was ever written',
  fixedAddress: 'a backplane transfer of more than 4 bytes without address increment',
  wordFlagMissing: 'a 2- or 4-byte access to a core register without bit 15 of the address',
  unalignedAccess: 'a 2- or 4-byte backplane access that is not aligned to its size',
  noClock: 'a backplane access without ALP clock',
  asleep: 'F1 or F2 used while the chip sleeps (SLEEP_CSR only is alive)',
  unknownBackplane: 'a backplane address where nothing is',
  coreInReset: 'access to RAM or a core whose reset is not released',
  coreResetSequence: 'a reset released without clock enabled and gated clocks forced (IOCTRL 3)',
  ramWhileRunning: 'a RAM write while the ARM runs',
  packetBeforeDownload: 'a packet before the ARM was started',
  packetBeforeReady: 'a packet before the firmware was ready (F2_RX_READY never set yet)',
  packetWhileBusy: 'a packet while F2_RX_READY was clear',
  packetNotRounded: 'an F2 write whose length is no multiple of 4',
  packetWithoutCredit: 'a packet beyond the credit that the host has been given',
  packetWhileStopped: 'a data packet while flow control is on',
  sdpcmCheck: 'SDPCM size and its complement do not match',
  sdpcmLength: 'SDPCM size below 12 or above the bytes written',
  sdpcmHeader: 'SDPCM header length below 12 or above the size',
  sdpcmSequence: 'an SDPCM sequence number that is not the next one',
  sdpcmChannel: 'a packet on a channel that is the chip’s',
  cdcLength: 'a control packet too short for its CDC header',
  bdcVersion: 'a data packet whose BDC version is not 2',
  frameLength: 'a data packet too short for its BDC header and an Ethernet header, or over 1518 bytes',
  readEmpty: 'an F2 read with no packet waiting',
  readPastPacket: 'an F2 read longer than the packet',
  packetReadShort: 'an F2 read shorter than the packet; the rest is lost',
} as const;

export type MisuseKind = keyof typeof MISUSE_KINDS;

export type MisuseCase = Case<MisuseKind>;

export class Misuse extends MisuseLog<MisuseKind> {
  /** @param now reads the virtual time, µs */
  constructor(now: () => number) {
    super('CYW43439', MISUSE_KINDS, now);
  }

  /** With the last detail. */
  protected override summaryOf(kind: MisuseKind): string {
    const last = this.recent.filter((c) => c.kind === kind).pop();
    return super.summaryOf(kind) + (last?.detail ? ` (${last.detail})` : '');
  }
}

/** An address or a register's value for a detail. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
