// Interface 1: the firmware as an access point. It puts one into the air, of the host's settings, and tells the host
// who comes and goes.

import { macText } from '../../../air/index.js';
import type { AccessPoint, Membership } from '../../../air/index.js';
import type { Port } from '../../../sim/wire.js';
import { words } from './bytes.js';
import {
  BCME_BADADDR,
  BCME_BADARG,
  BCME_BADSSIDLEN,
  BCME_NOTAP,
  BCME_NOTREADY,
  BCME_OUTOFRANGECHAN,
  Refusal,
} from './errors.js';
import * as E from './events.js';
import type { WlanFirmware } from './wlan-firmware.js';

const IFACE = 1;
const DEFAULT_CHANNEL = 1;
/** How the chip's access point is heard by the stations of a test, dBm. */
const RSSI = -40;

export class SoftAp {
  /** While it is up. */
  ap: AccessPoint | null = null;
  /** As the host has set it; 0: not yet. */
  channel = 0;
  /** Where frames from the host enter the bridge. */
  private port: Port | null = null;

  constructor(private readonly fw: WlanFirmware) {}

  setChannel(channel: number): void {
    if (!this.fw.clm.channels().includes(channel)) throw new Refusal(BCME_OUTOFRANGECHAN);
    this.channel = channel;
    if (this.ap && !this.fw.station.ap) this.ap.channel = channel;
  }

  up(): void {
    if (this.ap) return;
    const { fw } = this;
    const bss = fw.bsscfgs[IFACE]!;
    const security = bss.security();
    const passphrase = bss.passphrase();
    if (!bss.ssid.length) throw new Refusal(BCME_BADSSIDLEN, 'apWithoutSsid');
    if (!security) throw new Refusal(BCME_BADARG, 'valueOutOfRange', 'wsec and wpa_auth do not go together');
    if (security !== 'open' && !passphrase) throw new Refusal(BCME_NOTREADY, 'apWithoutCredentials');
    const port: Port = { onFrame: null, send: (frame) => fw.toHost(IFACE, frame) };
    this.port = port;
    this.ap = fw.air.add({
      ssid: bss.ssid,
      bssid: fw.apMac,
      // One radio: an access point is where its station is.
      channel: fw.station.ap?.channel ?? (this.channel || DEFAULT_CHANNEL),
      rssi: RSSI,
      security,
      passphrase: passphrase ?? undefined,
      maxStations: fw.variables.get('maxassoc'),
      dtimPeriod: bss.dtimPeriod,
      port,
    });
    this.ap.membership = this.membership();
    this.tell(E.EVENT_LINK, this.ap.bssid, { flags: E.LINK_UP });
  }

  down(): void {
    const { ap } = this;
    if (!ap) return;
    ap.membership = null;
    this.fw.air.remove(ap);
    this.ap = null;
    this.port = null;
    this.tell(E.EVENT_LINK, ap.bssid, { reason: E.LINK_DISASSOCIATED });
  }

  /** The chip stops: the access point falls silent. */
  stop(): void {
    const { ap } = this;
    if (!ap) return;
    ap.membership = null;
    ap.powerOff();
    this.fw.air.remove(ap);
    this.ap = null;
    this.port = null;
  }

  /** The station has joined a network on this channel. */
  follow(channel: number): void {
    if (!this.ap || this.ap.channel === channel) return;
    this.ap.channel = channel;
    this.tell(E.EVENT_CSA_COMPLETE_IND, this.ap.bssid);
  }

  /** An Ethernet frame from the host. */
  transmit(frame: Uint8Array): void {
    this.port?.onFrame?.(frame);
  }

  /** WLC_GET_ASSOCLIST: u32 count, 6 bytes each, at most `max` of them. */
  stations(max: number): Uint8Array {
    const members = [...(this.ap?.members.values() ?? [])].slice(0, max);
    return Uint8Array.from([...words(members.length), ...members.flatMap((m) => [...m.radio.mac])]);
  }

  deauthenticate(mac: Uint8Array, reason: number): void {
    if (!this.ap) throw new Refusal(BCME_NOTAP);
    const all = mac.every((x) => x === 255);
    if (!this.ap.deauthenticate(all ? null : mac, reason) && !all) {
      throw new Refusal(BCME_BADADDR, null, macText(mac));
    }
  }

  private membership(): Membership {
    return {
      associated: (mac) => {
        this.tell(E.EVENT_AUTH_IND, mac);
        this.tell(E.EVENT_ASSOC_IND, mac);
      },
      authorized: () => {},
      left: (mac, how, reason, byStation) => {
        const type = how === 'disassociated' ? E.EVENT_DISASSOC_IND : E.EVENT_DEAUTH_IND;
        const own = how === 'disassociated' ? E.EVENT_DISASSOC : E.EVENT_DEAUTH;
        this.tell(byStation ? type : own, mac, { reason });
      },
    };
  }

  private tell(type: number, address: Uint8Array, fields: E.EventFields = {}): void {
    this.fw.events.send(IFACE, type, { address, ...fields });
  }
}
