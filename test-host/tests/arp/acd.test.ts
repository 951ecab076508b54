// RFC 5227 in virtual time: probes, announcements, conflicts of every kind, defence, rate limit.

import assert from 'node:assert/strict';
import {
  ACD_DECLINE,
  ACD_IP_OK,
  ACD_RESTART_CLIENT,
  acdAdd,
  acdNew,
  acdRemove,
  acdStart,
  acdStop,
  type Acd,
} from '../../../firmware/stack/acd/acd.js';
import { ERR_ARG, ERR_MEM, ERR_OK } from '../../../firmware/stack/core/err.js';
import { netifSetAddr, netifSetLinkDown } from '../../../firmware/stack/core/netif.js';
import { sysTimeout } from '../../../firmware/stack/core/timers.js';
import { assertClean } from '../../harness/clean.js';
import { BROADCAST_MAC } from '../../harness/frames.js';
import { ip } from '../../harness/host.js';
import { HOST_MAC, lab, PEER_MAC, type Lab } from '../../harness/lab.js';

const WANTED = '10.0.0.50';

interface Bench extends Lab {
  acd: Acd;
  results: { at: number; result: number }[];
  /** ARP requests of the host since the last call: time and sender address. */
  seen(): { at: number; spa: string; tpa: string; dst: string }[];
  start(): number;
}

function bench(restart = false, options = {}): Bench {
  const l = lab(options, { ip: undefined, netmask: undefined, gw: undefined });
  l.peer.answerArp = false;
  const acd = acdNew();
  const results: Bench['results'] = [];
  const log: ReturnType<Bench['seen']> = [];
  const hear = l.link.b.onFrame!;
  l.link.b.onFrame = (frame, meta) => {
    hear(frame, meta);
    for (const f of l.peer.takeArp()) {
      log.push({ at: l.scheduler.now / 1000, spa: f.arp!.spa, tpa: f.arp!.tpa, dst: f.eth.dst });
    }
  };
  acdAdd(l.host.netif, acd, (netif, result) => {
    results.push({ at: l.scheduler.now / 1000, result });
    if (result === ACD_IP_OK) netifSetAddr(netif, acd.ip, ip('255.255.255.0'), 0);
    else {
      netifSetAddr(netif, 0, 0, 0);
      if (restart) acdStart(netif, acd, acd.ip + 1);
    }
  });
  return {
    ...l,
    acd,
    results,
    seen: () => log.splice(0),
    start: () => l.host.do(() => acdStart(l.host.netif, acd, ip(WANTED))),
  };
}

function claim(b: Bench, spa = WANTED, sha = PEER_MAC, op = 2): void {
  b.peer.send({ eth: { dst: BROADCAST_MAC, src: sha }, arp: { op, sha, spa, tpa: spa } });
  b.run(0);
}

