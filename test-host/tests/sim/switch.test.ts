// The switch: it learns, forwards, floods, forgets, and keeps reserved and broken frames to itself.

import assert from 'node:assert/strict';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import type { SwitchOptions } from '../../sim/switch.js';

const BROADCAST = 0xff;

function make(ports: number, options?: SwitchOptions) {
  const s = new Scheduler();
  const sw = new Switch(s, options);
  const heard: string[] = [];
  const send: ((to: number, from: number, meta?: { badFcs: boolean }) => void)[] = [];
  for (let i = 0; i < ports; i++) {
    const port = sw.addPort();
    port.onFrame = (f) => heard.push(`${i}:${f[5]}<${f[11]}`);
    send.push((to, from, meta) => {
      const f = new Uint8Array(60);
      if (to === BROADCAST) f.fill(255, 0, 6);
      else f.set([2, 0, 0, 0, 0, to]);
      f.set([2, 0, 0, 0, 0, from], 6);
      port.send(f, meta);
      while (s.step());
    });
  }
  return { s, sw, heard, send };
}

describe('switch', () => {
  it('floods what it does not know and forwards what it has learnt', () => {
    const { sw, heard, send } = make(3);
    send[0]!(2, 1);
    assert.deepEqual(heard.splice(0), ['1:2<1', '2:2<1']);
    send[2]!(1, 2);
    assert.deepEqual(heard.splice(0), ['0:1<2']);
    send[0]!(2, 1);
    assert.deepEqual(heard.splice(0), ['2:2<1']);
    assert.equal(sw.counters.flooded, 1);
    assert.equal(sw.counters.forwarded, 2);
    assert.equal(sw.lookup('02:00:00:00:00:02'), 2);
    assert.equal(sw.lookup('02:00:00:00:00:09'), -1);
  });

  it('floods broadcasts always, but not back', () => {
    const { heard, send } = make(3);
    send[1]!(BROADCAST, 1);
    assert.deepEqual(heard, ['0:255<1', '2:255<1']);
  });

  it('follows a station that moves, and filters within a port', () => {
    const { sw, heard, send } = make(3);
    send[0]!(BROADCAST, 1);
    send[1]!(BROADCAST, 1);
    assert.equal(sw.lookup('02:00:00:00:00:01'), 1);
    heard.length = 0;
    send[1]!(1, 5);
    assert.deepEqual(heard, []);
    assert.equal(sw.counters.filtered, 1);
  });

  it('forgets after the ageing time', () => {
    const { s, heard, send } = make(3, { ageing: 1000 });
    send[2]!(BROADCAST, 2);
    heard.length = 0;
    s.runFor(1000);
    send[0]!(2, 1);
    assert.deepEqual(heard.splice(0), ['2:2<1']);
    s.runFor(1);
    send[0]!(2, 1);
    assert.deepEqual(heard, ['1:2<1', '2:2<1']);
  });

  it('learns no group address, drops broken frames, keeps reserved addresses local', () => {
    const { s, sw, heard, send } = make(2);
    send[0]!(1, 7, { badFcs: true });
    assert.equal(sw.lookup('02:00:00:00:00:07'), -1);
    const pause = new Uint8Array(60);
    pause.set([1, 0x80, 0xc2, 0, 0, 1, 3, 0, 0, 0, 0, 8]);
    sw.links[0]!.a.send(pause);
    sw.links[0]!.a.send(new Uint8Array(13));
    while (s.step());
    assert.deepEqual(heard, []);
    assert.equal(sw.lookup('03:00:00:00:00:08'), -1);
    const { badFcs, reserved, runts } = sw.counters;
    assert.deepEqual({ badFcs, reserved, runts }, { badFcs: 1, reserved: 1, runts: 1 });
  });

  it('floods to further addresses when its table is full, and mirrors what comes in', () => {
    const mirrored: number[] = [];
    const { sw, heard, send } = make(3, { tableSize: 1, mirror: (_f, i) => mirrored.push(i.port) });
    send[0]!(BROADCAST, 1);
    send[1]!(BROADCAST, 2);
    heard.length = 0;
    send[0]!(2, 1);
    assert.deepEqual(heard, ['1:2<1', '2:2<1']);
    assert.equal(sw.lookup('02:00:00:00:00:02'), -1);
    assert.deepEqual(mirrored, [0, 1, 0]);
  });
});
