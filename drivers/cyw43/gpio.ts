// The chip's own pins. On a Pico W pin 0 is the LED, 1 chooses the power supply's mode (1: least noise), and 2 tells
// whether USB power is there.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { iovarGet, iovarNumbers } from './control.js';
import type { Cyw43 } from './device.js';

export const PIN_LED = 0;
export const PIN_SUPPLY_MODE = 1;
export const PIN_VBUS = 2;

/** Drives a pin. Nothing happens while the chip is not ready. */
export function cyw43PinWrite(netif: Netif, pin: number, level: number): void {
  const dev = netif.state as Cyw43;
  if (dev.wifi.up) iovarNumbers(dev, 'gpioout', [1 << pin, (level ? 1 : 0) << pin], 0, null);
}

/** Reads a pin. @param done takes its level, or -1 when the chip does not tell */
export function cyw43PinRead(netif: Netif, pin: number, done: (level: number) => void): void {
  iovarGet(netif.state as Cyw43, 'ccgpioin', 4, 0, function (_dev, status, bytes, off) {
    done(status ? -1 : (bytes[off]! >> pin) & 1);
  });
}
