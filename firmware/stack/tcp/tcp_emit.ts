// Segments without queue: ACKs, RSTs, probes. They are built in one pbuf that the stack keeps for this, unless
// somebody (ARP, a driver) still holds the last one.

import { ERR_MEM, ERR_OK, ERR_RTE, type Err } from '../core/err.js';
import { chksumAddr, chksumFold } from '../core/checksum.js';
import { put16 } from '../core/bytes.js';
import type { IpAddr } from '../core/ipaddr.js';
import { NETIF_CHECKSUM_GEN_TCP, type Netif } from '../core/netif.js';
import { PBUF_IP, PBUF_RAM, pbufAlloc, pbufFree, type Pbuf } from '../core/pbuf.js';
import { MEMERR, STAT_TCP, STAT_TCPX, TCPX_CHALLENGE, TCPX_RST, XMIT, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { ipOutputIf, ipRoute } from '../ip/ip.js';
import { seqHi, seqLo } from './tcp_seq.js';
import { TF_ACK_DELAY, TF_ACK_NOW, type TcpPcb } from './tcp_state.js';
import { tcpTimerNeed } from './tcp_timers.js';
import {
  ACK,
  IP_PROTO_TCP,
  RST,
  TCP_ACKNO,
  TCP_CHKSUM,
  TCP_FLAGS,
  TCP_HLEN,
  TCP_OFFSET,
  TCP_SEQ,
  TCP_SRC,
  TCP_DST,
  TCP_URGP,
  TCP_WND,
} from './tcp_wire.js';

/** RFC 5961, 7: milliseconds between two challenge ACKs of one connection. */
const CHALLENGE_INTERVAL = 500;

/**
 * Sends a segment without options.
 * @param seqh high and low halves of sequence and acknowledgment number
 * @param data one byte of data, or -1 for none
 * @returns ERR_OK, ERR_MEM, or what the interface says
 */
export function tcpEmit(
  netif: Netif,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
  seqh: number,
  seql: number,
  ackh: number,
  ackl: number,
  flags: number,
  wnd: number,
  data: number,
  ttl: number,
  tos: number,
): Err {
  const stack = netif.stack;
  const len = data < 0 ? TCP_HLEN : TCP_HLEN + 1;
  const kept = stack.tcp.ackPbuf;
  let p: Pbuf | null = kept;
  if (kept.ref === 1) {
    kept.off = PBUF_IP;
    kept.len = len;
    kept.totLen = len;
  } else {
    p = pbufAlloc(stack, PBUF_IP, len, PBUF_RAM);
    if (!p) {
      statInc(stack, STAT_TCP + MEMERR);
      return ERR_MEM;
    }
  }
  const b = p.payload;
  const o = PBUF_IP;
  put16(b, o + TCP_SRC, localPort);
  put16(b, o + TCP_DST, remotePort);
  put16(b, o + TCP_SEQ, seqh);
  put16(b, o + TCP_SEQ + 2, seql);
  put16(b, o + TCP_ACKNO, ackh);
  put16(b, o + TCP_ACKNO + 2, ackl);
  b[o + TCP_OFFSET] = 0x50;
  b[o + TCP_FLAGS] = flags;
  put16(b, o + TCP_WND, wnd);
  put16(b, o + TCP_URGP, 0);
  let sum = 0;
  if (data >= 0) {
    b[o + TCP_HLEN] = data;
    sum = data << 8;
  }
  if (netif.chksumFlags & NETIF_CHECKSUM_GEN_TCP) {
    sum += IP_PROTO_TCP + len + localPort + remotePort + seqh + seql + ackh + ackl + 0x5000 + flags + wnd;
    sum = ~chksumFold(sum + chksumAddr(localIp) + chksumAddr(remoteIp));
  } else sum = 0;
  put16(b, o + TCP_CHKSUM, sum & 0xffff);
  const err = ipOutputIf(p, localIp, remoteIp, ttl, tos, IP_PROTO_TCP, netif);
  statInc(stack, STAT_TCP + XMIT);
  if (p !== kept) pbufFree(p);
  return err;
}

/** The interface that a connection's datagrams leave by, looked up where it is not known; null for none. */
export function tcpRoute(pcb: TcpPcb): Netif | null {
  let route = pcb.route;
  if (!route) {
    route = pcb.netif || ipRoute(pcb.stack, pcb.localIp, pcb.remoteIp);
    pcb.route = route;
  }
  return route;
}

/**
 * The window to announce. The right edge moves in steps worth a segment (RFC 9293, 3.8.6.2.2: silly window
 * avoidance) and never back (RFC 9293, 3.8.6).
 * @returns bytes
 */
export function tcpAnnounce(pcb: TcpPcb): number {
  const next = pcb.rcvNxt;
  const space = pcb.rcvWnd;
  const wnd = (pcb.rcvAdv - next) | 0;
  const half = pcb.stack.opt.TCP_WND >> 1;
  const step = pcb.rcvMss < half ? pcb.rcvMss : half;
  if (space - wnd >= step) {
    pcb.rcvAdv = (next + space) | 0;
    return space;
  }
  return wnd < 0 ? 0 : wnd;
}

/** Sends a segment of connection `pcb` outside its queue, at relative sequence number `seq`. */
export function tcpEmitPcb(pcb: TcpPcb, seq: number, flags: number, data: number): Err {
  const route = tcpRoute(pcb);
  if (!route) return ERR_RTE;
  const hi = pcb.issHi;
  const lo = pcb.issLo;
  const next = pcb.rcvNxt;
  const rhi = pcb.irsHi;
  const rlo = pcb.irsLo;
  return tcpEmit(
    route,
    pcb.localIp,
    pcb.localPort,
    pcb.remoteIp,
    pcb.remotePort,
    seqHi(seq, hi, lo),
    seqLo(seq, lo),
    seqHi(next, rhi, rlo),
    seqLo(next, rlo),
    flags,
    flags & RST ? 0 : tcpAnnounce(pcb),
    data,
    pcb.ttl,
    pcb.tos,
  );
}

/** Sends an ACK without data; when that fails, the delayed-ACK timer tries again. */
export function tcpSendAck(pcb: TcpPcb): Err {
  const err = tcpEmitPcb(pcb, pcb.sndNxt, ACK, -1);
  let flags = pcb.flags & ~(TF_ACK_DELAY | TF_ACK_NOW);
  if (err !== ERR_OK) {
    flags |= TF_ACK_DELAY;
    pcb.ackAt = (pcb.stack.clock() + pcb.stack.opt.TCP_DELACK) | 0;
    tcpTimerNeed(pcb.stack, pcb.ackAt);
  }
  pcb.flags = flags;
  return err;
}

/**
 * Answers something that may be forged by an ACK that tells the true peer where we stand (RFC 5961, 3.2, 4.2,
 * 5.2), not more often than RFC 5961, 7 wants.
 */
export function tcpChallengeAck(pcb: TcpPcb): void {
  const now = pcb.stack.clock() | 0;
  const wait = (pcb.challengeAt - now) | 0;
  if (wait > 0 && wait <= CHALLENGE_INTERVAL) return;
  pcb.challengeAt = (now + CHALLENGE_INTERVAL) | 0;
  statInc(pcb.stack, STAT_TCPX + TCPX_CHALLENGE);
  tcpSendAck(pcb);
}

/** Resets the peer of a connection. */
export function tcpSendRst(pcb: TcpPcb): void {
  statInc(pcb.stack, STAT_TCPX + TCPX_RST);
  tcpEmitPcb(pcb, pcb.sndNxt, RST | ACK, -1);
}

/**
 * RFC 9293, 3.10.7.1: the answer to a segment that belongs to no connection.
 * @param b the offending header at `o`
 * @param flags its flags
 * @param len its length in sequence space
 */
export function tcpRstStranger(
  stack: Stack,
  netif: Netif,
  localIp: IpAddr,
  remoteIp: IpAddr,
  b: Uint8Array,
  o: number,
  flags: number,
  len: number,
): void {
  statInc(stack, STAT_TCPX + TCPX_RST);
  let seqh = 0;
  let seql = 0;
  let ackh = 0;
  let ackl = 0;
  let out = RST;
  if (flags & ACK) {
    // <SEQ=SEG.ACK><CTL=RST>
    seqh = half(b, o + TCP_ACKNO);
    seql = half(b, o + TCP_ACKNO + 2);
  } else {
    // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
    const h = half(b, o + TCP_SEQ);
    const l = half(b, o + TCP_SEQ + 2);
    ackh = seqHi(len, h, l);
    ackl = seqLo(len, l);
    out = RST | ACK;
  }
  tcpEmit(
    netif,
    localIp,
    half(b, o + TCP_DST),
    remoteIp,
    half(b, o + TCP_SRC),
    seqh,
    seql,
    ackh,
    ackl,
    out,
    0,
    -1,
    stack.opt.IP_DEFAULT_TTL,
    0,
  );
}

function half(b: Uint8Array, o: number): number {
  return (b[o]! << 8) | b[o + 1]!;
}
