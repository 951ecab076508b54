// Kaluma's Wi-Fi device over a radio that does as the test says.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  kalumaIeee80211dev,
  type KalumaIeee80211dev,
  type KalumaNetwork,
  type WifiRadio,
} from '../../../firmware/api/kaluma_ieee80211dev.js';
import {
  EACCES,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  ENETDOWN,
  ENODEV,
  ENOTCONN,
  ETIMEDOUT,
} from '../../../firmware/api/errno.js';
import { ERR_ALREADY, ERR_ARG, ERR_OK } from '../../../firmware/stack/core/err.js';
import { netifSetIpAddr, netifSetLinkDown, netifSetLinkUp } from '../../../firmware/stack/core/netif.js';
import { assertClean } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';

const NETWORK: KalumaNetwork = { ssid: 'home', bssid: 'B', security: 'WPA2_PSK', rssi: -50, channel: 6 };

class Fixture {
  readonly scheduler = new Scheduler();
  readonly host = new Host(this.scheduler, 1);
  readonly log: string[] = [];
  readonly device: KalumaIeee80211dev;
  readonly radio: WifiRadio;
  now = ENOTCONN;
  scanned: { found: (n: KalumaNetwork) => void; done: (err: number) => void } | null = null;

  constructor({ ap = false } = {}) {
    const port = new Switch(this.scheduler).addPort({});
    const netif = this.host.addInterface({ port, mac: '02:00:00:00:00:01' });
    netifSetLinkDown(netif);
    this.radio = {
      netif,
      onChange: null,
      state: () => this.now,
      join: (ssid, passphrase, security) => {
        this.log.push(`join ${ssid} ${passphrase} ${security}`);
        if (ssid === 'bad') return ERR_ARG;
        this.become(EINPROGRESS);
        return ERR_OK;
      },
      leave: () => {
        this.log.push('leave');
        this.become(ENOTCONN);
      },
      bssid: () => 'AA:BB',
      scan: (found, done) => {
        if (this.scanned) return ERR_ALREADY;
        this.scanned = { found, done };
        return ERR_OK;
      },
      restart: () => this.become(ENODEV),
      ap: ap
        ? {
            start: (...args) => {
              this.log.push(`ap ${args.join(' ')}`);
              return args[0] === 'bad' ? ERR_ARG : ERR_OK;
            },
            stop: () => void this.log.push('ap off'),
            clients: () => ['c'],
          }
        : null,
    };
    this.device = kalumaIeee80211dev(this.radio, (fn) => void this.scheduler.after(1000, fn));
    this.device.assoc_cb = () => this.tell('associated');
    this.device.connect_cb = () => this.tell('connected');
    this.device.disconnect_cb = () => this.tell('disconnected');
  }

  /** What a call answers goes to the log. */
  told(name: string): (err: number, result?: unknown) => void {
    return (err, result) => {
      assert.equal(this.device.errno, err);
      this.log.push(`${name} ${err}` + (result === undefined ? '' : ` ${JSON.stringify(result)}`));
    };
  }

  become(state: number): void {
    const { netif } = this.radio;
    this.now = state;
    if (state === 0) netifSetLinkUp(netif);
    else netifSetLinkDown(netif);
    this.radio.onChange!();
  }

  address(text: string): void {
    netifSetIpAddr(this.radio.netif, ip(text));
  }

  run(ms = 10): string[] {
    this.scheduler.runFor(ms * 1000);
    return this.log.splice(0);
  }

  private tell(what: string): void {
    assert.equal(this.device.errno, 0);
    this.log.push(what);
  }
}

