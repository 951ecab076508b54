// The host under test and what its neighbour can know of it: what it sent lately, and which connections it has. Makes
// recorded frames fit the present: addresses, ports, sequence numbers, transaction ids.

import type { StackOptions } from '../../firmware/stack/core/opt.js';
import type { Netif } from '../../firmware/stack/core/netif.js';
import { SYN_SENT, TIME_WAIT } from '../../firmware/stack/tcp/tcp_state.js';
import { Host, macBytes } from '../harness/host.js';
import type { SeededRandom } from '../sim/random.js';
import { Scheduler } from '../sim/scheduler.js';
import type { Port } from '../sim/wire.js';
import { Application, TCP_PORTS, UDP_ECHO } from './application.js';
import type { Recorded } from './corpus.js';
import {
  fixIpChecksum,
  fixTransportChecksum,
  get16,
  ICMP,
  IP,
  isArp,
  isIp,
  protocol,
  put16,
  put32,
  replaced,
  TCP,
  transportAt,
  UDP,
  unpadded,
} from './frame.js';
import { pick } from './mutate.js';

export const PEER_IP = '10.77.0.1';
const PEER_MAC = '02:00:00:77:00:01';
const MAC = '02:00:00:77:00:02';
const LEASED_MAC = '02:00:00:77:00:03';

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
const URG = 32;

/** Connections that the peer keeps numbers of. */
const REMEMBERED = 200;

/** What a peer knows of a connection by the last segment it was sent: absolute sequence numbers. */
interface Numbers {
  /** First of the last segment, and what follows it. */
  seq: number;
  next: number;
  ack: number;
  window: number;
}

/** Frames that a host may send in answer to one: more is a storm. */
const STORM = 400;

const PCBS: Partial<StackOptions> = {
  MEMP_NUM_UDP_PCB: 8,
  MEMP_NUM_TCP_PCB: 8,
  MEMP_NUM_TCP_PCB_LISTEN: 8,
};

/** By seed: hardly any memory, the default, plenty. */
const SIZES: Partial<StackOptions>[] = [
  {
    MEM_SIZE: 7000,
    MEMP_NUM_PBUF: 6,
    MEMP_NUM_TCP_SEG: 8,
    MEMP_NUM_TCP_TW: 2,
    MEMP_NUM_ARP_QUEUE: 1,
    PBUF_POOL_SIZE: 5,
    DEFAULT_TCP_RECVMBOX_SIZE: 3,
    IP_REASS_MAX_PBUFS: 3,
    ARP_TABLE_SIZE: 2,
    TCP_WND: 2920,
    TCP_SND_BUF: 2920,
    TCP_SND_QUEUELEN: 4,
    TCP_OOSEQ_MAX_PBUFS: 2,
    DNS_TABLE_SIZE: 1,
    DNS_MAX_REQUESTS: 1,
  },
  {},
  {
    MEM_SIZE: 1 << 20,
    MEMP_NUM_PBUF: 256,
    MEMP_NUM_TCP_SEG: 256,
    MEMP_NUM_TCP_TW: 32,
    MEMP_NUM_REASSDATA: 8,
    PBUF_POOL_SIZE: 256,
    IP_REASS_MAX_PBUFS: 128,
    TCP_WND: 65535,
    TCP_SND_BUF: 65535,
    TCP_SND_QUEUELEN: 128,
    TCP_OOSEQ_MAX_PBUFS: 64,
    ICMP_ERROR_RATE: 1000,
  },
];

export class Target {
  readonly scheduler = new Scheduler();
  readonly host: Host;
  readonly application: Application;
  /** The interface with a fixed address, and the one that runs DHCP. */
  readonly fixed: Netif;
  readonly leased: Netif;
  /** Where frames of the fixed interface go while somebody well-behaved is attached. */
  attached: ((frame: Uint8Array) => void) | null = null;
  readonly address: string;
  /** Frames handed to the host. */
  delivered = 0;
  sent = 0;
  private readonly ports: Port[];
  private burst = 0;
  private lastIp: Uint8Array[] = [];
  private readonly numbers = new Map<string, Numbers>();
  private dnsQuery: Uint8Array | null = null;
  private dhcpRequest: Uint8Array | null = null;
  private echoRequest: Uint8Array | null = null;
  private readonly peerMac = macBytes(PEER_MAC);

  constructor(
    corpus: Recorded[],
    seed: number,
    private readonly r: SeededRandom,
  ) {
    this.address = recordedAddress(corpus);
    this.host = new Host(this.scheduler, seed, { ...SIZES[seed % SIZES.length]!, ...PCBS });
    this.ports = [0, 1].map((i) => ({ onFrame: null, send: (frame) => this.heard(i, frame) }));
    this.fixed = this.host.addInterface({ port: this.ports[0]!, mac: MAC, ip: this.address, gw: PEER_IP });
    this.leased = this.host.addInterface({ port: this.ports[1]!, mac: LEASED_MAC });
    this.application = new Application(this.host.stack, this.leased, PEER_IP, r);
    this.host.poll();
  }

