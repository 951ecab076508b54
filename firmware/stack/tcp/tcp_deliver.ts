// In-order data on their way to the application: window, delayed ACK, the receive callback, data it refused, and
// the end of the stream.

import { ERR_ABRT, ERR_OK } from '../core/err.js';
import { MEMP_PBUF_POOL, MEMP_TCP_PCB } from '../core/memp.js';
import { pbufCat, pbufFree, type Pbuf } from '../core/pbuf.js';
import { tcpConnectionClose } from './tcp_close.js';
import { tcpDelayAck, tcpSendAck } from './tcp_emit.js';
import { tcpOoseqDrain, tcpOoseqFree, tcpOoseqFreeAll } from './tcp_ooseq.js';
import { tcpOutputNow } from './tcp_out.js';
import { tcpAbandon, tcpFree } from './tcp_pcb.js';
import {
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  TF_ACK_DELAY,
  TF_ACK_NOW,
  TF_EOF,
  TF_LIVE,
  TF_RXCLOSED,
  TIME_WAIT,
  TIMER_NONE,
  type TcpPcb,
} from './tcp_state.js';
import { TCP_RETRY, tcpDeadline } from './tcp_timers.js';
import { tcpTwAdd } from './tcp_timewait.js';

/**
 * Takes data that begin at RCV.NXT. Consumes `p`.
 * @param p null when `len` is 0
 * @param fin whether a FIN follows
 */
export function tcpInOrder(pcb: TcpPcb, p: Pbuf | null, len: number, fin: boolean): void {
  let flags = pcb.flags;
  if (len) {
    if (flags & TF_RXCLOSED) {
      // RFC 1122, 4.2.2.13: nobody will read this; the peer shall know.
      pbufFree(p);
      tcpAbandon(pcb, true, ERR_ABRT);
      return;
    }
    const stack = pcb.stack;
    const size = stack.opt.PBUF_POOL_SIZE;
    const pool = stack.memp[MEMP_PBUF_POOL]!;
    if (size - pool.used <= stack.memp[MEMP_TCP_PCB]!.used) {
      // What applications have not read must not take all receive buffers: ACKs, of what they wait for perhaps, need one, and so
      // does each connection that is read. The peer sends again what is dropped here.
      tcpOoseqFree(pcb);
      if (pcb.rcvWnd < stack.opt.TCP_WND || (pool.used === size && !tcpOoseqFreeAll(stack))) {
        pbufFree(p);
        return;
      }
    }
    pcb.rcvNxt = (pcb.rcvNxt + len) | 0;
    pcb.rcvWnd -= len;
    if (pcb.ooseq) {
      // RFC 5681, 4.2: a segment that fills a gap is acknowledged at once.
      flags |= TF_ACK_NOW;
      if (fin) tcpOoseqFree(pcb);
      else fin = tcpOoseqDrain(pcb, p!);
    }
    // RFC 9293, 3.8.6.3; RFC 5681, 4.2: at least every second segment.
    if (flags & TF_ACK_DELAY) flags = (flags & ~TF_ACK_DELAY) | TF_ACK_NOW;
    pcb.flags = flags;
    if (!(flags & TF_ACK_NOW)) tcpDelayAck(pcb);
    const refused = pcb.refusedData;
    if (refused) {
      // The application gets all of them together.
      pbufCat(refused, p!);
      tcpRedeliver(pcb);
    } else tcpGive(pcb, p!);
  }
  if (fin && pcb.flags & TF_LIVE) finReceived(pcb);
}

/** Hands data to the application, and keeps them when it does not want them now. */
function tcpGive(pcb: TcpPcb, p: Pbuf): void {
  const fn = pcb.recvFn;
  if (!fn) {
    const n = p.totLen;
    pbufFree(p);
    tcpOpenWindow(pcb, n);
    return;
  }
  const err = fn(pcb.arg as never, pcb, p, ERR_OK);
  if (err === ERR_OK || err === ERR_ABRT) return;
  if (pcb.flags & TF_LIVE) {
    pcb.refusedData = p;
    pcb.retryAt = tcpDeadline(pcb.stack, TCP_RETRY);
  } else pbufFree(p);
}

/** Offers refused data again, and the end of the stream after them. */
export function tcpRedeliver(pcb: TcpPcb): void {
  const p = pcb.refusedData!;
  pcb.refusedData = null;
  tcpGive(pcb, p);
  if (pcb.refusedData || !(pcb.flags & TF_EOF)) return;
  pcb.flags &= ~TF_EOF;
  if (pcb.state === TIME_WAIT) tcpFree(pcb, TIME_WAIT);
  giveEof(pcb);
}

function giveEof(pcb: TcpPcb): void {
  const fn = pcb.recvFn;
  if (fn) fn(pcb.arg as never, pcb, null, ERR_OK);
  else tcpConnectionClose(pcb);
}

/** RFC 9293, 3.10.7.4, eighth: check the FIN bit. */
function finReceived(pcb: TcpPcb): void {
  pcb.rcvNxt = (pcb.rcvNxt + 1) | 0;
  pcb.flags |= TF_ACK_NOW;
  tcpOoseqFree(pcb);
  const tell = !(pcb.flags & TF_RXCLOSED);
  const state = pcb.state;
  if (state === ESTABLISHED) pcb.state = CLOSE_WAIT;
  else if (state === FIN_WAIT_1) pcb.state = CLOSING;
  else tcpTimeWait(pcb);
  if (!tell) return;
  if (pcb.refusedData) pcb.flags |= TF_EOF;
  else giveEof(pcb);
}

/**
 * The connection enters TIME_WAIT: a record takes its place. The pcb is freed, unless the application has yet to
 * take data from it.
 */
export function tcpTimeWait(pcb: TcpPcb): void {
  if (pcb.flags & TF_ACK_NOW) tcpSendAck(pcb);
  tcpTwAdd(pcb);
  if (pcb.refusedData) {
    pcb.state = TIME_WAIT;
    pcb.timer = TIMER_NONE;
    pcb.flags &= ~(TF_ACK_NOW | TF_ACK_DELAY);
  } else tcpFree(pcb, TIME_WAIT);
}

/** The application has taken `len` bytes: opens the window, and tells the peer when that is worth a segment. */
export function tcpOpenWindow(pcb: TcpPcb, len: number): void {
  if (!(pcb.flags & TF_LIVE)) return;
  const size = pcb.stack.opt.TCP_WND;
  let wnd = pcb.rcvWnd + len;
  if (wnd > size) wnd = size;
  pcb.rcvWnd = wnd;
  if (pcb.state < ESTABLISHED || pcb.state === TIME_WAIT) return;
  // The right edge would move by `grow`. RFC 1122, 4.2.3.3 lets it move for min(half the buffer, a segment); a
  // segment of its own is sent for that when the peer may be waiting, and otherwise for twice as much: with
  // windows of several segments the ACK of every second segment carries the update.
  const next = pcb.rcvNxt;
  const left = (pcb.rcvAdv - next) | 0;
  const grow = wnd - left;
  const half = size >> 1;
  const mss = pcb.rcvMss;
  const step = left < mss ? mss : 2 * mss;
  if (grow >= (step < half ? step : half)) {
    pcb.flags |= TF_ACK_NOW;
    tcpOutputNow(pcb);
  }
}
