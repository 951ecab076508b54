// A PIO block on the emulated chip: registers on the bus, interrupts, pins. The block itself is in chips/pio/.

import { BasePeripheral, type RP2040 } from 'rp2040js';
import { PioBlock } from '../chips/pio/block.js';
import { CYCLES_PER_US } from './cycle-clock.js';

/** Interrupts of the first block; the second one's follow (RP2040 datasheet, 2.3.2). */
const PIO0_IRQ_0 = 7;
/** How often a block that can raise an interrupt or move a pin is looked at while nobody else does. */
const LOOK_NANOS = 1000;

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

  constructor(
    chip: RP2040,
    private readonly index: 0 | 1,
  ) {
    super(chip, `PIO${index}`);
    this.block = new PioBlock({
      now: () => Math.floor(chip.clock.nanos * (CYCLES_PER_US / 1000) + 0.5),
      readPins: () => chip.gpioValues,
      pinsChanged: () => {
        for (const pin of chip.gpio) pin.checkForUpdates();
      },
    });
    this.alarm = chip.clock.createAlarm(() => {
      this.booked = false;
      this.block.advance();
      this.settle();
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

  /** A pin's input is about to change. */
  inputChanges(): void {
    this.block.advance();
    this.block.wake();
    this.settle();
  }

  private settle(): void {
    const { block } = this;
    for (const n of [0, 1] as const) {
      this.rp2040.setInterrupt(PIO0_IRQ_0 + 2 * this.index + n, block.interrupt(n));
    }
    if (this.booked || !block.visible || !block.active) return;
    this.booked = true;
    this.alarm.schedule(LOOK_NANOS);
  }
}
