// The transmitter: from TXRTS to the transmit status vector (DS39662E, 7.1), with wire time at 10 Mb/s, inter-packet
// gap, deferral, collisions and aborts. How the packet is built is in transmit-frame.ts.

import type { Event } from '../../sim/scheduler.js';
import { hex } from './buffer-memory.js';
import type { Enc28j60 } from './enc28j60.js';
import {
  ECON1,
  ECON1_RXEN,
  ECON1_TXRST,
  ECON1_TXRTS,
  ESTAT,
  ESTAT_LATECOL,
  ESTAT_TXABRT,
  ETXNDL,
  ETXSTL,
  MABBIPG,
  MACLCON1,
  MACLCON2,
  MACON3,
  MACON3_FULDPX,
  MACON4,
  MACON4_DEFER,
  MACON4_NOBKOFF,
  TXERIF,
  TXIF,
} from './registers.js';
import { buildPacket, TSV, writeStatusVector } from './transmit-frame.js';
import type { TransmitPacket } from './transmit-frame.js';

/** µs of one byte at 10 Mb/s. */
const BYTE_TIME = 0.8;
const PREAMBLE = 8;
const JAM = 4;
const SLOT_TIME = 51.2;
/** Gap of IEEE 802.3, µs. */
const GAP = 9.6;
/** Table 7-1: 24,287 bit times. */
const EXCESSIVE_DEFER = 2428.7;

export class Transmitter {
  /** Bits are on the wire at this moment. */
  sending = false;
  /** Erratum 12: nothing is sent until TXRST. */
  stalled = false;
  private packet: TransmitPacket | null = null;
  private event: Event | null = null;
  private waiting = false;
  private start_ = 0;
  private end_ = 0;
  private attemptStart = 0;
  private deferStart = -1;
  private idleAt = 0;
  private pausedUntil = 0;
  private injected: ('early' | 'late')[] = [];

  constructor(private readonly chip: Enc28j60) {
    for (const place of [ETXSTL, ETXSTL + 1, ETXNDL, ETXNDL + 1]) {
      chip.regs.onWrite(place, (next, old) => {
        if (this.portBusy && next !== old) chip.misuse.count('transmitPointersChanged');
        return next;
      });
    }
  }

  /** A packet is being transmitted: the memory port is in use. */
  get portBusy(): boolean {
    return this.packet !== null;
  }

  isInPacket(address: number): boolean {
    return this.packet !== null && ((address - this.start_) & 0x1fff) <= ((this.end_ - this.start_) & 0x1fff);
  }

  /** System reset. */
  reset(): void {
    this.abandon();
    this.stalled = false;
    this.idleAt = this.pausedUntil = 0;
    this.injected = [];
  }

  /** Makes the next `n` attempts collide within the collision window; half duplex only. */
  injectCollisions(n: number): void {
    for (let i = 0; i < n; i++) this.injected.push('early');
  }

  /** Makes the next attempt collide after the collision window; half duplex only. */
  injectLateCollision(): void {
    this.injected.push('late');
  }

  /** Earliest start of a pause frame, which the MAC puts between packets. */
  get nextGap(): number {
    return Math.max(this.chip.scheduler.now, this.idleAt);
  }

  /** The MAC itself has used the line until `time`. */
  lineUsedUntil(time: number): void {
    this.idleAt = Math.max(this.idleAt, time + this.gap);
  }

  /** A pause frame was received: no packet starts for `microseconds`. */
  pause(microseconds: number): void {
    if (this.fullDuplex) this.pausedUntil = this.chip.scheduler.now + microseconds;
  }

