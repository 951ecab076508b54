import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { controlCancel } from '../../../drivers/cyw43/control.js';
import { PM_NONE } from '../../../drivers/cyw43/power.js';
import { cyw43WifiFaultText } from '../../../drivers/cyw43/text.js';
import { wifiUp } from '../../../drivers/cyw43/setup.js';
import { wifiDown } from '../../../drivers/cyw43/wifi.js';
import { Fake, OTP_MAC } from './fake.js';

const MAC = Uint8Array.from([2, 0, 0, 0, 0, 9]);

describe('CYW43 driver: setting the radio up', () => {
  it('takes the steps in order, with pauses where the firmware needs them', () => {
    const fake = new Fake({ country: 'DE', powerSave: PM_NONE });
    let fault = -1;
    wifiUp(fake.dev, (_dev, f) => (fault = f));
    fake.answer();
    assert.deepEqual([...fake.netif.hwaddr], OTP_MAC);
    const { data } = fake.find('country');
    assert.equal(Buffer.from(data).toString('latin1'), 'DE\0\0\xff\xff\xff\xffDE\0\0');
    assert.deepEqual(fake.names(), ['get cur_etheraddr', 'country']);
    fake.run(200);
    assert.deepEqual(fake.numbers('SET_PM'), [0]);
    assert.deepEqual(fake.numbers('apsta'), [1]);
    const mask = fake.find('bsscfg:event_msgs').data;
    assert.equal(mask.length, 28);
    const events = [...Array(192).keys()].filter((i) => mask[4 + (i >> 3)]! & (1 << (i & 7)));
    assert.deepEqual(events, [0, 3, 5, 6, 7, 8, 10, 11, 12, 16, 46, 69]);
    assert.deepEqual(fake.names(), [
      'SET_ANTDIV',
      'bus:txglom',
      'apsta',
      'ampdu_ba_wsize',
      'ampdu_mpdu',
      'bsscfg:event_msgs',
      'SET_PM',
      'UP',
    ]);
    fake.run(200);
    assert.equal(fault, 0);
    assert.ok(fake.dev.wifi.up);
  });

  it('gives the chip another address', () => {
    const fake = new Fake({ mac: MAC });
    fake.answers.set('cur_etheraddr', [...MAC]);
    assert.equal(fake.up(), 0);
    assert.deepEqual(fake.find('cur_etheraddr').data, MAC);
    assert.equal(fake.told[0]!.name, 'cur_etheraddr');
    assert.deepEqual(fake.netif.hwaddr, MAC);
    assert.equal(fake.netif.hwaddr.length, 6);
  });

  for (const [name, text] of [
    ['cur_etheraddr', 'address'],
    ['country', 'country'],
    ['SET_ANTDIV', 'antenna'],
    ['bus:txglom', 'packet format'],
    ['apsta', 'access point mode'],
    ['ampdu_ba_wsize', 'block acknowledgements'],
    ['ampdu_mpdu', 'aggregation'],
    ['bsscfg:event_msgs', 'events'],
    ['SET_PM', 'power save'],
    ['UP', 'start'],
  ]) {
    it(`names what the chip does not take: ${text}`, () => {
      const fake = new Fake();
      fake.refuse.set(name!, -2);
      const fault = fake.up();
      assert.ok(fault > 0);
      assert.equal(cyw43WifiFaultText(fault), `the chip did not take its ${text}`);
      assert.equal(fake.dev.wifi.faultStatus, -2);
      assert.ok(!fake.dev.wifi.up);
      fake.run(10_000);
      fake.refuse.clear();
      assert.equal(fake.up(), 0);
      assert.equal(fake.dev.wifi.fault, 0);
    });
  }

  it('does without what an older firmware does not know', () => {
    const fake = new Fake();
    fake.refuse.set('ampdu_mpdu', -23);
    assert.equal(fake.up(), 0);
  });

  it('says nothing when the chip is given up meanwhile', () => {
    for (const [mute, ms] of [
      [true, 0],
      [false, 0],
      [false, 100],
    ] as const) {
      const fake = new Fake();
      fake.mute = mute;
      let calls = 0;
      wifiUp(fake.dev, () => calls++);
      fake.run(ms);
      controlCancel(fake.dev);
      wifiDown(fake.dev);
      fake.run(1000);
      assert.equal(calls, 0, `after ${ms} ms`);
      fake.mute = false;
      assert.equal(fake.up(), 0);
    }
  });
});
