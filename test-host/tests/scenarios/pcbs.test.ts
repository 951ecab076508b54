// Connections run out: the server that serves some clients and hangs with the next, and the device that opens and
// closes many short connections.

import assert from 'node:assert/strict';
import { ERR_MEM, ERR_OK, ERR_RST } from '../../../firmware/stack/core/err.js';
import { MEMP_TCP_PCB, MEMP_TCP_TW } from '../../../firmware/stack/core/memp.js';
import { STAT_TCPX, TCPX_LISTENDROP, TCPX_TWRECYCLED } from '../../../firmware/stack/core/stats.js';
import { tcpClose, tcpRecv } from '../../../firmware/stack/tcp/tcp.js';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { httpServerStart } from '../../../firmware/services/http/server.js';
import { assertClean } from '../../harness/clean.js';
import { Pair } from '../tcp/pair.js';
import { acquaint, Call, ROOMY, serve } from './call.js';

const SERVER = '10.0.0.2';
const GET = 'GET / HTTP/1.1\r\nHost: server\r\n\r\n';

describe('scenario: more clients than PCBs', () => {
  function world(pcbs?: number): Pair {
    const pair = new Pair({ delay: 500 }, ROOMY, pcbs ? { MEMP_NUM_TCP_PCB: pcbs } : {});
    httpServerStart(pair.b.stack, 80, (_request, response) => {
      response.type = 'text/plain';
      response.body = 'page';
    });
    acquaint(pair);
    return pair;
  }

  it('the default 5 serve 5; the 6th waits, is counted, and is served when one has gone', () => {
    const pair = world();
    const { stack } = pair.b;
    const calls: Call[] = [];
    for (let i = 0; i < 6; i++) calls.push(new Call(pair.a, SERVER, 80, GET));
    pair.scheduler.runFor(500e3);
    assert.deepEqual(
      calls.map((c) => c.heard.endsWith('page')),
      [true, true, true, true, true, false],
    );
    assert.equal(calls[5]!.connected, false);
    assert.equal(calls[5]!.error, null);
    // Not silent: the pool and TCP both say so.
    assert.equal(stack.memp[MEMP_TCP_PCB]!.used, 5);
    assert.equal(stack.memp[MEMP_TCP_PCB]!.max, 5);
    assert.equal(stack.memp[MEMP_TCP_PCB]!.err, 1);
    assert.equal(stack.stats[STAT_TCPX + TCPX_LISTENDROP], 1);

    calls[0]!.close();
    pair.scheduler.runFor(2e6);
    assert(calls[5]!.heard.endsWith('page'), 'the SYN that comes again finds a PCB');
    for (const c of calls) c.close();
    pair.scheduler.runFor(60e6);
    assertClean(pair.b, { TCP_PCB_LISTEN: 1 });
  });

  it('12 serve 12 (the remedy)', () => {
    const pair = world(12);
    const calls: Call[] = [];
    for (let i = 0; i < 12; i++) calls.push(new Call(pair.a, SERVER, 80, GET));
    pair.scheduler.runFor(500e3);
    for (const c of calls) assert(c.heard.endsWith('page'));
    assert.equal(pair.b.stack.memp[MEMP_TCP_PCB]!.err, 0);
  });

  it('a server may be told, and may rather refuse', () => {
    const pair = new Pair({ delay: 500 }, ROOMY, { MEMP_NUM_TCP_PCB: 2 });
    const told: number[] = [];
    const listener = serve(pair.b, 7, (pcb, err) => {
      if (!pcb) told.push(err);
      return ERR_OK;
    });
    listener.rstWhenFull = true;
    const calls: Call[] = [];
    for (let i = 0; i < 3; i++) calls.push(new Call(pair.a, SERVER, 7));
    pair.scheduler.runFor(500e3);
    assert.deepEqual(told, [ERR_MEM]);
    assert.deepEqual(
      calls.map((c) => c.error),
      [null, null, ERR_RST],
    );
  });

  it('PCBs that a server forgets to close are missing; those it closes come back', () => {
    for (const closes of [false, true]) {
      const pair = new Pair({ delay: 500 }, ROOMY);
      serve(pair.b, 7, (pcb) => {
        if (!pcb) return ERR_OK;
        tcpRecv(pcb, (_a: never, q, p) => {
          if (p) pbufFree(p);
          else if (closes) return tcpClose(q);
          return ERR_OK;
        });
        return ERR_OK;
      });
      let served = 0;
      for (let i = 0; i < 8; i++) {
        const call = new Call(pair.a, SERVER, 7);
        pair.scheduler.runFor(20e3);
        if (call.connected) served++;
        call.close();
        pair.scheduler.runFor(20e3);
      }
      assert.equal(served, closes ? 8 : 5);
    }
  });
});

describe('scenario: many short connections', () => {
  it('300 closed by the server within seconds: TIME_WAIT takes no PCB, each client is served', () => {
    const pair = new Pair({ delay: 500 }, ROOMY);
    serve(pair.b, 7, (pcb) => (pcb ? tcpClose(pcb) : ERR_OK));
    const { memp, stats } = pair.b.stack;
    for (let i = 0; i < 300; i++) {
      const call = new Call(pair.a, SERVER, 7);
      pair.scheduler.runFor(10e3);
      assert(call.connected && call.ended && call.error === null, `connection ${i}`);
    }
    pair.scheduler.runFor(1e6);
    assert.equal(memp[MEMP_TCP_PCB]!.err, 0);
    assert(memp[MEMP_TCP_PCB]!.max <= 2);
    assert.equal(memp[MEMP_TCP_TW]!.used, pair.b.stack.opt.MEMP_NUM_TCP_TW);
    // All but the last, and but those whose port a client happened to choose again.
    assert(stats[STAT_TCPX + TCPX_TWRECYCLED]! > 280);
    pair.scheduler.runFor(2 * pair.b.stack.opt.TCP_MSL * 1000 + 1e6);
    assert.equal(memp[MEMP_TCP_TW]!.used, 0);
    assertClean(pair.b, { TCP_PCB_LISTEN: 1 });
  });

  it('300 made and closed by the device itself', () => {
    const pair = new Pair({ delay: 500 }, {}, { ...ROOMY, MEMP_NUM_TCP_PCB: 8 });
    serve(pair.b, 7, (pcb) => {
      if (pcb) tcpRecv(pcb, (_a: never, q, p) => (p ? (pbufFree(p), ERR_OK) : tcpClose(q)));
      return ERR_OK;
    });
    for (let i = 0; i < 300; i++) {
      const call = new Call(pair.a, SERVER, 7, 'measurement');
      pair.scheduler.runFor(5e3);
      assert(call.connected, `connection ${i}`);
      call.close();
      pair.scheduler.runFor(5e3);
      assert.equal(call.error, null);
    }
    const { memp } = pair.a.stack;
    assert.equal(memp[MEMP_TCP_PCB]!.err, 0);
    assert(memp[MEMP_TCP_PCB]!.max <= 2);
    pair.scheduler.runFor(30e6);
    assertClean(pair.a);
    assertClean(pair.b, { TCP_PCB_LISTEN: 1 });
  });
});
