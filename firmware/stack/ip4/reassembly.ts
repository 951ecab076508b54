// Reassembly of IPv4 fragments (RFC 791, 3.2; RFC 815): fragments of a datagram are kept in order until their
// lengths add up. What overlaps is an attack or a fault, and its datagram is dropped whole (RFC 5722, 4, does so
// for IPv6; RFC 1858 tells why). Memory is bounded: by datagrams, and by pbufs; the oldest give way.

import { load16, store16 } from '../core/bytes.js';
import { pbufDrop } from '../core/drop.js';
import { ERR_OK } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import { listWithout } from '../core/list.js';
import { MEMP_REASSDATA, mempFree, mempTake } from '../core/memp.js';
import type { Netif } from '../core/netif.js';
import { LWIP_ICMP } from '../core/opt.js';
import {
  PBUF_FLAG_REASS,
  PBUF_LINK,
  pbufCat,
  pbufClen,
  pbufFree,
  pbufRemoveHeader,
  type Pbuf,
} from '../core/pbuf.js';
import { pbufClone } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { DROP, LENERR, MEMERR, PROTERR, RECV, STAT_IPFRAG, XMIT, statInc } from '../core/stats.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { ICMP_TE_FRAG, icmpTimeExceeded } from '../icmp/icmp.js';
import { ip4Checksum } from './fragment.js';
import { IP4_FRAG, IP4_ID, IP4_LEN, IP4_MF, IP4_OFFMASK, IP4_PROTO, ip4HeaderLength } from './ip4_wire.js';

/** The longest transport header that must lie in one piece: TCP's with options. */
const TRANSPORT_HEADER_MAX = 60;

interface Fragment {
  next: Fragment | null;
  /** At its IP header. */
  p: Pbuf;
  /** First byte of the datagram's data in it, and the byte after the last. */
  start: number;
  end: number;
}

export interface ReassDatagram {
  next: ReassDatagram | null;
  netif: Netif;
  src: Ip4Addr;
  dst: Ip4Addr;
  id: number;
  proto: number;
  /** Bytes of data received. */
  received: number;
  /** Bytes of data in all, -1 until the last fragment is there. */
  total: number;
  /** By position. */
  fragments: Fragment | null;
}

/**
 * Takes a fragment.
 * @param p at its IP header; consumed
 * @param hlen bytes of IP header
 * @returns the whole datagram at its IP header, flagged PBUF_FLAG_REASS, its transport header in one piece; or
 *          null when more is to come or the fragment was dropped
 */
export function ip4Reass(p: Pbuf, netif: Netif, src: Ip4Addr, dst: Ip4Addr, hlen: number): Pbuf | null {
  const stack = netif.stack;
  const b = p.payload;
  const o = p.off;
  const field = load16(b, o + IP4_FRAG);
  const last = (field & IP4_MF) === 0;
  const start = (field & IP4_OFFMASK) << 3;
  const length = p.totLen - hlen;
  const end = start + length;
  statInc(stack, STAT_IPFRAG + RECV);
  if (length === 0 || (!last && length & 7) || end > 0xffff - hlen) return refuse(p, LENERR);

  const state = stack.ip4;
  const id = load16(b, o + IP4_ID);
  const proto = b[o + IP4_PROTO]!;
  let d = state.reass;
  while (d && (d.id !== id || d.src !== src || d.dst !== dst || d.proto !== proto)) d = d.next;

  const clen = pbufClen(p);
  while (state.reassPbufs + clen > stack.opt.IP_REASS_MAX_PBUFS) {
    if (!makeRoom(stack, d)) return refuse(p, MEMERR);
  }
  if (!d) {
    while (mempTake(stack, MEMP_REASSDATA) !== ERR_OK) {
      if (!makeRoom(stack, null)) return refuse(p, MEMERR);
    }
    d = { next: state.reass, netif, src, dst, id, proto, received: 0, total: -1, fragments: null };
    if (sysTimeout(stack, stack.opt.IP_REASS_MAXAGE * 1000, expire, d) !== ERR_OK) {
      mempFree(stack, MEMP_REASSDATA);
      return refuse(p, MEMERR);
    }
    state.reass = d;
  }

  // The neighbours in the list.
  let before: Fragment | null = null;
  let after = d.fragments;
  while (after && after.start < start) {
    before = after;
    after = after.next;
  }
  // Networks duplicate: the very same part again is no attack.
  if (after && after.start === start && after.end === end) return refuse(p, DROP);
  if (
    (before && before.end > start) ||
    (after && (last || end > after.start)) ||
    (d.total >= 0 && (last || end > d.total))
  ) {
    statInc(stack, STAT_IPFRAG + PROTERR);
    discard(d);
    return refuse(p, DROP);
  }
  if (last) d.total = end;
  const fragment: Fragment = { next: after, p, start, end };
  if (before) before.next = fragment;
  else d.fragments = fragment;
  state.reassPbufs += clen;
  d.received += length;
  // Nothing overlaps, so the lengths add up only when nothing is missing.
  return d.received === d.total ? finish(d) : null;
}

