// Connections that the board opens: a SYN is held until this machine has connected to the destination. Only then
// does the stack learn of it, by a listener on the destination's address and port. So the board sees the
// destination's own answer: a handshake, a reset when it refuses, ICMP when it cannot be reached.

import { connect, type Socket } from 'node:net';
import { ERR_ABRT, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa, type Ip4Addr } from '../../firmware/stack/core/ipaddr.js';
import { ICMP_DUR_HOST } from '../../firmware/stack/icmp/icmp.js';
import { SOF_KEEPALIVE, SOF_REUSEADDR } from '../../firmware/stack/ip/ip_pcb.js';
import {
  tcpAbort,
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpListen,
  tcpNew,
} from '../../firmware/stack/tcp/tcp.js';
import type { TcpListenPcb, TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import type { Event } from '../sim/scheduler.js';
import { errorText, type Context } from './context.js';
import { portsOf, isSyn, type Ip4View } from './frame.js';
import { TcpPipe } from './tcp-pipe.js';
import { destinationUnreachable } from './unreachable.js';

/** Milliseconds for the destination to answer, and for the board to complete its handshake. */
const DIAL_TIME = 30000;

interface Flow {
  key: string;
  dst: Ip4Addr;
  dstPort: number;
  socket: Socket;
  /** The board's SYN, kept until the destination has answered. */
  syn: Uint8Array | null;
  /** Counted in its listener's `waiting`. */
  offered: boolean;
  pipe: TcpPipe | null;
  timer: Event | null;
}

interface Listener {
  pcb: TcpListenPcb;
  /** Flows whose handshake is under way. */
  waiting: number;
}

export class TcpOutgoing {
  private readonly flows = new Map<string, Flow>();
  private readonly listeners = new Map<string, Listener>();

  /** @param deliver gives a frame to the stack */
  constructor(
    private readonly ctx: Context,
    private readonly limit: number,
    private readonly deliver: (frame: Uint8Array) => void,
  ) {}

  get size(): number {
    return this.flows.size;
  }

  /**
   * Looks at a TCP packet of the board's.
   * @returns whether it was taken; otherwise it goes to the stack
   */
  takes(frame: Uint8Array, ip: Ip4View): boolean {
    const ports = portsOf(frame, ip);
    if (!ports || !isSyn(frame, ip)) return false;
    const key = `${ip.src}:${ports.src}>${ip.dst}:${ports.dst}`;
    const flow = this.flows.get(key);
    if (flow) {
      if (!flow.syn) return false;
      flow.syn = frame;
      return true;
    }
    const where = `${ipaddrNtoa(ip.dst)}:${ports.dst}`;
    const target = this.ctx.target(ip.dst);
    if (target === null) {
      this.ctx.log(`no way to ${where}`);
      destinationUnreachable(this.ctx, frame, ip, ICMP_DUR_HOST);
      return true;
    }
    if (this.flows.size >= this.limit) {
      this.ctx.log(`${this.limit} connections are open: not connecting to ${where}`);
      return true;
    }
    this.dial(key, frame, ip, ports.dst, target);
    return true;
  }

  /** Breaks all connections. */
  close(): Promise<void>[] {
    const closing: Promise<void>[] = [];
    for (const flow of [...this.flows.values()]) {
      if (!flow.socket.closed) closing.push(new Promise((done) => flow.socket.once('close', () => done())));
      this.drop(flow);
      if (flow.pipe) flow.pipe.abort();
      else flow.socket.destroy();
    }
    for (const listener of this.listeners.values()) tcpClose(listener.pcb);
    this.listeners.clear();
    return closing;
  }

  private dial(key: string, syn: Uint8Array, ip: Ip4View, port: number, target: string): void {
    const { ctx } = this;
    const socket = connect({ host: target, port, allowHalfOpen: true });
    const flow: Flow = {
      key,
      dst: ip.dst,
      dstPort: port,
      socket,
      syn,
      offered: false,
      pipe: null,
      timer: null,
    };
    this.flows.set(key, flow);
    flow.timer = ctx.after(DIAL_TIME, () => {
      this.drop(flow);
      socket.destroy();
    });
    const where = `${ipaddrNtoa(ip.dst)}:${port}`;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (flow.pipe) return;
      ctx.log(`${where}: ${errorText(error)}`);
      ctx.enter(() => {
        const held = flow.syn;
        this.drop(flow);
        if (!held) return;
        // Without a listener the stack answers by a reset.
        if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') this.deliver(held);
        else if (error.code !== 'ETIMEDOUT') destinationUnreachable(ctx, held, ip, ICMP_DUR_HOST);
      });
    });
    socket.on('close', () => {
      if (!flow.pipe) ctx.enter(() => this.drop(flow));
    });
    socket.on('connect', () => {
      ctx.enter(() => {
        const held = flow.syn;
        if (!held || this.flows.get(key) !== flow) return socket.destroy();
        if (!this.offer(flow)) {
          ctx.log(`${where}: no more listeners`);
          this.drop(flow);
          socket.destroy();
          return;
        }
        flow.syn = null;
        this.deliver(held);
      });
    });
  }

  /** Has the stack listen at the flow's destination. */
  private offer(flow: Flow): boolean {
    const name = `${flow.dst}:${flow.dstPort}`;
    let listener = this.listeners.get(name);
    if (!listener) {
      const pcb = tcpNew(this.ctx.stack);
      if (!pcb) return false;
      // Earlier connections to the same destination have its address and port, too. The connections inherit both.
      pcb.soOptions |= SOF_REUSEADDR | SOF_KEEPALIVE;
      const listening = tcpBind(pcb, flow.dst, flow.dstPort) === ERR_OK ? tcpListen(pcb) : null;
      if (!listening) {
        tcpClose(pcb);
        return false;
      }
      tcpArg(listening, this);
      tcpAccept(listening, (_arg: TcpOutgoing, newpcb: TcpPcb | null, err: Err) =>
        newpcb && err === ERR_OK ? this.accepted(newpcb) : ERR_OK,
      );
      listener = { pcb: listening, waiting: 0 };
      this.listeners.set(name, listener);
    }
    listener.waiting++;
    flow.offered = true;
    return true;
  }

  private accepted(pcb: TcpPcb): Err {
    const key = `${pcb.remoteIp}:${pcb.remotePort}>${pcb.localIp}:${pcb.localPort}`;
    const flow = this.flows.get(key);
    if (!flow || flow.pipe || flow.socket.destroyed) {
      tcpAbort(pcb);
      return ERR_ABRT;
    }
    this.ctx.cancel(flow.timer);
    flow.timer = null;
    this.withdraw(flow);
    flow.pipe = new TcpPipe(this.ctx, pcb, flow.socket, () => this.drop(flow));
    return ERR_OK;
  }

  /** The flow needs its listener no longer. */
  private withdraw(flow: Flow): void {
    if (!flow.offered) return;
    flow.offered = false;
    const name = `${flow.dst}:${flow.dstPort}`;
    const listener = this.listeners.get(name);
    if (!listener || --listener.waiting > 0) return;
    // Not from within the listener's own callback.
    this.ctx.after(0, () => {
      if (listener.waiting > 0 || this.listeners.get(name) !== listener) return;
      this.listeners.delete(name);
      tcpClose(listener.pcb);
    });
  }

  private drop(flow: Flow): void {
    if (this.flows.get(flow.key) === flow) this.flows.delete(flow.key);
    this.ctx.cancel(flow.timer);
    flow.timer = null;
    this.withdraw(flow);
  }
}
