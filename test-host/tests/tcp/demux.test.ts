// Several connections, several stacks, the loopback, neighbours that have yet to be resolved, interfaces that take
// every address.

import assert from 'node:assert/strict';
import { ERR_ABRT, ERR_IF, ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { NETIF_FLAG_ACCEPT_ALL } from '../../../firmware/stack/core/netif.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { etharpRemoveStatic } from '../../../firmware/stack/arp/etharp.js';
import {
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpListen,
  tcpListenAny,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { assertClean } from '../../harness/clean.js';
import { ip } from '../../harness/host.js';
import { Conversation } from './conversation.js';
import { Pair } from './pair.js';

/** The seed document's sample, with tcp_recved(). */
function echoRecvCb(_arg: never, pcb: TcpPcb, p: Pbuf | null): Err {
  if (p === null) {
    tcpClose(pcb);
    return ERR_OK;
  }
  tcpWrite(pcb, p.payload, TCP_WRITE_FLAG_COPY, p.off, p.len);
  tcpOutput(pcb);
  tcpRecved(pcb, p.totLen);
  pbufFree(p);
  return ERR_OK;
}

function echoAcceptCb(_arg: never, newpcb: TcpPcb | null): Err {
  tcpRecv(newpcb!, echoRecvCb);
  return ERR_OK;
}

function echoServerInit(stack: Stack): void {
  const pcb = tcpNew(stack)!;
  tcpBind(pcb, 0, 7);
  tcpAccept(tcpListen(pcb)!, echoAcceptCb);
}

describe('TCP connections side by side', () => {
  it('segments find their connection by all four of addresses and ports', () => {
    const c = new Conversation();
    const got: string[] = [];
    c.onAccept = (pcb) => {
      const name = String(pcb.remotePort);
      tcpArg(pcb, name);
      tcpRecv(pcb, (arg: string, q: TcpPcb, p: Pbuf | null): Err => {
        got.push(arg + ':' + (p ? Buffer.from(pbufBytes(p)).toString() : 'eof'));
        if (p) tcpRecved(q, p.totLen);
        pbufFree(p);
        return ERR_OK;
      });
      return ERR_OK;
    };
    c.listen();
    for (const src of [1, 2, 3]) {
      c.in({ flags: 'S', seq: 0, src });
      c.out({ flags: 'SA', dst: src });
      c.in({ flags: 'A', seq: 1, ack: 1, src });
    }
    for (let i = 0; i < 3; i++) {
      for (const src of [2, 1, 3]) {
        c.in({ flags: 'PA', seq: 1 + i, ack: 1, src, data: String.fromCharCode(97 + i) });
      }
    }
    assert.deepEqual(got, ['2:a', '1:a', '3:a', '2:b', '1:b', '3:b', '2:c', '1:c', '3:c']);
    c.run(200);
    assert.deepEqual(
      c.lab.peer
        .take()
        .map((f) => f.tcp!.dst)
        .sort(),
      [1, 1, 2, 2, 3, 3],
    );
    for (const src of [3, 1, 2]) c.in({ flags: 'R', seq: 4, src });
    c.clean();
  });

  it('a callback may end other connections', () => {
    const c = new Conversation();
    const all: TcpPcb[] = [];
    c.onAccept = (pcb) => {
      all.push(pcb);
      tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
        pbufFree(p);
        for (const other of all) if (other !== q) tcpClose(other);
        return ERR_OK;
      });
      return ERR_OK;
    };
    c.listen();
    for (const src of [1, 2, 3, 4]) {
      c.in({ flags: 'S', seq: 0, src });
      c.in({ flags: 'A', seq: 1, ack: 1, src });
    }
    c.lab.peer.take();
    c.in({ flags: 'PA', seq: 1, ack: 1, src: 2, data: 'x' });
    assert.deepEqual(
      c.lab.peer.take().map((f) => f.tcp!.dst),
      [1, 3, 4],
    );
  });

  it('time-outs of several connections are kept apart, and may end each other', () => {
    const c = new Conversation({ options: { TCP_MAXRTX: 1 } });
    const all: TcpPcb[] = [];
    let failed = 0;
    c.onAccept = (pcb) => {
      all.push(pcb);
      tcpErr(pcb, () => {
        failed++;
        // All others go with the first.
        for (const other of all) if (other.state !== 0) tcpClose(other);
      });
      return ERR_OK;
    };
    c.listen();
    for (const src of [1, 2, 3]) {
      c.in({ flags: 'S', seq: 0, src });
      c.in({ flags: 'A', seq: 1, ack: 1, src });
    }
    for (const pcb of all) {
      tcpWrite(pcb, new Uint8Array(5), TCP_WRITE_FLAG_COPY);
      tcpOutput(pcb);
      c.poll();
      c.run(100);
    }
    c.run(100000);
    assert.equal(failed, 1);
    c.clean();
  });
});

