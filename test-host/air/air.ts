// The radio world: which access points there are and what a receiver hears of them on a channel.

import { SeededRandom } from '../sim/random.js';
import type { Scheduler } from '../sim/scheduler.js';
import { AccessPoint } from './access-point.js';
import type { AccessPointOptions } from './access-point.js';
import { capabilityOf, elementsOf } from './elements.js';
import { equal } from './security.js';

/** One answer to a probe, or one beacon. */
export interface Sighting {
  readonly ap: AccessPoint;
  readonly bssid: Uint8Array;
  /** Empty when the network hides it. */
  readonly ssid: Uint8Array;
  readonly channel: number;
  /** dBm. */
  readonly rssi: number;
  readonly capability: number;
  readonly elements: Uint8Array;
}

export class Air {
  readonly accessPoints: AccessPoint[] = [];
  readonly random: SeededRandom;
  private created = 0;

  /** @param seed for loss and for the times of answers */
  constructor(
    readonly scheduler: Scheduler,
    seed = 802,
  ) {
    this.random = new SeededRandom(seed);
  }

  /** Sets up an access point; its dice are its own. */
  add(options: AccessPointOptions): AccessPoint {
    const index = ++this.created;
    const dice = new SeededRandom(this.random.next32() + index);
    const ap = new AccessPoint(this.scheduler, dice, options, index);
    this.accessPoints.push(ap);
    return ap;
  }

  /** Takes an access point down for good, with a word to its stations. */
  remove(ap: AccessPoint): void {
    ap.close();
    const at = this.accessPoints.indexOf(ap);
    if (at >= 0) this.accessPoints.splice(at, 1);
  }

  /** Access points that can be heard on a channel. */
  on(channel: number): AccessPoint[] {
    return this.accessPoints.filter((ap) => ap.channel === channel && ap.heard);
  }

  /**
   * What a receiver learns from an access point.
   * @param probe the SSID that it was asked for by name, or null: a hidden network answers to its name only
   */
  sight(ap: AccessPoint, probe: Uint8Array | null): Sighting {
    const named = !ap.hidden || (probe !== null && equal(probe, ap.ssid));
    const ssid = named ? ap.ssid : new Uint8Array(0);
    return {
      ap,
      bssid: ap.bssid,
      ssid,
      channel: ap.channel,
      rssi: ap.rssi,
      capability: capabilityOf(ap.security),
      elements: elementsOf({ ssid, channel: ap.channel, security: ap.security }),
    };
  }
}
