// SDPCM, the framing of every packet between driver and firmware: a length with its complement, a channel, a sequence
// number, and credit. The firmware says up to which sequence number it takes packets; at that one the driver waits.

import { readStatus } from './bus.js';
import type { Cyw43 } from './device.js';
import { F2, F2_RX_READY, WRITE } from './registers.js';

export const CHANNEL_CONTROL = 0;
export const CHANNEL_EVENT = 1;
export const CHANNEL_DATA = 2;
/** Bytes of the header, and of a packet that is nothing else: it brings credit. */
export const SDPCM_HEADER = 12;
/** Bytes before a packet in what is put on the bus: header word and gSPI command. */
export const BUS_HEADER = 8;
/** More credit than that at once is no credit, but a damaged header. */
const CREDIT_JUMP = 0x40;

/** Whether a packet may be sent now; why not is counted. */
export function maySend(dev: Cyw43): boolean {
  if (dev.flowStopped || dev.credit === dev.txSequence) {
    dev.counters.txNoCredit++;
    dev.starved = true;
    return false;
  }
  if (!(dev.status & F2_RX_READY) && !(readStatus(dev) & F2_RX_READY)) {
    dev.counters.txBusy++;
    dev.starved = true;
    return false;
  }
  return true;
}

/**
 * Sends a packet. Words 0 to 4 of `words` are filled in here; of the bytes behind the packet as many as the array has
 * are skipped.
 * @param size bytes of the packet, with the SDPCM header, which begins at BUS_HEADER
 * @param header bytes of the header with its padding: what is behind them belongs to the channel
 */
export function sendPacket(
  dev: Cyw43,
  words: Uint32Array,
  size: number,
  channel: number,
  header: number,
): void {
  const end = (BUS_HEADER + size + 3) >> 2;
  words[0] = (((end - 1) * 32 - 1) << 16) | 31;
  words[1] = WRITE + F2 + (end - 2) * 4;
  words[2] = size | (~size << 16);
  words[3] = dev.txSequence | (channel << 8) | (header << 24);
  words[4] = 0;
  // A header word of its own says how many words behind the packet are not to be clocked out.
  if (end < words.length) words[end] = words.length - end - 1;
  dev.txSequence = (dev.txSequence + 1) & 0xff;
  dev.put(dev.pio, dev.sm, words);
  // Whether there is room behind this packet, this status word cannot know yet.
  dev.status = dev.get(dev.pio, dev.sm) & ~F2_RX_READY;
}

/**
 * Takes flow control and credit from a received header.
 * @param word the header's third word
 */
export function takeCredit(dev: Cyw43, word: number): void {
  dev.flowStopped = word & 0xff;
  const credit = (word >>> 8) & 0xff;
  if (credit !== dev.credit && ((credit - dev.txSequence) & 0xff) <= CREDIT_JUMP) dev.credit = credit;
}
