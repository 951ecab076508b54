// Every erratum with its switch off and on: off, the chip does as the data sheet says; on, as DS80349C says.

import assert from 'node:assert/strict';
import { ERRATA, errataOf } from '../../chips/enc28j60/index.js';
import type { ErratumName } from '../../chips/enc28j60/index.js';
import { Driver, FarEnd, frame, wired } from './driver.js';

/** A chip with one erratum only, striking always. */
function only(name: ErratumName, rate = 1) {
  return { errata: { ...errataOf('B7'), ...allOff(), [name]: true }, errataRates: { [name]: rate } };
}

function allOff(): Record<ErratumName, boolean> {
  return Object.fromEntries(Object.keys(ERRATA).map((k) => [k, false])) as Record<ErratumName, boolean>;
}

describe('enc28j60 model: errata', () => {
  it('follow the revision: 1 in B1 and B4, 13 in B5 and B7, the others in all', () => {
    const numbers = (revision: 'B1' | 'B4' | 'B5' | 'B7'): number[] =>
      (Object.keys(ERRATA) as ErratumName[])
        .filter((n) => errataOf(revision)[n])
        .map((n) => ERRATA[n].number);
    const all = [2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19];
    assert.deepEqual(numbers('B1'), [1, ...all]);
    assert.deepEqual(numbers('B4'), [1, ...all]);
    assert.deepEqual(numbers('B5'), numbers('B7'));
    assert.deepEqual(
      numbers('B7'),
      [...all, 13].sort((x, y) => x - y),
    );
    assert.deepEqual(new Driver({ errata: 'revision', revision: 'B1' }).chip.errata, errataOf('B1'));
    assert.equal(new Driver({ errata: { e6Pktif: false } }).chip.errata.e5RxStart, true);
  });

  it('1: MAC registers are unreliable below 8 MHz', () => {
    const wrong = (hz: number, on: boolean): number => {
      const d = new Driver(on ? only('e1MacSlowSpi', 0.5) : {});
      d.s.runFor(300);
      d.chip.spiClockHz = hz;
      let n = 0;
      for (let i = 0; i < 100; i++) {
        d.set('MAADR1', i);
        if (d.get('MAADR1') !== i) n++;
      }
      assert.equal(d.chip.misuse.counts.spiClockTooSlow > 0, on && hz < 8e6);
      d.set('ERXFCON', 0x55);
      assert.equal(d.get('ERXFCON'), 0x55, 'ETH registers are fine');
      return n;
    };
    assert.ok(wrong(4e6, true) > 20);
    assert.equal(wrong(8e6, true), 0);
    assert.equal(wrong(4e6, false), 0);
  });

  it('2: CLKRDY stays set after a soft reset, and 300 µs are not enough', () => {
    const { d, chip, s } = wired(only('e2ClockReady'));
    d.softReset();
    assert.equal(d.get('ESTAT') & 1, 1);
    s.runFor(400);
    d.set('MACON1', 1);
    assert.equal(chip.misuse.counts.macBeforeClockReady, 1);
    s.runFor(700);
    assert.equal(d.get('MACON1'), 0);
    d.set('MACON1', 1);
    assert.equal(d.get('MACON1'), 1);
  });

  it('4: CLKOUT stops in power save', () => {
    const off = wired();
    const on = wired(only('e4ClockOut'));
    for (const { d } of [off, on]) {
      d.bfc('ECON1', 4);
      d.bfs('ECON2', 0x20);
    }
    assert.equal(off.chip.power.clockOut, 6.25e6);
    assert.equal(on.chip.power.clockOut, 0);
  });

  it('5: a ring that does not start at 0 loses its write pointer', () => {
    const { d, far, chip } = wired(only('e5RxStart'), { receive: false });
    d.set16('ERXST', 0x0400);
    assert.equal(d.get16('ERXWRPT'), 0);
    d.bfs('ECON1', 4);
    assert.equal(chip.misuse.counts.rxStartNotZero, 1);
    far.give(frame(60));
    assert.equal(d.readMemory(2, 1)[0], 64, 'the packet lies at 0000h');
  });

  it('6: PKTIF as read hides pending packets, INT does not', () => {
    const { d, far, chip } = wired(only('e6Pktif', 0.5));
    d.set('EIE', 0xc0);
    far.give(frame(60));
    let seen = 0;
    for (let i = 0; i < 100; i++) if (d.get('EIR') & 0x40) seen++;
    assert.ok(seen > 20 && seen < 80, String(seen));
    assert.equal(chip.intPin, 0);
    assert.equal(d.get('EPKTCNT'), 1);
  });

  it('7: reversed polarity is put right only without the erratum', () => {
    const off = wired();
    const on = wired(only('e7Polarity'));
    for (const { chip, far, d } of [off, on]) {
      chip.phy.polarityReversed = true;
      far.give(frame(60));
      assert.equal(d.readPhy(0x11) & 0x20, 0x20);
    }
    assert.equal(off.d.get('EPKTCNT'), 1);
    assert.equal(on.chip.counters.rxBadFcs, 1);
  });

  it('9 and 10: loopback loses frames', () => {
    for (const [name, full] of [
      ['e9LoopbackHalf', false],
      ['e10LoopbackFull', true],
    ] as const) {
      const { d } = wired(only(name, 0.5), { full });
      d.writePhy(0, full ? 0x4100 : 0x4000);
      for (let i = 0; i < 20; i++) d.send(frame(60));
      const n = d.get('EPKTCNT');
      assert.ok(n > 3 && n < 17, `${name}: ${n}`);
    }
  });

  it('11: duplex and collision on one LED show duplex only', () => {
    const off = wired();
    const on = wired(only('e11Led'));
    for (const { d } of [off, on]) d.writePhy(0x14, 0x3e22);
    assert.equal(off.chip.phy.led('A'), 'duplex and collision');
    assert.equal(on.chip.phy.led('A'), 'duplex');
  });

  it('12: an abort in half duplex stalls the transmitter until TXRST', () => {
    const { d, far, chip } = wired(only('e12TransmitStall'), { full: false });
    chip.transmitter.injectLateCollision();
    assert.ok(d.send(frame(200)));
    assert.equal(d.send(frame(60)), null, 'TXRTS stays set');
    assert.equal(chip.counters.txStalled, 1);
    d.bfs('ECON1', 0x80);
    d.bfc('EIR', 0x0a);
    d.bfc('ECON1', 0x80);
    assert.equal(d.get('EIR') & 2, 2, 'TXERIF comes with the end of the reset');
    assert.ok(d.send(frame(60)));
    assert.equal(far.sent.length, 1);

    const perfect = wired({}, { full: false });
    perfect.chip.transmitter.injectLateCollision();
    assert.ok(perfect.d.send(frame(200)));
    assert.ok(perfect.d.send(frame(60)));
  });

  it('13: link pulses collide in half duplex only', () => {
    const { d, chip, far } = wired(only('e13LinkPulse', 0.3), { full: false });
    for (let i = 0; i < 60; i++) d.send(frame(1000));
    assert.ok(chip.counters.txLateCollisions > 5 && far.sent.length > 25);
    const full = wired(only('e13LinkPulse', 1));
    full.d.send(frame(1000));
    assert.equal(full.far.sent.length, 1);
  });

  it('14: an even ERXRDPT can corrupt headers, an odd one cannot', () => {
    const run = (readPointer: number): number => {
      const { d, far, chip } = wired(only('e14EvenErxrdpt', 0.5));
      d.set16('ERXRDPT', readPointer);
      for (let i = 0; i < 20; i++) far.give(frame(60));
      assert.equal(chip.misuse.counts.erxrdptEven, readPointer & 1 ? 0 : 1);
      return chip.counters.rxCorrupted;
    };
    assert.equal(run(0x19ff), 0);
    assert.ok(run(0x19fe) > 3);
  });

  it('14: a packet that ends just before an even ERXRDPT makes the full ring look empty', () => {
    const { d, far, chip } = wired(only('e14EvenErxrdpt', 0), { rxEnd: 0x3ff, receive: false });
    d.set16('ERXRDPT', 80);
    d.bfs('ECON1', 4);
    far.give(frame(69)); // 6 + 73 = 79 bytes, padded to 80
    assert.equal(d.get16('ERXWRPT'), 80);
    far.give(frame(69));
    assert.equal(chip.counters.rxAccepted, 2, 'written where ERXRDPT forbids it');

    const off = wired({}, { rxEnd: 0x3ff, receive: false });
    off.d.set16('ERXRDPT', 80);
    off.d.bfs('ECON1', 4);
    off.far.give(frame(69));
    assert.equal(off.chip.counters.rxOverflow, 1);
  });

  it('15: LATECOL may not tell, the status vector does', () => {
    const { d, chip } = wired(only('e15LateCollision'), { full: false });
    chip.transmitter.injectLateCollision();
    const v = d.send(frame(200))!;
    assert.equal((v[3]! >> 5) & 1, 1);
    assert.equal(d.get('ESTAT') & 0x12, 0x02);
  });

  it('16: the duplex strap may be read wrongly', () => {
    const d = new Driver(only('e16LedPolarity'));
    d.s.runFor(300);
    assert.equal(d.readPhy(0), 0x0100);
  });

  it('17: a DMA checksum aborts the packet that is arriving', () => {
    for (const on of [true, false]) {
      const { d, far, chip, s } = wired(on ? only('e17DmaReceive') : {});
      d.set16('EDMAST', 0x1a00);
      d.set16('EDMAND', 0x1a00 + 99);
      d.bfs('ECON1', 0x30);
      while (d.get('ECON1') & 0x20);
      far.give(frame(60)); // its 57.6 µs on the wire began before the checksum ended
      assert.equal(d.get('EPKTCNT'), on ? 0 : 1);
      assert.equal(chip.counters.rxAbortedByDma, on ? 1 : 0);
      s.runFor(100);
      far.give(frame(60));
      assert.equal(d.get('EPKTCNT'), on ? 1 : 2);
    }
  });

  it('17: a DMA copy does not', () => {
    const { d, far } = wired(only('e17DmaReceive'));
    d.set16('EDMAST', 0x1a00);
    d.set16('EDMAND', 0x1a00 + 99);
    d.set16('EDMADST', 0x1c00);
    d.bfs('ECON1', 0x20);
    far.give(frame(60));
    assert.equal(d.get('EPKTCNT'), 1);
  });

  it('18: the pattern match filter lets others pass', () => {
    const { d, far } = wired(only('e18PatternMatch', 0.5), { filter: 0x30 });
    d.set('EPMM0', 0xff);
    for (let i = 0; i < 20; i++) far.give(frame(80));
    const n = d.get('EPKTCNT');
    assert.ok(n > 3 && n < 17, String(n));
  });

  it('19: no reset by SPI in power save', () => {
    for (const on of [true, false]) {
      const { d, chip, s } = wired(on ? only('e19ResetPowerSave') : {});
      d.bfc('ECON1', 4);
      d.bfs('ECON2', 0x20);
      d.set16('ETXST', 0x1234);
      d.softReset();
      s.runFor(1000);
      assert.equal(d.get16('ETXST'), on ? 0x1234 : 0);
      assert.equal(chip.misuse.counts.resetInPowerSave, on ? 1 : 0);
    }
  });

  it('a careful driver gets by with all of B7 at once', () => {
    const d = new Driver({ errata: 'revision' });
    const far = new FarEnd(d.s);
    d.chip.attach(far);
    d.softReset();
    d.init();
    for (let i = 0; i < 500; i++) {
      far.give(frame(60 + ((i * 31) % 1000)));
      const p = d.receive()!;
      assert.equal(p.data.length, 64 + ((i * 31) % 1000));
      assert.equal(d.send(p.data.subarray(0, p.data.length - 4))![2]! & 0x80, 0x80);
    }
    assert.equal(far.sent.length, 500);
    assert.equal(d.chip.misuse.total, 0, d.chip.misuse.summary());
  });
});
