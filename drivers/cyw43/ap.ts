// The chip as an access point: interface 1, beside the station or without it. While the station is in a network, both
// are on that network's channel.

import { ERR_ARG, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import {
  NETIF_FLAG_BROADCAST,
  NETIF_FLAG_ETHARP,
  NETIF_FLAG_ETHERNET,
  netifSetLinkDown,
  netifSetLinkUp,
  type Netif,
} from '../../firmware/stack/core/netif.js';
import {
  EVENT_ASSOC_IND,
  EVENT_DEAUTH,
  EVENT_DEAUTH_IND,
  EVENT_DISASSOC,
  EVENT_DISASSOC_IND,
  EVENT_REASSOC_IND,
  WLC_GET_ASSOCLIST,
  WLC_SET_CHANNEL,
  WLC_SET_DTIMPRD,
  WLC_SET_GMODE,
  WLC_SET_WSEC_PMK,
} from './commands.js';
import { ioctl, ioctlNumber, iovarGet, iovarNumbers, iovarSet } from './control.js';
import type { Cyw43 } from './device.js';
import {
  authOf,
  mfpOf,
  pmkOf,
  saeOf,
  SECURITY_OPEN,
  SECURITY_WPA2,
  SECURITY_WPA3,
  wsecOf,
} from './security.js';
import { cyw43Linkoutput } from './tx.js';
import { put32, utf8 } from './words.js';

export interface ApConfig {
  /** Name of the network, at most 32 bytes in UTF-8. */
  ssid: string;
  /** 8 to 63 characters; absent for an open network. */
  passphrase?: string | null;
  /** SECURITY_ bits; absent: open without a passphrase, else WPA2. */
  security?: number;
  /** 1 to 13; default 3. The country's rules and the station's network come first. */
  channel?: number;
  /** A station came (true) or went. */
  onClient?: ((mac: Uint8Array, came: boolean) => void) | null;
}

export interface Ap {
  netif: Netif;
  config: ApConfig | null;
  clients: Uint8Array[];
}

/** The access point's interface, as the chip counts them, and as the firmware counts its networks. */
const IFACE = 1;
/** The most stations that the list of clients tells. */
const CLIENTS = 10;
/** In units of 500 kbit/s: the rate of broadcasts, 11 Mbit/s. */
const BROADCAST_RATE = 22;

/**
 * Fills in the access point's interface: the `init` of netifAdd(), whose `state` is the station's device. The interface
 * has the station's address.
 */
export function cyw43ApInit(netif: Netif): Err {
  const dev = netif.state as Cyw43;
  const wifi = dev.wifi;
  const ap: Ap = { netif, config: null, clients: [] };
  dev.apNetif = netif;
  wifi.ap = ap;
  netif.mtu = 1500;
  netif.name = 'ap';
  netif.flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  netif.linkoutput = cyw43Linkoutput;
  netif.output = dev.config.output;
  wifi.onUp.push(function (up) {
    if (!up) down(ap);
    else if (ap.config) start(dev, ap.config);
  });
  wifi.onAp = function (type, bytes, off) {
    if (!ap.config) return;
    const mac = new Uint8Array(bytes.subarray(off - 24, off - 18));
    if (type === EVENT_ASSOC_IND || type === EVENT_REASSOC_IND) note(ap, mac, true);
    else if (
      type === EVENT_DISASSOC_IND ||
      type === EVENT_DEAUTH_IND ||
      type === EVENT_DISASSOC ||
      type === EVENT_DEAUTH
    ) {
      note(ap, mac, false);
    }
  };
  return ERR_OK;
}

/**
 * Opens the network. May be called before the chip is ready; opened anew when the chip is started anew.
 * @param netif the access point's interface
 * @param config kept, not copied
 * @returns ERR_OK, or ERR_ARG for a name or passphrase of a length that cannot be
 */
export function cyw43ApStart(netif: Netif, config: ApConfig): Err {
  const dev = netif.state as Cyw43;
  const name = utf8(config.ssid).length;
  const secret = config.passphrase ? utf8(config.passphrase).length : 0;
  if (!name || name > 32 || (secret ? secret < 8 || secret > 63 : config.security)) return ERR_ARG;
  cyw43ApStop(netif);
  dev.wifi.ap!.config = config;
  if (dev.wifi.up) start(dev, config);
  return ERR_OK;
}

/** Closes the network; its stations are sent away. */
export function cyw43ApStop(netif: Netif): void {
  const dev = netif.state as Cyw43;
  const ap = dev.wifi.ap!;
  if (ap.config && dev.wifi.up) iovarNumbers(dev, 'bss', [IFACE, 0], 0, null);
  ap.config = null;
  down(ap);
}

/** Addresses of the stations that are in the network, as events have told. */
export function cyw43ApClients(netif: Netif): Uint8Array[] {
  return (netif.state as Cyw43).wifi.ap!.clients;
}

/** Asks the chip which stations are there. @param done takes their addresses; null when the chip does not tell */
export function cyw43ApAskClients(netif: Netif, done: (clients: Uint8Array[] | null) => void): void {
  const question = new Uint8Array(4 + 6 * CLIENTS);
  put32(question, 0, CLIENTS);
  ioctl(
    netif.state as Cyw43,
    false,
    WLC_GET_ASSOCLIST,
    IFACE,
    question,
    function (dev, status, b, off, length) {
      if (status) return done(null);
      const ap = dev.wifi.ap!;
      ap.clients = [];
      const n = b[off]!;
      for (let i = 0; i < n && 10 + 6 * i <= length; i++) {
        ap.clients.push(new Uint8Array(b.subarray(off + 4 + 6 * i, off + 10 + 6 * i)));
      }
      done(ap.clients);
    },
  );
}

function start(dev: Cyw43, config: ApConfig): void {
  const ap = dev.wifi.ap!;
  const passphrase = config.passphrase;
  const security = config.security || (passphrase ? SECURITY_WPA2 : SECURITY_OPEN);
  const name = utf8(config.ssid);
  const ssid = new Uint8Array(40);
  ssid[0] = IFACE;
  put32(ssid, 4, name.length);
  ssid.set(name, 8);
  iovarSet(dev, 'bsscfg:ssid', ssid, 0, null);
  ioctlNumber(dev, WLC_SET_CHANNEL, config.channel || 3, 0, null);
  iovarNumbers(dev, 'bsscfg:wsec', [IFACE, wsecOf(security)], 0, null);
  iovarNumbers(dev, 'bsscfg:wpa_auth', [IFACE, authOf(security)], 0, null);
  if (security && passphrase) {
    const secret = utf8(passphrase);
    if (security & SECURITY_WPA3) {
      iovarNumbers(dev, 'mfp', [mfpOf(security)], IFACE, null);
      iovarSet(dev, 'sae_password', saeOf(secret), IFACE, null);
    }
    ioctl(dev, true, WLC_SET_WSEC_PMK, IFACE, pmkOf(secret), null);
  }
  ioctlNumber(dev, WLC_SET_GMODE, 1, IFACE, null);
  iovarNumbers(dev, '2g_mrate', [BROADCAST_RATE], IFACE, null);
  ioctlNumber(dev, WLC_SET_DTIMPRD, 1, IFACE, null);
  iovarGet(dev, 'cur_etheraddr', 6, IFACE, function (_dev, status, bytes, off, length) {
    const known = !status && length >= 6;
    ap.netif.hwaddr.set(known ? bytes.subarray(off, off + 6) : dev.netif!.hwaddr);
  });
  iovarNumbers(dev, 'bss', [IFACE, 1], 0, function (_dev, status) {
    if (!status && ap.config === config) netifSetLinkUp(ap.netif);
  });
}

function down(ap: Ap): void {
  const clients = ap.clients;
  netifSetLinkDown(ap.netif);
  for (let i = clients.length - 1; i >= 0; i--) note(ap, clients[i]!, false);
}

/** A station came or went. */
function note(ap: Ap, mac: Uint8Array, came: boolean): void {
  const others = ap.clients.filter(function (c) {
    for (let i = 0; i < 6; i++) if (c[i] !== mac[i]) return true;
    return false;
  });
  const known = others.length < ap.clients.length;
  if (came) others.push(mac);
  ap.clients = others;
  if (known !== came && ap.config && ap.config.onClient) ap.config.onClient(mac, came);
}
