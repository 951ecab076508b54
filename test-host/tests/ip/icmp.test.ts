// ICMP on the wire: echo, errors sent and the rules for them, errors received, the pinger.

import assert from 'node:assert/strict';
import {
  ERR_ALREADY,
  ERR_CONN,
  ERR_MEM,
  ERR_OK,
  ERR_RTE,
  ERR_TIMEOUT,
} from '../../../firmware/stack/core/err.js';
import { NETIF_CHECKSUM_CHECK_ICMP, NETIF_CHECKSUM_GEN_ICMP } from '../../../firmware/stack/core/netif.js';
import { PBUF_IP, PBUF_RAM, pbufAlloc, pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import {
  CHKERR,
  DROP,
  LENERR,
  MEMERR,
  PROTERR,
  RECV,
  STAT_ICMP,
  XMIT,
} from '../../../firmware/stack/core/stats.js';
import { icmpErrorAllowed } from '../../../firmware/stack/icmp/icmp.js';
import {
  icmpEchoRequest,
  pingNew,
  pingRemove,
  pingSend,
  type PingResult,
} from '../../../firmware/stack/icmp/ping.js';
import { rawBind, rawNew, rawRecv, rawRemove, rawSend, rawConnect } from '../../../firmware/stack/raw/raw.js';
import { udpBind, udpConnect, udpErr, udpNew } from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import { BROADCAST_MAC, buildIp } from '../../harness/frames.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, HOST_MAC, lab, PEER_IP, PEER_MAC, type Lab } from '../../harness/lab.js';
import { SeededRandom } from '../../sim/random.js';

function bytes(n: number, seed = 1): Uint8Array {
  const r = new SeededRandom(seed);
  return Uint8Array.from({ length: n }, () => r.below(256));
}

function stat(l: Lab, field: number): number {
  return l.host.stack.stats[STAT_ICMP + field]!;
}

describe('icmp echo', () => {
  it('answers any size with the same data and a right checksum', () => {
    const l = lab();
    for (const size of [0, 1, 2, 17, 56, 57, 999, 1472]) {
      const payload = bytes(size, size);
      l.peer.send({ ip: { ttl: 3 }, icmp: { type: 8, id: 0x1234, seq: size }, payload });
      l.run(0);
      const [f] = l.peer.takeIp();
      assert.deepEqual([f!.eth.dst, f!.eth.src], [PEER_MAC, HOST_MAC]);
      assert.deepEqual([f!.ip!.src, f!.ip!.dst, f!.ip!.ttl], [HOST_IP, PEER_IP, 64]);
      assert.deepEqual([f!.icmp!.type, f!.icmp!.code, f!.icmp!.id, f!.icmp!.seq], [0, 0, 0x1234, size]);
      assert(f!.ip!.checksumOk && f!.icmp!.checksumOk);
      assert.deepEqual(f!.payload, payload);
    }
    assertClean(l.host);
  });

  it('has a right checksum at every value that the request’s may have', () => {
    const l = lab();
    l.peer.send({ icmp: { type: 8 } });
    l.run(0);
    l.peer.take();
    for (const seq of [0, 0xf7fe, 0xf7ff, 0xf800, 0xf801, 0xffff, 0xffe, 0x7ff, 0x800]) {
      l.peer.send({ icmp: { type: 8, id: 0, seq } });
    }
    l.run(0);
    const answers = l.peer.takeIp();
    assert.equal(answers.length, 9);
    for (const f of answers) assert(f.icmp!.checksumOk, 'seq ' + f.icmp!.seq);
  });

  it('answers a datagram in fragments with fragments', () => {
    const l = lab({ MEM_SIZE: 12000 });
    const payload = bytes(4000);
    l.peer.send({ icmp: { type: 8 } });
    l.run(0);
    l.peer.take();
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
    ]) {
      l.peer.sendFragments({ ip: { id: 77 }, icmp: { type: 8, id: 5, seq: 6 }, payload }, 1480, order);
      l.run(0);
      const parts = l.peer.takeIp();
      assert.deepEqual(
        parts.map((f) => [f.ip!.offset, f.ip!.mf, f.ip!.totalLength]),
        [
          [0, true, 1500],
          [1480, true, 1500],
          [2960, false, 4008 - 2960 + 20],
        ],
      );
      const body = Uint8Array.from(parts.flatMap((f) => [...f.payload]));
      const want = buildIp({ ip: { src: HOST_IP, dst: PEER_IP }, icmp: { type: 0, id: 5, seq: 6 }, payload });
      assert.deepEqual(body, want.subarray(20));
      assertClean(l.host);
    }
  });

  it('takes request options off the answer', () => {
    const l = lab();
    l.peer.send({ ip: { options: [7, 7, 4, 0, 0, 0, 0] }, icmp: { type: 8 }, payload: 'options' });
    l.run(0);
    const [f] = l.peer.takeIp();
    assert.equal(f!.ip!.ihl, 5);
    assert(f!.icmp!.checksumOk && f!.ip!.checksumOk);
    assert.equal(new TextDecoder().decode(f!.payload), 'options');
  });

  it('does not answer groups, nor what is short or broken', () => {
    const l = lab();
    for (const dst of ['255.255.255.255', '10.0.0.255']) {
      l.peer.send({ eth: { dst: BROADCAST_MAC, src: PEER_MAC }, ip: { dst }, icmp: { type: 8 } });
    }
    l.peer.send({ icmp: { type: 8, checksum: 0x1234 } });
    l.peer.send({ ip: { proto: 1 }, payload: new Uint8Array(7) });
    l.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { src: '0.0.0.0', dst: '255.255.255.255' },
      icmp: { type: 8 },
    });
    l.run(0);
    assert.equal(l.peer.takeIp().length, 0);
    assert.deepEqual([stat(l, CHKERR), stat(l, LENERR), stat(l, RECV)], [1, 1, 5]);
    assertClean(l.host);
  });

  it('leaves checksums to the chip, but not across fragments', () => {
    const l = lab();
    l.host.netif.chksumFlags &= ~(NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_CHECK_ICMP);
    l.peer.send({ icmp: { type: 8, checksum: 0x1234 } });
    l.peer.sendFragments({ ip: { id: 3 }, icmp: { type: 8, checksum: 0x1234 }, payload: bytes(100) }, 64);
    l.peer.sendFragments({ ip: { id: 4 }, icmp: { type: 8 }, payload: bytes(2000) }, 1400);
    l.run(0);
    const answers = l.peer.takeIp();
    assert.deepEqual(
      answers.map((f) => f.ip!.offset),
      [0, 0, 1480],
      'the broken one in fragments is not answered',
    );
    assert.equal(answers[0]!.icmp!.checksum, 0);
    assert.notEqual((answers[1]!.payload[2]! << 8) | answers[1]!.payload[3]!, 0);
    assert.equal(stat(l, CHKERR), 1);
  });

  it('ignores other queries and unknown types', () => {
    const l = lab();
    for (const type of [0, 4, 5, 13, 15, 17, 42]) l.peer.send({ icmp: { type }, payload: bytes(40) });
    l.run(0);
    assert.equal(l.peer.takeIp().length, 0);
    assert.equal(stat(l, PROTERR), 6);
    assertClean(l.host);
  });

  it('answers from a copy when somebody holds the request, and not at all without memory', () => {
    for (const memory of [true, false]) {
      const l = lab({ MEM_SIZE: 11700 });
      const held: { ref: number }[] = [];
      l.host.do((stack) => {
        const pcb = rawNew(stack, 1)!;
        rawRecv(pcb, (_arg, _pcb, p) => (p.ref++, held.push(p), 0), null);
      });
      l.peer.send({ icmp: { type: 0 } });
      l.run(0);
      const request = bytes(1000);
      const blocks = [];
      for (let p; !memory && (p = pbufAlloc(l.host.stack, PBUF_IP, 1000, PBUF_RAM));) blocks.push(p);
      l.peer.send({ icmp: { type: 8 }, payload: request });
      l.run(0);
      const p = held[1] as never as Parameters<typeof pbufFree>[0];
      assert.deepEqual(pbufBytes(p!).slice(-1000), request);
      assert.equal(l.peer.takeIp().length, memory ? 1 : 0);
      if (!memory) assert.equal(stat(l, MEMERR), 1);
      held.forEach((h) => pbufFree(h as never));
      blocks.forEach((b) => pbufFree(b));
      assertClean(l.host, { RAW_PCB: 1 });
    }
  });
});

