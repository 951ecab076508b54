// IP addresses of both families. An IPv4 address is a number (unsigned, host order: 10.0.0.1 is 0x0a000001), an
// IPv6 address an object; a build without LWIP_IPV6 therefore has numbers alone, and every test for the family
// folds away.

import { LWIP_IPV6 } from './opt.js';

export type Ip4Addr = number;

export interface Ip6Addr {
  /** Four 32-bit words, the first holding the first bytes of the address. */
  words: number[];
  /** Interface number for link-local addresses, 0 for none (RFC 4007). */
  zone: number;
}

export type IpAddr = Ip4Addr | Ip6Addr;

/** 0.0.0.0; as an IpAddr also "any address of any family". */
export const IP_ADDR_ANY = 0;
export const IP_ADDR_BROADCAST = 0xffffffff;
export const IP_ADDR_LOOPBACK = 0x7f000001;

/** Whether `a` is an IPv6 address; false at build time without LWIP_IPV6. @inline */
export function isIp6(a: IpAddr): a is Ip6Addr {
  return LWIP_IPV6 && typeof a === 'object';
}

/** Whether two addresses are the same. */
export function ipAddrEq(a: IpAddr, b: IpAddr): boolean {
  if (LWIP_IPV6 && isIp6(a)) {
    if (!isIp6(b) || a.zone !== b.zone) return false;
    for (let i = 0; i < 4; i++) if (a.words[i] !== b.words[i]) return false;
    return true;
  }
  return a === b;
}

/** Whether `a` is the unspecified address. */
export function ipAddrIsAny(a: IpAddr): boolean {
  if (LWIP_IPV6 && isIp6(a)) return !(a.words[0]! | a.words[1]! | a.words[2]! | a.words[3]!);
  return a === 0;
}

/** Whether `a` is a multicast address (224.0.0.0/4, ff00::/8). */
export function ipAddrIsMulticast(a: IpAddr): boolean {
  if (LWIP_IPV6 && isIp6(a)) return a.words[0]! >>> 24 === 0xff;
  return (a as Ip4Addr) >>> 28 === 14;
}

/** The address a.b.c.d. */
export function ip4Addr(a: number, b: number, c: number, d: number): Ip4Addr {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** Whether two IPv4 addresses are in the same network. */
export function ip4NetEq(a: Ip4Addr, b: Ip4Addr, mask: Ip4Addr): boolean {
  return ((a ^ b) & mask) === 0;
}

/** Whether `mask` is ones followed by zeros. */
export function ip4MaskValid(mask: Ip4Addr): boolean {
  const inverted = ~mask;
  return (inverted & (inverted + 1)) === 0;
}

/**
 * Reads dotted decimal notation, four parts of 0 to 255 (RFC 6943, 3.1.1: no shorter, octal or hex forms).
 * @returns the address, or -1 when `text` is not one
 */
export function ipaddrAton(text: string): Ip4Addr | -1 {
  const parts = text.split('.');
  if (parts.length !== 4) return -1;
  let a = 0;
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    if (!/^(0|[1-9]\d?\d?)$/.test(part) || +part > 255) return -1;
    a = a * 256 + +part;
  }
  return a;
}

/** The usual notation: dotted decimal for IPv4, colon-separated groups for IPv6. */
export function ipaddrNtoa(a: IpAddr): string {
  if (LWIP_IPV6 && isIp6(a)) {
    const groups: string[] = [];
    for (let i = 0; i < 4; i++) {
      groups.push((a.words[i]! >>> 16).toString(16), (a.words[i]! & 0xffff).toString(16));
    }
    return groups.join(':');
  }
  const v = a as Ip4Addr;
  return (v >>> 24) + '.' + ((v >>> 16) & 255) + '.' + ((v >>> 8) & 255) + '.' + (v & 255);
}
