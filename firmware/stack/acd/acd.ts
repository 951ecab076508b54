// Address conflict detection (RFC 5227): probes for an address before it is used, announces it, and defends it.
// A client (DHCP, AutoIP, the user of a static address) keeps one record per address and decides what follows.

import { etharpAnnounce, etharpProbe } from '../arp/etharp.js';
import { ERR_ARG, ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import { NETIF_REASON_REMOVED, netifIsReady, type Netif } from '../core/netif.js';
import type { Stack } from '../core/stack.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { macEq } from '../link/ethernet.js';

/** The address is free: use it. */
export const ACD_IP_OK = 0;
/** The address in use is another's, too, and was given up: start over. */
export const ACD_RESTART_CLIENT = 1;
/** The probed address is another's. */
export const ACD_DECLINE = 2;

// RFC 5227, 1.1; times in milliseconds.
const PROBE_WAIT = 1000;
const PROBE_NUM = 3;
const PROBE_MIN = 1000;
const PROBE_MAX = 2000;
const ANNOUNCE_WAIT = 2000;
const ANNOUNCE_NUM = 2;
const ANNOUNCE_INTERVAL = 2000;
const MAX_CONFLICTS = 10;
const RATE_LIMIT_INTERVAL = 60000;
const DEFEND_INTERVAL = 10000;

// States.
export const ACD_OFF = 0;
/** Probing, up to ANNOUNCE_WAIT after the last probe: the address is not used yet. */
export const ACD_PROBING = 1;
export const ACD_ANNOUNCING = 2;
/** Announced; conflicts are watched for. */
export const ACD_ONGOING = 3;

/** Told the outcome: ACD_IP_OK, ACD_DECLINE or ACD_RESTART_CLIENT. May call acdStart() and acdRemove(). */
export type AcdCallback = (netif: Netif, result: number) => void;

export interface Acd {
  next: Acd | null;
  netif: Netif | null;
  callback: AcdCallback | null;
  /** Milliseconds of probing, for clients that cannot wait for RFC 5227's 4 to 7 seconds; 0 for those. */
  probeMs: number;
  /** Probes or announcements sent in this state. */
  sent: number;
  /** Conflicts met since an address was last kept. */
  conflicts: number;
  /** Whether a conflict was answered, and when. */
  defended: boolean;
  lastDefence: number;
  /** Clock of the next step; in ACD_PROBING and ACD_ANNOUNCING. */
  due: number;
  ip: Ip4Addr;
  state: number;
}

export interface AcdState {
  /** Whether the timer for the next step of any record is pending. */
  running: boolean;
}

export function acdInit(stack: Stack): void {
  stack.acd = { running: false };
  stack.netifHooks.push(netifChanged);
}

/** A record for acdAdd(). */
export function acdNew(): Acd {
  return {
    next: null,
    netif: null,
    callback: null,
    probeMs: 0,
    sent: 0,
    conflicts: 0,
    defended: false,
    lastDefence: 0,
    due: 0,
    ip: 0,
    state: ACD_OFF,
  };
}

/** Enters a record with an interface; nothing is sent yet. */
export function acdAdd(netif: Netif, acd: Acd, callback: AcdCallback): void {
  acd.callback = callback;
  if (acd.netif === netif) return;
  acd.netif = netif;
  acd.next = netif.acd as Acd | null;
  netif.acd = acd;
}

/**
 * Begins to probe for `ip`. The callback tells the outcome after 4 to 7 seconds (or acd.probeMs), or at once when somebody
 * defends the address; after ACD_IP_OK the address is announced and defended until acdStop().
 * @returns ERR_OK, ERR_ARG (no unicast address, or the record is not the interface's), ERR_MEM (no time-out left)
 */
export function acdStart(netif: Netif, acd: Acd, ip: Ip4Addr): Err {
  if (acd.netif !== netif || ip === 0 || ip >>> 28 >= 14) return ERR_ARG;
  const stack = netif.stack;
  acd.ip = ip;
  acd.sent = 0;
  acd.defended = false;
  acd.state = ACD_PROBING;
  // RFC 5227, 2.1.1: after MAX_CONFLICTS no more than one address in RATE_LIMIT_INTERVAL.
  const wait = acd.conflicts >= MAX_CONFLICTS ? RATE_LIMIT_INTERVAL : 0;
  acd.due = (stack.clock() + wait + (acd.probeMs ? 0 : below(stack, PROBE_WAIT))) | 0;
  if (schedule(stack)) return ERR_OK;
  acd.state = ACD_OFF;
  return ERR_MEM;
}

/** Ends probing or defence; the record stays entered. */
export function acdStop(acd: Acd): void {
  acd.state = ACD_OFF;
  if (acd.netif) schedule(acd.netif.stack);
}

/** Ends probing or defence and takes the record out of the interface's list. */
export function acdRemove(netif: Netif, acd: Acd): void {
  if (acd.netif !== netif) return;
  acdStop(acd);
  if (netif.acd === acd) netif.acd = acd.next;
  else {
    for (let a = netif.acd as Acd | null; a; a = a.next) if (a.next === acd) a.next = acd.next;
  }
  acd.netif = null;
  acd.next = null;
}

/** Whether a record announces or has announced this address, so that nobody else need do so. */
export function acdAnnounces(netif: Netif, ip: Ip4Addr): boolean {
  for (let a = netif.acd as Acd | null; a; a = a.next) {
    if (a.ip === ip && a.state >= ACD_ANNOUNCING) return true;
  }
  return false;
}

/**
 * Looks at a received ARP packet that is not from the interface itself.
 * @param b holds the sender's hardware address at `sha`
 * @param sender its protocol address, 0 in probes
 * @param target the protocol address asked for
 */
export function acdArpInput(
  netif: Netif,
  b: Uint8Array,
  sha: number,
  sender: Ip4Addr,
  target: Ip4Addr,
): void {
  for (let a = netif.acd as Acd | null, next: Acd | null; a; a = next) {
    next = a.next;
    if (a.state === ACD_OFF) continue;
    // RFC 5227, 2.1.1: while probing, an ARP packet from the address, or another's probe for it, is a conflict.
    const conflict = sender === a.ip || (a.state === ACD_PROBING && sender === 0 && target === a.ip);
    if (!conflict || isOwnMac(netif.stack, b, sha)) continue;
    if (a.state === ACD_PROBING) giveUp(netif, a, ACD_DECLINE);
    else defend(netif, a);
  }
}

/** RFC 5227, 2.4 (b): defend once in DEFEND_INTERVAL, then give way. */
function defend(netif: Netif, a: Acd): void {
  const now = netif.stack.clock() | 0;
  if (a.defended && ((now - a.lastDefence) | 0) < DEFEND_INTERVAL) {
    giveUp(netif, a, ACD_RESTART_CLIENT);
    return;
  }
  a.defended = true;
  a.lastDefence = now;
  etharpAnnounce(netif, a.ip);
}

function giveUp(netif: Netif, a: Acd, result: number): void {
  a.conflicts++;
  acdStop(a);
  if (a.callback) a.callback(netif, result);
}

/** Does what is due for a record. */
function step(netif: Netif, a: Acd, now: number): void {
  const stack = netif.stack;
  if (a.state === ACD_PROBING) {
    const quick = a.probeMs;
    const num = quick ? 2 : PROBE_NUM;
    if (a.sent < num) {
      etharpProbe(netif, a.ip);
      a.sent++;
      const wait = quick
        ? (quick + 1) >> 1
        : a.sent < num
          ? PROBE_MIN + below(stack, PROBE_MAX - PROBE_MIN)
          : ANNOUNCE_WAIT;
      a.due = (now + wait) | 0;
      return;
    }
    a.state = ACD_ANNOUNCING;
    a.sent = 0;
    const ip = a.ip;
    if (a.callback) a.callback(netif, ACD_IP_OK);
    // The client may have stopped, restarted or removed it.
    if (a.state !== ACD_ANNOUNCING || a.ip !== ip) return;
  }
  etharpAnnounce(netif, a.ip);
  a.sent++;
  a.due = (now + ANNOUNCE_INTERVAL) | 0;
  if (a.sent >= ANNOUNCE_NUM) {
    a.state = ACD_ONGOING;
    a.conflicts = 0;
  }
}

/** Sets the one timer for the earliest step of all records. @returns false when there is no time-out left */
function schedule(stack: Stack): boolean {
  const now = stack.clock() | 0;
  let wait = -1;
  for (let n = stack.netifs; n; n = n.next) {
    for (let a = n.acd as Acd | null; a; a = a.next) {
      if (a.state !== ACD_PROBING && a.state !== ACD_ANNOUNCING) continue;
      let ms = (a.due - now) | 0;
      if (ms < 0) ms = 0;
      if (wait < 0 || ms < wait) wait = ms;
    }
  }
  const state = stack.acd;
  if (state.running) sysUntimeout(stack, timer, stack);
  state.running = wait >= 0 && sysTimeout(stack, wait, timer, stack) === ERR_OK;
  return wait < 0 || state.running;
}

function timer(stack: Stack): void {
  stack.acd.running = false;
  const now = stack.clock() | 0;
  // A callback may change any list, so the search starts anew after each step.
  for (let again = true; again;) {
    again = false;
    for (let n = stack.netifs; n && !again; n = n.next) {
      for (let a = n.acd as Acd | null; a && !again; a = a.next) {
        if ((a.state === ACD_PROBING || a.state === ACD_ANNOUNCING) && ((a.due - now) | 0) <= 0) {
          again = true;
          step(n, a, now);
        }
      }
    }
  }
  schedule(stack);
}

function netifChanged(netif: Netif, reason: number): void {
  // What was probed on the old link says nothing about the next: the client starts anew when it is up.
  if (netifIsReady(netif) && !(reason & NETIF_REASON_REMOVED)) return;
  for (let a = netif.acd as Acd | null; a; a = a.next) a.state = ACD_OFF;
}

/** RFC 5227, 2.4: a packet from another interface of this host is no conflict. */
function isOwnMac(stack: Stack, b: Uint8Array, at: number): boolean {
  for (let n = stack.netifs; n; n = n.next) if (macEq(b, at, n.hwaddr, 0)) return true;
  return false;
}

/** A random number below `n`, milliseconds. */
function below(stack: Stack, n: number): number {
  return (stack.random16() * n) >>> 16;
}
