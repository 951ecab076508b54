// The handshake: a SYN to a listener, the answer to our SYN, simultaneous open, and what is set up when a
// connection becomes established.

import { chksumAddr } from '../core/checksum.js';
import { ERR_ABRT, ERR_MEM, ERR_OK, ERR_RST, ERR_VAL } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import { LWIP_TCP_KEEPALIVE } from '../core/opt.js';
import { STAT_TCPX, TCPX_LISTENDROP, statInc } from '../core/stats.js';
import { SOF_KEEPALIVE } from '../ip/ip_pcb.js';
import { tcpAcked } from './tcp_ack.js';
import { ccInit } from './tcp_cc.js';
import { tcpRstStranger } from './tcp_emit.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpAbandon, tcpActivate, tcpAlloc, tcpBacklogDone, tcpFree } from './tcp_pcb.js';
import { tcpQueueSyn } from './tcp_queue.js';
import { RTO_AFTER_SYN_LOSS } from './tcp_rexmit.js';
import {
  CLOSED,
  ESTABLISHED,
  SYN_RCVD,
  TF_ACK_NOW,
  TF_BACKLOGPEND,
  TF_LIVE,
  TF_OWNED,
  TF_PASSIVE,
  type TcpListenPcb,
  type TcpPcb,
  type TcpTw,
} from './tcp_state.js';
import { tcpKeepHeard } from './tcp_timers.js';
import { ACK, IP_PROTO_TCP, MSS_DEFAULT, MSS_MIN, RST, SYN, TCP_SEQ } from './tcp_wire.js';

/** IPv4 and TCP header without options. */
const HEADERS = 40;

/** How far above an old connection's numbers its successor begins (RFC 1122, 4.2.2.13). */
const ISN_STEP = 250000;

/**
 * Addresses, ports and initial sequence number are known: sets what follows from them.
 * @param after an old connection of the same addresses and ports, or null
 */
export function tcpSetup(pcb: TcpPcb, route: Netif, after: TcpTw | null): void {
  const stack = pcb.stack;
  let iss = stack.tcp.isn(stack, pcb.localIp, pcb.localPort, pcb.remoteIp, pcb.remotePort) | 0;
  if (after) {
    const old = (after.sndHi << 16) | after.sndLo;
    if (((iss - old) | 0) <= 0) iss = (old + ISN_STEP) | 0;
  }
  pcb.issHi = iss >>> 16;
  pcb.issLo = iss & 0xffff;
  pcb.route = route;
  pcb.chksumBase = IP_PROTO_TCP + chksumAddr(pcb.localIp) + chksumAddr(pcb.remoteIp);
  const fit = route.mtu - HEADERS;
  pcb.rcvMss = fit < stack.opt.TCP_MSS ? fit : stack.opt.TCP_MSS;
  if (pcb.mss > pcb.rcvMss) pcb.mss = pcb.rcvMss;
}

/**
 * RFC 9293, 3.7.1: Eff.snd.MSS from the peer's option and our own limits.
 * @param option 0 or less for none
 */
function takeMss(pcb: TcpPcb, option: number): void {
  let mss = option > 0 ? option : MSS_DEFAULT;
  if (mss < MSS_MIN) mss = MSS_MIN;
  pcb.mss = mss < pcb.rcvMss ? mss : pcb.rcvMss;
}

/**
 * RFC 9293, 3.10.7.2: a segment for a listener.
 * @param b its header at `o`
 * @param len its bytes of data
 * @param after the TIME_WAIT record that gives way to this, or null
 */
export function tcpListenInput(
  lpcb: TcpListenPcb,
  netif: Netif,
  src: IpAddr,
  dst: IpAddr,
  b: Uint8Array,
  o: number,
  flags: number,
  len: number,
  localPort: number,
  remotePort: number,
  wnd: number,
  after: TcpTw | null,
): void {
  const stack = lpcb.stack;
  if (flags & RST) return;
  if (flags & ACK) {
    tcpRstStranger(stack, netif, dst, src, b, o, flags, len);
    return;
  }
  if (!(flags & SYN)) return;
  let pcb: TcpPcb | null = null;
  if (lpcb.acceptsPending < lpcb.backlog) {
    pcb = tcpAlloc(stack, lpcb.prio);
    if (!pcb && lpcb.acceptFn) lpcb.acceptFn(lpcb.arg as never, null, ERR_MEM);
  }
  if (!pcb) {
    statInc(stack, STAT_TCPX + TCPX_LISTENDROP);
    // The peer's SYN comes again, when there may be room; a refusal would be final.
    if (lpcb.rstWhenFull) tcpRstStranger(stack, netif, dst, src, b, o, flags, len + 1);
    return;
  }
  pcb.listener = lpcb;
  lpcb.acceptsPending++;
  pcb.flags |= TF_PASSIVE | TF_BACKLOGPEND;
  pcb.arg = lpcb.arg;
  pcb.soOptions = lpcb.soOptions;
  pcb.ttl = lpcb.ttl;
  pcb.tos = lpcb.tos;
  pcb.netif = lpcb.netif;
  pcb.localIp = dst;
  pcb.localPort = localPort;
  pcb.remoteIp = src;
  pcb.remotePort = remotePort;
  tcpSetup(pcb, netif, after);
  takeIrs(pcb, b, o);
  takeMss(pcb, stack.tcp.synMss);
  pcb.sndWnd = wnd;
  pcb.sndWndMax = wnd;
  pcb.state = SYN_RCVD;
  if (tcpQueueSyn(pcb) !== ERR_OK) {
    tcpFree(pcb, CLOSED);
    statInc(stack, STAT_TCPX + TCPX_LISTENDROP);
    return;
  }
  tcpActivate(pcb);
  tcpOutputNow(pcb);
}

