// DNS resolver: names, cache, servers and retries, aliases, several callers.

import assert from 'node:assert/strict';
import { ip4Addr } from '../../../firmware/stack/core/ipaddr.js';
import { CACHEHIT, ERR, STAT_DNS, XMIT } from '../../../firmware/stack/core/stats.js';
import {
  dnsCancel,
  dnsGethostbyname,
  dnsGetserver,
  dnsLocalAddhost,
  dnsLocalRemovehost,
  dnsSetserver,
} from '../../../firmware/stack/dns/dns.js';
import { ip } from '../../harness/host.js';
import { TYPE_A, TYPE_CNAME, type DnsMessage } from '../../peers/dns-messages.js';
import { DnsBench } from './setup.js';

const ERR_ARG = -16;
const ERR_VAL = -6;
const ERR_MEM = -1;
const ERR_INPROGRESS = -5;

describe('dns: names', () => {
  it('finds an address, and tells it later, once', () => {
    const b = new DnsBench();
    assert.equal(b.ask('www.example.com', 'x'), ERR_INPROGRESS);
    assert.equal(b.answers.length, 0);
    b.run(1);
    assert.equal(b.answers.length, 1);
    const { name, ip: address, arg } = b.answers[0]!;
    assert.deepEqual([name, address, arg], ['www.example.com', '93.184.216.34', 'x']);
    const q = b.server.log[0]!;
    assert.deepEqual([q.name, q.type, q.src], ['www.example.com', 1, '10.0.0.10']);
    b.finish();
  });

  it('asks nobody for addresses and localhost', () => {
    const b = new DnsBench();
    assert.equal(b.ask('10.20.30.40'), '10.20.30.40');
    assert.equal(b.ask('localhost'), '127.0.0.1');
    assert.equal(b.ask('LocalHost.'), '127.0.0.1');
    b.run(1);
    assert.equal(b.server.log.length, 0);
    b.finish();
  });

  it('refuses what is no name', () => {
    const b = new DnsBench();
    const long = Array(5).fill('x'.repeat(50)).join('.');
    for (const name of [
      '',
      '.',
      'a..b',
      '.a',
      'a b',
      'a\\b',
      'caf\u00e9.example',
      'x'.repeat(64),
      long,
      undefined as unknown as string,
      5 as unknown as string,
    ]) {
      assert.equal(b.ask(name), ERR_ARG, String(name));
    }
    assert.equal(b.ask('x'.repeat(63)), ERR_INPROGRESS);
    assert.equal(b.ask(long.substring(0, 253)), ERR_INPROGRESS);
    b.run(1);
    assert.deepEqual(b.asked(), ['x'.repeat(63), long.substring(0, 253)]);
    b.finish();
  });

  it('keeps to DNS_MAX_NAME_LENGTH', () => {
    const b = new DnsBench(1, {}, { DNS_MAX_NAME_LENGTH: 15 });
    assert.equal(b.ask('www.example.comm'), ERR_ARG);
    assert.equal(b.resolve('www.example.com.'), '93.184.216.34');
    b.finish();
  });

  it('takes a dot at the end and capitals for the same name', () => {
    const b = new DnsBench();
    assert.equal(b.resolve('WWW.Example.COM.'), '93.184.216.34');
    assert.equal(b.ask('www.example.com'), '93.184.216.34');
    assert.equal(b.answers[0]!.name, 'WWW.Example.COM.');
    assert.deepEqual(b.asked(), ['www.example.com']);
    b.finish();
  });

  it('takes an answer whose question has other capitals', () => {
    const b = new DnsBench(1, {
      script: (_q, a) => [
        { ...a, questions: a.questions.map((x) => ({ ...x, name: x.name.toUpperCase() })) },
      ],
    });
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });

  it('knows hosts of its own', () => {
    const b = new DnsBench(0);
    assert.equal(dnsLocalAddhost(b.host.stack, 'printer.Lan', ip4Addr(10, 0, 0, 77)), 0);
    assert.equal(dnsLocalAddhost(b.host.stack, 'printer.lan', ip4Addr(10, 0, 0, 78)), 0);
    assert.equal(dnsLocalAddhost(b.host.stack, '..', 1), ERR_ARG);
    assert.equal(b.ask('printer.lan.'), '10.0.0.78');
    assert.equal(dnsLocalRemovehost(b.host.stack, 'PRINTER.lan'), true);
    assert.equal(dnsLocalRemovehost(b.host.stack, 'printer.lan'), false);
    assert.equal(b.ask('printer.lan'), ERR_VAL);
    b.finish();
  });

  it('says ERR_VAL without a server', () => {
    const b = new DnsBench(0);
    assert.equal(b.ask('www.example.com'), ERR_VAL);
    assert.equal(dnsGetserver(b.host.stack, 0), 0);
    dnsSetserver(b.host.stack, 7, 1);
    assert.equal(b.ask('www.example.com'), ERR_VAL);
    dnsSetserver(b.host.stack, 1, ip('10.0.0.54'));
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });

  it('tells null for a name that does not exist or has no address, and asks anew the next time', () => {
    const b = new DnsBench(2);
    assert.equal(b.resolve('no.example.com'), null);
    assert.equal(b.resolve('no.example.com'), null);
    assert.equal(b.resolve('empty.example.com'), null);
    assert.deepEqual(b.asked(), ['no.example.com', 'no.example.com', 'empty.example.com']);
    assert.equal(b.servers[1]!.log.length, 0, 'the first server is believed');
    b.finish();
  });
});