describe('icmp errors sent', () => {
  it('quote the IP header and 8 bytes, from the address that was asked', () => {
    const l = lab();
    const sent = { ip: { options: [1, 1, 1, 0], id: 9 }, udp: { src: 5, dst: 6 }, payload: 'nobody there' };
    l.peer.send(sent);
    l.run(0);
    const [f] = l.peer.takeIp();
    assert.deepEqual([f!.ip!.src, f!.icmp!.type, f!.icmp!.code, f!.icmp!.rest], [HOST_IP, 3, 3, 0]);
    assert(f!.icmp!.checksumOk && f!.ip!.checksumOk);
    const original = buildIp({ ...sent, ip: { src: PEER_IP, dst: HOST_IP, ...sent.ip } });
    assert.deepEqual(f!.payload, original.subarray(0, 24 + 8));
    assertClean(l.host);
  });

  it('are not about errors, groups, later fragments, or sources that are no host', () => {
    const l = lab();
    l.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { dst: '10.0.0.255' },
      udp: { src: 1, dst: 2 },
    });
    l.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { dst: '255.255.255.255', proto: 99 },
      payload: 'x',
    });
    l.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { src: '0.0.0.0', dst: '255.255.255.255' },
      udp: { src: 1, dst: 2 },
    });
    l.peer.send({ icmp: { type: 3, code: 3 }, payload: bytes(40) });
    l.run(0);
    assert.equal(l.peer.takeIp().length, 0);
    assert.equal(stat(l, XMIT), 0);
    assertClean(l.host);
  });

  it('are limited to ICMP_ERROR_RATE a second', () => {
    const l = lab({ ICMP_ERROR_RATE: 5 });
    l.peer.send({ icmp: { type: 8 } });
    l.run(0);
    l.peer.take();
    const burst = (): number => {
      for (let i = 0; i < 20; i++) l.peer.send({ udp: { src: 5, dst: 6 } });
      l.run(0);
      return l.peer.takeIp().length;
    };
    assert.equal(burst(), 5);
    assert.equal(stat(l, DROP), 15);
    l.run(199);
    assert.equal(burst(), 0);
    l.run(1);
    assert.equal(burst(), 1);
    l.run(400);
    assert.equal(burst(), 2);
    l.run(60000);
    assert.equal(burst(), 5);
    // No second has more than twice the rate, and the long run keeps to it.
    let n = 0;
    l.run(1000);
    for (let t = 0; t < 10000; t += 7) {
      if (icmpErrorAllowed(l.host.stack)) n++;
      l.run(7);
    }
    assert(n >= 49 && n <= 55, String(n));
    assertClean(l.host);
  });

  it('are never sent with a rate of 0', () => {
    const l = lab({ ICMP_ERROR_RATE: 0 });
    for (let i = 0; i < 5; i++) {
      l.peer.send({ udp: { src: 5, dst: 6 } });
      l.run(700);
    }
    assert.equal(l.peer.takeIp().length, 0);
  });

  it('are left out when the heap is exhausted', () => {
    const l = lab();
    const blocks = [];
    for (let p; (p = pbufAlloc(l.host.stack, PBUF_IP, 60, PBUF_RAM));) blocks.push(p);
    l.peer.send({ udp: { src: 5, dst: 6 } });
    l.run(0);
    assert.equal(stat(l, MEMERR), 1);
    blocks.forEach((b) => pbufFree(b));
    assertClean(l.host);
  });
});

