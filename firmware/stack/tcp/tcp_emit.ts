// The header of every segment that leaves, and segments without queue: ACKs, RSTs, probes. Those are built in one
// buffer that the stack keeps for this, unless somebody (ARP, a driver) still holds the last one.

import { ERR_MEM, ERR_OK, ERR_RTE, type Err } from '../core/err.js';
import { CHKSUM_HEADROOM, chksumFold, chksumPbuf } from '../core/checksum.js';
import { put16 } from '../core/bytes.js';
import { LWIP_CHECKSUM_CTRL_PER_NETIF } from '../core/opt.js';
import type { IpAddr } from '../core/ipaddr.js';
import { NETIF_CHECKSUM_GEN_TCP, type Netif } from '../core/netif.js';
import {
  PBUF_IP,
  PBUF_RAM,
  PBUF_TRANSPORT,
  pbufAddHeader,
  pbufAlloc,
  pbufFree,
  pbufRemoveHeader,
  type Pbuf,
} from '../core/pbuf.js';
import { MEMERR, STAT_TCP, STAT_TCPX, TCPX_CHALLENGE, TCPX_RST, XMIT, statInc } from '../core/stats.js';
import { ipOutputIf, ipRoute } from '../ip/ip.js';
import { seqToWire } from './tcp_seq.js';
import {
  ESTABLISHED,
  TF_ACK_DELAY,
  TF_ACK_NOW,
  tcpPcbNew,
  tcpSetEnds,
  type TcpEnds,
  type TcpPcb,
  type TcpSeg,
} from './tcp_state.js';
import { tcpTimerNeed } from './tcp_timers.js';
import {
  ACK,
  FIN,
  IP_PROTO_TCP,
  RST,
  SYN,
  TCP_ACKNO,
  TCP_CHKSUM,
  TCP_DST,
  TCP_HLEN,
  TCP_OFFSET,
  TCP_SEQ,
  TCP_SRC,
  TCP_URGP,
  TCP_WND,
} from './tcp_wire.js';

/** RFC 5961, 7: milliseconds between two challenge ACKs of one connection. */
const CHALLENGE_INTERVAL = 500;

/** The interface that a connection's datagrams leave by, looked up where it is not known; null for none. */
export function tcpRoute(c: TcpEnds): Netif | null {
  return (c.route = c.route || c.netif || ipRoute(c.stack, c.localIp, c.remoteIp));
}

/** Sets a segment's first pbuf back to its TCP header; lower layers have moved it. */
export function tcpNormalise(p: Pbuf): void {
  const n = PBUF_IP - p.off;
  p.off = PBUF_IP;
  p.len -= n;
  p.totLen -= n;
}

/**
 * Writes the header of a segment, with the acknowledgment and window of now, and sends it.
 * @param seg its pbuf has room for the header; what follows that is the options of a SYN, or data
 * @param seq relative sequence number
 * @returns ERR_OK; ERR_RTE; or what the interface says
 */
export function tcpTransmit(c: TcpEnds, seg: TcpSeg, seq: number, flags: number): Err {
  const netif = c.route || tcpRoute(c);
  if (!netif) return ERR_RTE;
  const p = seg.p;
  if (p.off !== PBUF_IP) tcpNormalise(p);
  const b = p.payload;
  const o = PBUF_IP;
  const wnd = flags & RST ? 0 : tcpAnnounce(c);
  if (seg.chksum < 0 && (!LWIP_CHECKSUM_CTRL_PER_NETIF || netif.chksumFlags & NETIF_CHECKSUM_GEN_TCP)) {
    // Summed up once, whatever the number of transmissions; before the headers are written.
    pbufRemoveHeader(p, TCP_HLEN);
    seg.chksum = chksumPbuf(p, p.totLen, CHKSUM_HEADROOM);
    pbufAddHeader(p, TCP_HLEN);
  }
  const word = (flags & SYN ? 0x6000 : 0x5000) | flags;
  put16(b, o + TCP_SRC, c.localPort);
  put16(b, o + TCP_DST, c.remotePort);
  let sum =
    seqToWire(b, o + TCP_SEQ, seq, c.issHi, c.issLo) +
    seqToWire(b, o + TCP_ACKNO, c.rcvNxt, c.irsHi, c.irsLo) +
    word +
    wnd;
  put16(b, o + TCP_OFFSET, word);
  put16(b, o + TCP_WND, wnd);
  if (!LWIP_CHECKSUM_CTRL_PER_NETIF || netif.chksumFlags & NETIF_CHECKSUM_GEN_TCP) {
    sum = ~chksumFold(sum + seg.chksum + c.chksumBase + p.totLen);
  } else sum = 0;
  put16(b, o + TCP_CHKSUM, sum);
  put16(b, o + TCP_URGP, 0);
  statInc(netif.stack, STAT_TCP + XMIT);
  return ipOutputIf(p, c.localIp, c.remoteIp, c.ttl, c.tos, IP_PROTO_TCP, netif);
}

