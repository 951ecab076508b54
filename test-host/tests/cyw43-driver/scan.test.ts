import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cyw43Scan, cyw43ScanAbort, type ScanOptions, type ScanResult } from '../../../drivers/cyw43/scan.js';
import { cyw43SecurityText } from '../../../drivers/cyw43/text.js';
import { wifiDown } from '../../../drivers/cyw43/wifi.js';
import {
  ERR_ABRT,
  ERR_ALREADY,
  ERR_ARG,
  ERR_IF,
  ERR_OK,
  ERR_TIMEOUT,
} from '../../../firmware/stack/core/err.js';
import { element, endData, resultData, rsn, wpa, type Beacon } from './beacons.js';
import { BSSID, Fake } from './fake.js';

const ESCAN_RESULT = 69;

class Scanning {
  readonly fake = new Fake();
  readonly found: ScanResult[] = [];
  end: number | null = null;
  sync = 0;

  constructor(options: ScanOptions = {}) {
    this.fake.up();
    this.fake.told = [];
    this.start(options);
  }

  start(options: ScanOptions = {}): void {
    this.end = null;
    const err = cyw43Scan(
      this.fake.netif,
      options,
      (r) => this.found.push(r),
      (e) => (this.end = e),
    );
    assert.equal(err, ERR_OK);
    this.fake.answer();
    const { data } = this.fake.find('escan');
    this.sync = data[6]! | (data[7]! << 8);
  }

  hear(beacon: Beacon): void {
    this.fake.event(ESCAN_RESULT, 8, 0, { data: resultData(this.sync, beacon) });
  }

  finish(status = 0): void {
    this.fake.event(ESCAN_RESULT, status, 0, { data: endData(this.sync) });
  }
}

