// TCP and UDP checksums by the chip's DMA engine (DS39662E, 13.2): an option. Fragments are left to the stack.

import { chksumBytes, chksumFold } from '../../firmware/stack/core/checksum.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import {
  NETIF_CHECKSUM_CHECK_TCP,
  NETIF_CHECKSUM_CHECK_UDP,
  NETIF_CHECKSUM_GEN_TCP,
  NETIF_CHECKSUM_GEN_UDP,
} from '../../firmware/stack/core/netif.js';
import { clearBits, command, movePointer, readRegister, setBits } from './bus.js';
import type { Enc28j60, Enc28j60Checksum } from './device.js';
import { RX_END, TX_START } from './opt.js';
import {
  CSUMEN,
  DMAST,
  ECON1,
  EDMACSH,
  EDMACSL,
  EDMANDL,
  EDMASTL,
  EWRPTL,
  OP_WBM,
  RX_HEADER,
} from './registers.js';

/** Where the frame begins in what tx.ts sends and rx.ts has read. */
const FRAME = 2;
const IP = FRAME + 14;
/** Below this many bytes the sum in JavaScript costs less than the SPI traffic. */
const DMA_MIN = 256;
/** Looks at DMAST: a transmission under way is waited for, 1.3 ms. */
const TRIES = 2000;

/**
 * Makes the chip compute and check TCP and UDP checksums of messages of DMA_MIN bytes and more: for Enc28j60Config's
 * `dmaChecksum`. A full frame then costs some 1.5 ms of SPI traffic instead of 5.8 ms of summing in JavaScript.
 * DS80349C, 17: while the engine sums (60 µs for a full frame), the chip aborts the frame that it is receiving. This
 * trades lost frames for CPU time and suits devices that mostly send, or whose peers send one frame at a time.
 */
export function enc28j60DmaChecksum(): Enc28j60Checksum {
  return { store: store, prepare: prepare, good: good };
}

/**
 * Finds the transport message of an unfragmented IPv4 frame.
 * @returns its length, 0 when there is none that a checksum could be made for
 */
function transportLength(b: Uint8Array, length: number): number {
  if (length < 34 || b[12 + FRAME] !== 8 || b[13 + FRAME] !== 0 || b[IP]! >> 4 !== 4) return 0;
  // More fragments, or an offset.
  if (b[IP + 6]! & 0x3f || b[IP + 7]) return 0;
  const total = (b[IP + 2]! << 8) | b[IP + 3]!;
  const n = total - headerLength(b);
  const proto = b[IP + 9];
  if (total + 14 > length || !(proto === 6 ? n >= 20 : proto === 17 && n >= 8)) return 0;
  return n;
}

function headerLength(b: Uint8Array): number {
  return (b[IP]! & 15) << 2;
}

/** RFC 9293, 3.1: addresses, protocol, length. */
function pseudoSum(b: Uint8Array, n: number): number {
  return chksumFold(chksumBytes(b, IP + 12, 8) + b[IP + 9]! + n);
}

function fieldOf(b: Uint8Array): number {
  return IP + headerLength(b) + (b[IP + 9] === 6 ? 16 : 6);
}

/**
 * Before a frame is written to the chip: its checksum, or for a long one the pseudo header's sum in its place.
 * @param b what will be sent, the frame from FRAME on
 * @returns index in `b` of the field that store() has to complete, 0 for none
 */
function prepare(netif: Netif, b: Uint8Array, length: number): number {
  const n = transportLength(b, length);
  const bit = b[IP + 9] === 6 ? NETIF_CHECKSUM_GEN_TCP : NETIF_CHECKSUM_GEN_UDP;
  if (n === 0 || netif.chksumFlags & bit) return 0;
  const field = fieldOf(b);
  let sum = pseudoSum(b, n);
  if (n < DMA_MIN) {
    b[field] = b[field + 1] = 0;
    sum = sent(b, ~chksumFold(sum + chksumBytes(b, IP + headerLength(b), n)) & 0xffff);
  }
  b[field] = sum >> 8;
  b[field + 1] = sum;
  return n < DMA_MIN ? 0 : field;
}

/** RFC 768: a UDP checksum of 0 is sent as FFFFh. */
function sent(b: Uint8Array, sum: number): number {
  return sum === 0 && b[IP + 9] === 17 ? 0xffff : sum;
}

/** Completes the checksum in the chip's transmit buffer. */
function store(dev: Enc28j60, b: Uint8Array, field: number): void {
  const from = TX_START + 1 + (IP - FRAME) + headerLength(b);
  const n = ((b[IP + 2]! << 8) | b[IP + 3]!) - headerLength(b);
  let sum = dmaSum(dev, from, from + n - 1);
  if (sum < 0) {
    const pseudo = (b[field]! << 8) | b[field + 1]!;
    b[field] = b[field + 1] = 0;
    sum = ~chksumFold(pseudo + chksumBytes(b, IP + headerLength(b), n)) & 0xffff;
  }
  sum = sent(b, sum);
  const at = TX_START + 1 + field - FRAME;
  movePointer(dev, EWRPTL, dev.ewrpt, at);
  const bytes = dev.read3;
  bytes[0] = OP_WBM;
  bytes[1] = sum >> 8;
  bytes[2] = sum;
  command(dev, bytes);
  bytes[1] = bytes[2] = 0;
  dev.ewrpt = at + 2;
}

/**
 * Checks a received frame that is still in the ring.
 * @param start address of the packet in the ring
 */
function good(netif: Netif, b: Uint8Array, length: number, start: number): boolean {
  const n = transportLength(b, length);
  const tcp = b[IP + 9] === 6;
  if (n === 0 || netif.chksumFlags & (tcp ? NETIF_CHECKSUM_CHECK_TCP : NETIF_CHECKSUM_CHECK_UDP)) return true;
  // RFC 768: 0 is no checksum.
  const field = fieldOf(b);
  if (!tcp && !(b[field]! | b[field + 1]!)) return true;
  const at = IP + headerLength(b);
  let sum = -1;
  if (n >= DMA_MIN) {
    const from = start + RX_HEADER + at - FRAME;
    sum = dmaSum(netif.state as Enc28j60, inRing(from), inRing(from + n - 1));
  }
  sum = sum < 0 ? chksumBytes(b, at, n) : ~sum & 0xffff;
  return chksumFold(sum + pseudoSum(b, n)) === 0xffff;
}

function inRing(address: number): number {
  return address > RX_END ? address - RX_END - 1 : address;
}

/** DS39662E, 13.2. @returns the checksum, or -1 when the engine does not finish */
function dmaSum(dev: Enc28j60, from: number, to: number): number {
  movePointer(dev, EDMASTL, -1, from);
  movePointer(dev, EDMANDL, -1, to);
  setBits(dev, ECON1, CSUMEN);
  setBits(dev, ECON1, DMAST);
  let done = false;
  for (let i = 0; i < TRIES && !done; i++) done = !(readRegister(dev, ECON1) & DMAST);
  if (!done) clearBits(dev, ECON1, DMAST);
  clearBits(dev, ECON1, CSUMEN);
  return done ? readRegister(dev, EDMACSL) | (readRegister(dev, EDMACSH) << 8) : -1;
}