describe('icmp errors received', () => {
  /** An error about a UDP datagram from the host's port 1000 to the peer's port 2000. */
  function unreachable(
    l: Lab,
    type: number,
    code: number,
    quoted: Parameters<typeof buildIp>[0]['ip'] | null = null,
    cut = 28,
  ): void {
    const original = buildIp({
      ip: { src: HOST_IP, dst: PEER_IP, ...quoted },
      udp: { src: 1000, dst: 2000 },
      payload: 'lost',
    });
    l.peer.send({ icmp: { type, code }, payload: original.slice(0, cut) });
    l.run(0);
  }

  it('reach the UDP PCB that they are about, with a code that tells what happened', () => {
    const l = lab();
    const errors: number[] = [];
    const pcbs = l.host.do((stack) => {
      const [a, b] = [udpNew(stack)!, udpNew(stack)!];
      udpBind(a, 0, 1000);
      udpConnect(a, ip(PEER_IP), 2000);
      udpBind(b, 0, 1001);
      udpErr(a, (_arg, _pcb, err) => errors.push(err), null);
      udpErr(b, () => assert.fail('for another'), null);
      return [a, b];
    });
    unreachable(l, 3, 3);
    unreachable(l, 3, 1);
    unreachable(l, 11, 0);
    assert.deepEqual(errors, [ERR_CONN, ERR_RTE, ERR_TIMEOUT]);
    unreachable(l, 3, 3, { src: HOST_IP, dst: '10.0.0.3' });
    unreachable(l, 3, 3, { src: '10.0.0.3', dst: PEER_IP });
    unreachable(l, 3, 3, { src: HOST_IP, dst: PEER_IP, offset: 8 });
    unreachable(l, 3, 3, { src: HOST_IP, dst: PEER_IP, version: 6 });
    unreachable(l, 3, 3, { src: HOST_IP, dst: PEER_IP, ihl: 4 });
    unreachable(l, 3, 3, null, 27);
    unreachable(l, 3, 3, null, 0);
    assert.equal(errors.length, 3);
    assert.equal(stat(l, LENERR), 4);
    assert.equal(stat(l, PROTERR), 2);
    udpErr(pcbs[0]!, null, null);
    unreachable(l, 3, 3);
    assert.equal(errors.length, 3);
    assertClean(l.host, { UDP_PCB: 2 });
  });
});

