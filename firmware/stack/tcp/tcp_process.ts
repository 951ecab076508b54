// A segment for a connection beyond SYN_SENT, in the order of RFC 9293, 3.10.7.4, with the checks of RFC 5961.
// tcp_in.ts takes the common case, an in-order segment of an established connection, past this.

import { ERR_RST } from '../core/err.js';
import { TCP_ACTIVE_OPEN } from '../core/opt.js';
import { pbufFree, pbufFreeHeader, pbufRealloc, type Pbuf } from '../core/pbuf.js';
import { tcpAckReceived } from './tcp_ack.js';
import { tcpFinWait } from './tcp_close.js';
import { tcpInOrder, tcpTimeWait } from './tcp_deliver.js';
import { tcpChallengeAck, tcpRstAck } from './tcp_emit.js';
import { tcpOoseqInsert } from './tcp_ooseq.js';
import { tcpEstablish } from './tcp_open.js';
import { tcpAbandon, tcpFree } from './tcp_pcb.js';
import { tcpRexmitFirst } from './tcp_rexmit.js';
import {
  CLOSED,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_RCVD,
  TF_ACK_NOW,
  TF_LIVE,
  TF_PASSIVE,
  type TcpPcb,
} from './tcp_state.js';
import { ACK, FIN, RST, SYN } from './tcp_wire.js';

/**
 * Processes a segment. Consumes `p`.
 * @param p at the data
 * @param seq relative sequence number
 * @param ack relative acknowledgment number
 * @param len bytes of data
 */
export function tcpProcess(
  pcb: TcpPcb,
  p: Pbuf,
  seq: number,
  ack: number,
  flags: number,
  wnd: number,
  len: number,
): void {
  let off = (seq - pcb.rcvNxt) | 0;
  if (
    TCP_ACTIVE_OPEN &&
    off === -1 &&
    pcb.state === SYN_RCVD &&
    (flags & (SYN | ACK | RST)) === (SYN | ACK)
  ) {
    // Simultaneous open (RFC 9293, 3.5, figure 8): the peer's SYN, known already, comes again with the ACK of ours.
    pcb.flags |= TF_ACK_NOW;
    flags &= ~SYN;
    seq = pcb.rcvNxt;
    off = 0;
  }
  // First, check the sequence number. A segment without data, SYN or FIN counts as one byte here; so does a closed
  // window: "If the RCV.WND is zero, no segments will be acceptable, but special allowance should be made to accept
  // valid ACKs, URGs, and RSTs." Data are a window probe then; they are cut off, and it is answered.
  const announced = (pcb.rcvAdv - pcb.rcvNxt) | 0;
  const space = announced > 0 ? announced : 0;
  const syn = flags & SYN ? 1 : 0;
  if (off >= (space || 1) || off + (len + syn + (flags & FIN) || 1) <= 0) {
    pbufFree(p);
    notAcceptable(pcb, off, flags, len);
    return;
  }
  // Trim what lies outside of the window. A FIN takes no buffer: it may come into a closed one.
  const over = off + len + syn - space;
  if (len && over > 0) {
    len -= over < len ? over : len;
    pbufRealloc(p, len);
    flags &= ~FIN;
    pcb.flags |= TF_ACK_NOW;
  }
  let skip = 0;
  if (off < 0) {
    // The peer repeats itself: the ACK of this may have been lost.
    if (len) pcb.flags |= TF_ACK_NOW;
    skip = -off - syn;
    flags &= ~SYN;
    seq = pcb.rcvNxt;
  }
  const data = pbufFreeHeader(p, skip);
  len = skip < len ? len - skip : 0;

  if (flags & RST) {
    // Second, check the RST bit (RFC 5961, 3.2): it must stand exactly at RCV.NXT.
    if (off) tcpChallengeAck(pcb);
    else tcpAbandon(pcb, false, ERR_RST);
  } else if (flags & SYN) {
    // Fourth, check the SYN bit (RFC 5961, 4.2).
    // "If the connection was initiated with a passive OPEN, then return this connection to the LISTEN state."
    if (pcb.state === SYN_RCVD && (!TCP_ACTIVE_OPEN || pcb.flags & TF_PASSIVE)) tcpFree(pcb, CLOSED);
    else tcpChallengeAck(pcb);
  } else if (flags & ACK && acceptAck(pcb, seq, ack, flags, wnd, len)) {
    // Seventh, process the segment text; eighth, the FIN bit.
    const fin = (flags & FIN) !== 0;
    if (seq === pcb.rcvNxt) {
      tcpInOrder(pcb, data, len, fin);
      return;
    }
    if (data || fin) {
      // RFC 5681, 4.2: a duplicate ACK at once.
      pcb.flags |= TF_ACK_NOW;
      tcpOoseqInsert(pcb, data, seq, len, fin);
      return;
    }
  }
  pbufFree(data);
}

/**
 * Fifth, check the ACK field.
 * @returns whether the segment may bring text: in CLOSE-WAIT, CLOSING and LAST-ACK the peer's FIN has come
 */
function acceptAck(pcb: TcpPcb, seq: number, ack: number, flags: number, wnd: number, len: number): boolean {
  const n = (ack - pcb.sndUna) | 0;
  const ahead = ((ack - pcb.sndNxt) | 0) > 0;
  if (pcb.state === SYN_RCVD) {
    if (n <= 0 || ahead) {
      tcpRstAck(pcb, ack);
      return false;
    }
    tcpEstablish(pcb, seq, ack, wnd);
  } else {
    // RFC 5961, 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT.
    if (ahead || n < -pcb.sndWndMax) {
      tcpChallengeAck(pcb);
      return false;
    }
    const acked = tcpAckReceived(pcb, seq, ack, flags, wnd, len);
    if (!pcb.sndQ) finAcked(pcb);
    const sent = pcb.sentFn;
    if (acked && sent && pcb.flags & TF_LIVE) sent(pcb.arg as never, pcb, acked);
  }
  const state = pcb.state;
  return state >= ESTABLISHED && state <= FIN_WAIT_2;
}

/** "If an incoming segment is not acceptable, an acknowledgment should be sent in reply (unless the RST bit is set)". */
function notAcceptable(pcb: TcpPcb, off: number, flags: number, len: number): void {
  if (flags & RST) return;
  // The SYN again: our SYN-ACK was lost.
  if (pcb.state === SYN_RCVD && flags & SYN && off === -1) tcpRexmitFirst(pcb);
  // Without data it may be an ACK of a peer that we confuse in turn: RFC 5961, 7 keeps this from going on.
  else if (len) pcb.flags |= TF_ACK_NOW;
  else tcpChallengeAck(pcb);
}

function finAcked(pcb: TcpPcb): void {
  const state = pcb.state;
  if (state === FIN_WAIT_1) {
    pcb.state = FIN_WAIT_2;
    tcpFinWait(pcb);
  } else if (state === CLOSING) tcpTimeWait(pcb);
  else if (state === LAST_ACK) tcpFree(pcb, CLOSED);
}
