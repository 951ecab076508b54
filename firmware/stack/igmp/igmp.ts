// IGMP, version 2 (RFC 2236), with routers of version 1, and of version 3, which fall back (RFC 3376, 7.3): membership of
// multicast groups, per interface. Which PCB gets a group's datagrams is for the transports to say.

import { tcpipAssert } from '../core/context.js';
import { LWIP_ASSERT_CORE_LOCKED } from '../core/opt.js';
import { load32, store16, store32 } from '../core/bytes.js';
import { chksumBytes, chksumPbuf } from '../core/checksum.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_OK, ERR_VAL, type Err } from '../core/err.js';
import { IP_ADDR_ANY, type Ip4Addr } from '../core/ipaddr.js';
import { listWithout } from '../core/list.js';
import { MEMP_IGMP_GROUP, mempFree, mempTake } from '../core/memp.js';
import {
  NETIF_FLAG_IGMP,
  NETIF_REASON_IPV4,
  NETIF_REASON_LINK,
  NETIF_REASON_REMOVED,
  NETIF_REASON_STATUS,
  netifIsReady,
  type Netif,
} from '../core/netif.js';
import { PBUF_LINK, PBUF_RAM, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { CHKERR, LENERR, MEMERR, PROTERR, RECV, STAT_IGMP, statInc, XMIT } from '../core/stats.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { IP_PROTO_IGMP } from '../ip/ip_wire.js';
import { IP4_CHKSUM, IP4_DST, IP4_HLEN, IP4_ID, IP4_PROTO, IP4_SRC, IP4_TTL } from '../ip4/ip4_wire.js';
import {
  ALL_HOSTS,
  ALL_ROUTERS,
  IGMP_CHKSUM,
  IGMP_GROUP,
  IGMP_HLEN,
  IGMP_LEAVE,
  IGMP_MAXRESP,
  IGMP_QUERY,
  IGMP_TYPE,
  IGMP_V1_REPORT,
  IGMP_V2_REPORT,
  groupMac,
} from './igmp_wire.js';

/** Milliseconds (RFC 2236, 8.10): the time in which a new member reports once more. */
const UNSOLICITED_REPORT_INTERVAL = 10000;
/** Milliseconds (RFC 2236, 4; 8.11): answers to a router of version 1, and how long it is believed to be there. */
const V1_MAX_RESPONSE = 10000;
const V1_ROUTER_PRESENT_TIMEOUT = 400000;
/** The IP header with the option Router Alert (RFC 2113, 2.1; RFC 2236, 2). */
const HEADER = IP4_HLEN + 4;

/** A group that an interface is in. */
export interface IgmpGroup {
  netif: Netif;
  /** How many have joined. */
  use: number;
  /** A report is to be sent when the time-out comes: RFC 2236's Delaying Member. */
  delaying: boolean;
  /** Clock value of that. */
  deadline: number;
  /** This host was the last to report it (RFC 2236, 6). */
  lastReporter: boolean;
  next: IgmpGroup | null;
  addr: Ip4Addr;
}

export interface IgmpState {
  /** Clock value until which a router of version 1 is believed to be there; 0: none. */
  v1Until: number;
  groups: IgmpGroup | null;
}

export function igmpInit(stack: Stack): void {
  stack.igmp = { v1Until: 0, groups: null };
  stack.netifHooks.push(netifChanged);
}

/** The group `addr` of an interface, or null when it is not in it. */
export function igmpLookfor(netif: Netif, addr: Ip4Addr): IgmpGroup | null {
  let g = netif.stack.igmp.groups;
  while (g && (g.addr !== addr || g.netif !== netif)) g = g.next;
  return g;
}

/**
 * Joins a group on one interface; as often as it is joined it has to be left.
 * @param group 224.0.0.0 to 239.255.255.255
 * @returns ERR_OK; ERR_VAL: no group, or the interface does no multicast; ERR_MEM: MEMP_NUM_IGMP_GROUP groups are joined
 */
export function igmpJoingroupNetif(netif: Netif, group: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'igmpJoingroupNetif');
  if (group >>> 28 !== 14 || !(netif.flags & NETIF_FLAG_IGMP)) return ERR_VAL;
  let g = igmpLookfor(netif, group);
  if (g) {
    g.use++;
    return ERR_OK;
  }
  const stack = netif.stack;
  const err = mempTake(stack, MEMP_IGMP_GROUP);
  if (err !== ERR_OK) return err;
  g = {
    netif,
    use: 1,
    delaying: false,
    deadline: 0,
    lastReporter: false,
    next: stack.igmp.groups,
    addr: group,
  };
  stack.igmp.groups = g;
  filter(g, true);
  reportJoin(g);
  return ERR_OK;
}

