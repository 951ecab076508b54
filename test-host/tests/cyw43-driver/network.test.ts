// The radio's part of the driver on the whole chip model, with the air around it.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  cyw43ApClients,
  cyw43ApInit,
  cyw43ApStart,
  cyw43ApStop,
  cyw43ApAskClients,
} from '../../../drivers/cyw43/ap.js';
import { cyw43PinRead, cyw43PinWrite, PIN_LED, PIN_VBUS } from '../../../drivers/cyw43/gpio.js';
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
  LINK_WRONG_PASSWORD,
} from '../../../drivers/cyw43/link.js';
import { cyw43Multicast } from '../../../drivers/cyw43/multicast.js';
import { cyw43PowerSave, PM_NONE } from '../../../drivers/cyw43/power.js';
import { cyw43Scan, type ScanOptions, type ScanResult } from '../../../drivers/cyw43/scan.js';
import { SECURITY_WPA, SECURITY_WPA2, SECURITY_WPA3 } from '../../../drivers/cyw43/security.js';
import { cyw43Rssi } from '../../../drivers/cyw43/signal.js';
import { cyw43LinkText } from '../../../drivers/cyw43/text.js';
import { macText } from '../../../drivers/cyw43/words.js';
import { ERR_ABRT, ERR_OK } from '../../../firmware/stack/core/err.js';
import { ipaddrAton, type Ip4Addr } from '../../../firmware/stack/core/ipaddr.js';
import { NETIF_FLAG_LINK_UP, netifAdd, netifSetUp, type Netif } from '../../../firmware/stack/core/netif.js';
import { ethernetInput } from '../../../firmware/stack/link/ethernet.js';
import { Station, type Security } from '../../air/index.js';
import { PASSPHRASE, Rig, SSID, type RigOptions } from '../cyw43/rig.js';

const LAB: JoinConfig = { ssid: SSID, passphrase: PASSPHRASE };

function ip(text: string): Ip4Addr {
  return ipaddrAton(text) as Ip4Addr;
}

class Lab extends Rig {
  /** States in the order of their coming. */
  readonly states: string[] = [];
  apNetif: Netif | null = null;

  constructor(options: RigOptions = {}) {
    super(options);
    this.dev.wifi.onState = () => this.states.push(cyw43LinkText(this.state));
  }

  get state(): number {
    return cyw43LinkState(this.netif);
  }

  /** A running chip. */
  up(): this {
    this.until(() => this.dev.wifi.up, 2000, 'the radio is set up');
    return this;
  }

  join(join: JoinConfig = LAB): this {
    assert.equal(cyw43Join(this.netif, join), ERR_OK);
    return this;
  }

  become(state: number, ms = 15_000): this {
    this.until(() => this.state === state, ms, `"${cyw43LinkText(state)}", not ${this.states.join(', ')}`);
    return this;
  }

  /** A second interface, the access point. */
  addAp(): Netif {
    const netif = netifAdd(
      this.stack,
      ip('10.3.0.1'),
      ip('255.255.255.0'),
      0,
      this.dev,
      cyw43ApInit,
      ethernetInput,
    )!;
    netifSetUp(netif);
    return netif;
  }

  scan(options: ScanOptions = {}): { found: ScanResult[]; err: number | null; took: number } {
    const result = { found: [] as ScanResult[], err: null as number | null, took: this.scheduler.now };
    const err = cyw43Scan(
      this.netif,
      options,
      (r) => result.found.push(r),
      (e) => (result.err = e),
    );
    assert.equal(err, ERR_OK);
    this.until(() => result.err !== null, 20_000, 'the scan ends');
    result.took = (this.scheduler.now - result.took) / 1000;
    return result;
  }

  /** The driver did nothing that the firmware does not like, and asked for nothing that it does not know. */
  assertSound(): void {
    assert.equal(this.firmware.misuse.summary(), '');
    assert.equal(this.chip.misuse.summary(), '');
    assert.deepEqual([...this.firmware.counters.unknownIovars.keys()], []);
    assert.deepEqual([...this.firmware.counters.unknownCommands.keys()], []);
  }
}

