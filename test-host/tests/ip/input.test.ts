// Which received datagrams are valid, and which are for this host. A ping or a UDP datagram tells.

import assert from 'node:assert/strict';
import {
  NETIF_CHECKSUM_CHECK_IP,
  NETIF_FLAG_ACCEPT_ALL,
  NETIF_FLAG_IGMP,
  NETIF_FLAG_RXFILTER,
  netifSetAddr,
  netifSetDown,
  netifSetIpAddr,
} from '../../../firmware/stack/core/netif.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import {
  CHKERR,
  DROP,
  ERR,
  LENERR,
  OPTERR,
  PROTERR,
  RECV,
  STAT_IP,
  STAT_LINK,
} from '../../../firmware/stack/core/stats.js';
import { ipInput } from '../../../firmware/stack/ip/ip.js';
import { pbufAllocRx } from '../../../firmware/stack/core/pbuf.js';
import { udpBind, udpNew, udpRecv } from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import { BROADCAST_MAC, build, buildIp, type FrameFields, type Ip4Fields } from '../../harness/frames.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, HOST_MAC, lab, PEER_IP, PEER_MAC, type Lab } from '../../harness/lab.js';

const PORT = 7000;

interface Listener extends Lab {
  /** Datagrams that reached the application since the last call. */
  got(): string[];
  /** Sends a UDP datagram with these IP fields; tells whether the application saw it. */
  reaches(fields: Partial<Ip4Fields>, eth?: string): boolean;
  stat(field: number): number;
}

function listener(config = {}): Listener {
  const l = lab({}, config);
  const got: string[] = [];
  l.host.do((stack) => {
    const pcb = udpNew(stack)!;
    udpBind(pcb, 0, PORT);
    udpRecv(
      pcb,
      (_arg, _pcb, p) => {
        got.push(String(p.totLen));
        pbufFree(p);
      },
      null,
    );
  });
  const take = (): string[] => got.splice(0);
  return {
    ...l,
    got: take,
    reaches: (fields, eth = HOST_MAC) => {
      l.peer.send({
        eth: { dst: eth, src: PEER_MAC },
        ip: fields,
        udp: { src: 1, dst: PORT },
        payload: 'x',
      });
      l.run(0);
      assertClean(l.host, { UDP_PCB: 1 });
      return take().length > 0;
    },
    stat: (field) => l.host.stack.stats[STAT_IP + field]!,
  };
}

