// A small DHCP server (RFC 2131, 4.3) on any Ground: a pool of addresses, leases by hardware address, and a hook by
// which a test changes, drops, repeats or forges what is sent.

import {
  ACK,
  DECLINE,
  DISCOVER,
  INFORM,
  NAK,
  OFFER,
  RELEASE,
  REQUEST,
  TYPE_NAMES,
  decodeDhcp,
  encodeDhcp,
  ipBytes,
  typeOf,
  u32,
  type DhcpMessage,
} from './dhcp-messages.js';
import type { Ground } from './ground.js';

export interface DhcpServerConfig {
  /** First address of the pool, dotted decimal, and how many. */
  first: string;
  count?: number;
  netmask?: string;
  router?: string | null;
  dns?: string[];
  /** Seconds; Infinity for a lease without end. */
  lease?: number;
  t1?: number;
  t2?: number;
  /** Further options by number. */
  options?: Record<number, number[]>;
  /**
   * Sees each request with the reply that would go out (null for none). What it returns is sent instead: nothing
   * for [], bytes as they stand for an array of bytes; undefined lets the reply pass.
   */
  script?:
    ((request: DhcpMessage, reply: DhcpMessage | null) => (DhcpMessage | Uint8Array)[] | undefined) | null;
  /** Seconds now, to let leases expire; without it they do not. */
  now?: () => number;
}

interface Lease {
  ip: string;
  chaddr: string;
  until: number;
  /** Offered only, so far. */
  offered: boolean;
}

export interface DhcpLogEntry {
  type: string;
  message: DhcpMessage;
  /** Source and destination address of the datagram. */
  src: string;
  dst: string;
}

export class DhcpServer {
  readonly leases = new Map<string, Lease>();
  /** Addresses that clients declined. */
  readonly declined = new Set<string>();
  readonly log: DhcpLogEntry[] = [];
  /** Answers nothing while set. */
  silent = false;
  constructor(
    readonly ground: Ground,
    readonly config: DhcpServerConfig,
  ) {
    ground.serve(67, (d) => this.receive(d.data, d.src, d.dst));
  }

  /** Types of the messages received, oldest first. */
  types(): string[] {
    return this.log.map((e) => e.type);
  }

  /** What is heard next replaces the log; returns what was there. */
  takeLog(): DhcpLogEntry[] {
    return this.log.splice(0);
  }

  private receive(data: Uint8Array, src: string, dst: string): void {
    const m = decodeDhcp(data);
    if (m.op !== 1) return;
    this.log.push({ type: TYPE_NAMES[typeOf(m)] ?? '?', message: m, src, dst });
    if (this.silent) return;
    const reply = this.handle(m);
    const scripted = this.config.script?.(m, reply);
    const out = scripted ?? (reply ? [reply] : []);
    for (const r of out) this.reply(m, r);
  }

  /** Sends a message to the client that `request` came from, as RFC 2131, 4.1 tells where to. */
  reply(request: DhcpMessage, r: DhcpMessage | Uint8Array): void {
    const bytes = r instanceof Uint8Array ? r : encodeDhcp(r);
    const nak = !(r instanceof Uint8Array) && typeOf(r) === NAK;
    if (request.ciaddr !== '0.0.0.0' && !nak) this.ground.send(67, request.ciaddr, 68, bytes);
    else if (request.broadcast || nak || r instanceof Uint8Array) {
      this.ground.send(67, '255.255.255.255', 68, bytes);
    } else this.ground.send(67, r.yiaddr, 68, bytes, request.chaddr);
  }

  /** A message of the server's to answer `request`, with what it would tell. */
  message(request: DhcpMessage, type: number, yiaddr: string): DhcpMessage {
    const c = this.config;
    const options: Record<number, number[]> = { 53: [type], 54: ipBytes(this.ground.ip) };
    if (type !== NAK) {
      options[1] = ipBytes(c.netmask ?? '255.255.255.0');
      const router = c.router === undefined ? this.ground.ip : c.router;
      if (router) options[3] = ipBytes(router);
      if (c.dns?.length) options[6] = c.dns.flatMap(ipBytes);
      if (typeOf(request) !== INFORM) {
        const lease = c.lease ?? 3600;
        options[51] = u32(lease === Infinity ? 0xffffffff : lease);
        if (c.t1 !== undefined) options[58] = u32(c.t1);
        if (c.t2 !== undefined) options[59] = u32(c.t2);
      }
      Object.assign(options, c.options);
    }
    // RFC 6842, 3.
    if (request.options[61]) options[61] = request.options[61];
    return {
      op: 2,
      xid: request.xid,
      secs: 0,
      broadcast: request.broadcast,
      ciaddr: type === ACK ? request.ciaddr : '0.0.0.0',
      yiaddr: type === NAK ? '0.0.0.0' : yiaddr,
      siaddr: '0.0.0.0',
      giaddr: request.giaddr,
      chaddr: request.chaddr,
      options,
    };
  }

  private handle(m: DhcpMessage): DhcpMessage | null {
    const type = typeOf(m);
    const key = m.chaddr;
    const wanted = m.options[50]?.join('.');
    const server = m.options[54]?.join('.');
    if (type === DISCOVER) {
      const ip = this.choose(key, wanted);
      if (!ip) return null;
      const old = this.leases.get(key);
      this.leases.set(key, { ip, chaddr: key, until: old?.until ?? 0, offered: true });
      return this.message(m, OFFER, ip);
    }
    if (type === REQUEST) {
      const lease = this.leases.get(key);
      if (server) {
        if (server !== this.ground.ip) {
          this.leases.delete(key);
          return null;
        }
        if (!lease || lease.ip !== wanted) return this.message(m, NAK, '');
      } else if (wanted) {
        // RFC 2131, 4.3.2: INIT-REBOOT. Without a record it must keep silent, on a wrong network say no.
        if (!this.inPool(wanted)) return this.message(m, NAK, '');
        if (!lease) return null;
        if (lease.ip !== wanted) return this.message(m, NAK, '');
      } else if (!lease || lease.ip !== m.ciaddr) return this.message(m, NAK, '');
      lease.offered = false;
      lease.until = (this.config.now?.() ?? 0) + (this.config.lease ?? 3600);
      return this.message(m, ACK, lease.ip);
    }
    if (type === DECLINE) {
      if (wanted) this.declined.add(wanted);
      this.leases.delete(key);
    } else if (type === RELEASE) this.leases.delete(key);
    else if (type === INFORM) return this.message(m, ACK, '0.0.0.0');
    return null;
  }

  private inPool(ip: string): boolean {
    return this.index(ip) >= 0;
  }

  private index(ip: string): number {
    const i = number(ip) - number(this.config.first);
    return i >= 0 && i < (this.config.count ?? 50) ? i : -1;
  }

  private choose(key: string, wanted: string | undefined): string | null {
    const now = this.config.now?.() ?? 0;
    const taken = new Set(this.declined);
    for (const l of this.leases.values()) {
      if (l.chaddr !== key && (l.until >= now || !this.config.now)) taken.add(l.ip);
    }
    const own = this.leases.get(key)?.ip;
    if (own && !taken.has(own)) return own;
    if (wanted && this.inPool(wanted) && !taken.has(wanted)) return wanted;
    for (let i = 0; i < (this.config.count ?? 50); i++) {
      const ip = u32((number(this.config.first) + i) >>> 0).join('.');
      if (!taken.has(ip)) return ip;
    }
    return null;
  }
}

function number(ip: string): number {
  const b = ipBytes(ip);
  return ((b[0]! << 24) | (b[1]! << 16) | (b[2]! << 8) | b[3]!) >>> 0;
}