  /** Hands a frame to an interface of the host. */
  deliver(frame: Uint8Array, leased = false): void {
    this.delivered++;
    this.burst = 0;
    this.ports[leased ? 1 : 0]!.onFrame!(frame);
  }

  run(microseconds: number): void {
    this.burst = -Math.ceil(microseconds / 1000);
    this.scheduler.runFor(microseconds);
  }

  private heard(i: number, frame: Uint8Array): void {
    this.sent++;
    if (++this.burst > STORM) throw new Error('the host sends without end');
    if (i === 0 && this.attached) {
      this.attached(frame);
      return;
    }
    if (isArp(frame)) {
      if (get16(frame, 20) === 1 && this.r.chance(0.8)) this.answerArp(i, frame);
      return;
    }
    if (!isIp(frame)) return;
    this.lastIp.push(frame);
    if (this.lastIp.length > 16) this.lastIp.shift();
    const at = transportAt(frame);
    const proto = protocol(frame);
    if (proto === TCP) this.remember(frame, at);
    if (proto === UDP && get16(frame, at + 2) === 53) this.dnsQuery = frame;
    if (proto === UDP && get16(frame, at + 2) === 67 && frame.length > 280) this.dhcpRequest = frame;
    if (proto === ICMP && frame[at] === 8) this.echoRequest = frame;
  }

