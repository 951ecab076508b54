// IGMP messages (RFC 2236, 2): offsets and types; and what a group is called on Ethernet. A query of version 3 begins as one
// of version 2 (RFC 3376, 4.1).

import type { Ip4Addr } from '../core/ipaddr.js';

export const IGMP_TYPE = 0;
/** Tenths of a second; in queries only. */
export const IGMP_MAXRESP = 1;
export const IGMP_CHKSUM = 2;
export const IGMP_GROUP = 4;
export const IGMP_HLEN = 8;

export const IGMP_QUERY = 0x11;
export const IGMP_V1_REPORT = 0x12;
export const IGMP_V2_REPORT = 0x16;
export const IGMP_LEAVE = 0x17;

/** 224.0.0.1 and 224.0.0.2: all hosts and all routers of a network. */
export const ALL_HOSTS = 0xe0000001;
export const ALL_ROUTERS = 0xe0000002;

/** The hardware address of a group: its low 23 bits below 01:00:5e (RFC 1112, 6.4). */
export function groupMac(group: Ip4Addr): Uint8Array {
  return new Uint8Array([1, 0, 0x5e, (group >>> 16) & 0x7f, group >>> 8, group]);
}
