// A scan in virtual time: channel after channel, asking or only listening; what is heard is told as it is heard.

import type { Event } from '../sim/scheduler.js';
import type { AccessPoint } from './access-point.js';
import type { Air, Sighting } from './air.js';
import { equal } from './security.js';
import { PROBE_ANSWER } from './times.js';

export interface ScanOptions {
  channels: readonly number[];
  /** Asks (by probe requests), or only listens for beacons. */
  active: boolean;
  /** µs on each channel. */
  dwell: number;
  /** µs between two channels. Default 0. */
  home?: number;
  /** Asks for this network by name; others still show their beacons. */
  probe?: Uint8Array | null;
  /** The receiver's own access point. */
  except?: AccessPoint | null;
  onSighting(sighting: Sighting): void;
  onEnd(): void;
}

export class Scan {
  private readonly events = new Set<Event>();
  private next = 0;

  constructor(
    private readonly air: Air,
    private readonly options: ScanOptions,
  ) {
    this.later(0, () => this.tune());
  }

  /** Ends it without another word. */
  abort(): void {
    for (const event of this.events) this.air.scheduler.cancel(event);
    this.events.clear();
  }

  private tune(): void {
    const { channels, dwell, active, home = 0 } = this.options;
    if (this.next === channels.length) {
      this.options.onEnd();
      return;
    }
    const channel = channels[this.next++]!;
    const { air } = this;
    for (const ap of air.on(channel)) {
      if (ap === this.options.except) continue;
      const beacon = ap.nextBeacon(air.scheduler.now) - air.scheduler.now;
      if (beacon < dwell) this.later(beacon, () => this.hear(ap, channel, null));
      if (active) this.askFor(ap, channel);
    }
    this.later(dwell + (this.next < channels.length ? home : 0), () => this.tune());
  }

  private askFor(ap: AccessPoint, channel: number): void {
    const answer = 1000 + this.air.random.float() * (PROBE_ANSWER - 1000);
    const { dwell, probe = null } = this.options;
    // A probe for a name is answered by those who bear it, a probe for any by those who do not hide.
    const answers = probe === null ? !ap.hidden : equal(ap.ssid, probe);
    if (answers && answer < dwell) this.later(answer, () => this.hear(ap, channel, probe));
  }

  private hear(ap: AccessPoint, channel: number, probe: Uint8Array | null): void {
    if (ap.heard && ap.channel === channel) this.options.onSighting(this.air.sight(ap, probe));
  }

  private later(microseconds: number, fn: () => void): void {
    const event = this.air.scheduler.after(microseconds, () => {
      this.events.delete(event);
      fn();
    });
    this.events.add(event);
  }
}