  private remember(frame: Uint8Array, at: number): void {
    const flags = frame[at + 13]!;
    if (flags & RST) return;
    const seq = get16(frame, at + 4) * 65536 + get16(frame, at + 6);
    const data = IP + get16(frame, IP + 2) - at - (frame[at + 12]! >> 4) * 4;
    const key = `${get16(frame, at)} ${get16(frame, at + 2)}`;
    this.numbers.delete(key);
    this.numbers.set(key, {
      seq,
      next: seq + data + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0),
      ack: get16(frame, at + 8) * 65536 + get16(frame, at + 10),
      window: get16(frame, at + 14),
    });
    if (this.numbers.size > REMEMBERED) this.numbers.delete(this.numbers.keys().next().value!);
  }

  private answerArp(i: number, request: Uint8Array): void {
    const target = request.slice(38, 42);
    // Probes and announcements stay without an answer.
    if (target[3] !== 1) return;
    const f = new Uint8Array(60);
    f.set(request.subarray(6, 12));
    f.set(this.peerMac, 6);
    f.set(request.subarray(12, 20), 12);
    put16(f, 20, 2);
    f.set(this.peerMac, 22);
    f.set(target, 28);
    f.set(request.subarray(22, 32), 32);
    this.scheduler.after(300, () => this.ports[i]!.onFrame!(f));
  }

  /**
   * A recorded frame as the peer could send it now.
   * @returns the frame, and whether it is for the interface with DHCP
   */
  retargeted(recorded: Recorded): { frame: Uint8Array; leased: boolean } {
    const { r } = this;
    let f: Uint8Array = unpadded(recorded.frame).slice();
    if (recorded.outbound) {
      // The peer says what we said.
      const dst = f.slice(0, 6);
      f.set(f.subarray(6, 12));
      f.set(dst[0]! & 1 ? this.peerMac : dst, 6);
      if (isIp(f)) {
        const src = f.slice(IP + 12, IP + 16);
        f.set(f.subarray(IP + 16, IP + 20), IP + 12);
        f.set(src, IP + 16);
        if (f[IP + 12] === 255) f.set([10, 77, 0, 1], IP + 12);
      }
    }
    if (!isIp(f)) return { frame: f, leased: r.chance(0.1) };
    if (!(f[0]! & 1)) f.set(this.fixed.hwaddr);
    const at = transportAt(f);
    const proto = protocol(f);
    if (proto === UDP && (get16(f, at) === 67 || get16(f, at + 2) === 67)) {
      this.fitDhcp(f, at);
      fixTransportChecksum(f);
      fixIpChecksum(f);
      return { frame: f, leased: true };
    }
    if (proto === TCP) this.fitTcp(f, at, recorded.outbound);
    else if (proto === UDP) this.fitUdp(f, at);
    else if (proto === ICMP) f = this.fitIcmp(f, at);
    fixTransportChecksum(f);
    fixIpChecksum(f);
    return { frame: f, leased: r.chance(0.01) };
  }

  private fitDhcp(f: Uint8Array, at: number): void {
    const { r, dhcpRequest } = this;
    f.set(this.leased.hwaddr);
    put16(f, at, 67);
    put16(f, at + 2, 68);
    // Another network than that of the fixed interface.
    for (let o = IP + 12; o + 1 < f.length; o++) if (f[o] === 10 && f[o + 1] === 77) f[o + 1] = 88;
    if (f[IP + 16] === 0) f.fill(255, IP + 16, IP + 20);
    f[at + 8] = 2;
    if (!dhcpRequest || f.length < at + 44 || r.chance(0.02)) return;
    const from = transportAt(dhcpRequest) + 8;
    f.set(dhcpRequest.subarray(from + 4, from + 8), at + 12);
    f.set(this.leased.hwaddr, at + 8 + 28);
    // Both sides put the message type first: an offer for a discover, an ACK for a request.
    const options = at + 8 + 240;
    if (f[options] === 53 && options + 2 < f.length && r.chance(0.7)) {
      f[options + 2] = dhcpRequest[from + 242] === 1 ? 2 : 5;
    }
  }

  private fitUdp(f: Uint8Array, at: number): void {
    const { r, dnsQuery } = this;
    if (get16(f, at) === 53 && dnsQuery && f.length > at + 20) {
      const q = transportAt(dnsQuery);
      put16(f, at + 2, get16(dnsQuery, q));
      put16(f, at + 8, get16(dnsQuery, q + 8));
      // Often for the very question.
      if (r.chance(0.5)) {
        const n = Math.min(dnsQuery.length - q - 20, f.length - at - 20);
        if (n > 0) f.set(dnsQuery.subarray(q + 20, q + 20 + n), at + 20);
      }
    } else if (r.chance(0.7)) put16(f, at + 2, UDP_ECHO);
  }

  private fitIcmp(f: Uint8Array, at: number): Uint8Array {
    const { r, echoRequest, lastIp } = this;
    const type = f[at]!;
    if (type === 0 && echoRequest) {
      const from = transportAt(echoRequest);
      put16(f, at + 4, get16(echoRequest, from + 4));
      put16(f, at + 6, get16(echoRequest, from + 6));
    } else if ((type === 3 || type === 11 || type === 12) && lastIp.length && r.chance(0.8)) {
      // An error about what the host has sent lately.
      const quoted = pick(r, lastIp).subarray(IP, IP + (r.chance(0.7) ? 28 : 60));
      f = replaced(f, at + 8, f.length - at - 8, quoted);
      put16(f, IP + 2, f.length - IP);
      if (r.chance(0.5)) f[at + 1] = r.below(16);
      if (r.chance(0.3)) put16(f, at + 6, r.below(1600));
    }
    return f;
  }

  private fitTcp(f: Uint8Array, at: number, outbound: boolean): void {
    const { r } = this;
    const tcp = this.host.stack.tcp;
    const dice = r.float();
    if (dice < 0.75 && (tcp.active || tcp.tw)) {
      this.fitConnection(f, at);
      return;
    }
    if (dice < 0.95) {
      // A new connection.
      put16(f, at, 1024 + r.below(60000));
      put16(f, at + 2, pick(r, TCP_PORTS));
      if (r.chance(0.9)) {
        put32(f, at + 4, r.next32());
        put32(f, at + 8, 0);
        f[at + 13] = SYN;
      }
      return;
    }
    if (outbound) {
      const port = get16(f, at);
      put16(f, at, get16(f, at + 2));
      put16(f, at + 2, port);
    }
  }

  private fitConnection(f: Uint8Array, at: number): void {
    const { r } = this;
    const tcp = this.host.stack.tcp;
    const ends = [];
    for (let t = tcp.tw; t; t = t.next) ends.push({ ...portsOf(t), state: TIME_WAIT });
    if (!r.chance(0.1) && tcp.active) ends.length = 0;
    for (let p = tcp.active; p; p = p.next) ends.push({ ...portsOf(p), state: p.state });
    const { local, remote, state } = pick(r, ends);
    put16(f, at, remote);
    put16(f, at + 2, local);
    const known = this.numbers.get(`${local} ${remote}`) ?? { seq: 0, next: 0, ack: 0, window: 0 };
    const { window } = known;
    let seq = known.ack;
    if (!r.chance(0.65))
      seq += pick(r, [-1, 1, 10, -100, 536, 1460, 2920, window, window - 1, r.below(6000)]);
    let ack = known.next;
    if (!r.chance(0.6))
      ack = pick(r, [known.seq, known.seq, known.seq + 1, ack + 1, ack - 1, ack + r.below(70000)]);
    put32(f, at + 4, seq);
    put32(f, at + 8, ack);
    if (!r.chance(0.3)) {
      f[at + 13] = pick(r, [
        ...[ACK, ACK, ACK, ACK, ACK | PSH, ACK | PSH, ACK | PSH, FIN | ACK, FIN | ACK, FIN | ACK | PSH],
        ...[ACK | URG, SYN | ACK, SYN, RST, RST | ACK, 0],
      ]);
    }
    if (state === SYN_SENT && r.chance(0.7)) f[at + 13] = SYN | ACK;
    if (r.chance(0.1)) put16(f, at + 14, pick(r, [0, 1, 100, 536, 65535]));
  }
}

function portsOf(c: { localPort: number; remotePort: number }): { local: number; remote: number } {
  return { local: c.localPort, remote: c.remotePort };
}

/** The address that the recorded host had most of the time. */
function recordedAddress(corpus: Recorded[]): string {
  const count = new Map<string, number>();
  for (const { frame, outbound } of corpus) {
    if (!outbound || !isIp(frame)) continue;
    const a = [...frame.subarray(IP + 12, IP + 16)].join('.');
    count.set(a, (count.get(a) ?? 0) + 1);
  }
  return [...count].sort((a, b) => b[1] - a[1])[0]![0];
}
