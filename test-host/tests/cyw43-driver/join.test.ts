import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cyw43Join, cyw43Leave, type JoinConfig } from '../../../drivers/cyw43/join.js';
import {
  cyw43LinkState,
  LINK_CONNECTED_NO_ADDRESS,
  LINK_JOINING,
  LINK_LOST,
  LINK_NO_ANSWER,
  LINK_NO_NETWORK,
  LINK_OFF,
  LINK_REFUSED,
  LINK_STARTING,
  LINK_UP,
  LINK_WRONG_PASSWORD,
} from '../../../drivers/cyw43/link.js';
import { SECURITY_WPA2, SECURITY_WPA3 } from '../../../drivers/cyw43/security.js';
import { cyw43LinkText } from '../../../drivers/cyw43/text.js';
import { wifiDown } from '../../../drivers/cyw43/wifi.js';
import { ERR_ARG, ERR_OK } from '../../../firmware/stack/core/err.js';
import { NETIF_FLAG_LINK_UP, netifSetIpAddr } from '../../../firmware/stack/core/netif.js';
import { BSSID, Fake } from './fake.js';

const SECRET = 'correct horse';
const HOME: JoinConfig = { ssid: 'home', passphrase: SECRET };

const AUTH = 3;
const DEAUTH_IND = 6;
const ASSOC = 7;
const DISASSOC_IND = 12;
const LINK = 16;
const PSK_SUP = 46;
const SET_SSID = 0;
const UP = { flags: 1 };

/** A fake whose radio is set up, and which has asked for a network. */
function joining(join: JoinConfig): Fake {
  const fake = new Fake();
  assert.equal(fake.up(), 0);
  fake.told = [];
  assert.equal(cyw43Join(fake.netif, join), ERR_OK);
  fake.answer();
  return fake;
}

function assertState(fake: Fake, state: number): void {
  assert.equal(cyw43LinkText(cyw43LinkState(fake.netif)), cyw43LinkText(state));
  const link = state === LINK_CONNECTED_NO_ADDRESS || state === LINK_UP;
  assert.equal((fake.netif.flags & NETIF_FLAG_LINK_UP) !== 0, link);
}

/** Milliseconds until the next attempt. */
function untilAttempt(fake: Fake): number {
  const from = fake.now;
  fake.told = [];
  while (!fake.told.some((t) => t.name === 'SET_SSID') && fake.now - from < 200_000) fake.run(100);
  return fake.now - from;
}

