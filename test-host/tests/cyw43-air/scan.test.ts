// Scans: what each kind of network looks like in a result, how results come, and how a scan ends.

import assert from 'node:assert/strict';
import type { ReadEvent } from '../../chips/cyw43/firmware/index.js';
import type { AccessPointOptions } from '../../air/index.js';
import { Rig } from './rig.js';

interface Result {
  ssid: string;
  bssid: string;
  channel: number;
  rssi: number;
  privacy: boolean;
  elements: Map<number, number[]>;
}

/** Reads a result by the offsets that a C compiler gives the structure. */
function result(e: ReadEvent): Result {
  const d = e.data;
  const view = new DataView(d.buffer, d.byteOffset);
  assert.equal(view.getUint32(0, true), d.length, 'buflen');
  assert.equal(view.getUint16(10, true), 1, 'bss_count');
  const bss = d.subarray(12);
  const info = new DataView(bss.buffer, bss.byteOffset);
  assert.equal(info.getUint32(0, true), 109);
  assert.equal(info.getUint32(4, true), bss.length);
  const elements = new Map<number, number[]>();
  let at = info.getUint16(116, true);
  const end = at + info.getUint32(120, true);
  while (at < end) {
    elements.set(bss[at]!, [...bss.subarray(at + 2, at + 2 + bss[at + 1]!)]);
    at += 2 + bss[at + 1]!;
  }
  return {
    ssid: Buffer.from(bss.subarray(19, 19 + bss[18]!)).toString('utf8'),
    bssid: Buffer.from(bss.subarray(8, 14)).toString('hex'),
    channel: info.getUint16(72, true) & 0xff,
    rssi: info.getInt16(78, true),
    privacy: (info.getUint16(16, true) & 0x10) !== 0,
    elements,
  };
}

function partial(r: Rig): Result[] {
  return r.events.filter((e) => e.type === 69 && e.status === 8).map(result);
}

function ends(r: Rig): number[] {
  return r.events.filter((e) => e.type === 69 && e.status !== 8).map((e) => e.status);
}

function scan(networks: AccessPointOptions[], request: Parameters<Rig['escanRequest']>[0] = {}): Rig {
  const r = new Rig().on();
  for (const n of networks) r.air.add(n);
  assert.equal(r.setVar('escan', r.escanRequest(request)), 0);
  r.run(3000);
  return r;
}

function one(network: AccessPointOptions): Result {
  return partial(scan([network]))[0]!;
}

