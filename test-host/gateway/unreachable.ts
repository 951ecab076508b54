// Tells the board by ICMP that a destination cannot be reached, quoting the packet that it sent.

import { pbufAllocRx, pbufFree } from '../../firmware/stack/core/pbuf.js';
import { icmpDestUnreach } from '../../firmware/stack/icmp/icmp.js';
import type { Context } from './context.js';
import type { Ip4View } from './frame.js';

/**
 * Sends an ICMP destination unreachable message (RFC 792).
 * @param frame the frame with the board's packet
 * @param code ICMP_DUR_NET, ICMP_DUR_HOST or ICMP_DUR_PORT
 */
export function destinationUnreachable(ctx: Context, frame: Uint8Array, ip: Ip4View, code: number): void {
  const p = pbufAllocRx(ctx.stack, frame.slice(), ip.transport, ip.end - ip.transport);
  if (!p) return;
  icmpDestUnreach(p, ctx.netif, ip.hlen, code);
  pbufFree(p);
}
