// The http-server bundle as built, on the simulated Pico with the ENC28J60 model: lease, page, status, resolver,
// load, loss, and what happens to cables, chips and DHCP servers.

import assert from 'node:assert/strict';
import { Client, responses, type Response } from '../services/http-client.js';
import { get } from '../services/http-bench.js';
import { World, bundleOf } from './world.js';

interface Status {
  uptime: number;
  address: string;
  gateway: string;
  resolver: string;
  link: boolean;
  heap: { heapUsed: number; heapTotal: number };
  frames: { received: number; sent: number; dropped: number };
  segments: { received: number; sent: number; resent: number };
  requests: number;
}

function ask(w: World, path: string, seconds = 10): Response {
  const c = new Client(w.client, w.address).send(get(path, 'Connection: close'));
  w.until(() => c.over, seconds, path);
  assert.equal(c.error, 0, path);
  const all = responses(c.text);
  assert.equal(all.length, 1);
  return all[0]!;
}

function status(w: World): Status {
  return JSON.parse(ask(w, '/api/status').body) as Status;
}

/** Asks `total` times for `path`, `width` at a time, each on a connection of its own. */
function load(w: World, path: string, total: number, width: number, seconds: number): void {
  const open = new Set<Client>();
  let started = 0;
  let done = 0;
  const end = w.scheduler.now + seconds * 1e6;
  while (done < total) {
    while (open.size < width && started < total) {
      started++;
      open.add(new Client(w.client, w.address).send(get(path, 'Connection: close')));
    }
    w.scheduler.runWhile(() => [...open].some((c) => c.over), 5e6);
    assert(w.scheduler.now < end, `${done} of ${total} requests in ${seconds} s\n${w.log}`);
    for (const c of open) {
      if (!c.over) continue;
      assert.equal(c.error, 0, `request after ${done}`);
      assert.equal(responses(c.text)[0]?.status, 200);
      open.delete(c);
      done++;
    }
  }
}

