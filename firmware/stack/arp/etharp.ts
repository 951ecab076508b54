// ARP (RFC 826; RFC 1122, 2.3.2): which hardware address an IPv4 packet goes to. Owns the table with its ageing
// and the packets that wait for a reply. Probing for conflicts is acd/'s; frames are link/'s.

import { tcpipAssert } from '../core/context.js';
import { acdAnnounces, acdArpInput } from '../acd/acd.js';
import { load16, load32, store16, store32 } from '../core/bytes.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_ARG, ERR_MEM, ERR_OK, ERR_RTE, type Err } from '../core/err.js';
import type { Ip4Addr, IpAddr } from '../core/ipaddr.js';
import { MEMP_ARP_QUEUE, mempFree, mempTake } from '../core/memp.js';
import {
  NETIF_FLAG_ETHARP,
  NETIF_REASON_IPV4,
  NETIF_REASON_LINK,
  NETIF_REASON_REMOVED,
  NETIF_REASON_STATUS,
  netifIsReady,
  type Netif,
} from '../core/netif.js';
import {
  ETHARP_SUPPORT_STATIC_ENTRIES,
  LWIP_ACD,
  LWIP_ASSERT_CORE_LOCKED,
  LWIP_SINGLE_NETIF,
} from '../core/opt.js';
import { PBUF_LINK, PBUF_RAM, PBUF_REF, pbufAlloc, pbufFree, pbufRef, type Pbuf } from '../core/pbuf.js';
import { pbufClone } from '../core/pbuf_data.js';
import {
  CACHEHIT,
  DROP,
  ERR,
  LENERR,
  MEMERR,
  PROTERR,
  RECV,
  RTERR,
  STAT_ETHARP,
  XMIT,
  statDrop,
  statInc,
} from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { sysTimeout } from '../core/timers.js';
import { groupMac } from '../igmp/igmp_wire.js';
import { ip4IsBroadcast, ip4IsNoHost } from '../ip4/ip4_addr.js';
import {
  ETHTYPE_ARP,
  ETHTYPE_IP,
  ETH_HLEN,
  ethernetHeader,
  ethernetOutput,
  ethernetSend,
  macEq,
} from '../link/ethernet.js';
import {
  ARP_ETHERNET_IP,
  ARP_HLEN,
  ARP_HTYPE,
  ARP_LENGTH,
  ARP_LENGTHS,
  ARP_OP,
  ARP_REPLY,
  ARP_REQUEST,
  ARP_SHA,
  ARP_SPA,
  ARP_THA,
  ARP_TPA,
} from './etharp_wire.js';

// States of an entry; from STABLE on its address can be used.
export const ETHARP_EMPTY = 0;
/** Asked for, no answer yet. */
export const ETHARP_PENDING = 1;
export const ETHARP_STABLE = 2;
export const ETHARP_STATIC = 3;

/** Milliseconds between ageing steps. */
const TICK = 1000;
/** Seconds until an address that does not answer is given up. */
const MAX_PENDING = 5;
/** Seconds before the end of its life in which an entry that is in use is asked for: first by unicast ... */
const REFRESH_UNICAST = 30;
/** ... then, when that was not answered, by broadcast. */
const REFRESH_BROADCAST = 15;

export interface ArpEntry {
  netif: Netif | null;
  /** Clock when it was last asked for; at most one request a second (RFC 1122, 2.3.2.1). */
  asked: number;
  /** Seconds since the entry was made or confirmed. */
  age: number;
  /** Packets that wait for the answer. */
  queue: Pbuf[];
  /** A packet was sent by it since the last ageing step. */
  used: boolean;
  ip: Ip4Addr;
  /** The whole Ethernet header of IPv4 frames to this neighbour: one write for each frame. */
  header: Uint8Array;
  state: number;
}

export interface ArpState {
  /** Entries that were ever needed, at most ARP_TABLE_SIZE. */
  table: ArpEntry[];
  /** Whether the ageing timer is pending; it is while there is something to age. */
  running: boolean;
  /** Destination that etharpOutput() was last asked for, and the entry found for it; null is stale. */
  lastEntry: ArpEntry | null;
  lastDst: Ip4Addr;
}

export function arpInit(stack: Stack): void {
  stack.arp = { table: [], running: false, lastEntry: null, lastDst: 0 };
  stack.netifHooks.push(netifChanged);
}

