// Network interfaces: the contract between drivers and protocols. A driver fills in what it can do, gives frames
// to netif.input and takes frames by netif.linkoutput; addresses, state and routing choices live here. Which
// interface a datagram leaves by is decided in ip/.

import { tcpipAssert } from './context.js';
import { ERR_ARG, ERR_OK, type Err } from './err.js';
import { IP_ADDR_ANY, ip4MaskValid, type Ip4Addr, type IpAddr } from './ipaddr.js';
import { listWithout } from './list.js';
import { LWIP_ASSERT_CORE_LOCKED, LWIP_NETIF_LOOPBACK, LWIP_SINGLE_NETIF } from './opt.js';
import type { Pbuf } from './pbuf.js';
import type { Stack } from './stack.js';

/** Administratively up. */
export const NETIF_FLAG_UP = 0x01;
export const NETIF_FLAG_BROADCAST = 0x02;
/** The driver sees a link. */
export const NETIF_FLAG_LINK_UP = 0x04;
/** Resolves neighbours by ARP. */
export const NETIF_FLAG_ETHARP = 0x08;
/** Ethernet frames. */
export const NETIF_FLAG_ETHERNET = 0x10;
export const NETIF_FLAG_IGMP = 0x20;
/** Takes datagrams to any unicast address as its own (LWIP_ACCEPT_ALL). */
export const NETIF_FLAG_ACCEPT_ALL = 0x40;
export const NETIF_FLAG_LOOPBACK = 0x80;
/** The chip delivers unicast frames to its own address only: ethernetInput() need not compare it again. */
export const NETIF_FLAG_RXFILTER = 0x100;

// netif.chksumFlags: a set bit means that the stack computes or checks in software; a clear one, that the
// driver or its chip does.
export const NETIF_CHECKSUM_GEN_IP = 0x01;
export const NETIF_CHECKSUM_GEN_UDP = 0x02;
export const NETIF_CHECKSUM_GEN_TCP = 0x04;
export const NETIF_CHECKSUM_GEN_ICMP = 0x08;
export const NETIF_CHECKSUM_CHECK_IP = 0x10;
export const NETIF_CHECKSUM_CHECK_UDP = 0x20;
export const NETIF_CHECKSUM_CHECK_TCP = 0x40;
export const NETIF_CHECKSUM_CHECK_ICMP = 0x80;
export const NETIF_CHECKSUM_ENABLE_ALL = 0xff;

// Why a netif hook or callback is called; bits.
export const NETIF_REASON_STATUS = 1;
export const NETIF_REASON_LINK = 2;
export const NETIF_REASON_IPV4 = 4;
export const NETIF_REASON_REMOVED = 8;
/** Mask, gateway or default interface changed: what was cached about routes is stale. */
export const NETIF_REASON_ROUTE = 16;

export interface Netif {
  stack: Stack;
  /** Two letters; with `num` the interface's name, such as en0. */
  name: string;
  num: number;
  /** Name that DHCP tells the server, null for none. */
  hostname: string | null;
  /** The driver's own. */
  state: unknown;
  /** After the address or the up state changed. */
  statusCallback: ((netif: Netif) => void) | null;
  /** After the link state changed. */
  linkCallback: ((netif: Netif) => void) | null;
  /**
   * Tells the driver which multicast group to receive; null when it receives all.
   * @param mac six bytes
   * @param join true to add, false to drop
   */
  macFilter: ((netif: Netif, mac: Uint8Array, join: boolean) => Err) | null;
  /** Protocol state per interface, owned by dhcp/, autoip/ and acd/. */
  dhcp: unknown;
  autoip: unknown;
  acd: unknown;
  next: Netif | null;
  /** Octets and packets, as MIB-II counts them (RFC 1213, ifInOctets ...). */
  inOctets: number;
  inPackets: number;
  outOctets: number;
  outPackets: number;
  gw: Ip4Addr;
  /** Set by the driver: sends a frame. @see LinkOutput */
  linkoutput: LinkOutput;
  /** Bytes of the largest IP datagram that fits a frame. */
  mtu: number;
  hwaddr: Uint8Array;
  /** Set by the interface type: wraps a datagram for the link and sends it (etharpOutput for Ethernet). */
  output: (netif: Netif, p: Pbuf, dst: IpAddr) => Err;
  /** Takes what the driver received; consumes `p` whatever it returns. */
  input: (p: Pbuf, netif: Netif) => Err;
  chksumFlags: number;
  netmask: Ip4Addr;
  flags: number;
  ipAddr: Ip4Addr;
}

/**
 * Sends a frame. The pbuf stays the caller's: a driver that keeps it beyond the call takes a reference.
 * @returns ERR_OK, ERR_IF (device failed or link down), ERR_MEM (no room to queue it)
 */
export type LinkOutput = (netif: Netif, p: Pbuf) => Err;

/** What a protocol wants to be told of interfaces. */
export type NetifHook = (netif: Netif, reason: number, oldAddr: Ip4Addr) => void;

/**
 * Adds an interface. It is down until netifSetUp(), and has no link until its driver says so.
 * @param init the driver's or interface type's set-up: fills in output, linkoutput, hwaddr, mtu, flags, name
 * @param input takes received packets: ethernetInput for Ethernet, ipInput for links that carry bare IP
 * @returns the interface, or null when `init` failed
 */
