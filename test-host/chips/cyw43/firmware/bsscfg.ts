// What the firmware remembers for each of its two interfaces: 0 the station, 1 the access point. And what those
// settings mean in terms of the air: an offer for networks, or the security of one's own.

import type { Akm, Cipher, Offer, Secret, Security } from '../../../air/index.js';
import {
  AUTH_OPEN,
  AUTH_SAE,
  WPA2_AUTH_PSK,
  WPA3_AUTH_SAE_PSK,
  WPA_AUTH_PSK,
  WSEC_AES,
  WSEC_TKIP,
} from './wlc.js';

export class Bsscfg {
  ssid = new Uint8Array(0);
  infra = 1;
  auth = AUTH_OPEN;
  wsec = 0;
  wpaAuth = 0;
  secret: Secret | null = null;
  saePassword: Uint8Array | null = null;
  /** Management frame protection: 0 none, 1 if the other side can, 2 always. */
  mfp = 0;
  /** Whether the handshake is the firmware's business. */
  supplicant = 0;
  supplicantEapolVersion = -1;
  /** ms. */
  supplicantTimeout = 5000;
  /** Bit n: event n goes to the host; null: interface 0's applies. */
  eventMask: Uint8Array | null = null;
  dtimPeriod = 3;
  gmode = 1;

  get wantsSae(): boolean {
    return (this.wpaAuth & WPA3_AUTH_SAE_PSK) !== 0;
  }

  get wantsPsk(): boolean {
    return (this.wpaAuth & (WPA_AUTH_PSK | WPA2_AUTH_PSK)) !== 0;
  }

  /** What a station with these settings brings along. */
  offer(): Offer {
    const { wpaAuth, wsec } = this;
    const akms: Akm[] = [];
    if (this.wantsSae && this.auth === AUTH_SAE) akms.push('sae');
    if (wpaAuth & WPA2_AUTH_PSK) akms.push('wpa2-psk');
    if (wpaAuth & WPA_AUTH_PSK) akms.push('wpa-psk');
    if (wpaAuth === 0) akms.push('open');
    const ciphers: Cipher[] = [];
    if (wsec & WSEC_AES) ciphers.push('ccmp');
    if (wsec & WSEC_TKIP) ciphers.push('tkip');
    if (wsec === 0) ciphers.push('none');
    const offer: Offer = { akms, ciphers, protectsManagement: this.mfp > 0 };
    if (this.secret && this.supplicant) offer.psk = this.secret;
    if (this.saePassword) offer.sae = this.saePassword;
    return offer;
  }

  /** The security of an access point with these settings, or null where they do not go together. */
  security(): Security | null {
    const { wpaAuth, wsec } = this;
    const aes = (wsec & WSEC_AES) !== 0;
    const tkip = (wsec & WSEC_TKIP) !== 0;
    switch (wpaAuth) {
      case 0:
        return wsec === 0 ? 'open' : null;
      case WPA_AUTH_PSK:
        return tkip ? 'wpa' : null;
      case WPA2_AUTH_PSK:
        return aes ? 'wpa2' : null;
      case WPA_AUTH_PSK | WPA2_AUTH_PSK:
        return aes ? (tkip ? 'wpa2-wpa' : 'wpa2') : null;
      case WPA3_AUTH_SAE_PSK:
        return aes ? 'wpa3' : null;
      case WPA3_AUTH_SAE_PSK | WPA2_AUTH_PSK:
        return aes ? 'wpa3-wpa2' : null;
    }
    return null;
  }

  /** The passphrase of an access point with these settings. */
  passphrase(): Uint8Array | null {
    if (this.wantsSae && this.saePassword) return this.saePassword;
    return this.secret && 'passphrase' in this.secret ? this.secret.passphrase : null;
  }
}
