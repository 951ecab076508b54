// TCP connections of a host of ours, over the raw API, as tests want them: what came is counted and digested, what
// is to be sent is sent as the send buffer allows, and the ends are promises.

import { createHash } from 'node:crypto';
import { ERR_ABRT, ERR_MEM, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { IP_ADDR_ANY } from '../../firmware/stack/core/ipaddr.js';
import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import {
  tcpAbort,
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../firmware/stack/tcp/tcp.js';
import type { TcpListenPcb, TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import { ip, type Host } from '../harness/host.js';

/** Most bytes given to one tcpWrite(). */
const CHUNK = 16384;

export interface StreamPlan {
  /** Bytes to send as soon as there is a connection. */
  send?: Uint8Array;
  /** Whether tcpWrite() copies (otherwise the stack refers to the bytes). */
  copy?: boolean;
  /** When to close: when all is sent, after the peer has, or not at all. */
  end: 'after-sending' | 'after-peer' | 'never';
  /** Abort as soon as so many bytes have come. */
  abortAfter?: number;
  /** Send back all that comes. */
  echo?: boolean;
}

export class Stream {
  received = 0;
  /** Resolves when the peer has closed its direction. */
  readonly ended: Promise<void>;
  /** Resolves with what is left of the connection for the application: ERR_OK when it closed, else the error. */
  readonly done: Promise<Err>;
  readonly connected: Promise<void>;
  private readonly hash = createHash('sha256');
  private digest: string | null = null;
  private readonly queue: Uint8Array[] = [];
  private at = 0;
  private peerEnded = false;
  private closed = false;
  private tellConnected!: () => void;
  private tellEnded!: () => void;
  private tellDone!: (err: Err) => void;

  constructor(
    private readonly pcb: TcpPcb,
    private readonly plan: StreamPlan,
  ) {
    this.connected = new Promise((resolve) => (this.tellConnected = resolve));
    this.ended = new Promise((resolve) => (this.tellEnded = resolve));
    this.done = new Promise((resolve) => (this.tellDone = resolve));
    if (plan.send?.length) this.queue.push(plan.send);
    tcpArg(pcb, this);
    tcpRecv(pcb, (_arg: never, _pcb, p) => this.onRecv(p));
    tcpSent(pcb, () => this.push());
    tcpErr(pcb, (_arg: never, err) => {
      this.closed = true;
      this.tellDone(err);
    });
  }

  get sha256(): string {
    return (this.digest ??= this.hash.digest('hex'));
  }

  /** To be called when the connection stands. */
  start(): Err {
    this.tellConnected();
    return this.push();
  }

  private onRecv(p: Pbuf | null): Err {
    if (!p) {
      this.peerEnded = true;
      this.tellEnded();
      return this.push();
    }
    const bytes = pbufBytes(p);
    this.received += bytes.length;
    this.hash.update(bytes);
    if (this.plan.echo) this.queue.push(bytes);
    if (!this.plan.echo) tcpRecved(this.pcb, p.totLen);
    pbufFree(p);
    if (this.plan.abortAfter !== undefined && this.received >= this.plan.abortAfter) {
      this.closed = true;
      tcpArg(this.pcb, null);
      tcpErr(this.pcb, null);
      tcpAbort(this.pcb);
      this.tellDone(ERR_ABRT);
      return ERR_ABRT;
    }
    return this.push();
  }

  /** Hands over as much as there is room for; closes when it is time. */
  private push(): Err {
    const { pcb, plan } = this;
    if (this.closed) return ERR_OK;
    while (this.queue.length) {
      const head = this.queue[0]!;
      const n = Math.min(head.length - this.at, tcpSndbuf(pcb), CHUNK);
      if (n === 0) break;
      const err = tcpWrite(pcb, head, plan.copy === false ? 0 : TCP_WRITE_FLAG_COPY, this.at, n);
      if (err === ERR_MEM) break;
      if (err !== ERR_OK) throw new Error(`tcpWrite gave ${err}`);
      if (plan.echo) tcpRecved(pcb, n);
      this.at += n;
      if (this.at === head.length) {
        this.queue.shift();
        this.at = 0;
      }
    }
    tcpOutput(pcb);
    if (this.queue.length) return ERR_OK;
    if (plan.end === 'after-sending' && !this.peerEnded) {
      // Half-close: the peer may still send.
      if (tcpShutdown(pcb, false, true) !== ERR_OK) return ERR_OK;
      plan.end = 'after-peer';
    } else if (plan.end !== 'never' && this.peerEnded) {
      if (tcpClose(pcb) !== ERR_OK) return ERR_OK;
      this.closed = true;
      this.tellDone(ERR_OK);
    }
    return ERR_OK;
  }
}

/** Listens on a port; `onStream` gets each connection. To be called in the stack's context. */
export function listen(
  host: Host,
  port: number,
  plan: () => StreamPlan,
  onStream: (stream: Stream) => void,
): TcpListenPcb {
  const pcb = tcpNew(host.stack)!;
  const err = tcpBind(pcb, IP_ADDR_ANY, port);
  if (err !== ERR_OK) throw new Error(`tcpBind gave ${err}`);
  const listener = tcpListen(pcb)!;
  tcpAccept(listener, (_arg: never, newpcb, err) => {
    if (err !== ERR_OK || !newpcb) return err;
    const stream = new Stream(newpcb, plan());
    onStream(stream);
    return stream.start();
  });
  return listener;
}

/** Listens on a port. @returns takes the connections one after the other */
export function listenQueue(host: Host, port: number, plan: () => StreamPlan): () => Promise<Stream> {
  const queue: Stream[] = [];
  const waiting: ((s: Stream) => void)[] = [];
  listen(host, port, plan, (stream) => {
    const take = waiting.shift();
    if (take) take(stream);
    else queue.push(stream);
  });
  return () =>
    new Promise((resolve) => {
      const stream = queue.shift();
      if (stream) resolve(stream);
      else waiting.push(resolve);
    });
}

/** Connects to a port. To be called in the stack's context. */
export function connect(host: Host, address: string, port: number, plan: StreamPlan): Stream {
  const pcb = tcpNew(host.stack);
  if (!pcb) throw new Error('no PCB left');
  const stream = new Stream(pcb, plan);
  const err = tcpConnect(pcb, ip(address), port, () => stream.start());
  if (err !== ERR_OK) throw new Error(`tcpConnect gave ${err}`);
  return stream;
}
