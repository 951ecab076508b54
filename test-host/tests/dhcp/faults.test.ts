// DHCP client, when things go wrong: refusals, conflicts, broken and foreign messages, links that flap, no server.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ip4Addr, ipaddrNtoa } from '../../../firmware/stack/core/ipaddr.js';
import {
  netifSetDown,
  netifSetLinkDown,
  netifSetLinkUp,
  netifSetUp,
} from '../../../firmware/stack/core/netif.js';
import { DROP, LENERR, PROTERR, STAT_DHCP } from '../../../firmware/stack/core/stats.js';
import { autoipStart, autoipStop, autoipSuppliedAddress } from '../../../firmware/stack/autoip/autoip.js';
import {
  dhcpRenew,
  dhcpStart,
  dhcpStateName,
  dhcpStop,
  dhcpSuppliedAddress,
} from '../../../firmware/stack/dhcp/dhcp.js';
import { dhcpRead } from '../../../firmware/stack/dhcp/dhcp_wire.js';
import { assertClean, usage } from '../../harness/clean.js';
import { Host } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import {
  ACK,
  DISCOVER,
  NAK,
  OFFER,
  REQUEST,
  encodeDhcp,
  typeOf,
  type DhcpMessage,
} from '../../peers/dhcp-messages.js';
import { FrameGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { CLIENT_MAC, DhcpBench } from './setup.js';

const OTHER_MAC = '02:00:00:00:00:99';

/** Answers ARP for an address as another host would. */
function squat(b: DhcpBench, address: string): void {
  const port = b.link.b;
  const inner = port.onFrame!;
  port.onFrame = (frame, meta) => {
    const before = b.ground.heard.length;
    inner(frame, meta);
    const f = b.ground.heard[before];
    if (f?.arp && f.arp.tpa === address && f.arp.spa !== address) announce(b, address, f.arp.sha);
  };
}

function announce(b: DhcpBench, address: string, to = 'ff:ff:ff:ff:ff:ff'): void {
  b.ground.sendFrame({
    eth: { dst: to, src: OTHER_MAC },
    arp: { op: 2, sha: OTHER_MAC, spa: address, tha: to, tpa: '0.0.0.0' },
  });
}

function nakOnce(b: DhcpBench): void {
  let done = false;
  b.server.config.script = (m) => {
    if (done || typeOf(m) !== REQUEST) return undefined;
    done = true;
    b.server.leases.clear();
    return [b.server.message(m, NAK, '')];
  };
}

describe('dhcp: refusals', () => {
  it('begins anew at once after a NAK to its request', () => {
    const b = new DhcpBench();
    nakOnce(b);
    b.start().run(1.5);
    assert.equal(b.state, 'BOUND');
    assert.deepEqual(b.server.types(), ['DISCOVER', 'REQUEST', 'DISCOVER', 'REQUEST']);
    const sent = b.sent();
    assert.notEqual(sent[0]!.m.xid, sent[2]!.m.xid);
    assert.equal(sent[2]!.m.options[50], undefined);
    b.finish();
  });

  it('pauses longer and longer when it is refused again and again', () => {
    const b: DhcpBench = new DhcpBench({
      script: (m) => (typeOf(m) === REQUEST ? [b.server.message(m, NAK, '')] : undefined),
    });
    b.start().run(600);
    const n = b.server.types().filter((t) => t === 'DISCOVER').length;
    assert.ok(n > 8 && n < 20, `${n} in ten minutes`);
    b.finish();
  });

  it('drops the address on a NAK while renewing, rebinding and rebooting', () => {
    for (const state of ['RENEWING', 'REBINDING', 'REBOOTING']) {
      const b = new DhcpBench({ lease: 3600 }).bound();
      nakOnce(b);
      const refused = (): boolean => b.addresses.some((a) => a.ip === '0.0.0.0');
      if (state === 'REBOOTING') {
        b.client.do(() => netifSetLinkDown(b.netif));
        b.client.do(() => netifSetLinkUp(b.netif));
      } else {
        b.server.silent = true;
        b.run(state === 'RENEWING' ? 1801 : 3151);
      }
      assert.equal(b.state, state);
      b.server.silent = false;
      assert.ok(b.scheduler.runWhile(refused, 700e6), state);
      b.run(2);
      assert.equal(b.state, 'BOUND');
      b.finish();
    }
  });

  it('listens to no NAK from another server than the one it asked', () => {
    const b = new DhcpBench();
    b.server.config.script = (m, r) => {
      if (typeOf(m) !== REQUEST) return undefined;
      const nak = b.server.message(m, NAK, '');
      return [{ ...nak, options: { ...nak.options, 54: [10, 0, 0, 66] } }, r!];
    };
    b.bound();
    assert.deepEqual(
      b.sent().map((x) => typeOf(x.m)),
      [DISCOVER, REQUEST],
    );
    b.finish();
  });
});

describe('dhcp: address conflicts', () => {
  it('declines an address that is in use, waits ten seconds and takes another', () => {
    const b = new DhcpBench();
    squat(b, '10.0.0.100');
    b.start().run(20);
    assert.deepEqual(b.server.types(), ['DISCOVER', 'REQUEST', 'DECLINE', 'DISCOVER', 'REQUEST']);
    const sent = b.sent();
    const decline = sent[2]!;
    assert.deepEqual(decline.m.options[50], [10, 0, 0, 100]);
    assert.deepEqual(decline.m.options[54], [10, 0, 0, 1]);
    assert.equal(decline.m.options[55], undefined);
    assert.equal(decline.frame.ip!.src, '0.0.0.0');
    assert.equal(decline.frame.ip!.dst, '255.255.255.255');
    assert.equal(decline.m.secs, 0);
    assert.ok(sent[3]!.at - decline.at > 9.999);
    assert.equal(b.ip, '10.0.0.101');
    assert.deepEqual(
      b.addresses.map((a) => a.ip),
      ['10.0.0.101'],
    );
    b.finish();
  });

  it('defends its address once, and gives it up when the other persists', () => {
    const b = new DhcpBench().bound().run(10);
    const before = b.ground.heard.length;
    announce(b, '10.0.0.100');
    b.run(1);
    assert.equal(b.ip, '10.0.0.100');
    assert.ok(
      b.ground.heard.slice(before).some((f) => f.arp?.spa === '10.0.0.100'),
      'no defence',
    );
    announce(b, '10.0.0.100');
    b.run(1);
    assert.equal(b.ip, '0.0.0.0');
    assert.equal(b.server.types().pop(), 'DECLINE');
    b.run(15);
    assert.equal(b.ip, '10.0.0.101');
    b.finish();
  });

  it('probes again and goes on defending after the link was away', () => {
    const b = new DhcpBench().bound().run(10);
    b.client.do(() => netifSetLinkDown(b.netif));
    b.run(5);
    b.client.do(() => netifSetLinkUp(b.netif));
    b.run(5);
    announce(b, '10.0.0.100');
    b.run(1);
    announce(b, '10.0.0.100');
    b.run(1);
    assert.equal(b.ip, '0.0.0.0');
    b.finish();
  });
});

describe('dhcp: links', () => {
  it('asks whether its address still holds when the link is back, and keeps it meanwhile', () => {
    const b = new DhcpBench().bound().run(100);
    b.client.do(() => netifSetLinkDown(b.netif));
    b.run(60);
    assert.equal(b.ip, '10.0.0.100');
    const t = b.seconds;
    b.client.do(() => netifSetLinkUp(b.netif));
    b.run(1);
    const [m] = b.sent(t);
    assert.equal(b.sent(t).length, 1);
    assert.equal(typeOf(m!.m), REQUEST);
    assert.deepEqual(m!.m.options[50], [10, 0, 0, 100]);
    assert.equal(m!.m.options[54], undefined);
    assert.equal(m!.m.ciaddr, '0.0.0.0');
    assert.equal(m!.frame.ip!.src, '0.0.0.0');
    assert.ok(m!.frame.udp!.checksumOk);
    assert.equal(b.state, 'BOUND');
    assert.equal(b.addresses.length, 1);
    b.finish();
  });

  it('looks for another lease when nobody answers, and uses the old one until it ends', () => {
    const b = new DhcpBench({ lease: 600 }).bound();
    b.server.silent = true;
    b.client.do(() => netifSetLinkDown(b.netif));
    b.client.do(() => netifSetLinkUp(b.netif));
    b.run(60);
    assert.equal(b.state, 'SELECTING');
    assert.equal(b.ip, '10.0.0.100');
    assert.equal(dhcpSuppliedAddress(b.netif), true);
    const last = b.sent().pop()!;
    assert.equal(last.frame.ip!.src, '0.0.0.0');
    assert.ok(last.frame.udp!.checksumOk);
    b.run(545);
    assert.equal(b.ip, '0.0.0.0');
    b.finish();
  });

  it('ends the lease in time though the link is down', () => {
    const b = new DhcpBench({ lease: 600 }).bound();
    b.client.do(() => netifSetLinkDown(b.netif));
    b.run(598);
    assert.equal(b.ip, '10.0.0.100');
    b.run(3);
    assert.equal(b.ip, '0.0.0.0');
    assert.equal(b.client.stack.timeouts, null);
    b.client.do(() => netifSetLinkUp(b.netif));
    b.run(2);
    assert.equal(b.ip, '10.0.0.100');
    b.finish();
  });

  it('moves to another network', () => {
    const b = new DhcpBench().bound();
    b.client.do(() => netifSetLinkDown(b.netif));
    b.server.config.first = '192.168.7.20';
    (b.ground as { ip: string }).ip = '192.168.7.1';
    b.server.leases.clear();
    b.client.do(() => netifSetLinkUp(b.netif));
    b.run(3);
    assert.equal(b.ip, '192.168.7.20');
    assert.deepEqual(b.server.types(), ['REQUEST', 'DISCOVER', 'REQUEST']);
    b.finish();
  });

  it('survives flapping in every phase', () => {
    for (let ms = 0; ms < 1200; ms += 37) {
      const b = new DhcpBench().start();
      for (let i = 0; i < 5; i++) {
        b.run(ms / 1000);
        b.client.do(() => (i & 1 ? netifSetDown(b.netif) : netifSetLinkDown(b.netif)));
        b.run(0.01 + ms / 3000);
        b.client.do(() => (i & 1 ? netifSetUp(b.netif) : netifSetLinkUp(b.netif)));
      }
      b.run(40);
      assert.equal(b.state, 'BOUND', `${ms} ms`);
      b.finish();
    }
  });
});

describe('dhcp: no server', () => {
  it('takes a link-local address after three tries, goes on asking, and changes over to a lease', () => {
    const b = new DhcpBench();
    b.server.silent = true;
    b.start().run(26);
    assert.equal(b.ip, '0.0.0.0');
    b.run(14);
    assert.match(b.ip, /^169\.254\./);
    assert.equal(ipaddrNtoa(b.netif.netmask), '255.255.0.0');
    assert.equal(autoipSuppliedAddress(b.netif), true);
    assert.equal(dhcpSuppliedAddress(b.netif), false);
    b.run(200);
    const late = b.sent(41);
    assert.ok(late.length >= 3);
    for (const x of late) {
      assert.equal(x.frame.ip!.src, '0.0.0.0');
      assert.ok(x.frame.udp!.checksumOk && x.frame.ip!.checksumOk);
    }
    b.server.silent = false;
    b.run(70);
    assert.equal(b.ip, '10.0.0.100');
    assert.equal(autoipSuppliedAddress(b.netif), false);
    b.run(4000);
    assert.equal(b.ip, '10.0.0.100');
    b.finish();
  });

  it('falls back also when offers are never followed by a lease', () => {
    const b = new DhcpBench({ script: (m) => (typeOf(m) === REQUEST ? [] : undefined) }).start().run(60);
    assert.match(b.ip, /^169\.254\./);
    b.finish();
    assert.equal(b.ip, '0.0.0.0');
  });

  it('answers to an unlucky start: the whole exchange within one lost message each way', () => {
    for (let lost = 0; lost < 4; lost++) {
      const b = new DhcpBench();
      let n = 0;
      const drop = (f: Uint8Array): boolean => f[12] === 8 && f[13] === 0 && n++ === lost;
      b.link.aToB.drop = drop;
      b.link.bToA.drop = drop;
      b.start().run(7);
      assert.equal(b.state, 'BOUND', `message ${lost}`);
      b.finish();
    }
  });
});

describe('dhcp: broken and foreign messages', () => {
  function answering(make: (m: DhcpMessage, r: DhcpMessage) => (DhcpMessage | Uint8Array)[]): DhcpBench {
    return new DhcpBench({ script: (m, r) => (r ? make(m, r) : undefined) }).start().run(3);
  }

  const useless: Record<string, (m: DhcpMessage, r: DhcpMessage) => DhcpMessage | Uint8Array> = {
    'another xid': (_m, r) => ({ ...r, xid: (r.xid + 1) >>> 0 }),
    'another chaddr': (_m, r) => ({ ...r, chaddr: '02:00:00:00:00:11' }),
    'a request': (_m, r) => ({ ...r, op: 1 }),
    'no cookie': (_m, r) => encodeDhcp(r, { cookie: 0x63825364 }),
    'another hardware': (_m, r) => encodeDhcp(r, { hlen: 16 }),
    'only the fixed part': (_m, r) => encodeDhcp(r, { length: 239 }),
    'no options': (_m, r) => encodeDhcp(r, { raw: [] }),
    'an option that runs over the end': (_m, r) =>
      encodeDhcp(r, { raw: [53, 1, typeOf(r), 54, 250, 10], length: 260 }),
    'an option without length': (_m, r) => encodeDhcp(r, { raw: [53, 1, typeOf(r), 54], length: 244 }),
    'no message type': (_m, r) => ({ ...r, options: { ...r.options, 53: undefined as never, 61: [] } }),
    'no server': (_m, r) => {
      const { 54: _, ...options } = r.options;
      return { ...r, options };
    },
    'a short server': (_m, r) => ({ ...r, options: { ...r.options, 54: [10, 0] } }),
    'no lease time': (_m, r) => {
      const { 51: _, ...options } = r.options;
      return { ...r, options };
    },
    'a lease of no time': (_m, r) => ({ ...r, options: { ...r.options, 51: [0, 0, 0, 0] } }),
    'address 0.0.0.0': (_m, r) => ({ ...r, yiaddr: '0.0.0.0' }),
    'a group': (_m, r) => ({ ...r, yiaddr: '224.0.0.5' }),
    'broadcast': (_m, r) => ({ ...r, yiaddr: '255.255.255.255' }),
    'loopback': (_m, r) => ({ ...r, yiaddr: '127.0.0.5' }),
    'the network itself': (_m, r) => ({ ...r, yiaddr: '10.0.0.0' }),
    'the directed broadcast': (_m, r) => ({ ...r, yiaddr: '10.0.0.255' }),
  };
  for (const name in useless) {
    it(`ignores and counts: ${name}`, () => {
      const b = answering((m, r) => {
        const x = useless[name]!(m, r);
        if (!(x instanceof Uint8Array)) for (const k in x.options) if (!x.options[k]) delete x.options[k];
        return [x];
      });
      assert.equal(b.state, 'SELECTING');
      assert.equal(b.sent().length, 1);
      const stats = b.client.stack.stats;
      assert.ok(stats[STAT_DHCP + DROP]! > 0, 'not counted');
      assert.ok(
        stats[STAT_DHCP + PROTERR]! + stats[STAT_DHCP + LENERR]! > 0 || /another (xid|chaddr)/.test(name),
      );
      b.server.config.script = null;
      b.run(10);
      assert.equal(b.state, 'BOUND');
      b.finish();
    });
  }

  it('drops what does not come from the server port', () => {
    const b = new DhcpBench();
    b.server.silent = true;
    b.start().run(1);
    const m = b.sent()[0]!.m;
    b.ground.send(1067, '255.255.255.255', 68, encodeDhcp(b.server.message(m, OFFER, '10.0.0.5')));
    b.run(1);
    assert.equal(b.state, 'SELECTING');
    b.finish();
  });

  it('reads options from "file" and "sname", and joins parts', () => {
    const b = answering((_m, r) => {
      const { 1: mask, 3: router, 51: lease, ...options } = r.options;
      return [
        encodeDhcp(
          { ...r, options },
          {
            file: [0, 1, 2, ...mask!.slice(0, 2), 1, 2, ...mask!.slice(2), 255],
            sname: [3, 4, ...router!, 51, 4, ...lease!, 255],
          },
        ),
      ];
    });
    assert.equal(b.state, 'BOUND');
    assert.equal(ipaddrNtoa(b.netif.netmask), '255.255.255.0');
    assert.equal(ipaddrNtoa(b.netif.gw), '10.0.0.1');
    b.server.config.script = null;
    b.finish();
  });

  it('takes a broken overloaded field for a broken message', () => {
    const b = answering((_m, r) => [encodeDhcp(r, { sname: [3, 200, 1] })]);
    assert.equal(b.state, 'SELECTING');
    b.finish();
  });

  it('takes the mask of the class where none or a wrong one is given', () => {
    for (const [mask, expected] of [
      [undefined, '255.0.0.0'],
      [[255, 0, 255, 0], '255.0.0.0'],
      [[0, 0, 0, 0], '255.0.0.0'],
    ] as const) {
      const b = answering((_m, r) => {
        const options = { ...r.options };
        if (mask) options[1] = [...mask];
        else delete options[1];
        return [{ ...r, options }];
      });
      assert.equal(ipaddrNtoa(b.netif.netmask), expected);
      b.server.config.script = null;
      b.finish();
    }
  });

  it('takes both ends of a /31', () => {
    const b = new DhcpBench({ first: '10.0.0.2', netmask: '255.255.255.254' }).bound();
    assert.equal(b.ip, '10.0.0.2');
    b.finish();
  });

  it('needs no acknowledgement that it did not ask for', () => {
    const b = new DhcpBench().bound().run(10);
    const { m } = b.sent()[1]!;
    for (const type of [OFFER, ACK, NAK]) b.server.reply(m, b.server.message(m, type, '10.0.0.77'));
    b.run(5);
    assert.equal(b.state, 'BOUND');
    assert.equal(b.ip, '10.0.0.100');
    assert.equal(b.addresses.length, 1);
    b.finish();
  });

  it('parses any bytes without exception, and never past the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 400 }), fc.boolean(), (noise, valid) => {
        const b = new Uint8Array(240 + noise.length);
        b.set(noise, 240);
        if (noise.length > 9) b.set(noise.subarray(0, 200), 30);
        if (valid) {
          b.set([2, 1, 6, 0]);
          b.set([0x63, 0x82, 0x53, 0x63], 236);
        }
        const o = dhcpRead(b);
        if (!valid) assert.equal(o, null);
        for (const v of Object.values(o ?? {}).flat()) assert.ok(v! >= 0 && v! <= 255);
      }),
      { numRuns: 2000, seed: 42 },
    );
  });

  it('survives mutated answers in every state, and still gets its lease', () => {
    let seed = 1;
    const next = (n: number): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    const b = new DhcpBench({
      lease: 60,
      script: (_m, r) => {
        if (!r) return undefined;
        const out: Uint8Array[] = [];
        for (let i = 0; i < 4; i++) {
          let bytes = encodeDhcp(r);
          for (let k = next(6); k >= 0; k--) bytes[next(4) ? 240 + next(60) : next(240)] = next(256);
          if (!next(8)) bytes = bytes.slice(0, next(bytes.length));
          out.push(bytes);
        }
        return out;
      },
    });
    for (let i = 0; i < 200; i++) {
      b.start();
      b.run(20 + i);
    }
    assert.ok(b.server.log.length > 500, `only ${b.server.log.length} messages`);
    b.server.config.script = null;
    b.run(1);
    b.client.do(() => dhcpStop(b.netif));
    b.bound();
    b.finish();
  });
});

