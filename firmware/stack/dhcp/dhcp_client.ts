// The DHCP client's state machine (RFC 2131, 4.4): one record and one time-out per interface, and what a lease
// means for the interface. What applications call is in dhcp.ts, what the bytes of messages mean in dhcp_wire.ts;
// conflicts on the wire are acd/'s to find.
// Differences from the RFC's advice, on purpose: no random wait before the first message (4.4.1 asks for 1 to 10
// seconds), and the check for a conflict (3.1, step 5) is DHCP_CHECK_MS long instead of RFC 5227's 5 to 7 seconds;
// afterwards the address is defended as RFC 5227, 2.4 has it.

import { ACD_IP_OK, ACD_OFF, acdAdd, acdNew, acdRemove, acdStart, acdStop, type Acd } from '../acd/acd.js';
import { autoipStart, autoipStop } from '../autoip/autoip.js';
import { load32 } from '../core/bytes.js';
import { ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import { IP_ADDR_ANY, IP_ADDR_BROADCAST, type Ip4Addr, type IpAddr } from '../core/ipaddr.js';
import { netifIsReady, netifSetAddr, type Netif } from '../core/netif.js';
import { DHCP_EXTRAS, LWIP_ACD, LWIP_AUTOIP, LWIP_DNS } from '../core/opt.js';
import { PBUF_RAM, PBUF_UDP, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import { pbufBytes } from '../core/pbuf_data.js';
import { PROTERR, RECV, STAT_DHCP, statDrop, statInc, XMIT } from '../core/stats.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { dnsSetserver } from '../dns/dns.js';
import { macEq } from '../link/ethernet.js';
import { udpBind, udpBindNetif, udpNew, udpRecv, udpRemove, udpSendto, type UdpPcb } from '../udp/udp.js';
import {
  DHCP_ACK,
  DHCP_CHADDR,
  DHCP_CLIENT_PORT,
  DHCP_DECLINE,
  DHCP_DISCOVER,
  DHCP_INFORM,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_RELEASE,
  DHCP_REQUEST,
  DHCP_SERVER_PORT,
  DHCP_XID,
  DHCP_YIADDR,
  dhcpMask,
  dhcpMessage,
  dhcpOption32,
  dhcpRead,
  dhcpUsable,
  dhcpWord,
  OPT_CLIENT_ID,
  OPT_DNS,
  OPT_DOMAIN,
  OPT_END,
  OPT_HOSTNAME,
  OPT_LEASE_TIME,
  OPT_MAX_SIZE,
  OPT_MESSAGE_TYPE,
  OPT_MTU,
  OPT_NTP,
  OPT_PARAMETERS,
  OPT_REQUESTED_IP,
  OPT_ROUTER,
  OPT_SERVER_ID,
  OPT_SUBNET_MASK,
  OPT_T1,
  OPT_T2,
  type DhcpOptions,
} from './dhcp_wire.js';

// States: RFC 2131, figure 5. INIT also waits for the link, and after a refusal. The order counts: from SELECTING on
// an answer is waited for, from INFORMING on the interface's address is in use, from RENEWING on it is asked for again.
export const DHCP_STATE_OFF = 0;
export const DHCP_STATE_INIT = 1;
export const DHCP_STATE_CHECKING = 2;
export const DHCP_STATE_BOUND = 3;
export const DHCP_STATE_SELECTING = 4;
export const DHCP_STATE_REQUESTING = 5;
export const DHCP_STATE_REBOOTING = 6;
export const DHCP_STATE_INFORMING = 7;
export const DHCP_STATE_RENEWING = 8;
export const DHCP_STATE_REBINDING = 9;

/** Messages without an answer before all begins anew: in general, and for the address had before. */
const REQUEST_TRIES = 4;
const REBOOT_TRIES = 2;
/** RFC 2131, 3.1, step 5: at least ten seconds after a DHCPDECLINE. */
const DECLINE_WAIT = 10000;
/** The longest pause after a DHCPNAK. */
const NAK_WAIT_MAX = 64000;
/** RFC 2131, 4.4.5: at least 60 seconds between attempts to renew or rebind. */
const RENEW_WAIT_MIN = 60000;
const LEASE_INFINITE = 0xffffffff;
/** The longest time-out that is set, ms: longer waits are done in pieces. */
const MAX_SLEEP = 0x3fffffff;

/** A client. Times are ms of its own clock `now`: plain numbers, larger than the stack's clock can hold. */
export interface Dhcp {
  netif: Netif;
  clientId: number[] | null;
  /** Null without LWIP_ACD. */
  acd: Acd | null;
  /** Not null while the client runs. */
  pcb: UdpPcb | null;
  /** What the server said last. */
  options: DhcpOptions;
  /** MTU of the interface without a lease. */
  mtu: number;
  /** When acquiring or renewing began, and the "secs" that follow from it. */
  started: number;
  secs: number;
  serverId: Ip4Addr;
  /** The address that is asked for, checked or held; 0 for none. */
  addr: Ip4Addr;
  /** Messages sent for one purpose; ms to wait after the next NAK; tries since the last lease. */
  tries: number;
  pause: number;
  unanswered: number;
  /** When to turn to any server, and when the lease ends. `lease` is 0 while there is none. */
  t2: number;
  lease: number;
  /** When the last message went out: a lease counts from its request. */
  sentAt: number;
  /** The stack's clock when `now` was set. */
  clock: number;
  now: number;
  /** When the state's next deed is due. */
  due: number;
  xid: number;
  state: number;
}

export function dhcpRecord(netif: Netif): Dhcp {
  return (netif.dhcp ||
    (netif.dhcp = {
      netif,
      clientId: null,
      acd: LWIP_ACD ? acdNew() : null,
      pcb: null,
      options: {},
      mtu: 0,
      started: 0,
      secs: 0,
      serverId: 0,
      addr: 0,
      tries: 0,
      pause: 0,
      unanswered: 0,
      t2: 0,
      lease: 0,
      sentAt: 0,
      clock: 0,
      now: 0,
      due: 0,
      xid: 0,
      state: DHCP_STATE_OFF,
    } satisfies Dhcp)) as Dhcp;
}

/** @returns ERR_OK, or ERR_MEM without a PCB, or ERR_USE when another than a DHCP client has the port */
export function dhcpOpen(d: Dhcp): Err {
  const netif = d.netif;
  dhcpTick(d);
  if (d.pcb) return ERR_OK;
  const pcb = udpNew(netif.stack);
  if (!pcb) return ERR_MEM;
  udpBindNetif(pcb, netif);
  udpRecv(pcb, dhcpRecv, d);
  const err = udpBind(pcb, IP_ADDR_ANY, DHCP_CLIENT_PORT);
  if (err !== ERR_OK) {
    udpRemove(pcb);
    return err;
  }
  d.pcb = pcb;
  if (DHCP_EXTRAS) d.mtu = netif.mtu;
  if (LWIP_ACD) acdAdd(netif, d.acd!, dhcpAcd);
  return ERR_OK;
}

export function dhcpClose(d: Dhcp): void {
  const netif = d.netif;
  d.state = DHCP_STATE_OFF;
  d.addr = 0;
  sysUntimeout(netif.stack, dhcpTimer, d);
  if (LWIP_ACD) acdRemove(netif, d.acd!);
  if (LWIP_AUTOIP) autoipStop(netif);
  if (d.pcb) udpRemove(d.pcb);
  d.pcb = null;
}

/** Brings `now` up to date. Before anything that looks at times. @returns it */
export function dhcpTick(d: Dhcp): number {
  const clock = d.netif.stack.clock();
  d.now += (clock - d.clock) >>> 0;
  d.clock = clock;
  return d.now;
}

/** Sets the time-out: for the state's next deed in `ms`, and in any case for the end of the lease. */
function sleep(d: Dhcp, ms: number): Err {
  const stack = d.netif.stack;
  const left = Math.min(ms, d.lease ? d.lease - d.now : ms);
  d.due = d.now + ms;
  sysUntimeout(stack, dhcpTimer, d);
  if (left === Infinity) return ERR_OK;
  return sysTimeout(stack, Math.max(0, Math.min(left, MAX_SLEEP)), dhcpTimer, d);
}

/** For a new purpose. */
export function dhcpNewXid(d: Dhcp): void {
  const stack = d.netif.stack;
  d.xid = ((stack.random16() << 16) | stack.random16()) >>> 0;
  d.tries = 0;
}

/** INIT: looks for an address in `ms`, once the interface is ready. */
export function dhcpInitialise(d: Dhcp, ms: number): Err {
  if (LWIP_ACD && !d.lease) acdStop(d.acd!);
  d.state = DHCP_STATE_INIT;
  return sleep(d, netifIsReady(d.netif) ? ms : Infinity);
}

/** Enters a state that asks for something. */
export function dhcpBegin(d: Dhcp, state: number): Err {
  d.state = state;
  d.started = d.now;
  dhcpNewXid(d);
  return ask(d);
}

/** Sends what the state asks for. */
function ask(d: Dhcp): Err {
  const state = d.state;
  const now = d.now;
  const renewing = state === DHCP_STATE_RENEWING;
  // RFC 2131, 3.1, step 3: a request for an offer has the "secs" of the DHCPDISCOVER, so that relays take the same way.
  if (state !== DHCP_STATE_REQUESTING) d.secs = Math.min(0xffff, (now - d.started) / 1000);
  dhcpSend(
    d,
    state === DHCP_STATE_SELECTING
      ? DHCP_DISCOVER
      : DHCP_EXTRAS && state === DHCP_STATE_INFORMING
        ? DHCP_INFORM
        : DHCP_REQUEST,
    renewing ? d.serverId : IP_ADDR_BROADCAST,
    state < DHCP_STATE_INFORMING ? 0 : d.netif.ipAddr,
  );
  if (state < DHCP_STATE_RENEWING) {
    // RFC 2131, 4.1: 4 seconds, doubling up to 64, each with a random second more or less.
    return sleep(d, (2000 << Math.min(d.tries, 5)) - 1000 + (d.netif.stack.random16() % 2001));
  }
  // RFC 2131, 4.4.5: half of the time that remains, but no less than 60 seconds.
  const left = (renewing ? d.t2 : d.lease) - now;
  return sleep(d, Math.min(left, Math.max(RENEW_WAIT_MIN, Math.floor(left / 2))));
}

function dhcpTimer(d: Dhcp): void {
  const now = dhcpTick(d);
  const state = d.state;
  // RFC 2131, 4.4.5: without the server's consent the address must not be used any longer.
  if (d.lease && now >= d.lease) return dhcpStartOver(d, 0);
  if (now < d.due) {
    sleep(d, d.due - now);
    return;
  }
  let next = state;
  // RFC 2131, 3.2: with an address from before, ask whether it still holds here.
  if (state === DHCP_STATE_INIT) next = d.lease ? DHCP_STATE_REBOOTING : DHCP_STATE_SELECTING;
  else if (state === DHCP_STATE_BOUND || state >= DHCP_STATE_RENEWING) {
    next = now < d.t2 ? DHCP_STATE_RENEWING : DHCP_STATE_REBINDING;
  } else if (d.tries >= (state === DHCP_STATE_REBOOTING ? REBOOT_TRIES : REQUEST_TRIES)) {
    if (DHCP_EXTRAS && state === DHCP_STATE_INFORMING) return dhcpClose(d);
    // The address from before is kept meanwhile: RFC 2131, 3.2, step 3 allows it until the lease ends.
    next = DHCP_STATE_SELECTING;
  }
  if (next === state) ask(d);
  else dhcpBegin(d, next);
  if (
    LWIP_AUTOIP &&
    !d.lease &&
    state >= DHCP_STATE_SELECTING &&
    ++d.unanswered >= d.netif.stack.opt.LWIP_DHCP_AUTOIP_COOP_TRIES
  ) {
    autoipStart(d.netif);
  }
}

/**
 * Sends a message. What cannot be sent is lost like any other.
 * @param ciaddr the address in use, which the server may answer to; 0 when there is none
 */
export function dhcpSend(d: Dhcp, type: number, dst: Ip4Addr, ciaddr: Ip4Addr): void {
  const netif = d.netif;
  const stack = netif.stack;
  // RFC 2131, 4.4.1, table 5: what is given back goes with little more than its name.
  const ending = type === DHCP_DECLINE || type === DHCP_RELEASE;
  let options = [OPT_MESSAGE_TYPE, 1, type];
  if (DHCP_EXTRAS && d.clientId) options = options.concat(OPT_CLIENT_ID, d.clientId.length, d.clientId);
  if (d.addr && !ciaddr) options = options.concat(OPT_REQUESTED_IP, 4, dhcpWord(d.addr));
  // RFC 2131, 4.3.2: among requests only that for an offer names the server.
  if (ending || d.state === DHCP_STATE_REQUESTING) {
    options = options.concat(OPT_SERVER_ID, 4, dhcpWord(d.serverId));
  }
  if (!ending) {
    const name = (netif.hostname || '').substring(0, 63);
    if (DHCP_EXTRAS) {
      const mtu = Math.max(576, d.mtu);
      options.push(OPT_MAX_SIZE, 2, mtu >> 8, mtu);
      options.push(OPT_PARAMETERS, 6, OPT_SUBNET_MASK, OPT_ROUTER, OPT_DNS, OPT_DOMAIN, OPT_MTU, OPT_NTP);
    } else options.push(OPT_PARAMETERS, 3, OPT_SUBNET_MASK, OPT_ROUTER, OPT_DNS);
    if (name) options.push(OPT_HOSTNAME, name.length);
    for (let i = 0; i < name.length; i++) options.push(name.charCodeAt(i));
  }
  options.push(OPT_END);
  d.tries++;
  d.sentAt = d.now;
  // RFC 2131, 4.1: until the address is set up, answers can only be received as broadcasts.
  const b = dhcpMessage(d.xid, ending ? 0 : d.secs, !ending && !ciaddr, ciaddr, netif.hwaddr, options);
  const p = pbufAlloc(stack, PBUF_UDP, b.length, PBUF_RAM);
  if (!p) return;
  p.payload.set(b, p.off);
  // RFC 2131, 4.1: without an address from DHCP the source is 0.0.0.0, whatever the interface may have meanwhile
  // (an address whose lease is in doubt, a link-local one).
  const own = netif.ipAddr;
  netif.ipAddr = ciaddr;
  if (udpSendto(d.pcb!, p, dst, DHCP_SERVER_PORT) === ERR_OK) statInc(stack, STAT_DHCP + XMIT);
  netif.ipAddr = own;
  pbufFree(p);
}

function dhcpRecv(d: Dhcp, pcb: UdpPcb, p: Pbuf, _addr: IpAddr, port: number): void {
  const stack = pcb.stack;
  const b = pbufBytes(p);
  pbufFree(p);
  statInc(stack, STAT_DHCP + RECV);
  if (port !== DHCP_SERVER_PORT || !answer(d, b)) statDrop(stack, STAT_DHCP, PROTERR);
}

/** Acts on a server's message. @returns false when it is another's, does not fit the state or is not valid */
function answer(d: Dhcp, b: Uint8Array): boolean {
  const netif = d.netif;
  const state = d.state;
  const o = dhcpRead(b);
  // RFC 2131, 4.1: answers are told by "xid"; those to others on the same wire are theirs.
  if (!o || load32(b, DHCP_XID) !== d.xid || !macEq(b, DHCP_CHADDR, netif.hwaddr, 0)) return false;
  const type = (o[OPT_MESSAGE_TYPE] || [])[0];
  const server = dhcpOption32(o, OPT_SERVER_ID, 0);
  const yiaddr = load32(b, DHCP_YIADDR);
  const usable = dhcpUsable(o, yiaddr);
  const id = o[OPT_CLIENT_ID];
  // RFC 2131, 4.3.1, table 3: every message names its server.
  if (!server) return false;
  // RFC 6842, 3: a client identifier that comes back must be ours.
  if (DHCP_EXTRAS && id && d.clientId && id.join() !== d.clientId.join()) return false;
  dhcpTick(d);
  if (state === DHCP_STATE_SELECTING) {
    if (type !== DHCP_OFFER || !usable) return false;
    d.serverId = server;
    d.addr = yiaddr;
    d.state = DHCP_STATE_REQUESTING;
    d.tries = 0;
    ask(d);
    return true;
  }
  if (state === DHCP_STATE_REQUESTING ? server !== d.serverId : state < DHCP_STATE_SELECTING) return false;
  if (DHCP_EXTRAS && state === DHCP_STATE_INFORMING) {
    if (type !== DHCP_ACK) return false;
    d.options = o;
    setDns(d);
    dhcpClose(d);
    return true;
  }
  if (type === DHCP_NAK) {
    // RFC 2131, 3.1, step 5 and 3.2, step 3: start over; with growing pauses when that happens again and again.
    const ms = d.pause;
    d.pause = Math.min(NAK_WAIT_MAX, ms * 2 + 1000);
    d.addr = 0;
    dhcpStartOver(d, ms);
    return true;
  }
  if (type !== DHCP_ACK || !usable) return false;
  if (d.lease && yiaddr !== netif.ipAddr) dhcpDropAddress(d);
  // The interface's callback may have stopped the client.
  if (!d.pcb) return true;
  d.options = o;
  d.serverId = server;
  d.addr = yiaddr;
  if (LWIP_ACD && !d.lease && netif.stack.opt.DHCP_CHECK_MS) {
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
  if (!t2 || t2 >= lease) t2 = lease * 0.875;
  if (!t1 || t1 > t2) t1 = Math.min(lease / 2, t2);
  d.state = DHCP_STATE_BOUND;
  d.lease = d.sentAt + lease;
  d.t2 = d.sentAt + t2;
  d.unanswered = d.pause = 0;
  sleep(d, d.sentAt + t1 - d.now);
  if (DHCP_EXTRAS) {
    const mtu = o[OPT_MTU] && o[OPT_MTU]!.length > 1 ? (o[OPT_MTU]![0]! << 8) | o[OPT_MTU]![1]! : 0;
    netif.mtu = mtu >= 576 && mtu < d.mtu ? mtu : d.mtu;
  }
  setDns(d);
  if (LWIP_AUTOIP) autoipStop(netif);
  netifSetAddr(netif, d.addr, dhcpMask(o, d.addr), dhcpOption32(o, OPT_ROUTER, 0));
  if (LWIP_ACD && d.lease && d.acd!.state === ACD_OFF) watch(d);
}

/** Probes for the address, then defends it. The link's going down ends that, so it begins anew after each. */
function watch(d: Dhcp): void {
  const acd = d.acd!;
  acd.probeMs = d.netif.stack.opt.DHCP_CHECK_MS || 1;
  if (acdStart(d.netif, acd, d.addr) !== ERR_OK && d.state === DHCP_STATE_CHECKING) bind(d);
}

function setDns(d: Dhcp): void {
  const stack = d.netif.stack;
  if (!LWIP_DNS || !d.options[OPT_DNS]) return;
  for (let i = 0; i < stack.opt.DNS_MAX_SERVERS; i++) {
    dnsSetserver(stack, i, dhcpOption32(d.options, OPT_DNS, i));
  }
}

/** The lease is over: nothing may be sent from its address any longer. */
export function dhcpDropAddress(d: Dhcp): void {
  const netif = d.netif;
  if (!d.lease) return;
  d.lease = 0;
  if (LWIP_ACD) acdStop(d.acd!);
  if (DHCP_EXTRAS) netif.mtu = d.mtu;
  netifSetAddr(netif, IP_ADDR_ANY, IP_ADDR_ANY, IP_ADDR_ANY);
}

/** The address is lost; looks for one in `ms`. The interface's callbacks are called last. */
export function dhcpStartOver(d: Dhcp, ms: number): void {
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
  dhcpStartOver(d, DECLINE_WAIT);
}
