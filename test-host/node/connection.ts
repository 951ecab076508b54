// One TCP connection on the raw API, as a socket sees it: what came waits here until it is read, and the window opens
// only then; what is to be sent waits here until the send buffer has room. Events come outside the stack.

import { ERR_MEM, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../../firmware/stack/core/ipaddr.js';
import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import {
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
  tcpAbort,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpKeepalive,
  tcpNagleDisable,
  tcpNagleEnable,
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
} from '../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import type { Endpoint } from './addressed-stream.js';
import type { StackContext } from './context.js';
import { codeOfCall, codeOfFailure } from './errors.js';

/** Bytes handed to the stack in one call: few enough to be taken or refused whole without waste. */
const WRITE_MAX = 8 * 1460;

/** What a connection tells; never from within a call to it. */
export interface ConnectionOwner {
  connected(): void;
  /** There is something to read(), or the peer has closed. */
  readable(): void;
  /** The connection is gone. @param code such as ECONNRESET */
  failed(code: string): void;
}

interface Writing {
  chunks: Uint8Array[];
  done: (code: string | null) => void;
  /** While write() itself runs, and then what came of it. */
  within: boolean;
  result?: string | null;
}

export class Connection {
  /** The ends, once the connection stands. */
  local: Endpoint = { address: '', port: 0 };
  remote: Endpoint = { address: '', port: 0 };
  /** Set while the connection lives. */
  private pcb: TcpPcb | null;
  private owner: ConnectionOwner | null = null;
  private inbox: Uint8Array[] = [];
  private waiting = 0;
  private peerClosed = false;
  private connected: boolean;
  private writing: Writing | null = null;
  private told = false;

  /**
   * @param pcb new, or just accepted; this object's from now on. In the stack
   * @param connected whether it was accepted
   */
  constructor(
    private readonly ctx: StackContext,
    pcb: TcpPcb,
    connected: boolean,
  ) {
    this.pcb = pcb;
    this.connected = connected;
    if (connected) this.note(pcb);
    tcpRecv(pcb, (_arg: never, _pcb: TcpPcb, p: Pbuf | null) => this.received(p));
    tcpSent(pcb, () => this.push());
    // Tries again what found no memory.
    tcpPoll(pcb, () => this.push(), 1);
    tcpErr(pcb, (_arg: never, err: Err) => this.lost(pcb, err));
  }

  /** Sets who is told from now on. What has come before waits to be read. */
  attach(owner: ConnectionOwner): void {
    this.owner = owner;
  }

  /** Connects. @returns as tcpConnect(); the rest comes as an event */
  connect(ip: IpAddr, port: number): Err {
    return this.ctx.enter(() =>
      tcpConnect(this.pcb!, ip, port, (_arg: never, pcb: TcpPcb) => {
        this.connected = true;
        this.note(pcb);
        this.tell((owner) => owner.connected());
        return ERR_OK;
      }),
    );
  }

  /** Whether the peer has closed and all that came before is read. */
  get ended(): boolean {
    return this.peerClosed && this.waiting === 0;
  }

  /** Whether nothing waits to be read. */
  get drained(): boolean {
    return this.waiting === 0;
  }

  /** Takes all that waits, and opens the window by as much. @returns null when there is nothing */
  read(): Buffer | null {
    const n = this.waiting;
    if (n === 0) return null;
    const bytes = Buffer.concat(this.inbox, n);
    this.inbox = [];
    this.waiting = 0;
    const { pcb } = this;
    if (pcb) this.ctx.enter(() => tcpRecved(pcb, n));
    return bytes;
  }

  /**
   * Sends. One call at a time.
   * @param done called when the send buffer has taken all, with null, or with an error's code: at once, or outside of
   *   the stack
   */
  write(chunks: Uint8Array[], done: (code: string | null) => void): void {
    const writing: Writing = { chunks: chunks.filter((chunk) => chunk.length > 0), done, within: true };
    this.writing = writing;
    if (this.pcb) this.ctx.enter(() => this.push());
    else this.written('EPIPE');
    writing.within = false;
    if (writing.result !== undefined) done(writing.result);
  }

  /** Closes for sending: a FIN follows what was written. @returns ERR_OK, or ERR_CONN when there is no connection */
  shutdown(): Err {
    const { pcb } = this;
    return pcb ? this.ctx.enter(() => tcpShutdown(pcb, false, true)) : ERR_OK;
  }

  /** Lets the connection go: the stack sends the rest and closes, or resets when something was not read. */
  close(): void {
    this.leave(tcpClose);
  }

  reset(): void {
    this.leave(tcpAbort);
  }

  setNoDelay(on: boolean): void {
    const { pcb } = this;
    if (pcb) this.ctx.enter(() => (on ? tcpNagleDisable(pcb) : tcpNagleEnable(pcb)));
  }

  /** @param idle,interval milliseconds */
  setKeepAlive(on: boolean, idle: number, interval: number, count: number): void {
    const { pcb } = this;
    if (pcb) this.ctx.enter(() => tcpKeepalive(pcb, on, idle, interval, count));
  }

  private note(pcb: TcpPcb): void {
    this.local = { address: ipaddrNtoa(pcb.localIp), port: pcb.localPort };
    this.remote = { address: ipaddrNtoa(pcb.remoteIp), port: pcb.remotePort };
  }

  private received(p: Pbuf | null): Err {
    if (p) {
      const bytes = pbufBytes(p);
      pbufFree(p);
      this.inbox.push(bytes);
      this.waiting += bytes.length;
    } else this.peerClosed = true;
    if (!this.told) {
      this.told = true;
      this.ctx.later(() => {
        this.told = false;
        this.owner?.readable();
      });
    }
    return ERR_OK;
  }

  /** Gives the stack as much as it takes. */
  private push(): Err {
    const { pcb, writing } = this;
    if (!pcb || !writing || !this.connected) return ERR_OK;
    const { chunks } = writing;
    let err: Err = ERR_OK;
    while (err === ERR_OK && chunks.length) {
      const chunk = chunks[0]!;
      const n = Math.min(chunk.length, tcpSndbuf(pcb), WRITE_MAX);
      if (n === 0) break;
      const more = chunks.length > 1 || n < chunk.length ? TCP_WRITE_FLAG_MORE : 0;
      err = tcpWrite(pcb, chunk, TCP_WRITE_FLAG_COPY | more, 0, n);
      if (err !== ERR_OK) break;
      if (n === chunk.length) chunks.shift();
      else chunks[0] = chunk.subarray(n);
    }
    tcpOutput(pcb);
    if (err !== ERR_OK && err !== ERR_MEM) this.written(codeOfCall(err));
    else if (chunks.length === 0) this.written(null);
    return ERR_OK;
  }

  private written(code: string | null): void {
    const { writing } = this;
    this.writing = null;
    if (!writing) return;
    writing.result = code;
    if (!writing.within) this.ctx.later(() => writing.done(code));
  }

  private lost(pcb: TcpPcb, err: Err): void {
    const code = codeOfFailure(err, this.connected, pcb.softError);
    this.pcb = null;
    this.tell((owner) => owner.failed(code));
  }

  private tell(event: (owner: ConnectionOwner) => void): void {
    this.ctx.later(() => {
      if (this.owner) event(this.owner);
    });
  }

  private leave(end: (pcb: TcpPcb) => unknown): void {
    const { pcb } = this;
    this.pcb = null;
    this.owner = null;
    this.writing = null;
    if (!pcb) return;
    this.ctx.enter(() => {
      tcpRecv(pcb, null);
      tcpSent(pcb, null);
      tcpPoll(pcb, null, 0);
      tcpErr(pcb, null);
      end(pcb);
    });
  }
}
