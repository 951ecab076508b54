// What all protocol control blocks have in common: addresses, bound interface, options.

import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Stack } from '../core/stack.js';

// Bits of pcb.soOptions, numbered as in lwIP.
/** Others may bind the same address and port. */
export const SOF_REUSEADDR = 0x04;
/** TCP: probe idle connections. */
export const SOF_KEEPALIVE = 0x08;
/** May send to broadcast addresses. Kept for the socket layer: the raw API does not ask for it. */
export const SOF_BROADCAST = 0x20;

/** Fields that UDP, TCP and raw PCBs share. */
export interface IpPcb {
  stack: Stack;
  /** Interface that the PCB is bound to, null for any. */
  netif: Netif | null;
  soOptions: number;
  tos: number;
  ttl: number;
  remoteIp: IpAddr;
  localIp: IpAddr;
}
