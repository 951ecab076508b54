// The driver's turn in the main loop: what lwIP calls ethernetif_input(). Decides by INT pin and clock what to look
// at; receiving, sending and recovery are elsewhere.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { clearBits, setBits } from './bus.js';
import { MODE_FAILED, MODE_RUNNING, type Enc28j60 } from './device.js';
import { check, service } from './recovery.js';
import { EIE, INTIE } from './registers.js';
import { receive } from './rx.js';

/**
 * Takes received frames and looks after the chip. Call it from the main loop, and where INT is wired also from
 * enc28j60Watch()'s handler; the loop's call makes up for lost interrupts.
 * @returns frames taken; as many as the budget allows means that more may wait
 */
export function enc28j60Poll(netif: Netif): number {
  const dev = netif.state as Enc28j60;
  const now = dev.clock.millis();
  const due = ((dev.nextCheck - now) | 0) <= 0;
  let taken = due && dev.mode >= MODE_FAILED ? check(dev, now) : 0;
  const pin = dev.int;
  const budget = dev.budget;
  while (taken < budget) {
    if (dev.mode !== MODE_RUNNING || (pin != null && dev.digitalRead(pin))) return taken;
    const n = receive(dev, netif, budget - taken, due);
    taken += n;
    if (pin == null) {
      if (!n && dev.txBusy) service(dev);
      return taken;
    }
    if (!n) {
      // Not a frame: link, overflow or a failed transmission.
      service(dev);
      break;
    }
  }
  // Leaving with INT low would give engines that watch for edges no further one: taking INTIE back for a moment makes
  // it (DS39662E, 12.0).
  if (pin != null && !dev.digitalRead(pin)) {
    clearBits(dev, EIE, INTIE);
    setBits(dev, EIE, INTIE);
  }
  return taken;
}