describe('CYW43 driver on the model: joining', () => {
  const bits: Record<Security, number> = {
    'open': 0,
    'wpa': SECURITY_WPA,
    'wpa2': SECURITY_WPA2,
    'wpa2-wpa': SECURITY_WPA2 | SECURITY_WPA,
    'wpa3': SECURITY_WPA3,
    'wpa3-wpa2': SECURITY_WPA3 | SECURITY_WPA2,
  };
  for (const [security, bit] of Object.entries(bits)) {
    it(`${security}, by itself and where it is said`, () => {
      for (const explicit of [false, true]) {
        const passphrase = bit ? PASSPHRASE : undefined;
        const lab = new Lab({ ap: { security: security as Security, passphrase } });
        lab.join({ ssid: SSID, passphrase, security: explicit ? bit : undefined });
        lab.become(LINK_CONNECTED_NO_ADDRESS, 5000);
        assert.equal(lab.firmware.station.ap, lab.ap);
        assert.deepEqual(lab.dev.wifi.bssid, lab.ap.bssid);
        lab.run(30_000);
        assert.equal(lab.state, LINK_CONNECTED_NO_ADDRESS);
        assert.deepEqual(lab.states, ['chip is starting', 'joining', 'connected, no address yet']);
        lab.assertSound();
      }
    });
  }

  it('by address and channel, a hidden network too', () => {
    const lab = new Lab({ ap: { rssi: -30 } });
    const far = lab.air.add({ ssid: SSID, passphrase: PASSPHRASE, rssi: -80, channel: 11, hidden: true });
    lab.join({ ...LAB, bssid: far.bssid, channel: 11 }).become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.firmware.station.ap, far);
    lab.join({ ...LAB, channel: 6 }).become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.firmware.station.ap, lab.ap);
    lab.assertSound();
  });

  it('with keys that come after SET_SSID', () => {
    const lab = new Lab();
    Object.assign(lab.firmware, { setSsidAfter: 'association' });
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.firmware.station.ap, lab.ap);
  });

  for (const security of ['wpa2', 'wpa3', 'wpa3-wpa2'] as const) {
    it(`a wrong password, ${security}`, () => {
      const lab = new Lab({ ap: { security } });
      lab.join({ ssid: SSID, passphrase: 'wrong horse' }).become(LINK_WRONG_PASSWORD);
      assert.deepEqual(lab.states, ['chip is starting', 'joining', 'wrong password']);
      lab.run(60_000);
      assert.ok(lab.states.includes('wrong password'));
      assert.ok(!lab.states.some((s) => /refuses|no such|answer/.test(s)), lab.states.join(', '));
      lab.join().become(LINK_CONNECTED_NO_ADDRESS, 3000);
      lab.assertSound();
    });
  }

  it('no such network, until there is one', () => {
    const lab = new Lab();
    lab.join({ ssid: 'elsewhere', passphrase: PASSPHRASE }).become(LINK_NO_NETWORK, 5000);
    lab.air.add({ ssid: 'elsewhere', passphrase: PASSPHRASE });
    lab.become(LINK_CONNECTED_NO_ADDRESS);
    lab.assertSound();
  });

  it('a passphrase for an open network, and none for a protected one', () => {
    const open = new Lab({ ap: { security: 'open' } });
    open.join().become(LINK_NO_NETWORK);
    const closed = new Lab();
    closed.join({ ssid: SSID }).become(LINK_NO_NETWORK);
    open.assertSound();
  });

  it('an access point that refuses, and another one that does not', () => {
    const lab = new Lab();
    lab.ap.refuseAssociation = 17;
    lab.join().become(LINK_REFUSED);
    assert.equal(lab.dev.wifi.reason, 17);
    const other = lab.air.add({ ssid: SSID, passphrase: PASSPHRASE, rssi: -80, channel: 11 });
    lab.become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.firmware.station.ap, other);
  });

  it('events that are lost', () => {
    const lab = new Lab().up();
    lab.firmware.faults.loseEvents(1, 46);
    lab.join({ ...LAB, security: SECURITY_WPA2 });
    lab.become(LINK_NO_ANSWER).become(LINK_CONNECTED_NO_ADDRESS);
    // The end of the connection.
    lab.firmware.faults.loseEvents(2);
    lab.ap.deauthenticate(null, 3);
    lab.become(LINK_LOST, 11_000).become(LINK_CONNECTED_NO_ADDRESS);
    lab.assertSound();
  });

  it('leaving', () => {
    const lab = new Lab();
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.ap.members.size, 1);
    cyw43Leave(lab.netif);
    lab.run(60_000);
    assert.equal(lab.state, LINK_OFF);
    assert.equal(lab.ap.members.size, 0);
    lab.join().become(LINK_CONNECTED_NO_ADDRESS, 3000);
    lab.assertSound();
  });
});

