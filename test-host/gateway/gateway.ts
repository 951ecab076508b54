// The user-mode gateway: a host on the virtual wire, made from this very stack, that is the board's router, DHCP
// server and DNS server, and joins the board's world with this machine's sockets. It needs no privilege. Here it
// is put together and taken apart; what it does is in the other files of this folder.

import { ERR_OK } from '../../firmware/stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../../firmware/stack/core/ipaddr.js';
import { NETIF_FLAG_ACCEPT_ALL } from '../../firmware/stack/core/netif.js';
import type { StackOptions } from '../../firmware/stack/core/opt.js';
import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { rawBind, rawNew, rawRecv, type RawPcb } from '../../firmware/stack/raw/raw.js';
import { Host } from '../harness/host.js';
import type { Scheduler } from '../sim/scheduler.js';
import type { Port } from '../sim/wire.js';
import { BoardAddress } from './board-address.js';
import { Context, LOOPBACK, type Inject, type Redirect } from './context.js';
import { Dhcp, DHCP_SERVER_PORT, type Lease } from './dhcp.js';
import { DNS_PORT, DnsForwarder, type HostsTable } from './dns-forwarder.js';
import { TcpForward } from './forward-tcp.js';
import { UdpForward } from './forward-udp.js';
import { ip4View, PROTO_ICMP, PROTO_TCP, PROTO_UDP, portsOf, senderOf } from './frame.js';
import { echoRequest, PingOutgoing } from './ping-outgoing.js';
import { ServersGround } from './servers-ground.js';
import { TcpOutgoing } from './tcp-outgoing.js';
import { UdpOutgoing } from './udp-outgoing.js';

export type { Lease } from './dhcp.js';
export type { Inject, Redirect } from './context.js';
export type { HostsTable } from './dns-forwarder.js';

export interface ForwardOptions {
  /** Port on this machine; 0: the system chooses. */
  hostPort: number;
  boardPort: number;
  /** Default tcp. */
  proto?: 'tcp' | 'udp';
}

export interface GatewayOptions {
  scheduler: Scheduler;
  /** The gateway's end of the wire. */
  port: Port;
  /**
   * How what happens on this machine comes into virtual time: `(fn) => pacer.inject(fn)`. Without it `fn` runs at
   * once, at whatever time the scheduler stands.
   */
  inject?: Inject;
  /** Short for a first forward to the board's port 80. */
  httpPort?: number;
  forwards?: ForwardOptions[];
  /** Address of this machine at which forwarded ports are opened. Default 127.0.0.1. */
  host?: string;
  /** Takes one line for each thing worth telling. Default: silence. */
  log?: (line: string) => void;
  /** DNS server to ask, "address" or "address:port", in place of this machine's resolver. */
  dnsUpstream?: string;
  /** Names answered without asking anyone; "host.lightwire" is this machine unless set otherwise. */
  hosts?: HostsTable;
  /** Overrides where destinations of the board's are; null makes one unreachable. */
  redirect?: Redirect;
  /** The gateway's address, its network's mask, and the first address for boards. Default 10.0.2.2/24, 10.0.2.15. */
  address?: string;
  netmask?: string;
  boardAddress?: string;
  mac?: string;
  /** Seconds of a DHCP lease. Default one day. */
  leaseTime?: number;
  /** Milliseconds that a forwarded connection waits for the board's address, and for its answer. Default 15000. */
  patience?: number;
  /** Connections in each direction (default 200), datagram flows (200), pings at a time (8). */
  limits?: { tcp?: number; udp?: number; ping?: number };
  /** The ping program. Default "ping". */
  pingCommand?: string;
  /** Seeds the gateway's port numbers and the like. */
  seed?: number;
}

/** A forwarded port as it was opened. */
export interface Forwarded {
  proto: 'tcp' | 'udp';
  host: string;
  hostPort: number;
  boardPort: number;
}

export interface Gateway {
  /** Address of the board's page: of the first forwarded TCP port, or '' without one. */
  readonly url: string;
  readonly forwards: readonly Forwarded[];
  /** The gateway's host on the wire, to look at. */
  readonly host: Host;
  /** Leases given by DHCP that have not run out. */
  leases(): Lease[];
  /** Resolves with the next lease that is confirmed, or at once when there is one. Never rejects. */
  whenLeased(): Promise<Lease>;
  /** Resolves with the board's address as soon as it uses one, leased or not. Never rejects. */
  whenBoardUp(): Promise<string>;
  /** What is open now. */
  counts(): { incoming: number; outgoing: number; datagrams: number; pings: number };
  /** Breaks all connections, closes all ports, ends all processes. The wire's port is free afterwards. */
  close(): Promise<void>;
}

