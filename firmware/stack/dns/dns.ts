// DNS resolver (RFC 1034, 1035, 5452): whom to ask, how often, and a cache. A table entry is first a query, with a
// UDP PCB of its own, and then the cached answer until its TTL is over. One time-out serves all entries.
// Negative answers are not cached (RFC 2308, 5 allows it): in so small a table each would displace a good one.

import { ERR_ARG, ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../core/err.js';
import {
  IP_ADDR_ANY,
  IP_ADDR_LOOPBACK,
  ipAddrEq,
  ipAddrIsAny,
  ipaddrAton,
  type IpAddr,
} from '../core/ipaddr.js';
import { LWIP_NETIF_LOOPBACK } from '../core/opt.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import { pbufBytes } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import {
  CACHEHIT,
  ERR,
  LENERR,
  MEMERR,
  PROTERR,
  RECV,
  STAT_DNS,
  statDrop,
  statInc,
  XMIT,
} from '../core/stats.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { udpBind, udpErr, udpNew, udpRecv, udpRemove, udpSendto, type UdpPcb } from '../udp/udp.js';
import {
  DNS_ALIAS,
  DNS_FAILED,
  DNS_FOUND,
  DNS_HLEN,
  DNS_MALFORMED,
  DNS_MISMATCH,
  DNS_PORT,
  DNS_TYPE_A,
  dnsParse,
  dnsWriteQuery,
  type DnsReader,
} from './dns_wire.js';

/** Seconds an answer is kept at most (RFC 1035, 7.3: a week at most is sensible). */
const DNS_MAX_TTL = 604800;
/** Answers that may say "ask for another name" in a row. */
const DNS_MAX_DEPTH = 4;

/**
 * Tells the outcome of dnsGethostbyname().
 * @param name as the caller gave it
 * @param ipaddr null when the name has no address or no server answered
 */
export type DnsFound<T> = (name: string, ipaddr: IpAddr | null, arg: T) => void;

interface DnsCaller {
  name: string;
  found: DnsFound<never>;
  arg: unknown;
}

interface DnsEntry {
  stack: Stack;
  type: number;
  /** The name that is being asked for: another than `name` after an alias. */
  qname: string;
  /** Aliases followed by asking anew. */
  depth: number;
  /** Servers not asked yet, the present one included. */
  serversLeft: number;
  /** Index of the present server, and its address. */
  server: number;
  serverAddr: IpAddr;
  id: number;
  tries: number;
  /** Seconds: what the aliases so far allow. */
  ttl: number;
  callers: DnsCaller[];
  addr: IpAddr;
  /** Clock value at which to ask again, or at which the answer expires. */
  due: number;
  /** Not null: a query. */
  pcb: UdpPcb | null;
  /** Lower case, no dot at the end. */
  name: string;
}

export interface DnsState {
  /** Hosts that need no server. */
  local: { name: string; addr: IpAddr }[];
  /** Index of the server that answered last: it is asked first. */
  preferred: number;
  servers: IpAddr[];
  /** In order of use, the least recently used first. */
  table: DnsEntry[];
}

export function dnsInit(stack: Stack): void {
  // RFC 6761, 6.3: localhost is never asked of a server.
  const local = LWIP_NETIF_LOOPBACK ? [{ name: 'localhost', addr: IP_ADDR_LOOPBACK }] : [];
  stack.dns = { local, preferred: 0, servers: [], table: [] };
}

/**
 * Sets a server. DHCP sets those that it is told, from 0 on.
 * @param i 0 to DNS_MAX_SERVERS - 1; others are ignored
 * @param addr IP_ADDR_ANY removes it
 */
export function dnsSetserver(stack: Stack, i: number, addr: IpAddr): void {
  if (i < 0 || i >= stack.opt.DNS_MAX_SERVERS) return;
  const servers = stack.dns.servers;
  while (servers.length <= i) servers.push(IP_ADDR_ANY);
  if (ipAddrEq(servers[i]!, addr)) return;
  servers[i] = addr;
  stack.dns.preferred = 0;
}