  /** ECON1.TXRTS goes from 0 to 1. */
  start(): void {
    const { chip } = this;
    const { regs, misuse, memory } = chip;
    if (!chip.power.running) {
      misuse.count('macBeforeClockReady', 'TXRTS');
      return;
    }
    this.start_ = regs.word(ETXSTL);
    this.end_ = regs.word(ETXNDL);
    const span = (this.end_ - this.start_) & 0x1fff;
    if (this.start_ >= this.end_) misuse.count('transmitEmpty', `${hex(this.start_)}..${hex(this.end_)}`);
    if (regs.has(ECON1, ECON1_RXEN)) {
      for (const a of [this.start_, this.end_, this.end_ + 7]) {
        if (!memory.inRing(a & 0x1fff)) continue;
        misuse.count('transmitOverlap', `${hex(this.start_)}..${hex(this.end_)}`);
        break;
      }
    }
    if (this.fullDuplex !== chip.phy.fullDuplex) misuse.count('duplexDiffers');
    if (this.gap < GAP - 0.01) misuse.count('gapTooShort', `MABBIPG ${hex(regs.values[MABBIPG]!)}`);
    if (this.stalled) {
      chip.counters.txStalled++;
      return;
    }
    if (span === 0) {
      this.finish(TSV.none, false);
      return;
    }
    if (chip.dma.portBusy) this.waiting = true;
    else this.begin();
  }

  /** The DMA has let the memory port go. */
  portFree(): void {
    if (this.waiting) this.begin();
  }

  /** ECON1.TXRTS is cleared by the host. 12.1.4: the transmission is cancelled. */
  cancel(): void {
    if (!this.packet && !this.waiting) return;
    this.abandon();
    this.chip.regs.set(ESTAT, ESTAT_TXABRT);
    this.chip.interrupts.raise(TXIF | TXERIF);
  }

  /** ECON1.TXRST goes from 0 to 1. 11.3: a transmission under way is aborted, TXRTS is cleared. */
  hold(): void {
    this.abandon();
    this.chip.regs.clear(ECON1, ECON1_TXRTS);
  }

  /** ECON1.TXRST goes from 1 to 0. DS80349C, 12: that may raise TXERIF. */
  release(): void {
    if (!this.stalled) return;
    this.stalled = false;
    this.chip.interrupts.raise(TXERIF);
  }

  /** Another station begins to send while we do. @returns whether that was a collision */
  collide(): boolean {
    if (!this.sending || this.fullDuplex) return false;
    const sent = (this.chip.scheduler.now - this.attemptStart) / BYTE_TIME - PREAMBLE;
    this.chip.scheduler.cancel(this.event);
    this.collided(Math.max(0, Math.floor(sent)));
    return true;
  }

  private get fullDuplex(): boolean {
    return this.chip.regs.has(MACON3, MACON3_FULDPX);
  }

  /** Register 6-4: MABBIPG plus 3 (full duplex) or 6 (half) nibble times of 0.4 µs. */
  private get gap(): number {
    return (this.chip.regs.values[MABBIPG]! + (this.fullDuplex ? 3 : 6)) * 0.4;
  }

  private begin(): void {
    this.waiting = false;
    this.packet = buildPacket(this.chip, this.start_, this.end_);
    this.deferStart = -1;
    this.attempt(this.chip.scheduler.now);
  }

  private attempt(earliest: number): void {
    const { scheduler } = this.chip;
    const held = this.fullDuplex ? this.pausedUntil : 0;
    const at = Math.max(earliest, this.idleAt, held);
    if (at > scheduler.now) this.event = scheduler.at(at, () => this.go());
    else this.go();
  }

  /** The gap is over: send, or defer to whoever is sending. */
  private go(): void {
    const { chip } = this;
    const { regs, scheduler, receiver } = chip;
    const packet = this.packet!;
    if (!this.fullDuplex && receiver.carrierUntil > scheduler.now) {
      if (this.deferStart < 0) {
        this.deferStart = scheduler.now;
        packet.status |= TSV.deferred;
        chip.counters.txDeferred++;
      }
      const limit = this.deferStart + EXCESSIVE_DEFER;
      if (receiver.carrierUntil > limit && !regs.has(MACON4, MACON4_DEFER)) {
        this.event = scheduler.at(limit, () => this.abort(TSV.excessiveDefer));
      } else {
        this.event = scheduler.at(receiver.carrierUntil + GAP, () => this.go());
      }
      return;
    }
    this.sending = true;
    this.attemptStart = scheduler.now;
    const collisionAt = this.fullDuplex ? -1 : this.nextCollision(packet.wire);
    if (collisionAt >= 0) {
      const time = (PREAMBLE + collisionAt) * BYTE_TIME;
      this.event = scheduler.after(time, () => this.collided(collisionAt));
      return;
    }
    this.event = scheduler.after((PREAMBLE + packet.wire) * BYTE_TIME, () => this.sent());
  }

