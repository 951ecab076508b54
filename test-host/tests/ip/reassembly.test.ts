// Fragments in any order, with overlaps, gaps, limits and time-outs; and fragmentation on the way out.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK, ERR_VAL } from '../../../firmware/stack/core/err.js';
import { MEMP_REASSDATA } from '../../../firmware/stack/core/memp.js';
import { NETIF_CHECKSUM_GEN_IP, NETIF_CHECKSUM_GEN_UDP } from '../../../firmware/stack/core/netif.js';
import {
  PBUF_IP,
  PBUF_RAM,
  PBUF_RAW,
  PBUF_TRANSPORT,
  pbufAlloc,
  pbufClen,
  pbufFree,
  type Pbuf,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import { DROP, LENERR, MEMERR, PROTERR, STAT_IPFRAG } from '../../../firmware/stack/core/stats.js';
import { sysTimeout } from '../../../firmware/stack/core/timers.js';
import { IP_TOS_DF } from '../../../firmware/stack/ip/ip_wire.js';
import { ip4Frag } from '../../../firmware/stack/ip4/fragment.js';
import { rawNew, rawRecv } from '../../../firmware/stack/raw/raw.js';
import { udpBind, udpNew, udpRecv, udpSendto, type UdpPcb } from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import { buildIp, fragments, type Ip4Fields } from '../../harness/frames.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, HOST_MAC, lab, PEER_IP, PEER_MAC, type Lab } from '../../harness/lab.js';
import { SeededRandom } from '../../sim/random.js';

const PORT = 7000;
const USED = { UDP_PCB: 1 };

function data(n: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 255);
}

interface Bench extends Lab {
  pcb: UdpPcb;
  got: Uint8Array[];
  clens: number[];
  stat(field: number): number;
  /** Sends one fragment of an IP payload. */
  part(id: number, offset: number, payload: Uint8Array, mf: boolean, more?: Partial<Ip4Fields>): void;
}

function bench(options = {}): Bench {
  const l = lab({ PBUF_POOL_SIZE: 60, IP_REASS_MAX_PBUFS: 50, ...options });
  const got: Uint8Array[] = [];
  const clens: number[] = [];
  const pcb = l.host.do((stack) => {
    const u = udpNew(stack)!;
    udpBind(u, 0, PORT);
    udpRecv(
      u,
      (_arg, _pcb, p) => {
        got.push(pbufBytes(p));
        clens.push(pbufClen(p));
        pbufFree(p);
      },
      null,
    );
    return u;
  });
  l.peer.send({ udp: { src: 1, dst: PORT } });
  l.peer.send({
    eth: { dst: HOST_MAC, src: PEER_MAC },
    arp: { op: 1, sha: PEER_MAC, spa: PEER_IP, tpa: HOST_IP },
  });
  l.run(0);
  l.peer.take();
  got.length = clens.length = 0;
  return {
    ...l,
    pcb,
    got,
    clens,
    stat: (field) => l.host.stack.stats[STAT_IPFRAG + field]!,
    part: (id, offset, payload, mf, more = {}) => {
      l.peer.send({ ip: { id, offset, mf, proto: 17, ...more }, payload });
      l.run(0);
    },
  };
}

/** A UDP datagram's IP payload of `n` bytes. */
function body(n: number): Uint8Array {
  return buildIp({
    ip: { src: PEER_IP, dst: HOST_IP },
    udp: { src: 1, dst: PORT },
    payload: data(n - 8),
  }).subarray(20);
}