/** Joins a group on the interface with the address `ifaddr`, or with IP_ADDR_ANY on all. @returns as igmpJoingroupNetif() */
export function igmpJoingroup(stack: Stack, ifaddr: Ip4Addr, group: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'igmpJoingroup');
  return onInterfaces(stack, ifaddr, group, igmpJoingroupNetif);
}

/**
 * Leaves a group on one interface.
 * @returns ERR_OK, or ERR_VAL when it was not joined
 */
export function igmpLeavegroupNetif(netif: Netif, group: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'igmpLeavegroupNetif');
  const g = group === ALL_HOSTS ? null : igmpLookfor(netif, group);
  if (!g) return ERR_VAL;
  if (--g.use > 0) return ERR_OK;
  // RFC 2236, 3: only who reported last need say so; a router of version 1 does not know the message.
  if (g.lastReporter && !v1(g)) send(netif, IGMP_LEAVE, group, ALL_ROUTERS);
  remove(g);
  arm(netif.stack);
  return ERR_OK;
}

/** As igmpJoingroup(), to leave. */
export function igmpLeavegroup(stack: Stack, ifaddr: Ip4Addr, group: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'igmpLeavegroup');
  return onInterfaces(stack, ifaddr, group, igmpLeavegroupNetif);
}

function onInterfaces(
  stack: Stack,
  ifaddr: Ip4Addr,
  group: Ip4Addr,
  fn: (netif: Netif, group: Ip4Addr) => Err,
): Err {
  let result: Err = ERR_VAL;
  for (let n = stack.netifs; n; n = n.next) {
    if (!(n.flags & NETIF_FLAG_IGMP) || (ifaddr !== IP_ADDR_ANY && n.ipAddr !== ifaddr)) continue;
    const err = fn(n, group);
    // One that works is enough.
    if (result !== ERR_OK) result = err;
  }
  return result;
}

/**
 * Takes a received message; consumes it.
 * @param p at the IGMP header
 * @param dst where the datagram went
 */
export function igmpInput(p: Pbuf, netif: Netif, dst: Ip4Addr): void {
  const stack = netif.stack;
  statInc(stack, STAT_IGMP + RECV);
  if (p.len < IGMP_HLEN) return drop(p, LENERR);
  // RFC 2236, 2.3: the sum is over all of the payload, whatever else is in it.
  if (chksumPbuf(p, p.totLen, 0) !== 0xffff) return drop(p, CHKERR);
  const b = p.payload;
  const o = p.off;
  const type = b[o + IGMP_TYPE]!;
  const group = load32(b, o + IGMP_GROUP);
  if (type === IGMP_QUERY) {
    if (group === 0 ? dst !== ALL_HOSTS : dst !== group) return drop(p, PROTERR);
    query(netif, group, maxResponse(stack, b[o + IGMP_MAXRESP]!, p.totLen));
  } else if (type === IGMP_V1_REPORT || type === IGMP_V2_REPORT) {
    // RFC 2236, 3: another member has spoken for all.
    const g = dst === group ? igmpLookfor(netif, group) : null;
    if (g && g.delaying) {
      g.delaying = false;
      g.lastReporter = false;
      arm(stack);
    }
  } else if (type !== IGMP_LEAVE) return drop(p, PROTERR);
  pbufFree(p);
}

function drop(p: Pbuf, field: number): void {
  pbufDrop(p, STAT_IGMP, field);
}

/** Milliseconds in which a query wants its answers. */
function maxResponse(stack: Stack, code: number, length: number): number {
  if (code === 0) {
    stack.igmp.v1Until = (stack.clock() + V1_ROUTER_PRESENT_TIMEOUT) | 0 || 1;
    return V1_MAX_RESPONSE;
  }
  // RFC 3376, 4.1.1: from 128 on a floating-point number.
  if (length > IGMP_HLEN && code & 0x80) code = ((code & 0x0f) | 0x10) << (((code >> 4) & 7) + 3);
  return code * 100;
}

/** RFC 2236, 6, "query received": a random time for each group, unless it reports sooner anyway. */
function query(netif: Netif, group: Ip4Addr, max: number): void {
  const stack = netif.stack;
  for (let g = stack.igmp.groups; g; g = g.next) {
    if (g.netif === netif && g.addr !== ALL_HOSTS && (group === 0 || g.addr === group)) delay(g, max);
  }
  arm(stack);
}

function delay(g: IgmpGroup, max: number): void {
  const stack = g.netif.stack;
  const at = (stack.clock() + Math.ceil((max * (stack.random16() + 1)) / 65536)) | 0;
  if (g.delaying && ((at - g.deadline) | 0) >= 0) return;
  g.delaying = true;
  g.deadline = at;
}

