// Interface 0: the firmware as a station. Joins, keeps the link, loses it, and tells its host of each step.

import { Association } from '../../../air/index.js';
import type { AccessPoint, Answer, Dismissal, Outcome, Radio, Suite } from '../../../air/index.js';
import { SENSITIVITY } from '../../../air/times.js';
import type { Event } from '../../../sim/scheduler.js';
import * as E from './events.js';
import { AUTH_OPEN, AUTH_SAE } from './wlc.js';
import type { WlanFirmware } from './wlan-firmware.js';

/** 802.11 reasons by which the firmware leaves. */
const REASON_LEAVING = 3;
const REASON_DISASSOC_LEAVING = 8;

/** PRUNE's reason: what the network wants is not what the host has set. */
const PRUNE_SECURITY_MISMATCH = 8;

export interface JoinTarget {
  ssid: Uint8Array;
  bssid: Uint8Array | null;
  channels: readonly number[];
  passive: boolean;
}

export class StationSide implements Radio {
  /** The access point whose member this is, keys and all. */
  ap: AccessPoint | null = null;
  private attempt: Association | null = null;
  /** The access point to which LINK up was told. */
  private linked: AccessPoint | null = null;
  private silence: Event | null = null;
  private ssidTold = false;

  constructor(private readonly fw: WlanFirmware) {}

  get mac(): Uint8Array {
    return this.fw.mac;
  }

  get joining(): boolean {
    return this.attempt !== null;
  }

  /** Starts to join; the network before is left. */
  join(target: JoinTarget): void {
    const { fw } = this;
    const bss = fw.bsscfgs[0]!;
    if (bss.wantsPsk && !bss.secret) fw.misuse.count('joinWithoutCredentials', 'passphrase');
    else if (bss.wantsPsk && !bss.supplicant) fw.misuse.count('joinWithoutSupplicant');
    if (bss.wantsSae && !bss.saePassword) fw.misuse.count('joinWithoutCredentials', 'SAE password');
    else if (bss.wantsSae && (bss.auth !== AUTH_SAE || bss.mfp === 0))
      fw.misuse.count('saeWithoutProtection');
    this.leave();
    fw.escan.abort();
    bss.ssid = target.ssid.slice();
    this.ssidTold = false;
    this.attempt = new Association(fw.air, {
      radio: this,
      offer: bss.offer(),
      ...target,
      except: fw.softAp.ap,
      supplicantTimeout: bss.supplicantTimeout * 1000,
      onMismatch: (ap) => this.tell(E.EVENT_PRUNE, ap, { reason: PRUNE_SECURITY_MISMATCH }),
      onAuthenticated: (ap, suite, answer) => this.authenticated(ap, suite, answer),
      onAssociated: (ap, answer) => this.associated(ap, answer),
      onEnd: (outcome) => this.ended(outcome),
    });
  }

  /** Leaves the network, or gives up joining one. */
  leave(): void {
    const { ap } = this;
    this.attempt?.cancel(REASON_LEAVING);
    this.attempt = null;
    if (ap) {
      ap.leave(this, 'disassociated', REASON_DISASSOC_LEAVING);
      this.tell(E.EVENT_DISASSOC, ap, { reason: REASON_DISASSOC_LEAVING });
    }
    this.linkDown(E.LINK_DISASSOCIATED);
  }

  /** The chip stops: nobody is told, not even the access point. */
  stop(): void {
    this.attempt?.stop();
    this.attempt = null;
    this.linked?.lose(this);
    this.linked = null;
    this.ap = null;
    this.fw.scheduler.cancel(this.silence);
    this.fw.powerSave.forget();
  }

  receive(frame: Uint8Array): void {
    const { fw, ap } = this;
    if (!ap) return;
    fw.powerSave.receive(ap, (frame[0]! & 1) !== 0, () => {
      if (this.ap === ap && fw.multicast.passes(frame)) fw.toHost(0, frame);
    });
  }

  dismissed(by: AccessPoint, how: Dismissal, reason: number): void {
    if (by !== this.linked) return;
    const joining = this.joining;
    this.attempt?.stop();
    this.attempt = null;
    const deauthenticated = how === 'deauthenticated';
    this.tell(deauthenticated ? E.EVENT_DEAUTH_IND : E.EVENT_DISASSOC_IND, by, { reason });
    this.linkDown(deauthenticated ? E.LINK_DEAUTHENTICATED : E.LINK_DISASSOCIATED);
    if (joining) this.failed(E.STATUS_FAIL);
  }