describe('CYW43 driver on the model: staying in a network', () => {
  for (const [what, trouble] of Object.entries<(lab: Lab) => void>({
    'deauthentication': (lab) => void lab.ap.deauthenticate(null, 3),
    'disassociation': (lab) => void lab.ap.disassociate(null, 8),
    'an access point that was off': (lab) => {
      lab.ap.powerOff();
      lab.run(20_000);
      assert.ok(!(lab.netif.flags & NETIF_FLAG_LINK_UP));
      lab.ap.powerOn();
    },
    'one that has restarted': (lab) => {
      lab.ap.powerOff();
      lab.run(1000);
      lab.ap.powerOn();
      lab.become(LINK_LOST, 2000);
    },
    'one that was out of reach': (lab) => {
      lab.ap.setRssi(-99);
      lab.run(20_000);
      assert.ok(!(lab.netif.flags & NETIF_FLAG_LINK_UP));
      lab.ap.setRssi(-60);
    },
    'a crash of the firmware': (lab) => lab.firmware.faults.trap(),
    'a control without reply': (lab) => lab.firmware.faults.swallowReplies(1),
  })) {
    it(`comes back after ${what}`, () => {
      const lab = new Lab();
      lab.join().become(LINK_CONNECTED_NO_ADDRESS);
      trouble(lab);
      lab.until(() => !(lab.netif.flags & NETIF_FLAG_LINK_UP), 15_000, 'notices it');
      lab.become(LINK_CONNECTED_NO_ADDRESS, 70_000);
      lab.run(5000);
      assert.equal(lab.state, LINK_CONNECTED_NO_ADDRESS);
      assert.equal(lab.firmware.station.ap, lab.ap);
      lab.assertSound();
    });
  }

  it('comes back each time, for hours', () => {
    const lab = new Lab();
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    const end = lab.scheduler.now + 3 * 3600e6;
    const troubles = [
      () => void lab.ap.deauthenticate(null, 1 + lab.random.below(30)),
      () => void lab.ap.disassociate(null, 8),
      () => lab.firmware.faults.trap(),
      () => lab.firmware.faults.loseEvents(1 + lab.random.below(3)),
      () => {
        lab.ap.powerOff();
        lab.scheduler.after(lab.random.below(30) * 1e6, () => lab.ap.powerOn());
      },
    ];
    while (lab.scheduler.now < end) {
      troubles[lab.random.below(troubles.length)]!();
      lab.run(1000 * (60 + lab.random.below(240)));
    }
    lab.run(150_000);
    assert.equal(lab.state, LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.dev.wifi.queued, 0);
    lab.assertSound();
  });
});

