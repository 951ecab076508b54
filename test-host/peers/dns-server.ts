// A small DNS server on any Ground: a zone in memory, or any lookup function (a forwarder's, which may take its
// time), and a hook by which a test changes, drops, repeats or forges answers.

import {
  TYPE_A,
  TYPE_CNAME,
  decodeDns,
  encodeDns,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
} from './dns-messages.js';
import type { Datagram, Ground } from './ground.js';

export interface DnsLookupResult {
  answers: DnsRecord[];
  /** 0 no error, 2 server failure, 3 no such name, 5 refused. */
  rcode?: number;
}

export interface DnsServerConfig {
  /** Addresses and aliases by name: "10.0.0.5" or "cname:other.example". */
  zone?: Record<string, string | string[]>;
  /** Seconds for records of the zone. */
  ttl?: number;
  /** Whether an alias of the zone is followed in the same answer (default true). */
  followAliases?: boolean;
  /** Asked instead of the zone. */
  lookup?: ((q: DnsQuestion) => DnsLookupResult | Promise<DnsLookupResult>) | null;
  /** As in DhcpServerConfig: what it returns is sent instead of the answer. */
  script?:
    ((query: DnsMessage, answer: DnsMessage, d: Datagram) => (DnsMessage | Uint8Array)[] | undefined) | null;
}

export interface DnsLogEntry {
  name: string;
  type: number;
  id: number;
  src: string;
  srcPort: number;
}

export class DnsServer {
  readonly log: DnsLogEntry[] = [];
  /** Answers nothing while set. */
  silent = false;

  constructor(
    readonly ground: Ground,
    readonly config: DnsServerConfig,
  ) {
    ground.serve(53, (d) => this.receive(d));
  }

  takeLog(): DnsLogEntry[] {
    return this.log.splice(0);
  }

  private receive(d: Datagram): void {
    let query: DnsMessage;
    try {
      query = decodeDns(d.data);
    } catch {
      return;
    }
    if (query.response || query.questions.length !== 1) return;
    const q = query.questions[0]!;
    this.log.push({ name: q.name, type: q.type, id: query.id, src: d.src, srcPort: d.srcPort });
    if (this.silent) return;
    const found = (this.config.lookup ?? ((x) => this.fromZone(x)))(q);
    if (found instanceof Promise) {
      void found.then(
        (r) => this.answer(query, r, d),
        () => this.answer(query, { answers: [], rcode: 2 }, d),
      );
    } else this.answer(query, found, d);
  }

  private answer(query: DnsMessage, r: DnsLookupResult, d: Datagram): void {
    const answer: DnsMessage = {
      id: query.id,
      response: true,
      recursionDesired: query.recursionDesired ?? false,
      recursionAvailable: true,
      rcode: r.rcode ?? 0,
      questions: query.questions,
      answers: r.answers,
    };
    const out = this.config.script?.(query, answer, d) ?? [answer];
    for (const m of out) {
      this.ground.send(53, d.src, d.srcPort, m instanceof Uint8Array ? m : encodeDns(m));
    }
  }

  private fromZone(q: DnsQuestion): DnsLookupResult {
    const zone = this.config.zone ?? {};
    const answers: DnsRecord[] = [];
    let name = q.name.toLowerCase();
    let known = false;
    for (let hops = 0; hops < 20; hops++) {
      const entry = zone[name];
      if (entry === undefined) break;
      known = true;
      const values = Array.isArray(entry) ? entry : [entry];
      const alias = values.find((v) => v.startsWith('cname:'))?.slice(6);
      if (alias === undefined) {
        if (q.type === TYPE_A) for (const v of values) answers.push(this.record(name, TYPE_A, v));
        return { answers };
      }
      answers.push(this.record(name, TYPE_CNAME, alias));
      if (this.config.followAliases === false) return { answers };
      name = alias.toLowerCase();
    }
    return { answers, rcode: known ? 0 : 3 };
  }

  private record(name: string, type: number, data: string): DnsRecord {
    return { name, type, ttl: this.config.ttl ?? 300, data };
  }
}
