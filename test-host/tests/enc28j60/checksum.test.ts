import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import { CHKERR, STAT_LINK } from '../../../firmware/stack/core/stats.js';
import { NETIF_CHECKSUM_GEN_IP } from '../../../firmware/stack/core/netif.js';
import { enc28j60DmaChecksum } from '../../../drivers/enc28j60/index.js';
import { INT, Rig, type RigOptions } from './rig.js';
import { send } from './send.js';

/** Ones'-complement sum, the plain way. */
function sum(bytes: Uint8Array): number {
  let s = 0;
  for (let i = 0; i < bytes.length; i += 2) s += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
  return s;
}

/** Over pseudo header and transport message of a frame: FFFFh when the checksum in it is right. */
function verify(frame: Uint8Array): number {
  const total = (frame[16]! << 8) | frame[17]!;
  const hlen = (frame[14]! & 15) * 4;
  const message = frame.subarray(14 + hlen, 14 + total);
  const pseudo = Uint8Array.of(
    ...frame.subarray(26, 34),
    0,
    frame[23]!,
    message.length >> 8,
    message.length & 255,
  );
  let s = sum(message) + sum(pseudo);
  if (s > 0xffff) s -= 0xffff;
  return s;
}

/** An IPv4 frame with a TCP or UDP message of `n` bytes and a wrong checksum. */
function datagram(rig: Rig, proto: number, n: number, options = 0): Uint8Array {
  const f = rig.frame(34 + options + n);
  f[14] = 0x45 + options / 4;
  f.set([(20 + options + n) >> 8, (20 + options + n) & 255], 16);
  f.set([0, 0], 20);
  f[23] = proto;
  return f;
}

function field(f: Uint8Array): number {
  return 14 + (f[14]! & 15) * 4 + (f[23] === 6 ? 16 : 6);
}

function correct(f: Uint8Array): Uint8Array {
  const at = field(f);
  f.set([0, 0], at);
  const s = ~verify(f) & 0xffff || 0xffff;
  f.set([s >> 8, s & 255], at);
  return f;
}

const dmaRig = (o: RigOptions = {}): Rig => new Rig({ dmaChecksum: enc28j60DmaChecksum(), ...o });

describe('ENC28J60 driver: checksums by DMA', () => {
  it('tells the stack what it takes over', () => {
    const rig = dmaRig();
    assert.equal(rig.netif.chksumFlags, 0xff & ~0x66);
    assert.ok(rig.netif.chksumFlags & NETIF_CHECKSUM_GEN_IP);
    assert.equal(new Rig().netif.chksumFlags, 0xff);
  });

  it('completes TCP and UDP, short and long, odd and even, with IP options', () => {
    const rig = dmaRig();
    for (const proto of [6, 17]) {
      for (const n of [20, 21, 255, 256, 257, 1000, 1479, 1480]) {
        for (const options of n < 1400 ? [0, 8] : [0]) {
          const f = datagram(rig, proto, n, options);
          assert.equal(send(rig, f), ERR_OK);
          rig.scheduler.runFor(3000);
          const out = rig.sent.pop()!;
          assert.equal(verify(out), 0xffff, `${proto}, ${n} bytes`);
          const at = field(f);
          assert.deepEqual(out.subarray(0, at), f.subarray(0, at));
          assert.deepEqual(out.subarray(at + 2, f.length), f.subarray(at + 2));
        }
      }
    }
    rig.check();
  });

  it('sends a UDP checksum that comes out 0 as FFFFh', () => {
    for (const n of [100, 1000]) {
      const rig = dmaRig();
      const f = correct(datagram(rig, 17, n));
      // Another word takes up the present checksum: the new one comes out 0.
      const at = field(f);
      const word = 14 + 20 + 8;
      let v = ((f[word]! << 8) | f[word + 1]!) + ((f[at]! << 8) | f[at + 1]!);
      if (v > 0xffff) v -= 0xffff;
      f.set([v >> 8, v & 255], word);
      assert.equal(send(rig, f), ERR_OK);
      rig.scheduler.runFor(3000);
      const out = rig.sent.pop()!;
      assert.deepEqual([...out.subarray(at, at + 2)], [0xff, 0xff]);
    }
  });

  it('leaves fragments and other protocols alone', () => {
    const rig = dmaRig();
    const fragment = datagram(rig, 17, 1000);
    fragment[20] = 0x20;
    const icmp = datagram(rig, 1, 1000);
    const arp = rig.frame(60);
    arp.set([8, 6], 12);
    for (const f of [fragment, icmp, arp]) {
      const copy = f.slice();
      assert.equal(send(rig, f), ERR_OK);
      rig.scheduler.runFor(3000);
      assert.deepEqual(rig.sent.pop(), copy);
      rig.inject(copy);
      rig.run(5);
      assert.deepEqual(rig.received.pop(), copy);
    }
    rig.check();
  });

  it('drops received messages whose checksum is wrong, wherever they lie in the ring', () => {
    for (const int of [INT, null]) {
      const rig = dmaRig({ int });
      let dropped = 0;
      for (let i = 0; i < 200; i++) {
        const f = correct(datagram(rig, i & 1 ? 6 : 17, 20 + rig.random.below(1461)));
        const bad = rig.random.chance(0.3);
        if (bad) {
          f[f.length - 1]! ^= 4;
          dropped++;
        }
        rig.inject(f);
        rig.run(5);
        const got = rig.received.pop();
        if (bad) assert.equal(got, undefined);
        else assert.deepEqual(got, f.length < 60 ? got : f);
      }
      assert.equal(rig.dev.counters.rxChecksum, dropped);
      assert.equal(rig.stack.stats[STAT_LINK + CHKERR], dropped);
      rig.check();
    }
  });

  it('takes UDP without a checksum', () => {
    const rig = dmaRig();
    const f = datagram(rig, 17, 500);
    f.set([0, 0], field(f));
    rig.inject(f);
    rig.run(5);
    assert.equal(rig.received.length, 1);
  });

  it('loses frames that arrive while the engine sums (erratum 17), and only those', () => {
    const rig = dmaRig({ fullDuplex: true, seed: 9, chip: { errata: 'revision' } });
    for (let i = 0; i < 200; i++) {
      rig.inject(rig.frame(1000 + rig.random.below(500)));
      rig.inject(rig.frame(1000 + rig.random.below(500)));
      rig.scheduler.runFor(rig.random.below(1000));
      assert.equal(send(rig, datagram(rig, 6, 1400)), ERR_OK);
      rig.run(4);
    }
    rig.run(20);
    assert.ok(rig.chip.counters.rxAbortedByDma > 0);
    assert.equal(rig.sent.length, 200);
    for (const f of rig.sent) assert.equal(verify(f), 0xffff);
    assert.equal(rig.received.length, rig.chip.counters.rxAccepted - rig.dev.counters.rxChecksum);
    assert.equal(rig.chip.counters.rxAccepted + rig.chip.counters.rxAbortedByDma, 400);
    rig.check();
  });

  it('sums in software when the engine does not finish', () => {
    const rig = dmaRig();
    // A chip whose DMAST never clears.
    const start = rig.chip.dma.start;
    rig.chip.dma.start = () => undefined;
    assert.equal(send(rig, datagram(rig, 6, 1000)), ERR_OK);
    rig.chip.dma.start = start;
    rig.scheduler.runFor(3000);
    assert.equal(verify(rig.sent.pop()!), 0xffff);
  });
});
