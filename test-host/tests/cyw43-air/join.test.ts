// Joining: the events of each outcome, for each kind of security.

import assert from 'node:assert/strict';
import type { Security } from '../../air/index.js';
import { MAC, Rig, le } from './rig.js';

const PASS = 'correct horse';
const AUTHENTICATED = ['AUTH 0,0', 'ASSOC 0,0', 'ASSOC_RESP_IE 0,0', 'LINK 0,0 up'];
const KEYED = [...AUTHENTICATED, 'PSK_SUP 6,0', 'JOIN 0,0', 'SET_SSID 0,0'];

function rig(security: Security, passphrase: string | undefined = PASS): Rig {
  const r = new Rig().on();
  r.air.add({ ssid: 'demo', security, passphrase: security === 'open' ? undefined : passphrase });
  return r;
}

describe('cyw43 model: joining', () => {
  it('an open network', () => {
    const r = rig('open');
    r.credentials(null);
    assert.equal(r.joinSsid('demo'), 0);
    assert.deepEqual(r.take(), [...AUTHENTICATED, 'JOIN 0,0', 'SET_SSID 0,0']);
    assert.equal(r.fw.misuse.summary(), '');
  });

  for (const [security, wpaAuth, wsec] of [
    ['wpa', 4, 2],
    ['wpa2', 0x80, 4],
    ['wpa2-wpa', 0x84, 6],
    ['wpa2-wpa', 4, 2],
    ['wpa3-wpa2', 0x80, 4],
  ] as const) {
    it(`${security} with wpa_auth ${wpaAuth}`, () => {
      const r = rig(security);
      r.credentials(PASS, wpaAuth, wsec);
      assert.equal(r.joinSsid('demo'), 0);
      assert.deepEqual(r.take(), KEYED);
      assert.equal(r.fw.misuse.summary(), '');
    });
  }

  it('wpa3 by SAE, slower than wpa2', () => {
    const r = rig('wpa3');
    r.saeCredentials(PASS);
    r.joinSsid('demo', 400);
    assert.deepEqual(r.take(), [], 'still in SAE');
    r.run(600);
    assert.deepEqual(r.take(), KEYED);
    assert.equal(r.fw.misuse.summary(), '');
  });

  it('a wrong SAE password fails in authentication', () => {
    const r = rig('wpa3');
    r.saeCredentials('wrong horse');
    r.joinSsid('demo');
    assert.deepEqual(r.take(), ['AUTH 1,1', 'SET_SSID 1,0']);
  });

  it('a wrong passphrase fails in the handshake, after seconds', () => {
    const r = rig('wpa2');
    r.credentials('wrong horse');
    r.joinSsid('demo', 2000);
    assert.deepEqual(r.take(), AUTHENTICATED);
    r.run(2000);
    assert.deepEqual(r.take(), ['DEAUTH_IND 0,15', 'LINK 0,2 down', 'PSK_SUP 8,14', 'SET_SSID 1,0']);
    assert.equal(r.air.accessPoints[0]!.members.size, 0);
  });

  it('a network that is not there', () => {
    const r = rig('wpa2');
    r.credentials(PASS);
    r.joinSsid('other');
    assert.deepEqual(r.take(), ['SET_SSID 3,0']);
  });

  for (const [what, passphrase, security] of [
    ['an open join to wpa2', null, 'wpa2'],
    ['a wpa2 join to an open network', PASS, 'open'],
    ['a wpa2 join to wpa3', PASS, 'wpa3'],
    ['a wpa2 join to wpa', PASS, 'wpa'],
  ] as const) {
    it(`${what} finds no network that fits`, () => {
      const r = rig(security);
      r.credentials(passphrase);
      r.joinSsid('demo');
      assert.deepEqual(r.take(), ['PRUNE 0,8', 'SET_SSID 3,0']);
    });
  }

  it('a full access point, then the next one', () => {
    const r = rig('wpa2');
    r.air.accessPoints[0]!.maxStations = 0;
    r.credentials(PASS);
    r.joinSsid('demo');
    assert.deepEqual(r.take(), ['AUTH 0,0', 'ASSOC 1,17', 'SET_SSID 1,0']);
    const other = r.air.add({ ssid: 'demo', passphrase: PASS, rssi: -80, channel: 11 });
    r.joinSsid('demo');
    assert.deepEqual(r.take(), ['AUTH 0,0', 'ASSOC 1,17', ...KEYED]);
    assert.equal(other.members.size, 1);
  });

  it('the strongest of several, and one that is named by its address', () => {
    const r = rig('wpa2');
    const near = r.air.add({ ssid: 'demo', passphrase: PASS, rssi: -30, channel: 11 });
    const far = r.air.add({
      ssid: 'demo',
      passphrase: PASS,
      rssi: -88,
      channel: 1,
      bssid: '02:00:00:00:00:99',
    });
    r.credentials(PASS);
    r.joinSsid('demo');
    assert.equal(near.members.size, 1);
    r.take();
    assert.equal(r.joinIovar('demo', '02:00:00:00:00:99', [1, 6]), 0);
    assert.deepEqual(r.take(), ['DISASSOC 0,8', 'LINK 0,3 down', ...KEYED]);
    assert.equal(near.members.size, 0);
    assert.equal(far.members.size, 1);
    assert.deepEqual([...r.command(false, 23, new Uint8Array(6)).data], [2, 0, 0, 0, 0, 0x99]);
    assert.deepEqual(new Int32Array(r.command(false, 127, new Uint8Array(4)).data.buffer)[0], -88);
    assert.deepEqual([...r.command(false, 29, new Uint8Array(12)).data.slice(0, 4)], [1, 0, 0, 0]);
  });

  it('hidden, non-ASCII and 32-byte names', () => {
    const names = ['hidden', 'Käsebrötchen ☕', 'x'.repeat(32)];
    for (const ssid of names) {
      const r = new Rig().on();
      r.air.add({ ssid, passphrase: PASS, hidden: true });
      r.credentials(PASS);
      r.joinSsid(ssid);
      assert.deepEqual(r.take(), KEYED, ssid);
    }
  });

  it('channels that the country does not have are not looked at', () => {
    for (const [country, found] of [
      ['DE', true],
      ['US', false],
    ] as const) {
      const r = new Rig().on(country);
      r.air.add({ ssid: 'thirteen', channel: 13 });
      r.credentials(null);
      r.joinSsid('thirteen');
      assert.equal(r.take().includes('SET_SSID 0,0'), found);
    }
  });

  it('JOIN and SET_SSID told before the keys, when asked for', () => {
    const r = new Rig({ setSsidAfter: 'association' }).on();
    r.air.add({ ssid: 'demo', passphrase: PASS });
    r.credentials(PASS);
    r.joinSsid('demo');
    assert.deepEqual(r.take(), [...AUTHENTICATED, 'JOIN 0,0', 'SET_SSID 0,0', 'PSK_SUP 6,0']);
  });

  it('the access point falls silent during the handshake', () => {
    const r = rig('wpa2');
    r.credentials(PASS);
    const ap = r.air.accessPoints[0]!;
    r.joinSsid('demo', 0);
    r.scheduler.runWhile(() => r.events.some((e) => e.type === 16), 1e6);
    ap.powerOff();
    r.run(6000);
    assert.deepEqual(r.take(), [...AUTHENTICATED, 'PSK_SUP 8,15', 'LINK 0,3 down', 'SET_SSID 1,0']);
  });

  it('the supplicant gives up sooner than the access point', () => {
    const r = rig('wpa2');
    r.credentials('wrong horse');
    r.setVar('bsscfg:sup_wpa_tmo', le(0, 1000));
    r.joinSsid('demo', 1500);
    assert.deepEqual(r.take(), [...AUTHENTICATED, 'PSK_SUP 8,15', 'LINK 0,3 down', 'SET_SSID 1,0']);
    assert.equal(r.air.accessPoints[0]!.members.size, 0);
  });

  it('deauthenticated during the handshake', () => {
    const r = rig('wpa2');
    r.credentials(PASS);
    r.joinSsid('demo', 0);
    r.scheduler.runWhile(() => r.events.some((e) => e.type === 16), 1e6);
    r.air.accessPoints[0]!.deauthenticate(MAC, 1);
    r.run(5000);
    assert.deepEqual(r.take(), [...AUTHENTICATED, 'DEAUTH_IND 0,1', 'LINK 0,2 down', 'SET_SSID 1,0']);
  });

  it('a disassociation by the host, and the end of a join by another', () => {
    const r = rig('wpa2');
    r.credentials(PASS);
    r.joinSsid('demo', 100);
    r.joinSsid('demo');
    assert.deepEqual(r.take(), KEYED);
    assert.equal(r.command(true, 52).status, 0);
    assert.deepEqual(r.take(), ['DISASSOC 0,8', 'LINK 0,3 down']);
    assert.equal(r.air.accessPoints[0]!.members.size, 0);
    assert.equal(r.command(false, 23, new Uint8Array(6)).status, -30);
  });
});
