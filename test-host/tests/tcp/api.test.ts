// The raw API: writing with and without copy, memory running out and coming back, backlog, priorities, polling,
// binding, misuse.

import assert from 'node:assert/strict';
import {
  ERR_ABRT,
  ERR_ARG,
  ERR_CLSD,
  ERR_CONN,
  ERR_ISCONN,
  ERR_MEM,
  ERR_OK,
  ERR_RTE,
  ERR_USE,
  ERR_VAL,
} from '../../../firmware/stack/core/err.js';
import { memFree, memMalloc } from '../../../firmware/stack/core/mem.js';
import { MEMP_TCP_PCB, MEMP_TCP_SEG } from '../../../firmware/stack/core/memp.js';
import { netifRemove, netifSetAddr } from '../../../firmware/stack/core/netif.js';
import {
  PBUF_RAM,
  PBUF_RAW,
  pbufAlloc,
  pbufCat,
  pbufFree,
  type Pbuf,
} from '../../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import { SOF_REUSEADDR } from '../../../firmware/stack/ip/ip_pcb.js';
import {
  tcpAbort,
  tcpArg,
  tcpBacklogAccepted,
  tcpBacklogDelayed,
  tcpBind,
  tcpBindNetif,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpListen,
  tcpListenWithBacklog,
  tcpMss,
  tcpNew,
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSetprio,
  tcpShutdown,
  tcpSndbuf,
  tcpSndqueuelen,
  tcpTcpGetTcpAddrinfo,
  tcpWrite,
  tcpWritePbuf,
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { ip } from '../../harness/host.js';
import { bytes, Conversation } from './conversation.js';

const COPY = TCP_WRITE_FLAG_COPY;

function ack(c: Conversation, n: number): void {
  c.in({ flags: 'A', seq: 1, ack: n });
}

describe('tcpWrite', () => {
  it('cuts into segments; part of an array by offset and length', () => {
    const c = new Conversation().open();
    const data = bytes(1, 4000);
    const around = new Uint8Array(4100);
    around.set(data, 50);
    assert.equal(tcpWrite(c.pcb, around, COPY, 50, 4000), ERR_OK);
    around.fill(0);
    assert.equal(tcpSndbuf(c.pcb), 1840);
    assert.equal(tcpSndqueuelen(c.pcb), 3);
    tcpOutput(c.pcb);
    c.poll();
    c.out({ flags: 'A', seq: 1, data: data.subarray(0, 1460) });
    c.out({ flags: 'A', seq: 1461, data: data.subarray(1460, 2920) });
    c.out({ flags: 'PA', seq: 2921, data: data.subarray(2920) });
    ack(c, 4001);
    assert.equal(tcpSndbuf(c.pcb), 5840);
    assert.equal(tcpSndqueuelen(c.pcb), 0);
    assert.deepEqual(c.takeEvents(), ['sent 4000']);
    c.clean({ TCP_PCB: 1 });
  });

  it('without copy: constant data are sent from where they stand, also again, with odd pieces joined', () => {
    const c = new Conversation().open();
    const head = new Uint8Array(Buffer.from('HTTP/1.1 200 OK!'));
    const page = bytes(9, 2001);
    assert.equal(tcpWrite(c.pcb, head, COPY | TCP_WRITE_FLAG_MORE, 0, 15), ERR_OK);
    assert.equal(tcpWrite(c.pcb, page, TCP_WRITE_FLAG_MORE, 0, 333), ERR_OK);
    assert.equal(tcpWrite(c.pcb, page, 0, 333), ERR_OK);
    tcpOutput(c.pcb);
    c.poll();
    const all = new Uint8Array([...head.subarray(0, 15), ...page]);
    c.out({ flags: 'A', seq: 1, data: all.subarray(0, 1460) });
    c.out({ flags: 'PA', seq: 1461, data: all.subarray(1460) });
    c.untilOut(2000);
    c.out({ flags: 'A', seq: 1, data: all.subarray(0, 1460) });
    ack(c, 2017);
    c.clean({ TCP_PCB: 1 });
  });

  it('a pbuf chain, all or nothing', () => {
    const c = new Conversation().open();
    const chain = (...sizes: number[]): Pbuf => {
      let head: Pbuf | null = null;
      let at = 1;
      for (const n of sizes) {
        const p = pbufAlloc(c.stack, PBUF_RAW, n, PBUF_RAM)!;
        pbufTake(p, bytes(at, n));
        at += n;
        if (head) pbufCat(head, p);
        else head = p;
      }
      return head!;
    };
    const p = chain(10, 3000, 7);
    assert.equal(tcpWritePbuf(c.pcb, p, COPY), ERR_OK);
    pbufFree(p);
    tcpOutput(c.pcb);
    c.poll();
    c.out({ flags: 'A', seq: 1, data: bytes(1, 1460) });
    c.out({ flags: 'A', seq: 1461, data: bytes(1461, 1460) });
    c.out({ flags: 'PA', seq: 2921, data: bytes(2921, 97) });
    ack(c, 3018);
    // Too much for the send buffer: what went in at first is taken back.
    assert.equal(tcpWrite(c.pcb, bytes(3018, 5), COPY), ERR_OK);
    const big = chain(3000, 3000);
    assert.equal(tcpWritePbuf(c.pcb, big, COPY), ERR_MEM);
    pbufFree(big);
    assert.equal(tcpSndbuf(c.pcb), 5835);
    assert.equal(tcpSndqueuelen(c.pcb), 1);
    tcpOutput(c.pcb);
    c.poll();
    c.out({ flags: 'PA', seq: 3018, data: bytes(3018, 5) });
    c.silent();
    ack(c, 3023);
    c.clean({ TCP_PCB: 1 });
  });

  it('refuses what does not fit the send buffer or the queue, and takes it later', () => {
    const c = new Conversation({ options: { TCP_SND_QUEUELEN: 8 } }).open();
    assert.equal(tcpWrite(c.pcb, new Uint8Array(5841), COPY), ERR_MEM);
    assert.equal(tcpWrite(c.pcb, new Uint8Array(5840), COPY), ERR_OK);
    assert.equal(tcpWrite(c.pcb, new Uint8Array(1), COPY), ERR_MEM);
    tcpOutput(c.pcb);
    c.poll();
    c.lab.peer.take();
    ack(c, 4381);
    c.lab.peer.take();
    ack(c, 5841);
    assert.equal(tcpWrite(c.pcb, new Uint8Array(1), COPY), ERR_OK);
    const d = new Conversation({ options: { TCP_SND_QUEUELEN: 8 } }).open();
    const rom = new Uint8Array(10);
    let n = 0;
    while (tcpWrite(d.pcb, rom, 0) === ERR_OK) n++;
    assert(n >= 4 && tcpSndqueuelen(d.pcb) <= 8);
  });

  it('ERR_MEM when the heap is exhausted leaves no trace, and goes away with the cause', () => {
    const c = new Conversation().open();
    const used = c.stack.mem.used;
    const blocks: Uint8Array[] = [];
    for (;;) {
      const b = memMalloc(c.stack, 1500);
      if (!b) break;
      blocks.push(b);
    }
    for (;;) {
      const b = memMalloc(c.stack, 60);
      if (!b) break;
      blocks.push(b);
    }
    assert.equal(tcpWrite(c.pcb, bytes(1, 100), COPY), ERR_MEM);
    assert.equal(tcpWrite(c.pcb, bytes(1, 3000), COPY), ERR_MEM);
    assert.equal(tcpSndbuf(c.pcb), 5840);
    assert.equal(tcpSndqueuelen(c.pcb), 0);
    // A close has to wait, too, and comes about by itself.
    assert.equal(c.close(), ERR_OK);
    c.run(1000).silent();
    for (const b of blocks) memFree(c.stack, b);
    assert.equal(c.stack.mem.used, used);
    assert(c.untilOut(1000) <= 250);
    c.out({ flags: 'FA', seq: 1 });
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    c.clean({ TCP_TW: 1 });
  });

  it('ERR_MEM when the segments are exhausted half-way: nothing is queued', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_SEG: 16 } }).open();
    c.stack.memp[MEMP_TCP_SEG]!.num = 2;
    assert.equal(tcpWrite(c.pcb, bytes(1, 4000), COPY), ERR_MEM);
    assert.equal(tcpWrite(c.pcb, bytes(1, 4000), 0), ERR_MEM);
    assert.equal(tcpSndqueuelen(c.pcb), 0);
    assert.equal(tcpWrite(c.pcb, bytes(1, 2000), 0), ERR_OK);
    tcpOutput(c.pcb);
    c.poll();
    c.lab.peer.take();
    ack(c, 2001);
    c.clean({ TCP_PCB: 1 });
  });

  it('wrong arguments', () => {
    const c = new Conversation().open();
    const b = new Uint8Array(10);
    assert.equal(tcpWrite(c.pcb, b, COPY, 5, 6), ERR_ARG);
    assert.equal(tcpWrite(c.pcb, b, COPY, -1, 2), ERR_ARG);
    assert.equal(tcpWrite(c.pcb, b, COPY, 11), ERR_ARG);
    assert.equal(tcpWrite(c.pcb, b, COPY, 0, NaN), ERR_ARG);
    assert.equal(tcpWrite(c.pcb, b, COPY, 10), ERR_OK);
    assert.equal(tcpSndbuf(c.pcb), 5840);
  });
});

