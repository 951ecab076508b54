// Start-up, resets and power saving: CLKRDY, what is lost and what stays. DS39662E, 2.2, chapters 11 and 14.

import assert from 'node:assert/strict';
import { Driver, FarEnd, frame, wired } from './driver.js';

describe('enc28j60 model: resets and power', () => {
  it('is ready 300 µs after power-on; before, only ETH registers work', () => {
    const d = new Driver();
    d.s.runUntil(290);
    assert.equal(d.get('ESTAT') & 1, 0);
    d.set16('ETXST', 0x1234);
    assert.equal(d.get16('ETXST'), 0x1234);
    assert.equal(d.chip.misuse.total, 0);

    const e = new Driver();
    e.set('MACON1', 1);
    assert.equal(e.chip.misuse.counts.macBeforeClockReady, 1);
    e.s.runUntil(300);
    assert.equal(e.get('ESTAT') & 1, 1);
    assert.equal(e.get('MACON1'), 0, 'the write was lost');
    e.set('MACON1', 1);
    assert.equal(e.get('MACON1'), 1);
  });

  it('soft reset: registers go back, memory stays, transmission and DMA end', () => {
    const { d, far, chip, s } = wired();
    d.writeMemory(0x1f00, [1, 2, 3]);
    d.set('EIE', 0xff & ~4);
    far.give(frame(60));
    assert.equal(chip.intPin, 0);
    d.startSend(frame(1000));
    d.softReset();
    assert.equal(chip.intPin, 1);
    assert.equal(d.get('ESTAT'), 0);
    assert.equal(d.get('ECON1'), 0);
    assert.equal(d.get('EPKTCNT'), 0);
    assert.equal(d.get16('ERXST'), 0x05fa);
    s.runFor(300);
    assert.equal(d.get('ESTAT') & 1, 1);
    assert.equal(d.get('MACON3'), 0);
    assert.deepEqual([...d.readMemory(0x1f00, 3)], [1, 2, 3]);
    s.runFor(5000);
    assert.equal(far.sent.length, 0);
    assert.equal(chip.counters.resets, 1);
    d.init();
    d.send(frame(60));
    far.give(frame(60));
    assert.equal(far.sent.length, 1);
    assert.ok(d.receive());
  });

  it('RESET pin: held, nothing answers; released, it starts up', () => {
    const { d, far, chip, s } = wired();
    chip.setResetPin(0);
    s.runFor(1000);
    assert.equal(d.get('ESTAT'), 0);
    assert.ok(chip.misuse.counts.spiInReset > 0);
    chip.setResetPin(1);
    s.runFor(299);
    assert.equal(d.get('ESTAT') & 1, 0);
    s.runFor(5);
    assert.equal(d.get('ESTAT') & 1, 1);
    const e = d;
    e.init();
    far.give(frame(60));
    assert.ok(e.receive());
  });

  it('power save: the clock stops, the link goes, and all comes back', () => {
    const { d, far, chip, s } = wired();
    d.bfc('ECON1', 0x04);
    d.bfs('ECON2', 0x08);
    d.bfs('ECON2', 0x20);
    assert.equal(d.get('ESTAT') & 1, 0);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
    far.give(frame(60));
    assert.equal(d.get('MACON1'), 0);
    assert.equal(chip.misuse.counts.macInPowerSave, 1);
    d.bfc('ECON2', 0x20);
    s.runFor(290);
    assert.equal(d.get('ESTAT') & 1, 0);
    s.runFor(10);
    assert.equal(d.get('ESTAT') & 1, 1);
    assert.equal(d.get('MACON1'), 0x0d, 'registers kept');
    d.bfs('ECON1', 0x04);
    far.give(frame(60));
    assert.equal(d.get('EPKTCNT'), 1);
    d.bfs('ECON2', 0x20);
    assert.equal(chip.misuse.counts.powerSaveWhileActive, 1);
  });

  it('attaches to a cable at any time', () => {
    const d = new Driver();
    d.init();
    assert.equal(d.readPhy(0x11) & 0x0400, 0);
    const far = new FarEnd(d.s);
    d.chip.attach(far);
    assert.equal(d.readPhy(0x11) & 0x0400, 0x0400);
    d.send(frame(60));
    assert.equal(far.sent.length, 1);
    d.chip.detach();
    assert.equal(far.onFrame, null);
    assert.equal(d.readPhy(0x11) & 0x0400, 0);
  });
});