/**
 * Sends an IPv4 datagram on an Ethernet interface: netif.output of those. Waits for the neighbour's address in
 * the table's queue where it has to.
 * @param p at its IP header
 * @param dst destination of the datagram, not the next hop
 * @returns ERR_OK (sent or queued), ERR_RTE (no gateway for a distant destination), ERR_MEM, or what the driver
 *          returns
 */
export function etharpOutput(netif: Netif, p: Pbuf, dst: IpAddr): Err {
  const stack = netif.stack;
  const arp = stack.arp;
  const last = arp.lastEntry;
  if (last && arp.lastDst === dst && isOn(last, netif)) {
    last.used = true;
    statInc(stack, STAT_ETHARP + CACHEHIT);
    return ethernetSend(netif, p, last.header);
  }
  let hop = dst as Ip4Addr;
  if (hop >>> 28 === 14) return ethernetOutput(netif, p, groupMac(hop), ETHTYPE_IP);
  if (ip4IsBroadcast(hop, netif)) return ethernetOutput(netif, p, broadcastMac(), ETHTYPE_IP);
  const own = netif.ipAddr;
  // RFC 3927, 2.6.2: to and from link-local addresses there is no router.
  if (!isDirect(netif, hop) && !isLinkLocal(own)) {
    hop = netif.gw;
    if (hop === 0) {
      statInc(stack, STAT_ETHARP + RTERR);
      return ERR_RTE;
    }
  }
  const e = find(stack, netif, hop);
  if (e && e.state >= ETHARP_STABLE) {
    arp.lastDst = dst as Ip4Addr;
    arp.lastEntry = e;
    e.used = true;
    return ethernetSend(netif, p, e.header);
  }
  return etharpQuery(netif, hop, p);
}

/**
 * Sends a packet to a neighbour, or asks for the neighbour's address and keeps the packet until the answer.
 * @param ip address of the neighbour itself
 * @param p at its IP header, or null to ask only
 * @returns ERR_OK, ERR_ARG (not a unicast address), ERR_MEM (table full of busy entries, no room in the queue)
 */
export function etharpQuery(netif: Netif, ip: Ip4Addr, p: Pbuf | null): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'etharpQuery');
  const stack = netif.stack;
  if (ip4IsNoHost(ip, netif)) return ERR_ARG;
  let e = find(stack, netif, ip);
  if (!e) {
    e = begin(netif, ip, true);
    if (!e) {
      statInc(stack, STAT_ETHARP + MEMERR);
      return ERR_MEM;
    }
    ask(e, false);
  } else if (!p && !isStatic(e) && ((stack.clock() - e.asked) | 0) >= TICK) ask(e, false);
  if (!p) return ERR_OK;
  if (e.state >= ETHARP_STABLE) {
    e.used = true;
    return ethernetSend(netif, p, e.header);
  }
  return enqueue(e, p);
}

/** Keeps a packet for an entry; the oldest gives way (RFC 1122, 2.3.2.2: save the latest). */
function enqueue(e: ArpEntry, p: Pbuf): Err {
  const stack = p.stack;
  const queue = e.queue;
  if (queue.length >= stack.opt.ARP_QUEUE_LEN && queue.length) dropOldest(stack, e);
  // Memory that its owner may change after this call has to be copied now.
  let q: Pbuf | null = p;
  while (q && q.type !== PBUF_REF) q = q.next;
  const kept = q ? pbufClone(p, PBUF_LINK) : p;
  if (kept) {
    if (!q) pbufRef(p);
    do {
      if (mempTake(stack, MEMP_ARP_QUEUE) === ERR_OK) {
        queue.push(kept);
        return ERR_OK;
      }
    } while (queue.length && dropOldest(stack, e));
    pbufFree(kept);
  }
  statDrop(stack, STAT_ETHARP, MEMERR);
  return ERR_MEM;
}

function dropOldest(stack: Stack, e: ArpEntry): boolean {
  mempFree(stack, MEMP_ARP_QUEUE);
  pbufDrop(e.queue.shift()!, STAT_ETHARP, DROP);
  return true;
}

/**
 * Takes a received ARP packet; consumes it.
 * @param p behind the Ethernet header
 */