describe("api: Kaluma's Wi-Fi device", () => {
  it('connects: the network, the address, and then the callback', () => {
    const f = new Fixture();
    f.device.connect({ ssid: 'home', password: 'secret12' }, f.told('connect'));
    assert.deepEqual(f.run(), ['join home secret12 null']);
    f.become(0);
    assert.deepEqual(f.run(), ['associated']);
    f.device.get_connection(f.told('get'));
    assert.deepEqual(f.run(), ['get 0 null']);
    f.address('10.0.0.7');
    assert.deepEqual(f.run(), ['connected', 'connect 0']);
    f.device.get_connection(f.told('get'));
    assert.deepEqual(f.run(), ['get 0 {"ssid":"home","bssid":"AA:BB"}']);
    assert.deepEqual(f.run(60_000), []);
    assertClean(f.host);
  });

  it('tells of loss and return', () => {
    const f = new Fixture();
    f.device.connect({ ssid: 'home' });
    f.become(0);
    f.address('10.0.0.7');
    assert.deepEqual(f.run(), ['join home null null', 'associated', 'connected']);
    f.become(ENETDOWN);
    assert.deepEqual(f.run(), ['disconnected']);
    f.become(EINPROGRESS);
    f.become(EACCES);
    assert.deepEqual(f.run(), []);
    f.become(0);
    assert.deepEqual(f.run(), ['associated', 'connected']);
    f.address('0.0.0.0');
    assert.deepEqual(f.run(), []);
    f.address('10.0.0.8');
    assert.deepEqual(f.run(), ['connected']);
  });

  it('fails with what the radio says, and lets it be', () => {
    const f = new Fixture();
    f.device.connect({ ssid: 'home', password: 'wrong123' }, f.told('connect'));
    f.run();
    f.become(EACCES);
    assert.deepEqual(f.run(), ['leave', `connect ${EACCES}`]);
    assertClean(f.host);
  });

  it('fails when there is no address in time, and when the chip does not come', () => {
    const f = new Fixture();
    f.device.connect({ ssid: 'home' }, f.told('connect'));
    f.become(0);
    f.run();
    assert.deepEqual(f.run(29_900), []);
    assert.deepEqual(f.run(200), ['leave', `connect ${ETIMEDOUT}`, 'disconnected']);
    f.now = ENODEV;
    f.radio.join = () => ERR_OK;
    f.device.connect({ ssid: 'home' }, f.told('connect'));
    assert.deepEqual(f.run(30_100), ['leave', `connect ${ENODEV}`]);
    assertClean(f.host);
  });

  it('refuses what cannot be', () => {
    const f = new Fixture();
    f.device.connect({ ssid: 'bad' }, f.told('connect'));
    assert.deepEqual(f.run(), ['join bad null null', `connect ${EINVAL}`]);
    f.device.connect({} as never, f.told('connect'));
    f.device.connect(null as never, f.told('connect'));
    assert.deepEqual(f.run(), [`connect ${EINVAL}`, `connect ${EINVAL}`]);
  });

  it('ends one attempt for another, and by disconnecting', () => {
    const f = new Fixture();
    f.device.connect({ ssid: 'one' }, f.told('one'));
    f.device.connect({ ssid: 'two' }, f.told('two'));
    assert.deepEqual(f.run(), ['join one null null', `one ${ECONNABORTED}`, 'join two null null']);
    f.device.disconnect(f.told('disconnect'));
    assert.deepEqual(f.run(), [`two ${ECONNABORTED}`, 'leave', 'disconnect 0']);
    f.device.connect({ ssid: 'one' });
    f.become(0);
    f.address('10.0.0.7');
    f.run();
    f.device.disconnect(f.told('disconnect'));
    assert.deepEqual(f.run(), ['leave', 'disconnected', 'disconnect 0']);
    f.device.get_connection(f.told('get'));
    assert.deepEqual(f.run(), ['get 0 null']);
  });

  it('scans', () => {
    const f = new Fixture();
    f.device.scan(f.told('scan'));
    f.scanned!.found(NETWORK);
    f.device.scan(f.told('another'));
    assert.deepEqual(f.run(), ['another 114']);
    f.scanned!.done(0);
    assert.deepEqual(f.run(), [`scan 0 ${JSON.stringify([NETWORK])}`]);
    f.scanned = null;
    f.device.scan(f.told('scan'));
    f.scanned!.found(NETWORK);
    f.scanned!.done(ETIMEDOUT);
    assert.deepEqual(f.run(), [`scan ${ETIMEDOUT}`]);
  });

  it('waits for a chip that starts', () => {
    const f = new Fixture();
    f.become(ENODEV);
    f.device.scan(f.told('scan'));
    assert.equal(f.scanned, null);
    f.become(ENOTCONN);
    f.run();
    f.scanned!.done(0);
    assert.deepEqual(f.run(), ['scan 0 []']);
    f.device.reset(f.told('reset'));
    assert.deepEqual(f.run(5000), []);
    f.become(ENOTCONN);
    assert.deepEqual(f.run(), ['reset 0']);
    f.device.reset(f.told('reset'));
    assert.deepEqual(f.run(15_100), [`reset ${ENODEV}`]);
    f.device.scan(f.told('scan'));
    assert.deepEqual(f.run(15_100), [`scan ${ENODEV}`]);
    assertClean(f.host);
  });

  it('is an access point where the radio can be one', () => {
    const none = new Fixture().device;
    assert.equal(none.ap_mode, undefined);
    assert.equal(none.get_ap_client, undefined);
    const f = new Fixture({ ap: true });
    const { device } = f;
    device.ap_mode!({ ssid: 'garden', password: 'p', gateway: 'g', subnet_mask: 'm' }, f.told('ap'));
    device.ap_mode!({ ssid: 'bad' }, f.told('ap'));
    device.ap_mode!({} as never, f.told('ap'));
    assert.deepEqual(device.get_ap_client!(), ['c']);
    device.disable_ap_mode!();
    assert.deepEqual(f.run(), ['ap garden p g m', 'ap 0', 'ap bad   ', 'ap 22', 'ap 22', 'ap off']);
  });

  it('needs no callbacks', () => {
    const f = new Fixture();
    f.device.assoc_cb = f.device.connect_cb = f.device.disconnect_cb = undefined;
    f.device.scan();
    f.scanned!.done(0);
    f.device.connect({ ssid: 'home' });
    f.become(0);
    f.address('10.0.0.7');
    f.device.get_connection();
    f.run();
    f.device.reset();
    f.device.disconnect();
    f.device.connect({ ssid: 'bad' });
    f.run();
  });
});
