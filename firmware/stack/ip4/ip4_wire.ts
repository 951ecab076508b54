// The IPv4 header (RFC 791, 3.1): offsets and bits.

import { IP_OPTIONS_ALLOWED } from '../core/opt.js';

export const IP4_VHL = 0;
export const IP4_TOS = 1;
export const IP4_LEN = 2;
export const IP4_ID = 4;
export const IP4_FRAG = 6;
export const IP4_TTL = 8;
export const IP4_PROTO = 9;
export const IP4_CHKSUM = 10;
export const IP4_SRC = 12;
export const IP4_DST = 16;
export const IP4_HLEN = 20;

/** Bytes of the header at `o`; without IP_OPTIONS_ALLOWED others than the shortest come no further than ip4Input(). @inline */
export function ip4HeaderLength(b: Uint8Array, o: number): number {
  return IP_OPTIONS_ALLOWED ? (b[o]! & 15) << 2 : IP4_HLEN;
}

export const IP4_DF = 0x4000;
export const IP4_MF = 0x2000;
/** Fragment offset, units of 8 bytes. */
export const IP4_OFFMASK = 0x1fff;

export const IP4_OPT_END = 0;
export const IP4_OPT_NOP = 1;
/** Loose and strict source route. */
export const IP4_OPT_LSRR = 131;
export const IP4_OPT_SSRR = 137;
