// Memory runs out: receive buffers that an application keeps, a heap too small for what is to be sent, messages
// larger than the send buffer, and a load that the pools are too small for.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { MEMP_PBUF_POOL, MEMP_TCP_PCB } from '../../../firmware/stack/core/memp.js';
import { netifSetLinkDown, netifSetLinkUp } from '../../../firmware/stack/core/netif.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import {
  DROP,
  MEMERR,
  RECV,
  STAT_LINK,
  STAT_TCP,
  STAT_TCPX,
  TCPX_LISTENDROP,
} from '../../../firmware/stack/core/stats.js';
import { pingNew, pingSend } from '../../../firmware/stack/icmp/ping.js';
import {
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSndbuf,
  tcpSent,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import { udpBind, udpNew, udpRecv } from '../../../firmware/stack/udp/udp.js';
import { httpServerStart } from '../../../firmware/services/http/server.js';
import { assertClean } from '../../harness/clean.js';
import { ip, type Host } from '../../harness/host.js';
import { lab } from '../../harness/lab.js';
import { Pair } from '../tcp/pair.js';
import { acquaint, Call, ROOMY, serve, textOf } from './call.js';

const SERVER = '10.0.0.2';
const MSS = 1460;

/** @returns whether b answers a ping of a's within a second */
function pings(pair: Pair): boolean {
  let ok = false;
  const ping = pingNew(pair.a.stack)!;
  pair.a.do(() => pingSend(ping, ip(SERVER), 56, 1000, (_p, r) => (ok = r.err === ERR_OK)));
  pair.scheduler.runFor(1.1e6);
  return ok;
}

/** Serves `port` by taking all that comes, and counts it. */
function takes(host: Host, port: number): { received: number } {
  const sink = { received: 0 };
  serve(host, port, (pcb) => {
    tcpRecv(pcb!, (_a: never, q, p): Err => {
      if (!p) return ERR_OK;
      sink.received += p.totLen;
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return ERR_OK;
    });
    return ERR_OK;
  });
  return sink;
}

describe('scenario: receive buffers run out', () => {
  it('frames are dropped and counted while an application keeps all; all is well when it frees them', () => {
    const l = lab({ PBUF_POOL_SIZE: 9 });
    const { stack } = l.host;
    const kept: Pbuf[] = [];
    l.host.do(() => {
      const pcb = udpNew(stack)!;
      udpBind(pcb, 0, 5000);
      udpRecv(pcb, (_a, _b, p) => void kept.push(p), null);
    });
    for (let i = 0; i < 20; i++) {
      l.peer.send({ udp: { src: 1, dst: 5000 }, payload: 'kept' });
      l.run(1);
    }
    assert.equal(kept.length, 9);
    const pool = stack.memp[MEMP_PBUF_POOL]!;
    assert.equal(pool.used, 9);
    assert.equal(pool.err, 11);
    assert.equal(stack.stats[STAT_LINK + DROP], 11);
    assert.equal(stack.stats[STAT_LINK + RECV], 20);
    l.peer.take();
    l.peer.send({ icmp: { type: 8 } });
    l.run(10);
    assert.equal(l.peer.take().length, 0, 'deaf');

    l.host.do(() => kept.splice(0).forEach(pbufFree));
    l.peer.send({ icmp: { type: 8 } });
    l.run(10);
    assert(l.peer.take().some((f) => f.icmp?.type === 0));
    assertClean(l.host, { UDP_PCB: 1 });
  });

  it('a TCP transfer that ran into it is complete in the end', () => {
    const pair = new Pair({ delay: 500 }, ROOMY, {
      PBUF_POOL_SIZE: 9,
      TCP_WND: 16 * MSS,
    });
    const kept: Pbuf[] = [];
    let heard = '';
    let keeping = true;
    serve(pair.b, 7, (pcb) => {
      tcpRecv(pcb!, (_a: never, q, p): Err => {
        if (!p) return ERR_OK;
        heard += textOf(p);
        if (keeping) kept.push(p);
        else pbufFree(p);
        tcpRecved(q, p.totLen);
        return ERR_OK;
      });
      return ERR_OK;
    });
    const text = 'abcdefghij'.repeat(584);
    const call = new Call(pair.a, SERVER, 7, text);
    pair.scheduler.runFor(10e3);
    // A second message's segments find fewer buffers than they need.
    let written = 0;
    const more = new TextEncoder().encode(text.repeat(4));
    const push = (): Err => {
      const n = Math.min(more.length - written, tcpSndbuf(call.pcb));
      if (n && tcpWrite(call.pcb, more, 0, written, n) === ERR_OK) written += n;
      return tcpOutput(call.pcb);
    };
    tcpSent(call.pcb, push);
    pair.a.do(push);
    pair.scheduler.runFor(3e6);
    assert(pair.b.stack.memp[MEMP_PBUF_POOL]!.err > 0);
    assert(heard.length < text.length * 5);
    keeping = false;
    pair.b.do(() => kept.splice(0).forEach(pbufFree));
    pair.scheduler.runFor(60e6);
    assert.equal(call.error, null);
    assert.equal(heard, text.repeat(5));
    assert(pings(pair));
  });
});

describe('scenario: MEM_SIZE too small', () => {
  it('tcpWrite() gives ERR_MEM, is counted, and goes on as the peer acknowledges', () => {
    // Two connections share a heap that is hardly enough for one.
    const pair = new Pair({ delay: 20000 }, { MEM_SIZE: 7000 }, ROOMY);
    const sizes: number[] = [];
    const sink = takes(pair.b, 7);
    const bytes = new Uint8Array(1000);
    let refused = 0;
    const LENGTH = 20;
    for (let i = 0; i < 2; i++) {
      sizes.push(0);
      const call = new Call(pair.a, SERVER, 7);
      const push = (): Err => {
        while (sizes[i]! < LENGTH) {
          const err = tcpWrite(call.pcb, bytes, TCP_WRITE_FLAG_COPY);
          if (err === ERR_MEM) {
            refused++;
            break;
          }
          assert.equal(err, ERR_OK);
          sizes[i]!++;
        }
        return tcpOutput(call.pcb);
      };
      tcpSent(call.pcb, push);
      // Refused with nothing of its own under way, no ACK would tell that there is room again.
      tcpPoll(call.pcb, push, 1);
      pair.scheduler.runFor(100e3);
      assert(call.connected);
      pair.a.do(push);
    }
    assert(pair.a.stack.mem.err > 0);
    assert(refused > 0);
    pair.scheduler.runFor(30e6);
    assert.deepEqual(sizes, [LENGTH, LENGTH]);
    assert.equal(sink.received, 2 * LENGTH * bytes.length);
  });

  it('what connections have written leaves room to find the neighbour again that it is for', () => {
    // Whatever the sizes of blocks leave over.
    for (let size = 6940; size < 8500; size += 20) fillAndLoseLink(size);
  });

  function fillAndLoseLink(MEM_SIZE: number): void {
    const pair = new Pair({ delay: 1000 }, { MEM_SIZE }, ROOMY);
    const sink = takes(pair.b, 7);
    const bytes = new Uint8Array(100);
    let written = 0;
    const calls = [1, 2, 3].map(() => new Call(pair.a, SERVER, 7));
    pair.scheduler.runFor(100e3);
    const { stack } = pair.a;
    // The link goes, as when a Wi-Fi chip is started anew, and with it what is known of neighbours; meanwhile the
    // application writes until the heap is full.
    pair.a.do(() => netifSetLinkDown(pair.a.netif));
    pair.a.do(() => {
      for (const call of calls)
        while (tcpWrite(call.pcb, bytes, TCP_WRITE_FLAG_COPY) === ERR_OK) written += 100;
    });
    assert(stack.stats[STAT_TCP + MEMERR]! > 0 && written > 3000, 'the heap is full');
    pair.scheduler.runFor(1e6);
    pair.a.do(() => netifSetLinkUp(pair.a.netif));
    pair.a.do(() => calls.forEach((call) => tcpOutput(call.pcb)));
    pair.scheduler.runFor(20e6);
    assert.equal(sink.received, written, `MEM_SIZE ${MEM_SIZE}`);
  }

  it('a reference instead of a copy needs hardly any heap', () => {
    const pair = new Pair({ delay: 20000 }, { MEM_SIZE: 7000 }, ROOMY);
    serve(pair.b, 7, () => ERR_OK);
    const page = new Uint8Array(5840);
    const call = new Call(pair.a, SERVER, 7);
    pair.scheduler.runFor(100e3);
    const before = pair.a.stack.mem.used;
    pair.a.do(() => assert.equal(tcpWrite(call.pcb, page, 0), ERR_OK));
    assert(pair.a.stack.mem.used - before <= 4 * 128, `${pair.a.stack.mem.used - before} bytes`);
  });
});

describe('scenario: a message larger than TCP_SND_BUF', () => {
  const publish = new Uint8Array(4000).fill(0x30);

  function world(sndBuf: number): { pair: Pair; call: Call; got: () => number } {
    const options: Partial<StackOptions> = { TCP_SND_BUF: sndBuf, TCP_SND_QUEUELEN: 16 };
    const pair = new Pair({ delay: 5000 }, options, ROOMY);
    const sink = takes(pair.b, 1883);
    const call = new Call(pair.a, SERVER, 1883);
    pair.scheduler.runFor(100e3);
    assert(call.connected);
    return { pair, call, got: () => sink.received };
  }

  it('2 x MSS: ERR_MEM, nothing of it is sent, the connection lives', () => {
    const { pair, call, got } = world(2 * MSS);
    pair.a.do(() => {
      assert.equal(tcpWrite(call.pcb, publish, TCP_WRITE_FLAG_COPY), ERR_MEM);
      assert.equal(tcpSndbuf(call.pcb), 2 * MSS);
      tcpOutput(call.pcb);
    });
    pair.scheduler.runFor(5e6);
    assert.equal(got(), 0);
    pair.a.do(() => {
      assert.equal(tcpWrite(call.pcb, publish, TCP_WRITE_FLAG_COPY, 0, 1000), ERR_OK);
      tcpOutput(call.pcb);
    });
    pair.scheduler.runFor(5e6);
    assert.equal(got(), 1000);
    assert.equal(call.error, null);
  });

  for (const factor of [4, 8]) {
    it(`${factor} x MSS: the whole message`, () => {
      const { pair, call, got } = world(factor * MSS);
      pair.a.do(() => {
        assert.equal(tcpWrite(call.pcb, publish, TCP_WRITE_FLAG_COPY), ERR_OK);
        tcpOutput(call.pcb);
      });
      pair.scheduler.runFor(5e6);
      assert.equal(got(), publish.length);
    });
  }
});

describe('scenario: fine on the bench, not under load', () => {
  const PAGE = 'A line of the page.\n'.repeat(400);
  const GET = 'GET / HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n';

  function load(options: Partial<StackOptions>, clients: number): { pair: Pair; calls: Call[] } {
    const pair = new Pair({ delay: 500, rate: 10e6 }, ROOMY, options);
    httpServerStart(pair.b.stack, 80, (_request, response) => {
      response.type = 'text/plain';
      response.body = PAGE;
    });
    acquaint(pair);
    const calls: Call[] = [];
    for (let i = 0; i < clients; i++) calls.push(new Call(pair.a, SERVER, 80, GET));
    pair.scheduler.runFor(120e6);
    for (const c of calls) {
      assert.equal(c.error, null);
      assert(c.heard.endsWith(PAGE), `${c.heard.length} bytes`);
    }
    assertClean(pair.b, { TCP_PCB_LISTEN: 1 });
    return { pair, calls };
  }

  const slowest = (calls: Call[]): number => Math.max(...calls.map((c) => c.time));
  /** The pools as they are by default, and a heap for two at a time. */
  const small: Partial<StackOptions> = { MEM_SIZE: 16000 };

  it('two clients: no pool is short', () => {
    const { pair, calls } = load(small, 2);
    const { memp, mem, stats } = pair.b.stack;
    assert(memp.every((pool) => pool.err === 0));
    assert.equal(mem.err, 0);
    assert.equal(stats[STAT_TCPX + TCPX_LISTENDROP], 0);
    assert(slowest(calls) < 500e3);
  });

  it('sixteen at once: the statistics name the pool; all are served, but late', () => {
    const { pair, calls } = load(small, 16);
    const { memp, mem, stats } = pair.b.stack;
    assert(memp[MEMP_TCP_PCB]!.err > 0);
    assert(mem.err > 0);
    assert.equal(memp[MEMP_TCP_PCB]!.max, memp[MEMP_TCP_PCB]!.num);
    assert(stats[STAT_TCPX + TCPX_LISTENDROP]! > 0);
    assert(slowest(calls) > 900e3, 'a SYN that is dropped comes again after a second');
  });

  it('sixteen at once with pools to match: none is short, none is late', () => {
    const { pair, calls } = load(
      {
        MEMP_NUM_TCP_PCB: 16,
        MEMP_NUM_TCP_SEG: 16 * 16,
        MEMP_NUM_PBUF: 128,
        MEM_SIZE: 131072,
        PBUF_POOL_SIZE: 32,
      },
      16,
    );
    const { memp, mem, stats } = pair.b.stack;
    assert(memp.every((pool) => pool.err === 0));
    assert.equal(mem.err, 0);
    assert.equal(stats[STAT_LINK + MEMERR], 0);
    assert(slowest(calls) < 900e3, `${slowest(calls)} µs`);
  });
});
