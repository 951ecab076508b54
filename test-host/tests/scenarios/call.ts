// A client's connection as these stories need it: what it sent, what it heard, how it ended.

import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { etharpQuery } from '../../../firmware/stack/arp/etharp.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import {
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
import { ip, type Host } from '../../harness/host.js';
import type { Pair } from '../tcp/pair.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';

/** A client that never runs short itself. */
export const ROOMY: Partial<StackOptions> = {
  MEM_SIZE: 1 << 20,
  MEMP_NUM_PBUF: 256,
  MEMP_NUM_TCP_PCB: 64,
  MEMP_NUM_TCP_TW: 64,
  MEMP_NUM_TCP_SEG: 256,
  PBUF_POOL_SIZE: 256,
};

export class Call {
  heard = '';
  /** What ended it, if it did not end well. */
  error: Err | null = null;
  connected = false;
  /** The peer has closed. */
  ended = false;
  closed = false;
  /** µs from the call to the connection, and to the end. */
  connectTime = 0;
  time = 0;
  readonly pcb: TcpPcb;

  /**
   * @param say sent when connected
   * @param done whether what was heard is all: then the connection is closed
   */
  constructor(
    private readonly host: Host,
    address: string,
    port: number,
    say = '',
    done: (heard: string) => boolean = () => false,
  ) {
    const begin = host.scheduler.now;
    const pcb = host.do((stack) => tcpNew(stack))!;
    this.pcb = pcb;
    tcpErr(pcb, (_a: never, err) => {
      this.error = err;
      this.closed = true;
    });
    tcpRecv(pcb, (_a: never, q, p): Err => {
      if (!p) {
        this.ended = true;
        this.finish(begin);
        return ERR_OK;
      }
      this.heard += textOf(p);
      tcpRecved(q, p.totLen);
      pbufFree(p);
      if (done(this.heard)) this.finish(begin);
      return ERR_OK;
    });
    host.do(() =>
      tcpConnect(pcb, ip(address), port, (_a: never, q): Err => {
        this.connected = true;
        this.connectTime = host.scheduler.now - begin;
        if (!say) return ERR_OK;
        tcpWrite(q, new TextEncoder().encode(say), TCP_WRITE_FLAG_COPY);
        return tcpOutput(q);
      }),
    );
  }

  private finish(begin: number): void {
    if (this.closed) return;
    this.closed = true;
    this.time = this.host.scheduler.now - begin;
    tcpClose(this.pcb);
  }

  close(): void {
    this.host.do(() => this.finish(0));
  }
}

/** Has `pair.a` know where `pair.b` is: a burst of first packets would not all wait for ARP. */
export function acquaint(pair: Pair): void {
  pair.a.do(() => etharpQuery(pair.a.netif, ip('10.0.0.2'), null));
  pair.scheduler.runFor(100e3);
}

export function textOf(p: Pbuf): string {
  return new TextDecoder().decode(pbufBytes(p));
}

/** Listens on a port. */
export function serve(host: Host, port: number, accept: (pcb: TcpPcb | null, err: Err) => Err): TcpListenPcb {
  return host.do((stack) => {
    const pcb = tcpNew(stack)!;
    tcpBind(pcb, 0, port);
    const listener = tcpListen(pcb)!;
    tcpAccept(listener, (_a: never, newpcb, err) => accept(newpcb, err));
    return listener;
  });
}
