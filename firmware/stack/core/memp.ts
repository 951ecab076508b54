// Fixed pools. A pool limits how many objects of a kind are in use and counts who was refused; the objects are
// made on demand and, where they are taken per packet, kept for reuse by their owner.

import { ERR_MEM, ERR_OK, type Err } from './err.js';
import { LWIP_IGMP, LWIP_NETCONN, NO_SYS, type StackOptions } from './opt.js';
import type { Stack } from './stack.js';

export const MEMP_PBUF = 0;
export const MEMP_PBUF_POOL = 1;
export const MEMP_RAW_PCB = 2;
export const MEMP_UDP_PCB = 3;
export const MEMP_TCP_PCB = 4;
export const MEMP_TCP_PCB_LISTEN = 5;
export const MEMP_TCP_TW = 6;
export const MEMP_TCP_SEG = 7;
export const MEMP_SYS_TIMEOUT = 8;
export const MEMP_REASSDATA = 9;
export const MEMP_ARP_QUEUE = 10;
// In builds without NO_SYS, and with LWIP_NETCONN:
export const MEMP_TCPIP_MSG = 11;
export const MEMP_NETCONN = 12;
export const MEMP_NETBUF = 13;
/** The last of those that there are. */
export const MEMP_IGMP_GROUP: number = NO_SYS ? 11 : LWIP_NETCONN ? 14 : 12;

export interface MempPool {
  /** Objects there may be. */
  num: number;
  /** Requests refused since the start. */
  err: number;
  /** Highest use since the start. */
  max: number;
  /** Objects in use. */
  used: number;
}

/** Names of the pools, in order. */
export function mempNames(): string[] {
  let names = [
    'PBUF_REF/ROM',
    'PBUF_POOL',
    'RAW_PCB',
    'UDP_PCB',
    'TCP_PCB',
    'TCP_PCB_LISTEN',
    'TCP_TW',
    'TCP_SEG',
    'SYS_TIMEOUT',
    'REASSDATA',
    'ARP_QUEUE',
  ];
  if (!NO_SYS) names = names.concat(LWIP_NETCONN ? ['TCPIP_MSG', 'NETCONN', 'NETBUF'] : ['TCPIP_MSG']);
  return LWIP_IGMP ? names.concat('IGMP_GROUP') : names;
}

export function mempInit(o: StackOptions): MempPool[] {
  const sizes = [
    o.MEMP_NUM_PBUF,
    o.PBUF_POOL_SIZE,
    o.MEMP_NUM_RAW_PCB,
    o.MEMP_NUM_UDP_PCB,
    o.MEMP_NUM_TCP_PCB,
    o.MEMP_NUM_TCP_PCB_LISTEN,
    o.MEMP_NUM_TCP_TW,
    o.MEMP_NUM_TCP_SEG,
    o.MEMP_NUM_SYS_TIMEOUT,
    o.MEMP_NUM_REASSDATA,
    o.MEMP_NUM_ARP_QUEUE,
  ];
  if (!NO_SYS) sizes.push(o.TCPIP_MBOX_SIZE);
  if (!NO_SYS && LWIP_NETCONN) sizes.push(o.MEMP_NUM_NETCONN, o.MEMP_NUM_NETBUF);
  if (LWIP_IGMP) sizes.push(o.MEMP_NUM_IGMP_GROUP);
  return sizes.map((num) => ({ num, err: 0, max: 0, used: 0 }));
}

/**
 * Takes one place in a pool. The caller makes or reuses the object, and gives the place back with mempFree().
 * @returns ERR_OK, or ERR_MEM when the pool is exhausted (counted)
 */
export function mempTake(stack: Stack, type: number): Err {
  const pool = stack.memp[type]!;
  const used = pool.used + 1;
  if (used > pool.num) {
    pool.err++;
    return ERR_MEM;
  }
  pool.used = used;
  if (used > pool.max) pool.max = used;
  return ERR_OK;
}

/** Gives one place back. */
export function mempFree(stack: Stack, type: number): void {
  stack.memp[type]!.used--;
}
