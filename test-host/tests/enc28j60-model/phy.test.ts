// MII access and the PHY: timing, identification, link, duplex, loopback, scan. DS39662E, 3.3, 9, 11, 12.1.5.

import assert from 'node:assert/strict';
import { Driver, FarEnd, frame, wired } from './driver.js';

describe('enc28j60 model: MII and PHY', () => {
  it('identifies itself', () => {
    const { d } = wired();
    assert.equal(d.readPhy(2), 0x0083);
    assert.equal(d.readPhy(3) & 0xfff0, 0x1400);
    assert.equal(d.readPhy(0x14), 0x3422);
    assert.equal(d.chip.misuse.total, 0);
  });

  it('is busy for 10.24 µs', () => {
    const { d, s, chip } = wired();
    d.set('MIREGADR', 2);
    d.set('MICMD', 1);
    const busTime = 1.6;
    s.runFor(10.24 - busTime - 0.01);
    assert.equal(chip.regs.read(0x6a), 1, 'MISTAT.BUSY');
    s.runFor(0.02);
    assert.equal(chip.regs.read(0x6a), 0);
    d.set('MICMD', 0);
    assert.equal(d.get16('MIRD'), 0x0083);
  });

  it('writes take effect at the end, and are lost while busy', () => {
    const { d, chip, s } = wired();
    d.writePhy(0x14, 0x3122);
    assert.equal(d.readPhy(0x14), 0x3122);
    assert.equal(chip.phy.led('A'), 'transmit');
    d.set('MIREGADR', 0x14);
    d.set16('MIWR', 0x3222);
    d.set('MIWR', 0x33, 1);
    assert.equal(chip.misuse.counts.miiBusy, 1);
    s.runFor(20);
    assert.equal(d.readPhy(0x14), 0x3222);
  });

  it('scans until told to stop', () => {
    const { d, chip, s } = wired();
    d.set('MIREGADR', 0x11);
    d.set('MICMD', 2);
    assert.equal(d.get('MISTAT') & 7, 7, 'not valid yet');
    s.runFor(10.24);
    assert.equal(d.get('MISTAT') & 7, 3);
    assert.equal(d.get16('MIRD') & 0x0400, 0x0400);
    chip.setLink(false);
    s.runFor(11);
    assert.equal(d.get16('MIRD') & 0x0400, 0);
    d.set('MICMD', 0);
    s.runFor(11);
    assert.equal(d.get('MISTAT') & 3, 0);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
  });

  it('shows the link in PHSTAT2, and latches its loss in PHSTAT1', () => {
    const { d, chip } = wired();
    assert.equal(d.readPhy(0x11) & 0x0600, 0x0600, 'link, full duplex');
    d.readPhy(1);
    assert.equal(d.readPhy(1), 0x1804);
    chip.setLink(false);
    assert.equal(d.readPhy(0x11) & 0x0400, 0);
    chip.setLink(true);
    assert.equal(d.readPhy(0x11) & 0x0400, 0x0400);
    assert.equal(d.readPhy(1), 0x1800, 'was down since the last read');
    assert.equal(d.readPhy(1), 0x1804);
  });

  it('interrupts on link change when PHIE and EIE say so, until PHIR is read', () => {
    const { d, chip } = wired();
    chip.setLink(false);
    assert.equal(d.get('EIR') & 0x10, 0, 'not enabled in PHIE');
    d.readPhy(0x13);
    d.writePhy(0x12, 0x0012);
    d.set('EIE', 0x90);
    chip.setLink(true);
    assert.equal(chip.intPin, 0);
    assert.equal(d.get('EIR') & 0x10, 0x10);
    d.bfc('EIR', 0x10);
    assert.equal(d.get('EIR') & 0x10, 0x10, 'read-only');
    assert.equal(d.readPhy(0x13), 0x0014);
    assert.equal(chip.intPin, 1);
    assert.equal(d.readPhy(0x13), 0);
  });

  it('neither sends nor receives without a link', () => {
    const { d, far, chip } = wired();
    chip.setLink(false);
    assert.ok(d.send(frame(60)), 'the MAC does not notice');
    far.give(frame(60));
    assert.equal(far.sent.length, 0);
    assert.equal(chip.counters.txNoLink, 1);
    assert.equal(chip.counters.rxDisabled, 1);
  });

  it('brings the link up after linkUpTime', () => {
    const d = new Driver({ linkUpTime: 5000 });
    const far = new FarEnd(d.s);
    d.chip.attach(far);
    d.init();
    assert.equal(d.readPhy(0x11) & 0x0400, 0);
    d.s.runFor(5000);
    assert.equal(d.readPhy(0x11) & 0x0400, 0x0400);
  });

  it('starts in the duplex mode of the LEDB strap', () => {
    for (const full of [false, true]) {
      const d = new Driver({ fullDuplexStrap: full });
      d.s.runFor(300);
      assert.equal(d.readPhy(0), full ? 0x0100 : 0);
    }
  });

  it('loops back with PLOOPBK, and in half duplex unless HDLDIS', () => {
    const full = wired();
    full.d.writePhy(0, 0x4100);
    full.d.send(frame(60));
    assert.equal(full.d.get('EPKTCNT'), 1);
    assert.equal(full.far.sent.length, 0);
    full.far.give(frame(60));
    assert.equal(full.d.get('EPKTCNT'), 1, 'nothing from the wire meanwhile');

    const half = wired({}, { full: false });
    half.d.send(frame(60));
    assert.equal(half.d.get('EPKTCNT'), 0);
    half.d.writePhy(0x10, 0);
    half.d.send(frame(60));
    assert.equal(half.d.get('EPKTCNT'), 1);
    assert.equal(half.far.sent.length, 2);
  });

  it('resets by PRST, which clears itself', () => {
    const { d } = wired();
    d.writePhy(0x14, 0x3992);
    d.writePhy(0, 0x8000);
    assert.equal(d.readPhy(0) & 0x8000, 0x8000);
    d.s.runFor(50);
    assert.equal(d.readPhy(0), 0);
    assert.equal(d.readPhy(0x14), 0x3422);
  });

  it('forces the link with FRCLNK and silences with TXDIS', () => {
    const { d, far, chip } = wired();
    chip.setLink(false);
    d.writePhy(0x10, 0x4000);
    assert.equal(d.readPhy(0x11) & 0x0400, 0x0400);
    d.send(frame(60));
    assert.equal(far.sent.length, 1);
    d.writePhy(0x10, 0x6000);
    d.send(frame(60));
    assert.equal(far.sent.length, 1);
  });
});
