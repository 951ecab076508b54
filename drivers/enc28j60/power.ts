// Changes while running: duplex mode, and the chip's power-save mode (DS39662E, 6.6 and chapter 14).

import { ERR_IF, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import { clearBits, readRegister, setBits } from './bus.js';
import { MODE_RUNNING, MODE_SUSPENDED, type Enc28j60 } from './device.js';
import { restart, setLink, updateLink } from './init.js';
import { CHECK_INTERVAL, TX_WAIT } from './opt.js';
import { ECON1, ECON2, ESTAT, ESTAT_CLKRDY, ESTAT_RXBUSY, PWRSV, RXEN, TXRST, VRPS } from './registers.js';
import { transmitDone } from './tx.js';

/** Milliseconds that an ongoing frame may take. */
const QUIET = 5;

/**
 * Changes between half and full duplex, by a set-up anew. The peer must be set likewise: the chip does not negotiate.
 * @returns ERR_OK, or ERR_IF when the chip did not follow
 */
export function enc28j60SetDuplex(netif: Netif, full: boolean): Err {
  const dev = netif.state as Enc28j60;
  if (dev.fullDuplex === full) return ERR_OK;
  dev.fullDuplex = full;
  if (dev.mode !== MODE_RUNNING) return ERR_OK;
  stop(dev);
  return restart(dev);
}

/** Puts the chip into power-save mode (about 1 mA instead of 120 to 180); it neither sends nor receives. */
export function enc28j60Suspend(netif: Netif): void {
  const dev = netif.state as Enc28j60;
  if (dev.mode !== MODE_RUNNING) return;
  stop(dev);
  setBits(dev, ECON2, VRPS);
  setBits(dev, ECON2, PWRSV);
  dev.mode = MODE_SUSPENDED;
  dev.epoch++;
  setLink(dev, 0);
}

/**
 * Wakes the chip; registers and buffered frames are as they were.
 * @returns ERR_OK, or ERR_IF when it had to be set up anew and does not answer
 */
export function enc28j60Resume(netif: Netif): Err {
  const dev = netif.state as Enc28j60;
  if (dev.mode !== MODE_SUSPENDED) return dev.mode === MODE_RUNNING ? ERR_OK : ERR_IF;
  clearBits(dev, ECON2, PWRSV);
  // 14.0: the clock needs 300 µs.
  dev.clock.delayMs(1);
  if (!(readRegister(dev, ESTAT) & ESTAT_CLKRDY)) return restart(dev);
  dev.mode = MODE_RUNNING;
  dev.nextCheck = (dev.clock.millis() + CHECK_INTERVAL) | 0;
  setBits(dev, ECON1, RXEN);
  updateLink(dev);
  return ERR_OK;
}

/** Stops receiving and sending; a frame under way is waited for, for some milliseconds. */
function stop(dev: Enc28j60): void {
  clearBits(dev, ECON1, RXEN);
  const clock = dev.clock;
  for (let i = 0; i < QUIET && readRegister(dev, ESTAT) & ESTAT_RXBUSY; i++) clock.delayMs(1);
  if (dev.txBusy && !transmitDone(dev, TX_WAIT)) {
    setBits(dev, ECON1, TXRST);
    clearBits(dev, ECON1, TXRST);
    dev.txBusy = false;
    dev.counters.txAborted++;
  }
}
