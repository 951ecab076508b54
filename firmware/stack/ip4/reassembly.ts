// Reassembly of IPv4 fragments (RFC 791, 3.2; RFC 815): fragments of a datagram are kept in order until their
// lengths add up. What overlaps is an attack or a fault, and its datagram is dropped whole (RFC 5722, 4, does so
// for IPv6; RFC 1858 tells why). Memory is bounded: by datagrams, and by pbufs; the oldest give way.

import { get16, put16 } from '../core/bytes.js';
import { chksumBytes } from '../core/checksum.js';
import { ERR_OK } from '../core/err.js';
import type { Ip4Addr } from '../core/ipaddr.js';
import { MEMP_REASSDATA, mempFree, mempTake } from '../core/memp.js';
import type { Netif } from '../core/netif.js';
import { LWIP_ICMP } from '../core/opt.js';
import {
  PBUF_FLAG_REASS,
  PBUF_LINK,
  pbufAddHeader,
  pbufCat,
  pbufClen,
  pbufFree,
  pbufRemoveHeader,
  type Pbuf,
} from '../core/pbuf.js';
import { pbufClone } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { DROP, LENERR, MEMERR, PROTERR, RECV, STAT_IPFRAG, XMIT, statDrop, statInc } from '../core/stats.js';
import { sysTimeout } from '../core/timers.js';
import { ICMP_TE_FRAG, icmpTimeExceeded } from '../icmp/icmp.js';
import {
  IP4_CHKSUM,
  IP4_FRAG,
  IP4_HLEN,
  IP4_ID,
  IP4_LEN,
  IP4_MF,
  IP4_OFFMASK,
  IP4_PROTO,
} from './ip4_wire.js';

/** The longest transport header that must lie in one piece: TCP's with options. */
const TRANSPORT_HEADER_MAX = 60;

const TICK = 1000;

interface Fragment {
  next: Fragment | null;
  /** At the data; the IP header stands before it. */
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
  /** Seconds left. */
  timer: number;
  pbufs: number;
  /** Bytes of data received. */
  received: number;
  /** Bytes of data in all, -1 until the last fragment is there. */
  total: number;
  /** Length of the first fragment's IP header, 0 until it is there. */
  hlen: number;
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
  const field = get16(b, o + IP4_FRAG);
  const more = (field & IP4_MF) !== 0;
  const start = (field & IP4_OFFMASK) << 3;
  const end = start + p.totLen - hlen;
  statInc(stack, STAT_IPFRAG + RECV);
  if (end === start || (more && (end - start) & 7) || end > 0xffff - hlen) return refuse(p, LENERR);

  const state = stack.ip4;
  const id = get16(b, o + IP4_ID);
  const proto = b[o + IP4_PROTO]!;
  let d = state.reass;
  while (d && (d.id !== id || d.src !== src || d.dst !== dst || d.proto !== proto)) d = d.next;