export function etharpInput(p: Pbuf, netif: Netif): void {
  const stack = netif.stack;
  const b = p.payload;
  const o = p.off;
  statInc(stack, STAT_ETHARP + RECV);
  if (p.len < ARP_LENGTH) {
    pbufDrop(p, STAT_ETHARP, LENERR);
    return;
  }
  const op = load16(b, o + ARP_OP);
  const sha = b.subarray(o + ARP_SHA, o + ARP_SPA);
  if (
    load32(b, o + ARP_HTYPE) !== ARP_ETHERNET_IP ||
    load16(b, o + ARP_HLEN) !== ARP_LENGTHS ||
    (op !== ARP_REQUEST && op !== ARP_REPLY) ||
    // A station cannot have a group address, nor none.
    sha[0]! & 1 ||
    !(load16(sha, 0) | load32(sha, 2))
  ) {
    pbufDrop(p, STAT_ETHARP, PROTERR);
    return;
  }
  if (!macEq(sha, 0, netif.hwaddr, 0)) {
    receive(netif, sha, load32(b, o + ARP_SPA), load32(b, o + ARP_TPA), op === ARP_REQUEST);
  }
  pbufFree(p);
}

function receive(netif: Netif, sha: Uint8Array, sender: Ip4Addr, target: Ip4Addr, request: boolean): void {
  const stack = netif.stack;
  const own = netif.ipAddr;
  // Somebody else has our address: the counter tells, also where no conflict detection runs.
  if (own !== 0 && sender === own) statInc(stack, STAT_ETHARP + ERR);
  if (LWIP_ACD && netif.acd) acdArpInput(netif, sha, 0, sender, target);
  const asksUs = request && own !== 0 && target === own;
  // A probe (RFC 5227, 1.1) carries no sender address, and nobody else may claim ours or a group.
  if (sender !== own && !ip4IsNoHost(sender, netif)) {
    // RFC 826, "Packet Reception": what is known is updated, and who asks for us is entered. An answer that
    // nobody asked for makes no entry, nor does a station that no datagram could be sent to directly.
    let e = find(stack, netif, sender);
    if (!e && asksUs && isDirect(netif, sender)) e = begin(netif, sender, false);
    if (e && !isStatic(e)) learn(e, netif, sha);
  }
  // own may have changed in the conflict detector's callback.
  if (asksUs && netif.ipAddr === own) etharpRaw(netif, sha, netif.hwaddr, own, sha, sender, ARP_REPLY);
}

/** Enters a hardware address and sends what waited for it. */
function learn(e: ArpEntry, netif: Netif, mac: Uint8Array): void {
  ethernetHeader(e.header, mac, netif.hwaddr, ETHTYPE_IP);
  e.state = ETHARP_STABLE;
  e.age = 0;
  const stack = netif.stack;
  for (let n = e.queue.length; n > 0; n--) {
    const p = e.queue.shift()!;
    mempFree(stack, MEMP_ARP_QUEUE);
    ethernetSend(netif, p, e.header);
    pbufFree(p);
  }
}

/** Asks for a neighbour's address by broadcast; not entered in the table. */
export function etharpRequest(netif: Netif, ip: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'etharpRequest');
  return request(netif, broadcastMac(), netif.ipAddr, ip);
}

/** Probes for an address without claiming any (RFC 5227, 2.1.1). */
export function etharpProbe(netif: Netif, ip: Ip4Addr): Err {
  return request(netif, broadcastMac(), 0, ip);
}

/** Announces an address as this interface's (RFC 5227, 2.3: a request for it from it). */
export function etharpAnnounce(netif: Netif, ip: Ip4Addr): Err {
  return request(netif, broadcastMac(), ip, ip);
}

function request(netif: Netif, to: Uint8Array, spa: Ip4Addr, tpa: Ip4Addr): Err {
  return etharpRaw(netif, to, netif.hwaddr, spa, new Uint8Array(6), tpa, ARP_REQUEST);
}

/** Announces the interface's own address. */
export function etharpGratuitous(netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'etharpGratuitous');
  return etharpAnnounce(netif, netif.ipAddr);
}

/**
 * Sends any ARP packet.
 * @param to hardware address that the frame goes to
 * @param op ARP_REQUEST or ARP_REPLY
 * @returns ERR_OK, ERR_MEM, or what the driver returns
 */