describe('reassembly', () => {
  it('joins fragments of any size in any order', () => {
    const b = bench();
    const r = new SeededRandom(3);
    for (let round = 0; round < 60; round++) {
      const n = 10 + r.below(4000);
      const size = 8 * (1 + r.below(1 + Math.floor(n / 8 / 3))) + 80;
      const parts = fragments(
        {
          eth: { dst: HOST_MAC, src: PEER_MAC },
          ip: { src: PEER_IP, dst: HOST_IP, id: round },
          udp: { src: 1, dst: PORT },
          payload: data(n),
        },
        size & ~7,
      );
      while (parts.length) b.peer.sendRaw(parts.splice(r.below(parts.length), 1)[0]!);
      b.run(0);
      assert.deepEqual(b.got.pop(), data(n));
      assertClean(b.host, USED);
    }
    b.run(2000);
    assert.equal(b.host.stack.ip4.reass, null);
  });

  it('keeps datagrams apart by source, destination, protocol and identification', () => {
    const b = bench({ MEMP_NUM_REASSDATA: 5 });
    const x = body(400);
    b.part(1, 0, x.slice(0, 200), true);
    b.part(2, 200, x.slice(200), false);
    b.part(1, 200, x.slice(200), false, { src: '10.0.0.3' });
    b.part(1, 200, x.slice(200), false, { proto: 99 });
    assert.equal(b.got.length, 0);
    assert.equal(b.host.stack.memp[MEMP_REASSDATA]!.used, 4);
    b.part(1, 200, x.slice(200), false);
    assert.equal(b.got.length, 1);
    b.run(61000);
    assertClean(b.host, USED);
  });

  it('puts the transport header into one piece', () => {
    const b = bench();
    const x = body(48);
    for (const at of [40, 32, 24, 16, 8, 0]) b.part(9, at, x.slice(at, at + 8), at !== 40);
    assert.deepEqual(b.got.pop(), data(40));
    assert.deepEqual(b.clens, [1]);
    assertClean(b.host, USED);
    // A first fragment that is long enough needs no copy.
    const y = body(200);
    b.part(10, 0, y.slice(0, 80), true);
    b.part(10, 80, y.slice(80), false);
    assert.deepEqual(b.clens, [1, 2]);
  });

  it('gives a header that fits the whole', () => {
    const b = bench();
    let header: Uint8Array | null = null;
    b.host.do((stack) => {
      rawRecv(rawNew(stack, 17)!, (_a, _p, p) => ((header = pbufBytes(p).slice(0, 24)), 0), null);
    });
    const x = body(300);
    b.part(9, 160, x.slice(160), false);
    b.part(9, 0, x.slice(0, 160), true, { options: [1, 1, 1, 0] });
    assert.deepEqual(
      header,
      buildIp({
        ip: { src: PEER_IP, dst: HOST_IP, id: 9, proto: 17, options: [1, 1, 1, 0] },
        payload: x,
      }).slice(0, 24),
    );
    assert.equal(b.got.length, 1);
  });

  it('ignores a fragment that came twice, and drops what overlaps', () => {
    const b = bench();
    const x = body(400);
    b.part(1, 0, x.slice(0, 200), true);
    b.part(1, 0, x.slice(0, 200), true);
    b.part(1, 200, x.slice(200), false);
    assert.equal(b.got.length, 1);
    assert.equal(b.stat(DROP), 1);
    const overlaps: [number, number][] = [
      [0, 208],
      [192, 208],
      [96, 200],
      [0, 96],
      [8, 192],
    ];
    let id = 10;
    for (const [from, to] of overlaps) {
      id++;
      b.part(id, 0, x.slice(0, 200), true);
      const before = b.stat(PROTERR);
      b.part(id, from, x.slice(from, to), true);
      assert.equal(b.stat(PROTERR), before + 1, `${from}-${to}`);
      assert.equal(b.host.stack.memp[MEMP_REASSDATA]!.used, 0);
      b.part(id, 200, x.slice(200), false);
      assert.equal(b.got.length, 1);
      b.run(61000);
    }
    assertClean(b.host, USED);
  });

  it('drops datagrams whose end is in doubt', () => {
    const b = bench();
    const x = body(400);
    let id = 0;
    for (const second of [
      [200, 320, false],
      [200, 280, false],
      [304, 400, true],
      [304, 400, false],
    ] as const) {
      id++;
      b.part(id, 200, x.slice(200, 304), false);
      b.part(id, second[0], x.slice(second[0], second[1]), second[2]);
      assert.equal(b.stat(PROTERR), id, String(second));
    }
    // A last fragment that ends before one that is there already.
    b.part(77, 304, x.slice(304, 400), true);
    b.part(77, 8, x.slice(8, 200), false);
    assert.equal(b.stat(PROTERR), id + 1);
    assert.equal(b.got.length, 0);
    assertClean(b.host, USED);
  });

  it('drops fragments of impossible length', () => {
    const b = bench();
    b.part(1, 0, data(12), true);
    b.part(1, 0, new Uint8Array(0), true);
    b.part(1, 8, new Uint8Array(0), false);
    b.part(1, 65528, data(8), false);
    b.part(1, 64800, data(1000), false);
    assert.equal(b.stat(LENERR), 5);
    assertClean(b.host, USED);
  });

  it('reaches the longest datagram there is', () => {
    const b = bench({ MEM_SIZE: 80000 });
    const n = 65535 - 20 - 8;
    b.peer.sendFragments({ ip: { id: 1 }, udp: { src: 1, dst: PORT }, payload: data(n) }, 1480);
    b.run(0);
    assert.deepEqual(b.got.pop(), data(n));
    assertClean(b.host, USED);
  });

  it('tells the sender after IP_REASS_MAXAGE, only when the first fragment is there', () => {
    const b = bench({ IP_REASS_MAXAGE: 30 });
    const x = body(400);
    b.part(1, 0, x.slice(0, 200), true);
    b.part(2, 200, x.slice(200), false);
    b.run(28900);
    assert.equal(b.host.stack.memp[MEMP_REASSDATA]!.used, 2);
    b.run(1200);
    assert.equal(b.host.stack.memp[MEMP_REASSDATA]!.used, 0);
    const errors = b.peer.takeIp();
    assert.equal(errors.length, 1);
    assert.deepEqual([errors[0]!.icmp!.type, errors[0]!.icmp!.code], [11, 1]);
    assert.deepEqual(errors[0]!.payload.subarray(20), x.subarray(0, 8));
    assert.equal((errors[0]!.payload[4]! << 8) | errors[0]!.payload[5]!, 1);
    b.run(2000);
    assert.equal(b.host.stack.ip4.reass, null);
    assertClean(b.host, USED);
  });

  it('lets the oldest datagram go when there are too many', () => {
    const b = bench({ MEMP_NUM_REASSDATA: 2 });
    const x = body(400);
    for (const id of [1, 2, 3]) b.part(id, 0, x.slice(0, 200), true);
    for (const id of [1]) b.part(id, 200, x.slice(200), false);
    assert.equal(b.got.length, 0);
    b.part(3, 200, x.slice(200), false);
    assert.equal(b.got.length, 1);
    b.run(61000);
    assertClean(b.host, USED);
  });

  it('holds no more than IP_REASS_MAX_PBUFS, so that fragments cannot stop reception', () => {
    const b = bench({ IP_REASS_MAX_PBUFS: 4, PBUF_POOL_SIZE: 6, DEFAULT_TCP_RECVMBOX_SIZE: 3 });
    const x = body(400);
    b.part(1, 0, x.slice(0, 200), true);
    for (let i = 0; i < 4; i++) b.part(2, i * 80, x.slice(i * 80, i * 80 + 80), true);
    assert.equal(b.host.stack.ip4.reassPbufs, 4);
    assert.equal(b.host.stack.memp[MEMP_REASSDATA]!.used, 1, 'the older one is gone');
    b.part(2, 320, x.slice(320), false);
    assert.equal(b.got.length, 0, 'a datagram of five is too long');
    assert(b.stat(MEMERR) >= 2);
    b.peer.send({ udp: { src: 1, dst: PORT }, payload: 'still here' });
    b.run(0);
    assert.equal(b.got.length, 1);
    b.run(61000);
    assertClean(b.host, USED);
  });

  it('refuses to begin without a time-out, and drops what it cannot copy', () => {
    const b = bench();
    const x = body(48);
    while (sysTimeout(b.host.stack, 100, () => {}, null) === ERR_OK);
    b.part(1, 0, x.slice(0, 8), true);
    assert.equal(b.stat(MEMERR), 1);
    assert.equal(b.host.stack.memp[MEMP_REASSDATA]!.used, 0);
    b.run(200);
    const blocks: Pbuf[] = [];
    for (let p; (p = pbufAlloc(b.host.stack, PBUF_RAW, 100, PBUF_RAM));) blocks.push(p);
    b.part(2, 0, x.slice(0, 8), true);
    b.part(2, 8, x.slice(8), false);
    assert.equal(b.stat(MEMERR), 2);
    assert.equal(b.got.length, 0);
    blocks.forEach((p) => pbufFree(p));
    b.run(61000);
    assertClean(b.host, USED);
  });

  it('survives random fragments', () => {
    const b = bench({ MEMP_NUM_REASSDATA: 3, IP_REASS_MAX_PBUFS: 9 });
    const r = new SeededRandom(5);
    for (let i = 0; i < 4000; i++) {
      const offset = 8 * r.below(8);
      const mf = r.chance(0.7);
      b.part(r.below(3), offset, data(mf ? 8 * (1 + r.below(3)) : 1 + r.below(20)), mf);
    }
    b.run(100000);
    assertClean(b.host, USED);
  });
});

