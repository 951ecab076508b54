// Reception: packet layout, ring wrap, overflow, EPKTCNT, interrupts, status vector. DS39662E, 7.2.

import assert from 'node:assert/strict';
import { fcs } from '../../chips/enc28j60/index.js';
import { BROADCAST, frame, wired } from './driver.js';

function withFcs(f: Uint8Array): Uint8Array {
  const c = fcs(f);
  return Uint8Array.of(...f, c & 255, (c >>> 8) & 255, (c >>> 16) & 255, c >>> 24);
}

describe('enc28j60 model: receiver', () => {
  it('computes the CRC-32 of its check value', () => {
    assert.equal(fcs(Buffer.from('123456789')), 0xcbf43926);
  });

  it('stores next packet pointer, status vector, data and FCS', () => {
    const { d, far, chip } = wired();
    const f = frame(60);
    far.give(f);
    assert.equal(d.get('EPKTCNT'), 1);
    assert.equal(d.get('EIR') & 0x40, 0x40, 'PKTIF');
    assert.equal(d.get16('ERXWRPT'), 70);
    const p = d.receive()!;
    assert.equal(p.next, 70);
    assert.equal(p.status & 0xffff, 64);
    assert.deepEqual(p.data, withFcs(f));
    // Received OK, length out of range (a type field).
    assert.equal(p.status >>> 16, 0x00c0);
    assert.equal(d.get('EPKTCNT'), 0);
    assert.equal(d.get('EIR') & 0x40, 0);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
  });

  it('starts every packet at an even address', () => {
    const { d, far } = wired();
    far.give(frame(61));
    far.give(frame(64));
    const p = d.receive()!;
    assert.equal(p.next, 6 + 65 + 1);
    assert.equal(d.receive()!.next, 72 + 6 + 68);
  });

  it('wraps packets around the end of the ring, byte for byte', () => {
    const { d, far, chip } = wired({}, { rxEnd: 0x3ff });
    for (let i = 0; i < 200; i++) {
      const f = frame(60 + ((i * 37) % 300));
      f[20] = i & 255;
      far.give(f);
      const p = d.receive()!;
      assert.ok(p.next <= 0x3ff && (p.next & 1) === 0);
      assert.deepEqual(p.data, withFcs(f), `packet ${i}`);
    }
    assert.equal(chip.counters.rxAccepted, 200);
    assert.equal(chip.misuse.total, 0, chip.misuse.summary());
    assert.deepEqual([...d.readMemory(0x400, 4)], [0, 0, 0, 0], 'nothing written behind the ring');
  });

  it('never overwrites what ERXRDPT protects, and tells by RXERIF and BUFER', () => {
    const { d, far, chip } = wired({}, { rxEnd: 0x3ff });
    // 1023 bytes are free with ERXRDPT at the last; each packet takes 70: 14 fit.
    for (let i = 0; i < 20; i++) far.give(frame(60));
    assert.equal(d.get('EPKTCNT'), 14);
    assert.equal(chip.counters.rxOverflow, 6);
    assert.equal(d.get('EIR') & 1, 1);
    assert.equal(d.get('ESTAT') & 0x40, 0x40);
    d.bfc('EIR', 1);
    d.bfc('ESTAT', 0x40);
    assert.equal(d.get('EIR') & 1, 0);
    assert.equal(d.get('ESTAT') & 0x40, 0);
    for (let i = 0; i < 14; i++) assert.deepEqual(d.receive()!.data, withFcs(frame(60)));
    far.give(frame(60));
    const p = d.receive()!;
    assert.equal((p.status >>> 16) & 1, 1, 'drop event in the next packet');
  });

  it('takes as much as example 7-2 of the data sheet says is free', () => {
    const { d, far, chip } = wired({}, { rxEnd: 0x3ff });
    const free = (): number => {
      const w = d.get16('ERXWRPT');
      const r = d.get16('ERXRDPT');
      const end = 0x3ff;
      return w > r ? end - (w - r) : w === r ? end : r - w - 1;
    };
    assert.equal(free(), 0x3fe);
    far.give(frame(500));
    assert.equal(free(), 0x3fe - 510);
    far.give(frame(free() - 10));
    assert.equal(d.get('EPKTCNT'), 2);
    assert.equal(free(), 0);
    d.receive();
    far.give(frame(501));
    assert.equal(d.get('EPKTCNT'), 1, 'one byte too many');
    far.give(frame(500));
    assert.equal(d.get('EPKTCNT'), 2);
    assert.equal(chip.receiver.freeSpace(), free());
  });

  it('stops at 255 packets', () => {
    const { d, far, chip } = wired({}, { rxEnd: 0x1dff, filter: 0 });
    for (let i = 0; i < 256; i++) far.give(frame(14));
    assert.equal(d.get('EPKTCNT'), 255);
    assert.equal(chip.counters.rxCountFull, 1);
    assert.equal(d.get('EIR') & 1, 1);
  });

  it('drives INT low while an enabled flag is set, and high when INTIE is cleared', () => {
    const { d, far, chip } = wired();
    const levels: number[] = [];
    chip.onInterrupt = (level) => levels.push(level);
    far.give(frame(60));
    assert.equal(chip.intPin, 1);
    d.bfs('EIE', 0xc0);
    assert.equal(chip.intPin, 0);
    assert.equal(d.get('ESTAT') & 0x80, 0x80);
    d.bfc('EIE', 0x80);
    assert.equal(chip.intPin, 1);
    far.give(frame(60));
    d.receive();
    d.bfs('EIE', 0x80);
    assert.equal(chip.intPin, 0);
    d.receive();
    assert.equal(chip.intPin, 1);
    far.give(frame(60));
    assert.deepEqual(levels, [0, 1, 0, 1, 0]);
  });

  it('receives nothing without RXEN, without MARXEN or in receive reset', () => {
    const { d, far, chip } = wired({}, { receive: false });
    far.give(frame(60));
    d.bfs('ECON1', 0x04);
    d.set('MACON1', 0);
    far.give(frame(60));
    d.set('MACON1', 1);
    d.bfs('ECON1', 0x40);
    assert.equal(d.get('ECON1') & 0x44, 0x40, 'RXRST clears RXEN');
    far.give(frame(60));
    d.bfc('ECON1', 0x40);
    far.give(frame(60));
    assert.equal(chip.counters.rxDisabled, 4);
    d.bfs('ECON1', 0x04);
    far.give(frame(60));
    assert.equal(d.get('EPKTCNT'), 1);
  });

  it('drops wrong FCS with CRCEN, and marks it without', () => {
    const { d, far, chip } = wired();
    far.give(frame(60), true);
    assert.equal(chip.counters.rxBadFcs, 1);
    assert.equal(d.get('EPKTCNT'), 0);
    d.set('ERXFCON', 0x81);
    far.give(frame(60), true);
    const p = d.receive()!;
    assert.equal((p.status >>> 16) & 0x90, 0x10, 'CRC error, not received OK');
    assert.notDeepEqual(p.data, withFcs(frame(60)));
  });

  it('rejects below 18 bytes and above MAMXFL, unless HFRMEN', () => {
    const { d, far, chip } = wired();
    far.give(frame(14).subarray(0, 13));
    far.give(frame(14));
    far.give(frame(1515));
    far.give(frame(1514));
    assert.equal(chip.counters.rxRunts, 1);
    assert.equal(chip.counters.rxOversize, 1);
    assert.equal(d.receive()!.data.length, 18);
    assert.equal(d.receive()!.data.length, 1518);
    d.set('MACON3', 0x37);
    far.give(frame(2000));
    assert.equal(d.receive()!.data.length, 2004);
  });

  it('tells multicast, broadcast, VLAN and length errors in the status vector', () => {
    const { d, far } = wired({}, { filter: 0 });
    const flags = (f: Uint8Array): number => {
      far.give(f);
      return d.receive()!.status >>> 16;
    };
    assert.equal(flags(frame(60, BROADCAST)), 0x02c0);
    assert.equal(flags(frame(60, [1, 0, 0x5e, 0, 0, 1])), 0x01c0);
    assert.equal(flags(frame(64, undefined, 0x8100)), 0x40c0);
    assert.equal(flags(frame(60, undefined, 46)), 0x0080);
    assert.equal(flags(frame(60, undefined, 10)), 0x0080, 'padded');
    assert.equal(flags(frame(60, undefined, 47)), 0x00a0);
    assert.equal(flags(frame(100, undefined, 80)), 0x00a0);
  });

  it('keeps MAC control frames unless PASSALL, and pauses on them', () => {
    const { d, far, chip, s } = wired({}, { filter: 0 });
    const pause = frame(60, [1, 0x80, 0xc2, 0, 0, 1], 0x8808);
    pause.set([0, 1, 0, 100], 14);
    far.give(pause);
    assert.equal(chip.counters.rxControl, 1);
    const from = s.now;
    d.send(frame(60));
    assert.ok(
      far.sent[0]!.time >= from + 5120 && far.sent[0]!.time < from + 5300,
      String(far.sent[0]!.time - from),
    );
    d.set('MACON1', 0x0f);
    far.give(pause);
    assert.equal((d.receive()!.status >>> 16) & 0x1800, 0x1800);
  });

  it('shows RXBUSY while a frame arrives', () => {
    const { d, far, s } = wired();
    far.onCarrier!(50);
    assert.equal(d.get('ESTAT') & 4, 4);
    s.runFor(50);
    assert.equal(d.get('ESTAT') & 4, 0);
  });
});