describe('ip input', () => {
  it('takes a good datagram, and cuts padding off', () => {
    const l = listener();
    const frame = build({
      eth: { dst: HOST_MAC, src: PEER_MAC },
      ip: { src: PEER_IP, dst: HOST_IP },
      udp: { src: 1, dst: PORT },
      payload: 'abc',
    });
    const padded = new Uint8Array(60);
    padded.set(frame);
    l.peer.sendRaw(padded);
    l.run(0);
    assert.deepEqual(l.got(), ['3']);
  });

  it('drops what is malformed, and counts why', () => {
    const l = listener();
    const count = (field: number, fields: Partial<Ip4Fields>): void => {
      const before = l.stat(field);
      const drops = l.stat(DROP);
      assert(!l.reaches(fields), JSON.stringify(fields));
      assert.equal(l.stat(field), before + 1, JSON.stringify(fields));
      assert.equal(l.stat(DROP), drops + 1);
    };
    count(PROTERR, { version: 6 });
    count(LENERR, { ihl: 4 });
    count(LENERR, { ihl: 15 });
    count(LENERR, { totalLength: 19 });
    count(LENERR, { totalLength: 1000 });
    count(CHKERR, { checksum: 0x1234 });
    count(CHKERR, { options: [1, 1, 1, 1], checksum: 0x1234 });
    for (const length of [0, 1, 19]) {
      const before = l.stat(LENERR);
      l.peer.send({ eth: { dst: HOST_MAC, src: PEER_MAC, type: 0x0800 }, payload: new Uint8Array(length) });
      l.run(0);
      assert.equal(l.stat(LENERR), before + 1);
    }
    assertClean(l.host, { UDP_PCB: 1 });
  });

  it('leaves the header checksum to the chip where that checks it', () => {
    const l = listener();
    l.host.netif.chksumFlags &= ~NETIF_CHECKSUM_CHECK_IP;
    assert(l.reaches({ checksum: 0x1234 }));
  });

  it('drops short frames, unknown types and 802.3 lengths; others’ frames are not counted as faults', () => {
    const l = listener();
    const drops = (): number => l.host.stack.stats[STAT_LINK + DROP]!;
    l.peer.sendRaw(new Uint8Array(13));
    l.run(0);
    assert.equal(l.host.stack.stats[STAT_LINK + LENERR], 1);
    for (const type of [0x86dd, 0x8100, 0x0801, 46, 0]) {
      l.peer.send({ eth: { dst: HOST_MAC, src: PEER_MAC, type }, payload: new Uint8Array(46) });
    }
    l.run(0);
    assert.equal(l.host.stack.stats[STAT_LINK + PROTERR], 5);
    assert.equal(drops(), 6);
    assert(!l.reaches({}, '02:00:00:00:00:77'));
    assert.equal(drops(), 6);
    // A chip that filters saves the comparison.
    l.host.netif.flags |= NETIF_FLAG_RXFILTER;
    assert(l.reaches({}, '02:00:00:00:00:77'));
    assertClean(l.host, { UDP_PCB: 1 });
  });

  it('drops martian sources', () => {
    const l = listener();
    const martians = [
      '255.255.255.255',
      '10.0.0.255',
      '224.0.0.5',
      '240.1.2.3',
      '127.0.0.1',
      '127.5.5.5',
      HOST_IP,
      '0.0.0.0',
      '0.1.2.3',
    ];
    for (const src of martians) assert(!l.reaches({ src }), src);
    assert.equal(l.stat(ERR), martians.length);
    // Not the broadcast address of this network, however it looks.
    assert(l.reaches({ src: '10.0.1.255' }));
    assert(l.reaches({ src: '192.168.0.1' }));
    assert(l.reaches({ src: '0.0.0.0', dst: '255.255.255.255' }, BROADCAST_MAC));
    assert(l.reaches({ src: '0.0.0.0', dst: '10.0.0.255' }, BROADCAST_MAC));
    assert(!l.reaches({ src: '0.0.0.1', dst: '255.255.255.255' }, BROADCAST_MAC));
  });

  it('takes its own address, broadcasts, and nothing else', () => {
    const l = listener();
    assert(l.reaches({ dst: '255.255.255.255' }, BROADCAST_MAC));
    assert(l.reaches({ dst: '10.0.0.255' }, BROADCAST_MAC));
    for (const dst of ['10.0.0.3', '10.0.1.255', '127.0.0.1', '240.0.0.1', '0.0.0.0', '224.0.0.1']) {
      assert(!l.reaches({ dst }), dst);
    }
    // RFC 3021: no broadcast address in networks of two hosts.
    l.host.do(() => netifSetAddr(l.host.netif, ip('10.0.0.2'), ip('255.255.255.254'), 0));
    assert(!l.reaches({ src: '10.0.0.9', dst: '10.0.0.3' }, BROADCAST_MAC));
    assert(l.reaches({ src: '10.0.0.3', dst: '10.0.0.2' }));
    l.host.do(() => netifSetAddr(l.host.netif, ip('10.0.0.2'), ip('255.255.255.255'), 0));
    assert(l.reaches({ src: '10.0.0.3', dst: '10.0.0.2' }));
  });

  it('takes 224.0.0.1 where the interface does multicast, and no other group yet', () => {
    const l = listener();
    l.host.netif.flags |= NETIF_FLAG_IGMP;
    assert(l.reaches({ dst: '224.0.0.1' }, '01:00:5e:00:00:01'));
    assert(!l.reaches({ dst: '224.0.0.2' }, '01:00:5e:00:00:02'));
  });

  it('drops a datagram to one host in a broadcast or multicast frame (RFC 1122, 3.3.6)', () => {
    const l = listener();
    assert(!l.reaches({}, BROADCAST_MAC));
    assert(!l.reaches({}, '01:00:5e:00:00:01'));
    assert.equal(l.stat(ERR), 2);
  });

  it('takes any host’s address as its own with ACCEPT_ALL, but no groups or reserved ones', () => {
    const l = listener();
    l.host.netif.flags |= NETIF_FLAG_ACCEPT_ALL;
    assert(l.reaches({ dst: '93.184.216.34' }));
    assert(!l.reaches({ dst: '224.0.0.9' }, '01:00:5e:00:00:09'));
    assert(!l.reaches({ dst: '240.0.0.9' }));
  });

  it('takes nothing while the interface is down', () => {
    const l = listener();
    l.host.do(() => netifSetDown(l.host.netif));
    assert(!l.reaches({}));
  });

  it('takes what comes for the DHCP client port while it has no address, nothing else', () => {
    const l = lab({}, { ip: undefined, netmask: undefined, gw: undefined });
    let got = 0;
    l.host.do((stack) => {
      for (const port of [68, 69]) {
        const pcb = udpNew(stack)!;
        udpBind(pcb, 0, port);
        udpRecv(pcb, (_a, _b, p) => (got++, void pbufFree(p)), null);
      }
    });
    for (const [dst, port] of [
      ['10.0.0.9', 68],
      ['10.0.0.9', 69],
      ['255.255.255.255', 68],
    ] as const) {
      l.peer.send({ ip: { dst }, udp: { src: 67, dst: port } });
    }
    l.run(0);
    assert.equal(got, 2);
    l.host.do(() => netifSetIpAddr(l.host.netif, ip('10.0.0.8')));
    l.peer.send({ ip: { dst: '10.0.0.9' }, udp: { src: 67, dst: 68 } });
    l.run(0);
    assert.equal(got, 2);
  });

  it('skips options, refuses source routes and malformed ones', () => {
    const l = listener();
    const good = [
      [1, 1, 1, 0],
      [148, 4, 0, 0],
      [7, 7, 4, 0, 0, 0, 0],
      [0, 131, 99, 99],
    ];
    for (const options of good) assert(l.reaches({ options }), String(options));
    const bad = [
      [131, 7, 4, 1, 2, 3, 4],
      [137, 7, 4, 1, 2, 3, 4],
      [1, 1, 131, 3],
      [148, 1, 0, 0],
      [148, 0, 0, 0],
      [148, 5, 0, 0],
      [1, 1, 1, 148],
    ];
    for (const options of bad) assert(!l.reaches({ options }), String(options));
    assert.equal(l.stat(OPTERR), bad.length);
  });

  it('tells the sender of a protocol that nobody takes', () => {
    const l = lab();
    l.peer.send({ ip: { proto: 99 }, payload: 'some protocol' });
    l.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { proto: 99, dst: '10.0.0.255' },
      payload: 'x',
    });
    l.run(0);
    const answers = l.peer.takeIp();
    assert.equal(answers.length, 1);
    assert.deepEqual([answers[0]!.icmp!.type, answers[0]!.icmp!.code], [3, 2]);
    assert.equal(l.host.stack.stats[STAT_IP + PROTERR], 2);
    assertClean(l.host);
  });

  it('reads a header from a chain only where it is whole, and trims chains', () => {
    const l = listener();
    const { stack, netif } = l.host;
    const bytes = buildIp({
      ip: { src: PEER_IP, dst: HOST_IP },
      udp: { src: 1, dst: PORT },
      payload: 'abcdefgh',
    });
    const padded = new Uint8Array(bytes.length + 9);
    padded.set(bytes);
    for (const cut of [10, 19, 20, 27, 28, 33, 36]) {
      const a = pbufAllocRx(stack, padded, 0, cut)!;
      const b = pbufAllocRx(stack, padded, cut, padded.length - cut)!;
      a.next = b;
      a.totLen = padded.length;
      ipInput(a, netif);
      assert.deepEqual(l.got(), cut < 28 ? [] : ['8'], 'cut at ' + cut);
      assertClean(l.host, { UDP_PCB: 1 });
    }
  });

  it('counts every datagram as received', () => {
    const l = listener();
    const before = l.stat(RECV);
    const kinds: FrameFields['ip'][] = [
      { src: PEER_IP, dst: HOST_IP },
      { src: PEER_IP, dst: '9.9.9.9' },
      { src: PEER_IP, dst: HOST_IP, checksum: 1 },
    ];
    for (const k of kinds) l.reaches(k!);
    assert.equal(l.stat(RECV), before + 3);
  });
});