  const clen = pbufClen(p);
  while (state.reassPbufs + clen > stack.opt.IP_REASS_MAX_PBUFS) {
    const oldest = oldestOther(state.reass, d);
    if (!oldest) return refuse(p, MEMERR);
    statInc(stack, STAT_IPFRAG + MEMERR);
    discard(stack, oldest);
  }
  if (!d) {
    d = begin(stack, netif, src, dst, id, proto);
    if (!d) return refuse(p, MEMERR);
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
  const bad =
    (before && before.end > start) ||
    (after && end > after.start) ||
    (d.total >= 0 && (end > d.total || !more)) ||
    (!more && after);
  if (bad) {
    statInc(stack, STAT_IPFRAG + PROTERR);
    discard(stack, d);
    return refuse(p, DROP);
  }
  if (!more) d.total = end;
  if (start === 0) d.hlen = hlen;
  pbufRemoveHeader(p, hlen);
  const fragment: Fragment = { next: after, p, start, end };
  if (before) before.next = fragment;
  else d.fragments = fragment;
  d.pbufs += clen;
  state.reassPbufs += clen;
  d.received += end - start;
  // Nothing overlaps, so the lengths add up only when nothing is missing.
  return d.received === d.total ? finish(stack, d) : null;
}

function refuse(p: Pbuf, field: number): null {
  if (field === DROP) statInc(p.stack, STAT_IPFRAG + DROP);
  else statDrop(p.stack, STAT_IPFRAG, field);
  pbufFree(p);
  return null;
}

function begin(
  stack: Stack,
  netif: Netif,
  src: Ip4Addr,
  dst: Ip4Addr,
  id: number,
  proto: number,
): ReassDatagram | null {
  const state = stack.ip4;
  if (mempTake(stack, MEMP_REASSDATA) !== ERR_OK) {
    const oldest = oldestOther(state.reass, null);
    if (!oldest) return null;
    discard(stack, oldest);
    mempTake(stack, MEMP_REASSDATA);
  }
  if (!state.reassTimer) {
    state.reassTimer = sysTimeout(stack, TICK, tick, stack) === ERR_OK;
    if (!state.reassTimer) {
      mempFree(stack, MEMP_REASSDATA);
      return null;
    }
  }
  return (state.reass = {
    next: state.reass,
    netif,
    src,
    dst,
    id,
    proto,
    timer: stack.opt.IP_REASS_MAXAGE,
    pbufs: 0,
    received: 0,
    total: -1,
    hlen: 0,
    fragments: null,
  });
}

/** Joins the fragments to one chain with a header that fits. */
function finish(stack: Stack, d: ReassDatagram): Pbuf | null {
  const hlen = d.hlen;
  let f = d.fragments!;
  let p = f.p;
  while (f.next) {
    f = f.next;
    pbufCat(p, f.p);
  }
  d.fragments = null;
  unlink(stack, d);
  pbufAddHeader(p, hlen);
  const need = hlen + TRANSPORT_HEADER_MAX;
  if (p.len < need && p.next) {
    // RFC 1858, 3: a first fragment may be as short as 8 bytes of data.
    const copy = pbufClone(p, PBUF_LINK);
    pbufFree(p);
    if (!copy) {
      statDrop(stack, STAT_IPFRAG, MEMERR);
      return null;
    }
    p = copy;
  }
  const b = p.payload;
  const o = p.off;
  put16(b, o + IP4_LEN, p.totLen);
  put16(b, o + IP4_FRAG, 0);
  put16(b, o + IP4_CHKSUM, 0);
  put16(b, o + IP4_CHKSUM, ~chksumBytes(b, o, hlen));
  p.flags |= PBUF_FLAG_REASS;
  statInc(stack, STAT_IPFRAG + XMIT);
  return p;
}

/** The datagram that is the longest in reassembly, `kept` aside. */
function oldestOther(list: ReassDatagram | null, kept: ReassDatagram | null): ReassDatagram | null {
  let oldest: ReassDatagram | null = null;
  for (let d = list; d; d = d.next) if (d !== kept) oldest = d;
  return oldest;
}

function unlink(stack: Stack, d: ReassDatagram): void {
  const state = stack.ip4;
  state.reassPbufs -= d.pbufs;
  if (state.reass === d) state.reass = d.next;
  else for (let q = state.reass; q; q = q.next) if (q.next === d) q.next = d.next;
  mempFree(stack, MEMP_REASSDATA);
}

function discard(stack: Stack, d: ReassDatagram): void {
  unlink(stack, d);
  for (let f = d.fragments; f; f = f.next) {
    pbufFree(f.p);
    statInc(stack, STAT_IPFRAG + DROP);
  }
  d.fragments = null;
}

function tick(stack: Stack): void {
  const state = stack.ip4;
  state.reassTimer = false;
  for (let d = state.reass, next: ReassDatagram | null; d; d = next) {
    next = d.next;
    if (--d.timer > 0) continue;
    // RFC 792, "Time Exceeded": only when fragment zero is there.
    if (LWIP_ICMP && d.hlen >= IP4_HLEN) icmpTimeExceeded(d.fragments!.p, d.netif, d.hlen, ICMP_TE_FRAG);
    discard(stack, d);
  }
  if (state.reass) state.reassTimer = sysTimeout(stack, TICK, tick, stack) === ERR_OK;
}
