// An access point: its network, its stations, and what can happen to both. Frames are its bridge's business.

import type { SeededRandom } from '../sim/random.js';
import type { Scheduler } from '../sim/scheduler.js';
import type { Port } from '../sim/wire.js';
import { Bridge } from './bridge.js';
import { Medium } from './medium.js';
import type { MediumOptions } from './medium.js';
import { REASON_CLASS_3, REASON_HANDSHAKE_TIMEOUT, REASON_LEAVING, macOf, macText } from './radio.js';
import type { Dismissal, Radio } from './radio.js';
import { utf8 } from './security.js';
import type { Security } from './security.js';
import { BEACON_INTERVAL, SENSITIVITY } from './times.js';

/** IEEE 802.11-2020, table 9-50. */
export const STATUS_UNSPECIFIED = 1;
export const STATUS_FULL = 17;

/** A management frame reaches its station after this time, µs. */
const MANAGEMENT_FRAME = 500;
/** A station that a restarted access point does not know is told so after this time, µs. */
const STRANGER_NOTICED = 100_000;

export interface AccessPointOptions extends MediumOptions {
  /** Text (UTF-8) or bytes, 0 to 32. */
  ssid: string | Uint8Array;
  /** Default: made up from the order of creation. */
  bssid?: string | Uint8Array;
  /** Default 6. */
  channel?: number;
  /** dBm as the chip hears it; default -50. */
  rssi?: number;
  /** Default: 'wpa2' with a passphrase, 'open' without. */
  security?: Security;
  passphrase?: string | Uint8Array;
  /** Its beacons do not tell the SSID. */
  hidden?: boolean;
  /** Where frames for the rest of the network go, and come from. */
  port?: Port | null;
  /** More stations are refused with status 17. Default 32. */
  maxStations?: number;
  /** µs; default 100 time units. */
  beaconInterval?: number;
  /** Beacons from one delivery of buffered group frames to the next. Default 3. */
  dtimPeriod?: number;
  /** The reason given to a station that cannot prove its passphrase: 15 (default) or 2. */
  handshakeReason?: number;
}

/** Told what happens to stations; a soft access point passes it to its host. */
export interface Membership {
  associated(mac: Uint8Array): void;
  /** May send and receive frames. */
  authorized(mac: Uint8Array): void;
  /** `byStation`: it went; otherwise the access point ended it. */
  left(mac: Uint8Array, how: Dismissal, reason: number, byStation: boolean): void;
}

export interface Member {
  readonly radio: Radio;
  /** Has its keys, or needs none. */
  authorized: boolean;
}

export class AccessPoint {
  readonly ssid: Uint8Array;
  readonly bssid: Uint8Array;
  readonly security: Security;
  readonly passphrase: Uint8Array;
  readonly hidden: boolean;
  readonly beaconInterval: number;
  readonly dtimPeriod: number;
  readonly medium: Medium;
  readonly bridge: Bridge;
  channel: number;
  maxStations: number;
  handshakeReason: number;
  /** Answers every authentication or association with this status; 0: does not. */
  refuseAuthentication = 0;
  refuseAssociation = 0;
  membership: Membership | null = null;
  readonly members = new Map<string, Member>();
  private on = true;
  private level: number;
  /** Radios that believe to be members; an access point that was off has forgotten them. */
  private readonly followers = new Set<Radio>();

  constructor(
    readonly scheduler: Scheduler,
    random: SeededRandom,
    options: AccessPointOptions,
    index: number,
  ) {
    const { ssid, passphrase, bssid } = options;
    this.ssid = typeof ssid === 'string' ? utf8(ssid) : Uint8Array.from(ssid);
    if (this.ssid.length > 32) throw new RangeError('an SSID has at most 32 bytes');
    this.passphrase = typeof passphrase === 'string' ? utf8(passphrase) : (passphrase ?? new Uint8Array(0));
    this.security = options.security ?? (passphrase === undefined ? 'open' : 'wpa2');
    this.bssid = bssid ? macOf(bssid) : Uint8Array.from([0x02, 0xa9, 0xaf, 0, index >> 8, index & 255]);
    this.channel = options.channel ?? 6;
    this.level = options.rssi ?? -50;
    this.hidden = options.hidden ?? false;
    this.maxStations = options.maxStations ?? 32;
    this.beaconInterval = options.beaconInterval ?? BEACON_INTERVAL;
    this.dtimPeriod = options.dtimPeriod ?? 3;
    this.handshakeReason = options.handshakeReason ?? REASON_HANDSHAKE_TIMEOUT;
    this.medium = new Medium(scheduler, random, options);
    this.bridge = new Bridge(this, options.port ?? null);
  }

