import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  cyw43ApAskClients,
  cyw43ApClients,
  cyw43ApInit,
  cyw43ApStart,
  cyw43ApStop,
  type ApConfig,
} from '../../../drivers/cyw43/ap.js';
import { SECURITY_WPA2, SECURITY_WPA3 } from '../../../drivers/cyw43/security.js';
import { wifiDown } from '../../../drivers/cyw43/wifi.js';
import { ERR_ARG, ERR_OK } from '../../../firmware/stack/core/err.js';
import { NETIF_FLAG_LINK_UP, netifAdd, netifSetUp, type Netif } from '../../../firmware/stack/core/netif.js';
import { Fake, OTP_MAC } from './fake.js';

const GARDEN: ApConfig = { ssid: 'garden', passphrase: 'sunflowers', channel: 6 };
const PHONE = [0x5c, 0, 0, 0, 0, 1];
const LAPTOP = [0x5c, 0, 0, 0, 0, 2];

const DEAUTH_IND = 6;
const ASSOC_IND = 8;
const REASSOC_IND = 10;
const DISASSOC_IND = 12;

class Garden {
  readonly fake = new Fake();
  readonly netif: Netif;
  readonly seen: string[] = [];

  constructor(config: ApConfig | null = GARDEN) {
    const { fake } = this;
    this.netif = netifAdd(fake.stack, 0x0a030001, -256, 0, fake.dev, cyw43ApInit, () => ERR_OK)!;
    netifSetUp(this.netif);
    assert.equal(fake.up(), 0);
    fake.told = [];
    if (config) this.start(config);
  }

  start(config: ApConfig): void {
    const onClient = (mac: Uint8Array, came: boolean): void =>
      void this.seen.push(`${came ? '+' : '-'}${mac[5]}`);
    assert.equal(cyw43ApStart(this.netif, { ...config, onClient }), ERR_OK);
    this.fake.answer();
  }

  event(type: number, address: number[]): void {
    this.fake.event(type, 0, 0, { iface: 1, address });
  }

  get link(): boolean {
    return (this.netif.flags & NETIF_FLAG_LINK_UP) !== 0;
  }

  clients(): number[][] {
    return cyw43ApClients(this.netif).map((mac) => [...mac]);
  }
}

describe('CYW43 driver: access point', () => {
  it('opens a network with a passphrase', () => {
    const { fake, netif, link } = new Garden();
    assert.ok(link);
    assert.deepEqual([...netif.hwaddr], OTP_MAC);
    const ssid = fake.find('bsscfg:ssid').data;
    assert.equal(Buffer.from(ssid).toString('latin1'), '\x01\0\0\0\x06\0\0\0garden'.padEnd(40, '\0'));
    assert.deepEqual(fake.numbers('SET_CHANNEL'), [6]);
    assert.deepEqual(fake.numbers('bsscfg:wsec'), [1, 4]);
    assert.deepEqual(fake.numbers('bsscfg:wpa_auth'), [1, 0x80]);
    const key = fake.find('SET_WSEC_PMK');
    assert.equal(key.iface, 1);
    assert.equal(Buffer.from(key.data).toString('latin1'), '\x0a\0\x01\0sunflowers'.padEnd(68, '\0'));
    assert.deepEqual(fake.numbers('bss'), [1, 1]);
    assert.equal(fake.names().pop(), 'bss');
  });

  it('opens one without, and one for WPA3', () => {
    const open = new Garden({ ssid: 'open' }).fake;
    assert.deepEqual(open.numbers('SET_CHANNEL'), [3]);
    assert.deepEqual(open.numbers('bsscfg:wsec'), [1, 0]);
    assert.deepEqual(open.numbers('bsscfg:wpa_auth'), [1, 0]);
    assert.ok(!open.told.some((t) => t.name === 'SET_WSEC_PMK'));
    const wpa3 = new Garden({ ...GARDEN, security: SECURITY_WPA3 | SECURITY_WPA2 }).fake;
    assert.deepEqual(wpa3.numbers('bsscfg:wpa_auth'), [1, 0x40080]);
    assert.equal(wpa3.find('sae_password').iface, 1);
  });

  it('refuses what cannot be', () => {
    const { netif } = new Garden(null);
    for (const config of [
      { ssid: '' },
      { ssid: 'x'.repeat(33) },
      { ssid: 'garden', passphrase: 'short' },
      { ssid: 'garden', passphrase: 'x'.repeat(64) },
      { ssid: 'garden', security: SECURITY_WPA2 },
    ]) {
      assert.equal(cyw43ApStart(netif, config), ERR_ARG);
    }
  });

  it('knows its stations', () => {
    const garden = new Garden();
    garden.event(ASSOC_IND, PHONE);
    garden.event(ASSOC_IND, LAPTOP);
    garden.event(REASSOC_IND, PHONE);
    assert.deepEqual(garden.clients(), [LAPTOP, PHONE]);
    garden.event(DISASSOC_IND, LAPTOP);
    garden.event(DEAUTH_IND, LAPTOP);
    garden.event(DEAUTH_IND, PHONE);
    assert.deepEqual(garden.clients(), []);
    assert.deepEqual(garden.seen, ['+1', '+2', '-2', '-1']);
  });

  it('asks the chip for them', () => {
    const garden = new Garden();
    let told: number[][] | null | undefined;
    const ask = (): void => {
      told = undefined;
      cyw43ApAskClients(garden.netif, (clients) => (told = clients && clients.map((mac) => [...mac])));
      garden.fake.answer();
    };
    garden.fake.answers.set('GET_ASSOCLIST', [2, 0, 0, 0, ...PHONE, ...LAPTOP]);
    ask();
    assert.deepEqual(told, [PHONE, LAPTOP]);
    assert.deepEqual(garden.clients(), [PHONE, LAPTOP]);
    assert.deepEqual(
      garden.fake.find('get GET_ASSOCLIST').data.subarray(0, 4),
      Uint8Array.from([10, 0, 0, 0]),
    );
    garden.fake.answers.set('GET_ASSOCLIST', [9, 0, 0, 0, ...PHONE]);
    ask();
    assert.deepEqual(told, [PHONE]);
    garden.fake.refuse.set('GET_ASSOCLIST', -4);
    ask();
    assert.equal(told, null);
  });

  it('closes', () => {
    const garden = new Garden();
    garden.event(ASSOC_IND, PHONE);
    garden.fake.told = [];
    cyw43ApStop(garden.netif);
    garden.fake.answer();
    assert.deepEqual(garden.fake.numbers('bss'), [1, 0]);
    assert.ok(!garden.link);
    assert.deepEqual(garden.clients(), []);
    garden.event(ASSOC_IND, PHONE);
    assert.deepEqual(garden.clients(), []);
    assert.deepEqual(garden.seen, ['+1']);
  });

  it('opens when the chip is ready, and anew when it was started anew', () => {
    const garden = new Garden();
    garden.event(ASSOC_IND, PHONE);
    wifiDown(garden.fake.dev);
    assert.ok(!garden.link);
    assert.deepEqual(garden.seen, ['+1', '-1']);
    garden.fake.told = [];
    assert.equal(cyw43ApStart(garden.netif, GARDEN), ERR_OK);
    assert.deepEqual(garden.fake.names(), []);
    garden.fake.up();
    assert.ok(garden.link);
  });
});
