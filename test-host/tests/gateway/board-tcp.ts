// TCP on the board's side of the gateway tests: the raw API with promises around it.

import { ERR_MEM, ERR_OK, errName, type Err } from '../../../firmware/stack/core/err.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import {
  TCP_WRITE_FLAG_COPY,
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
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { ip } from '../../harness/host.js';
import type { World } from './world.js';

export class BoardTcp {
  /** What has arrived. */
  readonly chunks: Uint8Array[] = [];
  received = 0;
  ended = false;
  /** The connection's end by an error, ERR_OK while there is none. */
  err: Err = ERR_OK;
  /** Bytes whose window is held back while `hold` is set. */
  held = 0;
  hold = false;
  private pcb: TcpPcb | null;
  private out: Uint8Array = new Uint8Array(0);
  private outAt = 0;
  private finWanted = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly world: World,
    pcb: TcpPcb,
  ) {
    this.pcb = pcb;
    tcpArg(pcb, this);
    tcpRecv(pcb, (_arg: BoardTcp, _pcb: TcpPcb, p: Pbuf | null) => {
      if (p) {
        const bytes = pbufBytes(p);
        pbufFree(p);
        this.chunks.push(bytes);
        this.received += bytes.length;
        if (this.hold) this.held += bytes.length;
        else tcpRecved(pcb, bytes.length);
      } else this.ended = true;
      this.changed();
      return ERR_OK;
    });
    tcpSent(pcb, () => this.push());
    tcpErr(pcb, (_arg: BoardTcp, err: Err) => {
      this.pcb = null;
      this.err = err;
      this.changed();
    });
  }

  /** Opens a connection. @returns it, or rejects with the error's name */
  static connect(world: World, to: string, port: number): Promise<BoardTcp> {
    return new Promise((resolve, reject) => {
      world.do((stack) => {
        const pcb = tcpNew(stack)!;
        tcpErr(pcb, (_arg: unknown, err: Err) => reject(new Error(errName(err))));
        const err = tcpConnect(pcb, ip(to), port, () => {
          resolve(new BoardTcp(world, pcb));
          return ERR_OK;
        });
        if (err !== ERR_OK) reject(new Error(errName(err)));
      });
    });
  }

  /** Listens on a port; `serve` gets each connection. */
  static listen(world: World, port: number, serve: (connection: BoardTcp) => void): void {
    world.do((stack) => {
      const pcb = tcpNew(stack)!;
      if (tcpBind(pcb, 0, port) !== ERR_OK) throw new Error('bind');
      tcpAccept(tcpListen(pcb)!, (_arg: unknown, newpcb: TcpPcb | null) => {
        if (newpcb) serve(new BoardTcp(world, newpcb));
        return ERR_OK;
      });
    });
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Sends all of `bytes`, then, with `fin`, the end of the stream. */
  send(bytes: Uint8Array, fin = false): void {
    this.out = Buffer.concat([this.out.subarray(this.outAt), bytes]);
    this.outAt = 0;
    this.finWanted ||= fin;
    this.world.do(() => this.push());
  }

  /** Closes the sending side once everything is sent. */
  end(): void {
    this.send(new Uint8Array(0), true);
  }

  close(): void {
    this.world.do(() => {
      const pcb = this.pcb;
      this.pcb = null;
      if (!pcb) return;
      tcpErr(pcb, null);
      tcpRecv(pcb, null);
      tcpSent(pcb, null);
      tcpClose(pcb);
    });
  }

  abort(): void {
    this.world.do(() => {
      const pcb = this.pcb;
      this.pcb = null;
      if (!pcb) return;
      tcpErr(pcb, null);
      tcpAbort(pcb);
    });
  }

  /** Opens the window that was held back. */
  release(): void {
    this.hold = false;
    this.world.do(() => {
      const n = this.held;
      this.held = 0;
      if (this.pcb && n) tcpRecved(this.pcb, n);
    });
  }

  /** Waits until `done` holds; it is asked after each event of the connection. */
  async until(done: (connection: BoardTcp) => boolean): Promise<void> {
    while (!done(this)) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Bytes that the stack has not taken yet. */
  get unsent(): number {
    return this.out.length - this.outAt;
  }

  private push(): Err {
    const { pcb } = this;
    if (!pcb) return ERR_OK;
    while (this.outAt < this.out.length) {
      const n = Math.min(this.out.length - this.outAt, tcpSndbuf(pcb), 2920);
      if (n === 0 || tcpWrite(pcb, this.out, TCP_WRITE_FLAG_COPY, this.outAt, n) !== ERR_OK) break;
      this.outAt += n;
    }
    tcpOutput(pcb);
    if (this.finWanted && this.unsent === 0 && tcpShutdown(pcb, false, true) !== ERR_MEM)
      this.finWanted = false;
    this.changed();
    return ERR_OK;
  }

  private changed(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}
