// The DMA controller: checksum against a plain computation, copying, ring wrap, time, its turn with the transmitter.
// DS39662E, chapter 13.

import assert from 'node:assert/strict';
import { SeededRandom } from '../../sim/random.js';
import { type Driver, frame, wired } from './driver.js';

function checksum(d: Driver, from: number, to: number): number {
  d.set16('EDMAST', from);
  d.set16('EDMAND', to);
  d.bfs('ECON1', 0x10);
  d.bfs('ECON1', 0x20);
  while (d.get('ECON1') & 0x20);
  return d.get16('EDMACS');
}

function plain(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

describe('enc28j60 model: DMA', () => {
  it('computes the example of 13.2', () => {
    const { d } = wired();
    d.writeMemory(0x1a00, [0x89, 0xab, 0xcd]);
    assert.equal(checksum(d, 0x1a00, 0x1a02), 0xa953);
    assert.equal(d.get('EIR') & 0x20, 0x20);
    assert.equal(d.chip.misuse.total, 0, d.chip.misuse.summary());
  });

  it('agrees with a plain computation for any length and place, around the ring too', () => {
    const { d, chip } = wired();
    const random = new SeededRandom(5);
    for (let i = 0; i < chip.memory.bytes.length; i++) chip.memory.bytes[i] = random.below(256);
    for (let n = 0; n < 40; n++) {
      const from = random.below(0x1a00);
      const length = 1 + random.below(1500);
      const bytes = Uint8Array.from({ length }, (_, i) => chip.memory.bytes[(from + i) % 0x1a00]!);
      assert.equal(checksum(d, from, (from + length - 1) % 0x1a00), plain(bytes), `${from} + ${length}`);
    }
  });

  it('copies, following the ring at the source and memory at the destination', () => {
    const { d, chip } = wired();
    for (let i = 0; i < 0x1a00; i++) chip.memory.bytes[i] = i & 255;
    d.set16('EDMAST', 0x19f0);
    d.set16('EDMAND', 0x000f);
    d.set16('EDMADST', 0x1b00);
    d.bfc('ECON1', 0x10);
    d.bfs('ECON1', 0x20);
    while (d.get('ECON1') & 0x20);
    const expected = Array.from({ length: 32 }, (_, i) => (0xf0 + i) & 255);
    assert.deepEqual([...chip.memory.bytes.subarray(0x1b00, 0x1b20)], expected);
    d.set16('EDMADST', 0x1ffc);
    d.set16('EDMAST', 0x0110);
    d.set16('EDMAND', 0x0117);
    d.bfs('ECON1', 0x20);
    while (d.get('ECON1') & 0x20);
    assert.deepEqual([...chip.memory.bytes.subarray(0x1ffc)], [0x10, 0x11, 0x12, 0x13]);
    assert.deepEqual([...chip.memory.bytes.subarray(0, 4)], [0x14, 0x15, 0x16, 0x17]);
    assert.equal(chip.counters.dmaCopies, 2);
  });

  it('takes 121.44 µs to copy and 60.72 µs to sum a full frame', () => {
    const { d, chip, s } = wired();
    for (const [bits, time] of [
      [0x20, 121.44],
      [0x30, 60.72],
    ] as const) {
      d.set16('EDMAST', 0x100);
      d.set16('EDMAND', 0x100 + 1517);
      d.set16('EDMADST', 0x1a00);
      d.bfc('EIR', 0x20);
      chip.regs.write(0x1f, bits, 'BFS');
      s.runFor(time - 0.01);
      assert.ok(chip.regs.has(0x1f, 0x20));
      s.runFor(0.02);
      assert.ok(!chip.regs.has(0x1f, 0x20));
      d.bfc('ECON1', 0x10);
    }
  });

  it('stops when DMAST is cleared, leaving registers as they are', () => {
    const { d } = wired();
    d.set16('EDMAST', 0x100);
    d.set16('EDMAND', 0x1000);
    d.bfs('ECON1', 0x30);
    d.bfc('ECON1', 0x20);
    d.s.runFor(1000);
    assert.equal(d.get('EIR') & 0x20, 0);
    assert.equal(d.get16('EDMACS'), 0);
    assert.equal(d.get16('EDMAST'), 0x100);
  });

  it('waits for a transmission, and a transmission waits for it', () => {
    const { d, far, chip, s } = wired();
    d.set16('EDMAST', 0x100);
    d.set16('EDMAND', 0x17ff);
    d.set16('EDMADST', 0x0);
    d.startSend(frame(1000));
    d.bfs('ECON1', 0x20);
    s.runFor(700);
    assert.ok(chip.regs.has(0x1f, 0x28));
    assert.equal(far.sent.length, 0);
    while (d.get('ECON1') & 0x08);
    assert.ok(chip.regs.has(0x1f, 0x20));
    const began = s.now;
    s.runFor(50);
    d.startSend(frame(60), 0, 0x1d00);
    while (d.get('ECON1') & 0x08);
    const copy = (0x17ff - 0x100 + 1) * 0.08;
    assert.ok(far.sent[1]!.time > began + copy - 10, 'not before the copy is done');
    assert.ok(far.sent[1]!.time < began + copy + 100);
  });

  it('overwrites all memory when told to copy one byte, and never ends', () => {
    const { d, chip } = wired();
    d.writeMemory(0x1a00, [0x11, 0x22, 0x33, 0x44]);
    d.set16('EDMAST', 0x1a00);
    d.set16('EDMAND', 0x1a00);
    d.set16('EDMADST', 0x0002);
    d.bfs('ECON1', 0x20);
    d.s.runFor(1e6);
    assert.equal(d.get('ECON1') & 0x20, 0x20);
    assert.equal(chip.misuse.counts.dmaEndless, 1);
    assert.deepEqual([...chip.memory.bytes.subarray(2, 6)], [0x11, 0x22, 0x33, 0x44]);
    d.bfc('ECON1', 0x20);
    assert.equal(d.get('ECON1') & 0x20, 0);
    assert.ok(d.send(new Uint8Array(60)), 'the memory port is free again');
  });
});
