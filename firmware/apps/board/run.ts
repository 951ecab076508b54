// What keeps driver and stack going from the engine's event loop, whatever the chip; and what every board shows.

import type { KalumaHal } from '../../../hal/kaluma.js';
import { netCommands } from '../../diagnostics/net.js';
import { ipaddrNtoa } from '../../stack/core/ipaddr.js';
import { NETIF_FLAG_LINK_UP, type Netif } from '../../stack/core/netif.js';
import { LWIP_DIAGNOSTICS, NO_SYS } from '../../stack/core/opt.js';
import type { Stack } from '../../stack/core/stack.js';
import { tcpipSleeptime, tcpipTurn } from '../../stack/core/tcpip.js';
import { sysCheckTimeouts, sysTimeoutsSleeptime } from '../../stack/core/timers.js';

declare const global: { net: object };

/** Longest time between two turns, ms: the net below a lost interrupt. */
const LONGEST_SLEEP = 50;

export interface Board {
  hal: KalumaHal;
  stack: Stack;
  netif: Netif;
}

/**
 * Runs the board from now on.
 * @param pollDriver the driver's turn
 * @param driverSleeptime milliseconds until the driver wants its next turn; null for one that is content with some
 * @param watch has a function called when the chip raises its interrupt
 * @param report what the driver tells people at the prompt
 */
export function runBoard(
  hal: KalumaHal,
  stack: Stack,
  netif: Netif,
  pollDriver: (netif: Netif) => number,
  driverSleeptime: ((netif: Netif) => number) | null,
  watch: (netif: Netif, handler: () => void) => void,
  report: (netif: Netif) => string[],
): void {
  netif.statusCallback = netif.linkCallback = function () {
    hal.log.log((netif.flags & NETIF_FLAG_LINK_UP ? 'link up, ' : 'link down, ') + ipaddrNtoa(netif.ipAddr));
  };
  const poll = function (): void {
    pollDriver(netif);
  };
  const failed = function (error: unknown): void {
    hal.log.log('failed: ' + String(error));
  };
  const turn = function (): void {
    if (NO_SYS) {
      pollDriver(netif);
      sysCheckTimeouts(stack);
    } else {
      try {
        tcpipTurn(stack, poll);
      } catch (error) {
        failed(error);
      }
    }
  };
  const sleep = function (): void {
    turn();
    let ms = NO_SYS ? sysTimeoutsSleeptime(stack) : tcpipSleeptime(stack);
    if (ms < 0 || ms > LONGEST_SLEEP) ms = LONGEST_SLEEP;
    if (driverSleeptime) {
      const own = driverSleeptime(netif);
      if (own < ms) ms = own;
    }
    hal.timers.setTimeout(sleep, ms || 1);
  };
  if (!NO_SYS) {
    stack.sys.wake = function () {
      hal.timers.setTimeout(turn, 0);
    };
    stack.sys.onTaskError = failed;
  }
  watch(netif, turn);
  if (NO_SYS) sleep();
  // What the app sets up comes before the first turn: until then the main program is the core.
  else hal.timers.setTimeout(sleep, 0);
  if (LWIP_DIAGNOSTICS) {
    global.net = netCommands(
      stack,
      function (line) {
        hal.log.log(line);
      },
      hal.memory,
      function () {
        return report(netif);
      },
    );
    hal.log.log('net.help() lists what the prompt can show');
  }
}