describe('CYW43 driver: joining a network', () => {
  it('asks for an open one', () => {
    const fake = joining({ ssid: 'café' });
    assertState(fake, LINK_JOINING);
    assert.deepEqual(fake.numbers('SET_WSEC'), [0]);
    assert.deepEqual(fake.numbers('SET_AUTH'), [0]);
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0]);
    assert.deepEqual(fake.numbers('bsscfg:sup_wpa'), [0, 0]);
    const { data } = fake.find('SET_SSID');
    assert.equal(data.length, 36);
    assert.deepEqual([...data.subarray(0, 4)], [5, 0, 0, 0]);
    assert.equal(Buffer.from(data.subarray(4)).toString(), 'café'.padEnd(31, '\0'));
    assert.equal(fake.names().pop(), 'SET_SSID');
    fake.joined(false);
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    assert.deepEqual([...fake.dev.wifi.bssid], BSSID);
  });

  it('asks for a protected one in the way that the best of both sides can agree on', () => {
    const fake = joining(HOME);
    assert.deepEqual(fake.numbers('SET_WSEC'), [4]);
    assert.deepEqual(fake.numbers('SET_AUTH'), [3]);
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x40080]);
    assert.deepEqual(fake.numbers('mfp'), [1]);
    assert.deepEqual(fake.numbers('bsscfg:sup_wpa'), [0, 1]);
    const key = fake.find('SET_WSEC_PMK').data;
    assert.equal(key.length, 68);
    assert.equal(Buffer.from(key).toString('latin1'), '\x0d\0\x01\0correct horse'.padEnd(68, '\0'));
    const sae = fake.find('sae_password').data;
    assert.equal(Buffer.from(sae).toString('latin1'), '\x0d\0correct horse'.padEnd(130, '\0'));
  });

  it('is connected when the keys are there, and up with an address', () => {
    const fake = joining(HOME);
    fake.event(AUTH);
    fake.event(ASSOC);
    fake.event(LINK, 0, 0, UP);
    assertState(fake, LINK_JOINING);
    fake.event(PSK_SUP, 6);
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    netifSetIpAddr(fake.netif, 0x0a00020f);
    assertState(fake, LINK_UP);
    fake.event(SET_SSID);
    fake.run(60_000);
    assertState(fake, LINK_UP);
  });

  it('does as it is told: security, access point, channel', () => {
    const fake = joining({ ...HOME, security: SECURITY_WPA3, bssid: Uint8Array.from(BSSID), channel: 11 });
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x40000]);
    assert.deepEqual(fake.numbers('mfp'), [2]);
    const { data } = fake.find('join');
    const view = new DataView(data.buffer);
    assert.equal(data.length, 70);
    assert.equal(view.getUint32(0, true), 4);
    assert.equal(Buffer.from(data.subarray(4, 8)).toString(), 'home');
    assert.deepEqual([...data.subarray(36, 40)], [0, 0, 0, 0]);
    for (const at of [40, 44, 48, 52]) assert.equal(view.getInt32(at, true), -1);
    assert.deepEqual([...data.subarray(56, 62)], BSSID);
    assert.equal(view.getUint32(64, true), 1);
    assert.equal(data[68], 11);
    const wpa2 = joining({ ...HOME, security: SECURITY_WPA2 });
    assert.deepEqual(wpa2.numbers('SET_AUTH'), [0]);
    assert.deepEqual(wpa2.numbers('SET_WPA_AUTH'), [0x80]);
    assert.deepEqual(wpa2.numbers('mfp'), [0]);
    assert.ok(!wpa2.told.some((t) => t.name === 'sae_password'));
  });

  it('refuses what cannot be', () => {
    const { netif } = new Fake();
    for (const join of [
      { ssid: '' },
      { ssid: 'é'.repeat(17) },
      { ssid: 'home', passphrase: 'seven77' },
      { ssid: 'home', passphrase: 'x'.repeat(65) },
      { ssid: 'home', security: SECURITY_WPA2 },
    ]) {
      assert.equal(cyw43Join(netif, join), ERR_ARG);
      assert.equal(cyw43LinkState(netif), LINK_OFF);
    }
    assert.equal(cyw43Join(netif, { ssid: 'é'.repeat(16), passphrase: '0f'.repeat(32) }), ERR_OK);
  });

  it('waits for the chip', () => {
    const fake = new Fake();
    assert.equal(cyw43Join(fake.netif, HOME), ERR_OK);
    assertState(fake, LINK_STARTING);
    assert.deepEqual(fake.names(), []);
    assert.equal(fake.up(), 0);
    assertState(fake, LINK_JOINING);
    assert.equal(fake.names().pop(), 'SET_SSID');
  });

  it('comes back when the chip was started anew', () => {
    const fake = joining(HOME);
    fake.joined();
    wifiDown(fake.dev);
    assertState(fake, LINK_STARTING);
    fake.run(1000);
    assert.equal(fake.up(), 0);
    assertState(fake, LINK_JOINING);
    fake.joined();
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
  });

  it('takes another network, while joined and while joining', () => {
    const fake = joining(HOME);
    cyw43Join(fake.netif, { ssid: 'other', passphrase: SECRET });
    // The first one's end, while the second one is being asked for.
    fake.event(SET_SSID, 4);
    fake.answer();
    assertState(fake, LINK_JOINING);
    fake.joined();
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    fake.told = [];
    cyw43Join(fake.netif, HOME);
    assertState(fake, LINK_JOINING);
    fake.answer();
    assert.equal(fake.names()[0], 'DISASSOC');
  });

  it('leaves, from whatever state, for good', () => {
    for (const before of ['joining', 'joined', 'failed']) {
      const fake = joining(HOME);
      if (before === 'joined') fake.joined();
      if (before === 'failed') fake.event(DEAUTH_IND, 0, 15);
      fake.told = [];
      cyw43Leave(fake.netif);
      fake.answer();
      assertState(fake, LINK_OFF);
      fake.event(LINK, 0, 0, UP);
      fake.event(PSK_SUP, 6);
      fake.run(200_000);
      assertState(fake, LINK_OFF);
      assert.deepEqual(fake.names(), ['DISASSOC']);
    }
  });

  it('may be left and joined from within what it calls', () => {
    const fake = new Fake();
    assert.equal(fake.up(), 0);
    const seen: number[] = [];
    fake.dev.wifi.onState = (netif) => {
      seen.push(cyw43LinkState(netif));
      if (cyw43LinkState(netif) === LINK_CONNECTED_NO_ADDRESS) cyw43Leave(netif);
    };
    cyw43Join(fake.netif, HOME);
    fake.answer();
    fake.joined();
    assert.deepEqual(seen, [LINK_JOINING, LINK_CONNECTED_NO_ADDRESS, LINK_OFF]);
    assertState(fake, LINK_OFF);
  });
});

