// How a station gets into a network: scan, choice of access point, authentication, association, keys, each in its own
// time. It judges what the station offers; what becomes of the outcome is the station's business.

import type { Event } from '../sim/scheduler.js';
import type { AccessPoint } from './access-point.js';
import { STATUS_UNSPECIFIED } from './access-point.js';
import type { Air } from './air.js';
import { REASON_HANDSHAKE_TIMEOUT } from './radio.js';
import type { Radio } from './radio.js';
import { Scan } from './scan.js';
import { agree, equal, knows } from './security.js';
import type { Offer, Suite } from './security.js';
import {
  ASSOCIATION,
  AUTHENTICATION,
  HANDSHAKE,
  HANDSHAKE_TIMEOUT,
  JOIN_DWELL,
  NO_ANSWER,
  PASSIVE_DWELL,
  SAE_AUTHENTICATION,
  SUPPLICANT_TIMEOUT,
} from './times.js';

/** How a step went: a status of IEEE 802.11 (0 is success), or nobody answered. */
export type Answer = { status: number } | 'noAnswer';

export type Outcome =
  | { kind: 'joined'; ap: AccessPoint; suite: Suite }
  /** No access point of that name is heard. */
  | { kind: 'notFound' }
  /** Those that are heard want another kind of security. */
  | { kind: 'mismatch' }
  /** SAE: the passphrase is wrong, or the access point refuses; open system: it refuses. */
  | { kind: 'notAuthenticated'; ap: AccessPoint; answer: Answer }
  | { kind: 'notAssociated'; ap: AccessPoint; answer: Answer }
  /** The passphrase is wrong: the access point gave up on the handshake. */
  | { kind: 'wrongPassphrase'; ap: AccessPoint; reason: number }
  /** The station gave up on the handshake: the access point fell silent, or the time allowed was short. */
  | { kind: 'handshakeTimeout'; ap: AccessPoint };

export interface AssociationRequest {
  radio: Radio;
  offer: Offer;
  /** Empty: any network that the offer fits. */
  ssid: Uint8Array;
  /** Only this access point. */
  bssid?: Uint8Array | null;
  channels: readonly number[];
  /** Listens for beacons instead of asking. */
  passive?: boolean;
  except?: AccessPoint | null;
  /** µs without a word from the access point after which the handshake is given up. */
  supplicantTimeout?: number;
  onMismatch?(ap: AccessPoint): void;
  onAuthenticated?(ap: AccessPoint, suite: Suite, answer: Answer): void;
  onAssociated?(ap: AccessPoint, answer: Answer): void;
  onEnd(outcome: Outcome): void;
}

export class Association {
  private event: Event | null = null;
  private scan: Scan | null;
  private candidates: AccessPoint[] = [];
  private member: AccessPoint | null = null;
  private ended = false;

  constructor(
    private readonly air: Air,
    private readonly request: AssociationRequest,
  ) {
    const { channels, ssid, passive = false, except = null } = request;
    const heard = new Set<AccessPoint>();
    this.scan = new Scan(air, {
      channels,
      active: !passive,
      dwell: passive ? PASSIVE_DWELL : JOIN_DWELL,
      probe: ssid.length ? ssid : null,
      except,
      onSighting: ({ ap }) => heard.add(ap),
      onEnd: () => this.choose([...heard]),
    });
  }

  /** Gives it up; an access point that had let the station in is left with a word. */
  cancel(reason: number): void {
    this.stop();
    this.member?.leave(this.request.radio, 'deauthenticated', reason);
  }

  /** The station falls silent, or the access point has ended it. */
  stop(): void {
    this.ended = true;
    this.scan?.abort();
    this.air.scheduler.cancel(this.event);
  }

