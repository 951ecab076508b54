// How a link is lost: by the access point's word, its silence, distance, a crash; and that it can be had again.

import assert from 'node:assert/strict';
import { MAC, Rig, ethernet } from './rig.js';

const PASS = 'correct horse';

function joined(): { r: Rig; ap: ReturnType<Rig['network']>['ap'] } {
  const r = new Rig().on();
  const { ap } = r.network({ ssid: 'demo', passphrase: PASS });
  r.credentials(PASS);
  r.joinSsid('demo');
  r.take();
  return { r, ap };
}

function rejoins(r: Rig): void {
  r.joinSsid('demo');
  assert.ok(r.take().includes('SET_SSID 0,0'));
}

describe('cyw43 model: loss of the link', () => {
  it('deauthentication', () => {
    const { r, ap } = joined();
    assert.equal(ap.deauthenticate(MAC, 6), true);
    r.run(10);
    assert.deepEqual(r.take(), ['DEAUTH_IND 0,6', 'LINK 0,2 down']);
    assert.equal(ap.members.size, 0);
    assert.equal(ap.deauthenticate(MAC, 6), false);
    rejoins(r);
  });

  it('disassociation, of all', () => {
    const { r, ap } = joined();
    ap.disassociate(null, 5);
    r.run(10);
    assert.deepEqual(r.take(), ['DISASSOC_IND 0,5', 'LINK 0,3 down']);
    rejoins(r);
  });

  it('the access point goes off: beacons are missed for seconds', () => {
    const { r, ap } = joined();
    ap.powerOff();
    r.run(7900);
    assert.deepEqual(r.take(), []);
    r.run(200);
    assert.deepEqual(r.take(), ['LINK 0,4 down']);
    r.joinSsid('demo');
    assert.deepEqual(r.take(), ['SET_SSID 3,0']);
    ap.powerOn();
    rejoins(r);
  });

  it('bcn_timeout says how many seconds', () => {
    const { r, ap } = joined();
    assert.equal(r.setVar('bcn_timeout', 2), 0);
    ap.powerOff();
    r.run(1900);
    assert.deepEqual(r.take(), []);
    r.run(200);
    assert.deepEqual(r.take(), ['LINK 0,4 down']);
  });

  it('a short restart of the access point: it does not know us any more', () => {
    const { r, ap } = joined();
    ap.powerOff();
    r.run(1000);
    ap.powerOn();
    r.run(1000);
    assert.deepEqual(r.take(), ['DEAUTH_IND 0,7', 'LINK 0,2 down']);
    rejoins(r);
  });

  it('a frame to an access point that has forgotten us is answered with a deauthentication', () => {
    const { r, ap } = joined();
    ap.powerOff();
    ap.powerOn();
    r.fw.frame(0, ethernet('02:00:00:00:00:02', MAC));
    r.run(10);
    assert.deepEqual(r.take(), ['DEAUTH_IND 0,7', 'LINK 0,2 down']);
    assert.equal(ap.bridge.counters.unauthorized, 1);
  });

  it('out of reach, shortly and for long', () => {
    const { r, ap } = joined();
    ap.setRssi(-99);
    r.run(3000);
    ap.setRssi(-60);
    assert.equal(r.command(false, 127, new Uint8Array(4)).data[0], 256 - 60);
    assert.equal(r.getVar('rssi').data[0], 256 - 60);
    r.run(10_000);
    assert.deepEqual(r.take(), []);
    assert.equal(ap.members.size, 1);
    ap.setRssi(-99);
    r.run(9000);
    assert.deepEqual(r.take(), ['LINK 0,1 down']);
  });

  it('a crash: silence until the core is started again', () => {
    const { r, ap } = joined();
    r.fw.faults.trap(r.scheduler.now + 5000);
    r.run(10);
    assert.equal(r.traps, 1);
    ap.deauthenticate(MAC, 1);
    r.run(100);
    assert.deepEqual(r.take(), []);
    r.fw.control({ id: 999, cmd: 2, set: true, iface: 0, outputLength: 0, data: new Uint8Array(0) });
    r.fw.frame(0, ethernet('02:00:00:00:00:02', MAC));
    r.run(1000);
    assert.equal(r.replies.has(999), false);
    assert.equal(r.fw.misuse.counts.beforeReady, 2);
    r.fw.misuse.counts.beforeReady = 0;
    r.on();
    r.credentials(PASS);
    rejoins(r);
    assert.equal(ap.members.size, 1);
  });

  it('power off while joining leaves nothing behind', () => {
    const { r, ap } = joined();
    r.joinSsid('demo', 100);
    r.fw.stop();
    r.run(10_000);
    assert.deepEqual(r.take(), ['DISASSOC 0,8', 'LINK 0,3 down']);
    assert.equal(ap.members.size, 0);
    assert.equal(r.scheduler.nextTime(), Infinity);
  });
});