/** The server at index `i`, or IP_ADDR_ANY. */
export function dnsGetserver(stack: Stack, i: number): IpAddr {
  return stack.dns.servers[i] || IP_ADDR_ANY;
}

/** Adds a host that is found without a server. @returns ERR_OK, or ERR_ARG when `name` cannot be a host's name */
export function dnsLocalAddhost(stack: Stack, name: string, addr: IpAddr): Err {
  const n = canonical(stack, name);
  if (n === null) return ERR_ARG;
  dnsLocalRemovehost(stack, n);
  stack.dns.local.push({ name: n, addr });
  return ERR_OK;
}

/** Takes back what dnsLocalAddhost() added. @returns whether there was such a host */
export function dnsLocalRemovehost(stack: Stack, name: string): boolean {
  const n = canonical(stack, name);
  const local = stack.dns.local;
  for (let i = 0; i < local.length; i++) {
    if (local[i]!.name === n) {
      local.splice(i, 1);
      return true;
    }
  }
  return false;
}

/**
 * Finds the IPv4 address of a host.
 * @param name host name, with or without a dot at the end, or dotted decimal
 * @param out receives the address when it is known at once
 * @param found called once, later, when the result is ERR_INPROGRESS; never from within this call
 * @returns ERR_OK (see `out`), ERR_INPROGRESS, ERR_MEM (table, waiting callers, PCBs or time-outs exhausted),
 *   ERR_ARG (no valid name), ERR_VAL (no server is set)
 */
export function dnsGethostbyname<T>(
  stack: Stack,
  name: string,
  out: { addr: IpAddr },
  found: DnsFound<T>,
  arg: T,
): Err {
  const dns = stack.dns;
  const table = dns.table;
  const n = canonical(stack, name);
  if (n === null) return ERR_ARG;
  const literal = ipaddrAton(n);
  if (literal >= 0) {
    out.addr = literal;
    return ERR_OK;
  }
  for (let i = 0; i < dns.local.length; i++) {
    if (dns.local[i]!.name === n) {
      out.addr = dns.local[i]!.addr;
      return ERR_OK;
    }
  }
  const caller: DnsCaller = { name, found, arg };
  let victim = -1;
  for (let i = table.length - 1; i >= 0; i--) {
    const e = table[i]!;
    if (!e.pcb) {
      victim = i;
      if (e.name === n && ((e.due - stack.clock()) | 0) > 0) {
        table.splice(i, 1);
        table.push(e);
        out.addr = e.addr;
        statInc(stack, STAT_DNS + CACHEHIT);
        return ERR_OK;
      }
    } else if (e.name === n) {
      if (e.callers.length >= stack.opt.DNS_MAX_REQUESTS) return noMemory(stack);
      e.callers.push(caller);
      return ERR_INPROGRESS;
    }
  }
  const e: DnsEntry = {
    stack,
    type: DNS_TYPE_A,
    qname: n,
    depth: 0,
    serversLeft: 0,
    server: 0,
    serverAddr: IP_ADDR_ANY,
    id: 0,
    tries: 0,
    ttl: DNS_MAX_TTL,
    callers: [caller],
    addr: IP_ADDR_ANY,
    due: 0,
    pcb: null,
    name: n,
  };
  if (table.length >= stack.opt.DNS_TABLE_SIZE) {
    if (victim < 0) return noMemory(stack);
    table.splice(victim, 1);
  }
  table.push(e);
  let err = begin(e);
  if (err === ERR_OK) err = arm(stack);
  if (err === ERR_OK) return ERR_INPROGRESS;
  forget(e);
  return err;
}

/**
 * The caller of dnsGethostbyname() no longer wants to be told. A query goes on, for the cache.
 * @returns whether there was such a caller
 */
