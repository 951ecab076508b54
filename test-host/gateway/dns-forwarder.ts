// The board's DNS: the small server of ../peers/, answering from a table, then from this machine's resolver or a
// server that is named. IPv4 addresses only; of other types that a name may have it knows nothing.

import { lookup, Resolver } from 'node:dns';
import { isIP } from 'node:net';
import { ipaddrAton, ipaddrNtoa } from '../../firmware/stack/core/ipaddr.js';
import { TYPE_A, TYPE_AAAA, type DnsQuestion } from '../peers/dns-messages.js';
import { DnsServer, type DnsLookupResult } from '../peers/dns-server.js';
import type { Ground } from '../peers/ground.js';
import { errorText, type Context } from './context.js';

export const DNS_PORT = 53;
/** Seconds for answers whose time to live is unknown. */
const TTL = 60;
/** Names that may be asked for at a time; more get SERVFAIL. */
const PENDING_MAX = 64;
/** RFC 1035, 2.3.4: a message by UDP has at most 512 bytes; with the longest name, so many A records fit. */
const ADDRESSES_MAX = 14;

const NOERROR = 0;
const SERVFAIL = 2;
const NXDOMAIN = 3;
const NOTIMP = 4;

/** Names and their addresses; null: there is no such name. */
export type HostsTable = Record<string, string | string[] | null>;

interface Answer {
  rcode: number;
  addresses: string[];
  /** Seconds. */
  ttl: number;
}

export class DnsForwarder {
  private readonly hosts = new Map<string, Answer>();
  private readonly resolver: Resolver | null = null;
  private readonly pending = new Map<string, Promise<Answer>>();

  /**
   * @param hosts names that are answered from the table
   * @param upstream a server to ask ("127.0.0.1:5353") in place of this machine's resolver
   * @throws Error when the table or the upstream is wrong
   */
  constructor(
    private readonly ctx: Context,
    ground: Ground,
    hosts: HostsTable,
    upstream: string | undefined,
  ) {
    for (const [name, value] of Object.entries(hosts)) {
      const addresses = value === null ? [] : [value].flat();
      const wrong = addresses.find((text) => ipaddrAton(text) < 0);
      if (wrong !== undefined) throw new Error(`hosts table: ${name}: ${wrong} is no IPv4 address`);
      const rcode = value === null ? NXDOMAIN : NOERROR;
      this.hosts.set(name.toLowerCase().replace(/\.$/, ''), { rcode, addresses, ttl: TTL });
    }
    if (upstream !== undefined) {
      this.resolver = new Resolver({ timeout: 2000, tries: 2 });
      this.resolver.setServers([upstream]);
    }
    const server = new DnsServer(ground, {
      lookup: (q) => {
        server.takeLog();
        return this.lookup(q);
      },
    });
  }

  close(): void {
    this.resolver?.cancel();
  }

  private async lookup(q: DnsQuestion): Promise<DnsLookupResult> {
    if (q.class !== 1 || (q.type !== TYPE_A && q.type !== TYPE_AAAA)) return { answers: [], rcode: NOTIMP };
    const { rcode, addresses, ttl } = await this.answer(q.name.toLowerCase());
    // A name that has IPv4 addresses exists for other types, too: no error, and no records.
    const data = q.type === TYPE_A ? addresses.slice(0, ADDRESSES_MAX) : [];
    return { answers: data.map((address) => ({ name: q.name, type: TYPE_A, ttl, data: address })), rcode };
  }

  private async answer(name: string): Promise<Answer> {
    const known = this.hosts.get(name);
    if (known) return known;
    if (name === '' || isIP(name)) return { rcode: NXDOMAIN, addresses: [], ttl: 0 };
    // The board asks again while it waits: the resolver is asked once.
    let pending = this.pending.get(name);
    if (!pending) {
      if (this.pending.size >= PENDING_MAX) return { rcode: SERVFAIL, addresses: [], ttl: 0 };
      pending = this.resolve(name).finally(() => this.pending.delete(name));
      this.pending.set(name, pending);
    }
    return pending;
  }

  private resolve(name: string): Promise<Answer> {
    return new Promise((done) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        if (error.code === 'ENOTFOUND') return done({ rcode: NXDOMAIN, addresses: [], ttl: 0 });
        // The name exists, without an address of this family.
        if (error.code === 'ENODATA') return done({ rcode: NOERROR, addresses: [], ttl: 0 });
        if (!this.ctx.closed) this.ctx.log(`name ${JSON.stringify(name)}: ${errorText(error)}`);
        done({ rcode: SERVFAIL, addresses: [], ttl: 0 });
      };
      const found = (texts: string[], ttl: number): void => {
        done({ rcode: NOERROR, addresses: [...new Set(texts.map((text) => this.seenByBoard(text)))], ttl });
      };
      if (this.resolver) {
        this.resolver.resolve4(name, { ttl: true }, (error, records) => {
          if (error) return failed(error);
          found(
            records.map((r) => r.address),
            Math.min(...records.map((r) => r.ttl)),
          );
        });
        return;
      }
      lookup(name, { all: true }, (error, all) => {
        if (error) return failed(error);
        found(
          all.filter((a) => a.family === 4).map((a) => a.address),
          TTL,
        );
      });
    });
  }

  /** This machine's loopback is, for the board, the gateway. */
  private seenByBoard(address: string): string {
    return /^(127\.|0\.0\.0\.0$)/.test(address) ? ipaddrNtoa(this.ctx.netif.ipAddr) : address;
  }
}
