// The state of one ENC28J60 and what an application configures. The counters here tell what netif and link
// statistics do not.

import type { Err } from '../../firmware/stack/core/err.js';
import type { IpAddr } from '../../firmware/stack/core/ipaddr.js';
import type { MempPool } from '../../firmware/stack/core/memp.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import type { Pbuf } from '../../firmware/stack/core/pbuf.js';
import type { Clock, Gpio, PinId, Spi } from '../../hal/interfaces.js';
import { ECON1, ECON2, EIR, EPKTCNT, ADDRESS_MASK, OP_BFS, OP_RBM, PKTDEC, TXRTS } from './registers.js';

export interface Enc28j60Config {
  spi: Spi;
  gpio: Gpio;
  clock: Clock;
  /** Chip select, an output. */
  cs: PinId;
  /** The chip's INT pin; null or absent when it is not wired: the chip is then polled. */
  int?: PinId | null;
  /** The chip's RESET pin; null or absent when it is not wired. */
  reset?: PinId | null;
  /** Station address, six bytes; a locally administered one has bit 1 of the first byte set. */
  mac: Uint8Array;
  /** Default false: the chip cannot negotiate, and a peer that does takes it for half duplex. */
  fullDuplex?: boolean;
  /** Receive every good frame. */
  promiscuous?: boolean;
  /** Most frames that one poll takes; default 8. */
  budget?: number;
  /** TCP and UDP checksums by the chip: enc28j60DmaChecksum(), whose documentation tells the price. */
  dmaChecksum?: Enc28j60Checksum;
  /** Multicast groups: enc28j60MacFilter, for netif.macFilter. Absent: none are received. */
  macFilter?: (netif: Netif, mac: Uint8Array, join: boolean) => Err;
  /** How a datagram leaves: etharpOutput. May be set on the netif later. */
  output?: (netif: Netif, p: Pbuf, dst: IpAddr) => Err;
}

/** Checksum offload, handed in so that a bundle without it does not hold it. */
export interface Enc28j60Checksum {
  /** @returns index in `bytes` of the field that store() has to complete, 0 for none */
  prepare(netif: Netif, bytes: Uint8Array, length: number): number;
  store(dev: Enc28j60, bytes: Uint8Array, field: number): void;
  /** @param start address of the packet in the ring */
  good(netif: Netif, bytes: Uint8Array, length: number, start: number): boolean;
}

/** What went other than planned; frames and bytes that went well are counted by the netif. */
export interface Enc28j60Counters {
  /** The receive buffer was full (RXERIF): frames were lost in the chip. */
  rxOverflow: number;
  /** Frames that the chip marked as not received well. */
  rxBad: number;
  /** Frames dropped for want of a receive buffer of the stack. */
  rxNoBuffer: number;
  /** Receive headers that made no sense: the chip was set up anew. */
  rxReset: number;
  /** Frames whose checksum the DMA engine found wrong. */
  rxChecksum: number;
  /** Frames found while the INT pin was high. */
  intMissed: number;
  /** Frames to be sent without a link, or while the chip was off. */
  txNoLink: number;
  /** Frames given back because the one before was still being sent. */
  txBusy: number;
  /** Frames given back because of their length. */
  txLength: number;
  /** Late collisions (DS80349C, 13 and 15), and frames sent anew after them. */
  txLateCollision: number;
  txRetry: number;
  /** Frames given up: after all retries, after sixteen collisions or for another reason. */
  txAborted: number;
  /** Transmissions that never ended: the chip was set up anew. */
  txStuck: number;
  /** Changes of the link. */
  linkChange: number;
  /** The chip was found reset, changed or out of step, and set up anew. */
  restart: number;
}

export const MODE_OFF = 0;
export const MODE_SUSPENDED = 1;
/** Did not answer as it should; set-up is tried again each second. The modes from here on are looked after. */
export const MODE_FAILED = 2;
export const MODE_RUNNING = 3;

