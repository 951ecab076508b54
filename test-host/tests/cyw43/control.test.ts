// Commands to the firmware: one at a time and in order, each with one reply, whatever happens.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  BCME_UNSUPPORTED,
  WLC_GET_BSSID,
  WLC_GET_RSSI,
  WLC_SET_PM,
  WLC_UP,
} from '../../../drivers/cyw43/commands.js';
import {
  CONTROL_CANCELLED,
  CONTROL_TIMEOUT,
  ioctl,
  ioctlNumber,
  iovarGet,
  iovarNumbers,
  iovarSet,
} from '../../../drivers/cyw43/control.js';
import { cyw43PinRead, PIN_LED } from '../../../drivers/cyw43/gpio.js';
import { cyw43PowerOff, cyw43Restart } from '../../../drivers/cyw43/index.js';
import { CONTROL_LIMIT } from '../../../drivers/cyw43/opt.js';
import { cyw43Rssi } from '../../../drivers/cyw43/signal.js';
import { get32 } from '../../../drivers/cyw43/words.js';
import * as S from '../../chips/cyw43/sdpcm.js';
import { WLC_GET_PM } from '../../chips/cyw43/firmware/wlc.js';
import { Rig, type RigOptions } from './rig.js';

/** What replies have told: 'name status'. */
class Desk extends Rig {
  readonly told: string[] = [];

  constructor(options: RigOptions = {}) {
    super(options);
    this.started();
    this.run(20);
  }

  /** Asks for something harmless. */
  ask(name: string, then: () => void = () => undefined): void {
    ioctl(this.dev, false, WLC_GET_PM, 0, new Uint8Array(4), (_dev, status) => {
      this.told.push(`${name} ${status}`);
      then();
    });
  }

  get waiting(): number {
    let n = 0;
    for (let r = this.dev.control.first; r; r = r.next) n++;
    return n;
  }
}