  get rssi(): number {
    return this.level;
  }

  /** Strong enough, and on. */
  get heard(): boolean {
    return this.on && this.level >= SENSITIVITY;
  }

  /** @param dbm below -95 the access point is out of reach, but forgets nobody */
  setRssi(dbm: number): void {
    const before = this.heard;
    this.level = dbm;
    if (this.heard !== before) this.tellBeacons();
  }

  /** Falls silent and forgets its stations, without a word to them. */
  powerOff(): void {
    const before = this.heard;
    this.on = false;
    this.members.clear();
    if (before) this.tellBeacons();
  }

  powerOn(): void {
    if (this.on) return;
    this.on = true;
    if (!this.heard) return;
    this.tellBeacons();
    this.scheduler.after(STRANGER_NOTICED, () => {
      for (const radio of [...this.followers]) if (!this.isMember(radio)) this.turnAway(radio);
    });
  }

  /** Takes leave of its stations and falls silent. */
  close(): void {
    for (const member of [...this.members.values()]) {
      this.dismiss(member.radio, 'deauthenticated', REASON_LEAVING);
    }
    this.on = false;
  }

  /** Time of the next beacon, µs. */
  nextBeacon(after: number): number {
    // Access points do not beacon all at once: the phase comes from the address.
    const phase = (this.bssid[5]! * 37 + this.bssid[4]! * 11) * 256;
    const interval = this.beaconInterval;
    return Math.ceil((after - (phase % interval)) / interval) * interval + (phase % interval);
  }

  /** @returns 0, or the status by which the station is refused */
  admit(radio: Radio): number {
    const key = macText(radio.mac);
    if (this.refuseAssociation) return this.refuseAssociation;
    if (!this.members.has(key) && this.members.size >= this.maxStations) return STATUS_FULL;
    this.members.set(key, { radio, authorized: false });
    this.followers.add(radio);
    this.membership?.associated(radio.mac);
    return 0;
  }

  authorize(radio: Radio): void {
    const member = this.members.get(macText(radio.mac));
    if (member?.radio !== radio) return;
    member.authorized = true;
    this.membership?.authorized(radio.mac);
  }

  isMember(radio: Radio): boolean {
    return this.members.get(macText(radio.mac))?.radio === radio;
  }

  /** The station goes and says so. */
  leave(radio: Radio, how: Dismissal, reason: number): void {
    this.followers.delete(radio);
    if (this.isMember(radio) && this.heard) this.forget(radio, how, reason, true);
  }

  /** The station has stopped without a word: the access point does not know yet. */
  lose(radio: Radio): void {
    this.followers.delete(radio);
  }

  /**
   * Sends a deauthentication. A station's management frame protection is not modelled: it believes it.
   * @param mac of a member, or null for all
   * @param reason IEEE 802.11-2020, table 9-49
   * @returns whether there was somebody to send it to
   */
  deauthenticate(mac: string | Uint8Array | null, reason: number): boolean {
    return this.send('deauthenticated', mac, reason);
  }

  disassociate(mac: string | Uint8Array | null, reason: number): boolean {
    return this.send('disassociated', mac, reason);
  }

  /** The station could not prove its passphrase; it learns that from its own handshake. */
  expel(radio: Radio): void {
    this.followers.delete(radio);
    if (this.isMember(radio)) this.forget(radio, 'deauthenticated', this.handshakeReason, false);
  }

  /** A frame came from somebody who is not a member. */
  turnAway(radio: Radio): void {
    this.tell(radio, 'deauthenticated', REASON_CLASS_3);
  }

  private send(how: Dismissal, mac: string | Uint8Array | null, reason: number): boolean {
    const key = mac === null ? null : macText(macOf(mac));
    const meant = [...this.members].filter(([k]) => key === null || k === key);
    for (const [, member] of meant) this.dismiss(member.radio, how, reason);
    return meant.length > 0;
  }

  private dismiss(radio: Radio, how: Dismissal, reason: number): void {
    this.forget(radio, how, reason, false);
    this.tell(radio, how, reason);
  }

  private tell(radio: Radio, how: Dismissal, reason: number): void {
    if (!this.heard) return;
    this.followers.delete(radio);
    this.scheduler.after(MANAGEMENT_FRAME, () => radio.dismissed(this, how, reason));
  }

  private forget(radio: Radio, how: Dismissal, reason: number, byStation: boolean): void {
    this.members.delete(macText(radio.mac));
    this.membership?.left(radio.mac, how, reason, byStation);
  }

  private tellBeacons(): void {
    for (const radio of [...this.followers]) radio.beacons(this, this.heard);
  }
}
