// What the small servers stand on: UDP either on a harness Host (the stack's own API, for the gateway), or straight
// on frames (no code shared with the stack under test).

import { IP_ADDR_ANY, ipaddrNtoa } from '../../firmware/stack/core/ipaddr.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../firmware/stack/core/pbuf_data.js';
import { udpBind, udpBindNetif, udpNew, udpRecv, udpSendtoIf } from '../../firmware/stack/udp/udp.js';
import { ip, type Host } from '../harness/host.js';
import { BROADCAST_MAC, build, parse, type FrameFields, type Parsed } from '../harness/frames.js';
import type { Port } from '../sim/wire.js';

export interface Datagram {
  data: Uint8Array;
  /** Dotted decimal. */
  src: string;
  srcPort: number;
  dst: string;
}

export interface Ground {
  /** The server's own address. */
  readonly ip: string;
  /** Takes the datagrams to a port. */
  serve(port: number, handler: (d: Datagram) => void): void;
  /**
   * Sends a datagram.
   * @param mac where to, when the receiver cannot answer ARP yet; a ground may send to all instead
   */
  send(srcPort: number, dst: string, dstPort: number, data: Uint8Array, mac?: string): void;
}

/** UDP of a Host's interface. */
export class HostGround implements Ground {
  private readonly pcbs = new Map<number, NonNullable<ReturnType<typeof udpNew>>>();

  constructor(
    private readonly host: Host,
    private readonly netif: Netif = host.netif,
  ) {}

  get ip(): string {
    return ipaddrNtoa(this.netif.ipAddr);
  }

  serve(port: number, handler: (d: Datagram) => void): void {
    const pcb = udpNew(this.host.stack);
    if (!pcb || udpBind(pcb, IP_ADDR_ANY, port) !== 0) throw new Error(`cannot bind UDP port ${port}`);
    udpBindNetif(pcb, this.netif);
    this.pcbs.set(port, pcb);
    udpRecv(
      pcb,
      (_arg: null, _pcb, p, addr, srcPort) => {
        const data = pbufBytes(p);
        pbufFree(p);
        handler({ data, src: ipaddrNtoa(addr), srcPort, dst: this.ip });
      },
      null,
    );
  }

  send(srcPort: number, dst: string, dstPort: number, data: Uint8Array, mac?: string): void {
    const p = pbufAlloc(this.host.stack, PBUF_TRANSPORT, data.length, PBUF_RAM);
    if (!p) return;
    pbufTake(p, data);
    udpSendtoIf(this.pcbs.get(srcPort)!, p, ip(mac ? '255.255.255.255' : dst), dstPort, this.netif);
    pbufFree(p);
    this.host.poll();
  }
}

/** A station of frames: answers ARP for its address, and speaks UDP. */
export class FrameGround implements Ground {
  /** Every frame heard, oldest first. */
  heard: Parsed[] = [];
  /** Whether ARP requests for `ip` are answered. */
  answerArp = true;
  /** Whether it hears anything. */
  deaf = false;
  /** Neighbours, learnt from what they send. */
  readonly neighbours = new Map<string, string>();
  private readonly handlers = new Map<number, (d: Datagram) => void>();

  constructor(
    private readonly port: Port,
    readonly mac: string,
    readonly ip: string,
    private readonly now: () => number = () => 0,
  ) {
    port.onFrame = (frame, meta) => {
      if (!meta?.badFcs && !this.deaf) this.hear(parse(frame));
    };
  }

  /** When each of `heard` came, µs. */
  times: number[] = [];

  serve(port: number, handler: (d: Datagram) => void): void {
    this.handlers.set(port, handler);
  }

  send(srcPort: number, dst: string, dstPort: number, data: Uint8Array, mac?: string): void {
    this.sendFrame({
      eth: { dst: mac ?? this.neighbours.get(dst) ?? BROADCAST_MAC, src: this.mac },
      ip: { src: this.ip, dst },
      udp: { src: srcPort, dst: dstPort },
      payload: data,
    });
  }

  sendFrame(f: FrameFields): void {
    this.port.send(build(f));
  }

  private hear(f: Parsed): void {
    this.heard.push(f);
    this.times.push(this.now());
    const a = f.arp;
    if (a) {
      if (a.spa !== '0.0.0.0') this.neighbours.set(a.spa, a.sha);
      if (this.answerArp && a.op === 1 && a.tpa === this.ip && a.spa !== this.ip) {
        this.sendFrame({
          eth: { dst: a.sha, src: this.mac },
          arp: { op: 2, sha: this.mac, spa: this.ip, tha: a.sha, tpa: a.spa },
        });
      }
      return;
    }
    if (!f.ip || !f.udp) return;
    if (f.ip.src !== '0.0.0.0') this.neighbours.set(f.ip.src, f.eth.src);
    if (f.ip.dst !== this.ip && f.ip.dst !== '255.255.255.255') return;
    this.handlers.get(f.udp.dst)?.({
      data: f.payload.slice(),
      src: f.ip.src,
      srcPort: f.udp.src,
      dst: f.ip.dst,
    });
  }
}