describe('ping', () => {
  function pinged(l: Lab, n: number): PingResult[] {
    const results: PingResult[] = [];
    const ping = l.host.do((stack) => pingNew(stack)!);
    for (let i = 0; i < n; i++) {
      const err = l.host.do(() => pingSend(ping, ip(PEER_IP), 56, 1000, (_ping, r) => results.push(r)));
      assert.equal(err, ERR_OK);
      assert.equal(
        pingSend(ping, ip(PEER_IP), 56, 1000, () => {}),
        ERR_ALREADY,
      );
      l.run(2000);
    }
    l.host.do(() => pingRemove(ping));
    return results;
  }

  it('reports time, size and time to live of the reply', () => {
    const l = lab({}, {}, { delay: 20000 });
    const hear = l.link.b.onFrame!;
    l.link.b.onFrame = (frame, meta) => {
      hear(frame, meta);
      for (const f of l.peer.takeIp()) {
        assert(f.icmp!.checksumOk);
        l.peer.send({
          ip: { ttl: 42 },
          icmp: { type: 0, id: f.icmp!.id, seq: f.icmp!.seq, checksum: 1 },
          payload: f.payload,
        });
        l.peer.send({
          ip: { ttl: 42 },
          icmp: { type: 0, id: f.icmp!.id, seq: f.icmp!.seq + 1 },
          payload: f.payload,
        });
        l.peer.send({
          ip: { ttl: 42 },
          icmp: { type: 0, id: f.icmp!.id, seq: f.icmp!.seq },
          payload: f.payload,
        });
      }
    };
    const results = pinged(l, 3);
    assert.deepEqual(
      results.map((r) => [r.err, r.seq, r.ttl, r.size]),
      [1, 2, 3].map((seq) => [ERR_OK, seq, 42, 56]),
    );
    // The first also waits for ARP.
    assert.deepEqual(
      results.map((r) => r.time),
      [80, 40, 40],
    );
    assertClean(l.host);
  });

  it('times out once', () => {
    const l = lab();
    const results = pinged(l, 2);
    assert.deepEqual(
      results.map((r) => r.err),
      [ERR_TIMEOUT, ERR_TIMEOUT],
    );
    assertClean(l.host);
  });

  it('fails with what is exhausted', () => {
    const l = lab({ MEMP_NUM_RAW_PCB: 1 });
    const ping = l.host.do((stack) => pingNew(stack)!);
    assert.equal(pingNew(l.host.stack), null);
    assert.equal(
      pingSend(ping, ip(PEER_IP), 60000, 10, () => assert.fail()),
      ERR_MEM,
    );
    assert.equal(
      pingSend(ping, 0, 8, 10, () => assert.fail()),
      -6,
    );
    l.run(1000);
    l.host.do(() => pingRemove(ping));
    assertClean(l.host);
  });

  it('pings itself, by its own address and by loopback', () => {
    const l = lab();
    const ping = l.host.do((stack) => pingNew(stack)!);
    for (const dst of [HOST_IP, '127.0.0.1', '127.9.9.9']) {
      const results: PingResult[] = [];
      assert.equal(
        l.host.do(() => pingSend(ping, ip(dst), 100, 500, (_p, r) => results.push(r))),
        ERR_OK,
      );
      l.run(10);
      assert.deepEqual([results[0]?.err, results[0]?.size], [ERR_OK, 100], dst);
    }
    assert.equal(l.peer.take().length, 0, 'nothing on the wire');
    l.host.do(() => pingRemove(ping));
    assertClean(l.host);
  });
});

