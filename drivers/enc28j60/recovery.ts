// What keeps the chip going: interrupt causes other than frames, the link's state, and regular looks at the registers
// that a reset or a brown-out would change.

import { netifSetLinkDown, netifSetLinkUp, type Netif } from '../../firmware/stack/core/netif.js';
import { clearBits, exchange, readRegister } from './bus.js';
import { MODE_FAILED, MODE_RUNNING, type Enc28j60 } from './device.js';
import { FAULT_NONE, INTERRUPTS, start } from './init.js';
import { CHECK_INTERVAL, HEALTH_EVERY, RX_END } from './opt.js';
import { readPhy } from './phy.js';
import {
  ECON1,
  EIE,
  EIR,
  EPKTCNT,
  ERXNDH,
  ERXWRPTH,
  ERXWRPTL,
  LINKIF,
  LSTAT,
  MAADR1,
  MAADR6,
  PHIR,
  PHSTAT2,
  RXEN,
  RXERIF,
  TXERIF,
} from './registers.js';
import { receive, resetReceiver } from './rx.js';
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
  if (flags & TXERIF && dev.txBusy) transmitDone(dev, 0);
}

/**
 * The regular look, whatever the INT pin says.
 * @returns frames taken
 */
export function check(dev: Enc28j60, now: number): number {
  dev.nextCheck = (now + CHECK_INTERVAL) | 0;
  if (--dev.untilHealth <= 0) {
    dev.untilHealth = HEALTH_EVERY;
    if (!isHealthy(dev)) {
      dev.counters.restart++;
      restart(dev, now);
      return 0;
    }
    updateLink(dev);
    if (isRingStuck(dev)) resetReceiver(dev);
  }
  service(dev);
  if (dev.txBusy) transmitDone(dev, 0);
  const pin = dev.int;
  if (pin === null || !dev.digitalRead(pin)) return 0;
  const n = receive(dev, dev.netif!, dev.budget);
  // A frame that arrived since the pin was read, pulls it low until it is taken; one is no proof.
  if (n && ++dev.counters.intMissed >= INT_MISSED_LIMIT) dev.int = null;
  return n;
}

/** Sets the chip up anew; where it does not answer, the link is down until a later try succeeds. */
export function restart(dev: Enc28j60, now: number): void {
  dev.nextCheck = (now + CHECK_INTERVAL * HEALTH_EVERY) | 0;
  dev.untilHealth = HEALTH_EVERY;
  if (start(dev) === FAULT_NONE) {
    dev.mode = MODE_RUNNING;
    dev.nextCheck = (now + CHECK_INTERVAL) | 0;
    updateLink(dev);
  } else {
    dev.mode = MODE_FAILED;
    linkDown(dev);
  }
}

/** Reads the link's state and tells the stack. DS39662E, 3.3.4 and 12.1.5: reading PHIR clears LINKIF. */
export function updateLink(dev: Enc28j60): void {
  readPhy(dev, PHIR);
  const status = readPhy(dev, PHSTAT2);
  if (status >= 0 && status & LSTAT) {
    const netif = dev.netif as Netif;
    const before = netif.flags;
    netifSetLinkUp(netif);
    if (netif.flags !== before) dev.counters.linkChange++;
  } else linkDown(dev);
}

/** The stack is told that there is no link. */
export function linkDown(dev: Enc28j60): void {
  const netif = dev.netif as Netif;
  const before = netif.flags;
  netifSetLinkDown(netif);
  if (netif.flags !== before) dev.counters.linkChange++;
}

/** Registers that differ after any reset: ERXND, EIE, ECON1.RXEN, and the station address. */
function isHealthy(dev: Enc28j60): boolean {
  // The bank is known only if the chip was not reset: select it for certain.
  clearBits(dev, ECON1, 3);
  dev.bank = 0;
  const mac = dev.config.mac;
  return (
    (readRegister(dev, ECON1) & RXEN) !== 0 &&
    readRegister(dev, EIE) === INTERRUPTS &&
    readRegister(dev, ERXNDH) === RX_END >> 8 &&
    readRegister(dev, MAADR1) === mac[0] &&
    readRegister(dev, MAADR6) === mac[5]
  );
}

/** The chip has written past the next packet and yet counts none. */
function isRingStuck(dev: Enc28j60): boolean {
  if (readRegister(dev, EPKTCNT)) return false;
  const at = readRegister(dev, ERXWRPTL) | (readRegister(dev, ERXWRPTH) << 8);
  return at !== dev.rxNext && readRegister(dev, EPKTCNT) === 0;
}