describe('CYW43 driver: controls', () => {
  it('are sent one at a time, in order, and answered in order', () => {
    const desk = new Desk();
    const before = { ...desk.chip.counters };
    let most = 0;
    const { firmware } = desk;
    const control = firmware.control.bind(firmware);
    firmware.control = (request) => {
      const { controls, replies } = desk.chip.counters;
      most = Math.max(most, controls - before.controls - (replies - before.replies));
      control(request);
    };
    for (let i = 0; i < 40; i++) desk.ask(String(i));
    assert.equal(desk.waiting, 40);
    desk.run(200);
    assert.equal(desk.told.length, 40);
    assert.deepEqual(
      desk.told,
      Array.from({ length: 40 }, (_, i) => `${i} 0`),
    );
    assert.equal(most, 1);
    assert.equal(desk.waiting, 0);
    assert.equal(desk.dev.control.last, null);
    desk.sound();
  });

  it('carry what is set, and bring what was asked for', () => {
    const desk = new Desk();
    desk.joined();
    const got: Record<string, number[] | string> = {};
    const keep =
      (name: string) =>
      (_dev: unknown, status: number, bytes: Uint8Array, off: number, length: number): void => {
        assert.equal(status, 0, name);
        got[name] = [...bytes.subarray(off, off + length)];
      };
    iovarGet(desk.dev, 'ver', 200, 0, keep('ver'));
    ioctl(desk.dev, false, WLC_GET_BSSID, 0, new Uint8Array(6), keep('bssid'));
    ioctlNumber(desk.dev, WLC_SET_PM, 1, 0, keep('pm'));
    iovarNumbers(desk.dev, 'gpioout', [1, 1], 0, keep('gpioout'));
    iovarSet(desk.dev, 'mcast_list', new Uint8Array(64), 0, keep('mcast_list'));
    iovarGet(desk.dev, 'cur_etheraddr', 6, 0, keep('mac'));
    ioctl(desk.dev, false, WLC_GET_RSSI, 0, new Uint8Array(4), (_d, _s, bytes, off) => {
      got['rssi'] = String(get32(bytes, off));
    });
    desk.run(100);
    assert.match(Buffer.from(got['ver'] as number[]).toString('latin1'), /version 7\.95\.49/);
    assert.equal((got['ver'] as number[]).length, 204, 'name and room');
    assert.deepEqual(got['bssid'], [...desk.ap.bssid]);
    assert.equal(desk.firmware.powerSave.mode, 1);
    assert.deepEqual((got['mac'] as number[]).slice(0, 6), [0x28, 0xcd, 0xc1, 1, 2, 3]);
    assert.equal(got['rssi'], '-50');
    desk.sound();
  });

  it('that are refused say why, and are counted', () => {
    const desk = new Desk();
    iovarGet(desk.dev, 'no_such_thing', 4, 0, (_dev, status) => desk.told.push(`iovar ${status}`));
    ioctl(desk.dev, true, 999, 0, new Uint8Array(0), (_dev, status) => desk.told.push(`ioctl ${status}`));
    ioctl(desk.dev, true, 998, 0, new Uint8Array(0), null);
    desk.ask('after');
    desk.run(50);
    assert.deepEqual(desk.told, [`iovar ${BCME_UNSUPPORTED}`, `ioctl ${BCME_UNSUPPORTED}`, 'after 0']);
    assert.equal(desk.dev.counters.controlRefused, 3);
    desk.sound();
  });

  it('may be queued from within a reply: they come last', () => {
    const desk = new Desk();
    desk.ask('a', () => {
      desk.ask('c', () => desk.ask('e'));
      desk.ask('d');
    });
    desk.ask('b');
    desk.run(50);
    assert.deepEqual(desk.told, ['a 0', 'b 0', 'c 0', 'd 0', 'e 0']);
    desk.sound();
  });

  it('use each id in its turn, across the end of the numbers', () => {
    const desk = new Desk();
    desk.dev.control.id = 0x3ffc;
    for (let i = 0; i < 8; i++) desk.ask(String(i));
    desk.run(50);
    assert.equal(desk.told.length, 8);
    assert.equal(desk.dev.control.id, 4);
    desk.sound();
  });

  it('that have no reply in time end with the chip, and so do those behind', () => {
    const desk = new Desk();
    desk.firmware.faults.swallowReplies(1);
    const begin = desk.scheduler.now;
    desk.ask('lost');
    desk.ask('behind');
    ioctl(desk.dev, true, WLC_UP, 0, new Uint8Array(0), null);
    desk.ask('last');
    desk.until(() => desk.told.length > 0, CONTROL_LIMIT + 200, 'time-out');
    assert.ok((desk.scheduler.now - begin) / 1000 > CONTROL_LIMIT - 20);
    assert.deepEqual(desk.told, [
      `lost ${CONTROL_TIMEOUT}`,
      `behind ${CONTROL_CANCELLED}`,
      `last ${CONTROL_CANCELLED}`,
    ]);
    assert.equal(desk.dev.counters.controlTimeout, 1);
    assert.equal(desk.dev.counters.restart, 1);
    assert.equal(desk.waiting, 0);
    desk.started();
    desk.ask('anew');
    desk.run(20);
    assert.equal(desk.told.pop(), 'anew 0');
    desk.sound();
  });

  it('are patient: a reply just in time will do', () => {
    const desk = new Desk();
    desk.firmware.faults.delayReplies((CONTROL_LIMIT - 150) * 1000);
    desk.ask('late');
    desk.run(CONTROL_LIMIT);
    assert.deepEqual(desk.told, ['late 0']);
    assert.equal(desk.dev.counters.restart, 0);
    desk.sound();
  });

  it('take only their own reply', () => {
    const desk = new Desk();
    const reply = (id: number): void => {
      const packet = S.newPacket(0, S.CHANNEL_CONTROL, S.SDPCM_HEADER, S.CDC_HEADER + 4);
      S.putCdc(packet, WLC_GET_RSSI, id, 0, 0, 0);
      packet[S.CREDIT_OFFSET] = desk.dev.credit;
      desk.chip.packets.push({ kind: 'reply', bytes: packet });
    };
    reply(desk.dev.control.id);
    desk.run(5);
    desk.firmware.faults.delayReplies(50_000);
    desk.ask('slow');
    const { id } = desk.dev.control;
    for (const other of [id - 1, id + 1, 0, 0x3fff]) reply(other);
    desk.run(20);
    assert.deepEqual(desk.told, [], 'not its own');
    desk.run(40);
    assert.deepEqual(desk.told, ['slow 0']);
    reply(id);
    desk.run(5);
    assert.deepEqual(desk.told, ['slow 0'], 'once');
    desk.sound();
  });

  it('end when the chip is restarted or switched off; who asks again then is told at the next start', () => {
    for (const off of [false, true]) {
      const desk = new Desk();
      desk.ask('a', () => desk.ask('again'));
      desk.ask('b');
      if (off) cyw43PowerOff(desk.netif);
      else cyw43Restart(desk.netif);
      assert.deepEqual(desk.told, [`a ${CONTROL_CANCELLED}`, `b ${CONTROL_CANCELLED}`]);
      assert.equal(desk.waiting, 1);
      if (off) {
        desk.run(5000);
        assert.equal(desk.waiting, 1);
        cyw43Restart(desk.netif);
      }
      desk.run(1000);
      assert.equal(desk.told.pop(), `again ${CONTROL_CANCELLED}`);
      assert.equal(desk.waiting, 0);
      assert.ok(desk.dev.wifi.up);
      desk.sound();
    }
  });

  it('end even if a reply restarts the chip and asks again, each time', () => {
    const desk = new Desk();
    let n = 0;
    const stubborn = (): void => {
      assert.ok(++n < 50, 'an end');
      cyw43Restart(desk.netif);
      desk.ask('again', stubborn);
    };
    for (let i = 0; i < 3; i++) desk.ask(String(i), stubborn);
    cyw43Restart(desk.netif);
    assert.ok(desk.waiting <= 3);
    assert.equal(desk.dev.control.sent, false);
  });

  it('asked for while the chip is being started are told that it was, and do not disturb it', () => {
    const desk = new Desk();
    const answers: number[] = [];
    for (let round = 0; round < 3; round++) {
      cyw43Restart(desk.netif);
      for (let i = 0; i < 60; i++) {
        cyw43Rssi(desk.netif, (dbm) => answers.push(dbm));
        cyw43PinRead(desk.netif, PIN_LED, (level) => answers.push(level));
        desk.run(7);
        if (desk.dev.mode === 3) break;
      }
      desk.started();
      desk.run(100);
      assert.equal(desk.waiting, 0);
    }
    assert.ok(answers.length > 100);
    assert.equal(desk.dev.counters.restart, 0);
    desk.run(3000);
    assert.equal(desk.dev.counters.controlTimeout, 0);
    assert.equal(desk.chip.misuse.summary(), '');
  });

  it('never meet a chip that is off', () => {
    const desk = new Desk();
    desk.image = null;
    cyw43Restart(desk.netif);
    const asking = (): void => {
      cyw43Rssi(desk.netif, () => undefined);
      desk.later(500, asking);
    };
    asking();
    desk.run(30_000);
    assert.ok(desk.waiting < 15, `${desk.waiting} wait`);
    desk.sound();
  });
});