/**
 * Sends a segment outside of the queue.
 * @param seq relative sequence number
 * @param data one byte of data, or -1 for none
 * @returns ERR_OK, ERR_MEM, or what the interface says
 */
export function tcpEmit(c: TcpEnds, seq: number, flags: number, data: number): Err {
  const stack = c.stack;
  const seg = stack.tcp.ackSeg;
  let p: Pbuf | null = seg.p;
  if (p.ref !== 1) {
    p = pbufAlloc(stack, PBUF_IP, TCP_HLEN + 1, PBUF_RAM);
    if (!p) {
      statInc(stack, STAT_TCP + MEMERR);
      return ERR_MEM;
    }
    pbufFree(seg.p);
    seg.p = p;
  }
  const len = PBUF_TRANSPORT - p.off + (data < 0 ? 0 : 1);
  p.len = len;
  p.totLen = len;
  seg.chksum = 0;
  if (data >= 0) {
    p.payload[PBUF_TRANSPORT] = data;
    seg.chksum = data << 8;
  }
  return tcpTransmit(c, seg, seq, flags);
}

/**
 * The window to announce. The right edge moves in steps worth a segment (RFC 9293, 3.8.6.2.2: silly window
 * avoidance) and never back (RFC 9293, 3.8.6).
 * @returns bytes
 */
function tcpAnnounce(c: TcpEnds): number {
  const next = c.rcvNxt;
  const space = c.rcvWnd;
  const wnd = (c.rcvAdv - next) | 0;
  const half = c.stack.opt.TCP_WND >> 1;
  const mss = c.rcvMss;
  if (space - wnd >= (mss < half ? mss : half)) {
    c.rcvAdv = (next + space) | 0;
    return space;
  }
  return wnd < 0 ? 0 : wnd;
}

/**
 * The sequence number for what leaves without data. Behind a window probe that is not SND.NXT, which lies beyond the
 * peer's window: the peer would drop it unseen (RFC 9293, 3.10.7.4), be it a window update or a RST.
 */
function bareSeq(pcb: TcpPcb): number {
  const edge = (pcb.sndUna + pcb.sndWnd) | 0;
  return pcb.state >= ESTABLISHED && ((pcb.sndNxt - edge) | 0) > 0 ? edge : pcb.sndNxt;
}

/** Sends an ACK without data; when that fails, the delayed-ACK timer tries again. */
export function tcpSendAck(pcb: TcpPcb): Err {
  const err = tcpEmit(pcb, bareSeq(pcb), ACK, -1);
  pcb.flags &= ~(TF_ACK_DELAY | TF_ACK_NOW);
  if (err !== ERR_OK) tcpDelayAck(pcb);
  return err;
}

/** An ACK is owed, within TCP_DELACK. */
export function tcpDelayAck(pcb: TcpPcb): void {
  const stack = pcb.stack;
  pcb.flags |= TF_ACK_DELAY;
  const at = (stack.clock() + stack.opt.TCP_DELACK) | 0;
  pcb.ackAt = at;
  tcpTimerNeed(stack, at);
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
  tcpEmit(pcb, bareSeq(pcb), RST | ACK, -1);
}

/** <SEQ=SEG.ACK><CTL=RST>: the answer to an acknowledgment of what was never sent. */
export function tcpRstAck(pcb: TcpPcb, ack: number): void {
  statInc(pcb.stack, STAT_TCPX + TCPX_RST);
  tcpEmit(pcb, ack, RST, -1);
}

/**
 * RFC 9293, 3.10.7.1: the answer to a segment that belongs to no connection.
 * @param b the offending header at `o`
 * @param flags its flags
 * @param len its bytes of data
 */
export function tcpRstStranger(
  netif: Netif,
  src: IpAddr,
  dst: IpAddr,
  b: Uint8Array,
  o: number,
  flags: number,
  len: number,
  localPort: number,
  remotePort: number,
): void {
  const c = tcpPcbNew(netif.stack, 0);
  tcpSetEnds(c, netif, dst, localPort, src, remotePort);
  if (flags & ACK) {
    // <SEQ=SEG.ACK><CTL=RST>
    c.issHi = (b[o + TCP_ACKNO]! << 8) | b[o + TCP_ACKNO + 1]!;
    c.issLo = (b[o + TCP_ACKNO + 2]! << 8) | b[o + TCP_ACKNO + 3]!;
    tcpRstAck(c, 0);
  } else {
    // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
    tcpTakeIrs(c, b, o);
    c.rcvNxt = len + (flags & SYN ? 1 : 0) + (flags & FIN);
    tcpSendRst(c);
  }
}

/** IRS from the header at `o`. */
export function tcpTakeIrs(c: TcpEnds, b: Uint8Array, o: number): void {
  const at = o + TCP_SEQ;
  c.irsHi = (b[at]! << 8) | b[at + 1]!;
  c.irsLo = (b[at + 2]! << 8) | b[at + 3]!;
}
