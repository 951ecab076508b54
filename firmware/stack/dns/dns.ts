// DNS resolver (RFC 1034, 1035).

import { ERR_VAL, type Err } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Stack } from '../core/stack.js';

export interface DnsState {
  servers: IpAddr[];
}

export function dnsInit(stack: Stack): void {
  stack.dns = { servers: [] };
}

export function dnsSetserver(stack: Stack, i: number, addr: IpAddr): void {
  if (i < stack.opt.DNS_MAX_SERVERS) stack.dns.servers[i] = addr;
}

export function dnsGetserver(stack: Stack, i: number): IpAddr {
  return stack.dns.servers[i] || 0;
}

export function dnsGethostbyname(
  _stack: Stack,
  _name: string,
  _out: { addr: IpAddr },
  _found: (name: string, ipaddr: IpAddr | null, arg: unknown) => void,
  _arg: unknown,
): Err {
  return ERR_VAL;
}