export function netifAdd(
  stack: Stack,
  ipAddr: Ip4Addr,
  netmask: Ip4Addr,
  gw: Ip4Addr,
  state: unknown,
  init: (netif: Netif) => Err,
  input: (p: Pbuf, netif: Netif) => Err,
): Netif | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'netifAdd');
  const netif: Netif = {
    stack,
    name: 'en',
    num: 0,
    hostname: null,
    state,
    statusCallback: null,
    linkCallback: null,
    macFilter: null,
    dhcp: null,
    autoip: null,
    acd: null,
    next: null,
    inOctets: 0,
    inPackets: 0,
    outOctets: 0,
    outPackets: 0,
    gw,
    linkoutput: noOutput,
    mtu: 1500,
    hwaddr: new Uint8Array(6),
    output: noOutput,
    input,
    chksumFlags: NETIF_CHECKSUM_ENABLE_ALL,
    netmask,
    flags: 0,
    ipAddr,
  };
  if (init(netif) !== ERR_OK) return null;
  if (LWIP_SINGLE_NETIF) {
    stack.netifs = netif;
    return netif;
  }
  let last: Netif | null = null;
  for (let n = stack.netifs; n; n = n.next) {
    if (n.name === netif.name && n.num >= netif.num) netif.num = n.num + 1;
    last = n;
  }
  if (last) last.next = netif;
  else stack.netifs = netif;
  return netif;
}

/** Removes an interface; what uses it is told first. */
export function netifRemove(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifRemove');
  const stack = netif.stack;
  netifSetDown(netif);
  netifSetIpAddr(netif, IP_ADDR_ANY);
  notify(netif, NETIF_REASON_REMOVED, IP_ADDR_ANY);
  if (stack.netifDefault === netif) stack.netifDefault = null;
  stack.netifs = listWithout(stack.netifs, netif);
}

/** The interface that takes what no other network matches; null for none. With LWIP_SINGLE_NETIF it is the only one. */
export function netifSetDefault(stack: Stack, netif: Netif | null): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'netifSetDefault');
  if (LWIP_SINGLE_NETIF) return;
  stack.netifDefault = netif;
  const any = netif || stack.netifs;
  if (any) notify(any, NETIF_REASON_ROUTE, any.ipAddr);
}

/** Finds an interface by its name, such as "en0". */
export function netifFind(stack: Stack, name: string): Netif | null {
  for (let n = stack.netifs; n; n = n.next) if (n.name + n.num === name) return n;
  return null;
}

/** Whether the interface can carry traffic: up, with a link. @inline */
export function netifIsReady(netif: Netif): boolean {
  return (netif.flags & (NETIF_FLAG_UP | NETIF_FLAG_LINK_UP)) === (NETIF_FLAG_UP | NETIF_FLAG_LINK_UP);
}

/** Whether the interface is lo0; never so without LWIP_NETIF_LOOPBACK. @inline */
export function netifIsLoopback(netif: Netif): boolean {
  return LWIP_NETIF_LOOPBACK && (netif.flags & NETIF_FLAG_LOOPBACK) !== 0;
}

/**
 * Changes address, mask and gateway together. Connections of the old address are aborted by their protocols.
 * @returns ERR_OK, or ERR_ARG when the mask has holes
 */
export function netifSetAddr(netif: Netif, ipAddr: Ip4Addr, netmask: Ip4Addr, gw: Ip4Addr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifSetAddr');
  if (!ip4MaskValid(netmask)) return ERR_ARG;
  if (netif.netmask !== netmask || netif.gw !== gw) {
    netif.netmask = netmask;
    netif.gw = gw;
    notify(netif, NETIF_REASON_ROUTE, netif.ipAddr);
  }
  netifSetIpAddr(netif, ipAddr);
  return ERR_OK;
}

/** Changes the address alone. */
export function netifSetIpAddr(netif: Netif, ipAddr: Ip4Addr): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifSetIpAddr');
  const old = netif.ipAddr;
  if (old === ipAddr) return;
  netif.ipAddr = ipAddr;
  notify(netif, NETIF_REASON_IPV4, old);
  if (netif.statusCallback) netif.statusCallback(netif);
}

export function netifSetUp(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifSetUp');
  change(netif, NETIF_FLAG_UP, NETIF_FLAG_UP);
}

export function netifSetDown(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifSetDown');
  change(netif, NETIF_FLAG_UP, 0);
}

/** For drivers: the link came up. */
export function netifSetLinkUp(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifSetLinkUp');
  change(netif, NETIF_FLAG_LINK_UP, NETIF_FLAG_LINK_UP);
}

/** For drivers: the link went down. */
export function netifSetLinkDown(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'netifSetLinkDown');
  change(netif, NETIF_FLAG_LINK_UP, 0);
}

/** Makes bit `flag` of the flags `value`, and tells who wants to know when that is new. */
function change(netif: Netif, flag: number, value: number): void {
  if ((netif.flags & flag) === value) return;
  netif.flags ^= flag;
  const up = flag === NETIF_FLAG_UP;
  notify(netif, up ? NETIF_REASON_STATUS : NETIF_REASON_LINK, netif.ipAddr);
  const callback = up ? netif.statusCallback : netif.linkCallback;
  if (callback) callback(netif);
}

function notify(netif: Netif, reason: number, oldAddr: Ip4Addr): void {
  const hooks = netif.stack.netifHooks;
  for (let i = 0; i < hooks.length; i++) hooks[i]!(netif, reason, oldAddr);
}

function noOutput(): Err {
  return ERR_OK;
}