describe('TCP between two stacks, in small', () => {
  it('the echo sample echoes', () => {
    const pair = new Pair({ delay: 100 });
    pair.b.do(echoServerInit);
    let got = '';
    let eof = false;
    pair.a.do((stack) => {
      const pcb = tcpNew(stack)!;
      tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
        if (!p) eof = true;
        else {
          got += Buffer.from(pbufBytes(p)).toString();
          tcpRecved(q, p.totLen);
          pbufFree(p);
          tcpClose(q);
        }
        return ERR_OK;
      });
      tcpConnect(pcb, ip('10.0.0.2'), 7, (_arg: never, q: TcpPcb): Err => {
        tcpWrite(q, new Uint8Array(Buffer.from('hello')), TCP_WRITE_FLAG_COPY);
        return tcpOutput(q);
      });
    });
    pair.scheduler.runFor(100e6);
    assert.equal(got, 'hello');
    assert.equal(eof, false, 'no callback after tcpClose()');
    assertClean(pair.a);
    assertClean(pair.b, { TCP_PCB_LISTEN: 1 });
  });

  it('simultaneous open and close', () => {
    const pair = new Pair({ delay: 500 });
    const pcbs: TcpPcb[] = [];
    let connected = 0;
    const open = (to: string) => (stack: Stack) => {
      const pcb = tcpNew(stack)!;
      tcpBind(pcb, 0, 4000);
      pcbs.push(pcb);
      tcpConnect(pcb, ip(to), 4000, () => {
        connected++;
        return ERR_OK;
      });
    };
    // Neighbours first, so that the SYNs really cross.
    pair.a.do(echoServerInit);
    pair.b.do((stack) => {
      const pcb = tcpNew(stack)!;
      tcpConnect(pcb, ip('10.0.0.1'), 7, (_arg: never, q: TcpPcb) => {
        tcpClose(q);
        return ERR_OK;
      });
    });
    pair.scheduler.runFor(20e6);
    pair.a.do(open('10.0.0.2'));
    pair.b.do(open('10.0.0.1'));
    pair.scheduler.runFor(100000);
    assert.equal(connected, 2);
    assert.deepEqual(
      pcbs.map((p) => p.state),
      [4, 4],
    );
    const frames = pair.link.aToB.counters.frames;
    pair.scheduler.runFor(10e6);
    assert.equal(pair.link.aToB.counters.frames, frames, 'no endless exchange');
    pair.a.do(() => tcpClose(pcbs[0]!));
    pair.b.do(() => tcpClose(pcbs[1]!));
    pair.scheduler.runFor(100e6);
    assertClean(pair.a, { TCP_PCB_LISTEN: 1 });
    assertClean(pair.b);
  });

  it('over the loopback and to the own address', () => {
    for (const to of ['127.0.0.1', '10.0.0.1']) {
      const pair = new Pair({});
      pair.a.do(echoServerInit);
      let got = '';
      pair.a.do((stack) => {
        const pcb = tcpNew(stack)!;
        tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
          got += Buffer.from(pbufBytes(p!)).toString();
          tcpRecved(q, p!.totLen);
          pbufFree(p);
          return tcpClose(q);
        });
        const err = tcpConnect(pcb, ip(to), 7, (_arg: never, q: TcpPcb): Err => {
          tcpWrite(q, new Uint8Array(Buffer.from(to)), TCP_WRITE_FLAG_COPY);
          return tcpOutput(q);
        });
        assert.equal(err, ERR_OK);
      });
      pair.scheduler.runFor(100e6);
      assert.equal(got, to);
      assertClean(pair.a, { TCP_PCB_LISTEN: 1 });
    }
  });
});