describe('raw', () => {
  it('gives datagrams of its protocol, at the IP header, before others see them', () => {
    const l = lab();
    const seen: string[] = [];
    const [any, bound] = l.host.do((stack) => {
      const a = rawNew(stack, 99)!;
      const b = rawNew(stack, 99)!;
      rawBind(b, ip('10.0.0.9'));
      rawRecv(
        a,
        (name, _pcb, p, addr) => {
          seen.push(`${name} ${p.totLen} ${p.payload[p.off]} ${addr === ip(PEER_IP)}`);
          pbufFree(p);
          return 1;
        },
        'a',
      );
      rawRecv(b, () => assert.fail(), 'b');
      return [a, b];
    });
    assert.equal(rawNew(l.host.stack, 1), null);
    l.peer.send({ ip: { proto: 99 }, payload: 'hello' });
    l.peer.send({ ip: { proto: 98 }, payload: 'hello' });
    l.run(0);
    assert.deepEqual(seen, ['a 25 69 true']);
    assert.equal(l.peer.takeIp().length, 1, 'unreachable for 98 only');
    rawConnect(any, ip('10.0.0.3'));
    l.peer.send({ ip: { proto: 99 }, payload: 'hello' });
    l.run(0);
    assert.equal(seen.length, 1);
    rawRemove(bound);
    rawRemove(bound);
    rawRemove(any);
    assertClean(l.host);
  });

  it('sends from any kind of pbuf', () => {
    const l = lab();
    const pcb = l.host.do((stack) => rawNew(stack, 1)!);
    rawConnect(pcb, ip(PEER_IP));
    l.host.do((stack) => {
      const p = icmpEchoRequest(stack, 1, 2, 30)!;
      assert.equal(rawSend(pcb, p), ERR_OK);
      pbufFree(p);
    });
    l.run(0);
    const [f] = l.peer.takeIp();
    assert.deepEqual([f!.icmp!.type, f!.icmp!.id, f!.icmp!.seq, f!.payload.length], [8, 1, 2, 30]);
    assert(f!.icmp!.checksumOk && f!.ip!.checksumOk);
    rawRemove(pcb);
    assertClean(l.host);
  });
});
