// A TCP port of this machine that leads to a port of the board.

import { createServer, type Server, type Socket } from 'node:net';
import { ERR_OK, errName, type Err } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa, type Ip4Addr } from '../../firmware/stack/core/ipaddr.js';
import { SOF_KEEPALIVE, SOF_REUSEADDR } from '../../firmware/stack/ip/ip_pcb.js';
import { tcpAbort, tcpArg, tcpConnect, tcpErr, tcpNew } from '../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import type { BoardAddress } from './board-address.js';
import type { Context } from './context.js';
import { resetSocket } from './socket-reset.js';
import { TcpPipe } from './tcp-pipe.js';

export class TcpForward {
  private readonly server: Server;
  /** How to break each connection, whatever it waits for. */
  private readonly open = new Map<Socket, () => void>();

  /** @param patience milliseconds to wait for the board to have an address, and again for it to answer */
  constructor(
    private readonly ctx: Context,
    private readonly board: BoardAddress,
    private readonly boardPort: number,
    private readonly limit: number,
    private readonly patience: number,
  ) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accepted(socket));
  }

  get size(): number {
    return this.open.size;
  }

  /**
   * Opens the port.
   * @returns the port, chosen by the system when `port` is 0; rejects with the system's error, such as EADDRINUSE
   */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host, exclusive: true }, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.ctx.log(`port ${port}: ${error.message}`));
        resolve((this.server.address() as { port: number }).port);
      });
    });
  }

  /** Closes the port and breaks its connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const end of [...this.open.values()]) end();
    });
  }

  private accepted(socket: Socket): void {
    socket.on('error', () => {});
    if (this.open.size >= this.limit) {
      this.ctx.log(`${this.limit} connections are open: one more is refused`);
      resetSocket(socket);
      return;
    }
    const forget = (): void => void this.open.delete(socket);
    socket.once('close', forget);
    let cancelWait = (): void => {};
    this.open.set(socket, () => {
      cancelWait();
      resetSocket(socket);
    });
    socket.once('close', () => cancelWait());
    this.ctx.enter(() => {
      cancelWait = this.board.wait(this.patience, (address) => {
        if (socket.destroyed) return;
        if (address) return this.dial(socket, address);
        this.ctx.log(`the board has no address yet: closing a connection to its port ${this.boardPort}`);
        resetSocket(socket);
      });
    });
  }

  private dial(socket: Socket, address: Ip4Addr): void {
    const { ctx } = this;
    const where = `board ${ipaddrNtoa(address)}:${this.boardPort}`;
    const pcb = tcpNew(ctx.stack);
    if (!pcb) {
      ctx.log(`${where}: no connection is free`);
      resetSocket(socket);
      return;
    }
    pcb.soOptions |= SOF_REUSEADDR | SOF_KEEPALIVE;
    let waiting: TcpPcb | null = pcb;
    const give = (): void => {
      ctx.cancel(timer);
      const p = waiting;
      waiting = null;
      if (!p) return;
      tcpErr(p, null);
      tcpAbort(p);
    };
    const timer = ctx.after(this.patience, () => {
      ctx.log(`${where}: no answer`);
      give();
      resetSocket(socket);
    });
    const closed = (): void => ctx.enter(give);
    socket.once('close', closed);
    this.open.set(socket, () => {
      give();
      resetSocket(socket);
    });
    tcpArg(pcb, this);
    tcpErr(pcb, (_arg: TcpForward, err: Err) => {
      waiting = null;
      ctx.cancel(timer);
      ctx.log(`${where}: ${errName(err)}`);
      resetSocket(socket);
    });
    const err = tcpConnect(pcb, address, this.boardPort, (): Err => {
      waiting = null;
      ctx.cancel(timer);
      socket.off('close', closed);
      const pipe = new TcpPipe(ctx, pcb, socket, () => this.open.delete(socket));
      if (this.open.has(socket)) this.open.set(socket, () => pipe.abort());
      return ERR_OK;
    });
    if (err !== ERR_OK) {
      ctx.log(`${where}: ${errName(err)}`);
      give();
      resetSocket(socket);
    }
  }
}
