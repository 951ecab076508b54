// net.ping() and net.resolve(): replies, silence, names, an end by hand, and what is typed wrongly.

import assert from 'node:assert/strict';
import { MEMP_RAW_PCB, MEMP_SYS_TIMEOUT } from '../../../firmware/stack/core/memp.js';
import { netifSetLinkDown } from '../../../firmware/stack/core/netif.js';
import { rawNew } from '../../../firmware/stack/raw/raw.js';
import { assertClean, usage } from '../../harness/clean.js';
import { DnsBench } from '../dns/setup.js';
import { Pair } from '../tcp/pair.js';
import { Prompt } from './prompt.js';

const HOST_WRONG = "a host is '10.0.0.1' or 'example.com'";

describe('diagnostics: net.ping()', () => {
  it('prints a line for each of four replies, a second apart, and a summary', () => {
    const pair = new Pair({ delay: 1500 });
    const prompt = new Prompt(pair.a);
    const before = usage(pair.a);
    const first = prompt.type('ping', ['10.0.0.2'], 900);
    // Asking for the neighbour's hardware address may take part of the first round trip.
    assert.match(first[1]!, /^56 bytes from 10\.0\.0\.2: seq=1 ttl=64 time=[3-7] ms$/);
    assert.equal(first[0], 'PING 10.0.0.2 (10.0.0.2): 56 data bytes');
    assert.equal(first.length, 2);
    assert.deepEqual(prompt.wait(1000), ['56 bytes from 10.0.0.2: seq=2 ttl=64 time=3 ms']);
    assert.deepEqual(prompt.wait(1000), ['56 bytes from 10.0.0.2: seq=3 ttl=64 time=3 ms']);
    const last = prompt.wait(3000);
    assert.equal(last[0], '56 bytes from 10.0.0.2: seq=4 ttl=64 time=3 ms');
    assert.match(last[1]!, /^4 sent, 4 received, 0% lost, min\/avg\/max 3\/[34]\/[3-7] ms$/);
    assert.equal(last.length, 2);
    assertClean(pair.a, before);
  });

  it('goes on over lost replies', () => {
    const pair = new Pair({ delay: 1000 });
    const prompt = new Prompt(pair.a);
    let frames = 0;
    prompt.type('ping', ['10.0.0.2', 1], 100);
    pair.link.aToB.set({ drop: () => frames++ === 1 });
    assert.deepEqual(prompt.type('ping', ['10.0.0.2', 3], 6000), [
      'PING 10.0.0.2 (10.0.0.2): 56 data bytes',
      '56 bytes from 10.0.0.2: seq=1 ttl=64 time=2 ms',
      'no reply from 10.0.0.2: seq=2',
      '56 bytes from 10.0.0.2: seq=3 ttl=64 time=2 ms',
      '3 sent, 2 received, 33% lost, min/avg/max 2/2/2 ms',
    ]);
  });

  it('tells when nobody answers', () => {
    const pair = new Pair({});
    const prompt = new Prompt(pair.a);
    assert.deepEqual(prompt.type('ping', ['10.0.0.77', 2], 10_000), [
      'PING 10.0.0.77 (10.0.0.77): 56 data bytes',
      'no reply from 10.0.0.77: seq=1',
      'no reply from 10.0.0.77: seq=2',
      '2 sent, 0 received, 100% lost',
    ]);
  });

  it('is ended by net.ping(), and only one runs at a time', () => {
    const pair = new Pair({ delay: 500 });
    const prompt = new Prompt(pair.a);
    const before = usage(pair.a);
    assert.equal(prompt.type('ping', ['10.0.0.2', Infinity], 2500).length, 4);
    assert.deepEqual(prompt.type('ping', ['10.0.0.2']), ['ping: one is running; net.ping() ends it']);
    assert.match(prompt.type('ping')[0]!, /^3 sent, 3 received, 0% lost/);
    assert.deepEqual(prompt.wait(5000), []);
    assertClean(pair.a, before);
    assert.equal(prompt.type('ping', ['10.0.0.2', 1]).length, 3, 'another run');
  });

  it('is ended while it waits for a reply', () => {
    const pair = new Pair({});
    const prompt = new Prompt(pair.a);
    prompt.type('ping', ['10.0.0.77']);
    assert.deepEqual(prompt.type('ping'), ['1 sent, 0 received, 100% lost']);
    prompt.wait(10_000);
    assert.equal(pair.a.stack.memp[MEMP_RAW_PCB]!.used, 0);
  });

  const wrong: [args: unknown[], line: string][] = [
    [[], `ping: ${HOST_WRONG}`],
    [[5], `ping: ${HOST_WRONG}`],
    [[null], `ping: ${HOST_WRONG}`],
    [[{}], `ping: ${HOST_WRONG}`],
    [[''], `ping: ${HOST_WRONG}`],
    [['a..b'], `ping: ${HOST_WRONG}`],
    [['example.com'], 'ping: no DNS server'],
    [['10.0.0.2', 0], 'ping: count must be a number, 1 or more'],
    [['10.0.0.2', -1], 'ping: count must be a number, 1 or more'],
    [['10.0.0.2', NaN], 'ping: count must be a number, 1 or more'],
    [['10.0.0.2', '3'], 'ping: count must be a number, 1 or more'],
    [['10.0.0.2', null], 'ping: count must be a number, 1 or more'],
  ];
  for (const [args, line] of wrong) {
    it(`answers ping(${args.map((a) => JSON.stringify(a) ?? String(a)).join()}) with one line`, () => {
      const prompt = new Prompt(new Pair({}).a);
      assert.deepEqual(prompt.type('ping', args, 5000), [line]);
      assert.equal(prompt.type('ping', ['10.0.0.2', 1]).length, 3, 'and is ready for the next');
    });
  }

  it('tells why it cannot send, and ends', () => {
    const pair = new Pair({});
    const prompt = new Prompt(pair.a);
    assert.deepEqual(prompt.type('ping', ['0.0.0.0']).slice(1), ['ping: not an address to send to']);
    assert.deepEqual(prompt.type('ping', ['192.0.2.1']).slice(1), ['ping: no route']);
    prompt.type('ping', ['10.0.0.2'], 500);
    pair.a.do(() => netifSetLinkDown(pair.a.netif));
    const lines = prompt.wait(5000);
    assert.deepEqual(lines[0], 'ping: no route');
    assert.match(lines[1]!, /^1 sent, 1 received/);
    assert.equal(lines.length, 2);
  });

  it('tells when PCBs or time-outs are exhausted', () => {
    const { a } = new Pair({});
    const prompt = new Prompt(a);
    const timeouts = a.stack.memp[MEMP_SYS_TIMEOUT]!;
    const num = timeouts.num;
    timeouts.num = timeouts.used;
    assert.deepEqual(prompt.type('ping', ['10.0.0.2']).slice(1), ['ping: out of memory']);
    timeouts.num = num;
    for (let i = 0; i < 2; i++) rawNew(a.stack, 1);
    assert.deepEqual(prompt.type('ping', ['10.0.0.2']), ['ping: out of memory']);
  });

  it('takes names, and is ended while it looks one up', () => {
    const bench = new DnsBench();
    const prompt = new Prompt(bench.host);
    assert.deepEqual(prompt.type('ping', ['nowhere.example.com'], 500), [
      'ping: nowhere.example.com is not known',
    ]);
    bench.server.silent = true;
    prompt.type('ping', ['www.example.com']);
    assert.deepEqual(prompt.type('ping'), []);
    bench.server.silent = false;
    assert.deepEqual(prompt.wait(10_000), [], 'the answer comes, and nobody waits for it');
    assert.deepEqual(prompt.type('ping', ['www.example.com']), [
      'PING www.example.com (93.184.216.34): 56 data bytes',
    ]);
  });

  it('keeps within the width for a name of 253 characters', () => {
    const name = 'a'.repeat(61).concat('.').repeat(4).concat('abcde');
    const bench = new DnsBench(1, { zone: { [name]: '255.255.255.254' } });
    const prompt = new Prompt(bench.host);
    assert.equal(name.length, 253);
    const short = 'a'.repeat(39) + '~';
    assert.equal(prompt.type('ping', [name], 500)[0], `PING ${short} (255.255.255.254): 56 data bytes`);
    assert.deepEqual(prompt.type('resolve', [name]), [`${short} is 255.255.255.254`]);
    assert.deepEqual(prompt.type('resolve', ['b' + name.slice(1)], 500), [
      `resolve: b${'a'.repeat(38)}~ is not known`,
    ]);
  });
});