describe('fragmentation', () => {
  function send(b: Bench, n: number): { err: number; parts: ReturnType<Lab['peer']['takeIp']> } {
    const err = b.host.do((stack) => {
      const p = pbufAlloc(stack, PBUF_TRANSPORT, n, PBUF_RAM)!;
      pbufTake(p, data(n));
      const e = udpSendto(b.pcb, p, ip(PEER_IP), 9);
      pbufFree(p);
      return e;
    });
    b.run(0);
    return { err, parts: b.peer.takeIp() };
  }

  it('cuts at multiples of eight, with one identification, and the whole has a right checksum', () => {
    const b = bench({ MEM_SIZE: 60000 });
    for (const n of [1472, 1473, 1480, 2952, 2953, 8000]) {
      const { err, parts } = send(b, n);
      assert.equal(err, ERR_OK);
      assert.equal(parts.length, Math.ceil((n + 8) / 1480));
      let at = 0;
      for (const f of parts) {
        assert(f.ip!.checksumOk);
        assert.equal(f.ip!.id, parts[0]!.ip!.id);
        assert.equal(f.ip!.offset, at);
        assert.equal(f.ip!.mf, f !== parts.at(-1));
        at += f.ip!.totalLength - 20;
      }
      const whole =
        parts.length === 1
          ? parts[0]!.bytes.subarray(34)
          : Uint8Array.from(parts.flatMap((f) => [...f.payload]));
      const want = buildIp({
        ip: { src: HOST_IP, dst: PEER_IP },
        udp: { src: PORT, dst: 9 },
        payload: data(n),
      });
      assert.deepEqual(whole, want.subarray(20));
      assertClean(b.host, USED);
    }
  });

  it('makes the transport checksum itself for fragments, and leaves header checksums to the chip', () => {
    const b = bench();
    b.host.netif.chksumFlags &= ~(NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_UDP);
    const one = send(b, 100).parts;
    assert.deepEqual([one[0]!.ip!.checksum, one[0]!.udp!.checksum], [0, 0]);
    const { parts } = send(b, 2000);
    assert.deepEqual(
      parts.map((f) => f.ip!.checksum),
      [0, 0],
    );
    const sum = (parts[0]!.payload[6]! << 8) | parts[0]!.payload[7]!;
    const want = buildIp({
      ip: { src: HOST_IP, dst: PEER_IP },
      udp: { src: PORT, dst: 9 },
      payload: data(2000),
    });
    assert.equal(sum, (want[26]! << 8) | want[27]!);
  });

  it('refuses with DF, with an MTU that holds nothing, and without memory; nothing leaks', () => {
    const b = bench({ MEM_SIZE: 11700 });
    b.pcb.tos = IP_TOS_DF;
    assert.equal(send(b, 2000).err, ERR_VAL);
    const small = send(b, 100);
    assert.equal(small.err, ERR_OK);
    assert.deepEqual([small.parts[0]!.ip!.df, small.parts[0]!.ip!.id, small.parts[0]!.ip!.tos], [true, 0, 0]);
    b.pcb.tos = 0x10;
    assert.equal(send(b, 100).parts[0]!.ip!.tos, 0x10);
    assert.equal(send(b, 10200).err, ERR_MEM);
    b.run(0);
    b.peer.take();
    b.host.netif.mtu = 27;
    assert.equal(send(b, 100).err, ERR_VAL);
    b.host.netif.mtu = 28;
    assert.equal(send(b, 8).parts.length, 2);
    assertClean(b.host, USED);
  });

  it('cuts a fragment of a longer datagram, and keeps only the options that are to be copied', () => {
    const b = bench();
    b.host.netif.mtu = 100;
    const options = [7, 4, 4, 0, 148, 4, 1, 2, 7, 4, 4, 0];
    const bytes = buildIp({
      ip: { src: '10.1.1.1', dst: PEER_IP, proto: 99, id: 5, offset: 800, mf: true, options },
      payload: data(144),
    });
    b.host.do((stack) => {
      const p = pbufAlloc(stack, PBUF_IP - 20, bytes.length, PBUF_RAM)!;
      pbufTake(p, bytes);
      assert.equal(ip4Frag(p, b.host.netif, ip(PEER_IP)), ERR_OK);
      pbufFree(p);
    });
    b.run(0);
    const parts = b.peer.takeIp();
    assert.deepEqual(
      parts.map((f) => [f.ip!.offset, f.ip!.mf, f.payload.length]),
      [
        [800, true, 64],
        [864, true, 64],
        [928, true, 16],
      ],
    );
    assert.deepEqual(parts[0]!.ip!.options, options);
    assert.deepEqual(parts[1]!.ip!.options, [1, 1, 1, 1, 148, 4, 1, 2, 1, 1, 1, 1]);
    assert(parts.every((f) => f.ip!.checksumOk));
    assertClean(b.host, USED);
  });
});