describe('CYW43 driver on the model: scanning', () => {
  const NEIGHBOURS = [
    { ssid: 'café', channel: 1, rssi: -60, security: 'open' },
    { ssid: 'wpa', channel: 6, rssi: -70, security: 'wpa' },
    { ssid: 'mixed', channel: 11, rssi: -80, security: 'wpa2-wpa' },
    { ssid: 'new', channel: 11, rssi: -40, security: 'wpa3' },
    { ssid: 'newish', channel: 3, rssi: -90, security: 'wpa3-wpa2' },
  ] as const;

  function neighbourhood(): Lab {
    const lab = new Lab();
    for (const n of NEIGHBOURS) {
      lab.air.add({ ...n, passphrase: n.security === 'open' ? undefined : PASSPHRASE });
    }
    lab.air.add({ ssid: 'secret', passphrase: PASSPHRASE, hidden: true, channel: 9 });
    return lab.up();
  }

  it('finds each network once, with what it is', () => {
    const lab = neighbourhood();
    const { found, err, took } = lab.scan();
    assert.equal(err, ERR_OK);
    assert.ok(took < 3000, `${took} ms`);
    // A hidden network's beacon falls into the 40 ms on its channel, or does not.
    const seen = found
      .filter((r) => r.ssid)
      .map((r) => `${r.ssid} ${r.channel} ${r.rssi} ${r.security}`)
      .sort()
      .join('; ');
    assert.equal(
      seen,
      'café 1 -60 0; lab 6 -50 4; mixed 11 -80 6; new 11 -40 8; newish 3 -90 12; wpa 6 -70 2',
    );
    assert.equal(new Set(found.map((r) => macText(r.bssid))).size, found.length);
    lab.assertSound();
  });

  it('listens, looks at some channels, asks for a hidden network', () => {
    const lab = neighbourhood();
    const active = lab.scan({ channels: [11] });
    assert.deepEqual(active.found.map((r) => r.ssid).sort(), ['mixed', 'new']);
    const passive = lab.scan({ channels: [11], passive: true });
    assert.deepEqual(passive.found.map((r) => r.ssid).sort(), ['mixed', 'new']);
    assert.ok(passive.took > active.took);
    const nameless = lab.scan({ channels: [9], passive: true });
    assert.deepEqual(
      nameless.found.map((r) => r.ssid),
      [''],
    );
    const hidden = lab.scan({ ssid: 'secret' });
    assert.ok(hidden.found.some((r) => r.ssid === 'secret'));
    lab.assertSound();
  });

  it('while joined, and ended by joining', () => {
    const lab = neighbourhood();
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.scan().found.length, 6);
    assert.equal(lab.state, LINK_CONNECTED_NO_ADDRESS);
    let err: number | null = null;
    cyw43Scan(
      lab.netif,
      {},
      () => undefined,
      (e) => (err = e),
    );
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(err, ERR_ABRT);
    assert.equal(lab.scan().err, ERR_OK);
    lab.assertSound();
  });
});

describe('CYW43 driver on the model: access point', () => {
  for (const [security, bits] of [
    ['open', undefined],
    ['wpa2', undefined],
    ['wpa3', SECURITY_WPA3],
  ] as const) {
    it(`lets stations in: ${security}`, () => {
      const lab = new Lab().up();
      const netif = lab.addAp();
      const passphrase = security === 'open' ? undefined : 'sunflowers';
      const seen: string[] = [];
      const config = {
        ssid: 'garden',
        passphrase,
        security: bits,
        channel: 11,
        onClient: (mac: Uint8Array, came: boolean) => void seen.push((came ? '+' : '-') + macText(mac)),
      };
      assert.equal(cyw43ApStart(netif, config), ERR_OK);
      lab.until(() => (netif.flags & NETIF_FLAG_LINK_UP) !== 0, 500, 'the network is open');
      assert.equal(lab.firmware.softAp.ap!.channel, 11);
      assert.equal(lab.firmware.softAp.ap!.security, security);
      assert.deepEqual(netif.hwaddr, lab.firmware.apMac);
      const phone = new Station(lab.air, { mac: '5c:00:00:00:00:01' });
      phone.join('garden', passphrase ?? null);
      lab.until(() => phone.state === 'joined', 5000, 'the phone is in');
      lab.run(100);
      assert.deepEqual(seen, ['+5C:00:00:00:00:01']);
      assert.deepEqual(cyw43ApClients(netif).map(macText), ['5C:00:00:00:00:01']);
      let asked: string[] = [];
      cyw43ApAskClients(netif, (clients) => (asked = clients!.map(macText)));
      lab.run(100);
      assert.deepEqual(asked, ['5C:00:00:00:00:01']);
      phone.leave();
      lab.run(100);
      assert.deepEqual(seen.pop(), '-5C:00:00:00:00:01');
      phone.join('garden', passphrase ?? null);
      lab.until(() => phone.state === 'joined', 5000, 'the phone is in again');
      cyw43ApStop(netif);
      lab.until(() => phone.state === 'idle', 500, 'the phone is out');
      assert.ok(!(netif.flags & NETIF_FLAG_LINK_UP));
      lab.assertSound();
    });
  }

  it('keeps no station in its list that does not know the passphrase', () => {
    const lab = new Lab().up();
    const netif = lab.addAp();
    assert.equal(cyw43ApStart(netif, { ssid: 'garden', passphrase: 'sunflowers', channel: 11 }), ERR_OK);
    lab.until(() => (netif.flags & NETIF_FLAG_LINK_UP) !== 0, 500, 'the network is open');
    const phone = new Station(lab.air, { mac: '5c:00:00:00:00:01' });
    phone.join('garden', 'weeds and weeds');
    lab.run(10_000);
    assert.notEqual(phone.state, 'joined');
    assert.deepEqual(cyw43ApClients(netif), []);
    lab.assertSound();
  });

  it('beside a station, and again after a crash', () => {
    const lab = new Lab();
    const netif = lab.addAp();
    cyw43ApStart(netif, { ssid: 'garden', passphrase: 'sunflowers', channel: 11 });
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    const phone = new Station(lab.air, { mac: '5c:00:00:00:00:01' });
    phone.join('garden', 'sunflowers');
    lab.until(() => phone.state === 'joined', 5000, 'the phone is in');
    assert.equal(lab.firmware.softAp.ap!.channel, lab.ap.channel);
    lab.firmware.faults.trap();
    lab.become(LINK_STARTING, 3000).become(LINK_CONNECTED_NO_ADDRESS);
    assert.ok(netif.flags & NETIF_FLAG_LINK_UP);
    assert.equal(lab.state, LINK_CONNECTED_NO_ADDRESS);
    phone.join('garden', 'sunflowers');
    lab.until(() => phone.state === 'joined', 5000, 'the phone is in');
    assert.equal(cyw43ApClients(netif).length, 1);
    lab.assertSound();
  });
});

