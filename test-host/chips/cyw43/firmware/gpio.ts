// The chip's own pins: outputs (0 is the LED of a Pico W, 1 its regulator's mode) and inputs (2: power from USB).

import { u32 } from './bytes.js';
import { BCME_BADARG, Refusal } from './errors.js';

export const WL_GPIO_LED = 0;

export class Gpio {
  /** A bit for each pin. */
  outputs = 0;
  inputs = 0;
  /** Called when an output changes. */
  onOutput: ((pin: number, level: 0 | 1) => void) | null = null;

  setInput(pin: number, level: 0 | 1): void {
    if (level) this.inputs |= 1 << pin;
    else this.inputs &= ~(1 << pin);
  }

  /** `gpioout`: u32 mask, u32 values. */
  set(data: Uint8Array): void {
    if (data.length < 8) throw new Refusal(BCME_BADARG, 'iovarLength', 'gpioout');
    const mask = u32(data, 0);
    const before = this.outputs;
    this.outputs = ((before & ~mask) | (u32(data, 4) & mask)) >>> 0;
    const changed = before ^ this.outputs;
    for (let pin = 0; pin < 32; pin++) {
      if (changed & (1 << pin)) this.onOutput?.(pin, this.outputs & (1 << pin) ? 1 : 0);
    }
  }

  reset(): void {
    this.outputs = 0;
  }
}
