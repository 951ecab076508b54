// F1: its own registers, the window, RAM and the cores behind it, sleep and wake-up.

import assert from 'node:assert/strict';
import { Host, RAM_END, counted, toBytes, toWords } from './rig.js';

function up(): Host {
  const h = new Host().powerOn().configure().alp();
  h.resetCore(0x18104000);
  return h;
}

function clean(h: Host): void {
  assert.equal(h.chip.misuse.total, 0, h.chip.misuse.summary());
}

describe('cyw43 model: F1 registers', () => {
  for (const [name, address] of [
    ['watermark', 0x10008],
    ['DEVICE_CONTROL', 0x10009],
    ['window low', 0x1000a],
    ['window mid', 0x1000b],
    ['window high', 0x1000c],
    ['PULL_UP', 0x1000f],
    ['WAKEUP_CTRL', 0x1001e],
  ] as const) {
    it(`${name} keeps what is written`, () => {
      const h = new Host().powerOn().configure();
      assert.equal(h.read(1, address, 1), 0);
      h.write(1, address, 0xa5, 1);
      assert.equal(h.read(1, address, 1), 0xa5);
      clean(h);
    });
  }

  it('takes the three bytes of the window in one transaction', () => {
    const h = up();
    h.write(1, 0x1000a, 0x180000, 3);
    assert.equal(h.read(1, 0x8000, 4), 43439);
    assert.equal(h.read(1, 0x1000a, 3), 0x180000);
    clean(h);
  });

  it('FRAME_CONTROL drops the packet at the head', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(0, counted(60));
    h.firmware.host!.frame(0, counted(61));
    h.write(1, 0x1000d, 2, 1);
    h.write(1, 0x1000d, 1, 1);
    assert.equal(h.chip.counters.readTerminated, 1);
    assert.deepEqual(h.receive()!.subarray(18), counted(61));
    h.write(1, 0x1000d, 1, 1);
    assert.equal(h.chip.counters.readTerminated, 1);
    clean(h);
  });

  it('the clock register keeps requests and tells what runs', () => {
    const h = new Host().boot();
    h.write(1, 0x1000e, 0x02, 1);
    assert.equal(h.read(1, 0x1000e, 1), 0xc2);
  });

  for (const request of [0x01, 0x02, 0x08, 0x10]) {
    it(`request ${request.toString(16)}h starts ALP, HT needs the firmware`, () => {
      const h = new Host().powerOn().configure();
      h.write(1, 0x1000e, request, 1);
      h.s.runFor(1e6);
      assert.equal(h.read(1, 0x1000e, 1), 0x40 | request);
    });
  }
});

describe('cyw43 model: sleep', () => {
  it('sleeps when KEEP_SDIO_ON falls and wakes half a millisecond after it rises', () => {
    const h = new Host().boot();
    const sleep = () => h.read(1, 0x1001f, 1);
    assert.equal(sleep(), 3);
    h.write(1, 0x1001f, 0, 1);
    assert.equal(sleep(), 0);
    h.write(1, 0x1001f, 1, 1);
    h.write(1, 0x1001f, 1, 1);
    h.s.runFor(499);
    assert.equal(sleep(), 1);
    h.s.runFor(1);
    assert.equal(sleep(), 3);
    assert.equal(h.read(1, 0x1000e, 1), 0xc0);
    assert.deepEqual([h.chip.counters.sleeps, h.chip.counters.wakes], [1, 1]);
    clean(h);
  });

  it('is awake after power-on although KEEP_SDIO_ON is clear', () => {
    const h = new Host().powerOn().configure();
    assert.equal(h.read(1, 0x1001f, 1), 2);
  });

  it('still interrupts, and keeps its packets, while it sleeps', () => {
    const h = new Host().boot();
    h.write(1, 0x1001f, 0, 1);
    h.firmware.host!.frame(0, counted(60));
    assert.equal(h.chip.interrupt, 1);
    h.write(1, 0x1001f, 1, 1);
    h.s.runFor(500);
    assert.deepEqual(h.receive()!.subarray(18), counted(60));
    clean(h);
  });

  it('goes back to sleep before it has woken', () => {
    const h = new Host().boot();
    h.write(1, 0x1001f, 0, 1);
    h.write(1, 0x1001f, 1, 1);
    h.write(1, 0x1001f, 0, 1);
    h.s.runFor(1e6);
    assert.equal(h.read(1, 0x1001f, 1), 0);
    assert.equal(h.chip.counters.sleeps, 1);
  });
});

describe('cyw43 model: backplane', () => {
  it('has RAM from 0 to 512 KB, through 64-byte transfers and single bytes', () => {
    const h = up();
    h.download(0x7fc0, counted(200));
    h.setWindow(0x8000);
    const [, ...words] = h.transact([h.command(false, 1, 0x8000, 64)], 17);
    assert.deepEqual(toBytes(words), counted(200).subarray(64, 128));
    h.writeBack(RAM_END - 4, 0x89abcdef);
    assert.equal(h.readBack(RAM_END - 4), 0x89abcdef);
    h.writeBack(RAM_END - 3, 0x55, 1);
    h.writeBack(RAM_END - 2, 0x7766, 2);
    assert.equal(h.readBack(RAM_END - 4), 0x776655ef);
    assert.equal(h.readBack(RAM_END - 1, 1), 0x77);
    clean(h);
  });

  it('takes transfers that are no multiple of a word', () => {
    const h = up();
    h.writeBack(0x100, 0, 4);
    h.writeBack(0x104, 0, 4);
    h.transact([h.command(true, 1, 0x8100, 7), ...toWords(counted(8))]);
    assert.equal(h.readBack(0x104), 0x002a231c);
    clean(h);
  });

  it('holds undefined bytes after power-on', () => {
    assert.equal(up().readBack(0x1234), 0xa5a5a5a5);
  });

  it('tells its chip id', () => {
    const h = up();
    assert.equal(h.readBack(0x18000000), 0xa9af);
    assert.equal(h.readBack(0x18000001, 1), 0xa9);
    clean(h);
  });

  for (const [name, address, length] of [
    ['SR_CONTROL1', 0x18000508, 4],
    ['INT_HOST_MASK', 0x18002024, 4],
    ['TO_SB_MAILBOX_DATA', 0x18002048, 4],
    ['BANKX_INDEX', 0x18004010, 4],
    ['BANKX_PDA', 0x18004044, 4],
    ['IOCTRL of the ARM', 0x18103408, 1],
  ] as const) {
    it(`${name} keeps what is written`, () => {
      const h = up();
      h.writeBack(address, 0x03, length);
      assert.equal(h.readBack(address, length), 3);
      clean(h);
    });
  }

  it('has the ARM and SOCSRAM in reset after power-on, the others not', () => {
    const h = new Host().powerOn().configure().alp();
    const reset = [0, 1, 2, 3, 4].map((c) => h.readBack(0x18100800 + c * 0x1000, 1));
    assert.deepEqual(reset, [0, 0, 0, 1, 1]);
    clean(h);
  });

  it('tells of the trap in the mailbox', () => {
    const h = new Host().boot();
    assert.equal(h.readBack(0x1800204c), 0);
    h.firmware.host!.trap();
    assert.equal(h.readBack(0x1800204c), 0x10);
    assert.equal(h.readBack(0x18002020), 0x80);
    h.writeBack(0x18002020, 0x80);
    assert.equal(h.readBack(0x18002020), 0);
    clean(h);
  });

  it('lets the host read RAM while the ARM runs', () => {
    const h = new Host().boot();
    assert.equal(h.readBack(4), toWords(counted(8))[1]);
    clean(h);
  });
});
