// Frames and packets both ways, with nothing wrong with the chip: content, buffers, credit, and packets that make no sense.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ERR_ARG, ERR_IF, ERR_MEM, ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { MEMP_PBUF_POOL } from '../../../firmware/stack/core/memp.js';
import {
  PBUF_RAM,
  PBUF_REF,
  PBUF_ROM,
  pbufAlloc,
  pbufAllocReference,
  pbufAllocRx,
  pbufCat,
  pbufFree,
  type Pbuf,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import { MEMERR, RECV, STAT_LINK, XMIT } from '../../../firmware/stack/core/stats.js';
import { cyw43Leave } from '../../../drivers/cyw43/join.js';
import { cyw43Linkoutput, cyw43Poll, cyw43PowerOff, cyw43Restart } from '../../../drivers/cyw43/index.js';
import { LEAD } from '../../../drivers/cyw43/opt.js';
import { PM_NONE } from '../../../drivers/cyw43/power.js';
import { macOf } from '../../air/index.js';
import * as S from '../../chips/cyw43/sdpcm.js';
import { CHIP_MAC, Rig, type RigOptions } from './rig.js';

const PEER_MAC = '02:00:00:00:00:99';

/** A joined board whose received frames, and those that it sent, are kept. */
class Line extends Rig {
  readonly received: Uint8Array[];
  readonly sent: Uint8Array[] = [];
  /** Takes received packets instead. */
  take: ((p: Pbuf) => void) | null = null;

  constructor(options: RigOptions = {}) {
    const received: Uint8Array[] = [];
    super({
      wifi: { powerSave: PM_NONE },
      ...options,
      input: (p) => {
        if (this.take) this.take(p);
        else {
          received.push(pbufBytes(p));
          pbufFree(p);
        }
        return ERR_OK;
      },
    });
    this.received = received;
    this.link.b.onFrame = (frame) => void this.sent.push(frame);
    this.joined();
    this.run(200);
  }

  /** A frame with seeded content, from or to the board. */
  frame(size: number, fromBoard = false): Uint8Array {
    const f = new Uint8Array(size);
    for (let i = 0; i < size; i++) f[i] = this.random.below(256);
    f.set(macOf(fromBoard ? PEER_MAC : CHIP_MAC));
    f.set(macOf(fromBoard ? CHIP_MAC : PEER_MAC), 6);
    f.set([8, 0], 12);
    return f;
  }

  /** From the other side of the access point. */
  inject(frame: Uint8Array): void {
    this.link.b.send(frame);
  }

  /** Into the chip's queue, without the air. */
  queue(frame: Uint8Array): void {
    this.firmware.host!.frame(0, frame);
  }

  /** As a packet that the firmware would not send. */
  packet(bytes: Uint8Array): void {
    this.chip.packets.push({ kind: 'frame', bytes });
    // The model takes it for its own, with the credit that is in it: it tells the right one again.
    this.firmware.host!.flowControl(0);
  }

  poll(): number {
    return cyw43Poll(this.netif);
  }

  /** Sends as the stack does. */
  send(bytes: Uint8Array): Err {
    const p = pbufAlloc(this.stack, LEAD, bytes.length, PBUF_RAM)!;
    pbufTake(p, bytes);
    const err = cyw43Linkoutput(this.netif, p);
    pbufFree(p);
    return err;
  }

  /** A frame each way gets through, and nothing is held. */
  works(): void {
    this.received.length = this.sent.length = 0;
    this.take = null;
    const [there, back] = [this.frame(700, true), this.frame(800)];
    assert.equal(this.send(there), ERR_OK);
    this.inject(back);
    this.run(110);
    assert.deepEqual(this.sent, [there]);
    assert.deepEqual(this.received, [back]);
    assert.equal(this.stack.memp[MEMP_PBUF_POOL]!.used, 0);
  }
}

/** The ways in which the stack hands a frame over. */
const KINDS: Record<string, (line: Line, bytes: Uint8Array) => Pbuf> = {
  'as it lies': (line, bytes) => ram(line, bytes, LEAD),
  'without headroom': (line, bytes) => ram(line, bytes, 0),
  'with other headroom': (line, bytes) => ram(line, bytes, 2),
  'constant': (line, bytes) => reference(line, bytes, PBUF_ROM, LEAD),
  "somebody else's": (line, bytes) => reference(line, bytes, PBUF_REF, LEAD),
  'head and constant': (line, bytes) => {
    const at = Math.min(bytes.length - 1, 54);
    const p = ram(line, bytes.subarray(0, at), LEAD);
    pbufCat(p, reference(line, bytes.subarray(at), PBUF_ROM, 3));
    return p;
  },
  'many pieces': (line, bytes) => {
    let p: Pbuf | null = null;
    for (let at = 0; at < bytes.length;) {
      const n = 1 + line.random.below(Math.min(400, bytes.length - at));
      const piece = bytes.subarray(at, at + n);
      const q = line.random.chance(0.5) ? ram(line, piece, LEAD) : reference(line, piece, PBUF_REF, 1);
      if (p) pbufCat(p, q);
      else p = q;
      at += n;
    }
    return p!;
  },
  'received': (line, bytes) => {
    const array = new Uint8Array((LEAD + bytes.length + 3) & ~3);
    array.set(bytes, LEAD);
    return pbufAllocRx(line.stack, array, LEAD, bytes.length)!;
  },
};

function ram(line: Line, bytes: Uint8Array, lead: number): Pbuf {
  const p = pbufAlloc(line.stack, lead, bytes.length, PBUF_RAM)!;
  pbufTake(p, bytes);
  return p;
}

function reference(line: Line, bytes: Uint8Array, type: number, off: number): Pbuf {
  const all = new Uint8Array(off + bytes.length + 5).fill(0xee);
  all.set(bytes, off);
  return pbufAllocReference(line.stack, all, off, bytes.length, type)!;
}

function dataPacket(line: Line, body: Uint8Array): Uint8Array {
  const packet = S.newPacket(0, S.CHANNEL_DATA, S.SDPCM_DATA_HEADER, S.BDC_HEADER + body.length);
  S.putBdc(packet, 0, 0);
  packet[S.CREDIT_OFFSET] = line.dev.credit;
  packet.set(body, packet.length - body.length);
  return packet;
}

describe('CYW43 driver: sending', () => {
  it('takes frames of every size in every kind of buffer, and leaves them as they were', () => {
    const line = new Line();
    const kinds = Object.entries(KINDS);
    for (let i = 0; i < 600; i++) {
      const bytes = line.frame(
        i < 30 ? 14 + (i >> 3) : i < 60 ? 1514 - (i & 7) : 14 + line.random.below(1501),
        true,
      );
      const [kind, make] = kinds[i % kinds.length]!;
      const p = make(line, bytes);
      const around = p.type === PBUF_RAM ? null : p.payload.slice();
      assert.equal(cyw43Linkoutput(line.netif, p), ERR_OK);
      assert.deepEqual(pbufBytes(p), bytes, `${kind}: may have to be sent again`);
      if (around && p.type !== 2 && kind !== 'received')
        assert.deepEqual(p.payload, around, `${kind}: not ours`);
      pbufFree(p);
      line.run(5);
      assert.deepEqual(line.sent.pop(), bytes, `${kind}, ${bytes.length} bytes`);
    }
    assert.equal(line.netif.outPackets, 600);
    assert.equal(line.stack.stats[STAT_LINK + XMIT], 600);
    assert.equal(line.chip.counters.framesFromHost, 600);
    assert.equal(line.dev.counters.txBusy + line.dev.counters.txNoCredit, 0);
    line.works();
    line.sound();
  });

  it('refuses lengths that Ethernet does not have, and frames without a link', () => {
    const line = new Line();
    for (const size of [0, 13, 1515, 1600]) {
      const p = pbufAllocRx(line.stack, new Uint8Array(size + LEAD), LEAD, size)!;
      assert.equal(cyw43Linkoutput(line.netif, p), ERR_ARG);
      pbufFree(p);
    }
    assert.equal(line.dev.counters.txLength, 4);
    cyw43Leave(line.netif);
    assert.equal(line.send(line.frame(60, true)), ERR_IF);
    assert.equal(line.dev.counters.txNoLink, 1);
    assert.equal(line.netif.outPackets, 0);
    line.run(100);
    line.sound();
  });

  it('waits for credit, and goes on when it comes', () => {
    const line = new Line({ chip: { creditWindow: 3, packetTime: 2000 } });
    const frames = Array.from({ length: 60 }, () => line.frame(14 + line.random.below(1501), true));
    let refused = 0;
    for (const frame of frames) {
      for (;;) {
        const err = line.send(frame);
        if (err === ERR_OK) break;
        assert.equal(err, ERR_MEM);
        assert.ok(++refused < 2000);
        line.run(1);
      }
    }
    line.run(50);
    assert.ok(refused > 10);
    assert.ok(line.dev.counters.txNoCredit > 10);
    assert.deepEqual(line.sent, frames);
    assert.equal(line.dev.counters.restart, 0);
    line.works();
    line.sound();
  });

  it('waits while the chip is not ready', () => {
    const line = new Line({ chip: { creditWindow: 30, packetTime: 3000 } });
    const frames = Array.from({ length: 40 }, () => line.frame(14 + line.random.below(1501), true));
    let refused = 0;
    for (const frame of frames) {
      while (line.send(frame) !== ERR_OK) {
        assert.ok(++refused < 2000);
        line.run(1);
      }
    }
    line.run(50);
    assert.ok(line.dev.counters.txBusy > 10);
    assert.deepEqual(line.sent, frames);
    line.works();
    line.sound();
  });

  it('heeds flow control', () => {
    // A slow air: what waits for it stops the host.
    const line = new Line({ ap: { rate: 1e6 } });
    const frames = Array.from({ length: 60 }, () => line.frame(1000, true));
    for (const frame of frames) {
      while (line.send(frame) !== ERR_OK) line.run(1);
      line.run(2);
    }
    line.run(1000);
    assert.ok(line.firmware.flow.stops > 5, `${line.firmware.flow.stops} stops`);
    assert.ok(line.dev.counters.txNoCredit > 10);
    assert.deepEqual(line.sent, frames);
    line.works();
    line.sound();
  });

  it('counts sequence numbers and credit round and round', () => {
    const line = new Line({ chip: { creditWindow: 5 } });
    for (let i = 0; i < 1000; i++) {
      while (line.send(line.frame(60, true)) !== ERR_OK) line.run(1);
    }
    line.run(100);
    assert.equal(line.sent.length, 1000);
    line.works();
    line.sound();
  });
});

describe('CYW43 driver: receiving', () => {
  it('takes frames of every size, wherever their header ends, byte for byte', () => {
    for (const bdcWords of [0, 1, 3]) {
      const line = new Line({ chip: { bdcWords } });
      const frames: Uint8Array[] = [];
      for (let size = 14; size <= 1514; size += size < 80 || size > 1500 ? 1 : 29)
        frames.push(line.frame(size));
      for (const frame of frames) {
        line.inject(frame);
        line.run(2);
      }
      line.run(110);
      assert.deepEqual(line.received, frames);
      assert.equal(line.netif.inPackets, frames.length);
      assert.equal(
        line.netif.inOctets,
        frames.reduce((n, f) => n + f.length, 0),
      );
      assert.equal(line.stack.stats[STAT_LINK + RECV], frames.length);
      line.works();
      line.sound();
    }
  });

  it('and both ways at once', () => {
    const line = new Line({ seed: 5 });
    const [there, back]: [Uint8Array[], Uint8Array[]] = [[], []];
    for (let i = 0; i < 400; i++) {
      back.push(line.frame(14 + line.random.below(1501)));
      line.inject(back.at(-1)!);
      there.push(line.frame(14 + line.random.below(1501), true));
      while (line.send(there.at(-1)!) !== ERR_OK) line.run(1);
      line.run(line.random.below(4));
    }
    line.run(200);
    assert.deepEqual(line.received, back);
    assert.deepEqual(line.sent, there);
    line.works();
    line.sound();
  });

  it('hands arrays out that go back as they are', () => {
    const line = new Line();
    let scratch = 0;
    line.take = (p) => {
      const bytes = p.payload;
      bytes.copyWithin(p.off, p.off + 6, p.off + 12);
      bytes.set(macOf(CHIP_MAC), p.off + 6);
      assert.equal(p.off, LEAD);
      assert.equal(cyw43Linkoutput(line.netif, p), ERR_OK);
      if (line.dev.scratch) scratch++;
      pbufFree(p);
    };
    for (const size of [14, 60, 61, 62, 63, 1513, 1514]) {
      const frame = line.frame(size);
      line.inject(frame);
      line.run(20);
      assert.deepEqual(line.sent.pop()?.subarray(12), frame.subarray(12));
    }
    assert.equal(scratch, 0, 'without a copy');
    line.works();
    line.sound();
  });

  it('takes no more than its budget in one poll, and all in the end', () => {
    const line = new Line({ budget: 3 });
    for (let i = 0; i < 10; i++) line.queue(line.frame(60));
    assert.deepEqual(
      [0, 0, 0, 0, 0].map(() => line.poll()),
      [3, 3, 3, 1, 0],
    );
    assert.equal(line.received.length, 10);
    line.sound();
  });

  it('may be polled from within a callback', () => {
    const line = new Line();
    const sizes: number[] = [];
    line.take = (p) => {
      sizes.push(p.len);
      pbufFree(p);
      assert.equal(line.poll(), 0);
    };
    for (let i = 0; i < 12; i++) line.queue(line.frame(60 + i));
    line.run(50);
    assert.deepEqual(
      sizes,
      Array.from({ length: 12 }, (_, i) => 60 + i),
    );
    line.works();
    line.sound();
  });

  it('survives a callback that throws', () => {
    const line = new Line();
    for (let i = 0; i < 3; i++) {
      line.take = (p) => {
        pbufFree(p);
        throw new Error('of the application');
      };
      line.queue(line.frame(100));
      line.queue(line.frame(100));
      assert.throws(() => line.poll(), /of the application/);
      line.take = null;
      line.run(5);
      line.works();
    }
    line.dev.wifi.onState = () => {
      throw new Error('of the application');
    };
    assert.throws(() => cyw43Restart(line.netif), /of the application/);
    line.dev.wifi.onState = null;
    line.joined();
    line.run(200);
    line.works();
    line.sound();
  });

  it('may be restarted or switched off from within a callback', () => {
    for (const off of [false, true]) {
      const line = new Line();
      for (let i = 0; i < 6; i++) line.queue(line.frame(100));
      let n = 0;
      line.take = (p) => {
        pbufFree(p);
        if (++n > 2) return;
        if (off) cyw43PowerOff(line.netif);
        else cyw43Restart(line.netif);
      };
      line.poll();
      assert.equal(n, 1, 'what waits in the chip is lost');
      line.run(10);
      if (off) cyw43Restart(line.netif);
      line.joined();
      line.run(200);
      line.works();
      line.sound();
    }
  });

  it('lets frames wait for a buffer, then drops them, then goes on', () => {
    const line = new Line({ stack: { PBUF_POOL_SIZE: 9 } });
    const kept: Pbuf[] = [];
    line.take = (p) => void kept.push(p);
    for (let i = 0; i < 12; i++) line.queue(line.frame(60));
    const next = line.dev.nextCheck - line.hal.clock.millis();
    assert.ok(next > 30);
    line.run(20);
    assert.equal(kept.length, 9);
    assert.equal(line.dev.counters.rxNoBuffer, 0, 'still waiting in the chip');
    pbufFree(kept.pop()!);
    line.run(5);
    assert.equal(kept.length, 9, 'one more came through');
    line.run(110);
    assert.equal(line.dev.counters.rxNoBuffer, 2, 'the others were dropped');
    assert.ok(line.stack.stats[STAT_LINK + MEMERR]! >= 2);
    // Replies and events come through all the same.
    line.ap.deauthenticate(null, 3);
    line.until(() => !line.linkUp, 500, 'an event comes through');
    line.joined();
    kept.splice(0).forEach(pbufFree);
    line.run(100);
    line.works();
    line.sound();
  });
});

describe('CYW43 driver: packets that make no sense', () => {
  const good = (line: Line): Uint8Array => dataPacket(line, line.frame(200));
  const spoilt = (line: Line, spoil: (p: Uint8Array) => void): Uint8Array => {
    const p = good(line);
    spoil(p);
    return p;
  };
  const resize = (p: Uint8Array, size: number): void => {
    new DataView(p.buffer).setUint16(0, size, true);
    new DataView(p.buffer).setUint16(2, ~size, true);
  };
  const BAD: Record<string, (line: Line) => Uint8Array> = {
    'longer than any frame': () => new Uint8Array(1700),
    'as long as the status word can tell': () => new Uint8Array(2047),
    'shorter than their header': () => new Uint8Array(8),
    'whose size and its complement differ': (l) => spoilt(l, (p) => (p[2]! ^= 1)),
    'whose size is below their header': (l) => spoilt(l, (p) => resize(p, 11)),
    'whose size is more than came': (l) => spoilt(l, (p) => resize(p, p.length + 1)),
    'of all zeros': () => new Uint8Array(64),
    'of all ones': () => new Uint8Array(64).fill(0xff),
    'whose header is said to be longer than they are': (l) => spoilt(l, (p) => (p[7] = 255)),
    'whose header is said to end at their end': (l) => spoilt(l, (p) => (p[7] = p.length)),
    'whose header is said to be shorter than it can be': (l) => spoilt(l, (p) => (p[7] = 4)),
    'whose BDC header leaves nothing': (l) => spoilt(l, (p) => (p[17] = 60)),
    'that hold several frames (glom)': (l) => spoilt(l, (p) => (p[5] = 3)),
    'of an unknown channel': (l) => spoilt(l, (p) => (p[5] = 9)),
    'with a frame of 13 bytes': (l) => dataPacket(l, l.frame(14).subarray(1)),
    'with a control header cut off': (l) =>
      spoilt(l, (p) => {
        p[5] = S.CHANNEL_CONTROL;
        resize(p, 29);
      }),
    'with a control header that is not there': (l) =>
      spoilt(l, (p) => {
        p[5] = S.CHANNEL_CONTROL;
        p[7] = 250;
      }),
  };
  for (const [what, make] of Object.entries(BAD)) {
    it(`${what}: dropped and counted`, () => {
      const line = new Line();
      line.dev.control.id = 0x3ffe;
      const before = { ...line.dev.counters };
      for (let i = 0; i < 3; i++) {
        line.packet(make(line));
        line.run(5);
        assert.equal(line.dev.counters.rxBad - before.rxBad, i + 1);
      }
      assert.deepEqual(line.received, []);
      assert.equal(line.netif.inPackets, 0);
      line.works();
      assert.equal(line.dev.counters.restart, 0);
      assert.equal(line.firmware.misuse.summary(), '');
    });
  }

  it('events that are cut off, or nobody’s: counted apart', () => {
    const line = new Line();
    line.run(10);
    const event = (bytes: Uint8Array): void => {
      const packet = S.newPacket(0, S.CHANNEL_EVENT, S.SDPCM_DATA_HEADER, S.BDC_HEADER + bytes.length);
      S.putBdc(packet, 0, 0);
      packet.set(bytes, packet.length - bytes.length);
      packet[S.CREDIT_OFFSET] = line.dev.credit;
      line.packet(packet);
      line.run(3);
    };
    const whole = new Uint8Array(72);
    whole.set([0x88, 0x6c, 0x80, 0x01, 0, 54, 0, 0x00, 0x10, 0x18, 0, 1], 12);
    const { events } = line.dev.counters;
    event(whole);
    assert.equal(line.dev.counters.events, events + 1);
    let bad = 0;
    for (let length = 14; length < 72; length++) {
      event(whole.subarray(0, length));
      assert.equal(line.dev.counters.eventBad, ++bad);
    }
    for (const at of [12, 13, 19, 20, 21]) {
      const other = whole.slice();
      other[at]! ^= 1;
      event(other);
      assert.equal(line.dev.counters.eventBad, ++bad);
    }
    assert.equal(line.dev.counters.events, events + 1);
    line.works();
  });

  it('of chance: never anything worse than a restart', () => {
    const line = new Line({ seed: 3 });
    const { random } = line;
    for (let i = 0; i < 4000; i++) {
      const packet = random.chance(0.7) ? good(line) : new Uint8Array(random.below(1800));
      if (random.chance(0.4)) resize(packet.length > 3 ? packet : new Uint8Array(4), random.below(300));
      for (let n = random.below(6); n > 0; n--)
        packet[random.below(Math.min(packet.length, 48))] = random.below(256);
      if (packet.length > 5 && random.chance(0.5)) packet[5] = random.below(4);
      line.packet(packet);
      line.run(random.below(6));
    }
    assert.ok(line.dev.counters.rxBad > 1000);
    assert.ok(Number.isSafeInteger(line.netif.inOctets));
    line.chip.misuse.reset();
    line.run(5000);
    line.until(() => line.linkUp, 130_000, 'back in the network');
    line.run(200);
    line.works();
  });
});