export function etharpRaw(
  netif: Netif,
  to: Uint8Array,
  sha: Uint8Array,
  spa: Ip4Addr,
  tha: Uint8Array,
  tpa: Ip4Addr,
  op: number,
): Err {
  const stack = netif.stack;
  const p = pbufAlloc(stack, PBUF_LINK, ARP_LENGTH, PBUF_RAM);
  if (!p) {
    statInc(stack, STAT_ETHARP + MEMERR);
    return ERR_MEM;
  }
  const b = p.payload;
  const o = p.off;
  store32(b, o + ARP_HTYPE, ARP_ETHERNET_IP);
  store16(b, o + ARP_HLEN, ARP_LENGTHS);
  store16(b, o + ARP_OP, op);
  b.set(sha, o + ARP_SHA);
  store32(b, o + ARP_SPA, spa);
  b.set(tha, o + ARP_THA);
  store32(b, o + ARP_TPA, tpa);
  statInc(stack, STAT_ETHARP + XMIT);
  const err = ethernetOutput(netif, p, to, ETHTYPE_ARP);
  pbufFree(p);
  return err;
}

/** The neighbour's hardware address (six bytes, a copy), or null when it is not known. */
export function etharpFindAddr(netif: Netif, ip: Ip4Addr): Uint8Array | null {
  const e = find(netif.stack, netif, ip);
  return e && e.state >= ETHARP_STABLE ? new Uint8Array(e.header.subarray(0, 6)) : null;
}

/**
 * Enters a neighbour that neither ages nor changes.
 * @returns ERR_OK, ERR_ARG (not a unicast address, or a build without ETHARP_SUPPORT_STATIC_ENTRIES), ERR_MEM
 *          (table full)
 */
export function etharpAddStatic(netif: Netif, ip: Ip4Addr, mac: Uint8Array): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'etharpAddStatic');
  if (!ETHARP_SUPPORT_STATIC_ENTRIES || ip === 0 || ip >>> 28 >= 14 || mac.length !== 6 || mac[0]! & 1)
    return ERR_ARG;
  const e = find(netif.stack, netif, ip) || take(netif.stack, true);
  if (!e) return ERR_MEM;
  e.netif = netif;
  e.ip = ip;
  learn(e, netif, mac);
  e.state = ETHARP_STATIC;
  return ERR_OK;
}

/** Forgets a static neighbour. @returns ERR_OK, or ERR_ARG when there is none */
export function etharpRemoveStatic(netif: Netif, ip: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'etharpRemoveStatic');
  const e = find(netif.stack, netif, ip);
  if (!e || !isStatic(e)) return ERR_ARG;
  clear(netif.stack, e);
  return ERR_OK;
}

/** Forgets all neighbours of an interface but the static ones, and what waits for them. */
export function etharpCleanupNetif(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'etharpCleanupNetif');
  forgetNetif(netif, false);
}

function forgetNetif(netif: Netif, all: boolean): void {
  const table = netif.stack.arp.table;
  for (let i = 0; i < table.length; i++) {
    const e = table[i]!;
    if (isOn(e, netif) && (all || !isStatic(e))) clear(netif.stack, e);
  }
}

/** Whether the entry is of this interface. @inline */
function isOn(e: ArpEntry, netif: Netif): boolean {
  return LWIP_SINGLE_NETIF || e.netif === netif;
}

/** Whether the entry neither ages nor changes. @inline */
function isStatic(e: ArpEntry): boolean {
  return ETHARP_SUPPORT_STATIC_ENTRIES && e.state === ETHARP_STATIC;
}

function find(stack: Stack, netif: Netif, ip: Ip4Addr): ArpEntry | null {
  const table = stack.arp.table;
  for (let i = 0; i < table.length; i++) {
    const e = table[i]!;
    if (e.ip === ip && isOn(e, netif)) return e;
  }
  return null;
}

function newEntry(): ArpEntry {
  return {
    netif: null,
    asked: 0,
    age: 0,
    queue: [],
    used: false,
    ip: 0,
    header: new Uint8Array(ETH_HLEN),
    state: ETHARP_EMPTY,
  };
}

/**
 * An empty entry, made so by forgetting the oldest if need be.
 * @param own for traffic of this host's: then also entries that still wait for an answer may go
 */
