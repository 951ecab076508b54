// TIME_WAIT as small records: they acknowledge a FIN that comes again (RFC 9293, 3.10.7.4), and let a new
// connection with higher sequence numbers take over (RFC 1122, 4.2.2.13; RFC 6191).

import { ERR_OK } from '../core/err.js';
import { MEMP_TCP_TW, mempFree, mempTake } from '../core/memp.js';
import { STAT_TCPX, TCPX_TWRECYCLED, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { tcpEmit } from './tcp_emit.js';
import { tcpWithout } from './tcp_pcb.js';
import { seqFromWire } from './tcp_seq.js';
import type { TcpPcb, TcpTw } from './tcp_state.js';
import { tcpDeadline } from './tcp_timers.js';
import { ACK, FIN, RST, SYN, TCP_SEQ } from './tcp_wire.js';

/** Makes the record of a connection. When all are taken, the oldest is given up. */
export function tcpTwAdd(pcb: TcpPcb): void {
  const stack = pcb.stack;
  const pool = stack.memp[MEMP_TCP_TW]!;
  const tcp = stack.tcp;
  const oldest = tcp.tw;
  if (oldest && pool.used >= pool.num) {
    statInc(stack, STAT_TCPX + TCPX_TWRECYCLED);
    tcpTwRemove(stack, oldest);
  }
  if (mempTake(stack, MEMP_TCP_TW) !== ERR_OK) return;
  const tw: TcpTw = {
    stack,
    netif: pcb.netif,
    route: pcb.route,
    ttl: pcb.ttl,
    tos: pcb.tos,
    issHi: pcb.issHi,
    issLo: pcb.issLo,
    irsHi: pcb.irsHi,
    irsLo: pcb.irsLo,
    sndNxt: pcb.sndNxt,
    rcvNxt: pcb.rcvNxt,
    // The window stays as it was last announced.
    rcvAdv: pcb.rcvAdv,
    rcvWnd: 0,
    rcvMss: pcb.rcvMss,
    chksumBase: pcb.chksumBase,
    localIp: pcb.localIp,
    localPort: pcb.localPort,
    deadline: tcpDeadline(stack, 2 * stack.opt.TCP_MSL),
    next: null,
    remoteIp: pcb.remoteIp,
    remotePort: pcb.remotePort,
  };
  let last = tcp.tw;
  while (last && last.next) last = last.next;
  if (last) last.next = tw;
  else tcp.tw = tw;
}

/** Ends a record. */
export function tcpTwRemove(stack: Stack, tw: TcpTw): void {
  stack.tcp.tw = tcpWithout(stack.tcp.tw, tw);
  mempFree(stack, MEMP_TCP_TW);
}

/**
 * A segment for a connection in TIME_WAIT.
 * @param b its header at `o`
 * @param len its bytes of data
 * @returns whether it is the SYN of a new connection, for which the record is to give way
 */
export function tcpTwInput(
  stack: Stack,
  tw: TcpTw,
  b: Uint8Array,
  o: number,
  flags: number,
  len: number,
): boolean {
  // RFC 1337: a RST must not end TIME_WAIT early.
  if (flags & RST) return false;
  if (flags & SYN) {
    if (!(flags & ACK) && ((seqFromWire(b, o + TCP_SEQ, tw.irsHi, tw.irsLo) - tw.rcvNxt) | 0) > 0)
      return true;
  } else if (flags & FIN) {
    tw.deadline = tcpDeadline(stack, 2 * stack.opt.TCP_MSL);
  } else if (len === 0) return false;
  tcpEmit(tw, tw.sndNxt, ACK, -1);
  return false;
}
