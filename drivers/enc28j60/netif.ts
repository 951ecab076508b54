// The device as a network interface: what netifAdd() calls, interrupts, statistics.

import { ERR_ARG, type Err } from '../../firmware/stack/core/err.js';
import { MEMP_PBUF_POOL } from '../../firmware/stack/core/memp.js';
import {
  NETIF_CHECKSUM_CHECK_TCP,
  NETIF_CHECKSUM_CHECK_UDP,
  NETIF_CHECKSUM_GEN_TCP,
  NETIF_CHECKSUM_GEN_UDP,
  NETIF_FLAG_BROADCAST,
  NETIF_FLAG_ETHARP,
  NETIF_FLAG_ETHERNET,
  NETIF_FLAG_IGMP,
  NETIF_FLAG_LINK_UP,
  NETIF_FLAG_RXFILTER,
  type Netif,
} from '../../firmware/stack/core/netif.js';
import { LWIP_CHECKSUM_CTRL_PER_NETIF } from '../../firmware/stack/core/opt.js';
import { MODE_FAILED, MODE_RUNNING, type Enc28j60, type Enc28j60Counters } from './device.js';
import { restart } from './init.js';
import { enc28j60Poll } from './poll.js';
import { enc28j60Linkoutput } from './tx.js';

/**
 * Sets up the chip and fills in the interface: the `init` of netifAdd(), whose `state` is enc28j60New()'s device.
 * @returns ERR_OK; ERR_ARG for a station address that is none; ERR_IF when the chip does not work: dev.fault and
 * enc28j60FaultText() tell why
 */
export function enc28j60Init(netif: Netif): Err {
  const dev = netif.state as Enc28j60;
  const config = dev.config;
  const mac = config.mac;
  if (mac.length !== 6 || mac[0]! & 1) return ERR_ARG;
  dev.netif = netif;
  dev.rxPool = netif.stack.memp[MEMP_PBUF_POOL]!;
  netif.hwaddr = mac;
  netif.mtu = 1500;
  netif.name = 'en';
  netif.flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  // Chapter 8: beside broadcasts the chip takes its own address only, until the hash table is used, which others may hit.
  if (!config.macFilter) netif.flags |= NETIF_FLAG_RXFILTER;
  netif.linkoutput = enc28j60Linkoutput;
  if (config.macFilter) {
    netif.macFilter = config.macFilter;
    netif.flags |= NETIF_FLAG_IGMP;
  }
  if (config.output) netif.output = config.output;
  if (LWIP_CHECKSUM_CTRL_PER_NETIF && dev.checksum) {
    netif.chksumFlags &= ~(
      NETIF_CHECKSUM_GEN_UDP |
      NETIF_CHECKSUM_GEN_TCP |
      NETIF_CHECKSUM_CHECK_UDP |
      NETIF_CHECKSUM_CHECK_TCP
    );
  }
  if (dev.int != null) config.gpio.inputPullup(dev.int);
  return restart(dev);
}

/**
 * Has the chip polled when its INT pin falls. Polls of the main loop are still needed, for time-outs and as a net
 * below lost interrupts, but may be rare.
 * @param handler called from the event loop; by default it polls
 * @returns false when no INT pin is configured
 */
export function enc28j60Watch(netif: Netif, handler?: () => void): boolean {
  const dev = netif.state as Enc28j60;
  if (dev.int == null) return false;
  if (dev.stopWatch) dev.stopWatch();
  dev.stopWatch = dev.config.gpio.watch(
    dev.int,
    0,
    handler ||
      function () {
        enc28j60Poll(netif);
      },
  );
  return true;
}

/** Sets the chip up anew, as after a reset; filters are kept. @returns ERR_OK or ERR_IF */
export function enc28j60Restart(netif: Netif): Err {
  return restart(netif.state as Enc28j60);
}

export interface Enc28j60Stats {
  revision: number;
  fault: number;
  running: boolean;
  failed: boolean;
  link: boolean;
  fullDuplex: boolean;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  counters: Enc28j60Counters;
}

/** State and counters of the device, for display. */
export function enc28j60Stats(netif: Netif): Enc28j60Stats {
  const dev = netif.state as Enc28j60;
  return {
    revision: dev.revision,
    fault: dev.fault,
    running: dev.mode === MODE_RUNNING,
    failed: dev.mode === MODE_FAILED,
    link: (netif.flags & NETIF_FLAG_LINK_UP) !== 0,
    fullDuplex: dev.fullDuplex,
    rxPackets: netif.inPackets,
    rxBytes: netif.inOctets,
    txPackets: netif.outPackets,
    txBytes: netif.outOctets,
    counters: dev.counters,
  };
}
