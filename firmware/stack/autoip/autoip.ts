// IPv4 link-local addresses (RFC 3927): chooses the address, and another one after a conflict. Probing, announcing,
// defending and the pause after many conflicts are acd/'s.

import { tcpipAssert } from '../core/context.js';
import { LWIP_ASSERT_CORE_LOCKED } from '../core/opt.js';
import { ACD_IP_OK, acdAdd, acdNew, acdRemove, acdStart, acdStop, type Acd } from '../acd/acd.js';
import { load32 } from '../core/bytes.js';
import { ERR_OK, type Err } from '../core/err.js';
import { IP_ADDR_ANY, type Ip4Addr } from '../core/ipaddr.js';
import {
  NETIF_REASON_LINK,
  NETIF_REASON_REMOVED,
  NETIF_REASON_STATUS,
  netifIsReady,
  netifSetAddr,
  type Netif,
} from '../core/netif.js';
import type { Stack } from '../core/stack.js';

// RFC 3927, 2.1: from 169.254.1.0 to 169.254.254.255.
const FIRST = 0xa9fe0100;
const COUNT = 254 * 256;
const NETMASK = 0xffff0000;

interface Autoip {
  acd: Acd;
  /** State of the generator that the addresses come from. */
  seed: number;
  /** The address that is probed for or used; the interface has it when it passed. */
  ip: Ip4Addr;
}

/** What autoip/ needs to know of all interfaces. */
export function autoipInit(stack: Stack): void {
  stack.netifHooks.push(netifChanged);
}

/**
 * Gives the interface a link-local address, 4 to 7 seconds after it is up with a link, and a new one whenever
 * another host has it, too. netif.statusCallback tells. No effect where it runs already.
 * @returns ERR_OK, or ERR_MEM without a time-out
 */
export function autoipStart(netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'autoipStart');
  if (netif.autoip) return ERR_OK;
  // RFC 3927, 2.1: seeded from the hardware address, so that a host tries the same addresses each time.
  const a: Autoip = { acd: acdNew(), seed: load32(netif.hwaddr, 2) || 1, ip: 0 };
  netif.autoip = a;
  acdAdd(netif, a.acd, autoipAcd);
  const err = choose(netif, a);
  if (err !== ERR_OK) autoipStop(netif);
  return err;
}

/** Ends it, and takes the address away. */
export function autoipStop(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'autoipStop');
  const a = netif.autoip as Autoip | null;
  if (!a) return;
  netif.autoip = null;
  acdRemove(netif, a.acd);
  drop(netif, a.ip);
}

/** Whether the interface's address is a link-local one from here. */
export function autoipSuppliedAddress(netif: Netif): boolean {
  const a = netif.autoip as Autoip | null;
  return !!a && a.ip === netif.ipAddr;
}

/** Probes for the next address of the pseudo-random row (xorshift). */
function choose(netif: Netif, a: Autoip): Err {
  let s = a.seed;
  s ^= s << 13;
  s ^= s >>> 17;
  s ^= s << 5;
  a.seed = s;
  a.ip = FIRST + ((s >>> 0) % COUNT);
  return probe(netif, a);
}

function probe(netif: Netif, a: Autoip): Err {
  return netifIsReady(netif) ? acdStart(netif, a.acd, a.ip) : ERR_OK;
}

/** Takes the address away, if the interface has it. */
function drop(netif: Netif, ip: Ip4Addr): void {
  if (netif.ipAddr === ip) netifSetAddr(netif, IP_ADDR_ANY, IP_ADDR_ANY, IP_ADDR_ANY);
}

function autoipAcd(netif: Netif, result: number): void {
  const a = netif.autoip as Autoip;
  const ip = a.ip;
  if (result === ACD_IP_OK) netifSetAddr(netif, ip, NETMASK, IP_ADDR_ANY);
  else {
    // RFC 3927, 2.2.1 and 2.5 (b).
    choose(netif, a);
    drop(netif, ip);
  }
}

function netifChanged(netif: Netif, reason: number): void {
  const a = netif.autoip as Autoip | null;
  if (!a) return;
  if (reason & NETIF_REASON_REMOVED) autoipStop(netif);
  else if (reason & (NETIF_REASON_STATUS | NETIF_REASON_LINK)) {
    // RFC 3927, 2.2: on a link that comes up the address must be probed for again.
    acdStop(a.acd);
    drop(netif, a.ip);
    if (netif.autoip === a) probe(netif, a);
  }
}
