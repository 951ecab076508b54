// DNS resolver against forged and broken answers: what does not match the question is dropped and counted, what is
// malformed never throws, and the true answer still counts afterwards (RFC 5452).

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DROP, LENERR, PROTERR, STAT_DNS } from '../../../firmware/stack/core/stats.js';
import { dnsFlush } from '../../../firmware/stack/dns/dns.js';
import {
  DNS_FAILED,
  DNS_FOUND,
  DNS_MALFORMED,
  DNS_MISMATCH,
  dnsParse,
  dnsReadName,
  type DnsReader,
} from '../../../firmware/stack/dns/dns_wire.js';
import { TYPE_A, encodeDns, type DnsMessage } from '../../peers/dns-messages.js';
import { DnsBench } from './setup.js';

function reader(bytes: Uint8Array | number[], at = 0): DnsReader {
  const b = Uint8Array.from(bytes);
  return { bytes: b, at, name: '', addr: 0, ttl: 604800 };
}

const EVIL = [{ name: 'www.example.com', type: TYPE_A, data: '6.6.6.6' }];

describe('dns: forged answers', () => {
  const forgeries: Record<string, (a: DnsMessage) => DnsMessage | Uint8Array> = {
    'another id': (a) => ({ ...a, id: a.id ^ 1 }),
    'a query': (a) => ({ ...a, response: false }),
    'another opcode': (a) => ({ ...a, opcode: 4 }),
    'another name': (a) => ({ ...a, questions: [{ name: 'www.example.org', type: 1, class: 1 }] }),
    'a longer name': (a) => ({ ...a, questions: [{ name: 'www.example.com.evil', type: 1, class: 1 }] }),
    'another type': (a) => ({ ...a, questions: [{ ...a.questions[0]!, type: 28 }] }),
    'another class': (a) => ({ ...a, questions: [{ ...a.questions[0]!, class: 3 }] }),
    'no question': (a) => ({ ...a, questions: [] }),
    'two questions': (a) => ({ ...a, questions: [a.questions[0]!, a.questions[0]!] }),
    'a dot inside a label': (a) => {
      const bytes = encodeDns(a, false);
      bytes[12 + 4 + 8] = 0x2e;
      return bytes;
    },
    'nothing': () => new Uint8Array(0),
    'half a header': (a) => encodeDns(a).slice(0, 11),
    'a question cut off': (a) => encodeDns(a).slice(0, 28),
  };
  for (const name in forgeries) {
    it(`drops and counts ${name}; the true answer still comes`, () => {
      const b = new DnsBench(1, {
        script: (_q, a) => [forgeries[name]!({ ...a, answers: EVIL }), a],
      });
      assert.equal(b.resolve('www.example.com'), '93.184.216.34');
      const stats = b.host.stack.stats;
      assert.equal(stats[STAT_DNS + DROP], 1);
      assert.equal(stats[STAT_DNS + PROTERR]! + stats[STAT_DNS + LENERR]!, 1);
      b.finish();
    });
  }

  it('drops and counts what comes from another host or port', () => {
    const b = new DnsBench(1);
    b.server.config.script = (_q, a, d) => {
      const evil = encodeDns({ ...a, answers: EVIL });
      b.grounds[1]!.neighbours.set(d.src, '02:00:00:00:00:10');
      b.grounds[1]!.send(53, d.src, d.srcPort, evil);
      b.grounds[0]!.send(5353, d.src, d.srcPort, evil);
      b.scheduler.after(1000, () => b.grounds[0]!.send(53, d.src, d.srcPort, encodeDns(a)));
      return [];
    };
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    assert.equal(b.host.stack.stats[STAT_DNS + PROTERR], 2);
    b.finish();
  });

  it('is not found by the answer to an earlier query at another port', () => {
    const b = new DnsBench(1, { ttl: 0 });
    b.resolve('www.example.com');
    const old = b.server.takeLog()[0]!;
    b.server.silent = true;
    b.ask('www.example.com');
    b.run(0.5);
    const now = b.server.log[0]!;
    assert.notEqual(now.srcPort, old.srcPort);
    const answer = {
      id: old.id,
      response: true,
      questions: [{ name: 'www.example.com', type: 1, class: 1 }],
      answers: EVIL,
    };
    b.grounds[0]!.send(53, '10.0.0.10', old.srcPort, encodeDns({ ...answer, id: now.id }));
    b.grounds[0]!.send(53, '10.0.0.10', now.srcPort, encodeDns(answer));
    b.run(0.4);
    assert.equal(b.answers.length, 1);
    b.server.silent = false;
    b.run(5);
    assert.equal(b.answers[1]!.ip, '93.184.216.34');
    b.finish();
  });

  it('uses ids and ports that spread over their range', () => {
    const b = new DnsBench(1, { ttl: 0 });
    for (let i = 0; i < 400; i++) b.resolve('www.example.com');
    const ports = b.server.log.map((e) => e.srcPort);
    const ids = b.server.log.map((e) => e.id);
    assert.ok(new Set(ports).size > 390, 'ports repeat');
    assert.ok(new Set(ids).size > 390, 'ids repeat');
    assert.ok(
      Math.min(...ports) >= 1024 && Math.min(...ports) < 2048 && Math.max(...ports) > 64000,
      'ports range',
    );
    assert.ok(Math.min(...ids) < 1000 && Math.max(...ids) > 64500, 'ids range');
    b.finish();
  });

  it('survives a flood of wrong guesses', () => {
    const b = new DnsBench(1, {
      script: (_q, a) => {
        const out: DnsMessage[] = [];
        for (let i = 0; i < 500; i++) if (i !== a.id) out.push({ ...a, id: i, answers: EVIL });
        return [...out, a];
      },
    });
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    assert.ok(b.host.stack.stats[STAT_DNS + PROTERR]! >= 499, 'not counted');
    b.finish();
  });
});

