// F2: the queue to the host, packets from it, SDPCM, CDC and BDC headers, sequence numbers, credits and flow control.

import assert from 'node:assert/strict';
import { Host, counted, waiting } from './rig.js';

function clean(h: Host): void {
  assert.equal(h.chip.misuse.total, 0, h.chip.misuse.summary());
}

/** Host that has read a reply, and so knows the whole window. */
function talking(options: ConstructorParameters<typeof Host>[0] = {}): Host {
  const h = new Host(options).boot();
  h.control(262, 1, counted(4), false);
  h.receive();
  return h;
}

const credit = (p: Uint8Array): number => p[9]!;

describe('cyw43 model: packets to the host', () => {
  it('builds a control reply as the request asks', () => {
    const h = new Host().boot();
    h.firmware.answer = false;
    h.control(263, 0x1234, counted(10), true, 1);
    const { id, cmd, set, iface, outputLength, data } = h.firmware.requests[0]!;
    assert.deepEqual([id, cmd, set, iface, outputLength], [0x1234, 263, true, 1, 10]);
    assert.deepEqual(data, counted(10));
    h.firmware.host!.controlReply(id, cmd, iface, 3, -23, counted(3));
    const p = h.receive()!;
    const view = new DataView(p.buffer, p.byteOffset);
    assert.equal(p.length, 31);
    assert.deepEqual([view.getUint16(0, true), view.getUint16(2, true)], [31, 0xffe0]);
    assert.deepEqual([p[4], p[5], p[7]], [0, 0, 12]);
    assert.equal(view.getUint32(12, true), 263);
    assert.equal(view.getUint32(16, true), 3);
    assert.equal(view.getUint32(20, true), 0x12341003);
    assert.equal(view.getInt32(24, true), -23);
    assert.deepEqual(p.subarray(28), counted(3));
    clean(h);
  });

  it('builds frames with a header of 14 and BDC version 2', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(1, counted(60));
    const p = h.receive()!;
    assert.deepEqual([...p.subarray(4, 8)], [0, 2, 0, 14]);
    assert.deepEqual([...p.subarray(14, 18)], [0x20, 0, 1, 0]);
    assert.deepEqual(p.subarray(18), counted(60));
  });

  it('builds events on channel 1, with the interface of the message', () => {
    const h = new Host().boot();
    const event = counted(72);
    event[70] = 1;
    h.firmware.host!.event(event);
    const p = h.receive()!;
    assert.equal(p[5], 1);
    assert.equal(p[16], 1);
    assert.deepEqual(p.subarray(18), event);
    assert.equal(h.chip.counters.events, 1);
  });

  it('puts words between BDC header and frame when told to', () => {
    const h = new Host({ bdcWords: 2 }).boot();
    h.firmware.host!.frame(0, counted(60));
    const p = h.receive()!;
    assert.equal(p[17], 2);
    assert.equal(p.length, 14 + 4 + 8 + 60);
    assert.deepEqual(p.subarray(26), counted(60));
  });

  it('keeps order, numbers each packet and gives lengths of any remainder', () => {
    const h = new Host().boot();
    for (let i = 0; i < 5; i++) h.firmware.host!.frame(0, counted(60 + i));
    for (let i = 0; i < 5; i++) {
      const p = h.receive()!;
      assert.equal(p[4], i);
      assert.deepEqual(p.subarray(18), counted(60 + i));
    }
    clean(h);
  });

  it('drops frames when the queue is full, but no reply', () => {
    const h = new Host({ queueLimit: 2 }).boot();
    for (let i = 0; i < 4; i++) h.firmware.host!.frame(0, counted(60));
    h.control(1, 9, counted(0));
    assert.equal(h.chip.counters.queueFull, 2);
    h.receive();
    h.receive();
    assert.equal(h.receive()!.length, 28);
    assert.equal(h.receive(), null);
  });

  it('reads a packet of the longest frame', () => {
    const h = new Host().boot();
    h.firmware.host!.frame(0, counted(1518));
    assert.equal(waiting(h.status()), 1536);
    assert.deepEqual(h.receive()!.subarray(18), counted(1518));
    clean(h);
  });
});

