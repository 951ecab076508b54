// Counters, one flat array per stack: index = protocol group + field, both constants, so that counting is one
// array read and one write. The names are only used for display.

import { LWIP_STATS } from './opt.js';
import type { Stack } from './stack.js';

const FIELDS = 12;

export const STAT_LINK = 0;
export const STAT_ETHARP = FIELDS;
export const STAT_IP = FIELDS * 2;
export const STAT_IPFRAG = FIELDS * 3;
export const STAT_ICMP = FIELDS * 4;
export const STAT_UDP = FIELDS * 5;
export const STAT_RAW = FIELDS * 6;
export const STAT_TCP = FIELDS * 7;
export const STAT_DHCP = FIELDS * 8;
export const STAT_DNS = FIELDS * 9;
export const STAT_IGMP = FIELDS * 10;
/** Events of TCP that the common fields do not tell; its fields are the TCPX_ constants. */
export const STAT_TCPX = FIELDS * 11;
export const STAT_COUNT = FIELDS * 12 + 4;

/** Sent. */
export const XMIT = 0;
/** Received, good or bad. */
export const RECV = 1;
export const FW = 2;
/** Received and not delivered, for whatever reason. */
export const DROP = 3;
export const CHKERR = 4;
export const LENERR = 5;
/** No memory: the pools and the heap say which. */
export const MEMERR = 6;
/** No route. */
export const RTERR = 7;
/** Nobody here takes this protocol or port, or the message breaks its protocol. */
export const PROTERR = 8;
export const OPTERR = 9;
export const ERR = 10;
export const CACHEHIT = 11;

export const TCPX_REXMIT = 0;
export const TCPX_RTO = 1;
export const TCPX_FASTREXMIT = 2;
export const TCPX_DUPACK = 3;
export const TCPX_OOSEQ = 4;
export const TCPX_PERSIST = 5;
export const TCPX_KEEPALIVE = 6;
export const TCPX_RST = 7;
export const TCPX_CHALLENGE = 8;
export const TCPX_TWRECYCLED = 9;
export const TCPX_LISTENDROP = 10;
export const TCPX_ABORTED = 11;
/** Retransmissions that the peer turned out not to have needed. */
export const TCPX_SPURIOUS = 12;

/** Names of the groups, in order. */
export function statGroups(): string[] {
  return ['link', 'etharp', 'ip', 'ip_frag', 'icmp', 'udp', 'raw', 'tcp', 'dhcp', 'dns', 'igmp', 'tcp_ext'];
}

/** Names of the fields of group `g`, in order. */
export function statFields(g: number): string[] {
  return g * FIELDS === STAT_TCPX
    ? [
        'rexmit',
        'rto',
        'fastrexmit',
        'dupack',
        'ooseq',
        'persist',
        'keepalive',
        'rst',
        'challenge',
        'twrecycled',
        'listendrop',
        'aborted',
        'spurious',
      ]
    : [
        'xmit',
        'recv',
        'fw',
        'drop',
        'chkerr',
        'lenerr',
        'memerr',
        'rterr',
        'proterr',
        'opterr',
        'err',
        'cachehit',
      ];
}

/** Counts one event. @inline */
export function statInc(stack: Stack, index: number): void {
  if (LWIP_STATS) stack.stats[index]!++;
}

/** Counts one event of `group` and the drop that it caused; `field` DROP counts the drop alone. */
export function statDrop(stack: Stack, group: number, field: number): void {
  if (LWIP_STATS) {
    if (field !== DROP) stack.stats[group + field]!++;
    stack.stats[group + DROP]!++;
  }
}

export function statsNew(): number[] {
  const s: number[] = [];
  if (LWIP_STATS) for (let i = 0; i < STAT_COUNT; i++) s.push(0);
  return s;
}
