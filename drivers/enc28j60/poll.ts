// The driver's turn in the main loop: what lwIP calls ethernetif_input(). Decides by INT pin and clock what to look
// at; receiving, sending and recovery are elsewhere.

import type { Netif } from '../../firmware/stack/core/netif.js';
import { clearBits, setBits } from './bus.js';
import { MODE_FAILED, MODE_RUNNING, type Enc28j60 } from './device.js';
import { check, restart, service } from './recovery.js';
import { EIE, INTIE } from './registers.js';
import { receive } from './rx.js';
import { transmitDone } from './tx.js';

/** Rounds of one poll while the INT pin stays low. */
const ROUNDS = 8;

/**
 * Takes received frames and looks after the chip. Call it from the main loop, and where INT is wired also from
 * enc28j60Watch()'s handler; the loop's call makes up for lost interrupts.
 * @returns frames taken; as many as the budget allows means that more may wait
 */
export function enc28j60Poll(netif: Netif): number {
  const dev = netif.state as Enc28j60;
  const now = dev.clock.millis();
  const due = ((dev.nextCheck - now) | 0) <= 0;
  if (dev.mode !== MODE_RUNNING) {
    if (dev.mode === MODE_FAILED && due) restart(dev, now);
    return 0;
  }
  let taken = due ? check(dev, now) : 0;
  const pin = dev.int;
  const budget = dev.budget;
  if (pin === null) {
    if (dev.mode !== MODE_RUNNING) return taken;
    const n = receive(dev, netif, budget);
    if (n === 0 && dev.txBusy) transmitDone(dev, 0);
    return n + taken;
  }
  const digitalRead = dev.digitalRead;
  for (let i = 0; i < ROUNDS; i++) {
    if (digitalRead(pin) || dev.mode !== MODE_RUNNING) return taken;
    const n = receive(dev, netif, budget - taken);
    taken += n;
    if (n === 0) {
      if (dev.held) break;
      // Not a frame: link, overflow or a failed transmission.
      service(dev);
    }
    if (taken >= budget) break;
  }
  rearm(dev, pin);
  return taken;
}

/**
 * Leaving with INT low would give engines that watch for edges no further one: taking INTIE back for a moment makes
 * it (DS39662E, 12.0).
 */
function rearm(dev: Enc28j60, pin: NonNullable<Enc28j60['int']>): void {
  if (dev.mode !== MODE_RUNNING || dev.digitalRead(pin)) return;
  clearBits(dev, EIE, INTIE);
  setBits(dev, EIE, INTIE);
}
