// A foreign station (a phone, a laptop): joins a network of this air, a soft access point as well, and is then a port
// for whatever host a test puts behind it.

import type { FrameMeta, Port } from '../sim/wire.js';
import type { AccessPoint } from './access-point.js';
import type { Air } from './air.js';
import { Association } from './association.js';
import type { Outcome } from './association.js';
import { REASON_DISASSOC_LEAVING, REASON_LEAVING, macOf } from './radio.js';
import type { Dismissal, Radio } from './radio.js';
import { offerOf, utf8 } from './security.js';
import type { Offer } from './security.js';

/** 2.4 GHz in most of the world. */
const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

export type StationState = 'idle' | 'joining' | 'joined';

export interface StationOptions {
  mac: string | Uint8Array;
}

export class Station implements Radio, Port {
  readonly mac: Uint8Array;
  state: StationState = 'idle';
  /** The access point that the station is in. */
  ap: AccessPoint | null = null;
  /** How the last attempt ended. */
  outcome: Outcome | null = null;
  /** How the last membership ended. */
  lastDismissal: { how: Dismissal; reason: number } | null = null;
  onFrame: ((frame: Uint8Array, meta?: FrameMeta) => void) | null = null;
  onState: ((state: StationState) => void) | null = null;
  private attempt: Association | null = null;

  constructor(
    private readonly air: Air,
    options: StationOptions,
  ) {
    this.mac = macOf(options.mac);
  }

  /**
   * Starts to join; `outcome` and `state` tell the rest.
   * @param passphrase null for an open network
   * @param offer instead of what a station of today offers with that passphrase
   */
  join(
    ssid: string | Uint8Array,
    passphrase: string | null = null,
    offer: Offer = offerOf(passphrase),
  ): void {
    this.leave();
    this.outcome = null;
    this.become('joining');
    this.attempt = new Association(this.air, {
      radio: this,
      offer,
      ssid: typeof ssid === 'string' ? utf8(ssid) : ssid,
      channels: CHANNELS,
      onEnd: (outcome) => this.end(outcome),
    });
  }

  /** Says good-bye. */
  leave(how: Dismissal = 'disassociated'): void {
    const reason = how === 'disassociated' ? REASON_DISASSOC_LEAVING : REASON_LEAVING;
    this.attempt?.cancel(reason);
    this.attempt = null;
    this.ap?.leave(this, how, reason);
    this.ap = null;
    this.become('idle');
  }

  /** Goes out of reach without a word; the access point keeps it as a member. */
  vanish(): void {
    this.attempt?.stop();
    this.attempt = null;
    this.ap?.lose(this);
    this.ap = null;
    this.become('idle');
  }

  send(frame: Uint8Array): void {
    this.ap?.bridge.fromStation(this, frame);
  }

  receive(frame: Uint8Array): void {
    if (this.ap) this.onFrame?.(frame);
  }

  dismissed(by: AccessPoint, how: Dismissal, reason: number): void {
    if (this.ap !== by && !this.attempt) return;
    this.attempt?.stop();
    this.attempt = null;
    this.ap = null;
    this.lastDismissal = { how, reason };
    this.become('idle');
  }

  beacons(of: AccessPoint, heard: boolean): void {
    // A station of this kind notices at once; how long the chip takes is its firmware's business.
    if (!heard && this.ap === of) this.vanish();
  }

  private end(outcome: Outcome): void {
    this.attempt = null;
    this.outcome = outcome;
    this.ap = outcome.kind === 'joined' ? outcome.ap : null;
    this.become(this.ap ? 'joined' : 'idle');
  }

  private become(state: StationState): void {
    if (state === this.state) return;
    this.state = state;
    this.onState?.(state);
  }
}