export function dnsCancel<T>(stack: Stack, found: DnsFound<T>, arg: T): boolean {
  const table = stack.dns.table;
  for (let i = 0; i < table.length; i++) {
    const callers = table[i]!.callers;
    for (let j = 0; j < callers.length; j++) {
      if ((callers[j]!.found as unknown) === found && callers[j]!.arg === arg) {
        callers.splice(j, 1);
        return true;
      }
    }
  }
  return false;
}

/** Empties the cache; queries go on. */
export function dnsFlush(stack: Stack): void {
  const table = stack.dns.table;
  for (let i = table.length - 1; i >= 0; i--) if (!table[i]!.pcb) table.splice(i, 1);
  arm(stack);
}

/** A name as it is looked up, or null when it cannot be a host's name (RFC 1035, 2.3.4; RFC 1123, 2.1). */
function canonical(stack: Stack, name: string): string | null {
  if (typeof name !== 'string') return null;
  let n = name.toLowerCase();
  if (n.charAt(n.length - 1) === '.') n = n.substring(0, n.length - 1);
  if (n.length > stack.opt.DNS_MAX_NAME_LENGTH) return null;
  const labels = n.split('.');
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label.length > 63 || !/^[!-[\]-~]+$/.test(label)) return null;
  }
  return n;
}

function noMemory(stack: Stack): Err {
  statInc(stack, STAT_DNS + MEMERR);
  return ERR_MEM;
}

/** Asks for `e.qname`, all servers anew. */
function begin(e: DnsEntry): Err {
  const dns = e.stack.dns;
  e.serversLeft = dns.servers.length + 1;
  e.server = dns.preferred - 1;
  return nextServer(e);
}

/** Turns to the next server. @returns ERR_VAL when all have been asked, ERR_MEM without a PCB */
function nextServer(e: DnsEntry): Err {
  const stack = e.stack;
  const servers = stack.dns.servers;
  for (;;) {
    if (--e.serversLeft < 1) return ERR_VAL;
    e.server = (e.server + 1) % servers.length;
    e.serverAddr = servers[e.server]!;
    if (!ipAddrIsAny(e.serverAddr)) break;
  }
  // RFC 5452, 9.2: each query has an id and a source port that cannot be guessed.
  if (e.pcb) udpRemove(e.pcb);
  const pcb = (e.pcb = udpNew(stack));
  if (!pcb) return noMemory(stack);
  let i = 0;
  while (udpBind(pcb, IP_ADDR_ANY, i < 4 ? 1024 + (stack.random16() % 64512) : 0) !== ERR_OK) {
    if (++i > 4) return noMemory(stack);
  }
  udpRecv(pcb, dnsRecv, e);
  udpErr(pcb, dnsUnreachable, e);
  e.id = stack.random16();
  e.tries = 0;
  send(e);
  return ERR_OK;
}

/** Sends the question, and waits longer after each time. What cannot be sent now may be the next time. */
function send(e: DnsEntry): void {
  const stack = e.stack;
  e.due = stack.clock() + ++e.tries * 1000;
  const p = pbufAlloc(stack, PBUF_TRANSPORT, DNS_HLEN + e.qname.length + 6, PBUF_RAM);
  if (!p) {
    statInc(stack, STAT_DNS + MEMERR);
    return;
  }
  dnsWriteQuery(p.payload, p.off, e.id, e.qname, e.type);
  if (udpSendto(e.pcb!, p, e.serverAddr, DNS_PORT) === ERR_OK) statInc(stack, STAT_DNS + XMIT);
  pbufFree(p);
}

/** Sets the time-out to what is due first. */
function arm(stack: Stack): Err {
  const table = stack.dns.table;
  const now = stack.clock();
  let wait = -1;
  sysUntimeout(stack, dnsTimer, stack);
  for (let i = 0; i < table.length; i++) {
    let left = (table[i]!.due - now) | 0;
    if (left < 0) left = 0;
    if (wait < 0 || left < wait) wait = left;
  }
  return wait < 0 ? ERR_OK : sysTimeout(stack, wait, dnsTimer, stack);
}

