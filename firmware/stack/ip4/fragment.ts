// Fragmentation of outgoing IPv4 datagrams (RFC 791, 3.2): each piece is copied into a buffer of its own, so that
// a driver sends it whole and the caller keeps its packet.

import { load16, store16 } from '../core/bytes.js';
import { chksumBytes } from '../core/checksum.js';
import { ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import { NETIF_CHECKSUM_GEN_IP, type Netif } from '../core/netif.js';
import { IP_OPTIONS_ALLOWED, LWIP_CHECKSUM_CTRL_PER_NETIF } from '../core/opt.js';
import { PBUF_LINK, PBUF_RAM, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import { pbufCopyPartial } from '../core/pbuf_data.js';
import { MEMERR, STAT_IPFRAG, XMIT, statInc } from '../core/stats.js';
import {
  IP4_CHKSUM,
  IP4_DF,
  IP4_FRAG,
  IP4_HLEN,
  IP4_LEN,
  IP4_MF,
  IP4_OFFMASK,
  IP4_OPT_END,
  IP4_OPT_NOP,
  ip4HeaderLength,
} from './ip4_wire.js';

/**
 * Sends a datagram in pieces that fit the interface's MTU. It may be a fragment itself.
 * @param p at its IP header; stays the caller's
 * @returns ERR_OK, ERR_VAL (the MTU holds no data, or DF is set), ERR_MEM, or what netif.output returns
 */
export function ip4Frag(p: Pbuf, netif: Netif, dst: Ip4Addr): Err {
  const stack = netif.stack;
  const hlen = ip4HeaderLength(p.payload, p.off);
  const field = load16(p.payload, p.off + IP4_FRAG);
  const room = (netif.mtu - hlen) & ~7;
  if (room < 8 || field & IP4_DF) return ERR_VAL;
  const length = p.totLen - hlen;
  for (let at = 0; at < length; at += room) {
    const last = at + room >= length;
    const n = last ? length - at : room;
    const q = pbufAlloc(stack, PBUF_LINK, hlen + n, PBUF_RAM);
    if (!q) {
      statInc(stack, STAT_IPFRAG + MEMERR);
      return ERR_MEM;
    }
    const b = q.payload;
    const o = q.off;
    pbufCopyPartial(p, b, o, hlen, 0);
    pbufCopyPartial(p, b, o + hlen, n, hlen + at);
    if (IP_OPTIONS_ALLOWED && at && hlen > IP4_HLEN) dropUncopied(b, o + IP4_HLEN, o + hlen);
    store16(b, o + IP4_LEN, hlen + n);
    store16(b, o + IP4_FRAG, ((field & IP4_OFFMASK) + (at >> 3)) | (last ? field & IP4_MF : IP4_MF));
    ip4Checksum(
      b,
      o,
      hlen,
      !LWIP_CHECKSUM_CTRL_PER_NETIF || (netif.chksumFlags & NETIF_CHECKSUM_GEN_IP) !== 0,
    );
    statInc(stack, STAT_IPFRAG + XMIT);
    const err = netif.output(netif, q, dst);
    pbufFree(q);
    if (err !== ERR_OK) return err;
  }
  return ERR_OK;
}

/** Puts a header's checksum in, or 0 where it is left to the chip. */
export function ip4Checksum(b: Uint8Array, o: number, hlen: number, software: boolean): void {
  store16(b, o + IP4_CHKSUM, 0);
  if (software) store16(b, o + IP4_CHKSUM, ~chksumBytes(b, o, hlen));
}

/** RFC 791, 3.1: options without the copied flag stand in the first fragment only; no-ops take their place. */
function dropUncopied(b: Uint8Array, at: number, end: number): void {
  while (at < end && b[at] !== IP4_OPT_END) {
    const n = b[at] === IP4_OPT_NOP ? 1 : b[at + 1]!;
    const copied = b[at]! & 0x80;
    for (let i = 0; i < n; i++) {
      if (!copied) b[at] = IP4_OPT_NOP;
      at++;
    }
    if (n === 0) return;
  }
}