describe('acd', () => {
  it('probes three times, waits, announces twice, all within the times of RFC 5227', () => {
    const b = bench();
    assert.equal(b.start(), ERR_OK);
    b.run(12000);
    const sent = b.seen();
    assert.deepEqual(
      sent.map((x) => x.spa),
      ['0.0.0.0', '0.0.0.0', '0.0.0.0', WANTED, WANTED],
    );
    assert(sent.every((x) => x.tpa === WANTED && x.dst === BROADCAST_MAC));
    const t = sent.map((x) => x.at);
    assert(t[0]! < 1000);
    for (const i of [1, 2]) {
      const gap = t[i]! - t[i - 1]!;
      assert(gap >= 1000 && gap <= 2000, 'probe gap ' + gap);
    }
    assert.equal(t[3]! - t[2]!, 2000);
    assert.equal(t[4]! - t[3]!, 2000);
    assert.deepEqual(b.results, [{ at: t[3]!, result: ACD_IP_OK }]);
    assert.equal(b.host.stack.acd.running, false);
    assertClean(b.host);
  });

  it('spreads its times from host to host', () => {
    const first = new Set<number>();
    for (let i = 0; i < 5; i++) {
      const b = bench();
      for (let k = 0; k < i; k++) b.host.stack.random16();
      b.start();
      b.run(1000);
      first.add(b.seen()[0]!.at);
    }
    assert(first.size >= 4);
  });

  for (const [name, conflict] of [
    ['a reply from the address', (b: Bench): void => claim(b)],
    ['a request from the address', (b: Bench): void => claim(b, WANTED, PEER_MAC, 1)],
    [
      "another host's probe",
      (b: Bench): void => {
        b.peer.send({
          eth: { dst: BROADCAST_MAC, src: PEER_MAC },
          arp: { op: 1, sha: PEER_MAC, spa: '0.0.0.0', tpa: WANTED },
        });
        b.run(0);
      },
    ],
  ] as const) {
    for (const when of [0, 2500, 3900]) {
      it(`declines on ${name} after ${when} ms`, () => {
        const b = bench();
        b.start();
        b.run(when);
        if (b.results.length) return assert.fail('announced already');
        conflict(b);
        assert.deepEqual(
          b.results.map((x) => x.result),
          [ACD_DECLINE],
        );
        b.seen();
        b.run(20000);
        assert.deepEqual(b.seen(), []);
        assertClean(b.host);
      });
    }
  }

  it('does not mind its own packets, other addresses, or probes for others', () => {
    const b = bench();
    b.start();
    b.run(1500);
    claim(b, WANTED, HOST_MAC);
    claim(b, '10.0.0.51');
    b.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      arp: { op: 1, sha: PEER_MAC, spa: '0.0.0.0', tpa: '10.0.0.51' },
    });
    b.run(10000);
    assert.deepEqual(
      b.results.map((x) => x.result),
      [ACD_IP_OK],
    );
  });

  it('answers a probe for the address it has, without a conflict', () => {
    const b = bench();
    b.start();
    b.run(15000);
    b.seen();
    b.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      arp: { op: 1, sha: PEER_MAC, spa: '0.0.0.0', tpa: WANTED },
    });
    b.run(0);
    assert.deepEqual(
      b.seen().map((x) => [x.spa, x.dst]),
      [[WANTED, PEER_MAC]],
    );
    assert.equal(b.results.length, 1);
  });

  it('defends once in ten seconds, and gives way to the second conflict', () => {
    const b = bench();
    b.start();
    b.run(15000);
    b.seen();
    claim(b);
    assert.deepEqual(
      b.seen().map((x) => [x.spa, x.tpa, x.dst]),
      [[WANTED, WANTED, BROADCAST_MAC]],
    );
    b.run(10000);
    claim(b);
    assert.equal(b.seen().length, 1);
    assert.equal(b.results.length, 1);
    b.run(9999);
    claim(b);
    assert.deepEqual(
      b.results.map((x) => x.result),
      [ACD_IP_OK, ACD_RESTART_CLIENT],
    );
    b.run(0);
    assert.equal(b.seen().length, 0);
    assert.equal(b.host.netif.ipAddr, 0);
    assertClean(b.host);
  });

  it('probes no faster than once a minute after ten conflicts', () => {
    const b = bench(true);
    b.start();
    for (let i = 0; i < 10; i++) {
      claim(b, `10.0.0.${50 + i}`);
      b.seen();
    }
    assert.equal(b.results.length, 10);
    const from = b.scheduler.now / 1000;
    b.run(59000);
    assert.deepEqual(b.seen(), []);
    b.run(20000);
    assert(b.seen()[0]!.at - from >= 60000);
    assert.equal(b.results.at(-1)!.result, ACD_IP_OK);
    // An address that was kept clears the record.
    assert.equal(b.acd.conflicts, 0);
  });

  it('can be stopped, restarted and removed, also from its callback', () => {
    const b = bench();
    b.start();
    b.run(2000);
    b.host.do(() => acdStop(b.acd));
    b.seen();
    b.run(20000);
    assert.deepEqual(b.seen(), []);
    const second = acdNew();
    let told = 0;
    acdAdd(b.host.netif, second, (netif) => {
      told++;
      acdRemove(netif, second);
    });
    b.host.do(() => acdStart(b.host.netif, second, ip('10.0.0.60')));
    b.start();
    b.run(20000);
    assert.equal(told, 1);
    assert.equal(b.results.length, 1);
    assert(
      b.seen().every((x) => x.spa !== '10.0.0.60'),
      'not announced after its removal',
    );
    assert.equal(b.host.netif.acd, b.acd);
    b.host.do(() => acdRemove(b.host.netif, b.acd));
    assert.equal(b.host.netif.acd, null);
    claim(b);
    assert.equal(b.results.length, 1);
  });

  it('ends when the link goes down', () => {
    const b = bench();
    b.start();
    b.run(2000);
    b.host.do(() => netifSetLinkDown(b.host.netif));
    b.run(20000);
    assert.equal(b.results.length, 0);
    assertClean(b.host);
  });

  it('refuses what is no host address, a foreign record, and to start without a time-out', () => {
    const b = bench(false, { MEMP_NUM_SYS_TIMEOUT: 8 });
    const { netif, stack } = b.host;
    assert.equal(acdStart(netif, b.acd, 0), ERR_ARG);
    assert.equal(acdStart(netif, b.acd, ip('224.0.0.1')), ERR_ARG);
    assert.equal(acdStart(netif, acdNew(), ip(WANTED)), ERR_ARG);
    while (sysTimeout(stack, 100, () => {}, null) === ERR_OK);
    assert.equal(acdStart(netif, b.acd, ip(WANTED)), ERR_MEM);
    b.host.poll();
    b.run(200);
    assert.equal(b.start(), ERR_OK);
    b.run(10000);
    assert.equal(b.results.length, 1);
  });
});
