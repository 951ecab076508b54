// UDP: binding and ports, who receives what, checksums, sending from every kind of pbuf.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK, ERR_RTE, ERR_USE, ERR_VAL } from '../../../firmware/stack/core/err.js';
import {
  NETIF_CHECKSUM_CHECK_UDP,
  netifRemove,
  netifSetDefault,
  netifSetIpAddr,
  netifSetLinkDown,
} from '../../../firmware/stack/core/netif.js';
import {
  PBUF_RAM,
  PBUF_RAW,
  PBUF_REF,
  PBUF_ROM,
  PBUF_TRANSPORT,
  pbufAlloc,
  pbufAllocReference,
  pbufCat,
  pbufFree,
  type Pbuf,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import {
  CHKERR,
  DROP,
  LENERR,
  MEMERR,
  PROTERR,
  RTERR,
  STAT_UDP,
} from '../../../firmware/stack/core/stats.js';
import { SOF_REUSEADDR } from '../../../firmware/stack/ip/ip_pcb.js';
import {
  UDP_FLAGS_NOCHKSUM,
  udpBind,
  udpBindNetif,
  udpConnect,
  udpDisconnect,
  udpNew,
  udpRecv,
  udpRemove,
  udpSend,
  udpSendto,
  udpSendtoIf,
  udpSendtoIfSrc,
  type UdpPcb,
} from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import { BROADCAST_MAC } from '../../harness/frames.js';
import { ip } from '../../harness/host.js';
import { HOST_IP, lab, PEER_IP, PEER_MAC, type Lab } from '../../harness/lab.js';
import { Link } from '../../sim/link.js';

interface Bench extends Lab {
  got: string[];
  /** A PCB that logs what it receives under its name. */
  open(name: string, addr?: string, port?: number): UdpPcb;
  stat(field: number): number;
}

function bench(options = {}): Bench {
  const l = lab({ MEMP_NUM_UDP_PCB: 8, ...options });
  const got: string[] = [];
  return {
    ...l,
    got,
    open: (name, addr = '0.0.0.0', port = 0) => {
      const pcb = udpNew(l.host.stack)!;
      assert.equal(udpBind(pcb, ip(addr), port), ERR_OK);
      udpRecv(
        pcb,
        (n, _pcb, p, from, fromPort) => {
          got.push(`${n} ${new TextDecoder().decode(pbufBytes(p))} ${from === ip(PEER_IP)} ${fromPort}`);
          pbufFree(p);
        },
        name,
      );
      return pcb;
    },
    stat: (field) => l.host.stack.stats[STAT_UDP + field]!,
  };
}

function text(stack: Lab['host']['stack'], s: string, layer = PBUF_TRANSPORT): Pbuf {
  const bytes = new TextEncoder().encode(s);
  const p = pbufAlloc(stack, layer, bytes.length, PBUF_RAM)!;
  pbufTake(p, bytes);
  return p;
}

function sendto(b: Bench, pcb: UdpPcb, s: string, addr: string, port: number): number {
  return b.host.do((stack) => {
    const p = text(stack, s);
    const err = udpSendto(pcb, p, ip(addr), port);
    pbufFree(p);
    return err;
  });
}

describe('udp binding', () => {
  it('refuses a taken port, unless addresses or interfaces differ or both share', () => {
    const b = bench();
    const a = b.open('a', HOST_IP, 500);
    const other = udpNew(b.host.stack)!;
    assert.equal(udpBind(other, ip(HOST_IP), 500), ERR_USE);
    assert.equal(udpBind(other, 0, 500), ERR_USE);
    assert.equal(udpBind(other, ip('10.0.0.9'), 500), ERR_OK);
    other.soOptions |= SOF_REUSEADDR;
    assert.equal(udpBind(other, 0, 500), ERR_USE);
    a.soOptions |= SOF_REUSEADDR;
    assert.equal(udpBind(other, 0, 500), ERR_OK);
    a.soOptions = other.soOptions = 0;
    udpBindNetif(a, b.host.netif);
    assert.equal(udpBind(other, 0, 500), ERR_USE);
    udpBindNetif(other, b.host.stack.netifs);
    assert.notEqual(other.netif, a.netif);
    assert.equal(udpBind(other, 0, 500), ERR_OK);
    assert.equal(udpBind(a, ip(HOST_IP), 500), ERR_OK, 'its own again');
    udpRemove(a);
    udpRemove(a);
    udpRemove(other);
    assertClean(b.host);
  });

  it('gives random free ports from 49152 on', () => {
    const b = bench();
    const ports = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const pcb = b.open('x');
      assert(pcb.localPort >= 49152 && pcb.localPort <= 65535);
      ports.add(pcb.localPort);
      udpRemove(pcb);
    }
    assert(ports.size > 280, 'spread');
    // A collision leads to the next free one, also past the end.
    b.host.stack.random16 = () => 16383;
    const list = [b.open('x'), b.open('y'), b.open('z')].map((p) => p.localPort);
    assert.deepEqual(list, [65535, 49152, 49153]);
  });

  it('gives no more PCBs than there are, and counts', () => {
    const b = bench({ MEMP_NUM_UDP_PCB: 2 });
    const a = b.open('a');
    b.open('b');
    assert.equal(udpNew(b.host.stack), null);
    udpRemove(a);
    assert(udpNew(b.host.stack));
  });

  it('runs out of ports when all are taken', () => {
    const b = bench({ MEMP_NUM_UDP_PCB: 16385 });
    const { stack } = b.host;
    for (let port = 49152; port <= 65535; port++) udpNew(stack)!.localPort = port;
    const last = udpNew(stack)!;
    assert.equal(udpBind(last, 0, 0), ERR_USE);
    assert.equal(udpConnect(last, ip(PEER_IP), 5), ERR_USE);
    assert.equal(sendto(b, last, 'x', PEER_IP, 5), ERR_USE);
  });

  it('moves to the new address with its interface', () => {
    const b = bench();
    const a = b.open('a', HOST_IP, 500);
    const any = b.open('b', '0.0.0.0', 501);
    b.host.do(() => netifSetIpAddr(b.host.netif, ip('10.0.0.8')));
    assert.equal(a.localIp, ip('10.0.0.8'));
    assert.equal(any.localIp, 0);
    b.host.do(() => netifSetIpAddr(b.host.netif, 0));
    assert.equal(a.localIp, ip('10.0.0.8'));
    udpBindNetif(a, b.host.netif);
    b.host.do(() => netifRemove(b.host.netif));
    assert.equal(a.netif, null);
  });
});