function take(stack: Stack, own: boolean): ArpEntry | null {
  const table = stack.arp.table;
  let oldest: ArpEntry | null = null;
  let rank = -1;
  for (let i = 0; i < table.length; i++) {
    const e = table[i]!;
    const state = e.state;
    if (state === ETHARP_EMPTY) return e;
    if (isStatic(e) || (state === ETHARP_PENDING && !own)) continue;
    // Known neighbours go before pending ones, and those without waiting packets before those with.
    const r = e.age + (state !== ETHARP_PENDING ? 2e6 : e.queue.length ? 0 : 1e6);
    if (r > rank) {
      rank = r;
      oldest = e;
    }
  }
  if (table.length < stack.opt.ARP_TABLE_SIZE) table.push((oldest = newEntry()));
  else if (oldest) clear(stack, oldest);
  return oldest;
}

/** Makes a pending entry. @param own as in take() @returns null when there is no room */
function begin(netif: Netif, ip: Ip4Addr, own: boolean): ArpEntry | null {
  const e = take(netif.stack, own);
  if (!e || !startTimer(netif.stack)) return null;
  e.state = ETHARP_PENDING;
  e.netif = netif;
  e.ip = ip;
  return e;
}

function clear(stack: Stack, e: ArpEntry): void {
  while (e.queue.length) dropOldest(stack, e);
  e.state = ETHARP_EMPTY;
  e.netif = null;
  e.ip = 0;
  e.age = 0;
  e.used = false;
  forgetLast(stack);
}

function forgetLast(stack: Stack): void {
  stack.arp.lastEntry = null;
}

function startTimer(stack: Stack): boolean {
  const arp = stack.arp;
  if (!arp.running) arp.running = sysTimeout(stack, TICK, tick, stack) === ERR_OK;
  return arp.running;
}

function tick(stack: Stack): void {
  const arp = stack.arp;
  const maxAge = stack.opt.ARP_MAXAGE;
  const now = stack.clock();
  let active = false;
  arp.running = false;
  for (let i = 0; i < arp.table.length; i++) {
    const e = arp.table[i]!;
    if (e.state === ETHARP_EMPTY || isStatic(e)) continue;
    const pending = e.state === ETHARP_PENDING;
    const left = (pending ? MAX_PENDING + 1 : maxAge) - ++e.age;
    if (left <= 0) clear(stack, e);
    else {
      active = true;
      // RFC 1122, 2.3.2.1 (2): poll the neighbour point to point, and forget it when it does not answer.
      if (((now - e.asked) | 0) >= TICK && (pending || (e.used && left <= REFRESH_UNICAST))) {
        ask(e, !pending && left > REFRESH_BROADCAST);
      }
      e.used = false;
    }
  }
  if (active) startTimer(stack);
}

/** Asks for an entry's address, by unicast to the one that is known or by broadcast. */
function ask(e: ArpEntry, unicast: boolean): void {
  const netif = e.netif!;
  e.asked = netif.stack.clock();
  request(netif, unicast ? e.header.subarray(0, 6) : broadcastMac(), netif.ipAddr, e.ip);
}

function netifChanged(netif: Netif, reason: number): void {
  const stack = netif.stack;
  forgetLast(stack);
  if (!(netif.flags & NETIF_FLAG_ETHARP)) return;
  const ready = netifIsReady(netif);
  const removed = (reason & NETIF_REASON_REMOVED) !== 0;
  if (removed || reason & NETIF_REASON_IPV4 || !ready) forgetNetif(netif, removed);
  const ip = netif.ipAddr;
  if (
    reason & (NETIF_REASON_IPV4 | NETIF_REASON_LINK | NETIF_REASON_STATUS) &&
    ready &&
    ip !== 0 &&
    !(LWIP_ACD && acdAnnounces(netif, ip))
  ) {
    etharpGratuitous(netif);
  }
}

/** Whether datagrams to `ip` need no router. */
function isDirect(netif: Netif, ip: Ip4Addr): boolean {
  return ((ip ^ netif.ipAddr) & netif.netmask) === 0 || isLinkLocal(ip);
}

/** 169.254.0.0/16 (RFC 3927). */
function isLinkLocal(ip: Ip4Addr): boolean {
  return ip >>> 16 === 0xa9fe;
}

function broadcastMac(): Uint8Array {
  return new Uint8Array([255, 255, 255, 255, 255, 255]);
}