describe('TCP API misuse', () => {
  it('a closed pcb answers every call with an error and does nothing', () => {
    for (const how of ['closed', 'aborted', 'reset', 'time-wait']) {
      const c = new Conversation().open();
      if (how === 'closed') {
        c.in({ flags: 'FA', seq: 1, ack: 1 });
        c.close();
        c.in({ flags: 'A', seq: 2, ack: 2 });
      } else if (how === 'aborted') tcpAbort(c.pcb);
      else if (how === 'reset') c.in({ flags: 'R', seq: 1 });
      else {
        tcpShutdown(c.pcb, false, true);
        c.poll();
        c.in({ flags: 'FA', seq: 1, ack: 2 });
      }
      c.poll();
      c.lab.peer.take();
      c.takeEvents();
      const p = c.pcb;
      assert.equal(tcpWrite(p, new Uint8Array(3), COPY), ERR_CONN);
      assert.equal(tcpOutput(p), ERR_CLSD);
      assert.equal(tcpShutdown(p, true, false), ERR_CONN);
      assert.equal(tcpShutdown(p, false, true), ERR_CONN);
      tcpRecved(p, 10);
      tcpAbort(p);
      tcpPoll(p, () => ERR_OK, 1);
      tcpRecv(p, null);
      tcpErr(p, null);
      tcpArg(p, {});
      tcpBacklogDelayed(p);
      tcpBacklogAccepted(p);
      tcpBindNetif(p, null);
      assert.equal(tcpClose(p), how === 'time-wait' ? ERR_OK : ERR_CLSD);
      assert.equal(tcpClose(p), ERR_CLSD);
      assert.equal(tcpBind(p, 0, 99), ERR_ARG);
      assert.equal(tcpConnect(p, ip('10.0.0.2'), 1, null), ERR_ARG);
      assert.equal(tcpListen(p), null);
      c.run(5000).silent();
      c.clean(how === 'time-wait' || how === 'closed' ? { TCP_TW: how === 'time-wait' ? 1 : 0 } : {});
      assert.deepEqual(c.events, []);
    }
  });

  it('calls in the wrong state', () => {
    const c = new Conversation();
    const fresh = tcpNew(c.stack)!;
    assert.equal(tcpWrite(fresh, new Uint8Array(3), COPY), ERR_CONN);
    assert.equal(tcpOutput(fresh), ERR_OK);
    assert.equal(tcpShutdown(fresh, true, true), ERR_CONN);
    assert.equal(tcpBind(fresh, 0, 65536), ERR_ARG);
    assert.equal(tcpBind(fresh, 0, -1), ERR_ARG);
    assert.equal(tcpConnect(fresh, 0, 80, null), ERR_VAL);
    assert.equal(tcpConnect(fresh, ip('10.0.0.2'), 0, null), ERR_VAL);
    assert.equal(tcpConnect(fresh, 0xffffffff, 80, null), ERR_VAL);
    assert.equal(tcpConnect(fresh, ip('224.0.0.1'), 80, null), ERR_VAL);
    assert.equal(tcpClose(fresh), ERR_OK);
    c.clean();
    c.open();
    assert.equal(tcpBind(c.pcb, 0, 99), ERR_VAL);
    assert.equal(tcpConnect(c.pcb, ip('10.0.0.2'), 1, null), ERR_ISCONN);
    assert.equal(tcpListen(c.pcb), null);
    assert.equal(tcpClose(c.listener!), ERR_OK);
    assert.equal(tcpClose(c.listener!), ERR_CLSD);
    c.close();
    c.lab.peer.take();
    assert.equal(tcpWrite(c.pcb, new Uint8Array(3), COPY), ERR_CONN);
  });

  it('no route', () => {
    const c = new Conversation({ config: { gw: '0.0.0.0' } });
    c.lab.host.do((stack) => {
      netifSetAddr(c.lab.host.netif, 0, 0, 0);
      const p = tcpNew(stack)!;
      assert.equal(tcpConnect(p, ip('10.0.0.2'), 80, null), ERR_RTE);
      tcpClose(p);
    });
    c.clean();
  });
});

