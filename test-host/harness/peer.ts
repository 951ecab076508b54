// A station on the wire that is no stack: it sends what a test builds and keeps what it hears. It answers ARP
// requests for its address by itself unless told not to.

import type { Port } from '../sim/wire.js';
import { BROADCAST_MAC, build, fragments, parse, type FrameFields, type Parsed } from './frames.js';

export interface PeerConfig {
  port: Port;
  mac: string;
  ip: string;
  /** The station that frames go to by default. */
  to?: { mac: string; ip: string };
}

export class Peer {
  readonly mac: string;
  readonly ip: string;
  to: { mac: string; ip: string };
  /** Whether ARP requests for `ip` are answered (and not kept). */
  answerArp = true;
  /** Frames heard, oldest first; ARP frames that were answered are left out. */
  heard: Parsed[] = [];
  private readonly port: Port;

  constructor(c: PeerConfig) {
    this.port = c.port;
    this.mac = c.mac;
    this.ip = c.ip;
    this.to = c.to ?? { mac: BROADCAST_MAC, ip: '255.255.255.255' };
    c.port.onFrame = (frame, meta) => {
      if (!meta?.badFcs) this.hear(parse(frame));
    };
  }

  private hear(f: Parsed): void {
    const a = f.arp;
    if (this.answerArp && a && a.op === 1 && a.tpa === this.ip && a.spa !== this.ip) {
      this.send({
        eth: { dst: a.sha, src: this.mac },
        arp: { op: 2, sha: this.mac, spa: this.ip, tha: a.sha, tpa: a.spa },
      });
      return;
    }
    this.heard.push(f);
  }

  /** Sends a frame; Ethernet addresses, and IP addresses when `ip` lacks them, are filled in. */
  send(f: Omit<FrameFields, 'ip'> & { ip?: Partial<NonNullable<FrameFields['ip']>> }): void {
    this.port.send(build(this.filled(f)));
  }

  /** Sends a datagram in fragments of `size` bytes (a multiple of 8), in the given order of indices. */
  sendFragments(
    f: Omit<FrameFields, 'ip'> & { ip?: Partial<NonNullable<FrameFields['ip']>> },
    size: number,
    order?: number[],
  ): void {
    const parts = fragments(this.filled(f), size);
    for (const i of order ?? parts.map((_, n) => n)) this.port.send(parts[i]!);
  }

  /** Sends bytes as they stand. */
  sendRaw(frame: Uint8Array): void {
    this.port.send(frame);
  }

  /** The frames heard since the last call. */
  take(): Parsed[] {
    const frames = this.heard;
    this.heard = [];
    return frames;
  }

  /** The frames heard since the last call that are not ARP. */
  takeIp(): Parsed[] {
    return this.take().filter((f) => f.ip);
  }

  takeArp(): Parsed[] {
    return this.take().filter((f) => f.arp);
  }

  private filled(f: Omit<FrameFields, 'ip'> & { ip?: Partial<NonNullable<FrameFields['ip']>> }): FrameFields {
    const { ip, ...others } = f;
    const full: FrameFields = { ...others };
    full.eth ??= { dst: this.to.mac, src: this.mac };
    if (!f.arp && (ip || f.udp || f.tcp || f.icmp)) full.ip = { src: this.ip, dst: this.to.ip, ...ip };
    return full;
  }
}