function dnsTimer(stack: Stack): void {
  const table = stack.dns.table;
  // Callers that are told of a failure may change the table: look for the next one from the start each time.
  for (let i = 0; i < table.length; i++) {
    const e = table[i]!;
    if (((e.due - stack.clock()) | 0) > 0) continue;
    i = -1;
    if (!e.pcb) forget(e);
    else if (e.tries < stack.opt.DNS_MAX_RETRIES) send(e);
    else if (nextServer(e) !== ERR_OK) finish(e, null);
  }
  // Without a time-out nobody would ever be told: queries are given up until there is one.
  while (arm(stack) !== ERR_OK) {
    let i = table.length;
    while (--i >= 0 && !table[i]!.pcb);
    if (i < 0) return;
    finish(table[i]!, null);
  }
}

function dnsRecv(e: DnsEntry, pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number): void {
  const stack = pcb.stack;
  let outcome = DNS_MISMATCH;
  const r: DnsReader = {
    name: '',
    addr: 0,
    ttl: e.ttl,
    start: p.off,
    end: p.off + p.len,
    bytes: p.payload,
    at: 0,
  };
  statInc(stack, STAT_DNS + RECV);
  if (port === DNS_PORT && ipAddrEq(addr, e.serverAddr)) {
    if (p.next) {
      r.bytes = pbufBytes(p);
      r.start = 0;
      r.end = p.totLen;
    }
    outcome = dnsParse(r, e.id, e.qname, e.type);
  }
  pbufFree(p);
  // Neither ends the query: the true answer may still come (RFC 5452, 9.1).
  if (outcome === DNS_MISMATCH) return statDrop(stack, STAT_DNS, PROTERR);
  if (outcome === DNS_MALFORMED) return statDrop(stack, STAT_DNS, LENERR);
  if (outcome === DNS_FAILED) {
    statInc(stack, STAT_DNS + ERR);
    if (nextServer(e) !== ERR_OK) finish(e, null);
  } else {
    stack.dns.preferred = e.server;
    e.ttl = r.ttl;
    if (outcome === DNS_FOUND) finish(e, r.addr);
    else if (outcome === DNS_ALIAS && ++e.depth <= DNS_MAX_DEPTH && canonical(stack, r.name) === r.name) {
      e.qname = r.name;
      if (begin(e) !== ERR_OK) finish(e, null);
    } else finish(e, null);
  }
  arm(stack);
}

/** The server's host has no resolver running: go on at once, where there is another to ask. */
function dnsUnreachable(e: DnsEntry): void {
  if (e.serversLeft > 1 && nextServer(e) !== ERR_OK) finish(e, null);
  arm(e.stack);
}

/** Ends a query and tells its callers. */
function finish(e: DnsEntry, addr: IpAddr | null): void {
  const stack = e.stack;
  const callers = e.callers;
  e.callers = [];
  // RFC 1035, 3.2.1: TTL 0 is for this transaction only.
  if (addr === null || !e.ttl) forget(e);
  else {
    udpRemove(e.pcb!);
    e.pcb = null;
    e.addr = addr;
    e.due = stack.clock() + e.ttl * 1000;
  }
  if (addr === null) statInc(stack, STAT_DNS + ERR);
  for (let i = 0; i < callers.length; i++) {
    const c = callers[i]!;
    (c.found as DnsFound<unknown>)(c.name, addr, c.arg);
  }
}

/** Takes an entry out of the table. */
function forget(e: DnsEntry): void {
  const table = e.stack.dns.table;
  const i = table.indexOf(e);
  if (i >= 0) table.splice(i, 1);
  if (e.pcb) udpRemove(e.pcb);
  e.pcb = null;
}
