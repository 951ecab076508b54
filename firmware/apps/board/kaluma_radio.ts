// The radio of a Pico W as Kaluma's Wi-Fi device wants it: the driver's calls and states in Kaluma's words.

import { cyw43ApClients, cyw43ApInit, cyw43ApStart, cyw43ApStop } from '../../../drivers/cyw43/ap.js';
import { MODE_FAILED, type Cyw43 } from '../../../drivers/cyw43/device.js';
import { cyw43Join, cyw43Leave } from '../../../drivers/cyw43/join.js';
import {
  LINK_CONNECTED_NO_ADDRESS,
  LINK_JOINING,
  LINK_LOST,
  LINK_NO_ANSWER,
  LINK_NO_NETWORK,
  LINK_REFUSED,
  LINK_WRONG_PASSWORD,
} from '../../../drivers/cyw43/link.js';
import { cyw43Restart } from '../../../drivers/cyw43/netif.js';
import { cyw43Scan } from '../../../drivers/cyw43/scan.js';
import { SECURITY_EAP, SECURITY_WEP } from '../../../drivers/cyw43/security.js';
import { macText } from '../../../drivers/cyw43/words.js';
import {
  EACCES,
  ECONNREFUSED,
  EINPROGRESS,
  ENETDOWN,
  ENETUNREACH,
  ENODEV,
  ENOTCONN,
  ENXIO,
  errToErrno,
  ETIMEDOUT,
} from '../../api/errno.js';
import type { WifiRadio, WifiRadioAp } from '../../api/kaluma_ieee80211dev.js';
import { dhcpServerStart, dhcpServerStop, type DhcpServer } from '../../services/dhcp_server.js';
import { ERR_ARG, ERR_MEM, ERR_OK } from '../../stack/core/err.js';
import { ip4MaskValid, ipaddrAton } from '../../stack/core/ipaddr.js';
import { netifAdd, netifSetAddr, netifSetDown, netifSetUp, type Netif } from '../../stack/core/netif.js';
import { LWIP_SINGLE_NETIF } from '../../stack/core/opt.js';
import { ethernetInput } from '../../stack/link/ethernet.js';

/** Addresses for stations of the board's own network. */
const POOL = 16;

/** Kaluma's names for WPA, WPA2 and WPA3 together, by the bits of SECURITY_ above WEP's. */
function securityNames(): string[] {
  return [
    'OPEN',
    'WPA_PSK',
    'WPA2_PSK',
    'WPA2_WPA_PSK',
    'WPA3_PSK',
    'WPA3_WPA_PSK',
    'WPA3_WPA2_PSK',
    'WPA3_WPA2_WPA_PSK',
  ];
}

function securityText(security: number): string {
  if (security & SECURITY_EAP) return 'WPA2_EAP';
  return security & SECURITY_WEP ? 'WEP_PSK' : securityNames()[security >> 1]!;
}

/** The errno for a link's state: why there is none, or that it is on its way. */
function errnoOf(state: number): number {
  return state === LINK_CONNECTED_NO_ADDRESS
    ? 0
    : state === LINK_JOINING
      ? EINPROGRESS
      : state === LINK_NO_NETWORK
        ? ENETUNREACH
        : state === LINK_WRONG_PASSWORD
          ? EACCES
          : state === LINK_REFUSED
            ? ECONNREFUSED
            : state === LINK_NO_ANSWER
              ? ETIMEDOUT
              : state === LINK_LOST
                ? ENETDOWN
                : ENOTCONN;
}

/** @param netif the station's interface */
export function kalumaRadio(device: Cyw43, netif: Netif): WifiRadio {
  const wifi = device.wifi;
  const radio: WifiRadio = {
    netif,
    onChange: null,
    state: function () {
      if (device.mode === MODE_FAILED) return ENXIO;
      return wifi.up ? errnoOf(wifi.state) : ENODEV;
    },
    join: function (ssid, passphrase, security) {
      const bits = securityNames().indexOf(security || '');
      return cyw43Join(netif, { ssid, passphrase, security: bits < 0 ? undefined : bits << 1 });
    },
    leave: function () {
      cyw43Leave(netif);
    },
    bssid: function () {
      return macText(wifi.bssid);
    },
    scan: function (found, done) {
      return cyw43Scan(
        netif,
        {},
        function (result) {
          found({
            ssid: result.ssid,
            bssid: macText(result.bssid),
            security: securityText(result.security),
            rssi: result.rssi,
            channel: result.channel,
          });
        },
        function (err) {
          done(errToErrno(err));
        },
      );
    },
    restart: function () {
      cyw43Restart(netif);
    },
    ap: LWIP_SINGLE_NETIF ? null : accessPoint(device),
  };
  const change = function (): void {
    if (radio.onChange) radio.onChange();
  };
  const onState = wifi.onState;
  wifi.onState = function (changed) {
    if (onState) onState(changed);
    change();
  };
  const onStarted = device.onStarted;
  device.onStarted = function () {
    if (onStarted) onStarted();
    change();
  };
  wifi.onUp.push(change);
  return radio;
}

/** The board as an access point, with a DHCP server for its stations. */
function accessPoint(device: Cyw43): WifiRadioAp {
  let netif: Netif | null = null;
  let server: DhcpServer | null = null;
  const stop = function (): void {
    if (server) dhcpServerStop(server);
    server = null;
    if (!netif) return;
    cyw43ApStop(netif);
    netifSetDown(netif);
    netifSetAddr(netif, 0, 0, 0);
  };
  return {
    start: function (ssid, passphrase, gateway, mask) {
      const own = ipaddrAton(gateway || '192.168.4.1');
      const netmask = ipaddrAton(mask || '255.255.255.0');
      if (own === -1 || netmask === -1 || !ip4MaskValid(netmask)) return ERR_ARG;
      stop();
      netif = netif || netifAdd(device.netif!.stack, 0, 0, 0, device, cyw43ApInit, ethernetInput);
      if (!netif) return ERR_MEM;
      const err = cyw43ApStart(netif, { ssid, passphrase });
      if (err !== ERR_OK) return err;
      netifSetAddr(netif, own, netmask, 0);
      netifSetUp(netif);
      const hosts = (~netmask >>> 0) - 1;
      const first = ((own & netmask) >>> 0) + 1;
      server = dhcpServerStart(netif, { first, count: hosts < POOL ? hosts : POOL });
      return server ? ERR_OK : ERR_MEM;
    },
    stop,
    clients: function () {
      if (!netif) return [];
      return cyw43ApClients(netif).map(function (mac) {
        return macText(mac).toLowerCase();
      });
    },
  };
}
