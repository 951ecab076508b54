// An SPI bus with chips on it, each behind its own chip-select pin. Knows bytes and selects; time and the
// engine's view of arrays are kaluma-spi.ts.

import type { Pins } from './pins.js';

/** A chip on the bus, as the chip models offer it. */
export interface SpiChip {
  /** Chip select has fallen. */
  spiSelect(): void;
  /** Bytes clocked in and out at once; the result is as long as `tx`. */
  spiTransfer(tx: Uint8Array): Uint8Array;
  /** Chip select has risen. */
  spiDeselect(): void;
  /** Told the clock of the bus, Hz, by chips that care. */
  spiClockHz?: number;
}

interface Slot {
  chip: SpiChip;
  selected: boolean;
}

export class SpiBus {
  private readonly slots: Slot[] = [];
  private clockHz = 0;
  /** Transfers with no chip selected: the bytes went nowhere. */
  unselected = 0;
  /** Transfers with more than one chip selected. */
  contended = 0;

  /** Puts `chip` on the bus, selected while `csPin` is low. */
  connect(pins: Pins, csPin: number, chip: SpiChip): void {
    const slot: Slot = { chip, selected: false };
    this.slots.push(slot);
    if (this.clockHz) chip.spiClockHz = this.clockHz;
    // A module's pull-up keeps the chip deselected while nobody drives the pin.
    pins.drive(csPin, 1);
    pins.onChange(csPin, (level) => {
      if ((level === 0) === slot.selected) return;
      slot.selected = level === 0;
      if (slot.selected) chip.spiSelect();
      else chip.spiDeselect();
    });
  }

  setClock(hz: number): void {
    this.clockHz = hz;
    for (const { chip } of this.slots) chip.spiClockHz = hz;
  }

  transfer(tx: Uint8Array): Uint8Array {
    let rx: Uint8Array | null = null;
    for (const slot of this.slots) {
      if (!slot.selected) continue;
      if (rx) this.contended++;
      rx = slot.chip.spiTransfer(tx);
    }
    if (rx) return rx;
    this.unselected++;
    return new Uint8Array(tx.length);
  }
}

/**
 * The clock that the RP2040's PL022 makes of a wanted one: an even prescaler and a post-divider from 125 MHz.
 * @param wanted Hz
 * @returns Hz, at most `wanted` where the dividers reach
 */
// RP2040 datasheet, 4.4.4: SSPCLKOUT = clk_peri / (CPSDVSR * (1 + SCR)), CPSDVSR even in [2, 254].
export function actualSpiClock(wanted: number): number {
  const peripheral = 125e6;
  for (let prescale = 2; prescale <= 254; prescale += 2) {
    if (peripheral >= (prescale + 2) * 256 * wanted) continue;
    const post = Math.min(256, Math.max(1, Math.ceil(peripheral / (prescale * wanted))));
    return peripheral / (prescale * post);
  }
  return peripheral / (254 * 256);
}