describe('cyw43 model: packets from the host', () => {
  it('takes frames with their interface, past BDC words and trailing padding', () => {
    const h = talking();
    h.frame(counted(61), 1);
    const body = new Uint8Array(12 + 20);
    body.set([0x20, 0, 0, 2]);
    body.set(counted(20), 12);
    const p = h.packet(2, 12, body);
    const padded = new Uint8Array(p.length + 20);
    padded.set(p);
    h.sendPacket(padded);
    assert.deepEqual(h.firmware.frames, [
      { iface: 1, frame: counted(61) },
      { iface: 0, frame: counted(20) },
    ]);
    clean(h);
  });

  it('takes the longest frame and the longest F2 write', () => {
    const h = talking();
    h.frame(counted(1518));
    h.control(263, 2, counted(2048 - 28));
    assert.equal(h.firmware.frames[0]!.frame.length, 1518);
    assert.equal(h.firmware.requests[1]!.data.length, 2020);
    clean(h);
  });

  it('hands a packet on when chip select rises, not before', () => {
    const h = new Host().boot();
    const p = h.packet(0, 12, new Uint8Array(16));
    const words = [h.command(true, 2, 0, p.length)];
    for (let i = 0; i < p.length; i += 4) words.push(Buffer.from(p).readUInt32LE(i));
    h.chip.select();
    for (const w of words) h.send(w);
    assert.equal(h.firmware.requests.length, 0);
    h.chip.deselect();
    assert.equal(h.firmware.requests.length, 1);
  });

  it('spends packetTime on each, and clears F2_RX_READY when four wait', () => {
    const h = talking({ packetTime: 100 });
    h.s.runFor(100);
    h.receive();
    for (let i = 0; i < 4; i++) {
      assert.equal(h.status() & 0x20, 0x20);
      h.frame(counted(60));
    }
    assert.equal(h.status() & 0x20, 0);
    h.s.runFor(99);
    assert.equal(h.firmware.frames.length, 0);
    h.s.runFor(1);
    assert.equal(h.firmware.frames.length, 1);
    assert.equal(h.status() & 0x20, 0x20);
    h.s.runFor(300);
    assert.equal(h.firmware.frames.length, 4);
    clean(h);
  });
});

describe('cyw43 model: credits', () => {
  it('allows one packet before it has said anything, then a window ahead of what was taken', () => {
    const h = new Host({ creditWindow: 8 }).boot();
    h.control(1, 1, counted(0));
    assert.equal(credit(h.receive()!), 9);
    clean(h);
  });

  it('tells new credit in a packet of 12 bytes when half the window is used', () => {
    const h = talking({ creditWindow: 8 });
    for (let i = 0; i < 3; i++) h.frame(counted(60));
    assert.equal(h.receive(), null);
    h.frame(counted(60));
    const p = h.receive()!;
    assert.equal(p.length, 12);
    assert.deepEqual([p[5], p[7], credit(p)], [0, 12, 13]);
    assert.equal(h.chip.counters.creditPackets, 1);
    clean(h);
  });

  it('goes round with the sequence numbers', () => {
    const h = talking({ creditWindow: 8 });
    for (let i = 0; i < 600; i++) {
      h.frame(counted(60));
      h.receive();
    }
    assert.equal(h.firmware.frames.length, 600);
    clean(h);
  });

  it('counts what the host has read, not what waits for it', () => {
    const h = talking({ creditWindow: 4 });
    for (let i = 0; i < 4; i++) h.frame(counted(60));
    h.frame(counted(60));
    assert.equal(h.chip.misuse.counts.packetWithoutCredit, 1);
    assert.equal(h.firmware.frames.length, 4);
    while (h.receive());
    h.sequence--;
    h.frame(counted(60));
    assert.equal(h.firmware.frames.length, 5);
  });

  it('stops data by flow control bits, told in every packet', () => {
    const h = talking();
    h.firmware.host!.flowControl(0xff);
    assert.equal(h.receive()![8], 0xff);
    h.control(1, 2, counted(0));
    assert.equal(h.receive()![8], 0xff);
    clean(h);
    h.frame(counted(60));
    assert.equal(h.chip.misuse.counts.packetWhileStopped, 1);
    h.firmware.host!.flowControl(0x02);
    h.receive();
    h.frame(counted(60));
    assert.equal(h.chip.misuse.counts.packetWhileStopped, 1);
    h.frame(counted(60), 0, 1);
    assert.equal(h.chip.misuse.counts.packetWhileStopped, 2);
  });
});