describe('CYW43 driver: when joining fails', () => {
  it('tells that there is no such network, having looked in both ways', () => {
    const fake = joining(HOME);
    fake.told = [];
    fake.event(SET_SSID, 3);
    assertState(fake, LINK_JOINING);
    assert.deepEqual(fake.numbers('SET_WSEC'), [6]);
    assert.deepEqual(fake.numbers('SET_AUTH'), [0]);
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x84]);
    fake.event(SET_SSID, 3);
    assertState(fake, LINK_NO_NETWORK);
    assert.ok(untilAttempt(fake) <= 1600);
    assertState(fake, LINK_JOINING);
  });

  it('keeps to the security that has let it in', () => {
    const fake = joining(HOME);
    fake.event(ASSOC, 1);
    fake.event(SET_SSID, 1);
    fake.joined();
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    fake.event(DEAUTH_IND, 0, 3);
    untilAttempt(fake);
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x84]);
  });

  it('begins anew with another network', () => {
    const fake = joining({ ...HOME, security: SECURITY_WPA3 });
    cyw43Join(fake.netif, HOME);
    fake.answer();
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x40080]);
    fake.event(SET_SSID, 3);
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x84]);
  });

  it('looks once where the security is said', () => {
    const fake = joining({ ...HOME, security: SECURITY_WPA2 });
    fake.event(SET_SSID, 3);
    assertState(fake, LINK_NO_NETWORK);
  });

  for (const [what, signs] of Object.entries<(fake: Fake) => void>({
    'the access point that gives up on the handshake': (fake) => fake.event(DEAUTH_IND, 0, 15),
    'the access point that takes the authentication back': (fake) => fake.event(DEAUTH_IND, 0, 2),
    'a supplicant that waits in vain': (fake) => fake.event(PSK_SUP, 8, 15),
    'a supplicant that is sent away': (fake) => fake.event(PSK_SUP, 8, 14),
  })) {
    it(`takes the passphrase for wrong: ${what}`, () => {
      const fake = joining(HOME);
      fake.event(AUTH);
      fake.event(ASSOC);
      fake.event(LINK, 0, 0, UP);
      signs(fake);
      assertState(fake, LINK_WRONG_PASSWORD);
      fake.event(PSK_SUP, 8, 14);
      fake.event(SET_SSID, 1);
      fake.event(LINK, 0, 2);
      assertState(fake, LINK_WRONG_PASSWORD);
      assert.ok(untilAttempt(fake) >= 4000);
      assertState(fake, LINK_JOINING);
    });
  }

  it('takes the passphrase for wrong when WPA3 says so, whatever comes of WPA2', () => {
    const fake = joining(HOME);
    fake.event(AUTH, 1, 1);
    fake.event(SET_SSID, 1);
    assertState(fake, LINK_JOINING);
    fake.event(SET_SSID, 3);
    assertState(fake, LINK_WRONG_PASSWORD);
    const wpa3 = joining({ ...HOME, security: SECURITY_WPA3 });
    wpa3.event(AUTH, 1, 1);
    wpa3.event(SET_SSID, 1);
    assertState(wpa3, LINK_WRONG_PASSWORD);
    assert.equal(wpa3.dev.wifi.reason, 1);
  });

  it('does not take it for wrong when the handshake has not begun', () => {
    const fake = joining({ ...HOME, security: SECURITY_WPA2 });
    fake.event(LINK, 0, 0, UP);
    fake.event(PSK_SUP, 4, 15);
    assertState(fake, LINK_REFUSED);
  });

  for (const [what, type, status, reason] of [
    ['authentication', AUTH, 1, 0],
    ['authentication without answer', AUTH, 2, 0],
    ['association', ASSOC, 1, 17],
    ['the whole of it', SET_SSID, 1, 0],
    ['being sent away', DEAUTH_IND, 0, 5],
    ['being sent away', DISASSOC_IND, 0, 5],
    ['the link', LINK, 0, 4],
  ] as const) {
    it(`tells that the access point refuses: ${what}`, () => {
      const fake = joining({ ...HOME, security: SECURITY_WPA2 });
      fake.event(type, status, reason);
      if (type === AUTH || type === ASSOC) {
        assertState(fake, LINK_JOINING);
        fake.event(SET_SSID, 3);
      }
      assertState(fake, LINK_REFUSED);
      assert.equal(fake.dev.wifi.reason, reason);
    });
  }

  it('waits for the other access points of the network when one refuses', () => {
    const fake = joining(HOME);
    fake.event(AUTH);
    fake.event(ASSOC, 1, 17);
    fake.joined();
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
  });

  it('tells when the chip refuses', () => {
    const fake = new Fake();
    fake.up();
    fake.refuse.set('SET_SSID', -2);
    cyw43Join(fake.netif, { ssid: 'open' });
    fake.answer();
    assertState(fake, LINK_REFUSED);
  });

  it('gives up on an attempt in which nothing happens', () => {
    const fake = joining(HOME);
    fake.run(10_500);
    assertState(fake, LINK_JOINING);
    assert.deepEqual(fake.numbers('SET_WPA_AUTH'), [0x84]);
    fake.run(9000);
    assertState(fake, LINK_JOINING);
    fake.run(1000);
    assertState(fake, LINK_NO_ANSWER);
    assert.equal(fake.told.pop()!.name, 'DISASSOC');
    const open = joining({ ssid: 'open' });
    open.run(10_500);
    assertState(open, LINK_NO_ANSWER);
  });

  it('tries again, each time later, up to a minute or two, not in step', () => {
    const fake = joining({ ssid: 'open' });
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      fake.event(SET_SSID, 3);
      assertState(fake, LINK_NO_NETWORK);
      pauses.push(untilAttempt(fake));
    }
    pauses.forEach((pause, i) => {
      const least = Math.min(1000 * 2 ** i, 64_000);
      assert.ok(pause >= least && pause <= least * 1.5 + 100, `${i}: ${pause}`);
    });
    assert.ok(new Set(pauses.slice(6)).size > 3, 'no jitter');
    fake.joined(false);
    fake.run(15_000);
    fake.event(DEAUTH_IND, 0, 3);
    assert.ok(untilAttempt(fake) <= 1600);
  });

  it('does not hurry when connections do not last', () => {
    const fake = joining({ ssid: 'open' });
    let last = 0;
    for (let i = 0; i < 8; i++) {
      fake.joined(false);
      fake.run(1000);
      fake.event(DISASSOC_IND, 0, 8);
      last = untilAttempt(fake);
    }
    assert.ok(last > 30_000, String(last));
  });
});

