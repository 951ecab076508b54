// DNS resolver (RFC 1034, 1035, 5452): whom to ask, how often, and a cache. A table entry is first a query, with a
// UDP PCB of its own, and then the cached answer until its TTL is over. Each has one time-out.
// Negative answers are not cached (RFC 2308, 5 allows it): in so small a table each would displace a good one.

import { tcpipAssert } from '../core/context.js';
import { ERR_ARG, ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../core/err.js';
import {
  IP_ADDR_ANY,
  IP_ADDR_LOOPBACK,
  ipAddrEq,
  ipAddrIsAny,
  ipaddrAton,
  type IpAddr,
} from '../core/ipaddr.js';
import { DNS_EXTRAS, DNS_LOCAL_HOSTLIST, LWIP_ASSERT_CORE_LOCKED, LWIP_NETIF_LOOPBACK } from '../core/opt.js';
import { PBUF_RAM, PBUF_UDP, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import { pbufBytes } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { CACHEHIT, ERR, RECV, STAT_DNS, statDrop, statInc, XMIT } from '../core/stats.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { udpBind, udpErr, udpNew, udpRecv, udpRemove, udpSendto, type UdpPcb } from '../udp/udp.js';
import {
  DNS_ALIAS,
  DNS_FAILED,
  DNS_FOUND,
  DNS_MISMATCH,
  DNS_PORT,
  dnsParse,
  dnsQuery,
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
  const local =
    DNS_LOCAL_HOSTLIST && LWIP_NETIF_LOOPBACK ? [{ name: 'localhost', addr: IP_ADDR_LOOPBACK }] : [];
  stack.dns = { local, preferred: 0, servers: [], table: [] };
}

/**
 * Sets a server. DHCP sets those that it is told, from 0 on.
 * @param i 0 to DNS_MAX_SERVERS - 1; others are ignored
 * @param addr IP_ADDR_ANY removes it
 */
export function dnsSetserver(stack: Stack, i: number, addr: IpAddr): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'dnsSetserver');
  if (i < 0 || i >= stack.opt.DNS_MAX_SERVERS) return;
  const servers = stack.dns.servers;
  while (servers.length <= i) servers.push(IP_ADDR_ANY);
  if (ipAddrEq(servers[i]!, addr)) return;
  servers[i] = addr;
  if (DNS_EXTRAS) stack.dns.preferred = 0;
}

/** The server at index `i`, or IP_ADDR_ANY. */
export function dnsGetserver(stack: Stack, i: number): IpAddr {
  return stack.dns.servers[i] || IP_ADDR_ANY;
}

/** Adds a host that is found without a server. @returns ERR_OK, or ERR_ARG when `name` cannot be a host's name or without DNS_LOCAL_HOSTLIST */
export function dnsLocalAddhost(stack: Stack, name: string, addr: IpAddr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'dnsLocalAddhost');
  const n = canonical(stack, name);
  if (!DNS_LOCAL_HOSTLIST || n === null) return ERR_ARG;
  dnsLocalRemovehost(stack, n);
  stack.dns.local.push({ name: n, addr });
  return ERR_OK;
}

/** Takes back what dnsLocalAddhost() added. @returns whether there was such a host */
export function dnsLocalRemovehost(stack: Stack, name: string): boolean {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'dnsLocalRemovehost');
  const local = stack.dns.local;
  const n = canonical(stack, name);
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
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'dnsGethostbyname');
  const dns = stack.dns;
  const table = dns.table;
  const n = canonical(stack, name);
  if (n === null) return ERR_ARG;
  // -1 while not known.
  let addr: IpAddr = ipaddrAton(n);
  if (DNS_LOCAL_HOSTLIST) {
    for (let i = 0; i < dns.local.length; i++) if (dns.local[i]!.name === n) addr = dns.local[i]!.addr;
  }
  const caller: DnsCaller = { name, found, arg };
  let victim: DnsEntry | null = null;
  for (let i = table.length; addr === -1 && --i >= 0;) {
    const e = table[i]!;
    if (e.name !== n) {
      if (!e.pcb) victim = e;
    } else if (e.pcb) {
      if (e.callers.length >= stack.opt.DNS_MAX_REQUESTS) return ERR_MEM;
      e.callers.push(caller);
      return ERR_INPROGRESS;
    } else {
      table.splice(i, 1);
      table.push(e);
      addr = e.addr;
      statInc(stack, STAT_DNS + CACHEHIT);
    }
  }
  if (addr !== -1) {
    out.addr = addr;
    return ERR_OK;
  }
  if (table.length >= stack.opt.DNS_TABLE_SIZE) {
    if (!victim) return ERR_MEM;
    forget(victim);
  }
  const pcb = udpNew(stack);
  if (!pcb) return ERR_MEM;
  const e: DnsEntry = {
    stack,
    qname: n,
    depth: 0,
    serversLeft: 0,
    server: 0,
    serverAddr: IP_ADDR_ANY,
    id: 0,
    tries: 0,
    ttl: DNS_MAX_TTL,
    callers: [caller],
    addr,
    pcb,
    name: n,
  };
  udpRecv(pcb, dnsRecv, e);
  if (DNS_EXTRAS) udpErr(pcb, dnsUnreachable, e);
  table.push(e);
  const err = begin(e);
  if (err === ERR_OK) return ERR_INPROGRESS;
  forget(e);
  return err;
}

/**
 * The caller of dnsGethostbyname() no longer wants to be told. A query goes on, for the cache.
 * @returns whether there was such a caller
 */
