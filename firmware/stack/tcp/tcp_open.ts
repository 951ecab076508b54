// The handshake: a SYN to a listener, the answer to our SYN, simultaneous open, and what is set up when a
// connection becomes established.

import { ERR_ABRT, ERR_MEM, ERR_OK, ERR_RST, ERR_VAL } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import { LWIP_TCP_KEEPALIVE, TCP_ACTIVE_OPEN, TCP_LISTEN_BACKLOG } from '../core/opt.js';
import { OPTERR, STAT_TCP, STAT_TCPX, TCPX_LISTENDROP, statInc } from '../core/stats.js';
import { SOF_KEEPALIVE } from '../ip/ip_pcb.js';
import { tcpAcked } from './tcp_ack.js';
import { ccInit } from './tcp_cc.js';
import { tcpRstAck, tcpRstStranger, tcpTakeIrs } from './tcp_emit.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpAbandon, tcpActivate, tcpAlloc, tcpBacklogDone, tcpFree } from './tcp_pcb.js';
import { tcpQueueControl } from './tcp_queue.js';
import { RTO_AFTER_SYN_LOSS } from './tcp_rexmit.js';
import {
  CLOSED,
  ESTABLISHED,
  SYN_RCVD,
  TF_ACK_NOW,
  TF_BACKLOGPEND,
  TF_LIVE,
  TF_PASSIVE,
  tcpSetEnds,
  type TcpListenPcb,
  type TcpPcb,
  type TcpTw,
} from './tcp_state.js';
import { tcpKeepHeard } from './tcp_timers.js';
import { ACK, MSS_DEFAULT, MSS_MIN, RST, SYN, TCP_HLEN, TCP_OFFSET, tcpReadMss } from './tcp_wire.js';

/** IPv4 and TCP header without options. */
const HEADERS = 40;

/** How far above an old connection's numbers its successor begins (RFC 1122, 4.2.2.13). */
const ISN_STEP = 250000;

/**
 * Sets what a new connection begins with: its ends and the initial sequence number.
 * @param after an old connection of the same addresses and ports, or null
 */
export function tcpSetup(
  pcb: TcpPcb,
  route: Netif,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
  after: TcpTw | null,
): void {
  const stack = pcb.stack;
  tcpSetEnds(pcb, route, localIp, localPort, remoteIp, remotePort);
  let iss = stack.tcp.isn(stack, localIp, localPort, remoteIp, remotePort) | 0;
  if (after) {
    const old = (((after.issHi << 16) | after.issLo) + after.sndNxt) | 0;
    if (((iss - old) | 0) <= 0) iss = (old + ISN_STEP) | 0;
  }
  pcb.issHi = iss >>> 16;
  pcb.issLo = iss & 0xffff;
  const fit = route.mtu - HEADERS;
  if (pcb.rcvMss > fit) pcb.rcvMss = fit;
}

/** What the peer's SYN tells: IRS, window, and MSS (RFC 9293, 3.7.1: Eff.snd.MSS). */
function takeSyn(pcb: TcpPcb, b: Uint8Array, o: number, wnd: number): void {
  tcpTakeIrs(pcb, b, o);
  // What our SYN has announced counts from behind the peer's SYN.
  pcb.rcvNxt = 1;
  pcb.rcvAdv++;
  pcb.sndWnd = wnd;
  pcb.sndWndMax = wnd;
  const end = o + ((b[o + TCP_OFFSET]! >> 4) << 2);
  let mss = tcpReadMss(b, o + TCP_HLEN, end);
  if (mss < 0) statInc(pcb.stack, STAT_TCP + OPTERR);
  if (mss <= 0) mss = MSS_DEFAULT;
  if (mss < MSS_MIN) mss = MSS_MIN;
  pcb.mss = mss < pcb.rcvMss ? mss : pcb.rcvMss;
}

/**
 * RFC 9293, 3.10.7.2: a SYN for a listener.
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
  let pcb: TcpPcb | null = null;
  if (!TCP_LISTEN_BACKLOG || lpcb.acceptsPending < lpcb.backlog) {
    pcb = tcpAlloc(stack, lpcb.prio);
    if (!pcb && lpcb.acceptFn) lpcb.acceptFn(lpcb.arg as never, null, ERR_MEM);
  }
  if (!pcb) {
    statInc(stack, STAT_TCPX + TCPX_LISTENDROP);
    // The peer's SYN comes again, when there may be room; a refusal would be final.
    if (TCP_LISTEN_BACKLOG && lpcb.rstWhenFull)
      tcpRstStranger(netif, src, dst, b, o, flags, len, localPort, remotePort);
    return;
  }
  pcb.listener = lpcb;
  if (TCP_LISTEN_BACKLOG) lpcb.acceptsPending++;
  pcb.flags |= TF_PASSIVE | TF_BACKLOGPEND;
  pcb.arg = lpcb.arg;
  pcb.soOptions = lpcb.soOptions;
  pcb.ttl = lpcb.ttl;
  pcb.tos = lpcb.tos;
  pcb.netif = lpcb.netif;
  tcpSetup(pcb, netif, dst, localPort, src, remotePort, after);
  takeSyn(pcb, b, o, wnd);
  pcb.state = SYN_RCVD;
  if (tcpQueueControl(pcb, SYN) !== ERR_OK) {
    tcpFree(pcb, CLOSED);
    statInc(stack, STAT_TCPX + TCPX_LISTENDROP);
    return;
  }
  tcpActivate(pcb);
  tcpOutputNow(pcb);
}

/**
 * RFC 9293, 3.10.7.3: a segment in SYN-SENT. Data in it are left for the peer to send again.
 * @param b its header at `o`
 * @param ack relative acknowledgment number
 */
export function tcpSynSent(
  pcb: TcpPcb,
  b: Uint8Array,
  o: number,
  ack: number,
  flags: number,
  wnd: number,
): void {
  // First: SND.UNA < SEG.ACK =< SND.NXT.
  const good = ((ack - pcb.sndUna) | 0) > 0 && ((ack - pcb.sndNxt) | 0) <= 0;
  if (flags & ACK && !good) {
    if (!(flags & RST)) tcpRstAck(pcb, ack);
    return;
  }
  // Second: a RST counts only with an acceptable ACK.
  if (flags & RST) {
    if (flags & ACK) tcpAbandon(pcb, false, ERR_RST);
    return;
  }
  // Fourth.
  if (!(flags & SYN)) return;
  takeSyn(pcb, b, o, wnd);
  if (!(flags & ACK)) {
    // Simultaneous open: our SYN goes out once more, with an ACK.
    pcb.state = SYN_RCVD;
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
  if (TCP_ACTIVE_OPEN && !(pcb.flags & TF_PASSIVE)) {
    const fn = pcb.connectedFn;
    if (fn) fn(pcb.arg as never, pcb, ERR_OK);
    return;
  }
  const lpcb = pcb.listener;
  tcpBacklogDone(pcb);
  // ERR_VAL: the listener is gone, or nobody accepts.
  const fn = lpcb && lpcb.acceptFn;
  const err = fn ? fn(pcb.arg as never, pcb, ERR_OK) : ERR_VAL;
  if (err !== ERR_OK && pcb.flags & TF_LIVE) {
    if (err !== ERR_ABRT) pcb.errFn = null;
    tcpAbandon(pcb, true, ERR_ABRT);
  }
}