/** RFC 2236, 6, "join group": a report at once, and a second in case it is lost. */
function reportJoin(g: IgmpGroup): void {
  if (g.addr === ALL_HOSTS || !netifIsReady(g.netif) || g.netif.ipAddr === 0) return;
  report(g);
  delay(g, UNSOLICITED_REPORT_INTERVAL);
  arm(g.netif.stack);
}

function report(g: IgmpGroup): void {
  g.lastReporter = true;
  send(g.netif, v1(g) ? IGMP_V1_REPORT : IGMP_V2_REPORT, g.addr, g.addr);
}

function v1(g: IgmpGroup): boolean {
  const stack = g.netif.stack;
  const until = stack.igmp.v1Until;
  if (until && ((until - stack.clock()) | 0) <= 0) stack.igmp.v1Until = 0;
  return stack.igmp.v1Until !== 0;
}

/** One time-out serves all groups: the earliest. */
function arm(stack: Stack): void {
  sysUntimeout(stack, due, stack);
  const now = stack.clock() | 0;
  let ms = -1;
  for (let g = stack.igmp.groups; g; g = g.next) {
    if (!g.delaying) continue;
    const left = (g.deadline - now) | 0;
    if (ms < 0 || left < ms) ms = left < 0 ? 0 : left;
  }
  // Without a time-out the report goes unsent; the router asks again.
  if (ms >= 0) sysTimeout(stack, ms, due, stack);
}

function due(stack: Stack): void {
  const now = stack.clock() | 0;
  for (let g = stack.igmp.groups; g; g = g.next) {
    if (!g.delaying || ((g.deadline - now) | 0) > 0) continue;
    g.delaying = false;
    report(g);
  }
  arm(stack);
}

function send(netif: Netif, type: number, group: Ip4Addr, dst: Ip4Addr): void {
  const stack = netif.stack;
  const p = pbufAlloc(stack, PBUF_LINK, HEADER + IGMP_HLEN, PBUF_RAM);
  if (!p) {
    statInc(stack, STAT_IGMP + MEMERR);
    return;
  }
  const b = p.payload;
  const o = p.off;
  const m = o + HEADER;
  store32(b, o, 0x46c00000 | (HEADER + IGMP_HLEN));
  store32(b, o + IP4_ID, stack.ip4.id << 16);
  stack.ip4.id = (stack.ip4.id + 1) & 0xffff;
  b[o + IP4_TTL] = 1;
  b[o + IP4_PROTO] = IP_PROTO_IGMP;
  store16(b, o + IP4_CHKSUM, 0);
  store32(b, o + IP4_SRC, netif.ipAddr);
  store32(b, o + IP4_DST, dst);
  store32(b, o + IP4_HLEN, 0x94040000);
  store16(b, o + IP4_CHKSUM, ~chksumBytes(b, o, HEADER));
  store32(b, m, type << 24);
  store32(b, m + IGMP_GROUP, group);
  store16(b, m + IGMP_CHKSUM, ~chksumBytes(b, m, IGMP_HLEN));
  if (netif.output(netif, p, dst) === ERR_OK) statInc(stack, STAT_IGMP + XMIT);
  pbufFree(p);
}

/** Has the driver receive the group's hardware address, or no longer. */
function filter(g: IgmpGroup, join: boolean): void {
  const fn = g.netif.macFilter;
  if (fn) fn(g.netif, groupMac(g.addr), join);
}

function remove(g: IgmpGroup): void {
  const stack = g.netif.stack;
  filter(g, false);
  stack.igmp.groups = listWithout(stack.igmp.groups, g);
  mempFree(stack, MEMP_IGMP_GROUP);
}

/** An interface that comes up with an address is in the all-hosts group, and tells its others anew. */
function netifChanged(netif: Netif, reason: number): void {
  if (!(netif.flags & NETIF_FLAG_IGMP)) return;
  const igmp = netif.stack.igmp;
  if (reason & NETIF_REASON_REMOVED) {
    for (let g = igmp.groups, next: IgmpGroup | null; g; g = next) {
      next = g.next;
      if (g.netif === netif) remove(g);
    }
    arm(netif.stack);
    return;
  }
  if (!igmpLookfor(netif, ALL_HOSTS)) igmpJoingroupNetif(netif, ALL_HOSTS);
  if (!(reason & (NETIF_REASON_STATUS | NETIF_REASON_LINK | NETIF_REASON_IPV4))) return;
  for (let g = igmp.groups; g; g = g.next) if (g.netif === netif) reportJoin(g);
}