describe('dns: cache', () => {
  it('answers from the cache until the TTL is over, to the second', () => {
    const b = new DnsBench(1, { ttl: 60 });
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    const t = b.seconds;
    b.run(59.9);
    assert.equal(b.ask('www.example.com'), '93.184.216.34');
    assert.equal(b.host.stack.stats[STAT_DNS + CACHEHIT], 1);
    b.run(t + 60.01 - b.seconds);
    assert.equal(b.ask('www.example.com'), ERR_INPROGRESS);
    b.run(1);
    assert.equal(b.server.log.length, 2);
    b.finish();
  });

  it('uses TTL 0 once, as one with the top bit set (RFC 2181, 8)', () => {
    for (const ttl of [0, 0x80000001]) {
      const b = new DnsBench(1, { ttl });
      assert.equal(b.resolve('www.example.com'), '93.184.216.34');
      assert.equal(b.host.stack.timeouts === null || b.host.stack.dns.table.length === 0, true);
      assert.equal(b.ask('www.example.com'), ERR_INPROGRESS);
      b.finish();
    }
  });

  it('keeps nothing longer than a week', () => {
    const b = new DnsBench(1, { ttl: 0x7fffffff });
    b.resolve('www.example.com');
    b.run(7 * 86400 - 10);
    assert.equal(b.ask('www.example.com'), '93.184.216.34');
    b.run(20);
    assert.equal(b.host.stack.dns.table.length, 0);
    assert.equal(b.host.stack.timeouts, null);
    b.finish();
  });

  it('takes the least TTL of a chain', () => {
    const b = new DnsBench(1, {
      script: (_q, a) => [
        { ...a, answers: a.answers.map((r) => ({ ...r, ttl: r.type === TYPE_CNAME ? 10 : 1000 })) },
      ],
    });
    b.resolve('alias.example.com');
    b.run(11);
    assert.equal(b.ask('alias.example.com'), ERR_INPROGRESS);
    b.finish();
  });

  it('gives up the least recently used of DNS_TABLE_SIZE entries', () => {
    const zone: Record<string, string> = {};
    for (let i = 1; i <= 6; i++) zone[`h${i}.lan`] = `10.2.0.${i}`;
    const b = new DnsBench(1, { zone }, { DNS_TABLE_SIZE: 3 });
    for (const i of [1, 2, 3]) b.resolve(`h${i}.lan`);
    assert.equal(b.ask('h1.lan'), '10.2.0.1');
    b.resolve('h4.lan');
    assert.equal(b.ask('h1.lan'), '10.2.0.1');
    assert.equal(b.ask('h3.lan'), '10.2.0.3');
    assert.equal(b.ask('h2.lan'), ERR_INPROGRESS);
    b.finish();
  });

  it('says ERR_MEM when all entries are queries, and forgets none of them', () => {
    const b = new DnsBench(1, {}, { DNS_TABLE_SIZE: 2 });
    assert.equal(b.ask('www.example.com'), ERR_INPROGRESS);
    assert.equal(b.ask('two.example.com'), ERR_INPROGRESS);
    assert.equal(b.ask('alias.example.com'), ERR_MEM);
    b.run(1);
    assert.deepEqual(
      b.answers.map((a) => a.ip),
      ['93.184.216.34', '10.1.1.1'],
    );
    assert.equal(b.resolve('alias.example.com'), '93.184.216.34');
    b.finish();
  });

  it('says ERR_MEM without PCB, time-out or heap, and works again after', () => {
    const b = new DnsBench();
    for (const pool of [3, 8]) {
      const p = b.host.stack.memp[pool]!;
      const num = p.num;
      p.num = p.used;
      assert.equal(b.ask('www.example.com'), ERR_MEM, String(pool));
      p.num = num;
    }
    const mem = b.host.stack.mem;
    const { size } = mem;
    mem.size = 0;
    for (const list of mem.free) list.splice(0);
    mem.kept = 0;
    assert.equal(b.ask('www.example.com'), ERR_INPROGRESS);
    b.run(0.5);
    mem.size = size;
    b.run(1);
    assert.equal(b.answers[0]!.ip, '93.184.216.34');
    b.finish();
  });
});