describe('cyw43 model: scans', () => {
  it('a result has name, address, channel, strength', () => {
    const b = one({ ssid: 'Café', bssid: '02:11:22:33:44:55', channel: 11, rssi: -71 });
    assert.equal(b.ssid, 'Café');
    assert.equal(b.bssid, '021122334455');
    assert.equal(b.channel, 11);
    assert.equal(b.rssi, -71);
    assert.equal(b.privacy, false);
    assert.deepEqual(b.elements.get(3), [11]);
    assert.equal(b.elements.has(48), false);
    assert.equal(b.elements.has(221), false);
  });

  // Bytes written out from IEEE 802.11-2020, 9.4.2.24, and the WPA specification.
  const WPA_IE = [0, 0x50, 0xf2, 1, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2];
  const CCMP = [0, 0x0f, 0xac, 4];
  const PSK = [0, 0x0f, 0xac, 2];
  const SAE = [0, 0x0f, 0xac, 8];
  const rsn = (group: number[], akms: number[][], capabilities: number): number[] => [
    ...[1, 0, ...group, 1, 0, ...CCMP, akms.length, 0],
    ...akms.flat(),
    ...[capabilities, 0],
  ];
  for (const [security, rsnIe, wpaIe] of [
    ['wpa', undefined, WPA_IE],
    ['wpa2', rsn(CCMP, [PSK], 0), undefined],
    ['wpa2-wpa', rsn([0, 0x0f, 0xac, 2], [PSK], 0), WPA_IE],
    ['wpa3', rsn(CCMP, [SAE], 0xc0), undefined],
    ['wpa3-wpa2', rsn(CCMP, [SAE, PSK], 0x80), undefined],
  ] as const) {
    it(`elements of ${security}`, () => {
      const b = one({ ssid: 'x', security, passphrase: 'correct horse' });
      assert.equal(b.privacy, true);
      assert.deepEqual(b.elements.get(48), rsnIe);
      assert.deepEqual(b.elements.get(221), wpaIe);
    });
  }

  it('all networks are found by asking and by listening, and the end is told once', () => {
    const networks = [1, 6, 6, 13].map((channel, i) => ({ ssid: `n${i}`, channel }));
    for (const passive of [false, true]) {
      const r = scan(networks, { passive });
      assert.deepEqual([...new Set(partial(r).map((b) => b.ssid))].sort(), ['n0', 'n1', 'n2', 'n3']);
      assert.deepEqual(ends(r), [0]);
      assert.equal(r.events.at(-1)!.data[8], 0x34, 'sync id');
      assert.equal(r.fw.misuse.summary(), '');
    }
  });

  it('results come as they are heard; listening takes longer', () => {
    for (const [passive, ms] of [
      [false, 13 * 40],
      [true, 13 * 110],
    ] as const) {
      const r = new Rig().on();
      r.air.add({ ssid: 'first', channel: 1 });
      r.setVar('escan', r.escanRequest({ passive }));
      r.run(110);
      assert.equal(partial(r).length > 0, true);
      r.run(ms - 115);
      assert.deepEqual(ends(r), []);
      r.run(10);
      assert.deepEqual(ends(r), [0]);
    }
  });

  it('a hidden network shows itself without a name, and with it when asked by name', () => {
    const r = scan([{ ssid: 'secret', hidden: true }], { passive: true });
    assert.deepEqual([...new Set(partial(r).map((b) => b.ssid))], ['']);
    const named = scan([{ ssid: 'secret', hidden: true }, { ssid: 'other' }], { ssid: 'secret' });
    assert.deepEqual([...new Set(partial(named).map((b) => b.ssid))], ['secret']);
  });

  it('names: empty, 32 bytes', () => {
    assert.equal(one({ ssid: '' }).ssid, '');
    assert.equal(one({ ssid: 'y'.repeat(32) }).ssid, 'y'.repeat(32));
    assert.throws(() => new Rig().air.add({ ssid: 'y'.repeat(33) }), RangeError);
  });

  it('only the channels asked for', () => {
    const r = scan(
      [
        { ssid: 'a', channel: 1 },
        { ssid: 'b', channel: 6 },
      ],
      { channels: [6, 7] },
    );
    assert.deepEqual([...new Set(partial(r).map((b) => b.ssid))], ['b']);
    assert.equal(r.setVar('escan', r.escanRequest({ channels: [99] })), -19);
  });

  it('out of reach, and off', () => {
    const r = new Rig().on();
    const weak = r.air.add({ ssid: 'weak', rssi: -96 });
    const off = r.air.add({ ssid: 'off' });
    off.powerOff();
    r.setVar('escan', r.escanRequest());
    r.run(1000);
    assert.deepEqual(partial(r), []);
    weak.setRssi(-94);
    off.powerOn();
    r.setVar('escan', r.escanRequest());
    r.run(1000);
    assert.deepEqual([...new Set(partial(r).map((b) => b.ssid))].sort(), ['off', 'weak']);
  });

  it('aborted by the host, by a join, by WLC_DOWN', () => {
    const ways: ((r: Rig) => void)[] = [
      (r) => assert.equal(r.setVar('escan', r.escanRequest({ action: 3 })), 0),
      (r) => assert.equal(r.setVar('scanabort', new Uint8Array(0)), 0),
      (r) => r.joinSsid('nowhere', 0),
      (r) => assert.equal(r.command(true, 3).status, 0),
    ];
    for (const end of ways) {
      const r = new Rig().on();
      r.air.add({ ssid: 'late', channel: 13 });
      r.setVar('escan', r.escanRequest());
      r.run(100);
      end(r);
      assert.deepEqual(ends(r), [4]);
      r.run(2000);
      assert.deepEqual(partial(r), []);
      assert.deepEqual(ends(r), [4]);
    }
  });

  it('one at a time, and none while joining', () => {
    const r = new Rig().on();
    r.setVar('escan', r.escanRequest());
    assert.equal(r.setVar('escan', r.escanRequest()), -16);
    assert.equal(r.fw.misuse.counts.scanWhileScanning, 1);
    r.run(1000);
    r.joinSsid('nowhere', 0);
    assert.equal(r.setVar('escan', r.escanRequest()), -16);
    assert.equal(r.fw.misuse.total, 1);
  });
});
