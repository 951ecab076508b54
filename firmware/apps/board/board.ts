// A Pico with an ENC28J60: joins hal, driver and stack, and keeps them going from the engine's event loop.

import {
  enc28j60FaultText,
  enc28j60Init,
  enc28j60MacFilter,
  enc28j60New,
  enc28j60Poll,
  enc28j60Watch,
  type Enc28j60Config,
} from '../../../drivers/enc28j60/index.js';
import { kalumaHal, type KalumaHal } from '../../../hal/kaluma.js';
import { rp2040WordSum } from '../../../hal/rp2040_sum.js';
import { netCommands } from '../../diagnostics/net.js';
import { etharpOutput } from '../../stack/arp/etharp.js';
import { ipaddrNtoa } from '../../stack/core/ipaddr.js';
import {
  NETIF_FLAG_LINK_UP,
  netifAdd,
  netifSetDefault,
  netifSetUp,
  type Netif,
} from '../../stack/core/netif.js';
import { LWIP_CHKSUM_ENGINE, LWIP_DIAGNOSTICS, LWIP_IGMP, NO_SYS } from '../../stack/core/opt.js';
import type { Stack } from '../../stack/core/stack.js';
import { tcpipSleeptime, tcpipTurn } from '../../stack/core/tcpip.js';
import { sysCheckTimeouts, sysTimeoutsSleeptime } from '../../stack/core/timers.js';
import { dhcpStart } from '../../stack/dhcp/dhcp.js';
import { createStack } from '../../stack/init.js';
import { ethernetInput } from '../../stack/link/ethernet.js';

declare const global: { net: object };

/** GPIO numbers of the module's pins beside SPI 0's own (SCK 18, MOSI 19, MISO 16). */
const CS = 17;
const INT = 20;
const RESET = 21;

/** Longest time between two turns, ms: the net below a lost interrupt. */
const LONGEST_SLEEP = 50;

export interface Board {
  hal: KalumaHal;
  stack: Stack;
  netif: Netif;
}

/**
 * Brings the board onto the network: driver, interface, DHCP. Returns at once; the address comes later.
 * @throws Error in words when the chip does not answer
 */
export function boardStart(): Board {
  const hal = kalumaHal({});
  const stack = createStack({
    clock: hal.clock.millis,
    random16: hal.random.random16,
    wordSum: LWIP_CHKSUM_ENGINE ? rp2040WordSum() : null,
  });
  const config: Enc28j60Config = {
    spi: hal.spi,
    gpio: hal.gpio,
    clock: hal.clock,
    cs: CS,
    int: INT,
    reset: RESET,
    mac: stationAddress(hal),
    output: etharpOutput,
  };
  if (LWIP_IGMP) config.macFilter = enc28j60MacFilter;
  const device = enc28j60New(config);
  const netif = netifAdd(stack, 0, 0, 0, device, enc28j60Init, ethernetInput);
  if (!netif) throw new Error('ENC28J60: ' + enc28j60FaultText(device.fault));
  netif.hostname = 'lightwire';
  netif.statusCallback = netif.linkCallback = function () {
    hal.log.log((netif.flags & NETIF_FLAG_LINK_UP ? 'link up, ' : 'link down, ') + ipaddrNtoa(netif.ipAddr));
  };
  netifSetDefault(stack, netif);
  netifSetUp(netif);
  dhcpStart(netif);

  const poll = function (): void {
    enc28j60Poll(netif);
  };
  const failed = function (error: unknown): void {
    hal.log.log('failed: ' + String(error));
  };
  const turn = function (): void {
    if (NO_SYS) {
      enc28j60Poll(netif);
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
    const ms = NO_SYS ? sysTimeoutsSleeptime(stack) : tcpipSleeptime(stack);
    hal.timers.setTimeout(sleep, ms < 0 || ms > LONGEST_SLEEP ? LONGEST_SLEEP : ms || 1);
  };
  if (!NO_SYS) {
    stack.sys.wake = function () {
      hal.timers.setTimeout(turn, 0);
    };
    stack.sys.onTaskError = failed;
  }
  enc28j60Watch(netif, turn);
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
    );
    hal.log.log('net.help() lists what the prompt can show');
  }
  return { hal, stack, netif };
}

/**
 * The station address: from storage, or at first start a random one, which is then stored. Locally administered
 * and unicast (IEEE 802, 8.4).
 */
function stationAddress(hal: KalumaHal): Uint8Array {
  let numbers = (hal.storage.getItem('mac') || '').split(',') as (string | number)[];
  if (numbers.length !== 6) {
    numbers = [];
    for (let i = 0; i < 6; i++) numbers.push(hal.random.random16() >> 8);
    hal.storage.setItem('mac', numbers.join(','));
  }
  const mac = new Uint8Array(numbers as number[]);
  mac[0] = (mac[0]! & 0xfc) | 2;
  return mac;
}
