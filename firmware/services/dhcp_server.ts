// A small DHCP server (RFC 2131, 4.3) for a network of the board's own, such as its access point: one pool of addresses,
// leases by hardware address, kept in memory. No relays.

import { load32, store32 } from '../stack/core/bytes.js';
import { IP_ADDR_ANY, IP_ADDR_BROADCAST, type Ip4Addr, type IpAddr } from '../stack/core/ipaddr.js';
import { ERR_OK } from '../stack/core/err.js';
import type { Netif } from '../stack/core/netif.js';
import { PBUF_RAM, PBUF_UDP, pbufAlloc, pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { pbufBytes } from '../stack/core/pbuf_data.js';
import {
  DHCP_ACK,
  DHCP_CHADDR,
  DHCP_CLIENT_PORT,
  DHCP_DECLINE,
  DHCP_DISCOVER,
  DHCP_INFORM,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_OPTIONS,
  DHCP_RELEASE,
  DHCP_REQUEST,
  DHCP_SERVER_PORT,
  DHCP_YIADDR,
  OPT_DNS,
  OPT_END,
  OPT_LEASE_TIME,
  OPT_MESSAGE_TYPE,
  OPT_REQUESTED_IP,
  OPT_ROUTER,
  OPT_SERVER_ID,
  OPT_SUBNET_MASK,
  dhcpOption32,
  dhcpRead,
  dhcpWord,
  type DhcpOptions,
} from '../stack/dhcp/dhcp_wire.js';
import {
  udpBind,
  udpBindNetif,
  udpNew,
  udpRecv,
  udpRemove,
  udpSendtoIf,
  type UdpPcb,
} from '../stack/udp/udp.js';

export interface DhcpServerConfig {
  /** First address of the pool, and how many there are; the interface's own is left out. */
  first: Ip4Addr;
  count: number;
  /** Seconds; default one day, at most three weeks. */
  lease?: number;
  /** A name server; default: none is told. */
  dns?: Ip4Addr;
}

export interface DhcpServer {
  netif: Netif;
  pcb: UdpPcb;
  leases: DhcpServerLease[];
  /** Seconds. */
  time: number;
  dns: Ip4Addr;
}

export interface DhcpServerLease {
  addr: Ip4Addr;
  /** Hardware address of whom it is or was, '' for nobody. */
  client: string;
  /** Whether it is taken, or set aside, until the clock says `until`. */
  taken: boolean;
  until: number;
}

/** Seconds that an offer is kept. */
const OFFER_TIME = 60;
const DAY = 86400;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const DHCP_CIADDR = 12;
const DHCP_SIADDR = 20;
const DHCP_GIADDR = 24;
/** RFC 1542, 2.1: the least length of a message. */
const MESSAGE = 300;

/**
 * Starts a server on an interface, whose address and mask are set.
 * @returns null when no PCB could be had or the port is taken
 */
export function dhcpServerStart(netif: Netif, config: DhcpServerConfig): DhcpServer | null {
  const pcb = udpNew(netif.stack);
  if (!pcb) return null;
  udpBindNetif(pcb, netif);
  if (udpBind(pcb, IP_ADDR_ANY, DHCP_SERVER_PORT) !== ERR_OK) {
    udpRemove(pcb);
    return null;
  }
  const leases: DhcpServerLease[] = [];
  for (let i = 0; i < config.count; i++) {
    const addr = config.first + i;
    if (addr !== netif.ipAddr) leases.push({ addr, client: '', taken: false, until: 0 });
  }
  const server = { netif, pcb, leases, time: config.lease || DAY, dns: config.dns || 0 };
  udpRecv(pcb, receive, server);
  return server;
}

/** Stops a server; what it has leased stays with those that have it. */
export function dhcpServerStop(server: DhcpServer): void {
  udpRemove(server.pcb);
}

function receive(server: DhcpServer, _pcb: UdpPcb, p: Pbuf, _addr: IpAddr, _port: number): void {
  const b = pbufBytes(p);
  pbufFree(p);
  if (b[0] !== BOOTREQUEST) return;
  // The answer is written over the question, and the reader of messages knows answers.
  b[0] = BOOTREPLY;
  const options = dhcpRead(b);
  const type = options && options[OPT_MESSAGE_TYPE];
  if (type && b.length >= DHCP_OPTIONS && !load32(b, DHCP_GIADDR)) serve(server, b, options, type[0]!);
}

function serve(server: DhcpServer, b: Uint8Array, options: DhcpOptions, type: number): void {
  let client = '';
  for (let i = DHCP_CHADDR; i < DHCP_CHADDR + 6; i++) client += b[i]! + '.';
  const named = dhcpOption32(options, OPT_SERVER_ID, 0);
  const own = server.netif.ipAddr;
  const ciaddr = load32(b, DHCP_CIADDR) >>> 0;
  const wanted = dhcpOption32(options, OPT_REQUESTED_IP, 0) >>> 0 || ciaddr;
  expire(server);
  if (type === DHCP_DISCOVER) {
    const lease = find(server, client, wanted) || find(server, client, 0);
    if (!lease) return;
    take(server, lease, client, OFFER_TIME);
    answer(server, b, DHCP_OFFER, lease.addr);
  } else if (type === DHCP_REQUEST) {
    // RFC 2131, 4.3.2: the client has chosen another server.
    if (named && named >>> 0 !== own) return;
    const lease = find(server, client, wanted);
    if (!lease) return answer(server, b, DHCP_NAK, 0);
    take(server, lease, client, server.time);
    answer(server, b, DHCP_ACK, lease.addr);
  } else if (type === DHCP_INFORM) answer(server, b, DHCP_ACK, 0);
  else if (type === DHCP_RELEASE || type === DHCP_DECLINE) {
    const lease = find(server, client, wanted);
    if (!lease || lease.client !== client) return;
    // Somebody else was found to have the declined one: it is set aside.
    if (type === DHCP_DECLINE) lease.client = '';
    else lease.taken = false;
  }
}

function expire(server: DhcpServer): void {
  const now = server.netif.stack.clock();
  for (let i = 0; i < server.leases.length; i++) {
    const lease = server.leases[i]!;
    if (((lease.until - now) | 0) <= 0) lease.taken = false;
  }
}

/**
 * A lease for the client.
 * @param wanted the address that it must have; 0: its own of before, else one that nobody has had, else one that is free
 */
function find(server: DhcpServer, client: string, wanted: Ip4Addr): DhcpServerLease | null {
  let best: DhcpServerLease | null = null;
  for (let i = 0; i < server.leases.length; i++) {
    const lease = server.leases[i]!;
    if (wanted && lease.addr !== wanted) continue;
    if (lease.client === client) return lease;
    if (!lease.taken && (!best || (best.client && !lease.client))) best = lease;
  }
  return best;
}

/** The lease is the client's, and no other one. @param seconds for how long */
function take(server: DhcpServer, lease: DhcpServerLease, client: string, seconds: number): void {
  const others = server.leases;
  for (let i = 0; i < others.length; i++) {
    if (others[i]!.client === client) {
      others[i]!.client = '';
      others[i]!.taken = false;
    }
  }
  lease.client = client;
  lease.taken = true;
  lease.until = (server.netif.stack.clock() + 1000 * seconds) | 0;
}

/** Turns the question in `b` into its answer and sends it (RFC 2131, 4.3.1, table 3). */
function answer(server: DhcpServer, b: Uint8Array, type: number, addr: Ip4Addr): void {
  const netif = server.netif;
  const own = dhcpWord(netif.ipAddr);
  const ciaddr = load32(b, DHCP_CIADDR) >>> 0;
  let options = [OPT_MESSAGE_TYPE, 1, type, OPT_SERVER_ID, 4].concat(own);
  if (type !== DHCP_NAK) {
    if (addr) options = options.concat(OPT_LEASE_TIME, 4, dhcpWord(server.time));
    options = options.concat(OPT_SUBNET_MASK, 4, dhcpWord(netif.netmask), OPT_ROUTER, 4, own);
    if (server.dns) options = options.concat(OPT_DNS, 4, dhcpWord(server.dns));
  }
  options.push(OPT_END);
  const message = new Uint8Array(MESSAGE);
  // Everything up to the names stays, but for the addresses.
  message.set(b.subarray(0, DHCP_CHADDR + 16));
  message.set(b.subarray(DHCP_OPTIONS - 4, DHCP_OPTIONS), DHCP_OPTIONS - 4);
  if (type === DHCP_NAK) store32(message, DHCP_CIADDR, 0);
  store32(message, DHCP_YIADDR, addr);
  store32(message, DHCP_SIADDR, 0);
  message.set(options, DHCP_OPTIONS);
  const p = pbufAlloc(netif.stack, PBUF_UDP, MESSAGE, PBUF_RAM);
  if (!p) return;
  p.payload.set(message, p.off);
  // RFC 2131, 4.1: who has no address yet cannot be asked by ARP for its hardware address; a broadcast reaches it.
  const to = ciaddr && type !== DHCP_NAK ? ciaddr : IP_ADDR_BROADCAST;
  udpSendtoIf(server.pcb, p, to, DHCP_CLIENT_PORT, netif);
  pbufFree(p);
}
