import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cyw43PinRead, cyw43PinWrite, PIN_LED, PIN_VBUS } from '../../../drivers/cyw43/gpio.js';
import { cyw43Multicast } from '../../../drivers/cyw43/multicast.js';
import { cyw43PowerSave, PM_FAST, PM_SLEEP } from '../../../drivers/cyw43/power.js';
import { cyw43Rssi } from '../../../drivers/cyw43/signal.js';
import { wifiDown } from '../../../drivers/cyw43/wifi.js';
import { ERR_ARG, ERR_OK } from '../../../firmware/stack/core/err.js';
import { NETIF_FLAG_IGMP } from '../../../firmware/stack/core/netif.js';
import { Fake } from './fake.js';

function running(): Fake {
  const fake = new Fake();
  assert.equal(fake.up(), 0);
  fake.told = [];
  return fake;
}

/** A multicast address that ends with `n`. */
function group(n: number): Uint8Array {
  return Uint8Array.from([0x01, 0x00, 0x5e, 0, 0, n]);
}

describe('CYW43 driver: pins, signal, power', () => {
  it('drives a pin', () => {
    const fake = running();
    cyw43PinWrite(fake.netif, PIN_LED, 1);
    fake.answer();
    assert.deepEqual(fake.numbers('gpioout'), [1, 1]);
    cyw43PinWrite(fake.netif, PIN_VBUS, 0);
    fake.answer();
    assert.deepEqual(fake.numbers('gpioout'), [4, 0]);
    cyw43PinWrite(fake.netif, PIN_VBUS, 1);
    fake.answer();
    assert.deepEqual(fake.numbers('gpioout'), [4, 4]);
  });

  it('reads a pin', () => {
    const fake = running();
    const levels: number[] = [];
    fake.answers.set('ccgpioin', [4, 0, 0, 0]);
    for (const pin of [PIN_LED, PIN_VBUS]) cyw43PinRead(fake.netif, pin, (level) => levels.push(level));
    fake.answer();
    fake.refuse.set('ccgpioin', -23);
    cyw43PinRead(fake.netif, PIN_VBUS, (level) => levels.push(level));
    fake.answer();
    assert.deepEqual(levels, [0, 1, -1]);
  });

  it('tells the signal', () => {
    const fake = running();
    const seen: number[] = [];
    fake.answers.set('GET_RSSI', [0xc4, 0xff, 0xff, 0xff]);
    cyw43Rssi(fake.netif, (dbm) => seen.push(dbm));
    fake.answer();
    fake.refuse.set('GET_RSSI', -30);
    cyw43Rssi(fake.netif, (dbm) => seen.push(dbm));
    fake.answer();
    assert.deepEqual(seen, [-60, 0]);
  });

  it('saves power, also after the chip was started anew', () => {
    const fake = running();
    cyw43PowerSave(fake.netif, PM_SLEEP);
    fake.answer();
    assert.deepEqual(fake.numbers('SET_PM'), [1]);
    cyw43PowerSave(fake.netif, PM_FAST, { awake: 50, beacons: 3 });
    fake.answer();
    const check = (): void => {
      assert.deepEqual(fake.numbers('SET_PM'), [2]);
      assert.deepEqual(fake.numbers('pm2_sleep_ret'), [50]);
      assert.deepEqual(fake.numbers('bcn_li_bcn'), [3]);
      assert.deepEqual(fake.numbers('assoc_listen'), [3]);
    };
    check();
    wifiDown(fake.dev);
    fake.told = [];
    fake.up();
    check();
    assert.equal(fake.told.filter((t) => t.name === 'pm2_sleep_ret').length, 1);
  });
});

describe('CYW43 driver: multicast', () => {
  it('hands the list of groups to the chip', () => {
    const fake = running();
    cyw43Multicast(fake.netif);
    assert.ok(fake.netif.flags & NETIF_FLAG_IGMP);
    const filter = (n: number, join: boolean): number => fake.netif.macFilter!(fake.netif, group(n), join);
    assert.equal(filter(1, true), ERR_OK);
    assert.equal(filter(2, true), ERR_OK);
    assert.equal(filter(2, true), ERR_OK);
    fake.answer();
    const list = (): number[] => {
      const { data } = fake.find('mcast_list');
      const { length } = data;
      assert.equal(length, 64);
      return [...Array(data[0]!).keys()].map((i) => data[4 + 6 * i + 5]!);
    };
    assert.deepEqual(list(), [1, 2]);
    assert.deepEqual(fake.numbers('allmulti'), [0]);
    filter(2, false);
    fake.answer();
    assert.deepEqual(list(), [1, 2]);
    filter(2, false);
    fake.answer();
    assert.deepEqual(list(), [1]);
    assert.equal(filter(2, false), ERR_ARG);
    assert.equal(fake.netif.macFilter!(fake.netif, Uint8Array.of(2, 0, 0, 0, 0, 1), true), ERR_ARG);
    wifiDown(fake.dev);
    fake.told = [];
    filter(3, true);
    assert.deepEqual(fake.names(), []);
    fake.up();
    assert.deepEqual(list(), [1, 3]);
  });

  it('takes all of them when there are too many for the list', () => {
    const fake = running();
    cyw43Multicast(fake.netif);
    for (let n = 0; n < 11; n++) fake.netif.macFilter!(fake.netif, group(n), true);
    fake.answer();
    assert.deepEqual(fake.numbers('allmulti'), [1]);
    fake.netif.macFilter!(fake.netif, group(4), false);
    fake.answer();
    assert.deepEqual(fake.numbers('allmulti'), [0]);
    assert.equal(fake.find('mcast_list').data[0], 10);
  });
});
