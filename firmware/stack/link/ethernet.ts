// Ethernet II framing (RFC 894, RFC 1122, 2.3.3): tells frames for this host by address and type, and puts
// headers before outgoing packets. Whose hardware address a packet goes to is arp/'s business; trailing padding
// is cut off by IP.

import { ip4Input } from '../ip4/ip4.js';
import { etharpInput } from '../arp/etharp.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import { NETIF_FLAG_ETHARP, NETIF_FLAG_RXFILTER, type Netif } from '../core/netif.js';
import { LWIP_ARP } from '../core/opt.js';
import {
  PBUF_FLAG_LLBCAST,
  PBUF_FLAG_LLMCAST,
  PBUF_RAM,
  PBUF_RAW_TX,
  PBUF_REF,
  pbufAlloc,
  pbufChain,
  pbufFree,
  type Pbuf,
} from '../core/pbuf.js';
import { LENERR, MEMERR, PROTERR, STAT_LINK, statInc } from '../core/stats.js';

export const ETHTYPE_IP = 0x0800;
export const ETHTYPE_ARP = 0x0806;
export const ETH_HLEN = 14;

/**
 * Takes a received Ethernet frame without FCS; netif.input of Ethernet interfaces.
 * @returns ERR_OK always: what is wrong is dropped and counted
 */
export function ethernetInput(p: Pbuf, netif: Netif): Err {
  const len = p.len;
  if (len < ETH_HLEN) {
    return pbufDrop(p, STAT_LINK, LENERR);
  }
  const b = p.payload;
  const o = p.off;
  const first = b[o]!;
  if (first & 1) {
    // IP makes no difference between the two, so the first byte is enough.
    p.flags |= first === 0xff ? PBUF_FLAG_LLBCAST : PBUF_FLAG_LLMCAST;
  } else if (!(netif.flags & NETIF_FLAG_RXFILTER) && !macEq(b, o, netif.hwaddr, 0)) {
    // Another's frame, on a wire or chip that does not filter: no fault, so not counted.
    pbufFree(p);
    return ERR_OK;
  }
  const typeHigh = b[o + 12]!;
  const typeLow = b[o + 13]!;
  p.off = o + ETH_HLEN;
  p.totLen -= ETH_HLEN;
  p.len = len - ETH_HLEN;
  if (typeHigh === ETHTYPE_IP >> 8) {
    if (typeLow === (ETHTYPE_IP & 0xff)) return ip4Input(p, netif);
    if (LWIP_ARP && typeLow === (ETHTYPE_ARP & 0xff) && netif.flags & NETIF_FLAG_ETHARP) {
      etharpInput(p, netif);
      return ERR_OK;
    }
  }
  return pbufDrop(p, STAT_LINK, PROTERR);
}

/**
 * Sends a packet in an Ethernet frame.
 * @param dst six bytes
 * @param type Ethernet type, such as ETHTYPE_IP
 * @returns ERR_OK, ERR_MEM (no room for the header), or what netif.linkoutput returns
 */
export function ethernetOutput(netif: Netif, p: Pbuf, dst: Uint8Array, type: number): Err {
  const header = new Uint8Array(ETH_HLEN);
  ethernetHeader(header, dst, netif.hwaddr, type);
  return ethernetSend(netif, p, header);
}

/** Fills in a header for ethernetSend(). */
export function ethernetHeader(header: Uint8Array, dst: Uint8Array, src: Uint8Array, type: number): void {
  header.set(dst);
  header.set(src, 6);
  header[12] = type >> 8;
  header[13] = type;
}

/**
 * Sends a packet behind a ready header, which is written in one piece.
 * @param header 14 bytes
 * @returns as ethernetOutput()
 */
export function ethernetSend(netif: Netif, p: Pbuf, header: Uint8Array): Err {
  const off = p.off - ETH_HLEN;
  if (off >= 0 && p.type < PBUF_REF) {
    p.payload.set(header, off);
    p.off = off;
    p.len += ETH_HLEN;
    p.totLen += ETH_HLEN;
    return netif.linkoutput(netif, p);
  }
  const q = pbufAlloc(netif.stack, PBUF_RAW_TX, ETH_HLEN, PBUF_RAM);
  if (!q) {
    statInc(netif.stack, STAT_LINK + MEMERR);
    return ERR_MEM;
  }
  q.payload.set(header, q.off);
  pbufChain(q, p);
  const err = netif.linkoutput(netif, q);
  pbufFree(q);
  return err;
}

/** Whether two hardware addresses are the same. */
export function macEq(a: Uint8Array, i: number, b: Uint8Array, j: number): boolean {
  // The last bytes differ most often among stations of one wire.
  for (let k = 5; k >= 0; k--) if (a[i + k] !== b[j + k]) return false;
  return true;
}
