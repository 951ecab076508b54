// The radio's side of the device.

import type { Cyw43 } from './device.js';

export interface WifiConfig {
  /** Station address, six bytes; absent or null: the one that the chip was made with. */
  mac?: Uint8Array | null;
}

export interface Wifi {
  config: WifiConfig;
}

export function wifiNew(config: WifiConfig): Wifi {
  return { config };
}

export function wifiUp(dev: Cyw43, done: (dev: Cyw43, fault: number) => void): void {
  done(dev, 0);
}

export function wifiDown(_dev: Cyw43): void {
  // Nothing yet.
}

export function wifiTick(_dev: Cyw43, _now: number): void {
  // Nothing yet.
}
