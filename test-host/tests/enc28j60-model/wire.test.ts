// Chips on cables: two of them with each other, one behind a switch, a lossy line, and repeatability.

import assert from 'node:assert/strict';
import { Link } from '../../sim/link.js';
import { SeededRandom } from '../../sim/random.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import { Driver, frame } from './driver.js';

const A = [2, 0, 0, 0, 0, 0xa];
const B = [2, 0, 0, 0, 0, 0xb];

function from(f: Uint8Array, mac: number[]): Uint8Array {
  f.set(mac, 6);
  return f;
}

describe('enc28j60 model: on the wire', () => {
  it('two chips exchange frames of every size over a link', () => {
    const s = new Scheduler();
    const link = new Link(s, { delay: 2 });
    const a = new Driver({ scheduler: s });
    const b = new Driver({ scheduler: s });
    a.chip.attach(link.a);
    b.chip.attach(link.b);
    a.init({ mac: A });
    b.init({ mac: B });
    for (let size = 60; size <= 1514; size += 43) {
      a.send(from(frame(size, B), A));
      s.runFor(10);
      const p = b.receive()!;
      assert.deepEqual(p.data.subarray(0, size), from(frame(size, B), A));
      b.send(from(frame(size, A), B));
      s.runFor(10);
      assert.equal(a.receive()!.data.length, size + 4);
    }
    for (const d of [a, b]) {
      assert.equal(d.chip.misuse.total, 0, d.chip.misuse.summary());
      assert.equal(d.chip.counters.rxFiltered, 0);
    }
  });

  it('hears of arriving frames from a link with a rate', () => {
    const s = new Scheduler();
    const link = new Link(s, { bToA: { rate: 10e6 } });
    const d = new Driver({ scheduler: s });
    d.chip.attach(link.a);
    d.init({ mac: A });
    link.b.send(from(frame(1514, A), B));
    s.runFor(100);
    assert.equal(d.get('ESTAT') & 4, 4, 'RXBUSY');
    s.runFor(1300);
    assert.equal(d.get('ESTAT') & 4, 0);
    assert.ok(d.receive());
  });

  it('behind a switch it gets its own frames and broadcasts', () => {
    const s = new Scheduler();
    const sw = new Switch(s);
    const drivers = [A, B, [2, 0, 0, 0, 0, 0xc]].map((mac) => {
      const d = new Driver({ scheduler: s });
      d.chip.attach(sw.addPort({ bToA: { rate: 10e6 } }));
      return d.init({ mac });
    });
    const [a, b, c] = drivers as [Driver, Driver, Driver];
    a.send(from(frame(60, [255, 255, 255, 255, 255, 255]), A));
    s.runFor(200);
    assert.ok(b.receive() && c.receive());
    b.send(from(frame(60, A), B));
    s.runFor(200);
    assert.ok(a.receive());
    assert.equal(c.chip.counters.rxFrames, 1, 'the switch kept it from c');
  });

  it('damage on the line is caught by the FCS or arrives, and the run repeats from its seed', () => {
    const run = (seed: number): string => {
      const s = new Scheduler();
      const link = new Link(s, { seed, loss: 0.1, badFcs: 0.1, corrupt: 0.1, duplicate: 0.05, delay: 100 });
      const a = new Driver({ scheduler: s, errata: 'revision', random: new SeededRandom(seed) });
      const b = new Driver({ scheduler: s, errata: 'revision', random: new SeededRandom(seed + 1) });
      a.chip.attach(link.a);
      b.chip.attach(link.b);
      a.init({ mac: A });
      b.init({ mac: B, filter: 0x20 });
      let intact = 0;
      let damaged = 0;
      for (let i = 0; i < 300; i++) {
        const f = from(frame(200, B), A);
        a.send(f);
        s.runFor(200);
        for (let p = b.receive(); p; p = b.receive()) {
          if (Buffer.compare(f, p.data.subarray(0, 200)) === 0) intact++;
          else damaged++;
        }
      }
      const { lost, badFcs, corrupted, duplicated, delivered } = link.aToB.counters;
      assert.equal(intact + damaged + b.chip.counters.rxBadFcs, delivered);
      assert.ok(lost > 10 && badFcs > 10 && duplicated > 3);
      assert.ok(damaged >= corrupted * 0.7 && damaged > 10);
      return JSON.stringify([link.aToB.counters, b.chip.counters, s.now]);
    };
    assert.equal(run(4), run(4));
    assert.notEqual(run(4), run(5));
  });
});
