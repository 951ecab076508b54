// Access point mode: up and down, stations that come and go, who may come, frames to and from them.

import assert from 'node:assert/strict';
import { Station } from '../../air/index.js';
import { MAC, Rig, ethernet, join, le, mac, ssidField } from './rig.js';

const PASS = 'correct horse';
const PHONE = '02:00:00:00:00:0a';
const LAPTOP = '02:00:00:00:00:0b';
const AP_MAC = '2a:cd:c1:00:a9:af';

function settings(
  r: Rig,
  options: { passphrase?: string | null; wpaAuth?: number; channel?: number } = {},
): void {
  const { passphrase = PASS, wpaAuth = 0x80, channel = 3 } = options;
  assert.equal(r.setVar('bsscfg:ssid', join(le(1), ssidField('pico'))), 0);
  assert.equal(r.set(30, channel, 1), 0);
  assert.equal(r.setVar('bsscfg:wsec', le(1, passphrase === null ? 0 : 4)), 0);
  assert.equal(r.setVar('bsscfg:wpa_auth', le(1, passphrase === null ? 0 : wpaAuth)), 0);
  if (passphrase !== null) assert.equal(r.setPmk(passphrase, 1), 0);
}

function serving(options: Parameters<typeof settings>[1] = {}): Rig {
  const r = new Rig().on();
  settings(r, options);
  assert.equal(r.setVar('bss', le(1, 1)), 0);
  assert.deepEqual(r.take(), ['LINK 0,0 up on 1']);
  return r;
}

function station(r: Rig, address: string, passphrase: string | null = PASS, ms = 1500): Station {
  const s = new Station(r.air, { mac: address });
  s.join('pico', passphrase);
  r.run(ms);
  return s;
}