describe('TCP binding and listening', () => {
  it('ports are taken once, unless SO_REUSEADDR', () => {
    const c = new Conversation();
    c.listen();
    const a = tcpNew(c.stack)!;
    assert.equal(tcpBind(a, 0, 80), ERR_USE);
    assert.equal(tcpBind(a, ip('10.0.0.1'), 80), ERR_USE);
    assert.equal(tcpBind(a, ip('10.0.0.1'), 81), ERR_OK);
    const b = tcpNew(c.stack)!;
    assert.equal(tcpBind(b, ip('10.0.0.9'), 81), ERR_OK);
    assert.equal(tcpBind(b, 0, 81), ERR_USE);
    a.soOptions |= SOF_REUSEADDR;
    b.soOptions |= SOF_REUSEADDR;
    assert.equal(tcpBind(b, 0, 81), ERR_OK);
    tcpClose(a);
    tcpClose(b);
    const d = tcpNew(c.stack)!;
    assert.equal(tcpBind(d, 0, 0), ERR_OK);
    assert(d.localPort >= 49152);
    tcpClose(d);
    c.clean();
  });

  it('a port in TIME_WAIT is taken, unless SO_REUSEADDR', () => {
    const c = new Conversation().open();
    tcpClose(c.listener!);
    c.close();
    c.in({ flags: 'FA', seq: 1, ack: 2 });
    const a = tcpNew(c.stack)!;
    assert.equal(tcpBind(a, 0, 80), ERR_USE);
    a.soOptions |= SOF_REUSEADDR;
    assert.equal(tcpBind(a, 0, 80), ERR_OK);
    assert.equal(tcpConnect(a, ip('10.0.0.2'), 5000, null), ERR_USE);
    assert.equal(tcpConnect(a, ip('10.0.0.2'), 5001, null), ERR_OK);
  });

  it('the listener of the very address goes before the one of all', () => {
    const c = new Conversation();
    c.listen();
    const p = tcpNew(c.stack)!;
    p.soOptions |= SOF_REUSEADDR;
    c.listener!.soOptions |= SOF_REUSEADDR;
    assert.equal(tcpBind(p, ip('10.0.0.1'), 80), ERR_OK);
    const special = tcpListen(p)!;
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA' });
    assert.equal(special.acceptsPending, 1);
    assert.equal(c.listener!.acceptsPending, 0);
  });

  it('listeners run out: the pcb stays, and can be closed', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_PCB_LISTEN: 1 } });
    c.listen();
    const p = tcpNew(c.stack)!;
    tcpBind(p, 0, 81);
    assert.equal(tcpListen(p), null);
    assert.equal(tcpClose(p), ERR_OK);
    c.clean();
  });

  it('backlog: a SYN too many is dropped and finds room later', () => {
    const c = new Conversation();
    const p = tcpNew(c.stack)!;
    tcpBind(p, 0, 81);
    const l = tcpListenWithBacklog(p, 1)!;
    l.acceptFn = (_arg: never, q: TcpPcb | null) => {
      tcpBacklogDelayed(q!);
      c.attach(q!);
      return ERR_OK;
    };
    const syn = (src: number): void => void c.in({ flags: 'S', seq: 0, src, dst: 81 });
    syn(1001);
    c.out({ flags: 'SA', dst: 1001 });
    syn(1002);
    c.silent();
    c.in({ flags: 'A', seq: 1, ack: 1, src: 1001, dst: 81 });
    const first = c.pcb;
    // Accepted, but delayed.
    syn(1002);
    c.silent();
    tcpBacklogAccepted(first);
    syn(1002);
    c.out({ flags: 'SA', dst: 1002 });
    assert.equal(l.acceptsPending, 1);
    c.in({ flags: 'R', seq: 1, src: 1002, dst: 81 });
    assert.equal(l.acceptsPending, 0);
  });

  it('addresses of both ends', () => {
    const c = new Conversation().open();
    const out = { addr: 0 as never, port: 0 };
    assert.equal(tcpTcpGetTcpAddrinfo(c.pcb, true, out), ERR_OK);
    assert.deepEqual(out, { addr: ip('10.0.0.1'), port: 80 });
    assert.equal(tcpTcpGetTcpAddrinfo(c.pcb, false, out), ERR_OK);
    assert.deepEqual(out, { addr: ip('10.0.0.2'), port: 5000 });
    assert.equal(tcpTcpGetTcpAddrinfo(c.listener!, false, out), ERR_VAL);
    assert.equal(tcpMss(c.pcb), 1460);
  });
});