describe('dns: several callers', () => {
  it('asks once for one name, and tells all in order', () => {
    const b = new DnsBench();
    for (let i = 0; i < 4; i++) assert.equal(b.ask('www.example.com', i), ERR_INPROGRESS);
    assert.equal(b.ask('www.example.com', 4), ERR_MEM, 'DNS_MAX_REQUESTS');
    b.run(1);
    assert.deepEqual(
      b.answers.map((a) => [a.arg, a.ip]),
      [0, 1, 2, 3].map((i) => [i, '93.184.216.34']),
    );
    assert.equal(b.server.log.length, 1);
    b.finish();
  });

  it('lets callers go away', () => {
    const b = new DnsBench();
    const told: unknown[] = [];
    const found = (_n: string, _a: unknown, arg: unknown): void => void told.push(arg);
    b.host.do((stack) => {
      dnsGethostbyname(stack, 'www.example.com', { addr: 0 }, found, 1);
      dnsGethostbyname(stack, 'www.example.com', { addr: 0 }, found, 2);
      assert.equal(dnsCancel(stack, found, 1), true);
      assert.equal(dnsCancel(stack, found, 1), false);
    });
    b.run(1);
    assert.deepEqual(told, [2]);
    assert.equal(b.ask('www.example.com'), '93.184.216.34');
    b.finish();
  });

  it('allows to ask from within the callback: the same name, another, after failure', () => {
    const b = new DnsBench(1, {}, { DNS_TABLE_SIZE: 1 });
    const log: string[] = [];
    const stack = b.host.stack;
    const out = { addr: 0 as number };
    const second = (name: string, a: unknown): void => void log.push(`${name} ${a !== null}`);
    b.host.do(() =>
      dnsGethostbyname(
        stack,
        'no.example.com',
        out,
        (name, a) => {
          log.push(`${name} ${a !== null}`);
          assert.equal(dnsGethostbyname(stack, 'no.example.com', out, second, null), ERR_INPROGRESS);
        },
        null,
      ),
    );
    b.run(1);
    assert.deepEqual(log, ['no.example.com false', 'no.example.com false']);
    b.host.do(() =>
      dnsGethostbyname(
        stack,
        'www.example.com',
        out,
        () => {
          assert.equal(dnsGethostbyname(stack, 'www.example.com', out, second, null), 0);
          assert.equal(dnsGethostbyname(stack, 'two.example.com', out, second, null), ERR_INPROGRESS);
        },
        null,
      ),
    );
    b.run(1);
    assert.equal(log.pop(), 'two.example.com true');
    b.finish();
  });
});

