// DNS messages: what the bytes mean (RFC 1035, 4.1). Writes questions and finds the address in an answer; whom to
// ask and what to do with the outcome is dns.ts's.

import { load16, load32 } from '../core/bytes.js';
import { LENERR, PROTERR } from '../core/stats.js';

export const DNS_PORT = 53;

const TYPE_A = 1;
const TYPE_CNAME = 5;
const CLASS_IN = 1;

// Header: id, flags, and the numbers of questions, answers, authority and additional records.
const HDR_FLAGS = 2;
const HDR_QDCOUNT = 4;
const HDR_ANCOUNT = 6;
const HLEN = 12;

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

// What dnsParse() finds. The last two are the fields of the statistics that count them.
/** An address: reader.addr, reader.ttl. */
export const DNS_FOUND = 0;
/** The name is an alias, and the answer does not hold the address of what it stands for: reader.name. */
export const DNS_ALIAS = 1;
/** There is no such name, or it has no address. */
export const DNS_NONE = 2;
/** The server cannot or will not tell. */
export const DNS_FAILED = 3;
/** The bytes make no sense. */
export const DNS_MALFORMED = LENERR;
/** Not an answer to this question. */
export const DNS_MISMATCH = PROTERR;

export interface DnsReader {
  /** The canonical name found so far, lower case. */
  name: string;
  addr: number;
  /** Seconds: the least along the chain of aliases. */
  ttl: number;
  /** The message. */
  bytes: Uint8Array;
  /** What is read next. */
  at: number;
}

/**
 * A question.
 * @param name labels separated by dots, without a dot at the end
 * @returns the message's bytes
 */
export function dnsQuery(id: number, name: string): number[] {
  const q = [id >> 8, id & 0xff, FLAG_RD >> 8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
  let label = HLEN;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c === 0x2e) label = q.push(0) - 1;
    else {
      q.push(c);
      q[label]!++;
    }
  }
  q.push(0, 0, TYPE_A, 0, CLASS_IN);
  return q;
}

/**
 * Reads a name, following compression (RFC 1035, 4.1.4), and moves `r.at` past it.
 * @returns it in lower case, labels separated by dots; a dot inside a label becomes a backslash, so that no name that
 *   can be asked for equals it. null: malformed
 */
export function dnsReadName(r: DnsReader): string | null {
  const b = r.bytes;
  let at = r.at;
  let from = at;
  let after = 0;
  let name = '';
  for (;;) {
    // Past the end this is undefined, and fits none of the cases but the last.
    const len = b[at++]!;
    if (len >= 0xc0) {
      const to = ((len & 0x3f) << 8) | b[at++]!;
      if (!after) after = at;
      // RFC 1035, 4.1.4: a pointer leads to a prior occurrence. Each must lead further back than the one before,
      // so there can be no loop.
      if (at > b.length || to >= from) return null;
      at = from = to;
    } else if (len === 0) {
      r.at = after || at;
      return name.toLowerCase();
    } else if (len < 64 && at + len <= b.length) {
      if (name) name += '.';
      for (const end = at + len; at < end; at++) name += String.fromCharCode(b[at] === 0x2e ? 0x5c : b[at]!);
      // RFC 1035, 2.3.4: 255 octets a name, with a length for each label and the root's.
      if (name.length > 253) return null;
    } else return null;
  }
}

/**
 * Reads an answer. Fields past the end of the message read as 0.
 * @param r at the message; `ttl` holds what earlier aliases allow
 * @param id, name what was asked, `name` in lower case
 * @returns one of the constants above
 */
export function dnsParse(r: DnsReader, id: number, name: string): number {
  const b = r.bytes;
  const flags = load16(b, HDR_FLAGS);
  // RFC 5452, 9.1: an answer counts only when its id and its question are the query's.
  if (load16(b, 0) !== id || (flags & (FLAG_QR | FLAG_OPCODE)) !== FLAG_QR || load16(b, HDR_QDCOUNT) !== 1) {
    return DNS_MISMATCH;
  }
  r.at = HLEN;
  const question = dnsReadName(r);
  const first = r.at + 4;
  if (question === null || first > b.length) return DNS_MALFORMED;
  if (question !== name || load32(b, r.at) !== ((TYPE_A << 16) | CLASS_IN)) return DNS_MISMATCH;
  const rcode = flags & FLAG_RCODE;
  if (rcode && rcode !== RCODE_NXDOMAIN) return DNS_FAILED;
  r.name = name;
  let hops = 0;
  // RFC 1034, 3.6.2: aliases lead from record to record. They mostly stand in order, but need not.
  for (let seen = -1; seen < hops;) {
    seen = hops;
    r.at = first;
    for (let left = load16(b, HDR_ANCOUNT); left > 0; left--) {
      const owner = dnsReadName(r);
      const at = r.at;
      const rdata = at + 10;
      const length = load16(b, at + 8);
      r.at = rdata + length;
      // RFC 2181, 9: a truncated answer without the address says nothing about what was left out.
      if (owner === null || r.at > b.length) return flags & FLAG_TC ? DNS_FAILED : DNS_MALFORMED;
      if (owner !== r.name || load16(b, at + 2) !== CLASS_IN) continue;
      const type = load16(b, at);
      if (type !== TYPE_CNAME && (type !== TYPE_A || length !== 4)) continue;
      // RFC 2181, 8: a TTL has 31 bits; one with the top bit set counts as 0.
      r.ttl = Math.min(r.ttl, Math.max(0, load32(b, at + 4) | 0));
      if (type === TYPE_A) {
        r.addr = load32(b, rdata);
        return DNS_FOUND;
      }
      r.at = rdata;
      const target = dnsReadName(r);
      if (target === null || r.at !== rdata + length) return DNS_MALFORMED;
      r.name = target;
      if (++hops > MAX_ALIASES) return DNS_NONE;
    }
  }
  if (flags & FLAG_TC) return DNS_FAILED;
  // RFC 6604, 3: NXDOMAIN is said of the last name of the chain.
  if (rcode) return DNS_NONE;
  if (hops) return DNS_ALIAS;
  // Neither recursion nor authority: a referral or a server that does not know us.
  return flags & (FLAG_RA | FLAG_AA) ? DNS_NONE : DNS_FAILED;
}
