// Trouble on demand: replies late or never, events that do not arrive.

import assert from 'node:assert/strict';
import { Rig, join, le } from './rig.js';

describe('cyw43 model: faults', () => {
  it('a reply is late, and those behind it as well', () => {
    const r = new Rig().boot();
    r.fw.faults.delayReplies(500_000);
    const first = r.post(true, 86, le(1));
    const second = r.post(true, 86, le(2));
    r.run(490);
    assert.equal(r.replies.size, 0);
    r.run(20);
    assert.deepEqual([...r.replies.keys()], [first, second]);
    assert.equal(r.fw.faults.counts.delayed, 1);
  });

  it('a reply never comes, of one command by number or name', () => {
    const r = new Rig().boot();
    r.fw.faults.swallowReplies(1, { cmd: 86 });
    r.fw.faults.swallowReplies(2, { iovar: 'mfp' });
    const id = r.post(true, 86, le(1));
    assert.equal(r.command(false, 85, new Uint8Array(4)).data[0], 1, 'it was carried out');
    assert.equal(r.replies.has(id), false);
    assert.equal(r.setVar('roam_off', 1), 0);
    for (let i = 0; i < 2; i++) r.post(true, 263, join('mfp\0', le(1)));
    r.run(5000);
    assert.equal(r.fw.faults.counts.swallowed, 3);
    assert.equal(r.setVar('mfp', 1), 0);
  });

  it('events are lost: the next, or the next of a kind', () => {
    const r = new Rig().on();
    r.air.add({ ssid: 'demo' });
    r.credentials(null);
    r.fw.faults.loseEvents(1);
    r.fw.faults.loseEvents(1, 16);
    r.joinSsid('demo');
    assert.deepEqual(r.take(), ['ASSOC 0,0', 'ASSOC_RESP_IE 0,0', 'JOIN 0,0', 'SET_SSID 0,0']);
    assert.equal(r.fw.faults.counts.eventsLost, 2);
    r.fw.faults.loseEvents(100);
    r.fw.faults.clear();
    r.joinSsid('demo');
    assert.equal(r.take().length, 8);
  });

  it('a trap that was asked for does not strike a core in reset', () => {
    const r = new Rig().boot();
    r.fw.faults.trap(r.scheduler.now + 1000);
    r.fw.stop();
    r.run(10);
    assert.equal(r.traps, 0);
  });
});