export interface Enc28j60 {
  config: Enc28j60Config;
  counters: Enc28j60Counters;
  netif: Netif | null;
  /** What the last set-up found, a FAULT_ constant. */
  fault: number;
  /** Silicon revision, EREVID. */
  revision: number;
  fullDuplex: boolean;
  promiscuous: boolean;
  /** EHT0 to EHT7, and the groups joined per bit of theirs. */
  hash: Uint8Array;
  groups: Uint8Array | null;
  clock: Clock;
  stopWatch: (() => void) | null;
  /** Looks until the next one at link and registers. */
  untilHealth: number;
  /** Looks that the present transmission has outlasted. */
  late: number;
  retries: number;
  /** Counts set-ups, suspensions and rounds of receiving, so that a poll sees when one happened below it. */
  epoch: number;
  /** Where frames that are not in one piece are gathered: small ones, and others, made when there is the first. */
  scratchSmall: Uint8Array;
  scratch: Uint8Array | null;
  read3: Uint8Array;
  // The chip's pointer registers as the driver left them; -1 unknown.
  erdpt: number;
  etxnd: number;
  ewrpt: number;
  // What the fast path reads, last because the engine finds the last-added property first.
  budget: number;
  checksum: Enc28j60Checksum | null;
  rxPool: MempPool | null;
  startTransmit: Uint8Array;
  readEir: Uint8Array;
  decrement: Uint8Array;
  readHeader: Uint8Array;
  readCount: Uint8Array;
  /** Bytes of the ring that were read and not yet given back. */
  rxUnreleased: number;
  /** Address of the next packet in the ring. */
  rxNext: number;
  txBusy: boolean;
  /** Clock value of the next look at the chip. */
  nextCheck: number;
  int: PinId | null | undefined;
  digitalRead: (pin: PinId) => number;
  mode: number;
  write2: Uint8Array;
  bank: number;
  spi: Spi;
  cs: PinId;
  digitalWrite: (pin: PinId, level: 0 | 1) => void;
}

/**
 * Makes the state of a device; no hardware is touched before enc28j60Init().
 * @param config wiring and options
 */
export function enc28j60New(config: Enc28j60Config): Enc28j60 {
  return {
    config,
    counters: {
      rxOverflow: 0,
      rxBad: 0,
      rxNoBuffer: 0,
      rxReset: 0,
      rxChecksum: 0,
      intMissed: 0,
      txNoLink: 0,
      txBusy: 0,
      txLength: 0,
      txLateCollision: 0,
      txRetry: 0,
      txAborted: 0,
      txStuck: 0,
      linkChange: 0,
      restart: 0,
    },
    netif: null,
    fault: 0,
    revision: 0,
    fullDuplex: !!config.fullDuplex,
    promiscuous: !!config.promiscuous,
    hash: new Uint8Array(8),
    groups: null,
    clock: config.clock,
    stopWatch: null,
    untilHealth: 0,
    late: 0,
    retries: 0,
    epoch: 0,
    scratch: null,
    scratchSmall: new Uint8Array(256),
    read3: new Uint8Array(3),
    erdpt: -1,
    etxnd: -1,
    ewrpt: -1,
    budget: config.budget || 8,
    checksum: config.dmaChecksum || null,
    rxPool: null,
    // One write starts the transmission and selects bank 1, where EPKTCNT is.
    startTransmit: instruction(2, OP_BFS | ECON1, TXRTS | 1),
    readEir: instruction(2, EIR, 0),
    decrement: instruction(2, OP_BFS | ECON2, PKTDEC),
    readHeader: instruction(5, OP_RBM, 0),
    readCount: instruction(2, EPKTCNT & ADDRESS_MASK, 0),
    rxUnreleased: 0,
    rxNext: 0,
    txBusy: false,
    nextCheck: 0,
    int: config.int,
    digitalRead: config.gpio.digitalRead,
    mode: MODE_OFF,
    write2: new Uint8Array(2),
    bank: 0,
    spi: config.spi,
    cs: config.cs,
    digitalWrite: config.gpio.digitalWrite,
  };
}

/** An instruction of `n` bytes that begins with two given ones. */
function instruction(n: number, first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(n);
  bytes[0] = first;
  bytes[1] = second;
  return bytes;
}