describe('CYW43 driver: scanning', () => {
  it('asks for all networks', () => {
    const { fake } = new Scanning();
    const { data } = fake.find('escan');
    assert.equal(data.length, 72);
    assert.deepEqual([...data.subarray(0, 6)], [1, 0, 0, 0, 1, 0]);
    assert.ok(data.subarray(8, 44).every((b) => b === 0));
    assert.ok(data.subarray(44, 50).every((b) => b === 0xff));
    assert.deepEqual([...data.subarray(50, 52)], [2, 0]);
    assert.ok(data.subarray(52, 68).every((b) => b === 0xff));
    assert.deepEqual([...data.subarray(68)], [0, 0, 0, 0]);
  });

  it('asks for one by its name, listens, looks at some channels', () => {
    const { fake } = new Scanning({ ssid: 'home', passive: true, channels: [1, 13] });
    const { data } = fake.find('escan');
    assert.deepEqual([...data.subarray(8, 17)], [4, 0, 0, 0, 0x68, 0x6f, 0x6d, 0x65, 0]);
    assert.equal(data[51], 1);
    assert.deepEqual([...data.subarray(68)], [2, 0, 0, 0, 1, 0x10, 13, 0x10]);
  });

  it('tells each access point when it is heard, once', () => {
    const scan = new Scanning();
    const beacon = { ssid: 'Büro', bssid: BSSID, channel: 11, rssi: -71, elements: rsn([2]) };
    scan.hear(beacon);
    assert.deepEqual(scan.found, [
      { ssid: 'Büro', bssid: Uint8Array.from(BSSID), channel: 11, rssi: -71, security: 4 },
    ]);
    scan.hear({ ...beacon, rssi: -60 });
    assert.equal(scan.found.length, 1);
    // Another one that differs in the first byte alone, as with several networks of one access point.
    scan.hear({ ...beacon, bssid: [0x06, ...BSSID.slice(1)], ssid: 'guests' });
    assert.equal(scan.found[1]!.ssid, 'guests');
    assert.equal(scan.end, null);
    scan.finish();
    assert.equal(scan.end, ERR_OK);
  });

  it('tells it each time where that is asked for', () => {
    const scan = new Scanning({ duplicates: true });
    scan.hear({ ssid: 'a', bssid: BSSID, rssi: -60 });
    scan.hear({ ssid: 'a', bssid: BSSID, rssi: -70 });
    assert.deepEqual(
      scan.found.map((r) => r.rssi),
      [-60, -70],
    );
  });

  for (const [text, beacon] of Object.entries<Partial<Beacon>>({
    'open': {},
    'WEP': { privacy: true },
    'WPA': { privacy: true, elements: wpa([2]) },
    'WPA2': { privacy: true, elements: [...element(0, [65]), ...rsn([2]), ...element(221, [0, 0, 0, 1, 2])] },
    'WPA/WPA2': { privacy: true, elements: [...rsn([6], 2), ...wpa([2])] },
    'WPA3': { privacy: true, elements: rsn([8]) },
    'WPA2/WPA3': { privacy: true, elements: rsn([2, 8]) },
    'EAP': { privacy: true, elements: rsn([1]) },
  })) {
    it(`reads how a network protects itself: ${text}`, () => {
      const scan = new Scanning();
      scan.hear({ ssid: 'a', bssid: BSSID, ...beacon });
      assert.equal(cyw43SecurityText(scan.found[0]!.security), text);
    });
  }

  it('reads names: hidden ones, and bytes that are no text', () => {
    const scan = new Scanning({ duplicates: true });
    for (const ssid of ['', [0, 0, 0], [0x63, 0x61, 0x66, 0xe9]]) scan.hear({ ssid, bssid: BSSID });
    assert.deepEqual(
      scan.found.map((r) => r.ssid),
      ['', '', 'caf\xe9'],
    );
  });

  it('drops results that make no sense', () => {
    const scan = new Scanning({ duplicates: true });
    const good = resultData(scan.sync, { ssid: 'a', bssid: BSSID, elements: rsn([2]) });
    const hear = (change: (data: Uint8Array) => Uint8Array | void): void => {
      const data = good.slice();
      scan.fake.event(ESCAN_RESULT, 8, 0, { data: change(data) ?? data });
    };
    for (let n = 0; n < good.length; n++) hear((data) => data.slice(0, n));
    hear((data) => void (data[30] = 33));
    hear((data) => void data.set([0xff, 0xff], 128));
    hear((data) => void data.set([0xff, 0xff, 0xff, 0x7f], 132));
    hear((data) => void data.set([0xff, 0xff, 0xff, 0xff], 132));
    assert.equal(scan.found.length, 0);
    // Elements that end early tell nothing.
    hear((data) => void (data[140 + 1] = 200));
    hear((data) => void (data[140 + 8] = 200));
    assert.deepEqual(
      scan.found.map((r) => r.security),
      [0, 0],
    );
  });

  it('is one at a time, and ends', () => {
    const scan = new Scanning();
    const { netif } = scan.fake;
    const never = (): void => assert.fail();
    assert.equal(cyw43Scan(netif, {}, never, never), ERR_ALREADY);
    assert.equal(cyw43Scan(netif, { ssid: 'x'.repeat(33) }, never, never), ERR_ARG);
    const before = scan.sync;
    cyw43ScanAbort(netif);
    assert.equal(scan.end, ERR_ABRT);
    scan.fake.find('scanabort');
    cyw43ScanAbort(netif);
    scan.start();
    // What comes of the first one.
    const { sync } = scan;
    assert.notEqual(before, sync);
    scan.sync = before;
    scan.hear({ ssid: 'a', bssid: BSSID });
    scan.finish(4);
    assert.equal(scan.found.length, 0);
    assert.equal(scan.end, null);
    scan.sync = sync;
    scan.hear({ ssid: 'a', bssid: BSSID });
    scan.finish(4);
    assert.equal(scan.found.length, 1);
    assert.equal(scan.end, ERR_ABRT);
  });

  it('ends when the chip refuses it, when nothing comes, when the chip is given up', () => {
    const scan = new Scanning();
    scan.fake.run(16_000);
    assert.equal(scan.end, ERR_TIMEOUT);
    scan.fake.refuse.set('escan', -16);
    scan.start();
    assert.equal(scan.end, ERR_IF);
    scan.fake.refuse.clear();
    scan.start();
    wifiDown(scan.fake.dev);
    assert.equal(scan.end, ERR_ABRT);
    const never = (): void => assert.fail();
    assert.equal(cyw43Scan(scan.fake.netif, {}, never, never), ERR_IF);
  });
});
