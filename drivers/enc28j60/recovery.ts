// What keeps the chip going: interrupt causes other than frames, and regular looks at what a reset, a brown-out or a
// lost instruction would change.

import { clearBits, exchange, readRegister } from './bus.js';
import { MODE_RUNNING, type Enc28j60 } from './device.js';
import { isHealthy, restart, updateLink } from './init.js';
import { CHECK_INTERVAL, HEALTH_EVERY, TX_STUCK } from './opt.js';
import { EIR, EPKTCNT, ERXWRPTH, ERXWRPTL, LINKIF, RXERIF } from './registers.js';
import { receive } from './rx.js';
import { transmitDone } from './tx.js';

/** Frames found with INT high before the pin is taken for not connected. */
const INT_MISSED_LIMIT = 3;

/** Sees to all interrupt flags but PKTIF. */
export function service(dev: Enc28j60): void {
  const flags = exchange(dev, dev.readEir)[1]!;
  if (flags & LINKIF) updateLink(dev);
  if (flags & RXERIF) {
    dev.counters.rxOverflow++;
    clearBits(dev, EIR, RXERIF);
  }
  if (dev.txBusy) transmitDone(dev, 1);
}

/**
 * The regular look, whatever the INT pin says.
 * @returns frames taken
 */
export function check(dev: Enc28j60, now: number): number {
  dev.nextCheck = (now + CHECK_INTERVAL) | 0;
  if (--dev.untilHealth <= 0) {
    dev.untilHealth = HEALTH_EVERY;
    if (isHealthy(dev) && !isRingStuck(dev)) updateLink(dev);
    else {
      dev.counters.restart++;
      restart(dev);
    }
  }
  if (dev.mode !== MODE_RUNNING) return 0;
  service(dev);
  if (dev.txBusy && ++dev.late > TX_STUCK) {
    dev.counters.txStuck++;
    restart(dev);
    return 0;
  }
  const pin = dev.int;
  if (pin == null || !dev.digitalRead(pin)) return 0;
  const n = receive(dev, dev.netif!, dev.budget, true);
  // A frame that arrived since the pin was read, pulls it low until it is taken; one is no proof.
  if (n && ++dev.counters.intMissed >= INT_MISSED_LIMIT) dev.int = null;
  return n;
}

/** The chip has written past the next packet and yet counts none. */
function isRingStuck(dev: Enc28j60): boolean {
  const at = readRegister(dev, ERXWRPTL) | (readRegister(dev, ERXWRPTH) << 8);
  return at !== dev.rxNext && !readRegister(dev, EPKTCNT);
}