describe('CYW43 driver: when a connection ends', () => {
  for (const [what, type, status, reason] of [
    ['deauthenticated', DEAUTH_IND, 0, 3],
    ['disassociated', DISASSOC_IND, 0, 8],
    ['beacons lost', LINK, 0, 4],
  ] as const) {
    it(`comes back: ${what}`, () => {
      const fake = joining(HOME);
      fake.joined();
      fake.run(20_000);
      fake.event(type, status, reason);
      assertState(fake, LINK_LOST);
      assert.equal(fake.dev.wifi.reason, reason);
      // What follows tells nothing new.
      fake.event(LINK, 0, 2);
      assertState(fake, LINK_LOST);
      assert.ok(untilAttempt(fake) <= 1600);
      fake.joined();
      assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    });
  }

  it('notices it without an event', () => {
    const fake = joining(HOME);
    fake.joined();
    fake.answers.set('GET_BSSID', [2, 2, 2, 2, 2, 2]);
    fake.run(25_000);
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    assert.deepEqual([...fake.dev.wifi.bssid], [2, 2, 2, 2, 2, 2]);
    fake.refuse.set('GET_BSSID', -30);
    fake.run(5500);
    assertState(fake, LINK_LOST);
    fake.refuse.clear();
    fake.run(5000);
    fake.joined();
    fake.answers.set('GET_BSSID', [0, 0, 0, 0, 0, 0]);
    fake.run(9500);
    assertState(fake, LINK_CONNECTED_NO_ADDRESS);
    fake.run(1000);
    assertState(fake, LINK_LOST);
  });
});
