// F0: reset values, what can be written, word orders, response delays, the status word and the interrupt level.

import assert from 'node:assert/strict';
import { Host, counted, onWire, waiting } from './rig.js';
import type { Order } from './rig.js';

const ORDERS: Order[] = ['half', 'word', 'byte'];

describe('cyw43 model: bus registers', () => {
  const RESET: [name: string, address: number, length: number, value: number][] = [
    ['BUS_CONTROL', 0x00, 1, 0x30],
    ['RESPONSE_DELAY', 0x01, 1, 4],
    ['STATUS_ENABLE', 0x02, 1, 1],
    ['RESET_BP', 0x03, 1, 0],
    ['INTERRUPT', 0x04, 2, 0],
    ['INTERRUPT_ENABLE', 0x06, 2, 0xe0e7],
    ['STATUS', 0x08, 4, 0],
    ['FUNCTION1_INFO', 0x0c, 2, 0x101],
    ['FUNCTION2_INFO', 0x0e, 2, 0x2001],
    ['FUNCTION3_INFO', 0x10, 2, 0],
    ['TEST', 0x14, 4, 0xfeedbead],
    ['TEST_RW', 0x18, 4, 0],
    ['RESP_DELAY', 0x1c, 4, 0],
  ];
  for (const [name, address, length, value] of RESET) {
    it(`${name} is ${value.toString(16)}h after power-on`, () => {
      const h = new Host().powerOn();
      assert.equal(h.read(0, address, length), value);
      assert.equal(h.chip.misuse.total, 0);
    });
  }

  it('keeps what is written to BUS_CONTROL, delays, enables and TEST_RW', () => {
    const h = new Host().powerOn();
    h.write(0, 0, 0x00010830, 4);
    h.write(0, 6, 0x1234, 2);
    h.write(0, 0x18, 0xdeadbeef, 4);
    h.write(0, 0x1c, 0x04030201, 4);
    assert.equal(h.read(0, 0, 4), 0x00010830);
    assert.equal(h.read(0, 6, 2), 0x1234);
    assert.equal(h.read(0, 7, 1), 0x12);
    assert.equal(h.read(0, 0x18, 4), 0xdeadbeef);
    assert.equal(h.read(0, 0x1a, 2), 0xdead);
    assert.equal(h.read(0, 0x1c, 4), 0x04030201);
  });

  it('takes a run of registers in one transaction, with and without increment', () => {
    const h = new Host().powerOn();
    assert.deepEqual(h.transact([h.command(false, 0, 0x14, 8)], 2), [0xfeedbead, 0]);
    assert.deepEqual(h.transact([h.command(false, 0, 0x14, 8, false)], 2), [0xfeedbead, 0xfeedbead]);
    h.transact([h.command(true, 0, 0x18, 8), 0x11223344, 0x01020304]);
    assert.deepEqual(h.transact([h.command(false, 0, 0x18, 8)], 2), [0x11223344, 0x01020304]);
  });

  it('sends the bytes of a value as each word order has it', () => {
    assert.deepEqual(
      ORDERS.map((o) => onWire(o, 0xa1b2c3d4)),
      [0xc3d4a1b2, 0xa1b2c3d4, 0xd4c3b2a1],
    );
  });

  for (const order of ORDERS) {
    it(`speaks "${order}" from the transaction after the one that asked for it`, () => {
      const h = new Host().powerOn();
      const control = { half: 0x30, word: 0x31, byte: 0x33 }[order];
      const [status] = h.transact([h.command(true, 0, 0, 4), 0x00010400 | control], 1);
      assert.equal(status, 0);
      h.order = order;
      assert.equal(h.read(0, 0x14, 4), 0xfeedbead);
      h.write(0, 0x18, 0x01020304, 4);
      assert.equal(h.read(0, 0x18, 4), 0x01020304);
      assert.equal(h.read(0, 0, 1), control);
    });
  }

  it('accepts words as signed numbers', () => {
    const h = new Host().powerOn().configure();
    h.chip.select();
    h.chip.wordIn(h.command(true, 0, 0x18, 4) | 0);
    h.chip.wordIn(0xfedcba98 | 0);
    h.chip.deselect();
    assert.equal(h.read(0, 0x18, 4), 0xfedcba98);
  });

  it('takes the SDIO capability register for nothing', () => {
    const h = new Host().powerOn();
    h.write(0, 0xf0, 2, 1);
    assert.equal(h.chip.misuse.total, 0);
  });

  it('forgets everything when power goes', () => {
    const h = new Host().powerOn().configure('byte');
    h.write(0, 0x18, 7, 4);
    h.powerOn();
    assert.equal(h.read(0, 0x18, 4), 0);
    assert.equal(h.read(0, 0, 1), 0x30);
  });
});