describe('dhcp: two interfaces', () => {
  it('has a lease on each, by a PCB each', () => {
    const s = new Scheduler();
    const host = new Host(s, 11);
    const atRest = usage(host);
    const servers = [1, 2].map((n) => {
      const link = new Link(s, { delay: 100 });
      const netif = host.addInterface({ port: link.a, mac: `02:00:00:00:0${n}:10` });
      const ground = new FrameGround(link.b, `02:00:00:00:0${n}:01`, `10.0.${n}.1`);
      return { netif, server: new DhcpServer(ground, { first: `10.0.${n}.50`, lease: 1000 }) };
    });
    const [a, b] = servers as [(typeof servers)[0], (typeof servers)[0]];
    host.do(() => [a, b].forEach((x) => assert.equal(dhcpStart(x.netif), 0)));
    s.runFor(2e6);
    assert.equal(usage(host)['UDP_PCB'], 2);
    assert.deepEqual([ipaddrNtoa(a.netif.ipAddr), ipaddrNtoa(b.netif.ipAddr)], ['10.0.1.50', '10.0.2.50']);
    host.do(() => dhcpStop(a.netif));
    assert.equal(usage(host)['UDP_PCB'], 1);
    b.server.takeLog();
    s.runFor(3000e6);
    assert.equal(dhcpStateName(b.netif), 'BOUND');
    assert.ok(b.server.log.length >= 5);
    assert.equal(
      host.do(() => dhcpRenew(b.netif)),
      0,
    );
    host.do(() => dhcpStop(b.netif));
    s.runFor(600e6);
    assertClean(host, atRest);
    assert.equal(host.stack.timeouts, null);
  });
});