function refuse(p: Pbuf, field: number): null {
  pbufDrop(p, STAT_IPFRAG, field);
  return null;
}

/** Joins the fragments to one chain with a header that fits. */
function finish(d: ReassDatagram): Pbuf | null {
  const stack = d.netif.stack;
  let f = d.fragments!;
  let p = f.p;
  unlink(d);
  while (f.next) {
    f = f.next;
    pbufRemoveHeader(f.p, headerLength(f.p));
    pbufCat(p, f.p);
  }
  const hlen = headerLength(p);
  if (p.len < hlen + TRANSPORT_HEADER_MAX && p.next) {
    // RFC 1858, 3: a first fragment may be as short as 8 bytes of data.
    const copy = pbufClone(p, PBUF_LINK);
    if (!copy) return refuse(p, MEMERR);
    pbufFree(p);
    p = copy;
  }
  const b = p.payload;
  const o = p.off;
  store16(b, o + IP4_LEN, p.totLen);
  store16(b, o + IP4_FRAG, 0);
  ip4Checksum(b, o, hlen, true);
  p.flags |= PBUF_FLAG_REASS;
  statInc(stack, STAT_IPFRAG + XMIT);
  return p;
}

/** @inline */
function headerLength(p: Pbuf): number {
  return ip4HeaderLength(p.payload, p.off);
}

/** Discards the datagram that is the longest in reassembly, `kept` aside. @returns false when there is no other */
function makeRoom(stack: Stack, kept: ReassDatagram | null): boolean {
  let oldest: ReassDatagram | null = null;
  for (let d = stack.ip4.reass; d; d = d.next) if (d !== kept) oldest = d;
  if (!oldest) return false;
  statInc(stack, STAT_IPFRAG + MEMERR);
  discard(oldest);
  return true;
}

function unlink(d: ReassDatagram): void {
  const stack = d.netif.stack;
  const state = stack.ip4;
  state.reass = listWithout(state.reass, d);
  for (let f = d.fragments; f; f = f.next) state.reassPbufs -= pbufClen(f.p);
  sysUntimeout(stack, expire, d);
  mempFree(stack, MEMP_REASSDATA);
}

function discard(d: ReassDatagram): void {
  unlink(d);
  for (let f = d.fragments; f; f = f.next) refuse(f.p, DROP);
}

function expire(d: ReassDatagram): void {
  const f = d.fragments;
  // RFC 792, "Time Exceeded": only when fragment zero is there.
  if (LWIP_ICMP && f && f.start === 0) {
    const hlen = headerLength(f.p);
    pbufRemoveHeader(f.p, hlen);
    icmpTimeExceeded(f.p, d.netif, hlen, ICMP_TE_FRAG);
  }
  discard(d);
}
