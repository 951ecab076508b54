// DNS messages: what the bytes mean (RFC 1035, 4.1). Writes questions and finds the address in an answer; whom to
// ask and what to do with the outcome is dns.ts's.

import { get16, get32, put16 } from '../core/bytes.js';

export const DNS_PORT = 53;

export const DNS_TYPE_A = 1;
export const DNS_TYPE_CNAME = 5;
const DNS_CLASS_IN = 1;

// Header: id, flags, and the numbers of questions, answers, authority and additional records.
const HDR_FLAGS = 2;
const HDR_QDCOUNT = 4;
const HDR_ANCOUNT = 6;
export const DNS_HLEN = 12;

const FLAG_QR = 0x8000;
const FLAG_OPCODE = 0x7800;
const FLAG_AA = 0x0400;
const FLAG_TC = 0x0200;
const FLAG_RD = 0x0100;
const FLAG_RA = 0x0080;
const FLAG_RCODE = 0x000f;

const RCODE_NXDOMAIN = 3;

/** Aliases that are followed inside one answer. */
const MAX_ALIASES = 8;
/** RFC 2181, 8: a TTL has 31 bits; one with the top bit set counts as 0. */
const TTL_MAX = 0x7fffffff;

// What dnsParse() finds.
/** An address: reader.addr, reader.ttl. */
export const DNS_FOUND = 0;
/** The name is an alias, and the answer does not hold the address of what it stands for: reader.name. */
export const DNS_ALIAS = 1;
/** There is no such name, or it has no address. */
export const DNS_NONE = 2;
/** The server cannot or will not tell. */
export const DNS_FAILED = 3;
/** Not an answer to this question. */
export const DNS_MISMATCH = 4;
/** The bytes make no sense. */
export const DNS_MALFORMED = 5;

export interface DnsReader {
  /** The canonical name found so far, lower case. */
  name: string;
  addr: number;
  /** Seconds: the least along the chain of aliases. */
  ttl: number;
  /** Where the message begins. */
  start: number;
  /** Where it ends. */
  end: number;
  bytes: Uint8Array;
  /** What is read next. */
  at: number;
}

/**
 * Writes a question.
 * @param b filled from `at` on: DNS_HLEN + name.length + 6 bytes
 * @param name labels separated by dots, without a dot at the end
 */
export function dnsWriteQuery(b: Uint8Array, at: number, id: number, name: string, type: number): void {
  put16(b, at, id);
  put16(b, at + HDR_FLAGS, FLAG_RD);
  put16(b, at + HDR_QDCOUNT, 1);
  for (let i = HDR_ANCOUNT; i < DNS_HLEN; i++) b[at + i] = 0;
  at += DNS_HLEN;
  let label = at++;
  const n = name.length;
  for (let i = 0; i < n; i++) {
    const c = name.charCodeAt(i);
    if (c === 0x2e) {
      b[label] = at - label - 1;
      label = at++;
    } else b[at++] = c;
  }
  b[label] = at - label - 1;
  b[at] = 0;
  put16(b, at + 1, type);
  put16(b, at + 3, DNS_CLASS_IN);
}

/**
 * Reads a name, following compression (RFC 1035, 4.1.4), and moves `r.at` past it.
 * @returns it in lower case, labels separated by dots; a dot or backslash inside a label is escaped, so that no
 *   name that can be asked for equals it. null: malformed
 */
