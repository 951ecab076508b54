// What may go wrong with the chip, to be switched on by tests at any time. Everything is deterministic: counts, virtual
// time, or dice from the chip's seeded random numbers. Power-off ends what is a state of the chip (hang, stall, frozen
// credit, muted interrupt); counts and rates go on until reset().

import type { Event } from '../../sim/scheduler.js';
import type { Cyw43 } from './cyw43.js';

export class Faults {
  /** Probability that a word on the bus, in either direction, has one bit wrong. */
  bitErrorRate = 0;
  /** Probability that a packet to the host is lost inside the chip. */
  toHostLoss = 0;
  /** The ALP clock never comes after power-on. */
  withoutAlp = false;
  /** The HT clock never comes after the ARM's start. */
  withoutHt = false;
  /** What the host reads from a chip that does not answer. */
  deafAnswer = 0xffffffff;
  /** F2_RX_READY is held clear. */
  readyStalled = false;
  /** The interrupt level is held inactive. */
  interruptMuted = false;

  private deafLeft = 0;
  private hanging = false;
  private testsLeft = 0;
  private testMask = 0;
  private packetsLeft = 0;
  private repliesLeft = 0;
  private unmuteOnPacket = false;
  private stallEvent: Event | null = null;
  private muteEvent: Event | null = null;

  constructor(private readonly chip: Cyw43) {}

  /** Switches all faults off. */
  reset(): void {
    this.bitErrorRate = this.toHostLoss = 0;
    this.withoutAlp = this.withoutHt = false;
    this.deafLeft = this.testsLeft = this.packetsLeft = this.repliesLeft = 0;
    this.powerLost();
    this.thawCredit();
  }

  /** Ends what a restart cures. */
  powerLost(): void {
    this.hanging = false;
    this.releaseReady();
    this.unmuteInterrupt();
  }

  /**
   * The chip ignores whole transactions.
   * @param transactions how many; Infinity until called again with 0
   * @param answer what every word read is: 0xffffffff or 0
   */
  beDeaf(transactions: number, answer: 0 | 0xffffffff = 0xffffffff): void {
    this.deafLeft = transactions;
    this.deafAnswer = answer;
  }

  /** The chip ignores everything until power goes off. */
  hang(answer: 0 | 0xffffffff = 0xffffffff): void {
    this.hanging = true;
    this.deafAnswer = answer;
  }

  /** The next `reads` reads of TEST give a pattern in which the bits of `mask` are wrong. */
  spoilTest(reads: number, mask = 0x00010000): void {
    this.testsLeft = reads;
    this.testMask = mask;
  }

  /** F2_RX_READY stays clear for `microseconds`; Infinity until releaseReady(). */
  stallReady(microseconds: number): void {
    this.releaseReady();
    this.readyStalled = true;
    this.stallEvent = this.later(microseconds, () => this.releaseReady());
  }

  releaseReady(): void {
    this.chip.scheduler.cancel(this.stallEvent);
    this.stallEvent = null;
    this.readyStalled = false;
  }

  /** Packets to the host tell the credit of this moment until thawCredit(). */
  freezeCredit(): void {
    this.chip.hostLink.freezeCredit();
  }

  /** Credit goes on; a packet tells it. */
  thawCredit(): void {
    this.chip.hostLink.thawCredit();
  }

  /** The interrupt level stays inactive for `microseconds`. */
  muteInterrupt(microseconds: number): void {
    this.unmuteInterrupt();
    this.interruptMuted = true;
    this.muteEvent = this.later(microseconds, () => this.unmuteInterrupt());
    this.chip.interrupts.update();
  }

  /** The interrupt of what is pending is lost: the level stays inactive until the next packet to the host. */
  loseInterrupt(): void {
    this.muteInterrupt(Infinity);
    this.unmuteOnPacket = true;
  }

  unmuteInterrupt(): void {
    this.chip.scheduler.cancel(this.muteEvent);
    this.muteEvent = null;
    this.unmuteOnPacket = false;
    this.interruptMuted = false;
    this.chip.interrupts.update();
  }

  /** The firmware crashes now. */
  trap(): void {
    this.chip.arm.trap();
  }

  /** The next `packets` packets to the host are lost inside the chip, their sequence numbers and credits with them. */
  dropToHost(packets: number): void {
    this.packetsLeft = packets;
  }

  /** The next `replies` control requests are never answered. */
  dropReplies(replies: number): void {
    this.repliesLeft = replies;
  }

  /** A transaction begins. @returns whether the chip ignores it */
  takeDeaf(): boolean {
    if (this.deafLeft > 0) this.deafLeft--;
    else if (!this.hanging) return false;
    this.chip.counters.deafTransactions++;
    return true;
  }

  /** @returns TEST as the host shall read it */
  testPattern(value: number): number {
    if (this.testsLeft <= 0) return value;
    this.testsLeft--;
    this.chip.counters.spoiltTests++;
    return (value ^ this.testMask) >>> 0;
  }

  /** @returns the word as it comes through the wire */
  disturb(word: number): number {
    const { random, counters } = this.chip;
    if (!random.chance(this.bitErrorRate)) return word;
    counters.bitErrors++;
    return (word ^ (1 << random.below(32))) >>> 0;
  }

  /** @returns whether this packet to the host is lost */
  takePacket(): boolean {
    const { random, counters } = this.chip;
    if (this.packetsLeft > 0) this.packetsLeft--;
    else if (!random.chance(this.toHostLoss)) return false;
    counters.droppedToHost++;
    return true;
  }

  /** @returns whether this control reply is never sent */
  takeReply(): boolean {
    if (this.repliesLeft <= 0) return false;
    this.repliesLeft--;
    this.chip.counters.droppedReplies++;
    return true;
  }

  /** A packet was put into the queue to the host. */
  packetQueued(): void {
    if (this.unmuteOnPacket) this.unmuteInterrupt();
  }

  private later(microseconds: number, fn: () => void): Event | null {
    return microseconds === Infinity ? null : this.chip.scheduler.after(microseconds, fn);
  }
}
