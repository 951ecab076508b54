// The send queue: cutting the application's bytes into segments, SYN and FIN, and splitting a segment that does
// not fit. A copied segment is one buffer with room for all headers in front; it is sent from there each time.

import { ERR_CONN, ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import { MEM_RESERVE, TCP_ACTIVE_OPEN, TCP_REF_WRITE } from '../core/opt.js';
import {
  PBUF_IP,
  PBUF_RAM,
  PBUF_ROM,
  PBUF_TRANSPORT,
  pbufAlloc,
  pbufAllocReference,
  pbufCat,
  pbufClen,
  pbufFree,
  pbufRealloc,
  type Pbuf,
} from '../core/pbuf.js';
import { pbufCopyPartial } from '../core/pbuf_data.js';
import { MEMERR, STAT_TCP, statInc } from '../core/stats.js';
import { tcpNormalise } from './tcp_emit.js';
import { tcpSegNew, tcpSegsFree } from './tcp_pcb.js';
import {
  CLOSE_WAIT,
  ESTABLISHED,
  FIN_WAIT_1,
  LAST_ACK,
  SYN_RCVD,
  SYN_SENT,
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
  TF_CLOSEPEND,
  TF_NAGLEMEMERR,
  TF_NODELAY,
  type TcpPcb,
  type TcpSeg,
} from './tcp_state.js';
import { TCP_RETRY, tcpDeadline } from './tcp_timers.js';
import { FIN, MSS_DEFAULT, OPT_MSS_LEN, PSH, SYN, TCP_HLEN, tcpWriteMss } from './tcp_wire.js';

/** Where the data of a segment without options begin in its buffer. */
const DATA = PBUF_TRANSPORT;

/**
 * A new segment, not yet in the queue.
 * @param len bytes of data that it will have
 * @param size bytes that it has room for after its header
 * @returns null when heap or segments are exhausted
 */
function newSegment(pcb: TcpPcb, seq: number, len: number, size: number, flags: number): TcpSeg | null {
  const stack = pcb.stack;
  const p = pbufAlloc(stack, PBUF_IP, TCP_HLEN + size, PBUF_RAM);
  const seg = p && tcpSegNew(stack, p, seq, len, flags, (seq + len) | 0);
  if (seg) {
    p!.len = TCP_HLEN + len;
    p!.totLen = TCP_HLEN + len;
  } else pbufFree(p);
  return seg;
}

/** A segment's share of the limit on pbufs. */
function clen(seg: TcpSeg): number {
  return TCP_REF_WRITE ? pbufClen(seg.p) : 1;
}

function append(pcb: TcpPcb, seg: TcpSeg): void {
  if (pcb.sndQTail) pcb.sndQTail.next = seg;
  else pcb.sndQ = seg;
  if (!pcb.unsent) pcb.unsent = seg;
  while (seg.next) seg = seg.next;
  pcb.sndQTail = seg;
  pcb.sndLbb = seg.end;
}

/** The last segment of the queue, if more may be put into it: never sent, and neither SYN nor FIN in it. */
function openTail(pcb: TcpPcb): TcpSeg | null {
  const tail = pcb.sndQTail;
  return tail && ((tail.seq - pcb.sndNxt) | 0) >= 0 && !(tail.flags & (SYN | FIN)) ? tail : null;
}

/**
 * Most data bytes in one segment: the MSS, or less where the peer has never offered a window of that size. For
 * windows smaller still, segments are split as they leave.
 */
function segmentLimit(pcb: TcpPcb): number {
  let max = pcb.sndWndMax;
  if (max < MSS_DEFAULT) max = MSS_DEFAULT;
  return max < pcb.mss ? max : pcb.mss;
}

/**
 * Queues data; all of it or nothing.
 * @returns ERR_OK, ERR_CONN (not connected), ERR_MEM
 */
export function tcpQueue(pcb: TcpPcb, bytes: Uint8Array, flags: number, off: number, len: number): Err {
  if (!tcpMayQueue(pcb.state) || pcb.flags & TF_CLOSEPEND) return ERR_CONN;
  if (len === 0) return ERR_OK;
  const stack = pcb.stack;
  const copy = !TCP_REF_WRITE || (flags & TCP_WRITE_FLAG_COPY) !== 0;
  const limit = segmentLimit(pcb);
  const tail = openTail(pcb);
  let queuelen = pcb.sndQueuelen;
  let err = len > pcb.sndBuf || queuelen >= stack.opt.TCP_SND_QUEUELEN ? ERR_MEM : ERR_OK;

  // How much goes into the last segment of the queue.
  let fill = 0;
  let tailRef: Pbuf | null = null;
  if (tail && err === ERR_OK) {
    fill = limit - tail.len;
    if (copy) {
      const room = TCP_REF_WRITE && tail.p.next ? 0 : tail.p.payload.length - DATA - tail.len;
      if (fill > room) fill = room;
    }
    if (fill > len) fill = len;
    if (fill < 0) fill = 0;
    if (!copy && fill) {
      tailRef = pbufAllocReference(stack, bytes, off, fill, PBUF_ROM);
      if (!tailRef) err = ERR_MEM;
      queuelen++;
    }
  }

  // The rest goes into new segments; they are made first, because that may fail.
  let head: TcpSeg | null = null;
  let last: TcpSeg | null = null;
  let seq = (pcb.sndLbb + fill) | 0;
  const stop = off + len;
  for (let at = off + fill; at < stop && err === ERR_OK;) {
    const left = stop - at;
    const n = left < limit ? left : limit;
    let seg: TcpSeg | null;
    if (copy) {
      // Room for what is likely to follow: the segment may not leave at once.
      const more = flags & TCP_WRITE_FLAG_MORE || (!(pcb.flags & TF_NODELAY) && pcb.sndQ);
      seg = (more && n < limit && newSegment(pcb, seq, n, limit, 0)) || newSegment(pcb, seq, n, n, 0);
      if (seg) put(seg, DATA, bytes, at, n);
    } else {
      seg = newSegment(pcb, seq, 0, 0, 0);
      if (seg && !refer(seg, bytes, at, n)) err = ERR_MEM;
      queuelen++;
    }
    if (!seg || ++queuelen > stack.opt.TCP_SND_QUEUELEN) err = ERR_MEM;
    if (last) last.next = seg;
    else head = seg;
    last = seg;
    at += n;
    seq = (seq + n) | 0;
  }

  if (head && stack.mem.used > stack.opt.MEM_SIZE - MEM_RESERVE) err = ERR_MEM;
  if (err !== ERR_OK) {
    tcpSegsFree(stack, head);
    pbufFree(tailRef);
    pcb.flags |= TF_NAGLEMEMERR;
    statInc(stack, STAT_TCP + MEMERR);
    return err;
  }
  if (fill) {
    const p = tail!.p;
    if (copy) {
      put(tail!, DATA + tail!.len, bytes, off, fill);
      p.len += fill;
      p.totLen += fill;
    } else pbufCat(p, tailRef!);
    tail!.len += fill;
    tail!.chksum = -1;
    pcb.sndLbb = (tail!.end + fill) | 0;
    tail!.end = pcb.sndLbb;
  }
  if (head) append(pcb, head);
  pcb.sndQueuelen = queuelen;
  pcb.sndBuf -= len;
  if (!(flags & TCP_WRITE_FLAG_MORE)) pcb.sndQTail!.flags |= PSH;
  return ERR_OK;
}

/** Whether data and a FIN may be queued. */
export function tcpMayQueue(state: number): boolean {
  return (
    state === ESTABLISHED ||
    state === CLOSE_WAIT ||
    state === SYN_RCVD ||
    (TCP_ACTIVE_OPEN && state === SYN_SENT)
  );
}

function put(seg: TcpSeg, to: number, bytes: Uint8Array, at: number, n: number): void {
  seg.p.payload.set(n === bytes.length ? bytes : bytes.subarray(at, at + n), to);
}

function refer(seg: TcpSeg, bytes: Uint8Array, at: number, n: number): boolean {
  const data = pbufAllocReference(seg.p.stack, bytes, at, n, PBUF_ROM);
  if (!data) return false;
  pbufCat(seg.p, data);
  seg.len = n;
  seg.end = (seg.seq + n) | 0;
  return true;
}

/** Takes back what was queued from sequence number `lbb` on; nothing of it may have been sent. */
export function tcpUnqueue(pcb: TcpPcb, lbb: number): void {
  let before: TcpSeg | null = null;
  let seg = pcb.sndQ;
  while (seg && ((seg.end - lbb) | 0) <= 0) {
    before = seg;
    seg = seg.next;
  }
  if (!seg) return;
  pcb.sndBuf += (pcb.sndLbb - lbb) | 0;
  const keep = (lbb - seg.seq) | 0;
  let rest: TcpSeg | null = seg;
  if (keep > 0) {
    rest = seg.next;
    pcb.sndQueuelen -= clen(seg);
    pbufRealloc(seg.p, TCP_HLEN + keep);
    pcb.sndQueuelen += clen(seg);
    seg.len = keep;
    seg.end = lbb;
    seg.chksum = -1;
    before = seg;
  }
  for (let s = rest; s; s = s.next) {
    if (pcb.unsent === s) pcb.unsent = null;
    pcb.sndQueuelen -= clen(s);
  }
  if (before) before.next = null;
  else pcb.sndQ = null;
  pcb.sndQTail = before;
  pcb.sndLbb = lbb;
  tcpSegsFree(pcb.stack, rest);
}

/**
 * Queues a SYN, with our MSS, or a FIN.
 * @returns ERR_OK or ERR_MEM
 */
export function tcpQueueControl(pcb: TcpPcb, flags: number): Err {
  const option = flags & SYN ? OPT_MSS_LEN : 0;
  const seg = newSegment(pcb, pcb.sndLbb, option, option, flags);
  if (!seg) {
    statInc(pcb.stack, STAT_TCP + MEMERR);
    return ERR_MEM;
  }
  if (option) tcpWriteMss(seg.p.payload, DATA, pcb.rcvMss);
  seg.len = 0;
  seg.end = (seg.seq + 1) | 0;
  append(pcb, seg);
  pcb.sndQueuelen++;
  return ERR_OK;
}

/**
 * Queues a FIN, moves on to the state that follows, and sends it when it may be. Without memory for it, it is tried
 * again later.
 */
export function tcpSendFin(pcb: TcpPcb): void {
  const stack = pcb.stack;
  const tail = openTail(pcb);
  if (tail) {
    tail.flags |= FIN | PSH;
    tail.end = (tail.end + 1) | 0;
    pcb.sndLbb = tail.end;
  } else if (tcpQueueControl(pcb, FIN) !== ERR_OK) {
    pcb.flags |= TF_CLOSEPEND;
    pcb.retryAt = tcpDeadline(stack, TCP_RETRY);
    return;
  }
  pcb.flags &= ~TF_CLOSEPEND;
  pcb.since = stack.clock() | 0;
  pcb.state = pcb.state === CLOSE_WAIT ? LAST_ACK : FIN_WAIT_1;
}

/**
 * Splits a segment: it keeps its first `n` bytes, a new one after it has the rest.
 * @returns ERR_OK, or ERR_MEM when there is no memory, or the segment is held by others
 */
export function tcpSplit(pcb: TcpPcb, seg: TcpSeg, n: number): Err {
  const p = seg.p;
  const left = seg.len - n;
  const rest = p.ref === 1 && newSegment(pcb, (seg.seq + n) | 0, left, left, seg.flags);
  if (!rest) return ERR_MEM;
  tcpNormalise(p);
  pbufCopyPartial(p, rest.p.payload, DATA, left, TCP_HLEN + n);
  pcb.sndQueuelen += 1 - clen(seg);
  pbufRealloc(p, TCP_HLEN + n);
  pcb.sndQueuelen += clen(seg);
  rest.end = seg.end;
  rest.next = seg.next;
  seg.len = n;
  seg.end = rest.seq;
  seg.flags &= ~(FIN | PSH);
  seg.chksum = -1;
  seg.next = rest;
  if (pcb.sndQTail === seg) pcb.sndQTail = rest;
  return ERR_OK;
}
