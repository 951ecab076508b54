// What net.ifconfig(), arp(), stats() and memp() print on a host, with everyday and with the largest values.

import assert from 'node:assert/strict';
import { etharpAddStatic, etharpQuery } from '../../../firmware/stack/arp/etharp.js';
import { ip4Addr, IP_ADDR_BROADCAST } from '../../../firmware/stack/core/ipaddr.js';
import { mempNames } from '../../../firmware/stack/core/memp.js';
import { NETIF_FLAG_IGMP, netifSetLinkDown } from '../../../firmware/stack/core/netif.js';
import { PBUF_IP, PBUF_RAM, pbufAlloc, pbufFree } from '../../../firmware/stack/core/pbuf.js';
import {
  CHKERR,
  DROP,
  RECV,
  STAT_COUNT,
  STAT_LINK,
  STAT_TCPX,
  TCPX_SPURIOUS,
} from '../../../firmware/stack/core/stats.js';
import type { Dhcp } from '../../../firmware/stack/dhcp/dhcp_client.js';
import { dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { ip, macBytes } from '../../harness/host.js';
import { lab } from '../../harness/lab.js';
import { DhcpBench } from '../dhcp/setup.js';
import { Prompt } from './prompt.js';

const LARGE = Number.MAX_SAFE_INTEGER;

describe('diagnostics: net.ifconfig()', () => {
  it('tells name, flags, addresses, traffic and DNS servers', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    dnsSetserver(host.stack, 1, ip('10.0.0.53'));
    host.stack.stats[STAT_LINK + DROP] = 3;
    Object.assign(host.netif, { inPackets: 5, inOctets: 600, outPackets: 7, outOctets: 800 });
    const lines = prompt.type('ifconfig');
    const at = lines.indexOf('en0: <UP,LINK,BROADCAST,ARP> mtu 1500');
    assert.deepEqual(lines.slice(at, at + 5), [
      'en0: <UP,LINK,BROADCAST,ARP> mtu 1500',
      '  ether 02:00:00:00:00:01',
      '  inet 10.0.0.1 mask 255.255.255.0 gateway 10.0.0.254',
      '  RX packets 5 bytes 600',
      '  TX packets 7 bytes 800',
    ]);
    assert.deepEqual(lines.slice(-2), ['received and dropped: 3', 'dns 10.0.0.53']);
  });

  it('lists every interface, and sees a link that is down', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    host.do(() => netifSetLinkDown(host.netif));
    const lines = prompt.type('ifconfig');
    assert.deepEqual(
      lines.filter((l) => l.includes('mtu')),
      ['lo0: <UP,LINK,LOOPBACK> mtu 65535', 'en0: <UP,BROADCAST,ARP> mtu 1500'],
    );
    assert.equal(lines.filter((l) => l.includes('ether')).length, 1, 'lo0 has no hardware address');
  });

  it('tells the state of DHCP and what is left of the lease', () => {
    const bench = new DhcpBench({ lease: 3600 });
    const prompt = new Prompt(bench.client);
    assert(!prompt.type('ifconfig').some((l) => l.includes('dhcp')));
    bench.server.silent = true;
    bench.start();
    assert(prompt.type('ifconfig').includes('  dhcp SELECTING'));
    bench.server.silent = false;
    prompt.wait(30_000);
    const lines = prompt.type('ifconfig', [], 20);
    assert(lines.includes('en0: <UP,LINK,BROADCAST,ARP,DHCP> mtu 1500'));
    const left = Number(/^ {2}dhcp BOUND, lease (\d+) s left$/m.exec(lines.join('\n'))![1]);
    assert(left > 3560 && left < 3600, `${left} s`);
    assert.deepEqual(
      lines.filter((l) => l.startsWith('dns')),
      ['dns 10.0.0.53', 'dns 10.0.0.54'],
    );
    prompt.wait(10_000);
    assert(prompt.type('ifconfig').includes(`  dhcp BOUND, lease ${left - 10} s left`));
  });

  it('tells a lease without end', () => {
    const bench = new DhcpBench({ lease: Infinity });
    const prompt = new Prompt(bench.client);
    bench.start();
    prompt.wait(10_000);
    assert(prompt.type('ifconfig').includes('  dhcp BOUND, lease without end'));
  });

  it('keeps within the width', () => {
    const bench = new DhcpBench({ lease: 3600 });
    const prompt = new Prompt(bench.client);
    const netif = bench.netif;
    bench.start();
    prompt.wait(10_000);
    (netif.dhcp as Dhcp).lease = 0xfffffffe * 1000;
    netif.flags |= NETIF_FLAG_IGMP;
    Object.assign(netif, {
      mtu: 65535,
      ipAddr: IP_ADDR_BROADCAST,
      netmask: IP_ADDR_BROADCAST,
      gw: IP_ADDR_BROADCAST,
      inPackets: LARGE,
      inOctets: LARGE,
      outPackets: LARGE,
      outOctets: LARGE,
    });
    const lines = prompt.type('ifconfig');
    assert(lines.includes(`  TX packets ${LARGE} bytes ${LARGE}`));
    assert(lines.some((l) => /BOUND, lease 429496\d{4} s left/.test(l)));
  });
});

