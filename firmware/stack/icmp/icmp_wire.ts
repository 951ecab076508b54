// ICMP messages (RFC 792): offsets, types and codes.

export const ICMP_TYPE = 0;
export const ICMP_CODE = 1;
export const ICMP_CHKSUM = 2;
/** Echo: identifier and sequence number. */
export const ICMP_ID = 4;
export const ICMP_SEQ = 6;
/** Unreachable with code ICMP_DUR_FRAG: MTU of the next hop (RFC 1191, 4). */
export const ICMP_MTU = 6;
export const ICMP_HLEN = 8;

export const ICMP_ER = 0;
export const ICMP_DUR = 3;
export const ICMP_ECHO = 8;
export const ICMP_TE = 11;
export const ICMP_PP = 12;
export const ICMP_TS = 13;

export const ICMP_DUR_NET = 0;
export const ICMP_DUR_HOST = 1;
export const ICMP_DUR_PROTO = 2;
export const ICMP_DUR_PORT = 3;
/** Fragmentation needed and DF set. */
export const ICMP_DUR_FRAG = 4;
/** Source route failed. */
export const ICMP_DUR_SR = 5;

/** Time to live exceeded in transit; fragment reassembly time exceeded. */
export const ICMP_TE_TTL = 0;
export const ICMP_TE_FRAG = 1;