describe('TCP when pcbs run out', () => {
  const syn = (c: Conversation, src: number): void => void c.in({ flags: 'S', seq: 0, src });

  it('what is closing gives way first', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_PCB: 2 } }).open();
    const closing = c.pcb;
    c.in({ flags: 'FA', seq: 1, ack: 1 });
    c.close();
    assert.equal(c.state, 'LAST_ACK');
    c.lab.peer.take();
    syn(c, 7001);
    c.out({ flags: 'SA', dst: 7001 });
    syn(c, 7002);
    c.out({ flags: 'SA', dst: 7002 });
    assert.equal(closing.state, 0);
    syn(c, 7003);
    c.silent();
  });

  it('handshakes that nobody answers do not keep others out for long', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_PCB: 4 } });
    c.listen();
    for (let i = 0; i < 20; i++) syn(c, 8000 + i);
    assert.equal(c.lab.peer.take().length, 4);
    c.run(1000);
    assert.equal(c.lab.peer.take().length, 4, 'SYN-ACKs again');
    c.open();
    c.in({ flags: 'PA', seq: 1, ack: 1, data: 'served' });
    assert.deepEqual(c.takeEvents(), ['recv 6']);
  });

  it('a lower priority gives way to a higher one', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_PCB: 1 } }).open();
    assert.equal(tcpNew(c.stack), null);
    tcpSetprio(c.pcb, 10);
    const p = tcpNew(c.stack);
    assert(p);
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.poll();
    c.out({ flags: 'RA' });
    tcpClose(p);
    assert.equal(c.stack.memp[MEMP_TCP_PCB]!.err, 1);
    c.clean();
  });

  it('a closed connection in FIN_WAIT_2 gives way, one that the application holds does not', () => {
    const c = new Conversation({ options: { MEMP_NUM_TCP_PCB: 1 } }).open();
    tcpShutdown(c.pcb, false, true);
    c.poll();
    c.in({ flags: 'A', seq: 1, ack: 2 });
    assert.equal(c.state, 'FIN_WAIT_2');
    assert.equal(tcpNew(c.stack), null);
    tcpClose(c.pcb);
    const p = tcpNew(c.stack);
    assert(p);
    tcpClose(p);
    c.clean();
  });
});