/** A PC's worth of memory: the limits that count are GatewayOptions.limits. */
function stackOptions(tcp: number, udp: number): Partial<StackOptions> {
  return {
    MEM_SIZE: 64 << 20,
    MEMP_NUM_PBUF: 4096,
    PBUF_POOL_SIZE: 8192,
    MEMP_NUM_RAW_PCB: 4,
    MEMP_NUM_UDP_PCB: 2 * udp + 8,
    MEMP_NUM_TCP_PCB: 3 * tcp + 8,
    MEMP_NUM_TCP_PCB_LISTEN: tcp + 8,
    MEMP_NUM_TCP_TW: 1024,
    MEMP_NUM_TCP_SEG: 65536,
    MEMP_NUM_SYS_TIMEOUT: 64,
    MEMP_NUM_REASSDATA: 16,
    MEMP_NUM_ARP_QUEUE: 512,
    ARP_TABLE_SIZE: 32,
    ARP_QUEUE_LEN: 64,
    IP_REASS_MAX_PBUFS: 1024,
    ICMP_ERROR_RATE: 1000,
    TCP_SND_BUF: 128 << 10,
    TCP_SND_QUEUELEN: 512,
    TCP_WND: 65535,
    TCP_OOSEQ_MAX_PBUFS: 64,
    // A board that was reset does not say so: probes find out, and its old connections end.
    TCP_KEEPIDLE_DEFAULT: 60000,
    TCP_KEEPINTVL_DEFAULT: 10000,
    TCP_KEEPCNT_DEFAULT: 6,
    TCP_RTO_MIN: 300,
    TCP_DELACK: 40,
  };
}

