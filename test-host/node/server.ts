// A server as Node's net.Server, listening on a stack.

import { EventEmitter } from 'node:events';
import { isIP, type AddressInfo, type ListenOptions } from 'node:net';
import { ERR_MEM, ERR_OK } from '../../firmware/stack/core/err.js';
import { ipAddrEq, ipAddrIsAny, ipaddrNtoa, type IpAddr } from '../../firmware/stack/core/ipaddr.js';
import type { Stack } from '../../firmware/stack/core/stack.js';
import { SOF_REUSEADDR } from '../../firmware/stack/ip/ip_pcb.js';
import { tcpAccept, tcpBind, tcpClose, tcpListenWithBacklog, tcpNew } from '../../firmware/stack/tcp/tcp.js';
import type { TcpListenPcb, TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import { listenArguments } from './arguments.js';
import { Connection } from './connection.js';
import type { StackContext } from './context.js';
import { codeOfCall, nodeError, systemError } from './errors.js';
import { stackLookup } from './lookup.js';
import { ownAddress } from './own-address.js';
import { StackSocket } from './socket.js';

/** As net.ServerOpts. */
export interface ServerOptions {
  allowHalfOpen?: boolean | undefined;
  pauseOnConnect?: boolean | undefined;
  noDelay?: boolean | undefined;
  keepAlive?: boolean | undefined;
  keepAliveInitialDelay?: number | undefined;
}

export class StackServer extends EventEmitter {
  /** More connections than this are dropped, each with an event 'drop'. */
  maxConnections: number | undefined;
  private listener: TcpListenPcb | null = null;
  private bound: AddressInfo | null = null;
  /** Counts calls of listen() and close(): what was begun by an earlier one is not to take effect. */
  private attempt = 0;
  private connections = 0;

  constructor(
    private readonly ctx: StackContext,
    private readonly options: ServerOptions = {},
    onConnection?: (socket: StackSocket) => void,
  ) {
    super();
    if (onConnection) this.on('connection', onConnection);
  }

  get listening(): boolean {
    return this.listener !== null;
  }

  /** @param args as those of net.Server: port, host, backlog, or options; and a listener for 'listening' */
  listen(...args: unknown[]): this {
    const [options, onListening] = listenArguments(args);
    if (this.listener) {
      const message = 'Listen method has been called more than once without closing.';
      throw nodeError(new Error(message), 'ERR_SERVER_ALREADY_LISTEN');
    }
    if (onListening) this.once('listening', onListening);
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
    const attempt = ++this.attempt;
    const { host } = options;
    if (host === undefined || isIP(host) || host === '') this.open(host, options);
    else {
      stackLookup(this.ctx)(host, (error, address) => {
        if (attempt !== this.attempt) return;
        if (error) this.emit('error', error);
        else this.open(String(address), options);
      });
    }
    return this;
  }

  private open(address: string | undefined, options: ListenOptions): void {
    const { ctx } = this;
    const port = options.port!;
    const ip = ownAddress(ctx, address);
    const code = ip === null ? 'EADDRNOTAVAIL' : ctx.enter((stack) => this.bind(stack, ip, port, options));
    if (code !== null) {
      const error = systemError('listen', code, { address: address ?? '0.0.0.0', port }, true);
      ctx.later(() => this.emit('error', error));
      return;
    }
    const listener = this.listener!;
    this.bound = { address: ipaddrNtoa(listener.localIp), family: 'IPv4', port: listener.localPort };
    // A server that was closed meanwhile says nothing.
    ctx.later(() => {
      if (this.listener === listener) this.emit('listening');
    });
  }

  /** @returns null, or the code of the error */
  private bind(stack: Stack, ip: IpAddr, port: number, options: ListenOptions): string | null {
    for (let l = stack.tcp.listen; port && l; l = l.next) {
      const same = ipAddrIsAny(ip) || ipAddrIsAny(l.localIp) || ipAddrEq(ip, l.localIp);
      if (l.localPort === port && same) return 'EADDRINUSE';
    }
    const pcb = tcpNew(stack);
    if (!pcb) return codeOfCall(ERR_MEM);
    // As Node does: connections of an earlier server on the same port do not keep this one out.
    pcb.soOptions |= SOF_REUSEADDR;
    const err = tcpBind(pcb, ip, port);
    this.listener = err === ERR_OK ? tcpListenWithBacklog(pcb, options.backlog ?? 511) : null;
    if (!this.listener) {
      tcpClose(pcb);
      return codeOfCall(err === ERR_OK ? ERR_MEM : err);
    }
    tcpAccept(this.listener, (_arg: never, newpcb: TcpPcb | null) => {
      if (newpcb) this.accepted(newpcb);
      return ERR_OK;
    });
    return null;
  }

  /** In the stack. */
  private accepted(pcb: TcpPcb): void {
    const { ctx } = this;
    const connection = new Connection(ctx, pcb, true);
    const { local, remote } = connection;
    if (this.maxConnections !== undefined && this.connections >= this.maxConnections) {
      ctx.later(() => {
        connection.close();
        this.emit('drop', {
          localAddress: local.address,
          localPort: local.port,
          localFamily: 'IPv4',
          remoteAddress: remote.address,
          remotePort: remote.port,
          remoteFamily: 'IPv4',
        });
      });
      return;
    }
    this.connections++;
    ctx.later(() => this.welcome(connection));
  }

  private welcome(connection: Connection): void {
    const { options } = this;
    const socket = StackSocket.accepted(this.ctx, connection, options, () => {
      this.connections--;
      this.closeWhenDrained();
    });
    if (options.noDelay) socket.setNoDelay(true);
    if (options.keepAlive) socket.setKeepAlive(true, options.keepAliveInitialDelay);
    this.emit('connection', socket);
  }

  address(): AddressInfo | null {
    return this.listener ? this.bound : null;
  }

  /** Takes no more connections; 'close' comes when the last of those that stand has ended. */
  close(callback?: (error?: Error) => void): this {
    this.attempt++;
    const { listener } = this;
    if (callback) {
      this.once('close', () => {
        if (listener) callback();
        else callback(nodeError(new Error('Server is not running.'), 'ERR_SERVER_NOT_RUNNING'));
      });
    }
    this.listener = null;
    if (listener) this.ctx.enter(() => tcpClose(listener));
    this.closeWhenDrained();
    return this;
  }

  private closeWhenDrained(): void {
    if (this.listener || this.connections > 0) return;
    this.ctx.later(() => this.emit('close'));
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    this.ctx.later(() => callback(null, this.connections));
    return this;
  }

  /** What keeps the process alive is the simulation's pacer, not a server. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