describe('udp input', () => {
  it('goes to the closest match', () => {
    const b = bench();
    const any = b.open('any', '0.0.0.0', 500);
    any.soOptions = SOF_REUSEADDR;
    const make = (name: string, addr: string): UdpPcb => {
      const pcb = udpNew(b.host.stack)!;
      pcb.soOptions = SOF_REUSEADDR;
      udpBind(pcb, ip(addr), 500);
      udpRecv(pcb, (_a, _b, p) => (b.got.push(name), void pbufFree(p)), null);
      return pcb;
    };
    const here = make('here', HOST_IP);
    const connected = make('connected', '0.0.0.0');
    udpConnect(connected, ip(PEER_IP), 7);
    const elsewhere = make('elsewhere', '10.0.0.9');
    const from = (port: number, src = PEER_IP): string => {
      b.got.length = 0;
      b.peer.send({ ip: { src }, udp: { src: port, dst: 500 }, payload: 'x' });
      b.run(0);
      return b.got.join();
    };
    assert.equal(from(7), 'connected');
    assert.equal(from(8), 'here');
    assert.equal(from(7, '10.0.0.3'), 'here');
    udpDisconnect(connected);
    udpRemove(here);
    udpRemove(connected);
    assert.equal(from(7), `any x true 7`);
    udpBindNetif(any, b.host.stack.netifs);
    assert.equal(from(7), '', 'bound to another interface');
    udpBindNetif(any, b.host.netif);
    assert.equal(from(7), `any x true 7`);
    udpRemove(any);
    assert.equal(from(7), '');
    udpRemove(elsewhere);
    assertClean(b.host);
  });

  it('gives broadcasts to all that share the port, a copy each', () => {
    const b = bench();
    const share = (name: string, addr = '0.0.0.0'): UdpPcb => {
      const pcb = udpNew(b.host.stack)!;
      pcb.soOptions = SOF_REUSEADDR;
      udpBind(pcb, ip(addr), 500);
      udpRecv(pcb, (_a, _b, p) => (b.got.push(name), void pbufFree(p)), null);
      return pcb;
    };
    share('a');
    share('b', HOST_IP);
    const c = share('c', '10.0.0.9');
    for (const dst of ['255.255.255.255', '10.0.0.255']) {
      b.peer.send({
        eth: { dst: BROADCAST_MAC, src: PEER_MAC },
        ip: { dst },
        udp: { src: 1, dst: 500 },
        payload: 'x',
      });
      b.run(0);
      assert.deepEqual(b.got.sort(), ['a', 'b']);
      b.got.length = 0;
    }
    b.peer.send({ udp: { src: 1, dst: 500 }, payload: 'x' });
    b.run(0);
    assert.deepEqual(b.got.splice(0), ['b']);
    // No memory for copies: one still gets it.
    const blocks: Pbuf[] = [];
    for (let p; (p = pbufAlloc(b.host.stack, PBUF_RAW, 4, PBUF_RAM));) blocks.push(p);
    b.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { dst: '10.0.0.255' },
      udp: { src: 1, dst: 500 },
      payload: 'x',
    });
    b.run(0);
    assert.deepEqual(b.got.splice(0), ['b']);
    assert.equal(b.stat(MEMERR), 1);
    blocks.forEach((p) => pbufFree(p));
    udpRemove(c);
    assertClean(b.host, { UDP_PCB: 2 });
  });

  it('checks lengths and checksums', () => {
    const b = bench();
    b.open('a', '0.0.0.0', 500);
    const send = (udp: object, payload = 'data'): string[] => {
      b.peer.send({ udp: { src: 1, dst: 500, ...udp }, payload });
      b.run(0);
      assertClean(b.host, { UDP_PCB: 1 });
      return b.got.splice(0);
    };
    assert.deepEqual(send({}), ['a data true 1']);
    assert.deepEqual(send({ checksum: 0 }), ['a data true 1'], 'none was made');
    assert.deepEqual(send({ checksum: 0x1234 }), []);
    assert.equal(b.stat(CHKERR), 1);
    assert.deepEqual(send({ length: 7 }), []);
    assert.deepEqual(send({ length: 13 }), []);
    assert.equal(b.stat(LENERR), 2);
    b.peer.send({ ip: { proto: 17 }, payload: new Uint8Array(7) });
    b.run(0);
    assert.equal(b.stat(LENERR), 3);
    assert.deepEqual(send({ length: 10, checksum: 0 }), ['a da true 1'], 'IP had more than UDP wanted');
    assert.deepEqual(send({}, ''), ['a  true 1']);
    b.host.netif.chksumFlags &= ~NETIF_CHECKSUM_CHECK_UDP;
    assert.deepEqual(send({ checksum: 0x1234 }), ['a data true 1'], 'the chip checks');
    assert.equal(b.stat(DROP), 4);
  });

  it('tells the sender that nobody listens, but not for broadcasts', () => {
    const b = bench();
    b.peer.send({ udp: { src: 1, dst: 501 }, payload: 'x' });
    b.peer.send({
      eth: { dst: BROADCAST_MAC, src: PEER_MAC },
      ip: { dst: '10.0.0.255' },
      udp: { src: 1, dst: 501 },
    });
    b.run(0);
    const errors = b.peer.takeIp();
    assert.deepEqual(
      errors.map((f) => [f.icmp!.type, f.icmp!.code]),
      [[3, 3]],
    );
    assert.equal(b.stat(PROTERR), 2);
    assertClean(b.host);
  });

  it('drops what comes for a PCB without a callback', () => {
    const b = bench();
    udpRecv(b.open('a', '0.0.0.0', 500), null, null);
    b.peer.send({ udp: { src: 1, dst: 500 }, payload: 'x' });
    b.run(0);
    assert.equal(b.stat(DROP), 1);
    assertClean(b.host, { UDP_PCB: 1 });
  });
});