  beacons(of: AccessPoint, heard: boolean): void {
    const { fw } = this;
    if (of !== this.ap) return;
    fw.scheduler.cancel(this.silence);
    if (heard) return;
    this.silence = fw.scheduler.after(fw.variables.get('bcn_timeout') * 1e6, () => {
      // Out of reach, or gone.
      const weak = of.rssi < SENSITIVITY;
      of.lose(this);
      this.linkDown(weak ? E.LINK_LOW_RSSI : E.LINK_BEACONS_LOST);
    });
  }

  private authenticated(ap: AccessPoint, suite: Suite, answer: Answer): void {
    const auth = suite.akm === 'sae' ? AUTH_SAE : AUTH_OPEN;
    this.tell(E.EVENT_AUTH, ap, { ...statusOf(answer), auth });
  }

  private associated(ap: AccessPoint, answer: Answer): void {
    const { fw } = this;
    const fields = statusOf(answer);
    this.tell(E.EVENT_ASSOC, ap, fields);
    if (fields.status !== E.STATUS_SUCCESS) return;
    this.linked = ap;
    this.tell(E.EVENT_ASSOC_RESP_IE, ap, { data: fw.air.sight(ap, ap.ssid).elements });
    this.tell(E.EVENT_LINK, ap, { flags: E.LINK_UP });
    if (fw.setSsidAfter === 'association') this.succeeded(ap);
  }

  private ended(outcome: Outcome): void {
    const { fw } = this;
    this.attempt = null;
    switch (outcome.kind) {
      case 'joined':
        this.ap = outcome.ap;
        fw.softAp.follow(outcome.ap.channel);
        if (outcome.suite.akm !== 'open') {
          this.tell(E.EVENT_PSK_SUP, outcome.ap, { status: E.SUPPLICANT_KEYED });
        }
        if (!this.ssidTold) this.succeeded(outcome.ap);
        // It may have fallen silent since the last word.
        if (!outcome.ap.heard) this.beacons(outcome.ap, false);
        break;
      case 'notFound':
      case 'mismatch':
        this.failed(E.STATUS_NO_NETWORKS);
        break;
      case 'notAuthenticated':
      case 'notAssociated':
        this.failed(statusOf(outcome.answer).status);
        break;
      case 'wrongPassphrase':
        this.tell(E.EVENT_DEAUTH_IND, outcome.ap, { reason: outcome.reason });
        this.linkDown(E.LINK_DEAUTHENTICATED);
        this.tell(E.EVENT_PSK_SUP, outcome.ap, {
          status: E.SUPPLICANT_WAITS_FOR_M3,
          reason: E.SUPPLICANT_DEAUTHENTICATED,
        });
        this.failed(E.STATUS_FAIL);
        break;
      case 'handshakeTimeout':
        this.tell(E.EVENT_PSK_SUP, outcome.ap, {
          status: E.SUPPLICANT_WAITS_FOR_M3,
          reason: E.SUPPLICANT_TIMED_OUT,
        });
        this.linkDown(E.LINK_DISASSOCIATED);
        this.failed(E.STATUS_FAIL);
        break;
    }
  }

  private succeeded(ap: AccessPoint): void {
    this.ssidTold = true;
    this.tell(E.EVENT_JOIN, ap);
    this.tell(E.EVENT_SET_SSID, ap);
  }

  private failed(status: number): void {
    if (!this.ssidTold) this.tell(E.EVENT_SET_SSID, null, { status });
  }

  private linkDown(reason: number): void {
    const { linked, fw } = this;
    this.ap = null;
    fw.scheduler.cancel(this.silence);
    fw.powerSave.forget();
    if (!linked) return;
    this.linked = null;
    this.tell(E.EVENT_LINK, linked, { reason });
  }

  private tell(type: number, ap: AccessPoint | null, fields: E.EventFields = {}): void {
    this.fw.events.send(0, type, { address: ap?.bssid, ...fields });
  }
}

function statusOf(answer: Answer): { status: number; reason: number } {
  if (answer === 'noAnswer') return { status: E.STATUS_NO_ACK, reason: 0 };
  return { status: answer.status ? E.STATUS_FAIL : E.STATUS_SUCCESS, reason: answer.status };
}