/**
 * Starts a gateway.
 * @returns the gateway, with its ports open
 * @throws (rejects) the system's error when a port cannot be opened, its code such as EADDRINUSE; Error for options
 *   that do not fit
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const parts = new Parts(options);
  try {
    await parts.listen();
  } catch (error) {
    await parts.close();
    throw error;
  }
  return parts;
}

class Parts implements Gateway {
  url = '';
  readonly forwards: Forwarded[] = [];
  readonly host: Host;
  private readonly ctx: Context;
  private readonly board: BoardAddress;
  private readonly dhcp: Dhcp;
  private readonly dns: DnsForwarder;
  private readonly tcpOut: TcpOutgoing;
  private readonly udpOut: UdpOutgoing;
  private readonly ping: PingOutgoing;
  private readonly tcpForwards: TcpForward[] = [];
  private readonly udpForwards: UdpForward[] = [];
  private closing: Promise<void> | null = null;

  constructor(private readonly options: GatewayOptions) {
    const { scheduler, port, limits = {} } = options;
    const tcp = limits.tcp ?? 200;
    const udp = limits.udp ?? 200;
    this.host = new Host(scheduler, options.seed ?? 1, stackOptions(tcp, udp));
    const address = options.address ?? '10.0.2.2';
    const netif = this.host.addInterface({
      port,
      mac: options.mac ?? '02:00:0a:00:02:02',
      ip: address,
      netmask: options.netmask ?? '255.255.255.0',
    });
    netif.flags |= NETIF_FLAG_ACCEPT_ALL;
    const inject = options.inject ?? ((fn) => fn());
    const ctx = new Context(this.host, netif, inject, options.redirect, options.log ?? (() => {}));
    this.ctx = ctx;
    ctx.ownUdpPorts.add(DNS_PORT).add(DHCP_SERVER_PORT);
    this.board = new BoardAddress(ctx);
    const ground = new ServersGround(ctx);
    this.dhcp = new Dhcp(ctx, ground, options.boardAddress ?? '10.0.2.15', options.leaseTime ?? 86400);
    const hosts = { 'host.lightwire': address, 'gateway.lightwire': address, ...options.hosts };
    this.dns = new DnsForwarder(ctx, ground, hosts, options.dnsUpstream);
    this.tcpOut = new TcpOutgoing(ctx, tcp, (frame) => this.host.input(netif, frame));
    this.udpOut = new UdpOutgoing(ctx, udp);
    this.ping = new PingOutgoing(ctx, limits.ping ?? 8, options.pingCommand ?? 'ping');
    this.catchPings();

    const toStack = port.onFrame!;
    port.onFrame = (frame, meta) => {
      if (!meta?.badFcs && this.takes(frame)) this.host.poll();
      else toStack(frame, meta);
    };
    this.host.poll();
  }

  /** Opens the forwarded ports. */
  async listen(): Promise<void> {
    const { options, ctx, board } = this;
    const address = options.host ?? LOOPBACK;
    const wanted = [...(options.forwards ?? [])];
    if (options.httpPort !== undefined) wanted.unshift({ hostPort: options.httpPort, boardPort: 80 });
    const { tcp = 200, udp = 200 } = options.limits ?? {};
    for (const { hostPort, boardPort, proto = 'tcp' } of wanted) {
      let opened: number;
      if (proto === 'tcp') {
        const forward = new TcpForward(ctx, board, boardPort, tcp, options.patience ?? 15000);
        this.tcpForwards.push(forward);
        opened = await forward.listen(hostPort, address);
        if (!this.url) this.url = `http://${address}:${opened}/`;
      } else {
        const forward = new UdpForward(ctx, board, boardPort, udp);
        this.udpForwards.push(forward);
        opened = await forward.listen(hostPort, address);
      }
      this.forwards.push({ proto, host: address, hostPort: opened, boardPort });
    }
  }

  leases(): Lease[] {
    return this.dhcp.leases();
  }

  whenLeased(): Promise<Lease> {
    return new Promise((resolve) => this.dhcp.whenLeased(resolve));
  }

  whenBoardUp(): Promise<string> {
    return new Promise((resolve) => {
      this.board.wait(Infinity, (address) => resolve(ipaddrNtoa(address)));
    });
  }

  counts(): { incoming: number; outgoing: number; datagrams: number; pings: number } {
    const sum = (parts: { size: number }[]): number => parts.reduce((n, part) => n + part.size, 0);
    return {
      incoming: sum(this.tcpForwards),
      outgoing: this.tcpOut.size,
      datagrams: this.udpOut.size + sum(this.udpForwards),
      pings: this.ping.size,
    };
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    const closed: Promise<void>[] = [];
    this.ctx.enter(() => {
      closed.push(...this.tcpOut.close());
      closed.push(...this.tcpForwards.map((forward) => forward.close()));
      closed.push(...this.udpForwards.map((forward) => forward.close()));
      this.udpOut.close();
      this.dns.close();
    });
    closed.push(...this.ping.close());
    this.ctx.close();
    this.options.port.onFrame = null;
    await Promise.all(closed);
  }

  /** Looks at a frame before the stack does. @returns whether the stack is not to see it (now) */
  private takes(frame: Uint8Array): boolean {
    const { netif } = this.ctx;
    for (let i = 0; i < 6; i++) {
      // Group addresses are the stack's business; other stations' are nobody's.
      if (frame[i] !== netif.hwaddr[i]) {
        this.board.heard(senderOf(frame));
        return false;
      }
    }
    this.board.heard(senderOf(frame));
    const view = ip4View(frame);
    if (!view || !this.ctx.isUnicast(view.dst)) return false;
    if (view.protocol === PROTO_TCP) return this.tcpOut.takes(frame, view);
    if (view.protocol !== PROTO_UDP) return false;
    if (view.dst === netif.ipAddr) {
      const ports = portsOf(frame, view);
      if (!ports || this.ctx.ownUdpPorts.has(ports.dst)) return false;
    }
    return this.udpOut.takes(frame, view);
  }

  /** Echo requests to others are taken from the stack after it has put their fragments together. */
  private catchPings(): void {
    const pcb = rawNew(this.ctx.stack, PROTO_ICMP);
    if (!pcb || rawBind(pcb, 0) !== ERR_OK) throw new Error('no raw PCB for ICMP');
    rawRecv(
      pcb,
      (_arg: null, _pcb: RawPcb, p: Pbuf, _addr: IpAddr): number => {
        const request = echoRequest(p);
        if (!request || request.ip.dst === this.ctx.netif.ipAddr || !this.ctx.isUnicast(request.ip.dst))
          return 0;
        pbufFree(p);
        this.ping.request(request);
        return 1;
      },
      null,
    );
  }
}
