// DHCP client (RFC 2131): what applications call, and how interfaces going up and down reach the state machine in
// dhcp_client.ts.

import { tcpipAssert } from '../core/context.js';
import { etharpFindAddr } from '../arp/etharp.js';
import { ERR_ARG, ERR_OK, ERR_VAL, type Err } from '../core/err.js';
import { IP_ADDR_BROADCAST } from '../core/ipaddr.js';
import {
  NETIF_REASON_LINK,
  NETIF_REASON_REMOVED,
  NETIF_REASON_STATUS,
  netifIsReady,
  type Netif,
} from '../core/netif.js';
import { DHCP_EXTRAS, LWIP_ASSERT_CORE_LOCKED } from '../core/opt.js';
import type { Stack } from '../core/stack.js';
import {
  DHCP_STATE_BOUND,
  DHCP_STATE_INFORMING,
  DHCP_STATE_INIT,
  DHCP_STATE_OFF,
  DHCP_STATE_RENEWING,
  dhcpBegin,
  dhcpClose,
  dhcpDropAddress,
  dhcpInitialise,
  dhcpNewXid,
  dhcpOpen,
  dhcpRecord,
  dhcpSend,
  dhcpTick,
  type Dhcp,
} from './dhcp_client.js';
import { DHCP_RELEASE } from './dhcp_wire.js';

/** What dhcp/ needs to know of all interfaces. */
export function dhcpInit(stack: Stack): void {
  stack.netifHooks.push(dhcpNetifChanged);
}

/**
 * Starts the client: asks for an address as soon as the interface is up with a link, and keeps the lease from
 * then on. netif.statusCallback tells when the address is there. Where it runs already it begins anew.
 * @returns ERR_OK, or ERR_MEM without a UDP PCB or time-out
 */
export function dhcpStart(netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpStart');
  const d = dhcpRecord(netif);
  if (d.state !== DHCP_STATE_OFF) dhcpDropAddress(d);
  const err = dhcpOpen(d);
  if (err !== ERR_OK) return err;
  d.unanswered = d.pause = 0;
  return dhcpInitialise(d, 0);
}

/** Gives the address back to the server and stops; as lwIP does, the same as dhcpReleaseAndStop(). */
export function dhcpStop(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpStop');
  dhcpReleaseAndStop(netif);
}

/** Sends DHCPRELEASE where there is a lease (RFC 2131, 4.4.6), takes the address away and stops. */
export function dhcpReleaseAndStop(netif: Netif): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpReleaseAndStop');
  const d = netif.dhcp as Dhcp | null;
  if (!d || d.state === DHCP_STATE_OFF) return;
  if (d.lease && netifIsReady(netif)) {
    const hop = (d.serverId ^ d.addr) & netif.netmask ? netif.gw : d.serverId;
    dhcpNewXid(d);
    // RFC 2131, 4.4.6: by unicast. A neighbour that would have to be asked for first cannot answer any more when
    // the address is gone: then by broadcast, which the server takes as well, being named in it.
    dhcpSend(d, DHCP_RELEASE, etharpFindAddr(netif, hop) ? d.serverId : IP_ADDR_BROADCAST, d.addr);
  }
  dhcpClose(d);
  dhcpDropAddress(d);
}

/** Gives the address back and stops. @returns ERR_OK, or ERR_VAL without a running client */
export function dhcpRelease(netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpRelease');
  const d = netif.dhcp as Dhcp | null;
  if (!d || d.state === DHCP_STATE_OFF) return ERR_VAL;
  dhcpReleaseAndStop(netif);
  return ERR_OK;
}

/** Renews the lease now. @returns ERR_OK, or ERR_VAL without a lease or link */
export function dhcpRenew(netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpRenew');
  const d = netif.dhcp as Dhcp | null;
  if (!d || (d.state !== DHCP_STATE_BOUND && d.state < DHCP_STATE_RENEWING)) return ERR_VAL;
  dhcpTick(d);
  dhcpBegin(d, DHCP_STATE_RENEWING);
  return ERR_OK;
}

/**
 * For an interface whose address is set by hand: asks for the other parameters (RFC 2131, 3.4). DNS servers are
 * set when an answer comes; see also dhcpOption().
 * @returns ERR_OK, ERR_VAL without an address, with a client running or without DHCP_EXTRAS, ERR_MEM
 */
export function dhcpInform(netif: Netif): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpInform');
  const d = dhcpRecord(netif);
  if (!DHCP_EXTRAS || d.state !== DHCP_STATE_OFF || !netif.ipAddr || !netifIsReady(netif)) return ERR_VAL;
  const err = dhcpOpen(d);
  if (err !== ERR_OK) return err;
  return dhcpBegin(d, DHCP_STATE_INFORMING);
}

/** Whether the interface's address is from DHCP. */
export function dhcpSuppliedAddress(netif: Netif): boolean {
  const d = netif.dhcp as Dhcp | null;
  return !!d && d.lease > 0;
}

/** The client's state as RFC 2131 names it. */
export function dhcpStateName(netif: Netif): string {
  const d = netif.dhcp as Dhcp | null;
  return [
    'OFF',
    'INIT',
    'CHECKING',
    'BOUND',
    'SELECTING',
    'REQUESTING',
    'REBOOTING',
    'INFORMING',
    'RENEWING',
    'REBINDING',
  ][d ? d.state : 0]!;
}

/**
 * A parameter that the server told.
 * @param code option number (RFC 2132); without DHCP_EXTRAS only what the lease itself needs is asked for
 * @returns its bytes, or null
 */
export function dhcpOption(netif: Netif, code: number): number[] | null {
  const d = netif.dhcp as Dhcp | null;
  return (d && d.options[code]) || null;
}

/** Seconds that are left of the lease: 0 without one, Infinity for one without end. */
export function dhcpLeaseLeft(netif: Netif): number {
  const d = netif.dhcp as Dhcp | null;
  if (!d || !d.lease) return 0;
  return Math.max(0, d.lease - dhcpTick(d)) / 1000;
}

/**
 * Sets the client identifier (RFC 2132, 9.14; RFC 4361, 6.1: type 255, IAID, DUID), null for none. Call it before
 * dhcpStart(); without one the hardware address identifies the client. Without DHCP_EXTRAS it is not sent.
 * @returns ERR_OK, or ERR_ARG when it is not 2 to 64 bytes long
 */
export function dhcpSetClientId(netif: Netif, id: number[] | null): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(netif.stack, 'dhcpSetClientId');
  if (id && (id.length < 2 || id.length > 64)) return ERR_ARG;
  dhcpRecord(netif).clientId = id;
  return ERR_OK;
}

function dhcpNetifChanged(netif: Netif, reason: number): void {
  const d = netif.dhcp as Dhcp | null;
  const why = reason & (NETIF_REASON_STATUS | NETIF_REASON_LINK | NETIF_REASON_REMOVED);
  if (!d || !d.state || !why) return;
  if (why & NETIF_REASON_REMOVED) d.lease = 0;
  if (why & NETIF_REASON_REMOVED || (DHCP_EXTRAS && d.state === DHCP_STATE_INFORMING)) dhcpClose(d);
  else {
    dhcpTick(d);
    // The wire may be another one now, so all that was under way is void; the lease is asked for again.
    if (!netifIsReady(netif) || d.state === DHCP_STATE_INIT) dhcpInitialise(d, 0);
  }
}