describe('cyw43 model: response delay', () => {
  const read = (h: Host, words: number) => h.transact([h.command(false, 1, 0x10008, 1)], words);

  for (const bytes of [4, 8, 16]) {
    it(`F1 answers ${bytes} bytes after the command when RESP_DELAY_F1 says so`, () => {
      const h = new Host().powerOn().configure();
      h.write(1, 0x10008, 0x5a, 1);
      h.write(0, 0x1d, bytes, 1);
      const words = bytes / 4;
      assert.deepEqual(read(h, words + 1), [...new Array<number>(words).fill(0), 0x5a]);
    });
  }

  for (const bytes of [1, 2, 3, 5]) {
    it(`a delay of ${bytes} bytes shifts data and status by them`, () => {
      const h = new Host().powerOn().configure('byte');
      h.write(0, 0x18, 0x44332211, 4);
      h.write(0, 1, bytes | 0x0500, 2);
      const words = h.transact([h.command(false, 0, 0x18, 4)], 3 + (bytes >> 2));
      const wire = Buffer.alloc(4 * words.length);
      words.forEach((w, i) => wire.writeUInt32LE(w, 4 * i));
      assert.deepEqual([...wire.subarray(bytes, bytes + 8)], [0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0]);
      assert.deepEqual([...wire.subarray(0, bytes)], new Array<number>(bytes).fill(0));
    });
  }

  it('takes the common register while that of F1 is 0', () => {
    const h = new Host().powerOn();
    h.write(1, 0x10008, 0x5a, 1);
    assert.deepEqual(read(h, 2), [0, 0x5a]);
    h.write(0, 1, 0, 1);
    assert.deepEqual(read(h, 1), [0x5a]);
  });

  it('delays all functions with RESP_DELAY_ALL', () => {
    const h = new Host().powerOn();
    h.write(0, 2, 0x05, 1);
    assert.deepEqual(h.transact([h.command(false, 0, 0x14, 4)], 2), [0, 0xfeedbead]);
    assert.equal(h.chip.misuse.total, 0);
  });
});

describe('cyw43 model: status word', () => {
  it('follows reads and writes of each function when it is enabled', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(0, counted(60));
    const status = 0x20 | 0x100 | (78 << 9);
    assert.deepEqual(h.transact([h.command(false, 0, 0x14, 4)], 2), [0xfeedbead, status]);
    assert.deepEqual(h.transact([h.command(true, 0, 0x18, 4), 1], 1), [status]);
    assert.deepEqual(h.transact([h.command(false, 1, 0x10008, 1)], 3), [0, 32, status]);
    assert.deepEqual(h.transact([h.command(true, 1, 0x10008, 1), 32], 1), [status]);
    assert.equal(h.chip.counters.statusWords, 4);
    assert.equal(h.chip.misuse.total, 0);
  });

  it('tells the next packet after the read of one', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(0, counted(60));
    h.firmware.host!.frame(0, counted(100));
    const words = h.transact([h.command(false, 2, 0, 78)], 21);
    assert.equal(waiting(words[20]!), 118);
  });

  it('is not sent when it is disabled', () => {
    const h = new Host().powerOn();
    h.write(0, 2, 0, 1);
    h.transact([h.command(false, 0, 0x14, 4)], 1);
    assert.equal(h.chip.misuse.total, 0);
    h.transact([h.command(false, 0, 0x14, 4)], 2);
    assert.equal(h.chip.misuse.counts.wordsExcess, 1);
    assert.equal(h.chip.counters.statusWords, 0);
  });

  it('tells lengths in whole words with DWORD_PKT_LEN', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(0, counted(60));
    h.write(0, 2, 0x09, 1);
    assert.equal(waiting(h.status()), 80);
  });
});