function takeIrs(pcb: TcpPcb, b: Uint8Array, o: number): void {
  const at = o + TCP_SEQ;
  pcb.irsHi = (b[at]! << 8) | b[at + 1]!;
  pcb.irsLo = (b[at + 2]! << 8) | b[at + 3]!;
  // What the SYN has announced counts from behind the peer's SYN.
  pcb.rcvNxt = 1;
  pcb.rcvAdv++;
}

/**
 * RFC 9293, 3.10.7.3: a segment in SYN-SENT. Data in it are left for the peer to send again.
 * @param b its header at `o`
 * @param ack relative acknowledgment number
 */
export function tcpSynSent(
  pcb: TcpPcb,
  netif: Netif,
  b: Uint8Array,
  o: number,
  ack: number,
  flags: number,
  wnd: number,
  len: number,
): void {
  const stack = pcb.stack;
  // First: SND.UNA < SEG.ACK =< SND.NXT.
  const good = ((ack - pcb.sndUna) | 0) > 0 && ((ack - pcb.sndNxt) | 0) <= 0;
  if (flags & ACK && !good) {
    if (!(flags & RST)) tcpRstStranger(stack, netif, pcb.localIp, pcb.remoteIp, b, o, flags, len);
    return;
  }
  // Second: a RST counts only with an acceptable ACK.
  if (flags & RST) {
    if (flags & ACK) tcpAbandon(pcb, false, ERR_RST);
    return;
  }
  // Fourth.
  if (!(flags & SYN)) return;
  takeIrs(pcb, b, o);
  takeMss(pcb, stack.tcp.synMss);
  if (!(flags & ACK)) {
    // Simultaneous open: our SYN goes out once more, with an ACK.
    pcb.state = SYN_RCVD;
    pcb.sndWnd = wnd;
    pcb.sndWndMax = wnd;
    pcb.unsent = pcb.sndQ;
    return;
  }
  pcb.flags |= TF_ACK_NOW;
  tcpEstablish(pcb, 0, ack, wnd);
}

/**
 * The handshake is complete: from SYN_SENT or SYN_RCVD to ESTABLISHED. Tells the application, which may end the
 * connection at once.
 */
export function tcpEstablish(pcb: TcpPcb, seq: number, ack: number, wnd: number): void {
  const synLost = pcb.nrtx > 0;
  pcb.state = ESTABLISHED;
  pcb.sndWl1 = seq;
  pcb.sndWl2 = ack;
  pcb.sndWnd = wnd;
  if (wnd > pcb.sndWndMax) pcb.sndWndMax = wnd;
  tcpAcked(pcb, ack, (ack - pcb.sndUna) | 0);
  ccInit(pcb, synLost);
  // RFC 6298, 5.7.
  if (synLost) pcb.rto = RTO_AFTER_SYN_LOSS;
  if (LWIP_TCP_KEEPALIVE && pcb.soOptions & SOF_KEEPALIVE) tcpKeepHeard(pcb);
  if (!(pcb.flags & TF_PASSIVE)) {
    const fn = pcb.connectedFn;
    if (fn) fn(pcb.arg as never, pcb, ERR_OK);
    return;
  }
  const lpcb = pcb.listener;
  tcpBacklogDone(pcb);
  // ERR_VAL: the listener is gone, or nobody accepts.
  pcb.flags |= TF_OWNED;
  const fn = lpcb && lpcb.acceptFn;
  const err = fn ? fn(pcb.arg as never, pcb, ERR_OK) : ERR_VAL;
  if (err !== ERR_OK && pcb.flags & TF_LIVE) {
    if (err !== ERR_ABRT) pcb.errFn = null;
    tcpAbandon(pcb, true, ERR_ABRT);
  }
}
