// The whole CYW43439: the bus half with the firmware half on it, in a radio world.

import { Air, type AccessPoint, type AccessPointOptions } from '../../air/index.js';
import { SeededRandom } from '../../sim/random.js';
import type { Scheduler } from '../../sim/scheduler.js';
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

/** A chip in the reach of one access point. */
export interface Reach {
  chip: Cyw43;
  firmware: WlanFirmware;
  air: Air;
  ap: AccessPoint;
}

/** @param network the access point, with its way to the rest of the network */
export function cyw43InReach(scheduler: Scheduler, network: AccessPointOptions, seed: number): Reach {
  const air = new Air(scheduler, seed + 802);
  const ap = air.add(network);
  return { ...cyw43OnAir({ scheduler, air, random: new SeededRandom(seed + 43439) }), air, ap };
}