describe('cyw43 model: access point mode', () => {
  it('comes up, is seen, takes stations, lists them, goes down', () => {
    const r = serving();
    assert.equal(r.getVar('bss', 8, le(1)).data[0], 1);
    const phone = station(r, PHONE);
    assert.equal(phone.state, 'joined');
    assert.equal(phone.ap!.channel, 3);
    assert.deepEqual(r.take(), ['AUTH_IND 0,0 on 1', 'ASSOC_IND 0,0 on 1']);
    station(r, LAPTOP);
    assert.equal(r.events[1]!.address, LAPTOP);
    const list = r.command(false, 159, join(le(10), new Uint8Array(60)), 1);
    assert.deepEqual([...list.data.slice(0, 16)], [2, 0, 0, 0, ...mac(PHONE), ...mac(LAPTOP)]);
    r.take();
    assert.equal(r.setVar('bss', le(1, 0)), 0);
    r.run(10);
    assert.deepEqual(r.take(), ['LINK 0,3 down on 1']);
    assert.equal(phone.state, 'idle');
    assert.deepEqual(phone.lastDismissal, { how: 'deauthenticated', reason: 3 });
    assert.equal(r.air.accessPoints.length, 0);
    assert.equal(r.getVar('bss', 8, le(1)).data[0], 0);
    assert.equal(r.fw.misuse.summary(), '');
  });

  it('frames both ways, between stations, and broadcast to all', () => {
    const r = serving();
    const stations = [station(r, PHONE), station(r, LAPTOP)];
    const heard: [number, Uint8Array][] = [];
    stations.forEach((s, i) => (s.onFrame = (frame) => heard.push([i, frame])));
    const up = ethernet(AP_MAC, PHONE);
    stations[0]!.send(up);
    r.run(10);
    assert.deepEqual(r.frames, [{ iface: 1, frame: up }]);
    const down = ethernet(LAPTOP, AP_MAC);
    r.fw.frame(1, down);
    r.run(10);
    assert.deepEqual(heard, [[1, down]]);
    heard.length = r.frames.length = 0;
    const all = ethernet('ff:ff:ff:ff:ff:ff', AP_MAC);
    r.fw.frame(1, all);
    r.run(10);
    assert.deepEqual(heard, [
      [0, all],
      [1, all],
    ]);
    assert.deepEqual(r.frames, []);
    heard.length = 0;
    const fromPhone = ethernet('ff:ff:ff:ff:ff:ff', PHONE);
    stations[0]!.send(fromPhone);
    const direct = ethernet(LAPTOP, PHONE);
    stations[0]!.send(direct);
    r.run(10);
    assert.deepEqual(heard, [
      [1, fromPhone],
      [1, direct],
    ]);
    assert.deepEqual(r.frames, [{ iface: 1, frame: fromPhone }]);
  });

  it('a station leaves, is sent away, has the wrong passphrase', () => {
    const r = serving();
    const phone = station(r, PHONE);
    r.take();
    phone.leave();
    phone.join('pico', PASS);
    r.run(1500);
    phone.leave('deauthenticated');
    assert.deepEqual(r.take(), [
      'DISASSOC_IND 0,8 on 1',
      'AUTH_IND 0,0 on 1',
      'ASSOC_IND 0,0 on 1',
      'DEAUTH_IND 0,3 on 1',
    ]);
    phone.join('pico', PASS);
    r.run(1500);
    r.take();
    assert.equal(r.command(true, 201, join(le(4), mac(PHONE)), 1).status, 0);
    r.run(10);
    assert.deepEqual(r.take(), ['DEAUTH 0,4 on 1']);
    assert.deepEqual(phone.lastDismissal, { how: 'deauthenticated', reason: 4 });
    assert.equal(r.command(true, 201, join(le(4), mac(LAPTOP)), 1).status, -21);

    const thief = station(r, LAPTOP, 'wrong horse', 4000);
    assert.equal(thief.outcome!.kind, 'wrongPassphrase');
    assert.deepEqual(r.take(), ['AUTH_IND 0,0 on 1', 'ASSOC_IND 0,0 on 1', 'DEAUTH 0,15 on 1']);
    assert.equal(r.fw.softAp.ap!.members.size, 0);
  });

  it('open, WPA3, and a limit of stations', () => {
    const open = serving({ passphrase: null });
    assert.equal(station(open, PHONE, null).state, 'joined');
    assert.equal(station(open, LAPTOP, PASS).outcome!.kind, 'mismatch');

    const r = new Rig().on();
    settings(r, { wpaAuth: 0x40080 });
    r.setVar('maxassoc', 1, 1);
    r.setVar('bss', le(1, 1));
    const phone = station(r, PHONE);
    assert.equal(phone.state, 'joined');
    const { outcome } = phone;
    assert.ok(outcome?.kind === 'joined' && outcome.suite.akm === 'sae');
    assert.equal(station(r, LAPTOP).outcome!.kind, 'notAssociated');
  });

  it('both interfaces: one radio, so the access point follows the station', () => {
    const r = serving();
    const { wire } = r.network({ ssid: 'home', passphrase: PASS, channel: 9 });
    r.credentials(PASS);
    r.joinSsid('home');
    assert.ok(r.take().includes('CSA_COMPLETE_IND 0,0 on 1'));
    assert.equal(r.fw.softAp.ap!.channel, 9);
    assert.equal(station(r, PHONE).ap!.channel, 9);
    const heard: Uint8Array[] = [];
    wire.onFrame = (frame) => heard.push(frame);
    const out = ethernet('02:00:00:00:00:02', MAC);
    r.fw.frame(0, out);
    r.run(10);
    assert.deepEqual(heard, [out]);
    assert.equal(r.frames.length, 0);
  });

  it('its own scan does not show it', () => {
    const r = serving();
    r.setVar('escan', r.escanRequest());
    r.run(1000);
    assert.deepEqual(r.take(), ['ESCAN_RESULT 0,0']);
  });

  it('what is missing is told: SSID, passphrase, apsta, a channel that exists', () => {
    const r = new Rig().on();
    assert.equal(r.setVar('bss', le(1, 1)), -18);
    assert.equal(r.fw.misuse.counts.apWithoutSsid, 1);
    r.setVar('bsscfg:ssid', join(le(1), ssidField('pico')));
    r.setVar('bsscfg:wsec', le(1, 4));
    r.setVar('bsscfg:wpa_auth', le(1, 0x80));
    assert.equal(r.setVar('bss', le(1, 1)), -25);
    assert.equal(r.fw.misuse.counts.apWithoutCredentials, 1);
    assert.equal(r.set(30, 15, 1), -19);
    assert.equal(r.command(false, 159, join(le(1), new Uint8Array(6)), 0).status, -6);
    assert.equal(r.fw.misuse.total, 2);

    const sta = new Rig().boot();
    sta.loadClm();
    assert.equal(sta.setVar('bsscfg:ssid', join(le(1), ssidField('pico'))), -2);
    sta.fw.frame(1, ethernet(PHONE, AP_MAC));
    assert.equal(sta.fw.misuse.counts.unknownInterface, 2);
  });

  it('power off silences it', () => {
    const r = serving();
    const phone = station(r, PHONE);
    r.fw.stop();
    assert.equal(phone.state, 'idle');
    assert.equal(phone.lastDismissal, null);
    assert.equal(r.air.accessPoints.length, 0);
  });
});
