// Wi-Fi and the network for Kaluma programs on a Pico W: installs `global.__ieee80211dev` and `global.__netdev`, which
// Kaluma's own `wifi`, `net` and `http` use. The program follows this bundle in flash.

import { kalumaIeee80211dev, type KalumaIeee80211dev } from '../api/kaluma_ieee80211dev.js';
import { kalumaNetdev, type KalumaNetdev } from '../api/kaluma_netdev.js';
import { kalumaRadio } from './board/kaluma_radio.js';
import { wifiStart } from './board/wifi.js';

declare const global: { __netdev: KalumaNetdev; __ieee80211dev: KalumaIeee80211dev };

function main(): void {
  const board = wifiStart();
  const timers = board.hal.timers;
  const later = function (fn: () => void): void {
    timers.setTimeout(fn, 0);
  };
  global.__netdev = kalumaNetdev(board.stack, later);
  global.__ieee80211dev = kalumaIeee80211dev(kalumaRadio(board.device, board.netif), later);
}

main();