describe('autoip', () => {
  function alone(mac: string): { s: Scheduler; host: Host; ground: FrameGround; link: Link } {
    const s = new Scheduler();
    const link = new Link(s, { delay: 100 });
    const host = new Host(s, 5);
    host.addInterface({ port: link.a, mac });
    return { s, host, link, ground: new FrameGround(link.b, OTHER_MAC, '169.254.0.1', () => s.now) };
  }

  it('chooses from 169.254.1.0 to 169.254.254.255, the same for the same hardware, probing first', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const { s, host, ground } = alone(`02:00:00:00:00:${(i + 16).toString(16)}`);
      host.do(() => assert.equal(autoipStart(host.netif), 0));
      assert.equal(autoipStart(host.netif), 0, 'again has no effect');
      s.runFor(8e6);
      const a = host.netif.ipAddr;
      assert.ok(a >= ip4Addr(169, 254, 1, 0) && a <= ip4Addr(169, 254, 254, 255), ipaddrNtoa(a));
      seen.add(a);
      const probes = ground.heard.filter((f) => f.arp?.spa === '0.0.0.0' && f.arp.tpa === ipaddrNtoa(a));
      assert.equal(probes.length, 3);
      if (i < 3) {
        const again = alone(`02:00:00:00:00:${(i + 16).toString(16)}`);
        again.host.do(() => autoipStart(again.host.netif));
        again.s.runFor(8e6);
        assert.equal(again.host.netif.ipAddr, a);
      }
      host.do(() => autoipStop(host.netif));
      assert.equal(host.netif.ipAddr, 0);
    }
    assert.ok(seen.size >= 39, `${seen.size} different addresses of 40`);
  });

  it('takes another address after a conflict, before and after it has one', () => {
    const { s, host, ground } = alone(CLIENT_MAC);
    const atRest = usage(host);
    host.do(() => autoipStart(host.netif));
    s.runFor(1e6);
    const first = ground.heard.find((f) => f.arp)!.arp!.tpa;
    const claim = (address: string): void =>
      ground.sendFrame({
        eth: { dst: 'ff:ff:ff:ff:ff:ff', src: OTHER_MAC },
        arp: { op: 1, sha: OTHER_MAC, spa: address, tpa: address },
      });
    claim(first);
    s.runFor(10e6);
    const second = ipaddrNtoa(host.netif.ipAddr);
    assert.match(second, /^169\.254\./);
    assert.notEqual(second, first);
    claim(second);
    s.runFor(1e6);
    assert.equal(ipaddrNtoa(host.netif.ipAddr), second, 'defended once');
    claim(second);
    s.runFor(0.1e6);
    assert.equal(host.netif.ipAddr, 0);
    s.runFor(10e6);
    assert.match(ipaddrNtoa(host.netif.ipAddr), /^169\.254\./);
    assert.notEqual(ipaddrNtoa(host.netif.ipAddr), second);
    host.do(() => autoipStop(host.netif));
    s.runFor(600e6);
    assertClean(host, atRest);
  });

  it('slows down after ten conflicts', () => {
    const { s, host, link, ground } = alone(CLIENT_MAC);
    const inner = link.b.onFrame!;
    link.b.onFrame = (frame, meta) => {
      const n = ground.heard.length;
      inner(frame, meta);
      const a = ground.heard[n]?.arp;
      if (a && a.spa === '0.0.0.0') {
        ground.sendFrame({
          eth: { dst: a.sha, src: OTHER_MAC },
          arp: { op: 2, sha: OTHER_MAC, spa: a.tpa, tha: a.sha, tpa: '0.0.0.0' },
        });
      }
    };
    host.do(() => autoipStart(host.netif));
    s.runFor(20e6);
    const early = ground.heard.length;
    assert.ok(early >= 10, `${early} probes`);
    s.runFor(600e6);
    const later = ground.heard.length - early;
    assert.ok(later >= 8 && later <= 11, `${later} probes in ten minutes`);
    host.do(() => autoipStop(host.netif));
  });

  it('probes again on each link', () => {
    const { s, host, ground } = alone(CLIENT_MAC);
    host.do(() => autoipStart(host.netif));
    s.runFor(8e6);
    const a = host.netif.ipAddr;
    host.do(() => netifSetLinkDown(host.netif));
    assert.equal(host.netif.ipAddr, 0);
    s.runFor(1e6);
    ground.heard = [];
    host.do(() => netifSetLinkUp(host.netif));
    s.runFor(8e6);
    assert.equal(host.netif.ipAddr, a);
    assert.equal(ground.heard.filter((f) => f.arp?.spa === '0.0.0.0').length, 3);
    host.do(() => autoipStop(host.netif));
  });
});
