// DHCP client, the usual life of a lease: first contact, messages on the wire, renewing, rebinding, expiry.

import assert from 'node:assert/strict';
import { dnsGetserver } from '../../../firmware/stack/dns/dns.js';
import {
  dhcpInform,
  dhcpLeaseLeft,
  dhcpOption,
  dhcpRelease,
  dhcpRenew,
  dhcpSetClientId,
  dhcpStart,
  dhcpStop,
  dhcpSuppliedAddress,
} from '../../../firmware/stack/dhcp/dhcp.js';
import { ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import { netifRemove, netifSetLinkUp, netifSetUp } from '../../../firmware/stack/core/netif.js';
import { assertClean, usage } from '../../harness/clean.js';
import { Host, ip } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { ACK, typeOf } from '../../peers/dhcp-messages.js';
import { FrameGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { CLIENT_MAC, DhcpBench } from './setup.js';

const DAY = 86400;

function near(actual: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual}, expected ${expected} ± ${tolerance}`,
  );
}

describe('dhcp: first lease', () => {
  it('is usable within a second, with mask, gateway and DNS servers', () => {
    const b = new DhcpBench().start();
    assert.equal(b.state, 'SELECTING');
    b.run(1);
    assert.equal(b.state, 'BOUND');
    assert.equal(b.ip, '10.0.0.100');
    assert.equal(ipaddrNtoa(b.netif.netmask), '255.255.255.0');
    assert.equal(ipaddrNtoa(b.netif.gw), '10.0.0.1');
    assert.equal(ipaddrNtoa(dnsGetserver(b.client.stack, 0)), '10.0.0.53');
    assert.equal(ipaddrNtoa(dnsGetserver(b.client.stack, 1)), '10.0.0.54');
    assert.equal(dhcpSuppliedAddress(b.netif), true);
    near(dhcpLeaseLeft(b.netif), 3600, 1.1);
    assert.deepEqual(b.server.types(), ['DISCOVER', 'REQUEST']);
    b.finish();
    assert.equal(b.ip, '0.0.0.0');
    assert.equal(b.state, 'OFF');
  });

  it('sends what RFC 2131, table 5 asks for', () => {
    const b = new DhcpBench();
    b.netif.hostname = 'light-wire';
    b.bound();
    const [discover, request] = b.sent();
    for (const x of [discover!, request!]) {
      assert.equal(x.frame.ip!.src, '0.0.0.0');
      assert.equal(x.frame.ip!.dst, '255.255.255.255');
      assert.equal(x.frame.eth.dst, 'ff:ff:ff:ff:ff:ff');
      assert.equal(x.frame.udp!.src, 68);
      assert.ok(x.frame.ip!.checksumOk && x.frame.udp!.checksumOk);
      assert.equal(x.m.op, 1);
      assert.equal(x.m.chaddr, CLIENT_MAC);
      assert.equal(x.m.ciaddr, '0.0.0.0');
      assert.equal(x.m.broadcast, true);
      assert.equal(String.fromCharCode(...x.m.options[12]!), 'light-wire');
      assert.deepEqual(x.m.options[57], [1500 >> 8, 1500 & 255]);
      for (const code of [1, 3, 6, 15]) assert.ok(x.m.options[55]!.includes(code));
    }
    assert.equal(discover!.m.options[54], undefined);
    assert.equal(discover!.m.options[50], undefined);
    assert.deepEqual(request!.m.options[54], [10, 0, 0, 1]);
    assert.deepEqual(request!.m.options[50], [10, 0, 0, 100]);
    assert.equal(request!.m.xid, discover!.m.xid);
    assert.equal(request!.m.secs, discover!.m.secs);
    b.finish();
  });

  it('probes by ARP before it takes the address, and announces it after', () => {
    const b = new DhcpBench().bound().run(5);
    const arps = b.ground.heard.filter((f) => f.arp?.tpa === '10.0.0.100').map((f) => f.arp!.spa);
    assert.deepEqual(arps, ['0.0.0.0', '0.0.0.0', '10.0.0.100', '10.0.0.100']);
    b.finish();
  });

  it('takes the address at once with DHCP_CHECK_MS 0', () => {
    const b = new DhcpBench({}, { DHCP_CHECK_MS: 0 }).start().run(0.01);
    assert.equal(b.ip, '10.0.0.100');
    b.finish();
  });

  it('retransmits with 4, 8, 16, 32, 64, 64 s, each a random second more or less; secs and xid go on', () => {
    const b = new DhcpBench({}, { LWIP_DHCP_AUTOIP_COOP_TRIES: 100 });
    b.server.silent = true;
    b.start().run(300);
    const sent = b.sent();
    const gaps = sent.slice(1).map((x, i) => x.at - sent[i]!.at);
    [4, 8, 16, 32, 64, 64].forEach((want, i) => near(gaps[i]!, want, 1.001, `gap ${i}`));
    assert.ok(new Set(gaps.map((g) => (g % 1).toFixed(3))).size > 3, 'not randomised: ' + gaps.join());
    for (const x of sent) {
      assert.equal(x.m.secs, Math.floor(x.at - sent[0]!.at));
      assert.equal(x.m.xid, sent[0]!.m.xid);
    }
    b.server.silent = false;
    b.run(66);
    assert.equal(b.state, 'BOUND');
    b.finish();
  });

  it('gets a lease over a wire that loses a third of all frames', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const b = new DhcpBench({}, { LWIP_DHCP_AUTOIP_COOP_TRIES: 100 });
      const drop = (_f: Uint8Array, i: number): boolean => (i * 7 + seed * 13) % 3 === 0;
      b.link.aToB.drop = drop;
      b.link.bToA.drop = drop;
      b.start().run(600);
      assert.equal(b.state, 'BOUND', `seed ${seed}`);
      b.finish();
    }
  });

  it('asks again for the offer when the ACK is lost, and begins anew after four requests', () => {
    const b = new DhcpBench({ script: (m) => (typeOf(m) === 3 ? [] : undefined) });
    b.start().run(63);
    assert.deepEqual(b.server.types(), [
      'DISCOVER',
      'REQUEST',
      'REQUEST',
      'REQUEST',
      'REQUEST',
      'DISCOVER',
      'REQUEST',
    ]);
    b.server.config.script = null;
    b.run(10);
    assert.equal(b.state, 'BOUND');
    b.finish();
  });

  it('ignores duplicates of every message', () => {
    const b = new DhcpBench();
    b.link.set({ duplicate: 1 });
    b.bound().run(100);
    assert.equal(b.ip, '10.0.0.100');
    assert.deepEqual(
      b.sent().map((x) => typeOf(x.m)),
      [1, 1, 3, 3],
    );
    assert.equal(b.addresses.length, 1);
    b.link.set({ duplicate: 0 });
    b.finish();
  });

  it('takes the first of two offers, and tells the other server by the request', () => {
    const b = new DhcpBench({
      script: (m, reply) => {
        if (typeOf(m) !== 1) return undefined;
        const other = { ...reply!, yiaddr: '10.0.0.200', options: { ...reply!.options, 54: [10, 0, 0, 2] } };
        return [reply!, other];
      },
    }).bound();
    assert.equal(b.ip, '10.0.0.100');
    assert.deepEqual(b.sent()[1]!.m.options[54], [10, 0, 0, 1]);
    b.finish();
  });

  it('tells options that applications ask for', () => {
    const b = new DhcpBench({
      options: { 42: [10, 0, 0, 9], 15: [0x61, 0x2e, 0x62], 26: [1400 >> 8, 1400 & 255] },
    }).bound();
    assert.deepEqual(dhcpOption(b.netif, 42), [10, 0, 0, 9]);
    assert.deepEqual(dhcpOption(b.netif, 15), [0x61, 0x2e, 0x62]);
    assert.equal(dhcpOption(b.netif, 99), null);
    assert.equal(b.netif.mtu, 1400);
    b.finish();
    assert.equal(b.netif.mtu, 1500);
  });

  it('takes no MTU below 576 nor above its own', () => {
    for (const mtu of [68, 575, 1501, 9000]) {
      const b = new DhcpBench({ options: { 26: [mtu >> 8, mtu & 255] } }).bound();
      assert.equal(b.netif.mtu, 1500);
      b.finish();
    }
  });

  it('identifies itself by a client identifier, and takes only answers to it (RFC 6842)', () => {
    const id = [255, 0, 0, 0, 1, 0, 3, 0, 1, 2, 0, 0, 0, 0, 0x10];
    let wrong = true;
    const b = new DhcpBench({
      script: (_m, r) => (r && wrong ? [{ ...r, options: { ...r.options, 61: [1, 2, 3] } }] : undefined),
    });
    assert.equal(dhcpSetClientId(b.netif, [1]), -16);
    assert.equal(dhcpSetClientId(b.netif, id), 0);
    b.start().run(3);
    assert.equal(b.state, 'SELECTING');
    assert.deepEqual(b.sent()[0]!.m.options[61], id);
    wrong = false;
    b.run(6);
    assert.equal(b.state, 'BOUND');
    b.finish();
  });

  it('starts when the link comes up, when it was started before', () => {
    const s = new Scheduler();
    const link = new Link(s);
    const host = new Host(s, 3);
    const atRest = usage(host);
    const netif = host.addInterface({ port: link.a, mac: CLIENT_MAC, up: false });
    const server = new DhcpServer(new FrameGround(link.b, '02:00:00:00:00:01', '10.0.0.1'), {
      first: '10.0.0.7',
    });
    host.do(() => assert.equal(dhcpStart(netif), 0));
    s.runFor(100e6);
    assert.equal(server.log.length, 0);
    host.do(() => netifSetLinkUp(netif));
    s.runFor(1e6);
    assert.equal(server.log.length, 0, 'not up yet');
    host.do(() => netifSetUp(netif));
    s.runFor(1e6);
    assert.equal(netif.ipAddr, ip('10.0.0.7'));
    host.do(() => dhcpStop(netif));
    s.runFor(600e6);
    assertClean(host, atRest);
  });
});

describe('dhcp: keeping the lease', () => {
  it('renews by unicast at T1, half of the lease, without touching the address', () => {
    const b = new DhcpBench({ lease: 3600 }).bound();
    const t0 = b.sent()[1]!.at;
    b.run(1900);
    const renewals = b.sent(t0 + 1);
    assert.equal(renewals.length, 1);
    near(renewals[0]!.at - t0, 1800, 0.01);
    const { m, frame } = renewals[0]!;
    assert.equal(frame.ip!.dst, '10.0.0.1');
    assert.equal(frame.ip!.src, '10.0.0.100');
    assert.equal(m.ciaddr, '10.0.0.100');
    assert.equal(m.broadcast, false);
    assert.equal(m.options[50], undefined);
    assert.equal(m.options[54], undefined);
    assert.equal(b.addresses.length, 1);
    assert.equal(b.state, 'BOUND');
    b.finish();
  });

  it('keeps it for a month of virtual time', () => {
    const b = new DhcpBench({ lease: 12 * 3600 }).bound().run(30 * DAY);
    assert.equal(b.addresses.length, 1);
    assert.equal(b.server.takeLog().length, Math.floor((30 * DAY) / (6 * 3600)));
    b.finish();
  });

  it('keeps to T1 and T2 of the server', () => {
    const b = new DhcpBench({ lease: 3600, t1: 600, t2: 1000 }).bound();
    const t0 = b.sent()[1]!.at;
    b.server.silent = true;
    b.run(1100);
    const sent = b.sent(t0 + 1).map((x) => ({ at: x.at - t0, dst: x.frame.ip!.dst }));
    near(sent[0]!.at, 600, 0.01);
    const first = sent.findIndex((x) => x.dst === '255.255.255.255');
    near(sent[first]!.at, 1000, 0.01);
    assert.equal(b.state, 'REBINDING');
    b.finish();
  });

  it('ignores T1 and T2 that make no sense', () => {
    for (const [t1, t2] of [
      [3000, 2000],
      [5000, 6000],
      [0, 0],
    ] as const) {
      const b = new DhcpBench({ lease: 3600, t1, t2 }).bound();
      const t0 = b.sent()[1]!.at;
      b.run(1801);
      near(b.sent(t0 + 1)[0]!.at - t0, 1800, 0.01, `${t1}, ${t2}`);
      b.finish();
    }
  });

  it('asks again after half of what remains, at least 60 s; rebinds at T2; ends on the second', () => {
    const b = new DhcpBench({ lease: 3600 }).bound();
    const t0 = b.sent()[1]!.at;
    b.server.silent = true;
    b.run(3599 - b.seconds + t0);
    const sent = b.sent(t0 + 1);
    const expected: [number, string][] = [
      [1800, 'u'],
      [2475, 'u'],
      [2813, 'u'],
      [2981, 'u'],
      [3066, 'u'],
      [3126, 'u'],
      [3150, 'b'],
      [3375, 'b'],
      [3487.5, 'b'],
      [3547.5, 'b'],
    ];
    assert.equal(sent.length, expected.length);
    expected.forEach(([at, how], i) => {
      near(sent[i]!.at - t0, at, 1);
      assert.equal(sent[i]!.frame.ip!.dst, how === 'u' ? '10.0.0.1' : '255.255.255.255');
    });
    assert.equal(b.ip, '10.0.0.100');
    b.run(0.999 - ((b.seconds - t0) % 1));
    assert.equal(b.ip, '10.0.0.100');
    b.run(0.02);
    assert.equal(b.ip, '0.0.0.0');
    assert.equal(dhcpSuppliedAddress(b.netif), false);
    // It begins anew, with the same wish.
    b.server.silent = false;
    b.run(10);
    assert.equal(b.ip, '10.0.0.100');
    assert.deepEqual(
      b.addresses.map((a) => a.ip),
      ['10.0.0.100', '0.0.0.0', '10.0.0.100'],
    );
    b.finish();
  });

  it('is rescued by another server while rebinding', () => {
    const b = new DhcpBench({ lease: 3600 }).bound();
    b.server.silent = true;
    b.run(3200);
    assert.equal(b.state, 'REBINDING');
    b.server.config.script = (_m, r) =>
      r ? [{ ...r, options: { ...r.options, 54: [10, 0, 0, 2] } }] : undefined;
    b.server.silent = false;
    b.run(250);
    assert.equal(b.state, 'BOUND');
    assert.equal(b.addresses.length, 1);
    b.server.config.script = null;
    b.finish();
  });

  it('takes a short lease of 10 s seriously', () => {
    const b = new DhcpBench({ lease: 10 }).bound().run(100);
    assert.equal(b.addresses.length, 1);
    const n = b.server.takeLog().length;
    assert.ok(n >= 18 && n <= 22, String(n));
    b.server.silent = true;
    b.run(11);
    assert.equal(b.ip, '0.0.0.0');
    b.finish();
  });

  it('keeps a lease of 136 years and one without end', () => {
    for (const lease of [0xfffffffe, Infinity, 100 * DAY]) {
      const b = new DhcpBench({ lease }).bound();
      const t0 = b.seconds;
      b.run(49 * DAY);
      assert.equal(b.server.takeLog().length, 0, String(lease));
      b.run(11 * DAY);
      assert.equal(b.ip, '10.0.0.100');
      assert.deepEqual(b.server.types(), lease === 100 * DAY ? ['REQUEST'] : []);
      if (lease === 100 * DAY) near(b.sent(t0)[0]!.at - t0, 50 * DAY, 2);
      if (lease === Infinity) {
        assert.equal(dhcpLeaseLeft(b.netif), Infinity);
        let timeouts = 0;
        for (let t = b.client.stack.timeouts; t; t = t.next) timeouts++;
        assert.equal(timeouts, 0, 'no timer is needed');
      }
      b.finish();
    }
  });

  it('survives the wrap of the clock', () => {
    const b = new DhcpBench({ lease: 3600 });
    b.run(2 ** 32 / 1000 - 900);
    b.bound().run(1700);
    assert.equal(b.server.takeLog().length, 0);
    b.run(200);
    assert.deepEqual(b.server.types(), ['REQUEST']);
    b.server.silent = true;
    b.run(3520);
    assert.equal(b.ip, '0.0.0.0');
    b.finish();
  });

  it('counts the lease from its request, not from the answer', () => {
    const b = new DhcpBench({ lease: 100 });
    b.link.bToA.delay = 3e6;
    b.start().run(20);
    const request = b.sent().find((x) => typeOf(x.m) === 3)!;
    b.server.silent = true;
    b.run(request.at + 99.5 - b.seconds);
    assert.equal(b.ip, '10.0.0.100');
    b.run(1);
    assert.equal(b.ip, '0.0.0.0');
    b.link.bToA.delay = 0;
    b.finish();
  });

  it('follows when the server renumbers at renewal', () => {
    const b = new DhcpBench({ lease: 3600 }).bound();
    b.server.config.script = (_m, r) =>
      r && typeOf(r) === ACK ? [{ ...r, yiaddr: '10.0.0.140' }] : undefined;
    b.run(1805);
    assert.equal(b.ip, '10.0.0.140');
    b.server.config.script = null;
    b.finish();
  });

  it('renews on demand', () => {
    const b = new DhcpBench({ lease: 3600 });
    assert.equal(dhcpRenew(b.netif), -6);
    b.bound().run(100);
    assert.equal(
      b.client.do(() => dhcpRenew(b.netif)),
      0,
    );
    b.run(1);
    assert.deepEqual(b.server.types(), ['REQUEST']);
    near(dhcpLeaseLeft(b.netif), 3599, 0.1);
    b.finish();
  });
});

describe('dhcp: ending', () => {
  it('releases by unicast and drops the address', () => {
    const b = new DhcpBench({ lease: 100 }).bound().run(55);
    assert.equal(
      b.client.do(() => dhcpRelease(b.netif)),
      0,
    );
    b.run(1);
    const last = b.server.takeLog().pop()!;
    assert.equal(last.type, 'RELEASE');
    assert.equal(last.message.ciaddr, '10.0.0.100');
    assert.deepEqual(last.message.options[54], [10, 0, 0, 1]);
    assert.equal(last.message.options[50], undefined);
    assert.equal(last.src, '10.0.0.100');
    assert.equal(last.dst, '10.0.0.1');
    assert.equal(b.server.leases.size, 0);
    assert.equal(b.ip, '0.0.0.0');
    assert.equal(dhcpRelease(b.netif), -6);
    b.finish();
  });

  it('releases by broadcast when the server would have to be asked for by ARP', () => {
    const b = new DhcpBench().bound().run(5);
    b.client.do(() => dhcpStop(b.netif));
    b.run(1);
    const last = b.server.takeLog().pop()!;
    assert.equal(last.type, 'RELEASE');
    assert.equal(last.dst, '255.255.255.255');
    assert.equal(last.src, '10.0.0.100');
    assert.equal(b.server.leases.size, 0);
    b.finish();
  });

  it('can be stopped in every state, and started again', () => {
    for (const [silent, seconds] of [
      [true, 1],
      [false, 0.3],
      [false, 1],
      [false, 1801],
    ] as const) {
      const b = new DhcpBench();
      b.server.silent = silent;
      b.start().run(seconds);
      b.client.do(() => dhcpStop(b.netif));
      assert.equal(b.state, 'OFF');
      b.server.silent = false;
      b.bound();
      b.finish();
    }
  });

  it('is gone with its interface', () => {
    const b = new DhcpBench().bound();
    b.client.do(() => netifRemove(b.netif));
    b.run(600);
    b.assertClean();
  });

  it('fails with ERR_MEM without a PCB, and leaks nothing', () => {
    const b = new DhcpBench({}, { MEMP_NUM_UDP_PCB: 2 });
    b.client.stack.memp[3]!.used = 2;
    assert.equal(dhcpStart(b.netif), -1);
    b.client.stack.memp[3]!.used = 0;
    assert.equal(b.state, 'OFF');
    b.finish();
  });
});

describe('dhcp: inform', () => {
  it('learns DNS servers for an address set by hand', () => {
    const s = new Scheduler();
    const link = new Link(s, { delay: 100 });
    const host = new Host(s, 3);
    const atRest = usage(host);
    const netif = host.addInterface({ port: link.a, mac: CLIENT_MAC, ip: '10.0.0.9' });
    const ground = new FrameGround(link.b, '02:00:00:00:00:01', '10.0.0.1');
    const server = new DhcpServer(ground, { first: '10.0.0.100', dns: ['10.0.0.53'] });
    host.do(() => assert.equal(dhcpInform(netif), 0));
    s.runFor(1e6);
    assert.equal(server.log[0]!.type, 'INFORM');
    assert.equal(server.log[0]!.message.ciaddr, '10.0.0.9');
    assert.equal(server.log[0]!.src, '10.0.0.9');
    assert.equal(dnsGetserver(host.stack, 0), ip('10.0.0.53'));
    assert.equal(netif.ipAddr, ip('10.0.0.9'));
    assert.equal(dhcpSuppliedAddress(netif), false);
    s.runFor(600e6);
    assertClean(host, atRest);
  });

  it('gives up after four tries', () => {
    const s = new Scheduler();
    const link = new Link(s, { delay: 100 });
    const host = new Host(s, 3);
    const atRest = usage(host);
    const netif = host.addInterface({ port: link.a, mac: CLIENT_MAC, ip: '10.0.0.9' });
    const server = new DhcpServer(new FrameGround(link.b, '02:00:00:00:00:01', '10.0.0.1'), {
      first: '10.0.0.100',
    });
    server.silent = true;
    host.do(() => assert.equal(dhcpInform(netif), 0));
    s.runFor(600e6);
    assert.equal(server.log.length, 4);
    assertClean(host, atRest);
    assert.equal(host.stack.timeouts, null);
  });

  it('needs an address, and no client', () => {
    const b = new DhcpBench();
    assert.equal(dhcpInform(b.netif), -6);
    b.bound();
    assert.equal(dhcpInform(b.netif), -6);
    b.finish();
  });
});