describe('apps: http-server', function () {
  this.timeout(120_000);
  let bundle = '';
  before(async () => {
    bundle = await bundleOf('http-server');
  });

  it('boots, gets its lease and serves its page', () => {
    const w = new World(bundle).boot();
    assert.deepEqual(w.dhcp.types().slice(0, 2), ['DISCOVER', 'REQUEST']);
    const page = ask(w, '/');
    assert.equal(page.status, 200);
    assert.match(page.fields['content-type']!, /^text\/html/);
    assert.match(page.body, /^<!doctype html>[^]*<title>Lightwire<\/title>[^]*<h1>Hello from a Pico<\/h1>/);
    assert.equal(
      Buffer.from(page.body, 'latin1').every((x) => x < 128),
      true,
    );
    assert.equal(ask(w, '/none').status, 404);
    w.assertSound();
  });

  it('has a page whose script shows the status and looks names up', async () => {
    const w = new World(bundle).boot();
    const script = /<script>([^]*)<\/script>/.exec(ask(w, '/').body)![1]!;
    const t = { innerHTML: '' };
    let asked = '';
    const wait: number[] = [];
    let answer: object = { uptime: 7, heap: { used: 1, total: 2 } };
    const fetch = (url: string): unknown => {
      asked = url;
      return Promise.resolve({ json: () => answer });
    };
    const f = { name: { value: 'host.example' }, onsubmit: (): boolean => true };
    const o = { value: '' };
    new Function('fetch', 't', 'f', 'o', 'setInterval', script)(fetch, t, f, o, (_f: unknown, ms: number) =>
      wait.push(ms),
    );
    const settled = (): Promise<void> => new Promise((done) => setImmediate(done));
    await settled();
    assert.equal(asked, '/api/status');
    assert.equal(t.innerHTML, '<tr><td>uptime<td>7<tr><td>heap<td>{"used":1,"total":2}');
    assert.deepEqual(wait, [2000]);
    for (const [address, shown] of [
      ['192.0.2.1', '192.0.2.1'],
      [null, 'no such name'],
    ] as const) {
      answer = { host: 'host.example', address };
      assert.equal(f.onsubmit(), false, 'the form is not sent');
      await settled();
      assert.equal(asked, '/api/resolve?name=host.example');
      assert.equal(o.value, shown);
    }
  });

  it('tells its status', () => {
    const w = new World(bundle).boot();
    w.run(5000);
    const r = ask(w, '/api/status');
    assert.equal(r.fields['content-type'], 'application/json');
    const a = JSON.parse(r.body) as Status;
    assert.equal(a.address, '10.0.0.100');
    assert.equal(a.gateway, '10.0.0.1');
    assert.equal(a.resolver, '10.0.0.1');
    assert.equal(a.link, true);
    assert.equal(a.requests, 1);
    assert(a.heap.heapUsed > 0 && a.heap.heapTotal > a.heap.heapUsed);
    assert(a.uptime >= 5 && a.uptime <= w.scheduler.now / 1e6);
    for (const n of [...Object.values(a.frames), ...Object.values(a.segments)])
      assert(Number.isInteger(n) && n >= 0);
    w.run(10_000);
    const b = status(w);
    assert(b.uptime - a.uptime >= 10 && b.uptime - a.uptime <= 11);
    assert.equal(b.requests, 2);
    assert(b.frames.received > a.frames.received && b.frames.sent > a.frames.sent);
    // SYN, request, and FIN with the last ACK; SYN, response with FIN, and ACK.
    assert.deepEqual([b.segments.received - a.segments.received, b.segments.sent - a.segments.sent], [3, 3]);
    assert.equal(b.segments.resent, 0);
    w.assertSound();
  });

  it('resolves names', () => {
    const w = new World(bundle).boot();
    const resolve = (query: string, seconds?: number): unknown => {
      const r = ask(w, '/api/resolve' + query, seconds);
      return r.status === 200 ? JSON.parse(r.body) : r.status;
    };
    assert.deepEqual(resolve('?name=found.test'), { host: 'found.test', address: '192.0.2.7' });
    assert.deepEqual(resolve('?name=ALIAS.test'), { host: 'ALIAS.test', address: '192.0.2.7' });
    assert.deepEqual(resolve('?name=none.test'), { host: 'none.test', address: null });
    assert.deepEqual(resolve('?name=192.0.2.9'), { host: '192.0.2.9', address: '192.0.2.9' });
    const asked = w.dns.log.length;
    assert.deepEqual(resolve('?name=found.test'), { host: 'found.test', address: '192.0.2.7' });
    assert.equal(w.dns.log.length, asked, 'the second time from the cache');
    for (const query of ['', '?', '?name=', '?name=a/b', '?name=a%20b', '?name=a&b', '?nam=a']) {
      assert.equal(resolve(query), 400, query);
    }
    assert.deepEqual(resolve('?name=a..b'), { host: 'a..b', address: null });
    w.dns.silent = true;
    assert.deepEqual(resolve('?name=silent.test', 60), { host: 'silent.test', address: null });
    w.assertSound();
  });

  it('forgets a client that did not wait for a name', () => {
    const w = new World(bundle).boot();
    w.dns.silent = true;
    const c = new Client(w.client, w.address).send(get('/api/resolve?name=silent.test'));
    w.run(500);
    c.reset();
    w.run(60_000);
    assert.equal(ask(w, '/').status, 200);
    w.assertSound();
  });

  it('serves 200 requests, 8 at a time', () => {
    const w = new World(bundle).boot();
    load(w, '/', 100, 8, 60);
    load(w, '/api/status', 100, 8, 60);
    assert.equal(status(w).requests, 201);
    w.assertSound();
  });

  it('serves 200 requests, 8 at a time, through 5 % loss', () => {
    const w = new World(bundle, { seed: 3 }).boot();
    w.cable.setLoss(0.05);
    load(w, '/', 200, 8, 600);
    const { aToB, bToA } = w.cable;
    assert(
      aToB.counters.lost + bToA.counters.lost > 40,
      `only ${aToB.counters.lost} and ${bToA.counters.lost}`,
    );
    w.cable.setLoss(0);
    const s = status(w);
    assert(s.segments.resent > 0, JSON.stringify(s));
    assert(s.requests >= 201, JSON.stringify(s));
    w.assertSound();
  });

  it('keeps a browser’s connection alive', () => {
    const w = new World(bundle).boot();
    const c = new Client(w.client, w.address);
    for (let i = 1; i <= 20; i++) {
      c.send(get('/api/status'));
      w.run(2000);
      assert.equal(responses(c.text).length, i);
    }
    c.close();
    w.run(1000);
    w.assertSound();
  });

  it('takes the cable being pulled and put back', () => {
    const w = new World(bundle).boot();
    assert.equal(ask(w, '/').status, 200);
    for (let i = 0; i < 3; i++) {
      w.pico.chip.setLink(false);
      w.cable.setUp(false);
      w.until(() => w.pico.board.lines.at(-1)!.startsWith('link down'), 5, 'link down');
      w.run(10_000);
      w.pico.chip.setLink(true);
      w.cable.setUp(true);
      w.until(() => w.log.lastIndexOf('link up') > w.log.lastIndexOf('link down'), 5, 'link up');
      w.run(10_000);
      assert.equal(ask(w, '/').status, 200, 'after ' + i);
    }
    w.assertSound();
  });

  it('sets the chip up again that was reset behind its back', () => {
    const w = new World(bundle).boot();
    const resets = w.pico.chip.counters.resets;
    w.pico.chip.setResetPin(0);
    w.run(1);
    w.pico.chip.setResetPin(1);
    w.run(10_000);
    assert(w.pico.chip.counters.resets > resets);
    assert.equal(ask(w, '/').status, 200);
    assert.deepEqual(w.pico.board.errors, []);
  });

  it('tells in words when no chip answers', () => {
    const w = new World(bundle);
    w.pico.board.stop();
    w.pico.chip.setResetPin(0);
    w.pico.chip.setResetPin = () => {};
    w.pico.board.start();
    w.run(1000);
    assert.equal(w.pico.board.errors.length, 1);
    assert.match(w.pico.board.errors[0]!.message, /^Error: ENC28J60: \w+/);
  });

  it('goes on asking until a DHCP server appears', () => {
    const w = new World(bundle, { dhcp: false });
    w.run(180_000);
    assert(w.dhcp.types().filter((t) => t === 'DISCOVER').length > 3);
    assert.match(w.address, /^$|^169\.254\./);
    w.dhcp.silent = false;
    w.until(() => w.address === '10.0.0.100', 120, 'a lease');
    assert.equal(ask(w, '/').status, 200);
    w.assertSound();
  });

  it('keeps its station address over a restart', () => {
    const w = new World(bundle).boot();
    const mac = w.pico.board.storage.get('mac');
    const lease = (): string => [...w.dhcp.leases.values()].map((l) => l.chaddr).join();
    const before = lease();
    assert.match(before, /^.[26ae]/);
    w.pico.board.reset();
    w.run(20_000);
    assert.equal(w.pico.board.storage.get('mac'), mac);
    assert.equal(lease(), before);
    assert.equal(ask(w, '/').status, 200);
  });
});