describe('udp output', () => {
  it('sends without a copy where there is headroom, and with a header pbuf where there is none', () => {
    const b = bench();
    const pcb = b.open('a', '0.0.0.0', 500);
    b.peer.send({ icmp: { type: 8 } });
    b.run(0);
    const bytes = new TextEncoder().encode('payload');
    const kinds: ((stack: Lab['host']['stack']) => Pbuf)[] = [
      (s) => text(s, 'payload'),
      (s) => text(s, 'payload', PBUF_RAW),
      (s) => pbufAllocReference(s, bytes, 0, 7, PBUF_REF)!,
      (s) => pbufAllocReference(s, bytes, 0, 7, PBUF_ROM)!,
      (s) => {
        const p = text(s, 'pay');
        pbufCat(p, pbufAllocReference(s, bytes, 3, 4, PBUF_ROM)!);
        return p;
      },
    ];
    for (const kind of kinds) {
      b.peer.take();
      b.host.do((stack) => {
        const p = kind(stack);
        const frames: Pbuf[] = [];
        const link = b.host.netif.linkoutput;
        b.host.netif.linkoutput = (n, q) => (frames.push(q), link(n, q));
        assert.equal(udpSendto(pcb, p, ip(PEER_IP), 9), ERR_OK);
        b.host.netif.linkoutput = link;
        assert.equal(frames[0] === p, kind === kinds[0] || kind === kinds[4]);
        pbufFree(p);
      });
      b.run(0);
      const [f] = b.peer.takeIp();
      assert.equal(new TextDecoder().decode(f!.payload), 'payload');
      assert.deepEqual([f!.udp!.src, f!.udp!.dst, f!.udp!.length], [500, 9, 15]);
      assert(f!.udp!.checksumOk && f!.udp!.checksum && f!.ip!.checksumOk);
      assertClean(b.host, { UDP_PCB: 1 });
    }
  });

  it('echoes in the buffer that came in', () => {
    const b = bench();
    const pcb = b.open('a', '0.0.0.0', 7);
    b.peer.send({ icmp: { type: 8 } });
    b.run(0);
    b.peer.take();
    let heap = -1;
    udpRecv(
      pcb,
      (_arg, u, p, from, port) => {
        udpSendto(u, p, from, port);
        heap = b.host.stack.mem.used;
        pbufFree(p);
      },
      null,
    );
    const before = b.host.stack.mem.used;
    b.peer.send({ udp: { src: 9, dst: 7 }, payload: 'echo' });
    b.run(0);
    assert.equal(heap, before);
    assert.equal(new TextDecoder().decode(b.peer.takeIp()[0]!.payload), 'echo');
    assertClean(b.host, { UDP_PCB: 1 });
  });

  it('sends a checksum that comes out as 0 as 0xffff, and none when asked to', () => {
    const b = bench();
    const pcb = b.open('a', '0.0.0.0', 500);
    b.peer.send({ icmp: { type: 8 } });
    b.run(0);
    b.peer.take();
    // The two bytes that make the sum come out right.
    sendto(b, pcb, '\0\0', PEER_IP, 9);
    b.run(0);
    const sum = b.peer.takeIp()[0]!.udp!.checksum;
    b.host.do((stack) => {
      const p = pbufAlloc(stack, PBUF_TRANSPORT, 2, PBUF_RAM)!;
      pbufTake(p, Uint8Array.from([sum >> 8, sum & 255]));
      udpSendto(pcb, p, ip(PEER_IP), 9);
      pbufFree(p);
    });
    b.run(0);
    const [f] = b.peer.takeIp();
    assert.equal(f!.udp!.checksum, 0xffff);
    assert(f!.udp!.checksumOk);
    pcb.flags = UDP_FLAGS_NOCHKSUM;
    sendto(b, pcb, 'none', PEER_IP, 9);
    b.run(0);
    assert.equal(b.peer.takeIp()[0]!.udp!.checksum, 0);
  });

  it('gives an unbound PCB a port, and sends to the connected peer', () => {
    const b = bench();
    const pcb = udpNew(b.host.stack)!;
    const p = text(b.host.stack, 'x');
    assert.equal(udpSend(pcb, p), ERR_VAL);
    assert.equal(udpConnect(pcb, ip(PEER_IP), 0), ERR_VAL);
    assert.equal(udpConnect(pcb, 0, 5), ERR_VAL);
    assert.equal(udpSendto(pcb, p, ip(PEER_IP), 0), ERR_VAL);
    assert.equal(udpSendto(pcb, p, 0, 5), ERR_VAL);
    assert.equal(pcb.localPort, 0);
    assert.equal(udpConnect(pcb, ip(PEER_IP), 5), ERR_OK);
    assert(pcb.localPort >= 49152);
    assert.equal(
      b.host.do(() => udpSend(pcb, p)),
      ERR_OK,
    );
    pbufFree(p);
    b.run(0);
    assert.deepEqual(b.peer.takeIp()[0]!.udp!.dst, 5);
    const unbound = udpNew(b.host.stack)!;
    assert.equal(sendto(b, unbound, 'y', PEER_IP, 6), ERR_OK);
    assert(unbound.localPort >= 49152);
    b.run(0);
    assertClean(b.host, { UDP_PCB: 2 });
  });

  it('sends by a given interface and source, to broadcasts and groups', () => {
    const b = bench();
    const second = new Link(b.scheduler);
    const frames: Uint8Array[] = [];
    second.b.onFrame = (f) => frames.push(f);
    const netif = b.host.addInterface({ port: second.a, mac: '02:00:00:00:00:09' });
    const pcb = b.open('a', '0.0.0.0', 68);
    const p = text(b.host.stack, 'discover');
    assert.equal(
      b.host.do(() => udpSendtoIfSrc(pcb, p, ip('255.255.255.255'), 67, netif, 0)),
      ERR_OK,
    );
    pbufFree(p);
    b.run(0);
    assert.equal(frames.length, 1);
    assert.deepEqual([...frames[0]!.subarray(26, 34)], [0, 0, 0, 0, 255, 255, 255, 255]);
    const q = text(b.host.stack, 'group');
    assert.equal(
      b.host.do(() => udpSendtoIf(pcb, q, ip('239.1.2.3'), 67, b.host.netif)),
      ERR_OK,
    );
    pbufFree(q);
    assert.equal(sendto(b, pcb, 'all', '10.0.0.255', 9), ERR_OK);
    assert.equal(sendto(b, pcb, 'all', '255.255.255.255', 9), ERR_OK);
    b.run(0);
    assert.deepEqual(
      b.peer.takeIp().map((f) => [f.eth.dst, f.ip!.src]),
      [
        ['01:00:5e:01:02:03', HOST_IP],
        [BROADCAST_MAC, HOST_IP],
        [BROADCAST_MAC, HOST_IP],
      ],
    );
    assertClean(b.host, { UDP_PCB: 1 });
  });

  it('reports no route, too long, no memory, and a dead link; nothing leaks', () => {
    const b = bench({ MEM_SIZE: 11700, TCP_SND_BUF: 5840 });
    const pcb = b.open('a', '0.0.0.0', 500);
    const bytes = new Uint8Array(65508);
    b.host.do((stack) => {
      const p = pbufAllocReference(stack, bytes, 0, 65508, PBUF_ROM)!;
      assert.equal(udpSendto(pcb, p, ip(PEER_IP), 9), ERR_VAL);
      pbufFree(p);
      const blocks: Pbuf[] = [];
      for (let q; (q = pbufAlloc(stack, PBUF_RAW, 4, PBUF_RAM));) blocks.push(q);
      const r = pbufAllocReference(stack, bytes, 0, 10, PBUF_ROM)!;
      assert.equal(udpSendto(pcb, r, ip(PEER_IP), 9), ERR_MEM);
      pbufFree(r);
      blocks.forEach((q) => pbufFree(q));
    });
    assert.equal(b.stat(LENERR), 1);
    assert.equal(b.stat(MEMERR), 1);
    b.host.do(() => netifSetLinkDown(b.host.netif));
    assert.equal(sendto(b, pcb, 'x', PEER_IP, 9), ERR_RTE);
    b.host.do(() => netifSetDefault(b.host.stack, null));
    assert.equal(sendto(b, pcb, 'x', '8.8.8.8', 9), ERR_RTE);
    assert.equal(b.stat(RTERR), 2);
    assertClean(b.host, { UDP_PCB: 1 });
  });

  it('sends from the address that it is bound to', () => {
    const b = bench();
    const pcb = b.open('a', '10.0.0.99', 500);
    sendto(b, pcb, 'x', PEER_IP, 9);
    b.run(0);
    assert.equal(b.peer.takeIp()[0]!.ip!.src, '10.0.0.99');
  });
});
