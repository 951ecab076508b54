// ARP on the wire: resolving, queueing, ageing, answering, and what must not be learnt.

import assert from 'node:assert/strict';
import {
  ETHARP_PENDING,
  ETHARP_STABLE,
  etharpAddStatic,
  etharpFindAddr,
  etharpOutput,
  etharpQuery,
  etharpRemoveStatic,
  etharpRequest,
} from '../../../firmware/stack/arp/etharp.js';
import { ERR_ARG, ERR_MEM, ERR_OK, ERR_RTE } from '../../../firmware/stack/core/err.js';
import {
  netifRemove,
  netifSetAddr,
  netifSetIpAddr,
  netifSetLinkDown,
  netifSetLinkUp,
} from '../../../firmware/stack/core/netif.js';
import {
  PBUF_LINK,
  PBUF_RAM,
  PBUF_REF,
  PBUF_ROM,
  pbufAlloc,
  pbufAllocReference,
  pbufFree,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import { DROP, ERR, LENERR, PROTERR, STAT_ETHARP } from '../../../firmware/stack/core/stats.js';
import { assertClean } from '../../harness/clean.js';
import { BROADCAST_MAC, buildIp, macText, ZERO_MAC } from '../../harness/frames.js';
import { ip, macBytes } from '../../harness/host.js';
import { HOST_IP, HOST_MAC, lab, PEER_IP, PEER_MAC, type Lab } from '../../harness/lab.js';

/** Sends a datagram to `dst` straight through etharpOutput(). */
function output(l: Lab, dst: string, mark = 0): number {
  const bytes = buildIp({ ip: { src: HOST_IP, dst, proto: 253 }, payload: Uint8Array.from([mark]) });
  return l.host.do((stack) => {
    const p = pbufAlloc(stack, PBUF_LINK, bytes.length, PBUF_RAM)!;
    pbufTake(p, bytes);
    const err = etharpOutput(l.host.netif, p, ip(dst));
    pbufFree(p);
    return err;
  });
}

function reply(l: Lab, spa = PEER_IP, mac = PEER_MAC): void {
  l.peer.send({ arp: { op: 2, sha: mac, spa, tha: HOST_MAC, tpa: HOST_IP } });
  l.run(0);
}

/** The station asks for the host's address, which enters it. */
function introduce(l: Lab, spa = PEER_IP, mac = PEER_MAC): void {
  l.peer.send({ eth: { dst: BROADCAST_MAC, src: mac }, arp: { op: 1, sha: mac, spa, tpa: HOST_IP } });
  l.run(0);
}

function known(l: Lab, addr: string): string | null {
  const mac = etharpFindAddr(l.host.netif, ip(addr));
  return mac && macText(mac);
}

describe('arp', () => {
  it('asks by broadcast, keeps the packet, and sends it when the answer comes', () => {
    const l = lab();
    l.peer.answerArp = false;
    assert.equal(output(l, PEER_IP, 7), ERR_OK);
    l.run(0);
    const [request, ...others] = l.peer.take();
    assert.equal(others.length, 0);
    assert.deepEqual(request!.eth, { dst: BROADCAST_MAC, src: HOST_MAC, type: 0x0806 });
    assert.deepEqual(request!.arp, {
      htype: 1,
      ptype: 0x0800,
      hlen: 6,
      plen: 4,
      op: 1,
      sha: HOST_MAC,
      spa: HOST_IP,
      tha: ZERO_MAC,
      tpa: PEER_IP,
    });
    assert.equal(known(l, PEER_IP), null);
    reply(l);
    assert.equal(known(l, PEER_IP), PEER_MAC);
    const [packet] = l.peer.take();
    assert.deepEqual(packet!.eth, { dst: PEER_MAC, src: HOST_MAC, type: 0x0800 });
    assert.deepEqual([...packet!.payload], [7]);
    // Known now: the next goes at once, by the cached header.
    for (const mark of [8, 9]) {
      assert.equal(output(l, PEER_IP, mark), ERR_OK);
      l.run(0);
      assert.deepEqual([...l.peer.take()[0]!.payload], [mark]);
    }
    assertClean(l.host);
  });

  it('repeats the request once a second, five times, then drops what waits', () => {
    const l = lab();
    l.peer.answerArp = false;
    output(l, PEER_IP);
    l.run(0);
    const times: number[] = [];
    for (let t = 0; t <= 8000; t += 100) {
      if (l.peer.takeArp().length) times.push(t);
      l.run(100);
      output(l, PEER_IP, 1); // more traffic does not make more requests
      if (t === 4500) break;
    }
    l.run(10000);
    assert.deepEqual(times, [0, 1000, 2000, 3000, 4000]);
    assert.equal(l.peer.takeArp().length, 1, 'one more at 5 s');
    assert.equal(l.host.stack.arp.table.filter((e) => e.state === ETHARP_PENDING).length, 0);
    assertClean(l.host);
  });

  it('never sends two requests for an address within a second, whatever the phase of the timer', () => {
    const l = lab();
    l.peer.answerArp = false;
    output(l, '10.0.0.9'); // starts the timer
    l.run(300);
    output(l, PEER_IP);
    const times: number[] = [];
    for (let i = 0; i < 400; i++) {
      const seen = l.peer.takeArp().filter((f) => f.arp!.tpa === PEER_IP);
      for (let k = 0; k < seen.length; k++) times.push(i * 10);
      output(l, PEER_IP);
      l.host.do(() => etharpQuery(l.host.netif, ip(PEER_IP), null));
      l.run(10);
    }
    for (let i = 1; i < times.length; i++) assert(times[i]! - times[i - 1]! >= 990, times.join());
    assert(times.length >= 3, times.join());
  });

  it('keeps the newest packets of an entry, and no more than the pool has', () => {
    const l = lab({ ARP_QUEUE_LEN: 3, MEMP_NUM_ARP_QUEUE: 4 });
    l.peer.answerArp = false;
    for (let mark = 1; mark <= 5; mark++) assert.equal(output(l, PEER_IP, mark), ERR_OK);
    // One place is left in the pool; the second packet pushes the first out.
    assert.equal(output(l, '10.0.0.3', 6), ERR_OK);
    assert.equal(output(l, '10.0.0.3', 7), ERR_OK);
    assert.equal(output(l, '10.0.0.4', 8), ERR_MEM);
    assert.equal(l.host.stack.stats[STAT_ETHARP + DROP], 4);
    l.run(0);
    l.peer.take();
    reply(l);
    assert.deepEqual(
      l.peer.takeIp().map((f) => f.payload[0]),
      [3, 4, 5],
    );
    reply(l, '10.0.0.3', '02:00:00:00:00:03');
    assert.deepEqual(
      l.peer.takeIp().map((f) => f.payload[0]),
      [7],
    );
    l.run(10000);
    assertClean(l.host);
  });

  it('copies changeable memory that has to wait, and refers to constant memory', () => {
    const l = lab();
    l.peer.answerArp = false;
    const bytes = buildIp({ ip: { src: HOST_IP, dst: PEER_IP, proto: 253 }, payload: 'before' });
    l.host.do((stack) => {
      for (const type of [PBUF_REF, PBUF_ROM]) {
        const p = pbufAllocReference(stack, bytes, 0, bytes.length, type)!;
        assert.equal(etharpOutput(l.host.netif, p, ip(PEER_IP)), ERR_OK);
        pbufFree(p);
      }
    });
    bytes.set(new TextEncoder().encode('after!'), 20);
    l.run(0);
    l.peer.take();
    reply(l);
    const text = l.peer.takeIp().map((f) => new TextDecoder().decode(f.payload));
    assert.deepEqual(text, ['before', 'after!']);
    assertClean(l.host);
  });

  it('drops a waiting packet that cannot be copied', () => {
    const l = lab({ MEM_SIZE: 7000 });
    l.peer.answerArp = false;
    const bytes = new Uint8Array(7500);
    const err = l.host.do((stack) => {
      const p = pbufAllocReference(stack, bytes, 0, bytes.length, PBUF_REF)!;
      const e = etharpOutput(l.host.netif, p, ip(PEER_IP));
      pbufFree(p);
      return e;
    });
    assert.equal(err, ERR_MEM);
    assertClean(l.host);
  });

  it('sends distant packets to the gateway, and refuses without one', () => {
    const l = lab();
    l.peer.answerArp = false;
    output(l, '192.168.7.7');
    l.run(0);
    assert.equal(l.peer.take()[0]!.arp!.tpa, '10.0.0.254');
    l.host.do(() => netifSetAddr(l.host.netif, ip(HOST_IP), ip('255.255.255.0'), 0));
    assert.equal(output(l, '192.168.7.7'), ERR_RTE);
    l.run(10000);
    assertClean(l.host);
  });

  it('forgets the cached next hop when the gateway changes', () => {
    const l = lab();
    introduce(l, '10.0.0.254', '02:00:00:00:00:fe');
    introduce(l, '10.0.0.253', '02:00:00:00:00:fd');
    output(l, '8.8.8.8');
    output(l, '8.8.8.8');
    l.host.do(() => netifSetAddr(l.host.netif, ip(HOST_IP), ip('255.255.255.0'), ip('10.0.0.253')));
    output(l, '8.8.8.8');
    l.run(0);
    assert.deepEqual(
      l.peer.takeIp().map((f) => f.eth.dst),
      ['02:00:00:00:00:fe', '02:00:00:00:00:fe', '02:00:00:00:00:fd'],
    );
  });

  it('asks for link-local destinations directly (RFC 3927, 2.6.2)', () => {
    const l = lab();
    l.peer.answerArp = false;
    output(l, '169.254.3.4');
    l.run(0);
    assert.equal(l.peer.take()[0]!.arp!.tpa, '169.254.3.4');
  });

  it('maps broadcasts and groups without asking', () => {
    const l = lab();
    for (const dst of ['255.255.255.255', '10.0.0.255', '224.0.0.251', '239.129.2.3']) output(l, dst);
    l.run(0);
    assert.deepEqual(
      l.peer.take().map((f) => f.eth.dst),
      [BROADCAST_MAC, BROADCAST_MAC, '01:00:5e:00:00:fb', '01:00:5e:01:02:03'],
    );
  });

  it('answers requests for its address only, and learns who asked', () => {
    const l = lab();
    introduce(l);
    const [answer] = l.peer.take();
    assert.deepEqual(answer!.eth, { dst: PEER_MAC, src: HOST_MAC, type: 0x0806 });
    assert.deepEqual(
      [answer!.arp!.op, answer!.arp!.sha, answer!.arp!.spa, answer!.arp!.tha, answer!.arp!.tpa],
      [2, HOST_MAC, HOST_IP, PEER_MAC, PEER_IP],
    );
    assert.equal(known(l, PEER_IP), PEER_MAC);
    l.peer.send({ arp: { op: 1, sha: PEER_MAC, spa: '10.0.0.3', tpa: '10.0.0.77' } });
    l.run(0);
    assert.equal(l.peer.take().length, 0);
    assert.equal(known(l, '10.0.0.3'), null);
    assertClean(l.host);
  });

  it('answers a probe for its address, and enters nobody for it', () => {
    const l = lab();
    introduce(l, '0.0.0.0');
    assert.equal(l.peer.take()[0]!.arp!.op, 2);
    assert.equal(known(l, '0.0.0.0'), null);
    assert(l.host.stack.arp.table.every((e) => e.state !== ETHARP_STABLE));
  });

  it('enters nothing for unasked replies, groups, strangers or its own address, but updates what it knows', () => {
    const l = lab();
    reply(l);
    assert.equal(known(l, PEER_IP), null, 'unasked reply');
    introduce(l, '10.0.0.255');
    introduce(l, '224.0.0.1');
    introduce(l, '172.16.0.1');
    introduce(l, HOST_IP);
    assert(l.host.stack.arp.table.every((e) => e.state !== ETHARP_STABLE));
    assert.equal(l.host.stack.stats[STAT_ETHARP + ERR], 1, 'somebody has our address');
    introduce(l);
    reply(l, PEER_IP, '02:00:00:00:00:99');
    assert.equal(known(l, PEER_IP), '02:00:00:00:00:99');
    // A gratuitous request updates as well (RFC 826: "if the pair is already in the table").
    l.peer.send({ arp: { op: 1, sha: PEER_MAC, spa: PEER_IP, tpa: PEER_IP } });
    l.run(0);
    assert.equal(known(l, PEER_IP), PEER_MAC);
    assertClean(l.host);
  });

  it('drops malformed packets, each counted', () => {
    const l = lab();
    const good = { op: 1, sha: PEER_MAC, spa: PEER_IP, tpa: HOST_IP };
    const bad = [
      { ...good, htype: 6 },
      { ...good, ptype: 0x86dd },
      { ...good, hlen: 8 },
      { ...good, plen: 16 },
      { ...good, op: 3 },
      { ...good, op: 0 },
      { ...good, sha: BROADCAST_MAC },
      { ...good, sha: '01:00:5e:00:00:01' },
      { ...good, sha: ZERO_MAC },
    ];
    for (const arp of bad) l.peer.send({ eth: { dst: BROADCAST_MAC, src: PEER_MAC }, arp });
    l.peer.send({ eth: { dst: BROADCAST_MAC, src: PEER_MAC, type: 0x0806 }, payload: new Uint8Array(27) });
    l.run(0);
    assert.equal(l.peer.take().length, 0);
    const { stats } = l.host.stack;
    assert.deepEqual([stats[STAT_ETHARP + PROTERR], stats[STAT_ETHARP + LENERR]], [bad.length, 1]);
    assert.equal(stats[STAT_ETHARP + DROP], bad.length + 1);
    assertClean(l.host);
  });

  it('polls a neighbour in use by unicast before its time is over, then by broadcast, then forgets it', () => {
    const l = lab({ ARP_MAXAGE: 60 });
    l.peer.answerArp = false;
    introduce(l);
    l.peer.take();
    const asked: [number, string][] = [];
    for (let s = 0; s < 62; s++) {
      if (known(l, PEER_IP)) output(l, PEER_IP);
      l.run(1000);
      for (const f of l.peer.takeArp()) asked.push([s + 1, f.eth.dst]);
    }
    const unicast = asked.filter(([, dst]) => dst === PEER_MAC).map(([s]) => s);
    const broadcast = asked.filter(([s, dst]) => dst === BROADCAST_MAC && s < 60).map(([s]) => s);
    assert.deepEqual([unicast[0], unicast.at(-1)], [30, 44]);
    assert.deepEqual([broadcast[0], broadcast.at(-1)], [45, 59]);
    assert.equal(known(l, PEER_IP), null);
  });

  it('stays known while polls are answered, with no gap in traffic', () => {
    const l = lab({ ARP_MAXAGE: 60 });
    introduce(l);
    l.peer.take();
    for (let s = 0; s < 200; s++) {
      output(l, PEER_IP, s);
      l.run(1000);
      assert.deepEqual(
        l.peer.takeIp().map((f) => f.payload[0]),
        [s],
      );
    }
    assert.equal(known(l, PEER_IP), PEER_MAC);
  });

  it('forgets an unused neighbour silently, and its timer ends', () => {
    const l = lab({ ARP_MAXAGE: 60 });
    introduce(l);
    output(l, PEER_IP);
    l.run(59500);
    assert.equal(known(l, PEER_IP), PEER_MAC);
    l.peer.take();
    l.run(1000);
    assert.equal(known(l, PEER_IP), null);
    assert.equal(l.peer.take().length, 0);
    assert.equal(l.host.stack.arp.running, false);
  });

  it('recycles the oldest entry; those who ask cannot push out what the host waits for', () => {
    const l = lab({ ARP_TABLE_SIZE: 3 });
    l.peer.answerArp = false;
    introduce(l, '10.0.0.11', '02:00:00:00:00:11');
    l.run(2000);
    introduce(l, '10.0.0.12', '02:00:00:00:00:12');
    introduce(l, '10.0.0.13', '02:00:00:00:00:13');
    introduce(l, '10.0.0.14', '02:00:00:00:00:14');
    assert.equal(known(l, '10.0.0.11'), null);
    assert(known(l, '10.0.0.12') && known(l, '10.0.0.13') && known(l, '10.0.0.14'));
    for (const n of [21, 22, 23]) output(l, '10.0.0.' + n);
    introduce(l, '10.0.0.31', '02:00:00:00:00:31');
    assert.equal(known(l, '10.0.0.31'), null);
    l.peer.take();
    reply(l, '10.0.0.22', '02:00:00:00:00:22');
    assert.equal(l.peer.takeIp().length, 1);
    // The host's own traffic goes before older questions.
    assert.equal(output(l, '10.0.0.24'), ERR_OK);
    assert.equal(output(l, '10.0.0.25'), ERR_OK);
    l.run(10000);
    assertClean(l.host);
  });

  it('static entries neither age nor change nor give way', () => {
    const l = lab({ ARP_TABLE_SIZE: 2, ARP_MAXAGE: 30 });
    const { netif } = l.host;
    const mac = '02:00:00:00:00:55';
    assert.equal(etharpAddStatic(netif, ip('10.0.0.5'), macBytes(mac)), ERR_OK);
    assert.equal(etharpAddStatic(netif, ip('224.0.0.5'), macBytes(mac)), ERR_ARG);
    assert.equal(etharpAddStatic(netif, ip('10.0.0.6'), macBytes(BROADCAST_MAC)), ERR_ARG);
    introduce(l, '10.0.0.5', PEER_MAC);
    for (const n of [7, 8, 9]) output(l, '10.0.0.' + n);
    l.run(100000);
    assert.equal(known(l, '10.0.0.5'), mac);
    l.peer.take();
    output(l, '10.0.0.5');
    l.run(0);
    assert.equal(l.peer.takeIp()[0]!.eth.dst, mac);
    assert.equal(etharpAddStatic(netif, ip('10.0.0.6'), macBytes(mac)), ERR_OK);
    assert.equal(etharpAddStatic(netif, ip('10.0.0.7'), macBytes(mac)), ERR_MEM);
    assert.equal(output(l, '10.0.0.99'), ERR_MEM);
    assert.equal(etharpRemoveStatic(netif, ip('10.0.0.5')), ERR_OK);
    assert.equal(etharpRemoveStatic(netif, ip('10.0.0.5')), ERR_ARG);
    assert.equal(known(l, '10.0.0.5'), null);
    l.host.do(() => netifRemove(netif));
    assert(l.host.stack.arp.table.every((e) => e.state === 0));
    assertClean(l.host);
  });

  it('a static entry sends what was waiting', () => {
    const l = lab();
    l.peer.answerArp = false;
    output(l, PEER_IP, 3);
    l.host.do(() => etharpAddStatic(l.host.netif, ip(PEER_IP), macBytes(PEER_MAC)));
    l.run(0);
    assert.deepEqual([...l.peer.takeIp()[0]!.payload], [3]);
    assertClean(l.host);
  });

  it('announces its address when it gets one and when the link comes', () => {
    const l = lab();
    const announced = (): string[] =>
      l.peer
        .takeArp()
        .filter((f) => f.arp!.op === 1 && f.arp!.spa === f.arp!.tpa && f.eth.dst === BROADCAST_MAC)
        .map((f) => f.arp!.spa);
    l.host.do(() => netifSetIpAddr(l.host.netif, ip('10.0.0.7')));
    l.run(0);
    assert.deepEqual(announced(), ['10.0.0.7']);
    l.host.do(() => netifSetLinkDown(l.host.netif));
    l.host.do(() => netifSetLinkUp(l.host.netif));
    l.run(0);
    assert.deepEqual(announced(), ['10.0.0.7']);
    l.host.do(() => netifSetIpAddr(l.host.netif, 0));
    l.run(0);
    assert.deepEqual(announced(), []);
  });

  it('forgets neighbours, and what waits for them, with the address and with the link', () => {
    for (const change of [
      (l: Lab): void => netifSetIpAddr(l.host.netif, ip('10.0.0.7')),
      (l: Lab): void => netifSetLinkDown(l.host.netif),
    ]) {
      const l = lab();
      l.peer.answerArp = false;
      introduce(l);
      output(l, '10.0.0.9');
      l.host.do(() => change(l));
      assert(l.host.stack.arp.table.every((e) => e.state === 0));
      assertClean(l.host);
    }
  });

  it('refuses to ask for what is no unicast address', () => {
    const l = lab();
    for (const a of ['0.0.0.0', '10.0.0.255', '255.255.255.255', '224.0.0.1', '240.0.0.1']) {
      assert.equal(etharpQuery(l.host.netif, ip(a), null), ERR_ARG, a);
    }
    assert.equal(
      l.host.do(() => etharpRequest(l.host.netif, ip(PEER_IP))),
      ERR_OK,
    );
  });
});
