// Input: validation, demultiplexing, and the short way of an in-order segment. Everything else goes to
// tcp_process.ts, tcp_open.ts or tcp_timewait.ts.

import { get16 } from '../core/bytes.js';
import { chksumPseudo } from '../core/checksum.js';
import { ERR_OK, type Err } from '../core/err.js';
import { ipAddrEq, ipAddrIsAny, type IpAddr } from '../core/ipaddr.js';
import { NETIF_CHECKSUM_CHECK_TCP, type Netif } from '../core/netif.js';
import {
  LWIP_ACCEPT_ALL,
  LWIP_CHECKSUM_CTRL_PER_NETIF,
  LWIP_TCP_KEEPALIVE,
  TCP_ACTIVE_OPEN,
} from '../core/opt.js';
import { PBUF_FLAG_PUSH, PBUF_FLAG_REASS, pbufFree, type Pbuf } from '../core/pbuf.js';
import { CHKERR, LENERR, PROTERR, RECV, STAT_TCP, statDrop, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { icmpErrorAllowed } from '../icmp/icmp.js';
import { SOF_KEEPALIVE } from '../ip/ip_pcb.js';
import { tcpAckReceived } from './tcp_ack.js';
import { tcpInOrder } from './tcp_deliver.js';
import { tcpRstStranger } from './tcp_emit.js';
import { tcpListenInput, tcpSynSent } from './tcp_open.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpFind } from './tcp_pcb.js';
import { tcpProcess } from './tcp_process.js';
import { seqFromWire } from './tcp_seq.js';
import {
  ESTABLISHED,
  SYN_SENT,
  TF_ACK_NOW,
  TF_LIVE,
  TIME_WAIT,
  type TcpListenPcb,
  type TcpPcb,
} from './tcp_state.js';
import { tcpKeepHeard } from './tcp_timers.js';
import { tcpTwInput, tcpTwRemove } from './tcp_timewait.js';
import {
  ACK,
  FIN,
  IP_PROTO_TCP,
  PSH,
  RST,
  SYN,
  TCP_ACKNO,
  TCP_DST,
  TCP_FLAGS,
  TCP_HLEN,
  TCP_OFFSET,
  TCP_SEQ,
  TCP_SRC,
  TCP_WND,
  URG,
} from './tcp_wire.js';

export { tcpIcmpError } from './tcp_icmp.js';

/**
 * Takes a segment from IP. Consumes `p`.
 * @param p at the TCP header
 * @param netif where it came in
 */
export function tcpInput(p: Pbuf, netif: Netif, src: IpAddr, dst: IpAddr, hlen: number): Err {
  const stack = netif.stack;
  const b = p.payload;
  const o = p.off;
  statInc(stack, STAT_TCP + RECV);
  const total = p.totLen;
  const words = b[o + TCP_OFFSET]!;
  const hdr = (words >> 4) << 2;
  if (p.len < TCP_HLEN || hdr < TCP_HLEN || hdr > p.len) return drop(p, LENERR);
  const pflags = p.flags;
  if (
    (!LWIP_CHECKSUM_CTRL_PER_NETIF ||
      netif.chksumFlags & NETIF_CHECKSUM_CHECK_TCP ||
      pflags & PBUF_FLAG_REASS) &&
    chksumPseudo(p, IP_PROTO_TCP, total, src, dst, hlen) !== 0
  ) {
    return drop(p, CHKERR);
  }
  const remotePort = get16(b, o + TCP_SRC);
  const localPort = get16(b, o + TCP_DST);
  const flags = b[o + TCP_FLAGS]!;
  const wnd = get16(b, o + TCP_WND);
  const len = total - hdr;
  const tcp = stack.tcp;

  let before: TcpPcb | null = null;
  let pcb = tcp.active;
  while (
    pcb &&
    (pcb.remotePort !== remotePort ||
      pcb.localPort !== localPort ||
      !ipAddrEq(pcb.remoteIp, src) ||
      !ipAddrEq(pcb.localIp, dst) ||
      pcb.state === TIME_WAIT)
  ) {
    before = pcb;
    pcb = pcb.next;
  }
  if (!pcb) return strangerInput(p, netif, src, dst, b, o, flags, len, localPort, remotePort, wnd);
  if (before) {
    // The next segment is likely to be for the same connection.
    before.next = pcb.next;
    pcb.next = tcp.active;
    tcp.active = pcb;
    tcp.changed = true;
  }

  p.off = o + hdr;
  p.len -= hdr;
  p.totLen = len;
  if (flags & PSH) p.flags = pflags | PBUF_FLAG_PUSH;
  tcp.inputPcb = pcb;
  const seq = seqFromWire(b, o + TCP_SEQ, pcb.irsHi, pcb.irsLo);
  const ack = seqFromWire(b, o + TCP_ACKNO, pcb.issHi, pcb.issLo);
  if (LWIP_TCP_KEEPALIVE && pcb.soOptions & SOF_KEEPALIVE) tcpKeepHeard(pcb);

  if (
    pcb.state === ESTABLISHED &&
    seq === pcb.rcvNxt &&
    (flags & (FIN | SYN | RST | ACK | URG)) === ACK &&
    len <= ((pcb.rcvAdv - seq) | 0) &&
    ((ack - pcb.sndUna) | 0) >= 0 &&
    ((ack - pcb.sndNxt) | 0) <= 0
  ) {
    // All checks of RFC 9293, 3.10.7.4 pass: ACK and text are left.
    const acked = tcpAckReceived(pcb, seq, ack, flags, wnd, len);
    if (acked) {
      const sent = pcb.sentFn;
      if (sent) sent(pcb.arg as never, pcb, acked);
    }
    if (len && pcb.flags & TF_LIVE) tcpInOrder(pcb, p, len, false);
    else pbufFree(p);
  } else if (TCP_ACTIVE_OPEN && pcb.state === SYN_SENT) {
    tcpSynSent(pcb, b, o, ack, flags, wnd);
    pbufFree(p);
  } else tcpProcess(pcb, p, seq, ack, flags, wnd, len);

  tcp.inputPcb = null;
  if (pcb.unsent || pcb.flags & TF_ACK_NOW) tcpOutputNow(pcb);
  return ERR_OK;
}

function drop(p: Pbuf, reason: number): Err {
  statDrop(p.stack, STAT_TCP, reason);
  pbufFree(p);
  return ERR_OK;
}

/**
 * A segment for no connection: TIME_WAIT, a listener, or nobody. That neither address is a broadcast or multicast
 * one (RFC 9293, MUST-57 and MUST-63) is IP's care.
 */
function strangerInput(
  p: Pbuf,
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
): Err {
  const stack = netif.stack;
  if (remotePort === 0) return drop(p, PROTERR);
  const tw = tcpFind(stack.tcp.tw, dst, localPort, src, remotePort);
  if (tw) {
    if (!tcpTwInput(stack, tw, b, o, flags, len)) {
      pbufFree(p);
      return ERR_OK;
    }
    tcpTwRemove(stack, tw);
  }
  const lpcb = findListener(stack, netif, dst, localPort);
  if (lpcb && (flags & (SYN | ACK | RST)) === SYN) {
    tcpListenInput(lpcb, netif, src, dst, b, o, flags, len, localPort, remotePort, wnd, tw);
    pbufFree(p);
    return ERR_OK;
  }
  // RFC 9293, 3.10.7.1 and 3.10.7.2; and RFC 1812, 4.3.2.8: not more often than other errors.
  if (!(flags & RST) && (!lpcb || flags & ACK) && icmpErrorAllowed(stack)) {
    tcpRstStranger(netif, src, dst, b, o, flags, len, localPort, remotePort);
  }
  return drop(p, PROTERR);
}

/** The listener for an address and port; one bound to the very address goes before one bound to any. */
function findListener(stack: Stack, netif: Netif, ip: IpAddr, port: number): TcpListenPcb | null {
  let found: TcpListenPcb | null = null;
  for (let q = stack.tcp.listen; q; q = q.next) {
    if (q.localPort !== port && !(LWIP_ACCEPT_ALL && q.localPort === 0 && !found)) continue;
    if (q.netif && q.netif !== netif) continue;
    if (ipAddrEq(q.localIp, ip)) return q;
    if (ipAddrIsAny(q.localIp) && (!found || found.localPort === 0)) found = q;
  }
  return found;
}
