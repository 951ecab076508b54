// The network for Kaluma programs: installs `global.__netdev`, which Kaluma's own `net` and `http` use. The program
// follows this bundle in flash (`lightwire flash kaluma-netdev program.js`).

import { kalumaNetdev, type KalumaNetdev } from '../api/kaluma_netdev.js';
import { boardStart } from './board/board.js';

declare const global: { __netdev: KalumaNetdev };

function main(): void {
  const board = boardStart();
  const timers = board.hal.timers;
  global.__netdev = kalumaNetdev(board.stack, function (fn) {
    timers.setTimeout(fn, 0);
  });
}

main();