describe('dns: aliases', () => {
  it('follows them inside an answer, in any order', () => {
    const b = new DnsBench(1, { script: (_q, a) => [{ ...a, answers: a.answers.slice().reverse() }] });
    assert.equal(b.resolve('far.example.com'), '93.184.216.34');
    assert.equal(b.server.log.length, 1);
    b.finish();
  });

  it('asks for what they stand for, with a new id and port', () => {
    const b = new DnsBench(1, { followAliases: false });
    assert.equal(b.resolve('far.example.com'), '93.184.216.34');
    assert.deepEqual(b.asked(), ['far.example.com', 'alias.example.com', 'www.example.com']);
    assert.equal(new Set(b.server.log.map((e) => e.srcPort)).size, 3);
    assert.equal(new Set(b.server.log.map((e) => e.id)).size, 3);
    assert.equal(b.ask('far.example.com'), '93.184.216.34');
    b.finish();
  });

  it('does not go round for ever', () => {
    for (const followAliases of [true, false]) {
      const b = new DnsBench(1, { followAliases });
      assert.equal(b.resolve('loop.example.com'), null);
      assert.ok(b.server.log.length <= 5, `${b.server.log.length} questions`);
      b.finish();
    }
  });

  it('takes no address that belongs to another name', () => {
    const b = new DnsBench(1, {
      script: (_q, a) => [
        { ...a, answers: [{ name: 'evil.example.com', type: TYPE_A, data: '6.6.6.6' }, ...a.answers] },
      ],
    });
    assert.equal(b.resolve('alias.example.com'), '93.184.216.34');
    b.finish();
  });
});

describe('dns: servers and retries', () => {
  it('asks again after 1, 2, 3, 4 s, then the next server with another id and port', () => {
    const b = new DnsBench(2);
    b.servers.forEach((s) => (s.silent = true));
    b.ask('www.example.com');
    b.run(30);
    const times = b.grounds.map((g) =>
      g.heard.flatMap((f, i) => (f.udp ? [Math.round(g.times[i]! / 1e6)] : [])),
    );
    assert.deepEqual(times, [
      [0, 1, 3, 6],
      [10, 11, 13, 16],
    ]);
    assert.deepEqual(
      b.answers.map((a) => [a.ip, Math.round(a.at)]),
      [[null, 20]],
    );
    const [one, two] = b.servers.map((s) => s.log[0]!);
    assert.notEqual(one!.srcPort, two!.srcPort);
    assert.notEqual(one!.id, two!.id);
    assert.ok(b.server.log.every((e) => e.id === one!.id && e.srcPort === one!.srcPort));
    assert.equal(b.host.stack.stats[STAT_DNS + XMIT], 8);
    assert.equal(b.host.stack.stats[STAT_DNS + ERR], 1);
    b.finish();
  });

  it('turns to the next server at once on SERVFAIL, REFUSED, NOTIMP, FORMERR', () => {
    for (const rcode of [1, 2, 4, 5]) {
      const b = new DnsBench(2);
      b.server.config.script = (_q, a) => [{ ...a, rcode, answers: [] }];
      assert.equal(b.resolve('www.example.com'), '93.184.216.34');
      assert.ok(b.seconds < 0.1, `${b.seconds} s`);
      b.finish();
    }
  });

  it('turns to the next server when one does not recurse, or only refers to others', () => {
    const b = new DnsBench(2);
    b.server.config.script = (_q, a) => [{ ...a, recursionAvailable: false, answers: [] }];
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });

  it('turns to the next server when nobody listens at the first', () => {
    const b = new DnsBench(2);
    const g = b.grounds[0]!;
    b.server.silent = true;
    const port = b.wire.links[1]!.a;
    const inner = port.onFrame!;
    port.onFrame = (frame, meta) => {
      inner(frame, meta);
      const f = g.heard[g.heard.length - 1]!;
      if (!f.udp) return;
      g.sendFrame({
        eth: { dst: f.eth.src, src: f.eth.dst },
        ip: { src: g.ip, dst: '10.0.0.10' },
        icmp: { type: 3, code: 3 },
        payload: f.bytes.slice(14, 14 + 28),
      });
    };
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    assert.ok(b.seconds < 0.1, `${b.seconds} s`);
    b.finish();
  });

  it('fails when all servers do', () => {
    const b = new DnsBench(2, { script: (_q, a) => [{ ...a, rcode: 2, answers: [] }] });
    assert.equal(b.resolve('www.example.com'), null);
    assert.ok(b.seconds < 0.1, `${b.seconds} s`);
    b.finish();
  });

  it('stays with the server that answered', () => {
    const b = new DnsBench(2, { ttl: 5 });
    b.server.silent = true;
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.run(10);
    const t = b.seconds;
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    assert.ok(b.seconds - t < 0.1, 'the dead server is not asked first again');
    b.servers[1]!.silent = true;
    b.server.silent = false;
    b.run(10);
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });

  it('uses a truncated answer that has an address, and asks elsewhere where it has none', () => {
    const b = new DnsBench(2);
    b.server.config.script = (_q, a) => [{ ...a, truncated: true }];
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    assert.equal(b.servers[1]!.log.length, 0);
    b.server.config.script = (_q, a) => [{ ...a, truncated: true, answers: [] }];
    assert.equal(b.resolve('two.example.com'), '10.1.1.1');
    assert.equal(b.servers[1]!.log.length, 1);
    b.finish();
  });

  it('survives a fifth of all frames lost each way', () => {
    const b = new DnsBench(2, {}, { DNS_TABLE_SIZE: 1 });
    b.wire.links[0]!.set({ loss: 0.2 });
    for (let i = 0; i < 50; i++) {
      assert.equal(b.resolve('www.example.com'), '93.184.216.34');
      assert.equal(b.resolve('two.example.com'), '10.1.1.1');
    }
    b.finish();
  });

  it('goes on when the link was away', () => {
    const b = new DnsBench();
    b.wire.links[0]!.setUp(false);
    b.ask('www.example.com');
    b.run(4);
    b.wire.links[0]!.setUp(true);
    b.run(6);
    assert.equal(b.answers[0]!.ip, '93.184.216.34');
    b.finish();
  });
});