describe('TCP polling', () => {
  it('comes each interval until taken away', () => {
    const c = new Conversation().open();
    let n = 0;
    tcpPoll(
      c.pcb,
      () => {
        n++;
        return ERR_OK;
      },
      2,
    );
    c.poll();
    c.run(999);
    assert.equal(n, 0);
    c.run(1);
    assert.equal(n, 1);
    c.run(9000);
    assert.equal(n, 10);
    tcpPoll(c.pcb, null, 0);
    c.run(9000);
    assert.equal(n, 10);
  });

  it('sends what the callback has written, and survives its closing or aborting', () => {
    const c = new Conversation().open();
    tcpPoll(
      c.pcb,
      (_arg: never, pcb: TcpPcb) => {
        tcpWrite(pcb, new Uint8Array(Buffer.from('tick')), COPY);
        return ERR_OK;
      },
      1,
    );
    c.poll();
    c.run(500);
    c.out({ flags: 'PA', data: 'tick' });
    tcpPoll(
      c.pcb,
      (_arg: never, pcb: TcpPcb) => {
        tcpAbort(pcb);
        return ERR_ABRT;
      },
      1,
    );
    c.poll();
    c.run(500);
    c.out({ flags: 'RA' });
    c.run(5000).silent().clean();
  });
});

describe('TCP and interfaces', () => {
  it('a change of address aborts the connections of the old one', () => {
    const c = new Conversation().open();
    const bound = tcpNew(c.stack)!;
    tcpBind(bound, ip('10.0.0.1'), 99);
    c.lab.host.do(() => netifSetAddr(c.lab.host.netif, ip('10.0.0.7'), 0xffffff00, 0));
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    assert.equal(bound.state, 0);
    assert.equal(tcpBind(bound, 0, 1), ERR_ARG);
    c.clean();
  });

  it('removal, too; a listener of all addresses lives on', () => {
    const c = new Conversation().open();
    c.write('pending');
    c.lab.host.do(() => netifRemove(c.lab.host.netif));
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.clean();
  });

  it('a listener bound to the address moves with it', () => {
    const c = new Conversation();
    const p = tcpNew(c.stack)!;
    tcpBind(p, ip('10.0.0.1'), 81);
    const l = tcpListen(p)!;
    c.lab.host.do(() => netifSetAddr(c.lab.host.netif, ip('10.0.0.7'), 0xffffff00, 0));
    assert.equal(l.localIp, ip('10.0.0.7'));
  });

  it('while the link is down segments wait, and go on when it is back', () => {
    const c = new Conversation().open();
    const n = c.lab.host.netif;
    n.flags &= ~4;
    c.write('patience');
    c.run(3000).silent();
    n.flags |= 4;
    c.untilOut(10000);
    c.out({ flags: 'PA', seq: 1, data: 'patience' });
  });
});
