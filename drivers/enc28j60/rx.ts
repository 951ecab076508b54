// Receiving: frames from the ring to netif.input, one bulk read each, and the ring's space back to the chip
// (DS39662E, 7.2; DS80349C, 6 and 14).

import type { Netif } from '../../firmware/stack/core/netif.js';
import { pbufAllocRx, pbufRxAvailable } from '../../firmware/stack/core/pbuf.js';
import { CHKERR, ERR, MEMERR, RECV, STAT_LINK, statDrop, statInc } from '../../firmware/stack/core/stats.js';
import {
  clearBits,
  command,
  exchange,
  movePointer,
  readRegister,
  selectBank,
  setBits,
  writeRegister,
} from './bus.js';
import type { Enc28j60 } from './device.js';
import { configureRing, MAX_FRAME } from './init.js';
import { ENC28J60_DMA_CHECKSUM, RX_END, RX_HOLD, RX_RELEASE } from './opt.js';
import {
  ECON1,
  EIR,
  EPKTCNT,
  ERDPTL,
  ERXRDPTH,
  ERXRDPTL,
  RSV_OK,
  RX_HEADER,
  RXEN,
  RXERIF,
  RXRST,
} from './registers.js';

/** Shorter packets hold no Ethernet header and FCS. */
const MIN_PACKET = 18;

/**
 * Takes waiting frames. DS80349C, 6: EPKTCNT counts them reliably, EIR.PKTIF does not.
 * @param limit most frames to take
 * @returns frames taken, dropped ones included
 */
export function receive(dev: Enc28j60, netif: Netif, limit: number): number {
  if (dev.bank !== 1) selectBank(dev, 1);
  let count = exchange(dev, dev.readCount)[1]!;
  if (count === 0) return 0;
  if (count > limit) count = limit;
  const pool = dev.rxPool!;
  // A poll from within a receive callback, or a restart there, ends this one.
  const epoch = (dev.epoch + 1) & 0x3fffffff;
  dev.epoch = epoch;
  let n = 0;
  while (n < count) {
    if (pool.used >= pool.num && !pbufRxAvailable(netif.stack)) {
      n += starve(dev, netif, count - n);
      break;
    }
    n++;
    if (!takeFrame(dev, netif) || dev.epoch !== epoch) break;
  }
  if (dev.rxUnreleased && dev.epoch === epoch) releaseRing(dev);
  return n;
}

/** @returns false when the ring had to be reset */
function takeFrame(dev: Enc28j60, netif: Netif): boolean {
  const start = dev.rxNext;
  if (dev.erdpt !== start) movePointer(dev, ERDPTL, dev.erdpt, start);
  const digitalWrite = dev.digitalWrite;
  const cs = dev.cs;
  const spi = dev.spi;
  digitalWrite(cs, 0);
  // Figure 7-3: next packet pointer, byte count. The rest of the status vector comes with the frame, which so lies 2
  // bytes into its array: the IP header on a 4-byte boundary, and room to send the same array back.
  const header = spi.transfer(dev.readHeader);
  const length = header[3]! | (header[4]! << 8);
  const room = nextPacket(start, header, length);
  if (room < 0) {
    digitalWrite(cs, 1);
    resetReceiver(dev);
    return false;
  }
  const bytes = spi.recv(2 + length + (length & 1));
  digitalWrite(cs, 1);
  // Read to the end, ERDPT is at the next packet.
  dev.erdpt = room;
  advance(dev, room, length);
  if (!(bytes[0]! & RSV_OK)) {
    dev.counters.rxBad++;
    statDrop(netif.stack, STAT_LINK, ERR);
    return true;
  }
  const checksum = ENC28J60_DMA_CHECKSUM ? dev.checksum : null;
  if (checksum && !checksum.good(netif, bytes, length - 4, start)) {
    dev.counters.rxChecksum++;
    statDrop(netif.stack, STAT_LINK, CHKERR);
    return true;
  }
  if (dev.rxUnreleased >= RX_RELEASE) releaseRing(dev);
  const stack = netif.stack;
  netif.inOctets += length - 4;
  netif.inPackets++;
  statInc(stack, STAT_LINK + RECV);
  const p = pbufAllocRx(stack, bytes, 2, length - 4);
  if (p) netif.input(p, netif);
  else dropped(dev, netif);
  return true;
}

/**
 * Checks a packet's header against its place. The address of the next packet follows from the length (packets begin
 * at even addresses, 7.2.2), so that a header that was damaged shows.
 * @returns the next packet's address, -1 when the header makes no sense
 */
function nextPacket(start: number, header: Uint8Array, length: number): number {
  let next = start + RX_HEADER + length + (length & 1);
  if (next > RX_END) next -= RX_END + 1;
  const told = header[1]! | (header[2]! << 8);
  return told !== next || length < MIN_PACKET || length > MAX_FRAME ? -1 : next;
}

/** Counts the packet as read. */
function advance(dev: Enc28j60, next: number, length: number): void {
  dev.rxNext = next;
  command(dev, dev.decrement);
  dev.rxUnreleased += length;
}

/**
 * Gives the space before the next packet back to the chip. DS80349C, 14: ERXRDPT must be odd; packets begin at even
 * addresses, so the address before one is.
 */
export function releaseRing(dev: Enc28j60): void {
  const next = dev.rxNext;
  const last = next ? next - 1 : RX_END;
  writeRegister(dev, ERXRDPTL, last & 0xff);
  // 7.2.4: the low byte takes effect with the high one.
  writeRegister(dev, ERXRDPTH, last >> 8);
  dev.rxUnreleased = 0;
}

/**
 * No receive buffer of the stack is free. Frames wait in the chip for RX_HOLD, in case the application frees some;
 * then all that wait are dropped unread, because an ACK or a reset that nobody reads would free buffers too.
 * @returns frames dropped
 */
function starve(dev: Enc28j60, netif: Netif, count: number): number {
  const now = dev.clock.millis();
  if (!dev.held) {
    dev.held = true;
    dev.heldSince = now;
  }
  if (((now - dev.heldSince) | 0) < RX_HOLD) {
    dev.counters.rxHeld++;
    return 0;
  }
  dev.held = false;
  for (let n = 0; n < count; n++) {
    const start = dev.rxNext;
    if (dev.erdpt !== start) movePointer(dev, ERDPTL, dev.erdpt, start);
    dev.erdpt = -1;
    const header = exchange(dev, dev.readHeader);
    const length = header[3]! | (header[4]! << 8);
    const next = nextPacket(start, header, length);
    if (next < 0) {
      resetReceiver(dev);
      return n + 1;
    }
    advance(dev, next, length);
    dropped(dev, netif);
  }
  return count;
}

function dropped(dev: Enc28j60, netif: Netif): void {
  dev.counters.rxNoBuffer++;
  statDrop(netif.stack, STAT_LINK, MEMERR);
}

/** Resets the receive logic and empties the ring. DS39662E, 11.4. */
export function resetReceiver(dev: Enc28j60): void {
  dev.counters.rxReset++;
  clearBits(dev, ECON1, RXEN);
  setBits(dev, ECON1, RXRST);
  clearBits(dev, ECON1, RXRST);
  for (let n = readRegister(dev, EPKTCNT); n > 0; n--) command(dev, dev.decrement);
  configureRing(dev);
  clearBits(dev, EIR, RXERIF);
  setBits(dev, ECON1, RXEN);
  // A damaged ring may be the first sign of a chip that was reset: look at its registers soon.
  dev.untilHealth = 0;
  dev.nextCheck = dev.clock.millis();
}
