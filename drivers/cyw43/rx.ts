// Receiving: packets from the chip's queue, a word at a time because the engine offers nothing better, and each to its
// channel. A frame stays in the array that it was read into. It lies there as one to send does, behind room for the
// bus's header, so that an echo goes back in the array it came in.

import { memBytes } from '../../firmware/stack/core/mem.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import { pbufAllocRx, pbufRxAvailable } from '../../firmware/stack/core/pbuf.js';
import { MEMERR, RECV, STAT_LINK, statDrop, statInc } from '../../firmware/stack/core/stats.js';
import { readStatus, writeRegister } from './bus.js';
import { CDC_HEADER, controlReply, controlSend } from './control.js';
import type { Cyw43 } from './device.js';
import { eventInput } from './event.js';
import {
  F2,
  F2_PKT_AVAILABLE,
  F2_PKT_LEN_MASK,
  F2_PKT_LEN_SHIFT,
  FRAME_CONTROL,
  READ,
  READ_TERMINATE,
} from './registers.js';
import {
  BUS_HEADER,
  CHANNEL_CONTROL,
  CHANNEL_DATA,
  CHANNEL_EVENT,
  SDPCM_HEADER,
  takeCredit,
} from './sdpcm.js';

/** The longest packet: a full frame behind its headers, with some room for longer ones. */
const MAX_PACKET = 1600;
/** Words that a received packet leaves free before it. */
const BUS_WORDS = BUS_HEADER >> 2;
/** Bytes of the BDC header; its last one says how many words of header follow. */
const BDC_HEADER = 4;
const ETHERNET_HEADER = 14;

/**
 * Takes waiting packets.
 * @param limit most packets to take
 * @param due look whatever the interrupt says, and drop frames for which the stack has no receive buffer; else they wait
 * in the chip, in case the application frees one
 * @returns packets taken
 */
export function receive(dev: Cyw43, netif: Netif, limit: number, due: boolean): number {
  let status = dev.status;
  if (!(status & F2_PKT_AVAILABLE)) {
    const pin = dev.digitalRead(dev.data);
    if (!pin && !due) return 0;
    status = readStatus(dev);
    if (!(status & F2_PKT_AVAILABLE)) return 0;
    if (!pin) dev.counters.interruptMissed++;
  }
  const pool = dev.rxPool!;
  let n = 0;
  while (status & F2_PKT_AVAILABLE && n < limit) {
    if (pool.used >= pool.num && !due && !pbufRxAvailable(netif.stack)) break;
    n++;
    takePacket(dev, netif, (status >>> F2_PKT_LEN_SHIFT) & F2_PKT_LEN_MASK);
    status = dev.status;
  }
  if (dev.control.first) controlSend(dev);
  return n;
}

function takePacket(dev: Cyw43, netif: Netif, length: number): void {
  if (length < SDPCM_HEADER || length > MAX_PACKET) return drop(dev);
  const put = dev.put;
  const get = dev.get;
  const pio = dev.pio;
  const sm = dev.sm;
  const count = (length + 3) >> 2;
  const command = dev.readPacket;
  command[0] = (31 << 16) | (32 * count + 31);
  command[1] = READ + F2 + length;
  const end = count + BUS_WORDS;
  const words = new Uint32Array(end);
  put(pio, sm, command);
  // Most of the time that a frame takes is spent here.
  let i = BUS_WORDS;
  while (i < end - 3) {
    words[i] = get(pio, sm);
    words[i + 1] = get(pio, sm);
    words[i + 2] = get(pio, sm);
    words[i + 3] = get(pio, sm);
    i += 4;
  }
  while (i < end) words[i++] = get(pio, sm);
  dev.status = get(pio, sm);
  const first = words[BUS_WORDS]!;
  const size = first & 0xffff;
  if (((first >>> 16) ^ size) !== 0xffff || size < SDPCM_HEADER || size > length) {
    dev.counters.rxBad++;
    return;
  }
  const second = words[BUS_WORDS + 1]!;
  const channel = (second >>> 8) & 0x0f;
  if (channel <= CHANNEL_DATA) takeCredit(dev, words[BUS_WORDS + 2]!);
  if (size === SDPCM_HEADER) return;
  const bytes = memBytes(words);
  const last = BUS_HEADER + size;
  const header = second >>> 24;
  let at = BUS_HEADER + header;
  const iface = bytes[at + 2]! & 0x0f;
  if (channel !== CHANNEL_CONTROL) at += BDC_HEADER + 4 * bytes[at + 3]!;
  // `at` is NaN where the header ends behind the packet.
  if (
    header < SDPCM_HEADER ||
    channel > CHANNEL_DATA ||
    !(at + (channel ? ETHERNET_HEADER : CDC_HEADER) <= last)
  ) {
    dev.counters.rxBad++;
    return;
  }
  if (channel === CHANNEL_CONTROL) return controlReply(dev, bytes, at, last);
  if (channel === CHANNEL_EVENT) return eventInput(dev, bytes, at, last);
  const to = iface ? dev.apNetif : netif;
  if (!to) return;
  const octets = last - at;
  to.inOctets += octets;
  to.inPackets++;
  statInc(to.stack, STAT_LINK + RECV);
  const p = pbufAllocRx(to.stack, bytes, at, octets);
  if (p) to.input(p, to);
  else {
    dev.counters.rxNoBuffer++;
    statDrop(to.stack, STAT_LINK, MEMERR);
  }
}

/** Has the chip throw the packet at the head of its queue away: its length makes no sense. If there is a chip: soon told. */
function drop(dev: Cyw43): void {
  dev.counters.rxBad++;
  dev.untilHealth = 0;
  dev.nextCheck = dev.clock.millis();
  writeRegister(dev, FRAME_CONTROL, READ_TERMINATE);
}