describe('dns: broken answers', () => {
  const question = [...Buffer.from('\x03www\x07example\x03com\x00\x00\x01\x00\x01', 'latin1')];
  const rr = (owner: number[], type: number, rdata: number[]): number[] => [
    ...owner,
    0,
    type,
    0,
    1,
    0,
    0,
    1,
    0,
    rdata.length >> 8,
    rdata.length & 255,
    ...rdata,
  ];
  const broken: Record<string, number[]> = {
    'a pointer to itself': rr([0xc0, 33], 1, [1, 2, 3, 4]),
    'a pointer forward': rr([0xc0, 60], 1, [1, 2, 3, 4]),
    'a pointer past the end': rr([0xff, 0xff], 1, [1, 2, 3, 4]),
    'a pointer cut off': [0xc0],
    'two pointers at each other': rr([0xc0, 35, 0xc0, 33], 1, [1, 2, 3, 4]),
    'a reserved label type': rr([0x41, 0], 1, [1, 2, 3, 4]),
    'data that run over the end': [...rr([0xc0, 12], 1, [1, 2, 3, 4]).slice(0, 10), 0, 200, 1],
    'a record cut off': rr([0xc0, 12], 1, [1, 2, 3, 4]).slice(0, 9),
    'an alias shorter than its data': rr([0xc0, 12], 5, [1, 0x61, 0, 0, 0]),
    'an alias longer than its data': rr([0xc0, 12], 5, [5, 0x61]),
  };
  for (const name in broken) {
    it(`drops and counts ${name}`, () => {
      let tries = 0;
      const b = new DnsBench(1, {
        script: (q, a) =>
          tries++
            ? [a]
            : [
                Uint8Array.from([
                  q.id >> 8,
                  q.id & 255,
                  0x81,
                  0x80,
                  0,
                  1,
                  0,
                  1,
                  0,
                  0,
                  0,
                  0,
                  ...question,
                  ...broken[name]!,
                ]),
              ],
      });
      assert.equal(b.resolve('www.example.com'), '93.184.216.34');
      assert.equal(b.host.stack.stats[STAT_DNS + LENERR], 1);
      assert.equal(tries, 2);
      b.finish();
    });
  }

  it('does not fail where more records are announced than there are, after the address', () => {
    const b = new DnsBench(1, {
      script: (_q, a) => {
        const bytes = encodeDns(a);
        bytes[7] = 9;
        return [bytes];
      },
    });
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });

  it('bounds names by 255 octets and 63 a label', () => {
    const label = (n: number): number[] => [n, ...Array<number>(n).fill(0x61)];
    const name = (last: number): number[] => [...label(63), ...label(63), ...label(63), ...label(last), 0];
    assert.equal(dnsReadName(reader(name(61)))?.length, 253);
    assert.equal(dnsReadName(reader(name(62))), null);
    const tower: number[] = [...label(10), 0];
    for (let i = 0; i < 40; i++)
      tower.push(...label(10), 0xc0 | ((i ? 12 + (i - 1) * 13 : 0) >> 8), (i ? 12 + (i - 1) * 13 : 0) & 255);
    assert.equal(dnsReadName(reader(tower, tower.length - 13)), null);
  });

  it('reads what a server writes, compressed or not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.nat(65535),
        (labels, compress, id) => {
          const name = labels.join('.');
          const bytes = encodeDns(
            {
              id,
              response: true,
              recursionAvailable: true,
              questions: [{ name, type: 1, class: 1 }],
              answers: [
                { name, type: 5, data: 'alias.' + name, ttl: 77 },
                { name: 'ALIAS.' + name, type: 1, data: '1.2.3.4' },
              ],
            },
            compress,
          );
          const r = reader(bytes);
          assert.equal(dnsParse(r, id, name), DNS_FOUND);
          assert.deepEqual([r.addr, r.ttl], [0x01020304, 77]);
          for (let cut = 0; cut < bytes.length; cut += 7) {
            const short = reader(bytes.slice(0, cut));
            const outcome = dnsParse(short, id, name);
            assert.ok(
              outcome === DNS_MALFORMED || (cut < 12 && outcome === DNS_MISMATCH),
              `${outcome} at ${cut} of ${bytes.length}`,
            );
          }
        },
      ),
      { numRuns: 200, seed: 7 },
    );
  });

  it('parses any bytes without exception and in bounded time', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.array(fc.tuple(fc.nat(599), fc.nat(255))),
        (noise, pokes) => {
          const r = reader(noise);
          dnsReadName(r);
          const b = Uint8Array.from([0, 7, 0x81, 0x80, 0, 1, 0, 20, 0, 0, 0, 0, ...question, ...noise]);
          for (const [at, v] of pokes) if (at < b.length) b[at] = v;
          const outcome = dnsParse(reader(b), 7, 'www.example.com');
          assert.ok(
            outcome <= DNS_FAILED || outcome === DNS_MALFORMED || outcome === DNS_MISMATCH,
            String(outcome),
          );
        },
      ),
      { numRuns: 3000, seed: 11 },
    );
  });

  it('survives mutated answers and still resolves', () => {
    let seed = 3;
    const next = (n: number): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    const b = new DnsBench(2, {
      ttl: 1,
      script: (_q, a) => {
        const out: Uint8Array[] = [];
        for (let i = 0; i < 3; i++) {
          let bytes = encodeDns(a);
          for (let k = next(4); k >= 0; k--) bytes[2 + next(bytes.length - 2)] = next(256);
          if (!next(6)) bytes = bytes.slice(0, next(bytes.length));
          out.push(bytes);
        }
        return out;
      },
    });
    for (let i = 0; i < 1000; i++) {
      b.resolve(['www.example.com', 'far.example.com', 'two.example.com'][i % 3]!);
      b.host.do((stack) => dnsFlush(stack));
    }
    b.servers.forEach((s) => (s.config.script = null));
    assert.equal(b.resolve('www.example.com'), '93.184.216.34');
    b.finish();
  });
});
