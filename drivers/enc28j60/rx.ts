// Receiving: frames from the ring to netif.input, one bulk read each, and the ring's space back to the chip
// (DS39662E, 7.2; DS80349C, 6 and 14).

import type { Netif } from '../../firmware/stack/core/netif.js';
import { LWIP_CHECKSUM_CTRL_PER_NETIF } from '../../firmware/stack/core/opt.js';
import { pbufAllocRx, pbufRxAvailable } from '../../firmware/stack/core/pbuf.js';
import { CHKERR, ERR, MEMERR, RECV, STAT_LINK, statDrop, statInc } from '../../firmware/stack/core/stats.js';
import { command, exchange, movePointer, selectBank, write2 } from './bus.js';
import type { Enc28j60 } from './device.js';
import { MAX_FRAME, restart } from './init.js';
import { RX_END, RX_RELEASE } from './opt.js';
import { EPKTCNT, ERDPTL, ERXRDPTH, ERXRDPTL, OP_WCR, RSV_OK, RX_HEADER } from './registers.js';

/** Shorter packets hold no Ethernet header and FCS. */
const MIN_PACKET = 18;

/**
 * Takes waiting frames. DS80349C, 6: EPKTCNT counts them reliably, EIR.PKTIF does not.
 * @param limit most frames to take
 * @param drop take and drop frames for which the stack has no receive buffer; else they wait in the chip, in case the
 * application frees one
 * @returns frames taken, dropped ones included
 */
export function receive(dev: Enc28j60, netif: Netif, limit: number, drop: boolean): number {
  if (dev.bank !== 1) selectBank(dev, EPKTCNT);
  let count = exchange(dev, dev.readCount)[1]!;
  if (count === 0) return 0;
  if (count > limit) count = limit;
  const pool = dev.rxPool!;
  // A poll from within a receive callback, or a restart there, ends this one.
  const epoch = (dev.epoch + 1) & 0x3fffffff;
  dev.epoch = epoch;
  let n = 0;
  while (n < count && dev.epoch === epoch) {
    if (pool.used >= pool.num && !drop && !pbufRxAvailable(netif.stack)) break;
    n++;
    takeFrame(dev, netif);
  }
  if (dev.rxUnreleased && dev.epoch === epoch) releaseRing(dev);
  return n;
}

function takeFrame(dev: Enc28j60, netif: Netif): void {
  const start = dev.rxNext;
  if (dev.erdpt !== start) movePointer(dev, ERDPTL, dev.erdpt, start);
  const stack = netif.stack;
  const counters = dev.counters;
  const digitalWrite = dev.digitalWrite;
  const cs = dev.cs;
  const spi = dev.spi;
  digitalWrite(cs, 0);
  // Figure 7-3: next packet pointer, byte count. The rest of the status vector comes with the frame, which so lies 2
  // bytes into its array: the IP header on a 4-byte boundary, and room to send the same array back.
  const header = spi.transfer(dev.readHeader);
  const length = header[3]! | (header[4]! << 8);
  // The next packet's address follows from the length (packets begin at even addresses, 7.2.2), so that a header that
  // was damaged shows.
  const padded = length + (length & 1);
  let next = start + RX_HEADER + padded;
  if (next > RX_END) next -= RX_END + 1;
  if ((header[1]! | (header[2]! << 8)) !== next || length < MIN_PACKET || length > MAX_FRAME) {
    digitalWrite(cs, 1);
    counters.rxReset++;
    restart(dev);
    return;
  }
  const bytes = spi.recv(2 + padded);
  digitalWrite(cs, 1);
  // Read to the end, ERDPT is at the next packet.
  dev.erdpt = dev.rxNext = next;
  command(dev, dev.decrement);
  dev.rxUnreleased += length;
  if (!(bytes[0]! & RSV_OK)) {
    counters.rxBad++;
    statDrop(stack, STAT_LINK, ERR);
    return;
  }
  const checksum = LWIP_CHECKSUM_CTRL_PER_NETIF ? dev.checksum : null;
  if (checksum && !checksum.good(netif, bytes, length - 4, start)) {
    counters.rxChecksum++;
    statDrop(stack, STAT_LINK, CHKERR);
    return;
  }
  if (dev.rxUnreleased >= RX_RELEASE) releaseRing(dev);
  netif.inOctets += length - 4;
  netif.inPackets++;
  statInc(stack, STAT_LINK + RECV);
  const p = pbufAllocRx(stack, bytes, 2, length - 4);
  if (p) netif.input(p, netif);
  else {
    counters.rxNoBuffer++;
    statDrop(stack, STAT_LINK, MEMERR);
  }
}

/**
 * Gives the space before the next packet back to the chip. DS80349C, 14: ERXRDPT must be odd; packets begin at even
 * addresses, so the address before one is.
 */
export function releaseRing(dev: Enc28j60): void {
  const last = (dev.rxNext || RX_END + 1) - 1;
  if (dev.bank) selectBank(dev, ERXRDPTL);
  write2(dev, OP_WCR | ERXRDPTL, last);
  // 7.2.4: the low byte takes effect with the high one.
  write2(dev, OP_WCR | ERXRDPTH, last >> 8);
  dev.rxUnreleased = 0;
}