describe('CYW43 driver on the model: the rest', () => {
  it('pins, signal, power save, multicast', () => {
    const lab = new Lab().up();
    cyw43Multicast(lab.netif);
    lab.netif.macFilter!(lab.netif, Uint8Array.of(1, 0, 0x5e, 0, 0, 0xfb), true);
    cyw43PowerSave(lab.netif, PM_NONE);
    cyw43PinWrite(lab.netif, PIN_LED, 1);
    lab.ap.setRssi(-61);
    lab.join().become(LINK_CONNECTED_NO_ADDRESS);
    assert.equal(lab.firmware.gpio.outputs & 1, 1);
    assert.equal(lab.firmware.powerSave.mode, PM_NONE);
    assert.ok(lab.firmware.multicast.passes(Uint8Array.of(1, 0, 0x5e, 0, 0, 0xfb)));
    assert.ok(!lab.firmware.multicast.passes(Uint8Array.of(1, 0, 0x5e, 0, 0, 0xfc)));
    let dbm = 0;
    let level = 9;
    cyw43Rssi(lab.netif, (value) => (dbm = value));
    cyw43PinRead(lab.netif, PIN_VBUS, (value) => (level = value));
    lab.run(100);
    assert.equal(dbm, -61);
    assert.ok(level === 0 || level === 1);
    lab.assertSound();
  });

  it('another address, another country', () => {
    const mac = Uint8Array.of(2, 0x4c, 0x57, 0, 0, 1);
    const lab = new Lab({ wifi: { mac, country: 'US' }, ap: { channel: 13 } });
    lab.join().become(LINK_NO_NETWORK);
    assert.deepEqual(lab.netif.hwaddr, mac);
    assert.deepEqual(lab.firmware.mac, mac);
    const european = new Lab({ wifi: { country: 'DE' }, ap: { channel: 13 } });
    european.join().become(LINK_CONNECTED_NO_ADDRESS);
    european.assertSound();
  });

  it('states while nothing is asked for', () => {
    const lab = new Lab().up();
    lab.run(10_000);
    assert.equal(lab.state, LINK_OFF);
    lab.join();
    assert.equal(lab.state, LINK_JOINING);
    assert.deepEqual(lab.states, ['joining']);
  });
});
