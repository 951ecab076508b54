// A host whose callbacks do things that matter, and a peer that keeps book of what it sees of that.

import assert from 'node:assert/strict';
import { ERR_ABRT, ERR_OK, ERR_RST, type Err } from '../../../firmware/stack/core/err.js';
import { netifSetLinkUp, netifSetUp } from '../../../firmware/stack/core/netif.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { rawRemove } from '../../../firmware/stack/raw/raw.js';
import {
  tcpAbort,
  tcpAccept,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpListenPcb, TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { udpRemove } from '../../../firmware/stack/udp/udp.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { ip, type Host } from '../../harness/host.js';
import { Pair } from './pair.js';

export const A = '10.0.0.1';
export const B = '10.0.0.2';

/** One end of a connection, as its application sees it: "data x", "eof", "reset", "aborted". */
export class End {
  seen: string[] = [];
  closed = false;

  constructor(
    readonly pcb: TcpPcb,
    readonly name = '',
  ) {
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
      if (p) {
        this.seen.push('data ' + Buffer.from(pbufBytes(p)).toString());
        tcpRecved(q, p.totLen);
        pbufFree(p);
      } else this.seen.push('eof');
      return ERR_OK;
    });
    tcpErr(pcb, (_arg: never, err: Err) => {
      this.closed = true;
      this.seen.push(err === ERR_RST ? 'reset' : err === ERR_ABRT ? 'aborted' : 'err ' + err);
    });
  }

  write(text: string): Err {
    const err = tcpWrite(this.pcb, new Uint8Array(Buffer.from(text)), TCP_WRITE_FLAG_COPY);
    tcpOutput(this.pcb);
    return err;
  }

  close(): void {
    if (!this.closed) tcpClose(this.pcb);
    this.closed = true;
  }
}

export class Reentrant {
  readonly pair: Pair;
  readonly a: Host;
  readonly b: Host;
  readonly stack: Stack;
  private readonly start: Usage[];
  readonly sink: TcpListenPcb;
  readonly listener: TcpListenPcb;
  /** The peer's end of the connection that the callback is of, of the other one, and of those opened in the callback. */
  readonly peers: End[] = [];
  /** The host's end of another connection, which is there from the beginning. */
  readonly other: End;
  readonly otherPeer: End;
  /** What the host's application has opened and not given back. */
  readonly opened: End[] = [];
  onAccept: ((pcb: TcpPcb) => Err) | null = null;

  constructor(options: Partial<StackOptions> = {}) {
    this.pair = new Pair({ delay: 100 }, options);
    this.a = this.pair.a;
    this.b = this.pair.b;
    this.stack = this.a.stack;
    this.run(10);
    this.start = [usage(this.a), usage(this.b)];
    this.sink = this.b.do(() => listen(this.b.stack, 9))!;
    tcpAccept(this.sink, (_arg: never, pcb: TcpPcb | null): Err => {
      this.peers.push(new End(pcb!));
      return ERR_OK;
    });
    this.listener = this.a.do(() => listen(this.stack, 80))!;
    tcpAccept(this.listener, (_arg: never, pcb: TcpPcb | null): Err => this.onAccept!(pcb!));
    this.other = this.a.do(() => this.connect());
    this.run(5);
    this.otherPeer = this.peers.pop()!;
  }

  run(ms: number): void {
    this.pair.scheduler.runFor(ms * 1000);
  }

  /** The host connects to the peer. */
  connect(): End {
    const end = new End(tcpNew(this.stack)!);
    assert.equal(tcpConnect(end.pcb, ip(B), 9, null), ERR_OK);
    this.opened.push(end);
    return end;
  }

  /** The peer connects to the host, which takes the connection by `accept`. */
  reach(accept: (pcb: TcpPcb) => Err): End {
    this.onAccept = accept;
    return this.b.do((stack) => {
      const end = new End(tcpNew(stack)!);
      tcpConnect(end.pcb, ip(A), 80, null);
      this.peers.push(end);
      return end;
    });
  }

  /** An established connection that the peer has opened: the host's pcb and the peer's end. */
  establish(): [TcpPcb, End] {
    let pcb: TcpPcb | null = null;
    const end = this.reach((newpcb) => {
      pcb = newpcb;
      return ERR_OK;
    });
    this.run(10);
    return [pcb!, end];
  }

  /** Everybody ends what they have; then nothing may be in use that was not at the start. */
  finish(): void {
    this.a.do(() => {
      netifSetUp(this.a.netif);
      netifSetLinkUp(this.a.netif);
    });
    this.run(2000);
    this.a.do((stack) => {
      for (const end of this.opened) end.close();
      if (this.listener.state) tcpClose(this.listener);
      while (stack.udp.pcbs) udpRemove(stack.udp.pcbs);
      while (stack.rawPcbs) rawRemove(stack.rawPcbs);
    });
    this.b.do(() => {
      for (const end of [...this.peers, this.otherPeer]) end.close();
    });
    this.run(5000);
    // What still lives is the host's half of a connection that its application left open.
    this.a.do((stack) => {
      while (stack.tcp.active) tcpAbort(stack.tcp.active);
      while (stack.tcp.bound) tcpAbort(stack.tcp.bound);
    });
    this.b.do((stack) => {
      tcpClose(this.sink);
      while (stack.tcp.active) tcpAbort(stack.tcp.active);
    });
    this.run(700_000);
    assertClean(this.a, this.start[0]);
    assertClean(this.b, this.start[1]);
    assert.equal(this.stack.sys.holder, null);
  }
}

function listen(stack: Stack, port: number): TcpListenPcb | null {
  const pcb = tcpNew(stack)!;
  assert.equal(tcpBind(pcb, 0, port), ERR_OK);
  return tcpListen(pcb);
}