export function dnsReadName(r: DnsReader): string | null {
  const b = r.bytes;
  let at = r.at;
  let from = at;
  let jumped = false;
  let octets = 0;
  let name = '';
  while (at < r.end) {
    const len = b[at++]!;
    if (len >= 0xc0) {
      // RFC 1035, 4.1.4: a pointer leads to a prior occurrence. Each must lead further back than the one before,
      // so there can be no loop.
      const to = r.start + (((len & 0x3f) << 8) | b[at++]!);
      if (!jumped) r.at = at;
      jumped = true;
      if (at > r.end || to >= from) return null;
      at = from = to;
    } else {
      if (!len) {
        if (!jumped) r.at = at;
        return name;
      }
      octets += len + 1;
      const end = at + len;
      // RFC 1035, 2.3.4: 63 octets a label, 255 a name, with the root's.
      if (len > 63 || octets > 254 || end > r.end) return null;
      if (name) name += '.';
      for (; at < end; at++) {
        const c = b[at]!;
        if (c === 0x2e || c === 0x5c) name += '\\';
        name += String.fromCharCode(c > 0x40 && c < 0x5b ? c + 32 : c);
      }
    }
  }
  return null;
}

/**
 * Reads an answer.
 * @param r at the message; `ttl` holds what earlier aliases allow
 * @param id, name, type what was asked, `name` in lower case
 * @returns one of the constants above
 */
export function dnsParse(r: DnsReader, id: number, name: string, type: number): number {
  const b = r.bytes;
  const start = r.start;
  const end = r.end;
  if (start + DNS_HLEN > end) return DNS_MALFORMED;
  const flags = get16(b, start + HDR_FLAGS);
  // RFC 5452, 9.1: an answer counts only when its id and its question are the query's.
  if (
    get16(b, start) !== id ||
    (flags & (FLAG_QR | FLAG_OPCODE)) !== FLAG_QR ||
    get16(b, start + HDR_QDCOUNT) !== 1
  ) {
    return DNS_MISMATCH;
  }
  r.at = start + DNS_HLEN;
  const question = dnsReadName(r);
  const first = r.at + 4;
  if (question === null || first > end) return DNS_MALFORMED;
  if (question !== name || get16(b, r.at) !== type || get16(b, r.at + 2) !== DNS_CLASS_IN) {
    return DNS_MISMATCH;
  }
  const rcode = flags & FLAG_RCODE;
  if (rcode && rcode !== RCODE_NXDOMAIN) return DNS_FAILED;
  const count = get16(b, start + HDR_ANCOUNT);
  r.name = name;
  let hops = 0;
  // RFC 1034, 3.6.2: aliases lead from record to record. They mostly stand in order, but need not.
  for (let seen = -1; seen !== hops;) {
    seen = hops;
    r.at = first;
    for (let i = 0; i < count; i++) {
      const owner = dnsReadName(r);
      const at = r.at;
      if (owner === null || at + 10 > end) return cutOff(flags);
      const rdata = at + 10;
      const length = get16(b, at + 8);
      if (rdata + length > end) return cutOff(flags);
      if (owner === r.name && get16(b, at + 2) === DNS_CLASS_IN) {
        const rtype = get16(b, at);
        let ttl = get32(b, at + 4);
        if (ttl > TTL_MAX) ttl = 0;
        if (rtype === type && length === 4) {
          if (ttl < r.ttl) r.ttl = ttl;
          r.addr = get32(b, rdata);
          return DNS_FOUND;
        }
        if (rtype === DNS_TYPE_CNAME) {
          r.at = rdata;
          const target = dnsReadName(r);
          if (target === null || r.at !== rdata + length) return DNS_MALFORMED;
          if (ttl < r.ttl) r.ttl = ttl;
          r.name = target;
          if (++hops > MAX_ALIASES) return DNS_NONE;
        }
      }
      r.at = rdata + length;
    }
  }
  // RFC 2181, 9: a truncated answer without the address says nothing about what was left out.
  if (flags & FLAG_TC) return DNS_FAILED;
  // RFC 6604, 3: NXDOMAIN is said of the last name of the chain.
  if (rcode) return DNS_NONE;
  if (hops) return DNS_ALIAS;
  // Neither recursion nor authority: a referral or a server that does not know us.
  return flags & (FLAG_RA | FLAG_AA) ? DNS_NONE : DNS_FAILED;
}

function cutOff(flags: number): number {
  return flags & FLAG_TC ? DNS_FAILED : DNS_MALFORMED;
}
