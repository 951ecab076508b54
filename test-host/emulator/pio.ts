// A PIO block on the emulated chip: registers on the bus, interrupts, pins. The block itself is in chips/pio/.

import { BasePeripheral, type RP2040 } from 'rp2040js';
import { PioBlock } from '../chips/pio/block.js';
import { CYCLES_PER_US } from './cycle-clock.js';

/** Interrupts of the first block; the second one's follow (RP2040 datasheet, 2.3.2). */
const PIO0_IRQ_0 = 7;
/** Data requests of a block; the first block's come first (RP2040 datasheet, 2.5.3.1). */
const DREQS = 8;
/** How often a block that can raise an interrupt or move a pin is looked at while nobody else does. */
const LOOK_NANOS = 1000;

/** What a PIO block needs of the pins around it. */
export interface PioPins {
  /** Outputs of that block, or their directions, have changed; may be told before other things that happened earlier. */
  pioChanged(pio: Pio, mask: number): void;
  /** The block has come to the present. */
  pioSettled(): void;
  /** Inputs are about to be looked at. */
  look(): void;
}

export class Pio extends BasePeripheral {
  readonly block: PioBlock;
  /** What rp2040js reads of a PIO block: these three. */
  readonly machines: never[] = [];
  get pinValues(): number {
    return this.block.pinValues;
  }
  get pinDirections(): number {
    return this.block.pinDirections;
  }
  private readonly alarm: ReturnType<RP2040['clock']['createAlarm']>;
  private booked = false;
  private moved = false;
  private readonly raised = [false, false];
  /** DREQs as rp2040js knows them: bits 0 to 3 for the machines' TX FIFOs, 4 to 7 for RX. */
  private requests = 0;

  constructor(
    chip: RP2040,
    readonly index: 0 | 1,
    private readonly pins: PioPins,
  ) {
    super(chip, `PIO${index}`);
    this.block = new PioBlock({
      now: () => Math.floor(chip.clock.nanos * (CYCLES_PER_US / 1000) + 0.5),
      pinsChanged: (mask) => {
        this.moved = true;
        pins.pioChanged(this, mask);
      },
      look: () => pins.look(),
    });
    this.alarm = chip.clock.createAlarm(() => {
      this.booked = false;
      this.advance();
    });
  }

  override readUint32(offset: number): number {
    const value = this.block.read(offset);
    this.settle();
    return value === null ? super.readUint32(offset) : value;
  }

  override writeUint32(offset: number, value: number): void {
    if (!this.block.write(offset, value)) super.writeUint32(offset, value);
    this.settle();
  }

  /** Lets happen what has happened until now. To be called before an input changes. */
  advance(): void {
    if (this.block.advancing) return;
    this.block.advance();
    this.settle();
  }

  /** The pins' levels from now on. */
  setInputs(levels: number): void {
    this.block.setInputs(levels);
    if (!this.block.advancing) this.settle();
  }

  private settle(): void {
    const { block } = this;
    if (this.moved) {
      this.moved = false;
      this.pins.pioSettled();
    }
    this.raise(0);
    this.raise(1);
    this.request();
    if (this.booked || !block.active || !(block.visible || this.served)) return;
    this.booked = true;
    this.alarm.schedule(LOOK_NANOS);
  }

  private raise(n: 0 | 1): void {
    const level = this.block.interrupt(n);
    // A level that stays high interrupts again.
    if (!level && !this.raised[n]) return;
    this.raised[n] = level;
    this.rp2040.setInterrupt(PIO0_IRQ_0 + 2 * this.index + n, level);
  }

  /** Tells the DMA controller which FIFOs have room or words. */
  private request(): void {
    const requests = this.block.dataRequests;
    let changed = requests ^ this.requests;
    this.requests = requests;
    const { dma } = this.rp2040;
    for (; changed; changed &= changed - 1) {
      const bit = changed & -changed;
      const dreq = DREQS * this.index + 31 - Math.clz32(bit);
      if (requests & bit) dma.setDREQ(dreq);
      else dma.clearDREQ(dreq);
    }
  }

  /** A DMA channel serves one of the FIFOs: somebody sees when it fills or empties. */
  private get served(): boolean {
    return this.rp2040.dma.channels.some(
      (channel) => channel.active && Math.floor(channel.treq / DREQS) === this.index,
    );
  }
}