  /** @returns the byte at which this attempt collides, or -1 */
  private nextCollision(bytes: number): number {
    const { chip } = this;
    const kind = this.injected.shift();
    const window = chip.regs.values[MACLCON2]!;
    if (kind === 'early') return Math.min(20, bytes - 1);
    if (kind === 'late') return Math.min(window + 10, bytes - 1);
    // DS80349C, 13.
    if (chip.errata.e13LinkPulse && chip.random.chance(chip.errataRates.e13LinkPulse)) {
      return chip.random.below(bytes);
    }
    return -1;
  }

  private collided(bytesSent: number): void {
    const { chip } = this;
    const { regs, counters, scheduler } = chip;
    const packet = this.packet!;
    this.sending = false;
    packet.onWire += bytesSent + JAM;
    const free = scheduler.now + JAM * BYTE_TIME;
    this.idleAt = free + this.gap;
    counters.txCollisions++;
    if (bytesSent > regs.values[MACLCON2]!) {
      counters.txLateCollisions++;
      // DS80349C, 15.
      const hidden = chip.errata.e15LateCollision && chip.random.chance(chip.errataRates.e15LateCollision);
      if (!hidden) regs.set(ESTAT, ESTAT_LATECOL);
      this.abort(TSV.lateCollision);
      return;
    }
    packet.collisions++;
    // MACLCON1: attempts after the first.
    if (packet.collisions > regs.values[MACLCON1]!) {
      this.abort(TSV.excessiveCollision);
      return;
    }
    const slots = regs.has(MACON4, MACON4_NOBKOFF)
      ? 0
      : chip.random.below(2 ** Math.min(packet.collisions, 10));
    this.attempt(free + slots * SLOT_TIME);
  }

  private sent(): void {
    const { chip } = this;
    const packet = this.packet!;
    this.sending = false;
    this.idleAt = chip.scheduler.now + this.gap;
    packet.onWire += packet.wire;
    if (packet.giant) {
      this.abort(TSV.giant);
      chip.phy.transmit(packet.frame, true);
      return;
    }
    chip.counters.txFrames++;
    chip.counters.txBytes += packet.wire;
    this.finish(TSV.done, false);
    chip.phy.transmit(packet.frame, packet.badFcs);
  }

  private abort(reason: number): void {
    const { chip } = this;
    this.sending = false;
    chip.counters.txAborted++;
    chip.regs.set(ESTAT, ESTAT_TXABRT);
    // DS80349C, 12: after collisions and deferral, not after a giant.
    const mayStall = !this.fullDuplex && reason !== TSV.giant && chip.errata.e12TransmitStall;
    if (mayStall && chip.random.chance(chip.errataRates.e12TransmitStall)) this.stalled = true;
    this.finish(reason, true);
  }

  /** 7.1: status vector, TXRTS cleared, TXIF; TXERIF too after an abort. */
  private finish(status: number, aborted: boolean): void {
    const { chip } = this;
    if (this.packet) {
      this.packet.status |= status;
      writeStatusVector(chip.memory.bytes, (this.end_ + 1) & 0x1fff, this.packet);
    }
    this.packet = null;
    this.event = null;
    chip.regs.clear(ECON1, ECON1_TXRTS);
    chip.interrupts.raise(aborted ? TXIF | TXERIF : TXIF);
    chip.dma.portFree();
  }

  private abandon(): void {
    this.chip.scheduler.cancel(this.event);
    this.event = null;
    const had = this.packet !== null;
    if (this.sending) this.idleAt = this.chip.scheduler.now + this.gap;
    this.packet = null;
    this.sending = this.waiting = false;
    if (had) this.chip.dma.portFree();
  }

  /** TXRTS is asked for by the host; true when it may start. */
  mayStart(): boolean {
    if (!this.chip.regs.has(ECON1, ECON1_TXRST)) return true;
    this.chip.misuse.count('transmitInReset');
    return false;
  }
}
