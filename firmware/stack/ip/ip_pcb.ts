// What all protocol control blocks have in common: addresses, bound interface, options.

import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import { PBUF_IP, PBUF_RAM, PBUF_REF, pbufAlloc, pbufChain, type Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';

/** Bytes of the headers below a transport's: IPv4 and Ethernet. */
const HEADERS = 34;

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

/**
 * Room for a transport header and those below it: in `p` where it has room, else in a pbuf before it.
 * @param hlen bytes of the transport header
 * @returns a packet that begins with `hlen` bytes to be filled in; `p` itself, or another that the caller frees;
 *          null when there is no memory
 */
export function ipHeaderRoom(p: Pbuf, hlen: number): Pbuf | null {
  // A packet that others hold, too, may be waiting in a queue with its headers in that very room.
  if (p.off >= hlen + HEADERS && p.type < PBUF_REF && p.ref === 1) {
    p.off -= hlen;
    p.len += hlen;
    p.totLen += hlen;
    return p;
  }
  const q = pbufAlloc(p.stack, PBUF_IP, hlen, PBUF_RAM);
  if (q && p.totLen > 0) pbufChain(q, p);
  return q;
}