describe('TCP and the layer below', () => {
  it('a segment that waits for ARP is not touched, and is sent again when it is free', () => {
    const c = new Conversation();
    etharpRemoveStatic(c.lab.host.netif, ip('10.0.0.2'));
    c.lab.peer.answerArp = false;
    c.connect();
    c.lab.peer.take();
    c.run(1000);
    assert.equal(c.lab.peer.takeIp().length, 0);
    assert.equal(c.pcb.sndQ!.p.ref, 2);
    c.lab.peer.answerArp = true;
    c.run(20000);
    const syns = c.lab.peer.takeIp();
    assert(syns.length >= 1);
    for (const s of syns) assert(s.tcp!.checksumOk && s.tcp!.flags === 'S');
    c.in({ flags: 'SA', seq: 0, ack: 1 });
    assert.equal(c.state, 'ESTABLISHED');
    assert.equal(c.pcb.sndQ, null);
  });

  it('when the interface refuses for good, a connection attempt ends', () => {
    const c = new Conversation();
    c.lab.host.netif.linkoutput = () => ERR_IF;
    c.connect();
    c.run(60000);
    assert.equal(c.state, 'SYN_SENT');
    c.run(200000);
    assert.deepEqual(c.takeEvents(), ['err ' + ERR_ABRT]);
    c.silent().clean();
  });

  it('receive buffers are not all held by small segments that nobody takes', () => {
    const c = new Conversation();
    c.onRecv = () => -1;
    c.open();
    for (let i = 0; i < 100; i++) c.in({ flags: 'PA', seq: 1 + i, ack: 1, len: 1 });
    assert.equal(c.pcb.rcvNxt, c.stack.opt.PBUF_POOL_SIZE - 1);
    c.lab.peer.take();
    c.in({ flags: 'S', seq: 0, src: 6000 });
    c.out({ flags: 'SA', dst: 6000 });
  });

  it('a listener of all ports takes connections to whatever address', () => {
    const c = new Conversation();
    const n = c.lab.host.netif;
    n.flags |= NETIF_FLAG_ACCEPT_ALL;
    const pcb = tcpNew(c.stack)!;
    const l = tcpListenAny(pcb, n)!;
    const seen: [number, number][] = [];
    tcpAccept(l, (_arg: never, q: TcpPcb | null): Err => {
      seen.push([q!.localIp as number, q!.localPort]);
      return ERR_OK;
    });
    // An ordinary listener goes before it.
    c.listen();
    for (const [dst, port] of [
      ['93.184.216.34', 443],
      ['10.0.0.1', 8080],
    ] as const) {
      const send = (flags: string, seq: number, ack: number): void => {
        c.lab.peer.send({
          ip: { dst },
          tcp: { src: 999, dst: port, seq, ack, flags },
        });
        c.run(0);
      };
      send('S', 100, 0);
      const f = c.lab.peer.take()[0]!;
      assert.equal(f.tcp!.flags, 'AS');
      assert.equal(f.ip!.src, dst);
      send('A', 101, f.tcp!.seq + 1);
    }
    assert.deepEqual(seen, [
      [ip('93.184.216.34'), 443],
      [ip('10.0.0.1'), 8080],
    ]);
    c.in({ flags: 'S', seq: 0 });
    c.out({ flags: 'SA' });
    assert.equal(c.listener!.acceptsPending, 1);
  });
});
