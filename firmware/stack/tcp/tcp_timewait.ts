// TIME_WAIT as small records: they acknowledge a FIN that comes again (RFC 9293, 3.10.7.4), and let a new
// connection with higher sequence numbers take over (RFC 1122, 4.2.2.13; RFC 6191).

import { ERR_OK } from '../core/err.js';
import { MEMP_TCP_TW, mempFree, mempTake } from '../core/memp.js';
import { STAT_TCPX, TCPX_TWRECYCLED, statInc } from '../core/stats.js';
import type { Stack } from '../core/stack.js';
import { tcpEmit, tcpRoute } from './tcp_emit.js';
import { seqFromWire, seqHi, seqLo } from './tcp_seq.js';
import type { TcpPcb, TcpTw } from './tcp_state.js';
import { tcpTimerNeed } from './tcp_timers.js';
import { ACK, FIN, RST, SYN, TCP_SEQ } from './tcp_wire.js';

/** Makes the record of a connection. When all are taken, the oldest is given up. */
export function tcpTwAdd(pcb: TcpPcb): void {
  const stack = pcb.stack;
  const netif = tcpRoute(pcb);
  const pool = stack.memp[MEMP_TCP_TW]!;
  if (!netif || pool.num === 0) return;
  if (pool.used >= pool.num) {
    statInc(stack, STAT_TCPX + TCPX_TWRECYCLED);
    tcpTwRemove(stack, stack.tcp.tw!);
  }
  if (mempTake(stack, MEMP_TCP_TW) !== ERR_OK) return;
  append(stack, {
    netif,
    localIp: pcb.localIp,
    localPort: pcb.localPort,
    sndHi: seqHi(pcb.sndNxt, pcb.issHi, pcb.issLo),
    sndLo: seqLo(pcb.sndNxt, pcb.issLo),
    rcvHi: seqHi(pcb.rcvNxt, pcb.irsHi, pcb.irsLo),
    rcvLo: seqLo(pcb.rcvNxt, pcb.irsLo),
    deadline: 0,
    next: null,
    remoteIp: pcb.remoteIp,
    remotePort: pcb.remotePort,
  });
}

/** Puts a record at the end of the list, its time beginning now: the list is sorted by deadline. */
function append(stack: Stack, tw: TcpTw): void {
  tw.deadline = (stack.clock() + 2 * stack.opt.TCP_MSL) | 0;
  tw.next = null;
  const tcp = stack.tcp;
  let last = tcp.tw;
  if (last) {
    while (last.next) last = last.next;
    last.next = tw;
  } else tcp.tw = tw;
  tcpTimerNeed(stack, tw.deadline);
}

function unlink(stack: Stack, tw: TcpTw): void {
  const tcp = stack.tcp;
  if (tcp.tw === tw) tcp.tw = tw.next;
  for (let q = tcp.tw; q; q = q.next) if (q.next === tw) q.next = tw.next;
}

/** Ends a record. */
export function tcpTwRemove(stack: Stack, tw: TcpTw): void {
  unlink(stack, tw);
  mempFree(stack, MEMP_TCP_TW);
}

/** Ends the records whose time is over. */
export function tcpTwExpire(stack: Stack, now: number): void {
  for (let tw = stack.tcp.tw; tw && ((tw.deadline - now) | 0) <= 0; tw = stack.tcp.tw) tcpTwRemove(stack, tw);
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
    if (!(flags & ACK) && seqFromWire(b, o + TCP_SEQ, tw.rcvHi, tw.rcvLo) > 0) return true;
  } else if (flags & FIN) {
    unlink(stack, tw);
    append(stack, tw);
  } else if (len === 0) return false;
  tcpEmit(
    tw.netif,
    tw.localIp,
    tw.localPort,
    tw.remoteIp,
    tw.remotePort,
    tw.sndHi,
    tw.sndLo,
    tw.rcvHi,
    tw.rcvLo,
    ACK,
    stack.opt.TCP_WND,
    -1,
    stack.opt.IP_DEFAULT_TTL,
    0,
  );
  return false;
}
