// Ethernet frames through a joined station: to the wire and back, groups, filters, loss, latency, power saving.

import assert from 'node:assert/strict';
import { Station, type AccessPointOptions } from '../../air/index.js';
import type { Port } from '../../sim/wire.js';
import { MAC, Rig, ethernet, join, le, mac } from './rig.js';

const PASS = 'correct horse';
const FAR = '02:00:00:00:00:02';
const OTHER = '02:00:00:00:00:03';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const GROUP = '01:00:5e:00:00:fb';

function joined(options: Partial<AccessPointOptions> = {}): {
  r: Rig;
  ap: ReturnType<Rig['network']>['ap'];
  wire: Port;
  heard: Uint8Array[];
} {
  const r = new Rig().on();
  const { ap, wire } = r.network({ ssid: 'demo', passphrase: PASS, ...options });
  r.credentials(PASS);
  r.joinSsid('demo');
  assert.ok(r.take().includes('SET_SSID 0,0'));
  const heard: Uint8Array[] = [];
  wire.onFrame = (frame) => heard.push(frame);
  return { r, ap, wire, heard };
}

describe('cyw43 model: data', () => {
  it('goes to the wire and comes from it', () => {
    const { r, wire, heard } = joined();
    const out = ethernet(FAR, MAC);
    r.fw.frame(0, out);
    r.run(10);
    assert.deepEqual(heard, [out]);
    const back = ethernet(MAC, FAR);
    wire.send(back);
    wire.send(ethernet(OTHER, FAR));
    r.run(10);
    assert.deepEqual(r.frames, [{ iface: 0, frame: back }]);
    assert.equal(r.fw.misuse.summary(), '');
  });

  it('broadcast reaches the wire and other stations, and does not come back', () => {
    const { r, heard } = joined();
    const other = new Station(r.air, { mac: OTHER });
    const got: Uint8Array[] = [];
    other.onFrame = (frame) => got.push(frame);
    other.join('demo', PASS);
    r.run(1000);
    assert.equal(other.state, 'joined');
    const out = ethernet(BROADCAST, MAC);
    r.fw.frame(0, out);
    r.run(10);
    assert.deepEqual(heard, [out]);
    assert.deepEqual(got, [out]);
    assert.deepEqual(r.frames, []);
    other.send(ethernet(MAC, OTHER, 'direct'));
    r.run(10);
    assert.equal(r.frames.length, 1);
    assert.equal(heard.length, 1, 'between stations: not on the wire');
  });

  it('a frame of our own that the wire sends back is not delivered', () => {
    const { r, wire } = joined();
    wire.send(ethernet(BROADCAST, MAC));
    r.run(10);
    assert.deepEqual(r.frames, []);
  });

  it('groups: on the list, all, or filtered', () => {
    const { r, wire } = joined();
    const arrives = (to: string): boolean => {
      r.frames.length = 0;
      wire.send(ethernet(to, FAR));
      r.run(10);
      return r.frames.length === 1;
    };
    assert.equal(arrives(BROADCAST), true);
    assert.equal(arrives(GROUP), false);
    assert.equal(r.fw.multicast.filtered, 1);
    assert.equal(r.setVar('mcast_list', join(le(1), mac(GROUP), new Uint8Array(54))), 0);
    assert.equal(arrives(GROUP), true);
    assert.equal(arrives('01:00:5e:00:00:01'), false);
    assert.deepEqual([...r.getVar('mcast_list').data.slice(0, 10)], [1, 0, 0, 0, ...mac(GROUP)]);
    assert.equal(r.setVar('mcast_list', le(0)), 0);
    assert.equal(r.setVar('allmulti', 1), 0);
    assert.equal(arrives(GROUP), true);
  });

  it('without a link nothing goes, and it is counted', () => {
    const r = new Rig().on();
    r.fw.frame(0, ethernet(FAR, MAC));
    assert.equal(r.fw.counters.noLink, 1);
  });

  it('loss is seeded: the same frames are lost each time', () => {
    const lost = (): number[] => {
      const { r, ap, heard } = joined({ loss: 0.3 });
      for (let i = 0; i < 100; i++) {
        r.fw.frame(0, ethernet(FAR, MAC, String(i)));
        r.run(1);
      }
      const seen = heard.map((f) =>
        Number(Buffer.from(f.subarray(14)).toString('latin1').replaceAll('\0', '')),
      );
      assert.equal(ap.medium.counters.lost, 100 - heard.length);
      return Array.from({ length: 100 }, (_, i) => i).filter((i) => !seen.includes(i));
    };
    const first = lost();
    assert.ok(first.length > 15 && first.length < 45, String(first.length));
    assert.deepEqual(lost(), first);
  });

  it('latency and air time', () => {
    const { r, ap, heard } = joined();
    ap.medium.latency = 20_000;
    const start = r.scheduler.now;
    r.fw.frame(0, ethernet(FAR, MAC));
    r.scheduler.runWhile(() => heard.length > 0, 1e6);
    const took = r.scheduler.now - start;
    assert.ok(took >= 20_150 && took < 20_300, String(took));
  });

  it('the host is told to stop when the air is behind, and to go on', () => {
    const { r, ap, heard } = joined();
    for (let i = 0; i < 80; i++) r.fw.frame(0, join(mac(FAR), mac(MAC), new Uint8Array(1400)));
    assert.deepEqual(r.flow, [255]);
    r.run(100);
    assert.deepEqual(r.flow, [255, 0]);
    assert.equal(heard.length, 80);
    assert.equal(ap.medium.counters.queueDrops, 0);
  });

  it('power saving: a sleeping station hears at beacons, a busy one at once', () => {
    const { r, wire } = joined();
    const delay = (): number => {
      r.frames.length = 0;
      const start = r.scheduler.now;
      wire.send(ethernet(MAC, FAR));
      r.scheduler.runWhile(() => r.frames.length > 0, 2e6);
      return (r.scheduler.now - start) / 1000;
    };
    const mean = (): number => {
      let sum = 0;
      for (let i = 0; i < 20; i++) {
        r.run(310 + i * 17);
        sum += delay();
      }
      return sum / 20;
    };
    assert.ok(mean() < 1, 'PM 0');
    assert.equal(r.set(86, 1), 0);
    const max = mean();
    assert.ok(max > 30 && max < 75, `PM 1: ${max} ms`);
    assert.ok(delay() > 1, 'PM 1 sleeps at once');
    assert.equal(r.set(86, 2), 0);
    r.run(313);
    delay();
    assert.ok(delay() < 1, 'PM 2 stays awake after traffic');
    r.run(190);
    assert.ok(delay() < 1);
    r.run(210);
    assert.ok(delay() > 1, 'PM 2 sleeps after 200 ms');
    assert.equal(r.setVar('pm2_sleep_ret', 1000), 0);
    r.run(900);
    assert.ok(delay() < 1);
    assert.equal(r.setVar('bcn_li_bcn', 5), 0);
    assert.equal(r.set(86, 1), 0);
    const lazy = mean();
    assert.ok(lazy > 150, `every fifth beacon: ${lazy} ms`);
    assert.deepEqual([...r.command(false, 85, new Uint8Array(4)).data], [1, 0, 0, 0]);
  });

  it('frames that wait for a sleeping station keep their order and die with the link', () => {
    const { r, wire, ap } = joined();
    r.set(86, 1);
    for (let i = 0; i < 5; i++) {
      wire.send(ethernet(MAC, FAR, String(i)));
      r.run(30);
    }
    r.run(200);
    assert.deepEqual(
      r.frames.map((f) => f.frame[14]! - 48),
      [0, 1, 2, 3, 4],
    );
    r.frames.length = 0;
    r.scheduler.runUntil(ap.nextBeacon(r.scheduler.now) + 1000);
    wire.send(ethernet(MAC, FAR));
    r.run(2);
    ap.deauthenticate(MAC, 1);
    r.run(500);
    assert.deepEqual(r.frames, []);
  });
});
