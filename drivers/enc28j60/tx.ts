// Sending: one frame at a time from the transmit buffer, its end noticed before the next, late collisions sent anew
// (DS39662E, 7.1; DS80349C, 12, 13, 15).

import { ERR_ARG, ERR_IF, ERR_MEM, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { NETIF_FLAG_LINK_UP, type Netif } from '../../firmware/stack/core/netif.js';
import { LWIP_CHECKSUM_CTRL_PER_NETIF } from '../../firmware/stack/core/opt.js';
import { PBUF_REF, PBUF_ROM, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufCopyPartial } from '../../firmware/stack/core/pbuf_data.js';
import { STAT_LINK, XMIT, statInc } from '../../firmware/stack/core/stats.js';
import { clearBits, command, exchange, movePointer, setBits } from './bus.js';
import type { Enc28j60 } from './device.js';
import { MAX_FRAME } from './init.js';
import { TX_RETRIES, TX_SIZE, TX_START, TX_WAIT } from './opt.js';
import {
  ECON1,
  EIR,
  ERDPTL,
  EWRPTL,
  ETXNDL,
  OP_WBM,
  TSV_LATE_COLLISION,
  TXERIF,
  TXIF,
  TXRST,
} from './registers.js';
import { releaseRing } from './rx.js';

/** Bytes before the frame in what is clocked out: opcode and per packet control byte. */
const LEAD = 2;

/**
 * Sends a frame: netif.linkoutput. A pbuf in one piece that begins LEAD bytes into its block is clocked out as it is,
 * with whatever follows it in the block: ETXND marks its end.
 * @returns ERR_OK, ERR_IF (no link, chip off), ERR_MEM (the frame before still waits for the medium) or ERR_ARG
 * (length)
 */
export function enc28j60Linkoutput(netif: Netif, p: Pbuf): Err {
  const dev = netif.state as Enc28j60;
  // While the chip is off or being set up, the link is down, too.
  if (!(netif.flags & NETIF_FLAG_LINK_UP)) {
    dev.counters.txNoLink++;
    return ERR_IF;
  }
  const length = p.totLen;
  if (length > MAX_FRAME - 4 || length < 14) {
    dev.counters.txLength++;
    return ERR_ARG;
  }
  if (dev.txBusy && !transmitDone(dev, TX_WAIT)) {
    dev.counters.txBusy++;
    return ERR_MEM;
  }
  let bytes = p.payload;
  const type = p.type;
  if (p.next || p.off !== LEAD || type === PBUF_ROM || type === PBUF_REF || bytes.length > TX_SIZE + 1) {
    bytes =
      length + LEAD > dev.scratchSmall.length
        ? dev.scratch || (dev.scratch = new Uint8Array(TX_SIZE - 7))
        : dev.scratchSmall;
    pbufCopyPartial(p, bytes, LEAD, length, 0);
  }
  let field = 0;
  const checksum = LWIP_CHECKSUM_CTRL_PER_NETIF ? dev.checksum : null;
  if (checksum) field = checksum.prepare(netif, bytes, length);
  bytes[0] = OP_WBM;
  // 7.1: control byte 0, MACON3 decides on padding and CRC.
  bytes[1] = 0;
  movePointer(dev, EWRPTL, dev.ewrpt, TX_START);
  command(dev, bytes);
  dev.ewrpt = (TX_START + bytes.length - 1) & 0x1fff;
  const end = TX_START + length;
  if (end !== dev.etxnd) {
    movePointer(dev, ETXNDL, dev.etxnd, end);
    dev.etxnd = end;
  }
  if (checksum && field) checksum.store(dev, bytes, field);
  // Bank 0 is selected now: the ring's pointer goes along without a bank switch.
  if (dev.rxUnreleased) releaseRing(dev);
  command(dev, dev.startTransmit);
  dev.bank = 1;
  dev.txBusy = true;
  netif.outOctets += length;
  netif.outPackets++;
  statInc(netif.stack, STAT_LINK + XMIT);
  return ERR_OK;
}

/**
 * Sees to the end of the last transmission, and to its repetition where a link pulse was taken for a collision.
 * @param looks times to look for it
 * @returns whether the transmit buffer is free
 */
export function transmitDone(dev: Enc28j60, looks: number): boolean {
  while (looks-- > 0) {
    const flags = exchange(dev, dev.readEir)[1]! & (TXIF | TXERIF);
    if (!flags) continue;
    // DS80349C, 12: after an abort the transmit logic may hang until it is reset, which may set TXERIF again.
    if (flags & TXERIF) {
      setBits(dev, ECON1, TXRST);
      clearBits(dev, ECON1, TXRST);
    }
    clearBits(dev, EIR, TXERIF | TXIF);
    if (flags & TXERIF) {
      // DS80349C, 15: the status vector tells of a late collision, ESTAT.LATECOL may not.
      movePointer(dev, ERDPTL, dev.erdpt, dev.etxnd + 1);
      dev.erdpt = -1;
      if (exchange(dev, dev.readHeader)[4]! & TSV_LATE_COLLISION) {
        dev.counters.txLateCollision++;
        if (dev.retries++ < TX_RETRIES) {
          dev.counters.txRetry++;
          command(dev, dev.startTransmit);
          dev.bank |= 1;
          continue;
        }
      }
      dev.counters.txAborted++;
    }
    dev.txBusy = false;
    dev.retries = dev.late = 0;
    return true;
  }
  return false;
}
