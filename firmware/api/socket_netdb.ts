// Names to addresses, as <netdb.h> has it: getaddrinfo() over the resolver.

import { ERR_ARG, ERR_INPROGRESS, ERR_MEM, ERR_OK } from '../stack/core/err.js';
import { IP_ADDR_LOOPBACK, type Ip4Addr, type IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_DNS } from '../stack/core/opt.js';
import { BLOCKED, settle, sysWait, type Wait } from '../stack/core/sys.js';
import { tcpipEnter, tcpipLater, tcpipLeave } from '../stack/core/tcpip.js';
import { dnsGethostbyname } from '../stack/dns/dns.js';
import {
  AF_INET,
  AF_UNSPEC,
  INADDR_ANY,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type SockaddrIn,
} from './socket_defs.js';
import { inetAton } from './socket_inet.js';
import type { Sockets } from './socket_table.js';

export const AI_PASSIVE = 0x01;
export const AI_CANONNAME = 0x02;
export const AI_NUMERICHOST = 0x04;
export const AI_NUMERICSERV = 0x400;

export const EAI_BADFLAGS = -1;
export const EAI_NONAME = -2;
export const EAI_AGAIN = -3;
export const EAI_FAIL = -4;
export const EAI_FAMILY = -6;
export const EAI_SOCKTYPE = -7;
export const EAI_SERVICE = -8;
export const EAI_MEMORY = -10;

export interface Addrinfo {
  aiFlags: number;
  aiFamily: number;
  aiSocktype: number;
  aiProtocol: number;
  aiAddr: SockaddrIn;
  aiCanonname: string | null;
}

/** What is wanted; 0 stands for any. */
export interface AddrinfoHints {
  aiFlags: number;
  aiFamily: number;
  aiSocktype: number;
  aiProtocol: number;
}

interface Lookup {
  stack: Sockets['stack'];
  hints: AddrinfoHints;
  port: number;
  out: { res: Addrinfo[] };
  node: string | null;
  wait: Wait | null;
}

const NO_HINTS: AddrinfoHints = { aiFlags: 0, aiFamily: AF_UNSPEC, aiSocktype: 0, aiProtocol: 0 };

/**
 * The addresses of a host and service, for socket() and connect() or bind().
 * @param node a name or an address; null: this host (with AI_PASSIVE any address)
 * @param service a port number as text, or null: names of services are not known
 * @param hints null: everything
 * @param out receives the list, the same address once for each type of socket that is wanted
 * @returns 0, or a Wait for it; EAI_NONAME (no such host, or neither node nor service), EAI_AGAIN (no server is set),
 *   EAI_FAMILY, EAI_SOCKTYPE, EAI_SERVICE, EAI_BADFLAGS, EAI_MEMORY, EAI_FAIL (no server answered)
 */
export function getaddrinfo(
  s: Sockets,
  node: string | null,
  service: string | null,
  hints: AddrinfoHints | null,
  out: { res: Addrinfo[] },
): number | Wait {
  const stack = s.stack;
  if (!tcpipEnter(stack)) {
    const later = tcpipLater(stack, function () {
      return getaddrinfo(s, node, service, hints, out);
    });
    return later === ERR_MEM ? EAI_MEMORY : later;
  }
  return tcpipLeave(
    stack,
    lookUp({ stack, hints: hints || NO_HINTS, port: 0, out, node, wait: null }, service),
  );
}

function lookUp(q: Lookup, service: string | null): number | Wait {
  const h = q.hints;
  const node = q.node;
  q.out.res = [];
  if (node === null && service === null) return EAI_NONAME;
  if (h.aiFlags & ~(AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV)) return EAI_BADFLAGS;
  if (h.aiFlags & AI_CANONNAME && node === null) return EAI_BADFLAGS;
  if (h.aiFamily !== AF_UNSPEC && h.aiFamily !== AF_INET) return EAI_FAMILY;
  if (h.aiSocktype < 0 || h.aiSocktype > SOCK_RAW) return EAI_SOCKTYPE;
  if (service !== null) {
    if (!/^\d+$/.test(service)) return h.aiFlags & AI_NUMERICSERV ? EAI_NONAME : EAI_SERVICE;
    if (h.aiSocktype === SOCK_RAW || +service > 0xffff) return EAI_SERVICE;
    q.port = +service;
  }
  if (node === null) return fill(q, h.aiFlags & AI_PASSIVE ? INADDR_ANY : IP_ADDR_LOOPBACK);
  const addr = { value: 0 };
  if (inetAton(node, addr)) return fill(q, addr.value);
  if (!LWIP_DNS || h.aiFlags & AI_NUMERICHOST) return EAI_NONAME;
  const found: { addr: IpAddr } = { addr: 0 };
  const err = dnsGethostbyname(q.stack, node, found, resolved, q);
  if (err === ERR_OK) return fill(q, found.addr as Ip4Addr);
  if (err === ERR_INPROGRESS) return (q.wait = sysWait(q.stack, null, 0, pending, 0, 0) as Wait);
  return err === ERR_ARG ? EAI_NONAME : err === ERR_MEM ? EAI_MEMORY : EAI_AGAIN;
}

function pending(): number {
  return BLOCKED;
}

function resolved(_name: string, addr: IpAddr | null, q: Lookup): void {
  settle(q.wait!, addr === null ? EAI_NONAME : fill(q, addr as Ip4Addr));
}

/** One entry for each type of socket, in the order of Linux. */
function fill(q: Lookup, addr: Ip4Addr): number {
  const h = q.hints;
  const types = [SOCK_STREAM, SOCK_DGRAM, SOCK_RAW];
  for (let i = 0; i < types.length; i++) {
    const type = types[i]!;
    const protocol = [IPPROTO_TCP, IPPROTO_UDP, h.aiProtocol][i]!;
    if (h.aiSocktype && h.aiSocktype !== type) continue;
    if (h.aiProtocol && h.aiProtocol !== protocol) continue;
    // RAW goes with every protocol, and so is no answer to the question for one.
    if (type === SOCK_RAW && h.aiProtocol && !h.aiSocktype) continue;
    q.out.res.push({
      aiFlags: h.aiFlags,
      aiFamily: AF_INET,
      aiSocktype: type,
      aiProtocol: protocol,
      aiAddr: { sinFamily: AF_INET, sinPort: q.port, sinAddr: addr },
      aiCanonname: h.aiFlags & AI_CANONNAME ? q.node : null,
    });
  }
  return q.out.res.length ? 0 : EAI_SOCKTYPE;
}
