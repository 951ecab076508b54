// The driver's turn in the main loop.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { MODE_FAILED, MODE_RUNNING, type Cyw43 } from './device.js';
import { check } from './recovery.js';
import { receive } from './rx.js';

/**
 * Takes received packets and looks after the chip. Call it from the main loop, at least when cyw43Sleeptime() says so,
 * and from cyw43Watch()'s handler.
 * @returns packets taken; as many as the budget allows means that more may wait
 */
export function cyw43Poll(netif: Netif): number {
  const dev = netif.state as Cyw43;
  // A poll from within a callback of this one.
  if (dev.polling || dev.mode < MODE_FAILED) return 0;
  dev.polling = true;
  try {
    const now = dev.clock.millis();
    const due = ((dev.nextCheck - now) | 0) <= 0;
    if (due) check(dev, now);
    return dev.mode === MODE_RUNNING ? receive(dev, netif, dev.budget, due) : 0;
  } finally {
    dev.polling = false;
  }
}

/** Milliseconds until the next poll that is needed whatever the interrupt says. */
export function cyw43Sleeptime(netif: Netif): number {
  const dev = netif.state as Cyw43;
  const ms = (dev.nextCheck - dev.clock.millis()) | 0;
  return ms > 0 ? ms : 0;
}
