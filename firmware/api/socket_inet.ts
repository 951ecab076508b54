// Addresses as text, as <arpa/inet.h> has it. An address is a number in host order.

import { ipaddrAton, ipaddrNtoa } from '../stack/core/ipaddr.js';
import { EAFNOSUPPORT } from './errno.js';
import { AF_INET, INADDR_NONE } from './socket_defs.js';
import type { Sockets } from './socket_table.js';

/**
 * Reads dotted decimal notation.
 * @returns 1, with the address in `out`; 0 when `text` is no address; -1 with EAFNOSUPPORT for another family
 */
export function inetPton(s: Sockets, family: number, text: string, out: { value: number }): number {
  if (family !== AF_INET) {
    s.errno = EAFNOSUPPORT;
    return -1;
  }
  const addr = typeof text === 'string' ? ipaddrAton(text) : -1;
  if (addr < 0) return 0;
  out.value = addr;
  return 1;
}

/** An address as dotted decimal. @returns null with EAFNOSUPPORT for another family */
export function inetNtop(s: Sockets, family: number, addr: number): string | null {
  if (family === AF_INET) return ipaddrNtoa(addr);
  s.errno = EAFNOSUPPORT;
  return null;
}

/**
 * Reads all that BSD took for an address: one to four parts, decimal, octal or hexadecimal, the last of which fills what
 * the others leave: '10.1' is 10.0.0.1.
 * @returns 1, with the address in `out`, or 0
 */
export function inetAton(text: string, out: { value: number }): number {
  const parts = String(text).split('.');
  const n = parts.length;
  let addr = 0;
  if (n > 4) return 0;
  for (let i = 0; i < n; i++) {
    const part = parts[i]!;
    if (!/^(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(part)) return 0;
    const v = parseInt(part, /^0[xX]/.test(part) ? 16 : part.charAt(0) === '0' ? 8 : 10);
    const places = i < n - 1 ? 1 : 5 - n;
    if (v >= Math.pow(256, places)) return 0;
    addr = addr * Math.pow(256, places) + v;
  }
  out.value = addr;
  return 1;
}

/** As inetAton(). @returns the address; INADDR_NONE for none, and for 255.255.255.255 */
export function inetAddr(text: string): number {
  const out = { value: INADDR_NONE };
  inetAton(text, out);
  return out.value;
}

/** An address as dotted decimal. */
export function inetNtoa(addr: number): string {
  return ipaddrNtoa(addr);
}
