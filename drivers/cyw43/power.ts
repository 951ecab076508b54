// Power save of the station: how long the radio sleeps between beacons, and what it costs.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { WLC_SET_PM } from './commands.js';
import { ioctlNumber, iovarNumbers } from './control.js';
import type { Cyw43 } from './device.js';

/** The radio never sleeps: the quickest answers, and some 40 mA more on average than with the others. */
export const PM_NONE = 0;
/** It sleeps whenever nothing waits: least power, but each frame to the station waits for a beacon, 100 ms or more. */
export const PM_SLEEP = 1;
/** It sleeps when there was nothing for a while (200 ms): the first frame waits, those that follow do not. */
export const PM_FAST = 2;

export interface PowerSaveOptions {
  /** PM_FAST: milliseconds without a frame before the radio sleeps, a multiple of 10 up to 2000. */
  awake?: number;
  /** Beacons of which one is waked for; 0: what the access point says by its DTIM period. Broadcasts may get lost. */
  beacons?: number;
}

/** Chooses between power and quickness; kept when the chip is started anew. @param mode a PM_ constant */
export function cyw43PowerSave(netif: Netif, mode: number, options?: PowerSaveOptions): void {
  const dev = netif.state as Cyw43;
  const wifi = dev.wifi;
  wifi.config.powerSave = mode;
  const apply = function (up: boolean): void {
    if (!up || wifi.power !== apply) return;
    if (options && options.awake !== undefined) iovarNumbers(dev, 'pm2_sleep_ret', [options.awake], 0, null);
    if (options && options.beacons !== undefined) {
      iovarNumbers(dev, 'bcn_li_bcn', [options.beacons], 0, null);
      // What the access point has to keep frames for.
      iovarNumbers(dev, 'assoc_listen', [options.beacons], 0, null);
    }
    ioctlNumber(dev, WLC_SET_PM, mode, 0, null);
  };
  if (!wifi.power) {
    wifi.onUp.push(function (up) {
      wifi.power!(up);
    });
  }
  wifi.power = apply;
  apply(wifi.up);
}
