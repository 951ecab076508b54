// The radio world by itself: stations and access points without the chip.

import assert from 'node:assert/strict';
import { Air, Station, type AccessPoint, type AccessPointOptions, type Security } from '../../air/index.js';
import { knows } from '../../air/security.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { ethernet, mac } from './rig.js';

const PASS = 'correct horse';
const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const WIRE = '02:00:00:00:00:0c';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

class World {
  readonly scheduler = new Scheduler();
  readonly air = new Air(this.scheduler, 3);
  readonly link = new Link(this.scheduler);
  readonly ap: AccessPoint;

  constructor(options: Partial<AccessPointOptions> = {}) {
    this.ap = this.air.add({ ssid: 'demo', passphrase: PASS, port: this.link.a, ...options });
  }

  run(ms: number): void {
    this.scheduler.runFor(ms * 1000);
  }

  station(address: string, passphrase: string | null = PASS): Station & { heard: Uint8Array[] } {
    const heard: Uint8Array[] = [];
    const station = Object.assign(new Station(this.air, { mac: address }), { heard });
    station.onFrame = (frame) => heard.push(frame);
    station.join('demo', passphrase);
    this.run(1500);
    return station;
  }
}

describe('air', () => {
  for (const security of ['open', 'wpa', 'wpa2', 'wpa2-wpa', 'wpa3', 'wpa3-wpa2'] as Security[]) {
    it(`a station of today joins ${security} with the right passphrase only`, () => {
      const passphrase = security === 'open' ? undefined : PASS;
      const w = new World({ security, passphrase });
      assert.equal(w.station(A, passphrase ?? null).state, 'joined');
      const wrong = w.station(B, 'wrong horse');
      w.run(3000);
      assert.equal(wrong.state, 'idle');
      const kind = { open: 'mismatch', wpa3: 'notAuthenticated', 'wpa3-wpa2': 'notAuthenticated' }[
        security as string
      ];
      assert.equal(wrong.outcome!.kind, kind ?? 'wrongPassphrase');
      assert.deepEqual([...w.ap.members.keys()], [A]);
    });
  }

  it('a key made of passphrase and name serves like the passphrase', () => {
    // IEEE 802.11-2020, J.4.2, test vector 1.
    const pmk = Uint8Array.from(
      Buffer.from('f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e', 'hex'),
    );
    const suite = { akm: 'wpa2-psk', cipher: 'ccmp' } as const;
    const offer = { akms: [suite.akm], ciphers: [suite.cipher], psk: { pmk } };
    const text = (s: string): Uint8Array => Uint8Array.from(Buffer.from(s));
    assert.equal(knows(offer, suite, text('IEEE'), text('password')), true);
    assert.equal(knows(offer, suite, text('IEEE2'), text('password')), false);
  });

  it('bridges between stations and the wire', () => {
    const w = new World();
    const [a, b] = [w.station(A), w.station(B)];
    const wire: Uint8Array[] = [];
    w.link.b.onFrame = (frame) => wire.push(frame);
    a.send(ethernet(WIRE, A));
    a.send(ethernet(B, A));
    a.send(ethernet(BROADCAST, A));
    w.run(10);
    assert.deepEqual([wire.length, a.heard.length, b.heard.length], [2, 0, 2]);
    w.link.b.send(ethernet(A, WIRE));
    w.link.b.send(ethernet(BROADCAST, WIRE));
    w.link.b.send(ethernet('02:00:00:00:00:77', WIRE));
    w.link.b.send(new Uint8Array(9));
    w.run(10);
    assert.deepEqual([wire.length, a.heard.length, b.heard.length], [2, 2, 3]);
    const c = w.ap.bridge.counters;
    assert.deepEqual([c.unknownDestination, c.runts], [1, 1]);
  });

  it('takes no frame under another name', () => {
    const w = new World();
    const a = w.station(A);
    a.send(ethernet(WIRE, B));
    w.run(10);
    assert.equal(w.ap.bridge.counters.foreignSource, 1);
    assert.equal(w.ap.bridge.counters.toWire, 0);
  });

  it('a network without a wire still connects its stations', () => {
    const w = new World({ port: null });
    const [a, b] = [w.station(A), w.station(B)];
    a.send(ethernet(BROADCAST, A));
    w.run(10);
    assert.deepEqual([a.heard.length, b.heard.length], [0, 1]);
  });

  it('refusals by status', () => {
    const w = new World();
    w.ap.refuseAuthentication = 13;
    assert.deepEqual(w.station(A).outcome, { kind: 'notAuthenticated', ap: w.ap, answer: { status: 13 } });
    w.ap.refuseAuthentication = 0;
    w.ap.refuseAssociation = 12;
    assert.deepEqual(w.station(A).outcome, { kind: 'notAssociated', ap: w.ap, answer: { status: 12 } });
  });

  it('a station that vanished is replaced when it comes back', () => {
    const w = new World({ maxStations: 1 });
    const a = w.station(A);
    a.vanish();
    assert.equal(w.ap.members.size, 1);
    assert.equal(w.station(B).outcome!.kind, 'notAssociated');
    const again = w.station(A);
    assert.equal(again.state, 'joined');
    assert.equal(w.ap.isMember(again), true);
  });

  it('the same seed gives the same course of events', () => {
    const course = (): string[] => {
      const w = new World({ loss: 0.2 });
      const log: string[] = [];
      const a = new Station(w.air, { mac: A });
      a.onState = (state) => log.push(`${w.scheduler.now} ${state}`);
      a.onFrame = (frame) => log.push(`${w.scheduler.now} ${frame[14]}`);
      a.join('demo', PASS);
      for (let i = 0; i < 50; i++) {
        w.run(50);
        w.link.b.send(ethernet(A, WIRE, String.fromCharCode(i + 32)));
      }
      return log;
    };
    const first = course();
    assert.ok(first.length > 20);
    assert.deepEqual(course(), first);
  });

  it('addresses and beacons are spread', () => {
    const w = new World();
    const other = w.air.add({ ssid: 'other' });
    assert.notDeepEqual(other.bssid, w.ap.bssid);
    assert.notEqual(other.nextBeacon(0), w.ap.nextBeacon(0));
    const at = other.nextBeacon(1_000_000);
    assert.ok(at >= 1_000_000 && at < 1_000_000 + 102_400);
    assert.equal(other.nextBeacon(at), at);
    assert.equal(other.nextBeacon(at + 1), at + 102_400);
    assert.throws(() => w.air.add({ ssid: 'x', bssid: '1:2' }), /not a hardware address/);
    assert.deepEqual([...w.air.add({ ssid: 'x', bssid: WIRE }).bssid], mac(WIRE));
  });
});