  private choose(heard: AccessPoint[]): void {
    this.scan = null;
    const { ssid, bssid = null, offer, onMismatch } = this.request;
    const named = heard.filter(
      (ap) => (!ssid.length || equal(ap.ssid, ssid)) && (!bssid || equal(ap.bssid, bssid)),
    );
    if (!named.length) {
      this.end({ kind: 'notFound' });
      return;
    }
    this.candidates = named.filter((ap) => {
      if (agree(ap.security, offer)) return true;
      onMismatch?.(ap);
      return false;
    });
    this.candidates.sort((a, b) => b.rssi - a.rssi);
    if (this.candidates.length) this.tryNext(null);
    else this.end({ kind: 'mismatch' });
  }

  /** The next best access point; when there is none, the last failure is the outcome. */
  private tryNext(failure: Outcome | null): void {
    const ap = this.candidates.shift();
    if (ap) this.authenticate(ap, agree(ap.security, this.request.offer)!);
    else if (failure) this.end(failure);
  }

  private authenticate(ap: AccessPoint, suite: Suite): void {
    const sae = suite.akm === 'sae';
    this.step(ap, sae ? SAE_AUTHENTICATION : AUTHENTICATION, (answered) => {
      const knowsIt = !sae || knows(this.request.offer, suite, ap.ssid, ap.passphrase);
      const status = ap.refuseAuthentication || (knowsIt ? 0 : STATUS_UNSPECIFIED);
      const answer: Answer = answered ? { status } : 'noAnswer';
      this.request.onAuthenticated?.(ap, suite, answer);
      if (this.ended) return;
      if (answered && status === 0) this.associate(ap, suite);
      else this.tryNext({ kind: 'notAuthenticated', ap, answer });
    });
  }

  private associate(ap: AccessPoint, suite: Suite): void {
    this.step(ap, ASSOCIATION, (answered) => {
      const { radio } = this.request;
      const answer: Answer = answered ? { status: ap.admit(radio) } : 'noAnswer';
      const admitted = answer !== 'noAnswer' && answer.status === 0;
      if (admitted) this.member = ap;
      this.request.onAssociated?.(ap, answer);
      if (this.ended) return;
      if (!admitted) this.tryNext({ kind: 'notAssociated', ap, answer });
      else if (suite.akm === 'open') this.join(ap, suite);
      else this.handshake(ap, suite);
    });
  }

  private handshake(ap: AccessPoint, suite: Suite): void {
    // After SAE both sides have the same master key: the handshake can no longer fail for it.
    const good = suite.akm === 'sae' || knows(this.request.offer, suite, ap.ssid, ap.passphrase);
    const timeout = this.request.supplicantTimeout ?? SUPPLICANT_TIMEOUT;
    this.wait(good ? HANDSHAKE : Math.min(HANDSHAKE_TIMEOUT, timeout), () => {
      const { radio } = this.request;
      if (ap.heard && ap.isMember(radio)) {
        if (good) this.join(ap, suite);
        else if (timeout < HANDSHAKE_TIMEOUT) {
          ap.leave(radio, 'deauthenticated', REASON_HANDSHAKE_TIMEOUT);
          this.end({ kind: 'handshakeTimeout', ap });
        } else {
          this.member = null;
          ap.expel(radio);
          this.end({ kind: 'wrongPassphrase', ap, reason: ap.handshakeReason });
        }
        return;
      }
      this.wait(timeout, () => {
        ap.lose(radio);
        this.end({ kind: 'handshakeTimeout', ap });
      });
    });
  }

  private join(ap: AccessPoint, suite: Suite): void {
    ap.authorize(this.request.radio);
    this.end({ kind: 'joined', ap, suite });
  }

  private step(ap: AccessPoint, time: number, then: (answered: boolean) => void): void {
    this.wait(time, () => {
      if (ap.heard) then(true);
      else this.wait(NO_ANSWER, () => then(ap.heard));
    });
  }

  private wait(microseconds: number, fn: () => void): void {
    this.event = this.air.scheduler.after(microseconds, fn);
  }

  private end(outcome: Outcome): void {
    this.ended = true;
    this.request.onEnd(outcome);
  }
}
