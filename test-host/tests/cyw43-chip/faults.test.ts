// Each fault that can be injected: what the host sees of it, and that it ends as told.

import assert from 'node:assert/strict';
import { SeededRandom } from '../../sim/random.js';
import { Host, counted } from './rig.js';

function booted(options: ConstructorParameters<typeof Host>[0] = {}): Host {
  const h = new Host(options).boot();
  h.control(1, 1, counted(0));
  h.receive();
  return h;
}

describe('cyw43 model: faults', () => {
  for (const answer of [0xffffffff, 0] as const) {
    it(`does not answer for some transactions: every word is ${answer.toString(16)}h`, () => {
      const h = booted();
      h.chip.faults.beDeaf(3, answer);
      assert.equal(h.read(0, 0x14, 4), answer);
      h.write(0, 0x18, 5, 4);
      assert.equal(h.status(), answer);
      assert.equal(h.read(0, 0x14, 4), 0xfeedbead);
      assert.equal(h.read(0, 0x18, 4), 0);
      assert.equal(h.chip.counters.deafTransactions, 3);
      assert.equal(h.chip.misuse.total, 0);
    });
  }

  it('never answers until told to', () => {
    const h = booted();
    h.chip.faults.beDeaf(Infinity);
    for (let i = 0; i < 1000; i++) assert.equal(h.status(), 0xffffffff);
    h.chip.faults.beDeaf(0);
    assert.equal(h.status(), 0x20);
  });

  it('hangs until power goes off, which ends a stall, a muted interrupt and a frozen credit too', () => {
    const h = booted();
    h.chip.faults.hang(0);
    h.chip.faults.stallReady(Infinity);
    h.chip.faults.loseInterrupt();
    h.chip.faults.freezeCredit();
    assert.equal(h.read(0, 0x14, 4), 0);
    h.s.runFor(1e6);
    assert.equal(h.status(), 0);
    h.boot();
    assert.equal(h.status(), 0x20);
    h.control(1, 1, counted(0));
    assert.equal(h.chip.interrupt, 1);
    assert.equal(h.receive()![9], 13);
  });

  it('gives a wrong test pattern', () => {
    const h = new Host().powerOn();
    h.chip.faults.spoilTest(2, 0x80000001);
    const test = () => h.read(0, 0x14, 4);
    assert.deepEqual([test(), test(), test()], [0x7eedbeac, 0x7eedbeac, 0xfeedbead]);
    assert.equal(h.chip.counters.spoiltTests, 2);
  });

  it('flips single bits on the bus, the same ones for the same seed', () => {
    const run = (seed: number) => {
      const h = booted({ random: new SeededRandom(seed) });
      h.chip.faults.bitErrorRate = 0.1;
      const read = Array.from({ length: 200 }, () => h.read(0, 0x14, 4));
      return { read, errors: h.chip.counters.bitErrors };
    };
    const a = run(1);
    assert.deepEqual(a, run(1));
    assert.notDeepEqual(a, run(2));
    assert.ok(a.errors > 20 && a.errors < 70, `${a.errors}`);
    assert.ok(a.read.filter((v) => v === 0xfeedbead).length > 140);
  });

  it('holds F2_RX_READY clear for a time', () => {
    const h = booted();
    h.chip.faults.stallReady(5000);
    h.s.runFor(4999);
    assert.equal(h.status() & 0x20, 0);
    assert.equal(h.read(0, 0x0e, 2) & 2, 0);
    h.s.runFor(1);
    assert.equal(h.status() & 0x20, 0x20);
    h.chip.faults.stallReady(Infinity);
    h.s.runFor(1e9);
    assert.equal(h.status() & 0x20, 0);
    h.chip.faults.releaseReady();
    assert.equal(h.status() & 0x20, 0x20);
  });

  it('freezes the credit, and tells it when it goes on', () => {
    const h = booted();
    h.chip.faults.freezeCredit();
    for (let i = 0; i < 12; i++) h.frame(counted(60));
    assert.equal(h.receive(), null);
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.receive()![9], 13);
    h.frame(counted(60));
    assert.equal(h.chip.misuse.counts.packetWithoutCredit, 1);
    h.chip.faults.thawCredit();
    assert.equal(h.receive()![9], 25);
    h.sequence--;
    h.frame(counted(60));
    assert.equal(h.firmware.frames.length, 13);
  });

  it('keeps the interrupt level low for a time', () => {
    const h = booted();
    h.chip.faults.muteInterrupt(1000);
    h.firmware.host!.frame(0, counted(60));
    h.s.runFor(999);
    assert.equal(h.chip.interrupt, 0);
    assert.equal(h.read(0, 4, 2), 0x20);
    h.s.runFor(1);
    assert.equal(h.chip.interrupt, 1);
  });

  it('loses the interrupt of a packet until the next one', () => {
    const h = booted();
    const levels: number[] = [];
    h.chip.onInterrupt = (l) => levels.push(l);
    h.firmware.host!.frame(0, counted(60));
    h.chip.faults.loseInterrupt();
    h.s.runFor(1e9);
    assert.equal(h.chip.interrupt, 0);
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.chip.interrupt, 1);
    assert.deepEqual(levels, [1, 0, 1]);
  });

  it('traps: no replies, no credits, told in the mailbox; what waited can be read', () => {
    const h = booted();
    h.firmware.host!.frame(0, counted(60));
    h.write(0, 6, 0x2020, 2);
    h.chip.faults.trap();
    assert.equal(h.firmware.stops, 1);
    assert.equal(h.read(0, 4, 2), 0x2020);
    assert.equal(h.readBack(0x1800204c), 0x10);
    assert.equal(h.receive()!.length, 78);
    h.control(1, 2, counted(0));
    assert.equal(h.firmware.requests.length, 1);
    h.firmware.host!.controlReply(2, 1, 0, 0, 0, counted(0));
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.receive(), null);
    assert.equal(h.status() & 0x20, 0);
    assert.deepEqual([h.chip.counters.traps, h.chip.counters.lostInTrap], [1, 1]);
    assert.equal(h.chip.misuse.total, 0);
    h.boot();
    h.control(1, 1, counted(0));
    assert.equal(h.receive()!.length, 28);
    assert.equal(h.chip.misuse.total, 0);
  });

  it('drops packets to the host, with a gap in their numbers', () => {
    const h = booted();
    h.chip.faults.dropToHost(2);
    for (let i = 0; i < 3; i++) h.firmware.host!.frame(0, counted(60 + i));
    const p = h.receive()!;
    assert.equal(p[4], 3);
    assert.equal(p.length, 18 + 62);
    assert.equal(h.receive(), null);
    assert.equal(h.chip.counters.droppedToHost, 2);
  });

  it('loses packets to the host by dice', () => {
    const h = booted({ queueLimit: 1000 });
    h.chip.faults.toHostLoss = 0.25;
    for (let i = 0; i < 400; i++) h.firmware.host!.frame(0, counted(60));
    const lost = h.chip.counters.droppedToHost;
    assert.ok(lost > 70 && lost < 130, `${lost}`);
  });

  it('drops control replies and goes on with the next', () => {
    const h = booted();
    h.chip.faults.dropReplies(1);
    h.control(1, 2, counted(0));
    assert.equal(h.receive(), null);
    h.control(1, 3, counted(0));
    assert.equal(h.receive()![22], 3);
    assert.equal(h.chip.counters.droppedReplies, 1);
    assert.equal(h.chip.misuse.total, 0);
  });

  it('gives credit with the first reply dropped, so that the host can ask again', () => {
    const h = new Host().boot();
    h.chip.faults.dropReplies(1);
    h.control(1, 1, counted(0));
    assert.equal(h.receive()!.length, 12);
    h.control(1, 2, counted(0));
    assert.equal(h.receive()!.length, 28);
    assert.equal(h.chip.misuse.total, 0);
  });

  it('never has an ALP or HT clock', () => {
    const h = new Host();
    h.chip.faults.withoutAlp = true;
    h.powerOn().configure().alp();
    h.s.runFor(1e6);
    assert.equal(h.read(1, 0x1000e, 1), 0);
    h.chip.faults.reset();
    h.chip.faults.withoutHt = true;
    h.boot();
    h.s.runFor(1e6);
    assert.equal(h.read(1, 0x1000e, 1), 0x40);
    assert.equal(h.status() & 0x20, 0);
  });

  it('has none after reset', () => {
    const h = booted();
    const f = h.chip.faults;
    f.beDeaf(5);
    f.spoilTest(5);
    f.bitErrorRate = f.toHostLoss = 1;
    f.stallReady(Infinity);
    f.loseInterrupt();
    f.dropToHost(5);
    f.dropReplies(5);
    f.freezeCredit();
    f.reset();
    assert.equal(h.receive()!.length, 12);
    assert.equal(h.read(0, 0x14, 4), 0xfeedbead);
    h.control(1, 2, counted(0));
    assert.equal(h.chip.interrupt, 1);
    assert.equal(h.receive()!.length, 28);
    assert.equal(h.chip.misuse.total, 0);
  });
});