// The story: "a device that runs for hours then suddenly cannot resolve names often has a cache entry that expired
// while the server became temporarily unreachable"; the remedy: a second server and DNS_MAX_RETRIES = 4.
describe('dns: a server that is away for a moment when the cache entry expires', () => {
  /** Hours of regular look-ups; the first server is away for `outage` s from just before the entry expires. */
  function hours(servers: number, retries: number, outage: number): { failed: number; total: number } {
    const b = new DnsBench(servers, { ttl: 3600 }, { DNS_MAX_RETRIES: retries });
    // Looked up each minute, the entry lives from 0:00 to 1:00, 1:01 to 2:01, 2:02 to 3:02.
    const away = 3 * 3600 + 3 * 60 - 1;
    b.scheduler.at(away * 1e6, () => (b.server.silent = true));
    b.scheduler.at((away + outage) * 1e6, () => (b.server.silent = false));
    let failed = 0;
    let total = 0;
    for (let t = 0; t < 4 * 3600; t += 60) {
      if (b.seconds < t) b.run(t - b.seconds);
      total++;
      if (b.resolve('www.example.com') === null) failed++;
    }
    b.finish();
    return { failed, total };
  }

  it('fails with one server that is asked once', () => {
    assert.ok(hours(1, 1, 300).failed >= 4, 'too few failed');
    assert.ok(hours(1, 1, 3).failed >= 1, 'nothing failed in a short outage');
  });

  it('is bridged by DNS_MAX_RETRIES = 4 when it is short', () => {
    assert.equal(hours(1, 4, 3).failed, 0);
  });

  it('is bridged by a second server when it is long', () => {
    assert.equal(hours(2, 1, 300).failed, 0);
    assert.equal(hours(2, 4, 300).failed, 0);
  });
});

describe('dns: answers', () => {
  it('takes records of other types and classes in its stride', () => {
    const b = new DnsBench(1, {
      script: (q, a): DnsMessage[] => {
        const name = q.questions[0]!.name;
        return [
          {
            ...a,
            answers: [
              { name, type: 28, data: new Uint8Array(16) },
              { name, type: TYPE_A, class: 3, data: '6.6.6.6' },
              { name, type: 16, data: new Uint8Array([3, 1, 2, 3]) },
              { name, type: TYPE_A, data: new Uint8Array([1, 2, 3]) },
              ...a.answers,
            ],
            authority: [{ name: 'com', type: 2, data: 'ns.example.com' }],
          },
        ];
      },
    });
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });
});