describe('cyw43 model: interrupt level', () => {
  function watched() {
    const h = new Host().boot();
    const levels: number[] = [];
    h.chip.onInterrupt = (l) => levels.push(l);
    return { h, levels };
  }

  it('is high while a packet waits', () => {
    const { h, levels } = watched();
    assert.equal(h.chip.interrupt, 0);
    h.firmware.host!.frame(0, counted(60));
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.chip.interrupt, 1);
    h.write(0, 4, 0x20, 2);
    assert.equal(h.read(0, 4, 2), 0x20);
    h.receive();
    assert.equal(h.chip.interrupt, 1);
    h.receive();
    assert.equal(h.chip.interrupt, 0);
    assert.equal(h.read(0, 4, 2), 0);
    assert.deepEqual(levels, [1, 0]);
  });

  it('is masked by INTERRUPT_ENABLE', () => {
    const { h, levels } = watched();
    h.write(0, 6, 0, 2);
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.chip.interrupt, 0);
    h.write(0, 6, 0x20, 2);
    assert.equal(h.chip.interrupt, 1);
    assert.deepEqual(levels, [1]);
  });

  it('keeps errors until they are written as 1', () => {
    const { h } = watched();
    h.transact([h.command(false, 2, 0, 64)], 16);
    assert.equal(h.read(0, 4, 2), 1);
    assert.equal(h.status(), 0x21);
    assert.equal(h.chip.interrupt, 1);
    h.write(0, 4, 2, 2);
    assert.equal(h.chip.interrupt, 1);
    h.write(0, 4, 1, 2);
    assert.equal(h.chip.interrupt, 0);
    assert.equal(h.status(), 0x20);
  });

  it('tells command and data errors when their checks are on', () => {
    const { h } = watched();
    const breakOff = () => {
      h.transact([h.command(false, 3, 0, 4)]);
      h.chip.select();
      h.send(h.command(false, 0, 0x14, 4));
      h.chip.partial(5);
      h.chip.deselect();
      return h.read(0, 4, 2);
    };
    assert.equal(breakOff(), 0);
    h.write(0, 2, 0x21, 1);
    assert.equal(breakOff(), 0x08);
    h.write(0, 2, 0x41, 1);
    assert.equal(breakOff(), 0x18);
    assert.equal(h.status(), 0xa0);
  });

  it('is inverted without INTERRUPT_POLARITY_HIGH, and low without power', () => {
    const { h } = watched();
    h.write(0, 0, 0x91, 1);
    assert.equal(h.chip.interrupt, 1);
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.chip.interrupt, 0);
    h.receive();
    assert.equal(h.chip.interrupt, 1);
    h.chip.setPower(0);
    assert.equal(h.chip.interrupt, 0);
  });

  it('shows the mailbox as F1_INTR, through both masks', () => {
    const { h } = watched();
    h.firmware.host!.trap();
    assert.equal(h.read(0, 4, 2), 0x2000);
    assert.equal(h.chip.interrupt, 0);
    h.write(0, 6, 0x2000, 2);
    assert.equal(h.chip.interrupt, 1);
    h.writeBack(0x18002020, 0x80);
    assert.equal(h.chip.interrupt, 0);
    assert.equal(h.read(0, 4, 2), 0);
  });
});
