// Kaluma's network device: connecting. A program may ask for it as soon as it starts: until the host has a link and an address, and
// then until the name is resolved, the attempt waits. All of it together has one time limit.

import { ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { netifIsReady } from '../stack/core/netif.js';
import { sysTimeout, sysUntimeout } from '../stack/core/timers.js';
import { dnsCancel, dnsGethostbyname } from '../stack/dns/dns.js';
import { tcpConnect, tcpNew } from '../stack/tcp/tcp.js';
import { EHOSTUNREACH, errToErrno, ENETDOWN, ETIMEDOUT } from './errno.js';
import {
  endpointReclaim,
  NETDEV_SOCKETS,
  netdevEvent,
  netdevWake,
  type Endpoint,
  type Netdev,
} from './kaluma_netdev_endpoint.js';
import { netdevTcpAttach, netdevTcpMade } from './kaluma_netdev_tcp.js';
import { netdevUdpConnect } from './kaluma_netdev_udp.js';
import { ownInterface } from './own_interface.js';

/** From connect() until it is given up, ms. */
const CONNECT_LIMIT = 30000;

/** Begins to connect to e.host and e.obj.rport. The end comes by e.onConnect, never from within this call. */
export function netdevConnect(e: Endpoint): void {
  e.cancel = cancel;
  const err = sysTimeout(e.dev.stack, CONNECT_LIMIT, expired, e);
  if (err !== ERR_OK) e.fault = errToErrno(err);
  else proceed(e);
  netdevWake(e);
}

/** Has attempts that wait for a link and an address go on. */
export function netdevHasAddress(dev: Netdev): void {
  for (let i = 0; i < NETDEV_SOCKETS; i++) {
    const e = dev.slots[i];
    if (e && e.waiting) {
      proceed(e);
      netdevWake(e);
    }
  }
}

function proceed(e: Endpoint): void {
  const stack = e.dev.stack;
  const out: { addr: IpAddr } = { addr: 0 };
  const netif = ownInterface(stack);
  e.waiting = !netif || !netifIsReady(netif);
  if (e.waiting) return;
  const err = dnsGethostbyname(stack, e.host, out, found, e);
  if (err === ERR_OK) open(e, out.addr);
  // ERR_VAL: nobody to ask.
  else if (err !== ERR_INPROGRESS) e.fault = err === ERR_VAL ? EHOSTUNREACH : errToErrno(err);
}

function found(_name: string, addr: IpAddr | null, e: Endpoint): void {
  if (addr === null) e.fault = EHOSTUNREACH;
  else open(e, addr);
  netdevEvent(e);
}

function open(e: Endpoint, addr: IpAddr): void {
  const err = e.obj.ptcl === 'DGRAM' ? netdevUdpConnect(e, addr) : tcpOpen(e, addr);
  e.obj.raddr = ipaddrNtoa(addr);
  if (err !== ERR_OK) e.fault = errToErrno(err);
  else if (e.udp) made(e);
}

function tcpOpen(e: Endpoint, addr: IpAddr): Err {
  const stack = e.dev.stack;
  const pcb = e.pcb || tcpNew(stack);
  if (!pcb) {
    endpointReclaim(e.dev);
    return ERR_MEM;
  }
  netdevTcpAttach(e, pcb);
  return tcpConnect(pcb, addr, e.obj.rport, connected);
}

function connected(e: Endpoint): Err {
  netdevTcpMade(e);
  made(e);
  netdevEvent(e);
  return ERR_OK;
}

function made(e: Endpoint): void {
  cancel(e);
  e.fresh = true;
}

function expired(e: Endpoint): void {
  e.fault = e.waiting ? ENETDOWN : ETIMEDOUT;
  netdevEvent(e);
}

/** The attempt is over: nothing of it is pending any more. */
function cancel(e: Endpoint): void {
  const stack = e.dev.stack;
  e.cancel = null;
  e.waiting = false;
  sysUntimeout(stack, expired, e);
  dnsCancel(stack, found, e);
}
