// The way from WL_REG_ON to packets in both directions, in each word order, as drivers go it.

import assert from 'node:assert/strict';
import { Host, NVRAM, RAM_END, counted } from './rig.js';
import type { Order } from './rig.js';

function noMisuse(h: Host): void {
  assert.equal(h.chip.misuse.total, 0, h.chip.misuse.summary());
}

describe('cyw43 model: boot', () => {
  for (const order of ['half', 'word', 'byte'] as Order[]) {
    it(`boots and moves packets in the word order "${order}" without misuse`, () => {
      const h = new Host().boot(order);
      assert.equal(h.status(), 0x20);
      h.control(2, 7, counted(5));
      assert.deepEqual(h.firmware.requests[0]!.data, counted(5));
      const reply = h.receive()!;
      assert.equal(reply.length, 33);
      assert.deepEqual(reply.subarray(28), counted(5));
      h.frame(counted(61));
      assert.deepEqual(h.firmware.frames, [{ iface: 0, frame: counted(61) }]);
      h.firmware.host!.frame(0, counted(99));
      assert.deepEqual(h.receive()!.subarray(18), counted(99));
      assert.equal(h.receive(), null);
      noMisuse(h);
    });
  }

  it('does not answer before it has started, which polls of TEST may wait for', () => {
    const h = new Host();
    h.chip.setPower(1);
    const test = () => h.read(0, 0x14, 4);
    assert.equal(test(), 0);
    h.s.runFor(39999);
    assert.equal(test(), 0);
    h.s.runFor(1);
    assert.equal(test(), 0xfeedbead);
    noMisuse(h);
  });

  it('puts image and NVRAM where they belong', () => {
    const h = new Host().boot();
    const ram = h.firmware.ram!;
    assert.deepEqual(ram.slice(0, 3000), counted(3000));
    const end = RAM_END - 4;
    const words = NVRAM.length / 4;
    assert.equal(Buffer.from(ram.subarray(end - NVRAM.length, end)).toString('latin1'), NVRAM);
    assert.equal(ram[end], words);
    assert.equal(ram[end + 2], ~words & 255);
  });

  it('has ALP a millisecond after the request and keeps it when the request goes', () => {
    const h = new Host().powerOn().configure();
    const csr = () => h.read(1, 0x1000e, 1);
    assert.equal(csr(), 0);
    h.write(1, 0x1000e, 0x08, 1);
    h.s.runFor(999);
    assert.equal(csr(), 0x08);
    h.s.runFor(1);
    assert.equal(csr(), 0x48);
    h.write(1, 0x1000e, 0, 1);
    assert.equal(csr(), 0x40);
  });

  it('has HT 29 ms after the ARM runs, and takes packets only then', () => {
    const h = new Host().powerOn().configure().alp().loadImage();
    h.startArm();
    h.s.runFor(29000 - 2001);
    assert.equal(h.read(1, 0x1000e, 1), 0x40);
    assert.equal(h.status() & 0x20, 0);
    assert.equal(h.read(0, 0x0e, 2) & 2, 0);
    h.s.runFor(1);
    assert.equal(h.read(1, 0x1000e, 1), 0xc0);
    assert.equal(h.status() & 0x20, 0x20);
    assert.equal(h.read(0, 0x0e, 2) & 2, 2);
  });

  it('waits for a firmware that takes longer than the clock', () => {
    const h = new Host();
    h.firmware.readyTime = 100000;
    h.powerOn().configure().alp().loadImage().startArm();
    h.s.runFor(97999);
    assert.equal(h.status() & 0x20, 0);
    h.s.runFor(1);
    assert.equal(h.status() & 0x20, 0x20);
  });

  it('refuses an image that the check does not like: no HT, no F2, counted', () => {
    const h = new Host({ checkImage: (ram) => (ram[0] === 0 ? 'begins with 0' : null) });
    h.powerOn().configure().alp().loadImage().startArm();
    h.s.runFor(1e6);
    assert.equal(h.read(1, 0x1000e, 1), 0x40);
    assert.equal(h.status(), 0);
    assert.equal(h.firmware.starts, 0);
    assert.equal(h.chip.counters.imagesRefused, 1);
    assert.equal(h.chip.arm.problem, 'begins with 0');
  });

  const wrongNvram: [string, (h: Host) => void, RegExp][] = [
    ['no length word', (h) => h.writeBack(RAM_END - 4, 0), /complement/],
    ['a wrong complement', (h) => h.writeBack(RAM_END - 4, 0xfff80008), /complement/],
    ['a length of 0', (h) => h.writeBack(RAM_END - 4, 0xffff0000), /0 bytes/],
    ['text that does not end', (h) => h.writeBack(RAM_END - 8, 0x30303030), /end with NUL/],
    ['text that is none', (h) => h.writeBack(RAM_END - 4 - NVRAM.length, 0), /key=value/],
  ];
  for (const [name, spoil, problem] of wrongNvram) {
    it(`refuses NVRAM with ${name}`, () => {
      const h = new Host().powerOn().configure().alp().loadImage();
      spoil(h);
      h.startArm();
      h.s.runFor(1e6);
      assert.equal(h.firmware.starts, 0);
      assert.match(h.chip.arm.problem!, problem);
    });
  }

  it('boots again after power was off', () => {
    const h = new Host().boot();
    h.control(1, 1, counted(4));
    h.chip.setPower(0);
    assert.equal(h.firmware.stops, 1);
    h.firmware.host!.frame(0, counted(60));
    h.boot('byte');
    assert.equal(h.firmware.starts, 2);
    assert.equal(h.receive(), null);
    h.control(1, 2, counted(4));
    assert.equal(h.receive()![4], 0);
    noMisuse(h);
  });

  it('stops the firmware when the ARM goes back into reset, and starts it anew', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(0, counted(60));
    h.writeBack(0x18103800, 1);
    assert.equal(h.firmware.stops, 1);
    assert.equal(h.status(), 0);
    assert.equal(h.read(1, 0x1000e, 1), 0x40);
    h.startArm();
    h.s.runFor(30000);
    assert.equal(h.firmware.starts, 2);
    assert.equal(h.status(), 0x20);
    noMisuse(h);
  });

  it('does not start a halted ARM', () => {
    const h = new Host().powerOn().configure().alp().loadImage();
    h.writeBack(0x18103408, 0x23);
    h.writeBack(0x18103800, 0);
    assert.equal(h.firmware.starts, 0);
    h.writeBack(0x18103408, 0x01);
    assert.equal(h.firmware.starts, 1);
  });
});
