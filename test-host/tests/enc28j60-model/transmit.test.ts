// Transmission: what goes out, when, and what the status vector says. DS39662E, 7.1.

import assert from 'node:assert/strict';
import { fcs } from '../../chips/enc28j60/index.js';
import { BROADCAST, TX_START, frame, wired } from './driver.js';

/** Bits 51:0 as fields. */
function vector(v: Uint8Array | null) {
  assert.ok(v, 'TXRTS stayed set');
  return {
    bytes: v[0]! | (v[1]! << 8),
    collisions: v[2]! & 15,
    flags: (v[2]! >> 4) | (v[3]! << 4),
    wire: v[4]! | (v[5]! << 8),
    control: v[6]!,
  };
}
const LENGTH_RANGE = 1 << 2;
const DONE = 1 << 3;
const OK = LENGTH_RANGE | DONE;

function near(value: number, expected: number): void {
  assert.ok(Math.abs(value - expected) < 0.001, `${value} is not ${expected}`);
}

describe('enc28j60 model: transmitter', () => {
  it('sends the bytes behind the control byte and reports', () => {
    const { d, far, chip } = wired();
    const f = frame(100);
    const v = vector(d.send(f));
    assert.deepEqual(v, { bytes: 104, collisions: 0, flags: OK, wire: 104, control: 0 });
    assert.deepEqual(far.sent[0]!.frame, f);
    assert.equal(far.sent[0]!.badFcs, false);
    assert.equal(d.get('EIR') & 0x0a, 0x08);
    assert.equal(d.get('ESTAT') & 0x12, 0);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
    assert.equal(chip.counters.txFrames, 1);
  });

  it('takes the time of 10 Mb/s with preamble and FCS, and keeps the gap', () => {
    for (const size of [60, 590, 1514]) {
      const { d, far, s } = wired();
      d.startSend(frame(size));
      const began = s.now - 16 / 10; // TXRTS was set at the end of a two-byte command
      s.runFor(1300);
      near(far.sent[0]!.time, began + (8 + size + 4) * 0.8);
    }
  });

  it('keeps the gap of MABBIPG when the next packet follows at once', () => {
    for (const [size, ipg] of [
      [60, 0x15],
      [1514, 0x15],
      [60, 0x7f],
    ] as const) {
      const { d, far, s, chip } = wired();
      d.set('MABBIPG', ipg);
      d.set('EIE', 0x88);
      chip.onInterrupt = (level) => {
        if (level !== 0 || far.sent.length) return;
        chip.regs.write(0x1c, 0x08, 'BFC');
        chip.regs.write(0x1f, 0x08, 'BFS');
      };
      d.startSend(frame(size));
      s.runFor(3000);
      near(far.sent[1]!.time - far.sent[0]!.time, (ipg + 3) * 0.4 + (8 + size + 4) * 0.8);
    }
  });

  it('pads as PADCFG says and as the control byte says', () => {
    const { d, far } = wired();
    const bytes = (size: number, macon3: number, control = 0, type = 0x0800): number => {
      d.set('MACON3', macon3);
      const v = vector(d.send(frame(size, BROADCAST, type), control));
      const sent = far.sent.at(-1)!;
      assert.equal(sent.frame.length, v.bytes - 4);
      assert.ok(sent.frame.subarray(size).every((b) => b === 0));
      return v.bytes;
    };
    assert.equal(bytes(20, 0x13), 24);
    assert.equal(bytes(20, 0x33), 64);
    assert.equal(bytes(60, 0x33), 64);
    assert.equal(bytes(20, 0x53), 24);
    assert.equal(bytes(20, 0x73), 68);
    assert.equal(bytes(20, 0xb3), 64);
    assert.equal(bytes(20, 0xb3, 0, 0x8100), 68);
    assert.equal(bytes(20, 0xf3), 68);
    assert.equal(bytes(20, 0x33, 0x03), 24, 'override: CRC, no padding');
    assert.equal(bytes(20, 0x03, 0x07), 64, 'override: CRC and padding');
  });

  it('checks the last four bytes when it adds no CRC', () => {
    const { d, far } = wired();
    const f = frame(60);
    const c = fcs(f);
    const own = [...f, c & 255, (c >>> 8) & 255, (c >>> 16) & 255, c >>> 24];
    let v = vector(d.send(own, 0x01));
    assert.deepEqual(v, { bytes: 64, collisions: 0, flags: OK, wire: 64, control: 0 });
    assert.deepEqual(far.sent[0]!.frame, f);
    assert.equal(far.sent[0]!.badFcs, false);
    own[30]! ^= 4;
    v = vector(d.send(own, 0x01));
    assert.equal(v.flags, OK | 1, 'CRC error');
    assert.equal(far.sent[1]!.badFcs, true);
  });

  it('leaves a proprietary header out of the CRC, so that others find it wrong', () => {
    const { d, far } = wired();
    d.set('MACON3', 0x3b);
    assert.ok(d.send(frame(60)));
    assert.equal(far.sent[0]!.badFcs, true);
  });

  it('tells broadcast, multicast, VLAN, control and length errors', () => {
    const { d } = wired();
    assert.equal(vector(d.send(frame(60, BROADCAST))).flags, OK | (1 << 5));
    assert.equal(vector(d.send(frame(60, [1, 0, 0x5e, 0, 0, 1]))).flags, OK | (1 << 4));
    assert.equal(vector(d.send(frame(60, undefined, 0x8100))).control, 8);
    const pause = frame(60, [1, 0x80, 0xc2, 0, 0, 1], 0x8808);
    pause.set([0, 1], 14);
    assert.equal(vector(d.send(pause)).control, 3);
    assert.equal(vector(d.send(frame(60, undefined, 46))).flags, DONE);
    assert.equal(vector(d.send(frame(60, undefined, 48))).flags, DONE | (1 << 1));
  });

  it('aborts what is longer than MAMXFL, unless a huge frame is allowed', () => {
    const { d, far } = wired();
    let v = vector(d.send(frame(1515)));
    assert.equal(v.flags & DONE, 0);
    assert.equal(v.flags >> 10, 1, 'giant');
    assert.equal(v.bytes, 1518);
    assert.equal(d.get('EIR') & 0x0a, 0x0a);
    assert.equal(d.get('ESTAT') & 2, 2, 'TXABRT');
    assert.equal(far.sent[0]!.badFcs, true, 'cut off on the wire');
    v = vector(d.send(frame(1515), 0x0f));
    assert.equal(v.flags, OK);
    assert.equal(far.sent[1]!.frame.length, 1515);
  });

  it('is cancelled by clearing TXRTS and by TXRST', () => {
    const { d, far, chip, s } = wired();
    d.startSend(frame(1000));
    d.bfc('ECON1', 0x08);
    assert.equal(d.get('EIR') & 0x0a, 0x0a);
    assert.equal(d.get('ESTAT') & 2, 2);
    d.startSend(frame(1000));
    d.bfs('ECON1', 0x80);
    assert.equal(d.get('ECON1') & 0x88, 0x80);
    d.bfs('ECON1', 0x08);
    assert.equal(d.get('ECON1') & 0x08, 0);
    assert.equal(chip.misuse.counts.transmitInReset, 1);
    d.bfc('ECON1', 0x80);
    s.runFor(5000);
    assert.equal(far.sent.length, 0);
    assert.ok(d.send(frame(60)));
    assert.equal(far.sent.length, 1);
  });

  it('writes its vector across the end of memory', () => {
    const { d } = wired();
    const at = 0x2000 - 61 - 3;
    d.startSend(frame(60), 0, at);
    d.s.runFor(100);
    assert.equal(d.readMemory(0x1ffd, 1)[0], 64);
    assert.equal(d.chip.memory.bytes[0x1fff]! >> 7, 1, 'done');
    assert.equal(d.chip.memory.bytes[1], 64, 'bytes on the wire');
  });

  it('in half duplex retries after collisions and counts them', () => {
    const { d, far, chip } = wired({}, { full: false });
    chip.transmitter.injectCollisions(3);
    const v = vector(d.send(frame(100)));
    assert.equal(v.collisions, 3);
    assert.equal(v.flags, OK);
    assert.equal(v.wire, 104 + 3 * 24);
    assert.equal(far.sent.length, 1);
    assert.equal(chip.counters.txCollisions, 3);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
  });

  it('gives up after MACLCON1 retries', () => {
    const { d, far, chip } = wired({}, { full: false });
    d.set('MACLCON1', 4);
    chip.transmitter.injectCollisions(5);
    const v = vector(d.send(frame(100)));
    assert.equal(v.flags & DONE, 0);
    assert.equal((v.flags >> 8) & 1, 1, 'excessive collisions');
    assert.equal(d.get('EIR') & 2, 2);
    assert.equal(far.sent.length, 0);
  });

  it('aborts at once on a late collision', () => {
    const { d, far, chip } = wired({}, { full: false });
    chip.transmitter.injectLateCollision();
    const v = vector(d.send(frame(200)));
    assert.equal((v.flags >> 9) & 1, 1, 'late collision');
    assert.equal(d.get('ESTAT') & 0x12, 0x12, 'LATECOL and TXABRT');
    assert.equal(far.sent.length, 0);
    assert.equal(chip.counters.txLateCollisions, 1);
  });

  it('defers to a frame that is arriving, in half duplex only', () => {
    const { d, far, s } = wired({}, { full: false });
    far.onCarrier!(1000);
    const until = s.now + 1000;
    const v = vector(d.send(frame(60)));
    assert.equal((v.flags >> 6) & 1, 1, 'deferred');
    near(far.sent[0]!.time, until + 9.6 + 57.6);

    const full = wired();
    full.far.onCarrier!(1000);
    const from = full.s.now;
    full.d.send(frame(60));
    assert.ok(full.far.sent[0]!.time < from + 400);
  });

  it('gives up deferring after 24287 bit times unless MACON4.DEFER', () => {
    const { d, far } = wired({}, { full: false });
    d.set('MACON4', 0);
    far.onCarrier!(5000);
    const v = vector(d.send(frame(60)));
    assert.equal((v.flags >> 7) & 1, 1, 'excessive defer');
    assert.equal(far.sent.length, 0);
    d.set('MACON4', 0x40);
    far.onCarrier!(5000);
    assert.equal(vector(d.send(frame(60))).flags & DONE, DONE);
  });

  it('collides with an arriving frame when told to, and spoils that one', () => {
    const { d, far, chip, s } = wired({ collideOnCarrier: true }, { full: false, filter: 0x20 });
    d.startSend(frame(300));
    s.runFor(200);
    far.onCarrier!(57.6);
    s.runFor(57.6);
    far.give(frame(60));
    s.runFor(2000);
    assert.equal(chip.counters.txLateCollisions, 1);
    assert.equal(chip.counters.rxBadFcs, 1);
    assert.equal(d.get('EIR') & 2, 2);
  });

  it('sends pause frames on request of EFLOCON', () => {
    const { d, far, s } = wired();
    assert.equal(d.get('EFLOCON'), 4, 'FULDPXS');
    d.set16('EPAUS', 0x0102);
    d.set('EFLOCON', 1);
    s.runFor(100);
    assert.deepEqual(
      [...far.sent[0]!.frame.subarray(0, 18)],
      [1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 8, 0, 1, 1, 2],
    );
    d.set16('EPAUS', 10);
    d.set('EFLOCON', 2);
    s.runFor(1100);
    const periodic = far.sent.length - 1;
    assert.ok(periodic >= 4 && periodic <= 5, String(periodic));
    d.set('EFLOCON', 3);
    s.runFor(1000);
    assert.deepEqual([...far.sent.at(-1)!.frame.subarray(16, 18)], [0, 0]);
    assert.equal(far.sent.length, periodic + 2);
  });

  it('takes the packet wherever it lies', () => {
    const { d, far } = wired();
    for (const at of [TX_START, TX_START + 1, 0x1f00]) {
      d.send(frame(60 + (at & 15)), 0, at);
      assert.deepEqual(far.sent.at(-1)!.frame, frame(60 + (at & 15)));
    }
  });
});