export function dnsCancel<T>(stack: Stack, found: DnsFound<T>, arg: T): boolean {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'dnsCancel');
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
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'dnsFlush');
  const table = stack.dns.table;
  for (let i = table.length - 1; i >= 0; i--) if (!table[i]!.pcb) forget(table[i]!);
}

/** A name as it is looked up, or null when it cannot be a host's name (RFC 1035, 2.3.4; RFC 1123, 2.1). */
function canonical(stack: Stack, name: string): string | null {
  if (typeof name !== 'string') return null;
  const n = name.toLowerCase().replace(/\.$/, '');
  const labels = n.split('.');
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]!.length > 63 || !/^[!-[\]-~]+$/.test(labels[i]!)) return null;
  }
  return n.length > stack.opt.DNS_MAX_NAME_LENGTH ? null : n;
}

/** Asks for `e.qname`, all servers anew. */
function begin(e: DnsEntry): Err {
  const dns = e.stack.dns;
  e.serversLeft = dns.servers.length + 1;
  e.server = DNS_EXTRAS ? dns.preferred - 1 : -1;
  return nextServer(e);
}

/** Turns to the next server. @returns ERR_OK, ERR_VAL when all have been asked, ERR_MEM without a time-out */
function nextServer(e: DnsEntry): Err {
  const stack = e.stack;
  const servers = stack.dns.servers;
  do {
    if (--e.serversLeft < 1) return ERR_VAL;
    e.server = (e.server + 1) % servers.length;
    e.serverAddr = servers[e.server]!;
  } while (ipAddrIsAny(e.serverAddr));
  // RFC 5452, 9.2: each query has an id and a source port that cannot be guessed. Where the port is another's, the
  // PCB keeps the one it had, or gets a random one when it sends.
  udpBind(e.pcb!, IP_ADDR_ANY, 1024 + (stack.random16() % 64512));
  e.id = stack.random16();
  e.tries = 0;
  return ask(e);
}

/** Sends the question, and waits longer after each time. What cannot be sent now may be the next time. */
function ask(e: DnsEntry): Err {
  const stack = e.stack;
  const err = sleep(e, ++e.tries);
  if (err !== ERR_OK) return err;
  const bytes = dnsQuery(e.id, e.qname);
  const p = pbufAlloc(stack, PBUF_UDP, bytes.length, PBUF_RAM);
  if (p) {
    p.payload.set(bytes, p.off);
    if (udpSendto(e.pcb!, p, e.serverAddr, DNS_PORT) === ERR_OK) statInc(stack, STAT_DNS + XMIT);
    pbufFree(p);
  }
  return ERR_OK;
}

/** Sets the entry's time-out. */
function sleep(e: DnsEntry, seconds: number): Err {
  const stack = e.stack;
  sysUntimeout(stack, dnsTimer, e);
  return sysTimeout(stack, seconds * 1000, dnsTimer, e);
}

function dnsTimer(e: DnsEntry): void {
  if (!e.pcb) forget(e);
  else if ((e.tries < e.stack.opt.DNS_MAX_RETRIES ? ask(e) : nextServer(e)) !== ERR_OK) finish(e, null);
}

function dnsRecv(e: DnsEntry, pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number): void {
  const stack = pcb.stack;
  const r: DnsReader = { name: '', addr: 0, ttl: e.ttl, bytes: pbufBytes(p), at: 0 };
  let outcome = DNS_MISMATCH;
  let err: Err = ERR_VAL;
  pbufFree(p);
  statInc(stack, STAT_DNS + RECV);
  if (port === DNS_PORT && ipAddrEq(addr, e.serverAddr)) outcome = dnsParse(r, e.id, e.qname);
  // What does not fit does not end the query: the true answer may still come (RFC 5452, 9.1).
  if (outcome > DNS_FAILED) return statDrop(stack, STAT_DNS, outcome);
  if (outcome === DNS_FAILED) err = nextServer(e);
  else {
    if (DNS_EXTRAS) stack.dns.preferred = e.server;
    e.ttl = r.ttl;
    if (outcome === DNS_FOUND) return finish(e, r.addr);
    if (
      DNS_EXTRAS &&
      outcome === DNS_ALIAS &&
      ++e.depth <= DNS_MAX_DEPTH &&
      canonical(stack, r.name) === r.name
    ) {
      e.qname = r.name;
      err = begin(e);
    }
  }
  if (err !== ERR_OK) finish(e, null);
}

/** The server's host has no resolver running: go on at once, where there is another to ask. */
function dnsUnreachable(e: DnsEntry): void {
  if (e.serversLeft > 1 && nextServer(e) !== ERR_OK) finish(e, null);
}

/** Ends a query and tells its callers. */
function finish(e: DnsEntry, addr: IpAddr | null): void {
  const callers = e.callers;
  e.callers = [];
  udpRemove(e.pcb!);
  e.pcb = null;
  if (addr === null) statInc(e.stack, STAT_DNS + ERR);
  else e.addr = addr;
  // RFC 1035, 3.2.1: TTL 0 is for this transaction only.
  if (addr === null || !e.ttl || sleep(e, e.ttl) !== ERR_OK) forget(e);
  for (let i = 0; i < callers.length; i++) {
    const c = callers[i]!;
    (c.found as DnsFound<unknown>)(c.name, addr, c.arg);
  }
}

/** Takes an entry out of the table. */
function forget(e: DnsEntry): void {
  const table = e.stack.dns.table;
  table.splice(table.indexOf(e), 1);
  sysUntimeout(e.stack, dnsTimer, e);
  if (e.pcb) udpRemove(e.pcb);
}
