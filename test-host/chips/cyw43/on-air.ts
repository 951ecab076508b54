// The whole CYW43439: the bus half with the firmware half on it, in a radio world.

import type { Air } from '../../air/index.js';
import { Cyw43 } from './cyw43.js';
import type { Cyw43Options } from './cyw43.js';
import { WlanFirmware, imageProblem } from './firmware/index.js';
import type { WlanFirmwareOptions } from './firmware/index.js';

export interface Cyw43OnAirOptions
  extends Omit<Cyw43Options, 'firmware'>, Omit<WlanFirmwareOptions, 'scheduler'> {
  air: Air;
}

/** @returns the chip as its pins see it, and what runs on it */
export function cyw43OnAir(options: Cyw43OnAirOptions): { chip: Cyw43; firmware: WlanFirmware } {
  const firmware = new WlanFirmware(options);
  return { chip: new Cyw43({ checkImage: imageProblem, ...options, firmware }), firmware };
}
