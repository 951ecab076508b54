// A Pico with an ENC28J60: joins hal, driver and stack.

import {
  enc28j60FaultText,
  enc28j60Init,
  enc28j60MacFilter,
  enc28j60New,
  enc28j60Poll,
  enc28j60Report,
  enc28j60Watch,
  type Enc28j60Config,
} from '../../../drivers/enc28j60/index.js';
import { kalumaHal, kalumaOpenSpi, type KalumaHal } from '../../../hal/kaluma.js';
import { rp2040WordSum } from '../../../hal/rp2040_sum.js';
import { etharpOutput } from '../../stack/arp/etharp.js';
import { netifAdd, netifSetDefault, netifSetUp } from '../../stack/core/netif.js';
import { LWIP_CHKSUM_ENGINE, LWIP_IGMP } from '../../stack/core/opt.js';
import { dhcpStart } from '../../stack/dhcp/dhcp.js';
import { createStack } from '../../stack/init.js';
import { ethernetInput } from '../../stack/link/ethernet.js';
import { runBoard, type Board } from './run.js';

export type { Board };

/** GPIO numbers of the module's pins beside SPI 0's own (SCK 18, MOSI 19, MISO 16). */
const CS = 17;
const INT = 20;
const RESET = 21;

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
    spi: kalumaOpenSpi(),
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
  netifSetDefault(stack, netif);
  netifSetUp(netif);
  dhcpStart(netif);

  runBoard(hal, stack, netif, enc28j60Poll, null, enc28j60Watch, enc28j60Report);
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
