// The web server on its stack, asked by scripted clients over the virtual wire: what it answers, when it closes,
// and that every pool is back afterwards.

import assert from 'node:assert/strict';
import { httpRespond, httpServerStart } from '../../../firmware/services/http/server.js';
import { memFree, memMalloc } from '../../../firmware/stack/core/mem.js';
import { mempNames } from '../../../firmware/stack/core/memp.js';
import { tcpBind, tcpClose, tcpNew } from '../../../firmware/stack/tcp/tcp.js';
import { IP_ADDR_ANY } from '../../../firmware/stack/core/ipaddr.js';
import { HttpBench, LARGE_TEXT, SERVER, get } from './http-bench.js';
import { Client, responses } from './http-client.js';

/** What a request breaks, and the status for it. */
const REFUSED: [number, string][] = [
  [400, 'GET /\r\n\r\n'],
  [400, 'GET / HTTP/1.1\r\n\r\n'],
  [400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  [400, 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
  [413, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000000\r\n\r\n'],
  [431, 'GET / HTTP/1.1\r\nHost: a\r\nX: ' + 'x'.repeat(2100) + '\r\n\r\n'],
  [431, 'x'.repeat(3000)],
  [501, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  [505, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
  [505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
];

describe('http: server', () => {
  let b: HttpBench;
  beforeEach(() => {
    b = new HttpBench();
  });

  it('answers on one connection again and again', () => {
    const c = b.connect();
    for (let i = 0; i < 20; i++) {
      c.send(get('/'));
      b.run(50);
      const all = responses(c.text);
      assert.equal(all.length, i + 1);
      assert.equal(all[i]!.status, 200);
      assert.equal(all[i]!.body, 'root');
      assert.equal(all[i]!.fields['connection'], 'keep-alive');
    }
    assert.equal(c.over, false);
    assert.equal(b.http.connections, 1);
    assert.equal(b.http.requests, 20);
    c.close();
    b.assertClean();
  });

  it('answers pipelined requests in order and without waiting for acknowledgements', () => {
    const c = b.connect();
    b.run(20);
    const paths = ['/', '/fields?1', '/none', '/empty', '/fields?2', '/large', '/'];
    const start = b.scheduler.now;
    c.send(
      paths
        .slice(0, 5)
        .map((p) => get(p))
        .join(''),
    );
    assert(b.scheduler.runWhile(() => responsesSoFar(c.text) === 5, 1e6));
    assert.equal(b.scheduler.now - start, 1000, 'one round trip');
    c.send(
      paths
        .slice(5)
        .map((p) => get(p))
        .join(''),
    );
    b.run(2000);
    const all = responses(c.text);
    assert.deepEqual(
      all.map((r) => r.status),
      [200, 200, 404, 200, 200, 200, 200],
    );
    assert.equal(all[1]!.fields['x-query'], '1');
    assert.equal(all[2]!.body, 'nothing at /none');
    assert.equal(all[3]!.body, '');
    assert.equal(all[4]!.fields['x-query'], '2');
    assert.equal(all[5]!.body, LARGE_TEXT);
    c.close();
    b.assertClean();
  });

  it('takes requests split at any byte', () => {
    const text =
      '\r\n' +
      get('/fields?x=1', 'Connection: keep-alive') +
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\r\nc' +
      get('/');
    for (let at = 1; at < text.length; at++) {
      const c = b.connect().send(text.slice(0, at));
      b.run(10);
      c.send(text.slice(at));
      b.run(30);
      assert.deepEqual(
        responses(c.text).map((r) => r.status),
        [200, 405, 200],
        'split at ' + at,
      );
      c.reset();
    }
    b.run(10);
    b.assertClean();
  });

  it('takes requests that come byte by byte', () => {
    const c = b.connect();
    for (const x of get('/') + get('/none')) {
      c.send(x);
      b.run(2);
    }
    b.run(50);
    assert.deepEqual(
      responses(c.text).map((r) => r.status),
      [200, 404],
    );
    c.close();
    b.assertClean();
  });

  // RFC 9110, 9.3.2.
  it('answers HEAD like GET, without the content', () => {
    for (const path of ['/', '/large', '/large-text', '/none', '/fields?a']) {
      const head = b.one(get(path).replace('GET', 'HEAD'), ['HEAD']);
      const whole = b.ask(get(path), 3000);
      const [r] = responses(whole.text);
      assert.deepEqual(head, { ...r, body: '' });
      whole.close();
    }
    b.assertClean();
  });

  it('counts the bytes of text, not its characters', () => {
    const r = b.one(get('/utf8'));
    assert.equal(r.fields['content-length'], '11');
    assert.equal(Buffer.from(r.body, 'latin1').toString('utf8'), 'Grüße €');
    b.assertClean();
  });

  // RFC 9110, 15.5.6: Allow is a must.
  it('answers other methods with 405, skips their content and stays', () => {
    const post = (n: number): string =>
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${n}\r\n\r\n` +
      'GET / HTTP/1.1\r\n\r\n'.repeat(n / 18 + 1).slice(0, n);
    const c = b.ask(post(3) + get('/') + post(10_000) + get('/none') + post(0) + get('/'), 3000);
    const all = responses(c.text);
    assert.deepEqual(
      all.map((r) => r.status),
      [405, 200, 405, 404, 405, 200],
    );
    assert.equal(all[0]!.fields['allow'], 'GET, HEAD');
    c.close();
    b.assertClean();
  });

  it('refuses what breaks the protocol, and closes', () => {
    for (const [status, text] of REFUSED) {
      const c = b.ask(text, 300);
      const all = responses(c.text);
      assert.equal(all.length, 1, text.slice(0, 60));
      assert.equal(all[0]!.status, status, text.slice(0, 60));
      assert.equal(all[0]!.fields['connection'], 'close');
      assert.equal(c.eof, true);
      assert.equal(c.error, 0, 'closed, not reset');
      b.run(10);
    }
    assert.equal(b.http.requests, 0);
    assert.equal(b.seen.length, 0);
    b.assertClean();
  });

  // RFC 9112, 9.6: the answer gets through although the client goes on sending for a while.
  it('lets a client read the refusal while it is still sending', () => {
    const c = b.connect();
    c.closeOnEof = false;
    c.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' + 'x'.repeat(100_000));
    b.run(5000);
    assert.equal(c.unsent, 0);
    assert.equal(responses(c.text)[0]!.status, 501);
    assert.equal(c.error, 0);
    c.close();
    b.assertClean();
  });

  it('does not listen for ever to a client that goes on sending', () => {
    const c = b.connect();
    c.closeOnEof = false;
    c.send('nonsense\r\n\r\n');
    for (let i = 0; i < 40; i++) {
      c.send('x');
      b.run(1000);
    }
    assert.notEqual(c.error, 0);
    b.assertClean();
  });

  it('closes after the response where the request says so', () => {
    const c = b.ask(get('/', 'Connection: close') + get('/none'));
    const all = responses(c.text);
    assert.equal(all.length, 1, 'what follows is not served');
    assert.equal(all[0]!.fields['connection'], 'close');
    assert.equal(c.eof, true);
    b.assertClean();
  });

  it('closes on HTTP/1.0, but keeps alive on wish', () => {
    const c = b.ask('GET /large HTTP/1.0\r\n\r\n', 3000);
    assert.equal(responses(c.text)[0]!.body, LARGE_TEXT);
    assert.equal(c.eof, true);
    const d = b.ask('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.equal(responses(d.text)[0]!.fields['connection'], 'keep-alive');
    assert.equal(d.over, false);
    d.send('GET / HTTP/1.0\r\n\r\n');
    b.run(100);
    assert.equal(responses(d.text).length, 2);
    assert.equal(d.eof, true);
    b.assertClean();
  });

  it('sends 64 KiB through a small send buffer', () => {
    for (const path of ['/large', '/large-text']) {
      const s = new HttpBench({ TCP_SND_BUF: 1072, TCP_MSS: 536, TCP_SND_QUEUELEN: 5 });
      const c = s.ask(get(path), 10_000);
      assert.equal(responses(c.text)[0]!.body, LARGE_TEXT);
      c.close();
      s.assertClean();
    }
  });

  it('sends to a client of tiny segments', () => {
    const s = new HttpBench({}, {}, { TCP_MSS: 64, TCP_SND_BUF: 512 });
    const c = s.ask(get('/large-text'), 30_000);
    assert.equal(responses(c.text)[0]!.body.length, 65536);
    c.close();
    s.assertClean();
  });

  it('sends all through loss, also when it closes at the end', () => {
    const s = new HttpBench({}, { loss: 0.05, seed: 5 });
    for (let i = 0; i < 5; i++) {
      const c = s.connect().send(get('/large', 'Connection: close'));
      s.scheduler.runWhile(() => c.over, 300e6);
      assert.equal(responses(c.text)[0]!.body, LARGE_TEXT, 'transfer ' + i);
      assert.equal(c.error, 0);
    }
    s.link.setLoss(0);
    s.run(120_000);
    s.assertClean();
  });

  it('waits for a client that reads slowly, as long as it reads', () => {
    const c = b.connect();
    c.reading = false;
    c.send(get('/large', 'Connection: close'));
    for (let i = 0; i < 30; i++) {
      b.run(20_000);
      c.readAgain();
      c.reading = false;
    }
    assert.equal(responses(c.text)[0]!.body, LARGE_TEXT);
    b.assertClean();
  });

  it('gives up a client that does not read', () => {
    const c = b.connect();
    c.reading = false;
    c.send(get('/large'));
    b.run(25_000);
    assert.equal(b.http.connections, 1);
    b.run(10_000);
    assert.equal(b.http.connections, 0);
    assert.notEqual(c.error, 0, 'the reset reaches a client whose window is shut');
    b.assertClean();
  });

  it('shuts the window to a client that asks faster than it reads', () => {
    const c = b.connect();
    c.reading = false;
    c.closeOnEof = false;
    c.send(get('/large') + get('/').repeat(3000));
    b.run(20_000);
    assert(c.unsent > 60_000, `only ${c.unsent} bytes are held back`);
    assert.equal(b.seen.length, 1);
    c.reset();
    b.assertClean();
  });

  it('serves what waited behind a full send buffer', () => {
    const c = b.connect();
    c.reading = false;
    c.send(get('/large') + get('/').repeat(300) + get('/large'));
    b.run(10_000);
    for (let i = 0; i < 200; i++) {
      c.readAgain();
      b.run(50);
    }
    assert.equal(responses(c.text).length, 302);
    assert.equal(responses(c.text)[301]!.body, LARGE_TEXT);
    c.close();
    b.assertClean();
  });
});

describe('http: later responses', () => {
  let b: HttpBench;
  beforeEach(() => {
    b = new HttpBench();
  });

  it('come when the handler has them, and in order', () => {
    const c = b.ask(get('/later?1') + get('/') + get('/later?2'));
    assert.equal(c.text, '');
    assert.equal(b.later.length, 1);
    b.run(60_000);
    assert.equal(c.over, false, 'no time-out while the server is in debt');
    b.later[0]!.body = 'late';
    b.later[0]!.status = '200 OK';
    b.server.do(() => httpRespond(b.later[0]!));
    b.run(50);
    assert.deepEqual(
      responses(c.text).map((r) => r.body),
      ['late', 'root'],
    );
    assert.equal(b.later.length, 2);
    b.later[1]!.status = '503 Service Unavailable';
    b.server.do(() => httpRespond(b.later[1]!));
    b.server.do(() => httpRespond(b.later[1]!));
    b.run(50);
    assert.equal(responses(c.text)[2]!.status, 503);
    assert.equal(responses(c.text).length, 3, 'only once each');
    c.close();
    b.assertClean();
  });

  it('go to the right one of several clients', () => {
    const clients = [0, 1, 2].map((i) => b.ask(get('/later?' + i)));
    for (const i of [1, 2, 0]) {
      b.later[i]!.status = '200 OK';
      b.later[i]!.body = 'for ' + i;
      b.server.do(() => httpRespond(b.later[i]!));
    }
    b.run(50);
    clients.forEach((c, i) => {
      assert.equal(responses(c.text)[0]!.body, 'for ' + i);
      c.close();
    });
    b.assertClean();
  });

  it('are forgotten when the client is gone', () => {
    const reset = b.ask(get('/later'));
    reset.reset();
    b.run(10);
    assert.equal(b.http.connections, 0);
    b.later[0]!.status = '200 OK';
    b.server.do(() => httpRespond(b.later[0]!));
    b.run(100);
    b.assertClean();
  });

  it('still reach a client that has closed its side', () => {
    const c = b.connect().send(get('/later', 'Connection: close'));
    b.run(20);
    c.shutdown();
    b.run(1000);
    b.later[0]!.status = '200 OK';
    b.later[0]!.body = LARGE_TEXT;
    b.server.do(() => httpRespond(b.later[0]!));
    b.run(3000);
    assert.equal(responses(c.text)[0]!.body, LARGE_TEXT);
    assert.equal(c.eof, true);
    b.assertClean();
  });
});

describe('http: ends of connections', () => {
  let b: HttpBench;
  beforeEach(() => {
    b = new HttpBench();
  });

  it('closes an idle connection after 30 s, politely', () => {
    for (const text of ['', get('/')]) {
      const c = b.ask(text);
      b.run(29_000);
      assert.equal(c.over, false);
      assert.equal(b.http.connections, 1);
      b.run(3000);
      assert.equal(c.eof, true);
      assert.equal(c.error, 0);
      assert.equal(b.http.connections, 0);
    }
    b.assertClean();
  });

  it('gives up an idle client that does not close', () => {
    const c = b.connect();
    c.closeOnEof = false;
    b.run(40_000);
    assert.equal(b.http.connections, 0);
    assert.equal(c.eof, true);
    assert.notEqual(c.error, 0);
    b.assertClean();
  });

  it('gives up a request that trickles in for ever', () => {
    const c = b.connect();
    for (let i = 0; i < 45 && !c.over; i++) {
      c.send(i ? 'x' : 'GET /');
      b.run(1000);
    }
    assert.equal(c.over, true);
    assert(b.scheduler.now < 36e6, `after ${b.scheduler.now / 1e6} s`);
    b.assertClean();
  });

  it('keeps a connection that is used', () => {
    const c = b.connect();
    for (let i = 0; i < 10; i++) {
      c.send(get('/'));
      b.run(25_000);
    }
    assert.equal(responses(c.text).length, 10);
    assert.equal(c.over, false);
    c.close();
    b.assertClean();
  });

  it('answers a client that closes its side with its request', () => {
    for (const path of ['/', '/large']) {
      const c = b.connect();
      b.run(10);
      c.send(get(path) + get('/none'));
      c.shutdown();
      b.run(3000);
      assert.deepEqual(
        responses(c.text).map((r) => r.status),
        [200, 404],
      );
      assert.equal(c.eof, true);
      assert.equal(c.error, 0);
    }
    b.assertClean();
  });

  it('closes when the client has, after a response or within a request', () => {
    for (const text of [
      get('/'),
      '',
      'GET / HT',
      get('/').replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 9\r\n\r\nabc'),
    ]) {
      const c = b.ask(text).shutdown();
      b.run(100);
      assert.equal(c.eof, true, JSON.stringify(text));
      assert.equal(c.error, 0);
      assert.equal(b.http.connections, 0);
    }
    b.assertClean();
  });

  it('bears a reset at any time', () => {
    for (let ms = 0; ms < 60; ms += 0.5) {
      const c = b.ask(get('/large') + get('/large-text'), ms);
      c.reset();
      b.run(5);
      assert.equal(b.http.connections, 0, `after ${ms} ms`);
    }
    b.assertClean();
  });

  it('bears a client that vanishes', () => {
    const c = b.ask(get('/large'), 5);
    b.link.setUp(false);
    b.run(60_000);
    assert.equal(b.http.connections, 0);
    b.link.setUp(true);
    c.reset();
    b.assertClean();
  });
});

describe('http: many clients, few resources', () => {
  it('serves several clients at once', () => {
    const b = new HttpBench();
    const clients = Array.from({ length: 8 }, (_, i) => b.connect().send(get(i % 2 ? '/large' : '/')));
    b.run(30_000);
    clients.forEach((c, i) => {
      assert.equal(responses(c.text)[0]!.body, i % 2 ? LARGE_TEXT : 'root', `client ${i}`);
      c.close();
    });
    b.assertClean();
  });

  it('serves 200 requests, 8 at a time', () => {
    const b = new HttpBench();
    let started = 0;
    let served = 0;
    const open = new Set<Client>();
    while (served < 200) {
      while (open.size < 8 && started < 200) {
        open.add(b.connect().send(get(started++ % 5 ? '/' : '/large', 'Connection: close')));
      }
      b.run(20);
      for (const c of open) {
        if (!c.over) continue;
        assert.equal(c.error, 0);
        assert.equal(responses(c.text).length, 1);
        open.delete(c);
        served++;
      }
      assert(b.scheduler.now < 300e6, `${served} after 300 s`);
    }
    assert.equal(b.http.requests, 200);
    b.assertClean();
  });

  it('serves those it has pcbs for, and the others later', () => {
    const b = new HttpBench({ MEMP_NUM_TCP_PCB: 3 });
    const clients = Array.from({ length: 6 }, () => b.ask(get('/'), 50));
    const served = clients.filter((c) => c.text);
    assert.equal(served.length, 3);
    served.forEach((c) => c.close());
    b.run(20_000);
    clients.forEach((c) => assert.equal(responses(c.text)[0]!.body, 'root'));
    clients.forEach((c) => served.includes(c) || c.close());
    b.assertClean();
  });

  it('goes on when heap, segments or references were short', () => {
    for (const pool of ['HEAP', 'TCP_SEG', 'PBUF']) {
      const b = new HttpBench({ MEM_SIZE: 7000 });
      const stack = b.server.stack;
      const memp = pool === 'HEAP' ? null : stack.memp[mempNames().indexOf(pool)]!;
      const c = b.connect();
      b.run(20);
      // Takes what is left of it.
      const limit = memp?.num ?? 0;
      const blocks: Uint8Array[] = [];
      if (memp) memp.num = memp.used;
      else for (let n = 1500, x; n > 16; n >>= 1) while ((x = memMalloc(stack, n))) blocks.push(x);
      c.send(get('/') + get('/large') + get('/large-text'));
      b.run(10_000);
      assert.equal(c.text, '', pool);
      assert.equal(b.http.connections, 1);
      if (memp) memp.num = limit;
      blocks.forEach((x) => memFree(stack, x));
      b.run(20_000);
      assert.deepEqual(
        responses(c.text).map((r) => r.body.length),
        [4, 65536, 65536],
        pool,
      );
      c.close();
      b.assertClean();
    }
  });

  it('serves a little at a time with hardly any heap', () => {
    const b = new HttpBench({ MEM_SIZE: 3900, MEMP_NUM_TCP_SEG: 4, TCP_SND_BUF: 2920, TCP_SND_QUEUELEN: 4 });
    const clients = Array.from({ length: 4 }, () =>
      b.connect().send(get('/large-text', 'Connection: close')),
    );
    b.scheduler.runWhile(() => clients.every((c) => c.over), 600e6);
    clients.forEach((c, i) => assert.equal(responses(c.text)[0]!.body, LARGE_TEXT, `client ${i}`));
    b.run(60_000);
    b.assertClean();
  });

  it('does not start where the port is taken or no pcb is left', () => {
    const b = new HttpBench({ MEMP_NUM_TCP_PCB: 1 });
    const stack = b.server.stack;
    const handler = (): void => {};
    assert.equal(httpServerStart(stack, 80, handler), null);
    const pcb = tcpNew(stack)!;
    assert.equal(httpServerStart(stack, 81, handler), null);
    tcpBind(pcb, IP_ADDR_ANY, 81);
    tcpClose(pcb);
    assert.notEqual(httpServerStart(stack, 81, handler), null);
    assert.equal(new Client(b.client, SERVER, 81).error, 0);
  });
});

/** Whole responses in a stream that may break off. */
function responsesSoFar(text: string): number {
  for (let end = text.length; ; end = text.lastIndexOf('HTTP/1.1 ', end - 1)) {
    if (end <= 0) return 0;
    try {
      return responses(text.slice(0, end)).length;
    } catch {
      // The last one is unfinished.
    }
  }
}