describe('diagnostics: net.resolve()', () => {
  it('prints the address of a name, asked for or cached, and of an alias', () => {
    const bench = new DnsBench();
    const prompt = new Prompt(bench.host);
    assert.deepEqual(prompt.type('resolve', ['www.example.com'], 0), [], 'asks first');
    assert.deepEqual(prompt.wait(100), ['www.example.com is 93.184.216.34']);
    assert.deepEqual(prompt.type('resolve', ['www.example.com'], 0), ['www.example.com is 93.184.216.34']);
    assert.deepEqual(prompt.type('resolve', ['alias.example.com'], 100), [
      'alias.example.com is 93.184.216.34',
    ]);
    assert.deepEqual(prompt.type('resolve', ['192.0.2.7'], 0), ['192.0.2.7 is 192.0.2.7']);
  });

  it('tells what is not known, wrong or cannot be asked', () => {
    const bench = new DnsBench();
    const prompt = new Prompt(bench.host);
    assert.deepEqual(prompt.type('resolve', ['no.example.com'], 100), [
      'resolve: no.example.com is not known',
    ]);
    for (const name of [undefined, 7, {}, '', 'a b', 'x'.repeat(64)]) {
      assert.deepEqual(prompt.type('resolve', [name], 100), [`resolve: ${HOST_WRONG}`]);
    }
    const lonely = new Prompt(new DnsBench(0).host);
    assert.deepEqual(lonely.type('resolve', ['www.example.com']), ['resolve: no DNS server']);
  });
});

describe('diagnostics: net.help()', () => {
  it('lists every command', () => {
    const prompt = new Prompt(new Pair({}).a);
    const lines = prompt.type('help');
    assert.deepEqual(
      lines.map((l) => /^net\.(\w+)\(/.exec(l)?.[1]),
      Object.keys(prompt.net),
    );
    assert(lines.every((l) => /^net\.\w+\([\w, ]*\) +\S/.test(l)));
  });
});
