// Several interfaces: which one a datagram leaves by, the loopback interface, forwarding.

import assert from 'node:assert/strict';
import { ERR_BUF, ERR_MEM, ERR_OK, ERR_RTE, ERR_VAL } from '../../../firmware/stack/core/err.js';
import {
  NETIF_CHECKSUM_GEN_IP,
  netifFind,
  netifSetAddr,
  netifSetDefault,
  netifSetDown,
  netifSetLinkDown,
  netifSetUp,
  type Netif,
} from '../../../firmware/stack/core/netif.js';
import {
  PBUF_IP,
  PBUF_RAM,
  PBUF_RAW,
  PBUF_TRANSPORT,
  pbufAlloc,
  pbufFree,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import { ERR, FW, MEMERR, RTERR, STAT_IP, STAT_LINK } from '../../../firmware/stack/core/stats.js';
import { ipOutput, ipOutputIf, ipRoute } from '../../../firmware/stack/ip/ip.js';
import { ip4Forward } from '../../../firmware/stack/ip4/forward.js';
import { ip4AddrIsLocal } from '../../../firmware/stack/ip4/ip4.js';
import { udpBind, udpNew, udpRecv, udpSendto } from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import type { Host } from '../../harness/host.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, HOST_MAC, lab, PEER_IP, type Lab } from '../../harness/lab.js';
import { Peer } from '../../harness/peer.js';
import { Link } from '../../sim/link.js';

interface Net {
  mac: string;
  netif: Netif;
  peer: Peer;
}

/** Adds an interface with a station that answers every ARP request of its network. */
function add(
  l: { scheduler: Lab['scheduler']; host: Host },
  n: number,
  addr: string,
  mask: string,
  gw: string,
  peerIp: string,
): Net {
  const cable = new Link(l.scheduler);
  const mac = `02:00:00:00:01:0${n}`;
  const peer = new Peer({ port: cable.b, mac: `02:00:00:00:02:0${n}`, ip: peerIp, to: { mac, ip: addr } });
  const netif = l.host.addInterface({ port: cable.a, mac, ip: addr, netmask: mask, gw });
  l.scheduler.runFor(0);
  peer.take();
  return { mac, netif, peer };
}

describe('routing', () => {
  it('takes the longest matching mask, then a gateway, the default interface first', () => {
    const l = lab();
    const { stack, netif: en0 } = l.host;
    const wide = add(l, 1, '172.16.0.1', '255.240.0.0', '172.16.0.254', '172.16.0.2');
    const narrow = add(l, 2, '172.16.5.1', '255.255.255.0', '0.0.0.0', '172.16.5.2');
    const route = (dst: string, src = '0.0.0.0'): Netif | null => ipRoute(stack, ip(src), ip(dst));
    const table: [string, Netif][] = [
      ['10.0.0.77', en0],
      ['172.16.5.9', narrow.netif],
      ['172.16.6.9', wide.netif],
      ['8.8.8.8', en0],
      ['255.255.255.255', en0],
      ['224.0.0.1', en0],
      [HOST_IP, en0],
      ['172.16.5.1', narrow.netif],
      ['127.0.0.1', netifFind(stack, 'lo0')!],
      ['127.1.2.3', netifFind(stack, 'lo0')!],
    ];
    for (let twice = 0; twice < 2; twice++) {
      for (const [dst, netif] of table) assert.equal(route(dst), netif, dst);
    }
    // The source decides where several would do.
    assert.equal(route('8.8.8.8', '172.16.0.1'), wide.netif);
    assert.equal(route('255.255.255.255', '172.16.5.1'), narrow.netif);
    assert.equal(route('8.8.8.8'), en0);
    netifSetDefault(stack, wide.netif);
    assert.equal(route('8.8.8.8'), wide.netif);
    assert.equal(route('255.255.255.255'), wide.netif);
    // What is down or has lost its link or address does not count.
    netifSetDown(narrow.netif);
    assert.equal(route('172.16.5.9'), wide.netif);
    netifSetUp(narrow.netif);
    assert.equal(route('172.16.5.9'), narrow.netif);
    netifSetLinkDown(narrow.netif);
    assert.equal(route('172.16.5.9'), wide.netif);
    netifSetDown(wide.netif);
    assert.equal(route('172.16.5.9'), en0);
    netifSetDefault(stack, null);
    assert.equal(route('8.8.8.8'), en0, 'a gateway is enough');
    netifSetAddr(en0, ip(HOST_IP), ip('255.255.255.0'), 0);
    assert.equal(route('8.8.8.8'), null);
    assert.equal(route('10.0.0.9'), en0);
    netifSetAddr(en0, 0, 0, 0);
    assert.equal(route('10.0.0.9'), null);
    assert.equal(route('127.0.0.1'), netifFind(stack, 'lo0'));
    netifSetDown(netifFind(stack, 'lo0')!);
    assert.equal(route('127.0.0.1'), null);
  });

  it('sends by the right wire, from that interface’s address', () => {
    const l = lab();
    const other = add(l, 1, '172.16.0.1', '255.255.0.0', '0.0.0.0', '172.16.0.2');
    const pcb = l.host.do((stack) => udpNew(stack)!);
    const send = (dst: string): number =>
      l.host.do((stack) => {
        const p = pbufAlloc(stack, PBUF_TRANSPORT, 4, PBUF_RAM)!;
        const err = udpSendto(pcb, p, ip(dst), 9);
        pbufFree(p);
        return err;
      });
    assert.equal(send('172.16.0.2'), ERR_OK);
    assert.equal(send(PEER_IP), ERR_OK);
    l.run(0);
    assert.equal(other.peer.takeIp()[0]!.ip!.src, '172.16.0.1');
    assert.equal(l.peer.takeIp()[0]!.ip!.src, HOST_IP);
    assertClean(l.host, { UDP_PCB: 1 });
  });

  it('takes datagrams to any own address on any interface, and answers from it', () => {
    const l = lab();
    add(l, 1, '172.16.0.1', '255.255.0.0', '0.0.0.0', '172.16.0.2');
    l.peer.send({ ip: { dst: '172.16.0.1' }, icmp: { type: 8 } });
    l.run(0);
    assert.equal(l.peer.takeIp()[0]!.ip!.src, '172.16.0.1');
    assert(ip4AddrIsLocal(l.host.stack, ip('172.16.0.1')));
    assert(ip4AddrIsLocal(l.host.stack, ip('127.0.0.9')));
    assert(!ip4AddrIsLocal(l.host.stack, ip(PEER_IP)));
    assert(!ip4AddrIsLocal(l.host.stack, 0));
  });

  it('counts what has no route', () => {
    const l = lab({}, { gw: undefined });
    netifSetDefault(l.host.stack, null);
    const p = pbufAlloc(l.host.stack, PBUF_IP, 4, PBUF_RAM)!;
    assert.equal(ipOutput(l.host.stack, p, 0, ip('8.8.8.8'), 64, 0, 99), ERR_RTE);
    assert.equal(l.host.stack.stats[STAT_IP + RTERR], 1);
    pbufFree(p);
    assertClean(l.host);
  });

  it('refuses a packet without room for the header, or longer than a datagram', () => {
    const l = lab({ MEM_SIZE: 70000 });
    const p = pbufAlloc(l.host.stack, PBUF_RAW, 4, PBUF_RAM)!;
    assert.equal(ipOutputIf(p, 0, ip(PEER_IP), 64, 0, 99, l.host.netif), ERR_BUF);
    const q = pbufAlloc(l.host.stack, PBUF_IP, 65516, PBUF_RAM)!;
    assert.equal(ipOutputIf(q, 0, ip(PEER_IP), 64, 0, 99, l.host.netif), ERR_VAL);
    pbufFree(p);
    pbufFree(q);
    assertClean(l.host);
  });

  it('numbers datagrams from a random start, each by its own', () => {
    const ids = (seedSkip: number): number[] => {
      const l = lab();
      l.host.stack.ip4.id = (l.host.stack.ip4.id + seedSkip) & 0xffff;
      for (let i = 0; i < 3; i++) {
        l.host.do((stack) => {
          const p = pbufAlloc(stack, PBUF_IP, 4, PBUF_RAM)!;
          ipOutput(stack, p, 0, ip(PEER_IP), 64, i === 1 ? 4 : 0, 99);
          pbufFree(p);
        });
      }
      l.run(0);
      const frames = l.peer.takeIp();
      assert(frames.every((f) => f.ip!.checksumOk));
      return frames.map((f) => f.ip!.id);
    };
    const [a, b, c] = ids(0);
    assert(a === b! - 1 && b === c! - 1);
    // Across the wrap, and at sums that fold twice.
    for (let skip = 0; skip < 0x10000; skip += 0x123) ids(skip);
  });
});

describe('loopback', () => {
  function echoServer(l: Lab, addr = 0): { got: string[] } {
    const got: string[] = [];
    l.host.do((stack) => {
      const server = udpNew(stack)!;
      udpBind(server, addr, 7);
      udpRecv(
        server,
        (_arg, pcb, p, from, port) => {
          got.push('server ' + pbufBytes(p).length);
          udpSendto(pcb, p, from, port);
          pbufFree(p);
        },
        null,
      );
    });
    return { got };
  }

  it('carries datagrams to 127.0.0.1 and to own addresses, never within the sending call', () => {
    const l = lab();
    const { got } = echoServer(l);
    const client = l.host.do((stack) => udpNew(stack)!);
    const back: number[] = [];
    udpRecv(client, (_a, _b, p) => (back.push(p.totLen), void pbufFree(p)), null);
    for (const dst of ['127.0.0.1', HOST_IP]) {
      for (const size of [4, 3000]) {
        const p = pbufAlloc(l.host.stack, PBUF_TRANSPORT, size, PBUF_RAM)!;
        assert.equal(udpSendto(client, p, ip(dst), 7), ERR_OK);
        pbufFree(p);
        assert.equal(got.length, 0);
        l.host.poll();
        l.run(5);
        assert.deepEqual(got.splice(0), ['server ' + size]);
        assert.deepEqual(back.splice(0), [size]);
      }
    }
    assert.equal(l.peer.take().length, 0);
    assertClean(l.host, { UDP_PCB: 2 });
  });

  it('does not end in itself: a ball that is passed for ever leaves time for others', () => {
    const l = lab();
    echoServer(l);
    const client = l.host.do((stack) => udpNew(stack)!);
    udpRecv(client, (_a, pcb, p, from, port) => (udpSendto(pcb, p, from, port), void pbufFree(p)), null);
    l.host.do((stack) => {
      const p = pbufAlloc(stack, PBUF_TRANSPORT, 4, PBUF_RAM)!;
      udpSendto(client, p, ip('127.0.0.1'), 7);
      pbufFree(p);
    });
    l.run(100);
    assert(netifFind(l.host.stack, 'lo0')!.inPackets > 50);
  });

  it('refuses more than its queue or the heap holds', () => {
    const l = lab();
    const { got } = echoServer(l);
    const client = udpNew(l.host.stack)!;
    const send = (size: number): number => {
      const p = pbufAlloc(l.host.stack, PBUF_TRANSPORT, size, PBUF_RAM)!;
      const err = udpSendto(client, p, ip('127.0.0.1'), 7);
      pbufFree(p);
      return err;
    };
    for (let i = 0; i < 16; i++) assert.equal(send(4), ERR_OK);
    assert.equal(send(4), ERR_MEM);
    assert.equal(l.host.stack.stats[STAT_LINK + MEMERR], 1);
    l.host.poll();
    l.run(5);
    assert.equal(got.length, 16);
    assert.equal(send(16000), ERR_MEM);
    l.run(5);
    assertClean(l.host, { UDP_PCB: 2 });
  });

  it('refuses when no time-out is left', () => {
    const l = lab();
    const client = udpNew(l.host.stack)!;
    const timeouts = l.host.stack.memp[8]!;
    const num = timeouts.num;
    timeouts.num = timeouts.used;
    const p = pbufAlloc(l.host.stack, PBUF_TRANSPORT, 4, PBUF_RAM)!;
    assert.equal(udpSendto(client, p, ip('127.0.0.1'), 7), ERR_MEM);
    pbufFree(p);
    timeouts.num = num;
    assertClean(l.host, { UDP_PCB: 1 });
  });

  it('keeps loopback addresses off the wire', () => {
    const l = lab();
    netifSetDown(netifFind(l.host.stack, 'lo0')!);
    const p = pbufAlloc(l.host.stack, PBUF_IP, 4, PBUF_RAM)!;
    assert.equal(ipOutput(l.host.stack, p, 0, ip('127.0.0.1'), 64, 0, 99), ERR_RTE);
    pbufFree(p);
    l.run(0);
    assert.equal(l.peer.take().length, 0);
  });
});

describe('forwarding', () => {
  const FAR = '172.16.0.2';

  /** A host between the peer's network and 172.16.0.0/16, which forwards what is not for itself. */
  function router(): Lab & { far: Net } {
    const l = lab();
    const far = add(l, 1, '172.16.0.1', '255.255.0.0', '0.0.0.0', FAR);
    for (const netif of l.host.netifs) {
      const input = netif.input;
      netif.input = (p, n) => {
        const b = p.payload;
        const o = p.off;
        const dst = ((b[o + 30]! << 24) | (b[o + 31]! << 16) | (b[o + 32]! << 8) | b[o + 33]!) >>> 0;
        const src = ((b[o + 26]! << 24) | (b[o + 27]! << 16) | (b[o + 28]! << 8) | b[o + 29]!) >>> 0;
        if (b[o + 13] !== 0 || ip4AddrIsLocal(n.stack, dst)) return input(p, n);
        p.off += 14;
        p.len -= 14;
        p.totLen -= 14;
        ip4Forward(p, n, src, dst, (p.payload[p.off]! & 15) * 4);
        return ERR_OK;
      };
    }
    return { ...l, far };
  }

  it('passes datagrams on, one hop older, with a right checksum', () => {
    const l = router();
    for (const checksumByChip of [false, true]) {
      if (checksumByChip) l.far.netif.chksumFlags &= ~NETIF_CHECKSUM_GEN_IP;
      for (let id = 0; id < 0x10000; id += 0x1357) {
        l.peer.send({ ip: { dst: FAR, ttl: 9, id }, udp: { src: 1, dst: 2 }, payload: 'through' });
        l.run(0);
        const [f] = l.far.peer.takeIp();
        assert.deepEqual([f!.ip!.src, f!.ip!.dst, f!.ip!.ttl, f!.ip!.id], [PEER_IP, FAR, 8, id]);
        assert.equal(f!.ip!.checksumOk, !checksumByChip);
        assert.equal(f!.eth.src, l.far.mac);
        assert(f!.udp!.checksumOk);
      }
    }
    assert(l.host.stack.stats[STAT_IP + FW]! > 20);
    assertClean(l.host);
  });

  it('tells the sender of time exceeded, no route, and too long with DF', () => {
    const l = router();
    l.peer.send({ icmp: { type: 8 } });
    l.run(0);
    l.peer.take();
    const error = (fields: object, size = 8): number[] => {
      l.peer.send({ ip: { dst: FAR, ...fields }, udp: { src: 1, dst: 2 }, payload: new Uint8Array(size) });
      l.run(0);
      const [f] = l.peer.takeIp();
      assert.equal(f!.ip!.src, HOST_IP);
      assert.equal(f!.eth.dst, l.peer.mac);
      assert(f!.icmp!.checksumOk);
      return [f!.icmp!.type, f!.icmp!.code, f!.icmp!.rest];
    };
    assert.deepEqual(error({ ttl: 1 }), [11, 0, 0]);
    assert.deepEqual(error({ ttl: 0 }), [11, 0, 0]);
    netifSetAddr(l.host.netif, ip(HOST_IP), ip('255.255.255.0'), 0);
    netifSetDefault(l.host.stack, null);
    l.peer.send({
      eth: { dst: HOST_MAC, src: l.peer.mac },
      arp: { op: 1, sha: l.peer.mac, spa: PEER_IP, tpa: HOST_IP },
    });
    l.run(0);
    l.peer.take();
    assert.deepEqual(error({ dst: '9.9.9.9' }), [3, 0, 0]);
    l.far.netif.mtu = 600;
    assert.deepEqual(error({ df: true }, 1000), [3, 4, 600]);
    assert.equal(l.far.peer.takeIp().length, 0);
    l.peer.send({ ip: { dst: FAR, id: 8 }, udp: { src: 1, dst: 2 }, payload: new Uint8Array(1000) });
    l.run(0);
    assert.deepEqual(
      l.far.peer.takeIp().map((f) => [f.ip!.id, f.ip!.offset, f.ip!.mf]),
      [
        [8, 0, true],
        [8, 576, false],
      ],
    );
    assertClean(l.host);
  });

  it('forwards no broadcasts, groups, link-local or loopback addresses, nor what came by broadcast', () => {
    const l = router();
    const drops = (): number => l.host.stack.stats[STAT_IP + ERR]!;
    for (const [dst, src] of [
      ['224.0.0.9', PEER_IP],
      ['255.255.255.255', PEER_IP],
      ['240.0.0.1', PEER_IP],
      ['0.0.0.0', PEER_IP],
      ['169.254.1.1', PEER_IP],
      [FAR, '169.254.1.1'],
      [FAR, '0.0.0.0'],
    ] as const) {
      const before = drops();
      l.peer.send({ ip: { dst, src }, udp: { src: 1, dst: 2 } });
      l.run(0);
      assert.equal(drops(), before + 1, dst + ' from ' + src);
    }
    l.peer.send({ ip: { dst: '172.16.255.255' }, udp: { src: 1, dst: 2 } });
    l.run(0);
    assert.equal(l.far.peer.takeIp().length, 0);
    const p = pbufAlloc(l.host.stack, PBUF_RAW, 28, PBUF_RAM)!;
    pbufTake(p, new Uint8Array(28));
    p.flags = 2;
    const before = drops();
    ip4Forward(p, l.host.netif, ip(PEER_IP), ip(FAR), 20);
    assert.equal(drops(), before + 1);
    assertClean(l.host);
  });
});