describe('diagnostics: net.arp()', () => {
  it('tells known, asked for and static neighbours, their age and what waits', () => {
    const { host, peer, run } = lab();
    const prompt = new Prompt(host);
    peer.answerArp = false;
    host.do((stack) => {
      assert.equal(etharpAddStatic(host.netif, ip('10.0.0.3'), macBytes('02:00:00:00:00:03')), 0);
      etharpQuery(host.netif, ip('10.0.0.2'), null);
      for (let i = 0; i < 2; i++) {
        const p = pbufAlloc(stack, PBUF_IP, 20, PBUF_RAM)!;
        etharpQuery(host.netif, ip('10.0.0.4'), p);
        pbufFree(p);
      }
    });
    peer.send({
      eth: { dst: '02:00:00:00:00:01', src: peer.mac },
      arp: { op: 2, sha: peer.mac, spa: peer.ip, tha: '02:00:00:00:00:01', tpa: '10.0.0.1' },
    });
    run(2500);
    assert.deepEqual(prompt.type('arp'), [
      'Address         MAC               State         Age  Waiting  Interface',
      '10.0.0.3        02:00:00:00:00:03 static          -        0  en0',
      '10.0.0.2        02:00:00:00:00:02 stable        2 s        0  en0',
      '10.0.0.4        -                 pending       2 s        2  en0',
    ]);
  });

  it('prints no more than the heading of an empty table', () => {
    assert.equal(new Prompt(lab().host).type('arp').length, 1);
  });

  it('keeps within the width', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    host.netif.num = 255;
    const mac = macBytes('02:ff:ff:ff:ff:ff');
    host.do(() => etharpAddStatic(host.netif, ip4Addr(223, 255, 255, 255), mac));
    Object.assign(host.stack.arp.table[0]!, { state: 2, age: 999999 });
    const lines = prompt.type('arp');
    assert.equal(lines[1], '223.255.255.255 02:ff:ff:ff:ff:ff stable   999999 s        0  en255');
  });
});

describe('diagnostics: net.stats()', () => {
  it('prints the counters that are not zero, a line for each protocol', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    const s = host.stack.stats;
    for (let i = 0; i < STAT_COUNT; i++) s[i] = 0;
    assert.deepEqual(prompt.type('stats'), ['nothing was counted yet']);
    s[STAT_LINK + RECV] = 12;
    s[STAT_LINK + CHKERR] = 1;
    s[STAT_TCPX + TCPX_SPURIOUS] = 4;
    assert.deepEqual(prompt.type('stats'), ['link      recv 12 chkerr 1', 'tcp_ext   spurious 4']);
  });

  it('wraps long lines and keeps within the width', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    const s = host.stack.stats;
    for (let i = 0; i < STAT_COUNT; i++) s[i] = LARGE - i;
    const text = prompt.type('stats', [], 1000).slice(1).join('\n');
    for (let i = 0; i <= STAT_TCPX + TCPX_SPURIOUS; i++)
      assert(text.includes(` ${LARGE - i}`), `counter ${i}`);
    assert.equal(text.match(/^\w/gm)!.length, 12, 'protocols');
    assert.equal(text.match(/^ {10}\w/gm)!.length, text.split('\n').length - 12, 'the rest is indented');
  });
});

describe('diagnostics: net.memp()', () => {
  it('prints use, peak, size and refusals of pools and heaps', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    const names = mempNames();
    Object.assign(host.stack.memp[names.indexOf('TCP_SEG')]!, { used: 2, max: 9, num: 24, err: 5 });
    Object.assign(host.stack.mem, { used: 1520, max: 3040, size: 24576, err: 6 });
    const lines = prompt.type('memp');
    assert.equal(lines.shift(), '', 'ends the line of the prompt');
    assert.equal(lines[0], 'Pool                   Used       Peak        Max    Refused');
    assert.deepEqual(
      lines.slice(1, -2).map((l) => l.split(/ +/)[0]),
      names,
    );
    assert(lines.includes('TCP_SEG                   2          9         24          5'));
    assert.deepEqual(lines.slice(-2), [
      'heap, bytes            1520       3040      24576          6',
      'JavaScript heap       81234      90123     184312',
    ]);
  });

  it('keeps within the width', () => {
    const { host } = lab();
    const prompt = new Prompt(host);
    host.stack.memp.forEach((pool) => Object.assign(pool, { used: 4e9, max: 4e9, num: 4e9, err: 4e9 }));
    Object.assign(prompt.heap, { heapUsed: 4e9, heapPeak: 4e9, heapTotal: 4e9 });
    assert.equal(prompt.type('memp').length, mempNames().length + 4);
  });
});
