// IPv4 link-local addresses (RFC 3927): chooses the address, and another one after a conflict. Probing, announcing,
// defending and the pause after many conflicts are acd/'s.

import { ACD_IP_OK, acdAdd, acdNew, acdRemove, acdStart, acdStop, type Acd } from '../acd/acd.js';
import { get16, get32 } from '../core/bytes.js';
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
  /** The address that is probed for or used. */
  ip: Ip4Addr;
  /** Whether the interface has it. */
  bound: boolean;
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
  if (netif.autoip) return ERR_OK;
  // RFC 3927, 2.1: seeded from the hardware address, so that a host tries the same addresses each time.
  const hw = netif.hwaddr;
  const a: Autoip = { acd: acdNew(), seed: get32(hw, 2) ^ (get16(hw, 0) << 7) || 1, ip: 0, bound: false };
  netif.autoip = a;
  acdAdd(netif, a.acd, autoipAcd);
  choose(a);
  const err = probe(netif, a);
  if (err !== ERR_OK) autoipStop(netif);
  return err;
}

/** Ends it, and takes the address away. */
export function autoipStop(netif: Netif): void {
  const a = netif.autoip as Autoip | null;
  if (!a) return;
  netif.autoip = null;
  acdRemove(netif, a.acd);
  unbind(netif, a);
}

/** Whether the interface's address is a link-local one from here. */
export function autoipSuppliedAddress(netif: Netif): boolean {
  const a = netif.autoip as Autoip | null;
  return !!a && a.bound;
}

/** The next address of the pseudo-random row (xorshift). */
function choose(a: Autoip): void {
  let s = a.seed;
  s ^= s << 13;
  s ^= s >>> 17;
  s ^= s << 5;
  a.seed = s;
  a.ip = FIRST + ((s >>> 0) % COUNT);
}

function probe(netif: Netif, a: Autoip): Err {
  return netifIsReady(netif) ? acdStart(netif, a.acd, a.ip) : ERR_OK;
}

function unbind(netif: Netif, a: Autoip): void {
  if (!a.bound) return;
  a.bound = false;
  netifSetAddr(netif, IP_ADDR_ANY, IP_ADDR_ANY, IP_ADDR_ANY);
}

function autoipAcd(netif: Netif, result: number): void {
  const a = netif.autoip as Autoip;
  if (result === ACD_IP_OK) {
    a.bound = true;
    netifSetAddr(netif, a.ip, NETMASK, IP_ADDR_ANY);
  } else {
    // RFC 3927, 2.2.1 and 2.5 (b).
    choose(a);
    probe(netif, a);
    unbind(netif, a);
  }
}

function netifChanged(netif: Netif, reason: number): void {
  const a = netif.autoip as Autoip | null;
  if (!a) return;
  if (reason & NETIF_REASON_REMOVED) {
    a.bound = false;
    autoipStop(netif);
  } else if (reason & (NETIF_REASON_STATUS | NETIF_REASON_LINK)) {
    // RFC 3927, 2.2: on a link that comes up the address must be probed for again.
    acdStop(a.acd);
    unbind(netif, a);
    probe(netif, a);
  }
}
