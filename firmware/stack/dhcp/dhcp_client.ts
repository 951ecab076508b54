// The DHCP client's state machine (RFC 2131, 4.4): one record and one time-out per interface, and what a lease
// means for the interface. What applications call is in dhcp.ts, what the bytes of messages mean in dhcp_wire.ts;
// conflicts on the wire are acd/'s to find.
// Differences from the RFC's advice, on purpose: no random wait before the first message (4.4.1 asks for 1 to 10
// seconds), and the check for a conflict (3.1, step 5) is DHCP_CHECK_MS long instead of RFC 5227's 5 to 7 seconds;
// afterwards the address is defended as RFC 5227, 2.4 has it.

import { ACD_IP_OK, ACD_OFF, acdAdd, acdStart, acdNew, acdStop, acdRemove, type Acd } from '../acd/acd.js';
import { autoipStart, autoipStop } from '../autoip/autoip.js';
import { get16, get32 } from '../core/bytes.js';
import { ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import { IP_ADDR_ANY, IP_ADDR_BROADCAST, type Ip4Addr, type IpAddr } from '../core/ipaddr.js';
import { netifIsReady, netifSetAddr, type Netif } from '../core/netif.js';
import { LWIP_ACD, LWIP_AUTOIP, LWIP_DNS } from '../core/opt.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import { pbufBytes } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { DROP, LENERR, MEMERR, PROTERR, RECV, STAT_DHCP, statDrop, statInc, XMIT } from '../core/stats.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { dnsSetserver } from '../dns/dns.js';
import { udpBind, udpNew, udpRecv, udpRemove, udpSendtoIfSrc, type UdpPcb } from '../udp/udp.js';
import {
  DHCP_ACK,
  DHCP_CHADDR,
  DHCP_CLIENT_PORT,
  DHCP_DECLINE,
  DHCP_DISCOVER,
  DHCP_FLAG_BROADCAST,
  DHCP_INFORM,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_OPTIONS,
  DHCP_RELEASE,
  DHCP_REQUEST,
  DHCP_SERVER_PORT,
  DHCP_XID,
  DHCP_YIADDR,
  dhcpIsReply,
  dhcpMask,
  dhcpOption32,
  dhcpParameters,
  dhcpPut32,
  dhcpPutBytes,
  dhcpPutEnd,
  dhcpReadOptions,
  dhcpUsable,
  dhcpWriteHeader,
  OPT_CLIENT_ID,
  OPT_DNS,
  OPT_HOSTNAME,
  OPT_LEASE_TIME,
  OPT_MAX_SIZE,
  OPT_MESSAGE_TYPE,
  OPT_MTU,
  OPT_PARAMETERS,
  OPT_REQUESTED_IP,
  OPT_ROUTER,
  OPT_SERVER_ID,
  OPT_T1,
  OPT_T2,
  type DhcpOptions,
} from './dhcp_wire.js';

// States: RFC 2131, figure 5. INIT also waits for the link, and after a refusal.
export const DHCP_STATE_OFF = 0;
export const DHCP_STATE_INIT = 1;
export const DHCP_STATE_SELECTING = 2;
export const DHCP_STATE_REQUESTING = 3;
export const DHCP_STATE_CHECKING = 4;
export const DHCP_STATE_BOUND = 5;
export const DHCP_STATE_RENEWING = 6;
export const DHCP_STATE_REBINDING = 7;
export const DHCP_STATE_REBOOTING = 8;
export const DHCP_STATE_INFORMING = 9;

/** DHCPREQUESTs without an answer before all begins anew: for an offer, and for the address had before. */
const REQUEST_TRIES = 4;
const REBOOT_TRIES = 2;
/** RFC 2131, 3.1, step 5: at least ten seconds after a DHCPDECLINE. */
const DECLINE_WAIT = 10000;
/** RFC 2131, 4.4.5: at least 60 seconds between attempts to renew or rebind. */
const RENEW_WAIT_MIN = 60000;
const LEASE_INFINITE = 0xffffffff;
/** The longest time-out that is set, ms: longer waits are done in pieces. */
const MAX_SLEEP = 0x3fffffff;

/** A client. Times in ms are plain numbers, larger than the clock can hold. */
export interface Dhcp {
  netif: Netif;
  clientId: number[] | null;
  acd: Acd;
  /** Not null while the client runs: one PCB, shared by the clients of all interfaces. */
  pcb: UdpPcb | null;
  /** What the server said last. */
  options: DhcpOptions;
  /** MTU of the interface without a lease. */
  mtu: number;
  /** Clock value when acquiring began, and the "secs" that follow from it. */
  started: number;
  secs: number;
  serverId: Ip4Addr;
  /** The address that is asked for, checked or held; 0 for none. */
  addr: Ip4Addr;
  /** Messages sent for one purpose; NAKs since the last lease; tries since the last lease. */
  tries: number;
  naks: number;
  unanswered: number;
  /** ms from the request for the lease; t1 <= t2 <= lease. `lease` is 0 while there is none. */
  t1: number;
  t2: number;
  lease: number;
  /** Clock value when the last message went out: a lease counts from its request. */
  sentAt: number;
  /** ms the lease is old; clock value at which it, and `wait`, were that. */
  age: number;
  agedAt: number;
  /** ms until the state's next deed. */
  wait: number;
  xid: number;
  state: number;
}

export function dhcpRecord(netif: Netif): Dhcp {
  let d = netif.dhcp as Dhcp | null;
  if (!d) {
    d = {
      netif,
      clientId: null,
      acd: acdNew(),
      pcb: null,
      options: {},
      mtu: 0,
      started: 0,
      secs: 0,
      serverId: 0,
      addr: 0,
      tries: 0,
      naks: 0,
      unanswered: 0,
      t1: 0,
      t2: 0,
      lease: 0,
      sentAt: 0,
      age: 0,
      agedAt: 0,
      wait: 0,
      xid: 0,
      state: DHCP_STATE_OFF,
    };
    netif.dhcp = d;
  }
  return d;
}

/** The PCB on port 68 that a running client has, other than that of `d`. */
function sharedPcb(d: Dhcp): UdpPcb | null {
  for (let n = d.netif.stack.netifs; n; n = n.next) {
    const other = n.dhcp as Dhcp | null;
    if (other && other !== d && other.pcb) return other.pcb;
  }
  return null;
}

export function dhcpOpen(d: Dhcp): Err {
  const stack = d.netif.stack;
  if (d.pcb) return ERR_OK;
  let pcb = sharedPcb(d);
  if (!pcb) {
    pcb = udpNew(stack);
    if (!pcb) return ERR_MEM;
    const err = udpBind(pcb, IP_ADDR_ANY, DHCP_CLIENT_PORT);
    if (err !== ERR_OK) {
      udpRemove(pcb);
      return err;
    }
    udpRecv(pcb, dhcpRecv, stack);
  }
  d.pcb = pcb;
  d.mtu = d.netif.mtu;
  d.agedAt = stack.clock();
  if (LWIP_ACD) acdAdd(d.netif, d.acd, dhcpAcd);
  return ERR_OK;
}

export function dhcpClose(d: Dhcp): void {
  const pcb = d.pcb;
  d.state = DHCP_STATE_OFF;
  d.pcb = null;
  d.addr = 0;
  sysUntimeout(d.netif.stack, dhcpTimer, d);
  if (LWIP_ACD) acdRemove(d.netif, d.acd);
  if (LWIP_AUTOIP) autoipStop(d.netif);
  if (pcb && !sharedPcb(d)) udpRemove(pcb);
}

/** Brings the times up to date. Before anything that looks at them. */
export function dhcpTick(d: Dhcp): void {
  const now = d.netif.stack.clock();
  const ms = (now - d.agedAt) >>> 0;
  d.agedAt = now;
  d.age += ms;
  d.wait -= ms;
}

/** Sets the time-out: for the state's next deed in `ms`, and in any case for the end of the lease. */
function sleep(d: Dhcp, ms: number): Err {
  const stack = d.netif.stack;
  d.wait = ms = Math.ceil(ms);
  if (d.lease && d.lease - d.age < ms) ms = d.lease - d.age;
  sysUntimeout(stack, dhcpTimer, d);
  if (ms === Infinity) return ERR_OK;
  return sysTimeout(stack, ms > MAX_SLEEP ? MAX_SLEEP : ms < 0 ? 0 : ms, dhcpTimer, d);
}

export function dhcpNewXid(d: Dhcp): void {
  const stack = d.netif.stack;
  d.xid = ((stack.random16() << 16) | stack.random16()) >>> 0;
  d.tries = 0;
}

/** INIT: begins to look for an address in `ms`. */
export function dhcpInitialise(d: Dhcp, ms: number): Err {
  const ready = netifIsReady(d.netif);
  if (LWIP_ACD && !d.lease) acdStop(d.acd);
  d.state = DHCP_STATE_INIT;
  if (!ready) return sleep(d, Infinity);
  if (ms) return sleep(d, ms);
  d.started = d.netif.stack.clock();
  dhcpNewXid(d);
  // RFC 2131, 3.2: with an address from before, ask whether it still holds here.
  d.state = d.lease ? DHCP_STATE_REBOOTING : DHCP_STATE_SELECTING;
  return dhcpAsk(d);
}

/** Sends what the state asks for by broadcast: SELECTING, REQUESTING, REBOOTING, INFORMING. */
export function dhcpAsk(d: Dhcp): Err {
  const state = d.state;
  const informing = state === DHCP_STATE_INFORMING;
  // RFC 2131, 3.1, step 3: a request for an offer has the "secs" of the DHCPDISCOVER, so that relays take the same way.
  if (state !== DHCP_STATE_REQUESTING) d.secs = secs(d);
  dhcpSend(
    d,
    state === DHCP_STATE_SELECTING ? DHCP_DISCOVER : informing ? DHCP_INFORM : DHCP_REQUEST,
    IP_ADDR_BROADCAST,
    informing ? d.netif.ipAddr : 0,
  );
  // RFC 2131, 4.1: 4 seconds, doubling up to 64, each with a random second more or less.
  const n = d.tries;
  return sleep(d, (n < 5 ? 2000 << n : 64000) - 1000 + (d.netif.stack.random16() % 2001));
}

/** RENEWING, REBINDING. */
export function dhcpAskToRenew(d: Dhcp, state: number): void {
  if (d.state !== state) d.started = d.netif.stack.clock();
  d.state = state;
  d.secs = secs(d);
  const end = state === DHCP_STATE_RENEWING ? d.t2 : d.lease;
  dhcpSend(d, DHCP_REQUEST, state === DHCP_STATE_RENEWING ? d.serverId : IP_ADDR_BROADCAST, d.addr);
  // RFC 2131, 4.4.5: half of the time that remains, but no less than 60 seconds.
  const left = end - d.age;
  const half = left / 2;
  sleep(d, half > RENEW_WAIT_MIN ? half : left < RENEW_WAIT_MIN ? left : RENEW_WAIT_MIN);
}

function secs(d: Dhcp): number {
  const s = (((d.netif.stack.clock() - d.started) >>> 0) / 1000) | 0;
  return s > 0xffff ? 0xffff : s;
}

function dhcpTimer(d: Dhcp): void {
  const state = d.state;
  dhcpTick(d);
  if (d.lease && d.age >= d.lease) {
    // RFC 2131, 4.4.5: without the server's consent the address must not be used any longer.
    startOver(d, 1);
    return;
  }
  if (d.wait > 0) {
    sleep(d, d.wait);
    return;
  }
  const acquiring =
    state === DHCP_STATE_SELECTING || state === DHCP_STATE_REQUESTING || state === DHCP_STATE_REBOOTING;
  const limit =
    state === DHCP_STATE_SELECTING ? Infinity : state === DHCP_STATE_REBOOTING ? REBOOT_TRIES : REQUEST_TRIES;
  if (acquiring) d.unanswered++;
  if (state === DHCP_STATE_INIT) dhcpInitialise(d, 0);
  else if (state >= DHCP_STATE_BOUND && state <= DHCP_STATE_REBINDING) {
    const next = d.age < d.t2 ? DHCP_STATE_RENEWING : DHCP_STATE_REBINDING;
    if (state !== next) dhcpNewXid(d);
    dhcpAskToRenew(d, next);
  } else if (d.tries < limit) dhcpAsk(d);
  else if (state === DHCP_STATE_INFORMING) dhcpClose(d);
  else {
    // The address from before is kept meanwhile: RFC 2131, 3.2, step 3 allows it until the lease ends.
    d.state = DHCP_STATE_SELECTING;
    dhcpNewXid(d);
    dhcpAsk(d);
  }
  if (LWIP_AUTOIP && acquiring && !d.lease && d.unanswered >= d.netif.stack.opt.LWIP_DHCP_AUTOIP_COOP_TRIES) {
    autoipStart(d.netif);
  }
}

/**
 * Sends a message.
 * @param ciaddr the address in use, which the server may answer to; 0 when there is none
 */
export function dhcpSend(d: Dhcp, type: number, dst: Ip4Addr, ciaddr: Ip4Addr): void {
  const netif = d.netif;
  const stack = netif.stack;
  // RFC 2131, 4.4.1, table 5: what is given back goes with little more than its name.
  const ending = type === DHCP_DECLINE || type === DHCP_RELEASE;
  const b = new Uint8Array(576);
  d.tries++;
  // RFC 2131, 4.1: until the address is set up, answers can only be received as broadcasts.
  const flags = ciaddr || ending ? 0 : DHCP_FLAG_BROADCAST;
  dhcpWriteHeader(b, d.xid, ending ? 0 : d.secs, flags, ciaddr, netif.hwaddr);
  let at = dhcpPutBytes(b, DHCP_OPTIONS, OPT_MESSAGE_TYPE, [type]);
  if (d.clientId) at = dhcpPutBytes(b, at, OPT_CLIENT_ID, d.clientId);
  if (d.addr && !ciaddr) at = dhcpPut32(b, at, OPT_REQUESTED_IP, d.addr);
  // RFC 2131, 4.3.2: among requests only that for an offer names the server.
  if (ending || d.state === DHCP_STATE_REQUESTING) {
    at = dhcpPut32(b, at, OPT_SERVER_ID, d.serverId);
  }
  if (!ending) {
    const name = netif.hostname;
    const mtu = d.mtu < 576 ? 576 : d.mtu;
    at = dhcpPutBytes(b, at, OPT_MAX_SIZE, [mtu >> 8, mtu & 255]);
    at = dhcpPutBytes(b, at, OPT_PARAMETERS, dhcpParameters());
    if (name) {
      const text: number[] = [];
      for (let i = 0; i < name.length && i < 63; i++) text.push(name.charCodeAt(i));
      at = dhcpPutBytes(b, at, OPT_HOSTNAME, text);
    }
  }
  d.sentAt = stack.clock();
  const length = dhcpPutEnd(b, at);
  const p = pbufAlloc(stack, PBUF_TRANSPORT, length, PBUF_RAM);
  if (!p) {
    statInc(stack, STAT_DHCP + MEMERR);
    return;
  }
  p.payload.set(b.subarray(0, length), p.off);
  // RFC 2131, 4.1: without an address from DHCP the source is 0.0.0.0, whatever the interface may have meanwhile
  // (an address whose lease is in doubt, a link-local one). IP takes 0 to mean the interface's address.
  const own = netif.ipAddr;
  netif.ipAddr = ciaddr;
  if (udpSendtoIfSrc(d.pcb!, p, dst, DHCP_SERVER_PORT, netif, ciaddr) === ERR_OK) {
    statInc(stack, STAT_DHCP + XMIT);
  }
  netif.ipAddr = own;
  pbufFree(p);
}

function dhcpRecv(stack: Stack, _pcb: UdpPcb, p: Pbuf, _addr: IpAddr, port: number): void {
  const b = p.next ? pbufBytes(p) : p.payload;
  const at = p.next ? 0 : p.off;
  statInc(stack, STAT_DHCP + RECV);
  if (port !== DHCP_SERVER_PORT || !dhcpIsReply(b, at, at + p.totLen)) statDrop(stack, STAT_DHCP, PROTERR);
  else {
    const d = addressee(stack, b, at);
    const o = d && dhcpReadOptions(b, at, at + p.totLen);
    if (!d) statInc(stack, STAT_DHCP + DROP);
    else if (!o) statDrop(stack, STAT_DHCP, LENERR);
    else if (!answer(d, o, get32(b, at + DHCP_YIADDR))) statDrop(stack, STAT_DHCP, PROTERR);
  }
  pbufFree(p);
}

/** The client that asked: RFC 2131, 4.1: told by "xid"; answers to others on the same wire are theirs. */
function addressee(stack: Stack, b: Uint8Array, at: number): Dhcp | null {
  for (let n = stack.netifs; n; n = n.next) {
    const d = n.dhcp as Dhcp | null;
    const hw = n.hwaddr;
    const chaddr = at + DHCP_CHADDR;
    if (
      d &&
      d.pcb &&
      d.xid === get32(b, at + DHCP_XID) &&
      get16(b, chaddr) === get16(hw, 0) &&
      get32(b, chaddr + 2) === get32(hw, 2)
    ) {
      return d;
    }
  }
  return null;
}

/** Acts on a server's message. @returns false when it does not fit the state or is not valid */
function answer(d: Dhcp, o: DhcpOptions, yiaddr: Ip4Addr): boolean {
  const state = d.state;
  const type = o[OPT_MESSAGE_TYPE] ? o[OPT_MESSAGE_TYPE]![0] : 0;
  const server = dhcpOption32(o, OPT_SERVER_ID, 0);
  const id = o[OPT_CLIENT_ID];
  // RFC 2131, 4.3.1, table 3: every message names its server.
  if (server <= 0) return false;
  // RFC 6842, 3: a client identifier that comes back must be ours.
  if (id && d.clientId && id.join() !== d.clientId.join()) return false;
  dhcpTick(d);
  if (type === DHCP_OFFER) {
    if (state !== DHCP_STATE_SELECTING || !dhcpUsable(o, yiaddr)) return false;
    d.serverId = server;
    d.addr = yiaddr;
    d.state = DHCP_STATE_REQUESTING;
    d.tries = 0;
    dhcpAsk(d);
    return true;
  }
  if (type === DHCP_ACK && state === DHCP_STATE_INFORMING) {
    d.options = o;
    setDns(d);
    dhcpClose(d);
    return true;
  }
  const asked =
    state === DHCP_STATE_REQUESTING || (state >= DHCP_STATE_RENEWING && state <= DHCP_STATE_REBOOTING);
  if (!asked || (state === DHCP_STATE_REQUESTING && server !== d.serverId)) return false;
  if (type === DHCP_NAK) {
    // RFC 2131, 3.1, step 5 and 3.2, step 3: start over; with growing pauses when that happens again and again.
    const naks = d.naks++;
    d.addr = 0;
    startOver(d, naks ? 1000 << (naks < 6 ? naks : 6) : 1);
    return true;
  }
  if (type !== DHCP_ACK || !dhcpUsable(o, yiaddr)) return false;
  d.options = o;
  d.serverId = server;
  if (d.lease && yiaddr !== d.addr) dhcpDropAddress(d);
  d.addr = yiaddr;
  if (LWIP_ACD && !d.lease && d.netif.stack.opt.DHCP_CHECK_MS) {
    d.state = DHCP_STATE_CHECKING;
    sleep(d, Infinity);
    watch(d);
  } else bind(d);
  return true;
}

/** BOUND: the lease begins, or goes on. */
function bind(d: Dhcp): void {
  const netif = d.netif;
  const o = d.options;
  const seconds = dhcpOption32(o, OPT_LEASE_TIME, 0);
  const lease = seconds === LEASE_INFINITE ? Infinity : seconds * 1000;
  // RFC 2131, 4.4.5: T1 and T2 from the server, or half and seven eighths of the lease.
  let t1 = dhcpOption32(o, OPT_T1, 0) * 1000;
  let t2 = dhcpOption32(o, OPT_T2, 0) * 1000;
  if (t2 <= 0 || t2 >= lease) t2 = lease * 0.875;
  if (t1 <= 0 || t1 > t2) t1 = lease * 0.5 < t2 ? lease * 0.5 : t2;
  d.state = DHCP_STATE_BOUND;
  d.lease = lease;
  d.t1 = t1;
  d.t2 = t2;
  d.age = (netif.stack.clock() - d.sentAt) >>> 0;
  d.unanswered = d.naks = 0;
  sleep(d, t1 - d.age);
  const mtu = o[OPT_MTU] && o[OPT_MTU]!.length > 1 ? (o[OPT_MTU]![0]! << 8) | o[OPT_MTU]![1]! : 0;
  netif.mtu = mtu >= 576 && mtu < d.mtu ? mtu : d.mtu;
  setDns(d);
  if (LWIP_AUTOIP) autoipStop(netif);
  const gw = dhcpOption32(o, OPT_ROUTER, 0);
  netifSetAddr(netif, d.addr, dhcpMask(o, d.addr), gw > 0 ? gw : IP_ADDR_ANY);
  if (LWIP_ACD && d.lease && d.acd.state === ACD_OFF) watch(d);
}

/** Probes for the address, then defends it. The link's going down ends that, so it begins anew after each. */
function watch(d: Dhcp): void {
  d.acd.probeMs = d.netif.stack.opt.DHCP_CHECK_MS || 1;
  if (acdStart(d.netif, d.acd, d.addr) !== ERR_OK && d.state === DHCP_STATE_CHECKING) bind(d);
}

function setDns(d: Dhcp): void {
  if (!LWIP_DNS || !d.options[OPT_DNS]) return;
  const stack = d.netif.stack;
  for (let i = 0; i < stack.opt.DNS_MAX_SERVERS; i++) {
    const server = dhcpOption32(d.options, OPT_DNS, i);
    dnsSetserver(stack, i, server > 0 ? server : IP_ADDR_ANY);
  }
}

/** The lease is over: nothing may be sent from its address any longer. */
export function dhcpDropAddress(d: Dhcp): void {
  const netif = d.netif;
  if (!d.lease) return;
  d.lease = 0;
  if (LWIP_ACD) acdStop(d.acd);
  netif.mtu = d.mtu;
  netifSetAddr(netif, IP_ADDR_ANY, IP_ADDR_ANY, IP_ADDR_ANY);
}

/** The address is lost; looks for one in `ms`. The interface's callbacks are called last. */
function startOver(d: Dhcp, ms: number): void {
  dhcpInitialise(d, ms);
  dhcpDropAddress(d);
}

function dhcpAcd(netif: Netif, result: number): void {
  const d = netif.dhcp as Dhcp;
  dhcpTick(d);
  if (result === ACD_IP_OK) {
    if (d.state === DHCP_STATE_CHECKING) bind(d);
    return;
  }
  // RFC 2131, 4.4.4; RFC 5227, 2.4: another host has the address: tell the server, and ask for another one.
  dhcpNewXid(d);
  dhcpSend(d, DHCP_DECLINE, IP_ADDR_BROADCAST, 0);
  d.addr = 0;
  startOver(d, DECLINE_WAIT);
}
