// The device as a network interface: what netifAdd() calls, the interrupt, statistics.

import { ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { MEMP_PBUF_POOL } from '../../firmware/stack/core/memp.js';
import {
  NETIF_FLAG_BROADCAST,
  NETIF_FLAG_ETHARP,
  NETIF_FLAG_ETHERNET,
  NETIF_FLAG_LINK_UP,
  NETIF_FLAG_RXFILTER,
  type Netif,
} from '../../firmware/stack/core/netif.js';
import { MODE_OFF, MODE_RUNNING, type Cyw43, type Cyw43Counters } from './device.js';
import { cyw43Poll } from './poll.js';
import { restart } from './recovery.js';
import { cyw43Linkoutput } from './tx.js';

/**
 * Fills in the interface and has the chip started by the polls that follow: the `init` of netifAdd(), whose `state` is
 * cyw43New()'s device. The station address is the chip's own and known when it has started.
 * @returns ERR_OK; whether the chip works shows later, in dev.fault and cyw43FaultText()
 */
export function cyw43Init(netif: Netif): Err {
  const dev = netif.state as Cyw43;
  dev.netif = netif;
  dev.rxPool = netif.stack.memp[MEMP_PBUF_POOL]!;
  netif.mtu = 1500;
  netif.name = 'wl';
  netif.flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_RXFILTER;
  netif.linkoutput = cyw43Linkoutput;
  netif.output = dev.config.output;
  restart(dev, dev.clock.millis());
  return ERR_OK;
}

/**
 * Has the chip polled when it raises its interrupt.
 * @param handler called from the event loop; by default it polls
 */
export function cyw43Watch(netif: Netif, handler?: () => void): void {
  const dev = netif.state as Cyw43;
  if (dev.stopWatch) dev.stopWatch();
  dev.stopWatch = dev.config.gpio.watch(
    dev.data,
    1,
    handler ||
      function () {
        cyw43Poll(netif);
      },
  );
}

/** Starts the chip anew, as after a reset. */
export function cyw43Restart(netif: Netif): void {
  const dev = netif.state as Cyw43;
  restart(dev, dev.clock.millis());
}

/** Takes the chip's power away; cyw43Restart() gives it back. */
export function cyw43PowerOff(netif: Netif): void {
  const dev = netif.state as Cyw43;
  restart(dev, dev.clock.millis());
  dev.mode = MODE_OFF;
  dev.config.gpio.digitalWrite(dev.config.power, 0);
}

export interface Cyw43Stats {
  fault: number;
  running: boolean;
  link: boolean;
  /** Milliseconds that the last start took, and of them the download of the firmware. */
  startTime: number;
  downloadTime: number;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  counters: Cyw43Counters;
}

/** State and counters of the device, for display. */
export function cyw43Stats(netif: Netif): Cyw43Stats {
  const dev = netif.state as Cyw43;
  return {
    fault: dev.fault,
    running: dev.mode === MODE_RUNNING,
    link: (netif.flags & NETIF_FLAG_LINK_UP) !== 0,
    startTime: dev.startTime,
    downloadTime: dev.downloadTime,
    rxPackets: netif.inPackets,
    rxBytes: netif.inOctets,
    txPackets: netif.outPackets,
    txBytes: netif.outOctets,
    counters: dev.counters,
  };
}
