// A Pico W with its own radio: joins hal, driver and stack. In the place of board.ts in apps whose options say
// `"board": "wifi"`. The network to join is in Kaluma's storage, under the names that Kaluma's own programs use:
// WIFI_SSID, WIFI_PASSWORD.

import {
  cyw43BootStep,
  cyw43FaultText,
  cyw43Init,
  cyw43Join,
  cyw43LinkState,
  cyw43LinkText,
  cyw43Multicast,
  cyw43New,
  cyw43Poll,
  cyw43Report,
  cyw43Sleeptime,
  cyw43Watch,
  FAULT_NO_IMAGE,
  type Cyw43,
  type Cyw43Start,
} from '../../../drivers/cyw43/index.js';
import { kalumaHal } from '../../../hal/kaluma.js';
import { kalumaBlob, type KalumaBlobConfig } from '../../../hal/kaluma_blob.js';
import { kalumaCode } from '../../../hal/kaluma_code.js';
import { kalumaPioBus } from '../../../hal/kaluma_pio_bus.js';
import { rp2040WordSum } from '../../../hal/rp2040_sum.js';
import { etharpOutput } from '../../stack/arp/etharp.js';
import { netifAdd, netifSetDefault, netifSetUp } from '../../stack/core/netif.js';
import { LWIP_CHKSUM_ENGINE, LWIP_IGMP } from '../../stack/core/opt.js';
import { dhcpStart } from '../../stack/dhcp/dhcp.js';
import { createStack } from '../../stack/init.js';
import { ethernetInput } from '../../stack/link/ethernet.js';
import { overlay } from './overlay.js';
import { runBoard, type Board } from './run.js';

export type { Board };

/** GPIO numbers of the radio on a Pico W: power, data with chip select behind it, clock. */
const POWER = 23;
const DATA = 24;
const CLOCK = 29;

/**
 * Where the command line stores the chip's firmware: raw in flash at 0x130000, or in a file. The kind is "LWCYW43" and a
 * zero, format 1, chip 43439.
 */
const IMAGE: KalumaBlobConfig = {
  kind: [0x5943574c, 0x00333457, 1, 43439],
  sector: 52,
  sectors: 80,
  file: '/cyw43.img',
};

/** What a start of the chip needs; some 4 KB of heap that are free at other times. */
function chipStart(): Cyw43Start {
  return { step: cyw43BootStep, image: kalumaBlob(IMAGE) };
}

/** A board whose radio can be told what to do. */
export interface WifiBoard extends Board {
  device: Cyw43;
}

/**
 * Brings the board onto the network: driver, interface, DHCP. Returns at once; link and address come later.
 * @throws Error in words where the engine cannot drive the radio
 */
export function boardStart(): Board {
  const board = wifiStart();
  const hal = board.hal;
  const ssid = hal.storage.getItem('WIFI_SSID');
  if (ssid) cyw43Join(board.netif, { ssid, passphrase: hal.storage.getItem('WIFI_PASSWORD') });
  else hal.log.log("wifi: no network is set: storage.setItem('WIFI_SSID', ...), then reset");
  return board;
}

/**
 * As boardStart(), but joins no network.
 * @throws Error as boardStart()
 */
export function wifiStart(): WifiBoard {
  const hal = kalumaHal({});
  const bus = kalumaPioBus({ data: DATA, clock: CLOCK });
  if (!bus) throw new Error('CYW43439: this engine has no PIO, or no room in it');
  const wordSum = LWIP_CHKSUM_ENGINE ? rp2040WordSum() : null;
  const stack = createStack({ clock: hal.clock.millis, random16: hal.random.random16, wordSum });
  const device = cyw43New({
    bus,
    gpio: hal.gpio,
    clock: hal.clock,
    power: POWER,
    data: DATA,
    start: function () {
      const start = overlay(chipStart, kalumaCode);
      return start && start();
    },
    wordSum,
    output: etharpOutput,
  });
  const netif = netifAdd(stack, 0, 0, 0, device, cyw43Init, ethernetInput)!;
  netif.hostname = 'lightwire';
  netifSetDefault(stack, netif);
  if (LWIP_IGMP) cyw43Multicast(netif);
  netifSetUp(netif);
  dhcpStart(netif);
  device.wifi.onState = function () {
    hal.log.log('wifi: ' + cyw43LinkText(cyw43LinkState(netif)));
  };
  device.onStarted = function () {
    const fault = device.fault;
    hal.log.log(
      'wifi: chip ' +
        (fault
          ? cyw43FaultText(fault) + (fault === FAULT_NO_IMAGE ? ' (' + device.imageReason + ')' : '')
          : 'started in ' + device.startTime + ' ms, ' + device.downloadTime + ' of them for its firmware'),
    );
  };
  runBoard(hal, stack, netif, cyw43Poll, cyw43Sleeptime, cyw43Watch, cyw43Report);
  return { hal, stack, netif, device };
}
