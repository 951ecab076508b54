// Datagrams that the board sends: one socket of this machine for each flow (board's address and port, destination's
// address and port), so that replies find their way back and come from the destination's address. A refused
// destination is told to the board by ICMP.

import { createSocket, type Socket } from 'node:dgram';
import { ERR_OK } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa, type Ip4Addr, type IpAddr } from '../../firmware/stack/core/ipaddr.js';
import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import { ICMP_DUR_HOST, ICMP_DUR_PORT } from '../../firmware/stack/icmp/icmp.js';
import { udpBind, udpNew, udpRecv, udpRemove, type UdpPcb } from '../../firmware/stack/udp/udp.js';
import { errorText, type Context } from './context.js';
import { sendDatagram } from './datagram.js';
import { portsOf, type Ip4View } from './frame.js';
import { IdleTable } from './idle-table.js';
import { destinationUnreachable } from './unreachable.js';

/** Milliseconds without a datagram after which a flow goes (RFC 4787, REQ-5: at least two minutes). */
const UDP_IDLE = 120000;
/** Datagrams that wait for their socket. */
const QUEUE_MAX = 32;

/** A destination's address and port in the stack; the flows to it share the PCB. */
interface Destination {
  name: string;
  pcb: UdpPcb;
  flows: number;
}

interface Flow {
  key: string;
  destination: Destination;
  src: Ip4Addr;
  srcPort: number;
  socket: Socket;
  connected: boolean;
  queue: Uint8Array[];
  /** The last packet from the board, to be quoted in ICMP errors. */
  frame: Uint8Array;
  ip: Ip4View;
}

export class UdpOutgoing {
  private readonly destinations = new Map<string, Destination>();
  private readonly flows: IdleTable<Flow>;

  constructor(
    private readonly ctx: Context,
    limit: number,
  ) {
    this.flows = new IdleTable<Flow>(ctx, limit, UDP_IDLE, (flow) => this.end(flow));
  }

  get size(): number {
    return this.flows.size;
  }

  /**
   * Looks at a UDP packet of the board's and sees that the stack takes it.
   * @returns whether it was dealt with; otherwise it goes to the stack
   */
  takes(frame: Uint8Array, ip: Ip4View): boolean {
    const ports = portsOf(frame, ip);
    if (!ports) return false;
    const key = flowKey(ip.src, ports.src, ip.dst, ports.dst);
    const known = this.flows.use(key);
    if (known) {
      known.frame = frame;
      known.ip = ip;
      return false;
    }
    const target = this.ctx.target(ip.dst);
    if (target === null) {
      this.ctx.log(`no way to ${ipaddrNtoa(ip.dst)}:${ports.dst}`);
      destinationUnreachable(this.ctx, frame, ip, ICMP_DUR_HOST);
      return true;
    }
    const destination = this.destination(ip.dst, ports.dst);
    if (!destination) return true;
    const flow: Flow = {
      key,
      destination,
      src: ip.src,
      srcPort: ports.src,
      socket: createSocket('udp4'),
      connected: false,
      queue: [],
      frame,
      ip,
    };
    destination.flows++;
    this.open(flow, target, ports.dst);
    this.flows.add(key, flow);
    return false;
  }

  close(): void {
    this.flows.clear();
  }

  private destination(dst: Ip4Addr, port: number): Destination | null {
    const name = `${dst}:${port}`;
    const known = this.destinations.get(name);
    if (known) return known;
    const pcb = udpNew(this.ctx.stack);
    if (!pcb || udpBind(pcb, dst, port) !== ERR_OK) {
      if (pcb) udpRemove(pcb);
      this.ctx.log(`no room for datagrams to ${ipaddrNtoa(dst)}:${port}`);
      return null;
    }
    udpRecv(
      pcb,
      (_arg: null, _pcb: UdpPcb, p: Pbuf, addr: IpAddr, srcPort: number) => {
        const bytes = pbufBytes(p);
        pbufFree(p);
        const flow = this.flows.use(flowKey(addr as Ip4Addr, srcPort, dst, port));
        if (!flow) return;
        if (flow.connected) flow.socket.send(bytes, () => {});
        else if (flow.queue.length < QUEUE_MAX) flow.queue.push(bytes);
      },
      null,
    );
    const destination = { name, pcb, flows: 0 };
    this.destinations.set(name, destination);
    return destination;
  }

  private open(flow: Flow, target: string, port: number): void {
    const { ctx } = this;
    const { socket } = flow;
    socket.on('error', (error: NodeJS.ErrnoException) => this.failed(flow, error));
    socket.on('message', (bytes) => {
      ctx.enter(() => {
        if (this.flows.use(flow.key) === flow) {
          sendDatagram(flow.destination.pcb, bytes, flow.src, flow.srcPort);
        }
      });
    });
    socket.connect(port, target, (error?: Error) => {
      if (error) return this.failed(flow, error);
      flow.connected = true;
      for (const bytes of flow.queue) socket.send(bytes, () => {});
      flow.queue = [];
    });
  }

  private failed(flow: Flow, error: NodeJS.ErrnoException): void {
    this.ctx.log(`datagram to ${ipaddrNtoa(flow.ip.dst)}: ${errorText(error)}`);
    this.ctx.enter(() => {
      const code = error.code === 'ECONNREFUSED' ? ICMP_DUR_PORT : ICMP_DUR_HOST;
      destinationUnreachable(this.ctx, flow.frame, flow.ip, code);
      if (this.flows.use(flow.key) === flow) this.flows.remove(flow.key);
    });
  }

  private end(flow: Flow): void {
    flow.socket.close();
    const { destination } = flow;
    if (--destination.flows > 0) return;
    this.destinations.delete(destination.name);
    udpRemove(destination.pcb);
  }
}

function flowKey(src: Ip4Addr, srcPort: number, dst: Ip4Addr, dstPort: number): string {
  return `${src}:${srcPort}>${dst}:${dstPort}`;
}
