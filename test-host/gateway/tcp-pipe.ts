// Joins a connection of the gateway's stack with a socket of this machine: data, the end of the stream in each
// direction, resets. Back-pressure goes both ways: the board's window opens as the socket takes the data, and the
// socket is read no faster than the board acknowledges.

import type { Socket } from 'node:net';
import { ERR_CLSD, ERR_MEM, ERR_OK, errName, type Err } from '../../firmware/stack/core/err.js';
import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import {
  TCP_WRITE_FLAG_COPY,
  tcpAbort,
  tcpArg,
  tcpClose,
  tcpErr,
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
import type { Context } from './context.js';
import { resetSocket } from './socket-reset.js';

/** Bytes handed to the stack in one call: few enough to be taken or refused whole without waste. */
const WRITE_MAX = 8 * 1460;

export class TcpPipe {
  private pcb: TcpPcb | null;
  /** From the socket, not yet taken by the stack. */
  private readonly chunks: Uint8Array[] = [];
  private chunkAt = 0;
  private socketEnded = false;
  private finSent = false;
  private boardEnded = false;
  /** Bytes given to the socket that it has not taken; the board's window is smaller by them. */
  private unread = 0;
  /** Bytes that the socket has taken and the stack has not been told of. */
  private taken = 0;
  private telling = false;
  private over = false;

  /**
   * @param pcb an established connection; the pipe's from now on
   * @param socket a connected socket with allowHalfOpen that nobody reads; the pipe's from now on
   * @param onOver called once, when both sides are done with
   */
  constructor(
    private readonly ctx: Context,
    pcb: TcpPcb,
    private readonly socket: Socket,
    private readonly onOver: () => void,
  ) {
    this.pcb = pcb;
    tcpArg(pcb, this);
    tcpRecv(pcb, (_arg: TcpPipe, _pcb: TcpPcb, p: Pbuf | null) => this.received(p));
    tcpSent(pcb, () => this.push());
    // Tries again what found no memory.
    tcpPoll(pcb, () => this.push(), 1);
    tcpErr(pcb, (_arg: TcpPipe, err: Err) => this.failed(err));
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => {
      this.chunks.push(chunk);
      ctx.enter(() => this.push());
    });
    socket.on('end', () => {
      this.socketEnded = true;
      ctx.enter(() => this.push());
    });
    // A reset, or a write after the other side has gone; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.pcb) return this.finish();
      // Orderly only where both ends of stream have passed; what the stack still sends, it sends alone.
      ctx.enter(() => (this.finSent && this.boardEnded && !socket.errored ? this.closePcb() : this.abort()));
      this.finish();
    });
    if (socket.destroyed) this.abort();
  }

  /** Breaks both sides. */
  abort(): void {
    const pcb = this.detach();
    if (pcb) tcpAbort(pcb);
    resetSocket(this.socket);
    this.finish();
  }

  private received(p: Pbuf | null): Err {
    if (!p) {
      this.boardEnded = true;
      this.socket.end();
      this.closeWhenDone();
      return ERR_OK;
    }
    const bytes = pbufBytes(p);
    pbufFree(p);
    this.unread += bytes.length;
    this.socket.write(bytes, (error) => {
      if (!error) this.took(bytes.length);
    });
    return ERR_OK;
  }

  /** The socket took `n` bytes: the window opens, once for all that it takes in one turn. */
  private took(n: number): void {
    this.taken += n;
    if (this.telling) return;
    this.telling = true;
    setImmediate(() => {
      this.telling = false;
      const all = this.taken;
      this.taken = 0;
      this.ctx.enter(() => {
        this.unread -= all;
        if (this.pcb) tcpRecved(this.pcb, all);
        this.closeWhenDone();
      });
    });
  }

  /** Gives the stack as much as it takes, and the end of the stream after the last of it. */
  private push(): Err {
    const { pcb, chunks } = this;
    if (!pcb) return ERR_OK;
    let wrote = false;
    while (chunks.length) {
      const chunk = chunks[0]!;
      const n = Math.min(chunk.length - this.chunkAt, tcpSndbuf(pcb), WRITE_MAX);
      if (n === 0 || tcpWrite(pcb, chunk, TCP_WRITE_FLAG_COPY, this.chunkAt, n) !== ERR_OK) break;
      wrote = true;
      this.chunkAt += n;
      if (this.chunkAt === chunk.length) {
        chunks.shift();
        this.chunkAt = 0;
      }
    }
    if (wrote) tcpOutput(pcb);
    if (chunks.length) this.socket.pause();
    else if (this.socketEnded) this.sendFin(pcb);
    else if (this.socket.isPaused()) this.socket.resume();
    return ERR_OK;
  }

  private sendFin(pcb: TcpPcb): void {
    if (this.finSent || tcpShutdown(pcb, false, true) === ERR_MEM) return;
    this.finSent = true;
    this.closeWhenDone();
  }

  /** Both ends of stream have passed and the socket has all data: the stack does the rest alone. */
  private closeWhenDone(): void {
    if (this.finSent && this.boardEnded && this.unread === 0) this.closePcb();
  }

  private closePcb(): void {
    const pcb = this.detach();
    if (pcb) tcpClose(pcb);
  }

  private failed(err: Err): void {
    this.pcb = null;
    if (err === ERR_CLSD) {
      this.socket.end();
    } else if (!this.socket.destroyed) {
      if (!this.ctx.closed) this.ctx.log('connection with the board ended: ' + errName(err));
      resetSocket(this.socket);
    }
  }

  private detach(): TcpPcb | null {
    const pcb = this.pcb;
    this.pcb = null;
    if (pcb) {
      tcpArg(pcb, null);
      tcpRecv(pcb, null);
      tcpSent(pcb, null);
      tcpPoll(pcb, null, 0);
      tcpErr(pcb, null);
    }
    return pcb;
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.onOver();
  }
}
