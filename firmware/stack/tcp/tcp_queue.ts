// The send queue: cutting the application's bytes into segments, SYN and FIN, and splitting a segment that does
// not fit. A copied segment is one buffer with room for all headers in front; it is sent from there each time.

import { ERR_CONN, ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import { put16 } from '../core/bytes.js';
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
import { seqToWire } from './tcp_seq.js';
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
  TF_FIN,
  TF_NAGLEMEMERR,
  TF_NODELAY,
  type TcpPcb,
  type TcpSeg,
} from './tcp_state.js';
import { TCP_RETRY, tcpTimerNeed } from './tcp_timers.js';
import {
  FIN,
  MSS_DEFAULT,
  OPT_MSS_LEN,
  PSH,
  SYN,
  TCP_DST,
  TCP_HLEN,
  TCP_OFFSET,
  TCP_SEQ,
  TCP_SRC,
  TCP_URGP,
  tcpWriteMss,
} from './tcp_wire.js';

/** Where the data of a segment without options begin in its buffer. */
const DATA = PBUF_TRANSPORT;

/** Writes the fields that stay as they are at each transmission. */
function writeHeader(pcb: TcpPcb, b: Uint8Array, seq: number, words: number): void {
  const o = PBUF_IP;
  put16(b, o + TCP_SRC, pcb.localPort);
  put16(b, o + TCP_DST, pcb.remotePort);
  seqToWire(b, o + TCP_SEQ, seq, pcb.issHi, pcb.issLo);
  b[o + TCP_OFFSET] = words << 4;
  put16(b, o + TCP_URGP, 0);
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
  const state = pcb.state;
  if (
    (state !== ESTABLISHED && state !== CLOSE_WAIT && state !== SYN_SENT && state !== SYN_RCVD) ||
    pcb.flags & (TF_FIN | TF_CLOSEPEND)
  ) {
    return ERR_CONN;
  }
  if (len === 0) return ERR_OK;
  const stack = pcb.stack;
  const queueLimit = stack.opt.TCP_SND_QUEUELEN;
  if (len > pcb.sndBuf || pcb.sndQueuelen >= queueLimit) return refuse(pcb);
  const copy = (flags & TCP_WRITE_FLAG_COPY) !== 0;
  const limit = segmentLimit(pcb);
  const tail = openTail(pcb);

  // How much goes into the last segment of the queue.
  let fill = 0;
  let tailRef: Pbuf | null = null;
  if (tail && tail.len < limit) {
    fill = limit - tail.len;
    if (fill > len) fill = len;
    if (copy) {
      const room = tail.p.next ? 0 : tail.p.payload.length - DATA - tail.len;
      if (fill > room) fill = room;
    } else {
      tailRef = pbufAllocReference(stack, bytes, off, fill, PBUF_ROM);
      if (!tailRef) return refuse(pcb);
    }
  }

  // The rest goes into new segments; they are made first, because that may fail.
  let queuelen = pcb.sndQueuelen + (tailRef ? 1 : 0);
  let head: TcpSeg | null = null;
  let last: TcpSeg | null = null;
  let seq = (pcb.sndLbb + fill) | 0;
  let at = off + fill;
  const stop = off + len;
  while (at < stop) {
    const n = stop - at < limit ? stop - at : limit;
    // Room for what is likely to follow: the segment may not leave at once.
    const more = flags & TCP_WRITE_FLAG_MORE || (!(pcb.flags & TF_NODELAY) && pcb.sndQ);
    const seg = copy ? copied(pcb, bytes, at, n, more && n < limit ? limit : n) : referred(pcb, bytes, at, n);
    if (seg) {
      queuelen += copy ? 1 : 2;
      if (last) last.next = seg;
      else head = seg;
      last = seg;
      seg.seq = seq;
      seq = (seq + n) | 0;
      seg.end = seq;
      writeHeader(pcb, seg.p.payload, seg.seq, TCP_HLEN >> 2);
      at += n;
    }
    if (!seg || queuelen > queueLimit) {
      tcpSegsFree(stack, head);
      pbufFree(tailRef);
      return refuse(pcb);
    }
  }

  if (fill) {
    if (copy) {
      tail!.p.payload.set(
        off === 0 && fill === bytes.length ? bytes : bytes.subarray(off, off + fill),
        DATA + tail!.len,
      );
      tail!.p.len += fill;
      tail!.p.totLen += fill;
    } else pbufCat(tail!.p, tailRef!);
    tail!.len += fill;
    tail!.end = (tail!.end + fill) | 0;
    tail!.chksum = -1;
    pcb.sndLbb = tail!.end;
  }
  if (head) append(pcb, head);
  pcb.sndQueuelen = queuelen;
  pcb.sndBuf -= len;
  if (!(flags & TCP_WRITE_FLAG_MORE)) pcb.sndQTail!.flags |= PSH;
  return ERR_OK;
}

function refuse(pcb: TcpPcb): Err {
  pcb.flags |= TF_NAGLEMEMERR;
  statInc(pcb.stack, STAT_TCP + MEMERR);
  return ERR_MEM;
}

function copied(pcb: TcpPcb, bytes: Uint8Array, at: number, n: number, size: number): TcpSeg | null {
  const stack = pcb.stack;
  let p = pbufAlloc(stack, PBUF_TRANSPORT, size, PBUF_RAM);
  if (!p && size > n) p = pbufAlloc(stack, PBUF_TRANSPORT, n, PBUF_RAM);
  if (!p) return null;
  p.payload.set(at === 0 && n === bytes.length ? bytes : bytes.subarray(at, at + n), DATA);
  p.off = PBUF_IP;
  p.len = TCP_HLEN + n;
  p.totLen = TCP_HLEN + n;
  const seg = tcpSegNew(stack, p, 0, n, 0, 0);
  if (!seg) pbufFree(p);
  return seg;
}

function referred(pcb: TcpPcb, bytes: Uint8Array, at: number, n: number): TcpSeg | null {
  const stack = pcb.stack;
  const p = pbufAlloc(stack, PBUF_IP, TCP_HLEN, PBUF_RAM);
  if (!p) return null;
  const data = pbufAllocReference(stack, bytes, at, n, PBUF_ROM);
  const seg = data && tcpSegNew(stack, p, 0, n, 0, 0);
  if (seg) pbufCat(p, data!);
  else {
    pbufFree(p);
    pbufFree(data);
  }
  return seg;
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
    pcb.sndQueuelen -= pbufClen(seg.p);
    pbufRealloc(seg.p, TCP_HLEN + keep);
    pcb.sndQueuelen += pbufClen(seg.p);
    seg.len = keep;
    seg.end = lbb;
    seg.chksum = -1;
    before = seg;
  }
  for (let s = rest; s; s = s.next) {
    if (pcb.unsent === s) pcb.unsent = null;
    pcb.sndQueuelen -= pbufClen(s.p);
  }
  if (before) before.next = null;
  else pcb.sndQ = null;
  pcb.sndQTail = before;
  pcb.sndLbb = lbb;
  tcpSegsFree(pcb.stack, rest);
}

/**
 * Queues a SYN with our MSS.
 * @returns ERR_OK or ERR_MEM
 */
export function tcpQueueSyn(pcb: TcpPcb): Err {
  const seg = control(pcb, SYN, OPT_MSS_LEN);
  if (!seg) return ERR_MEM;
  tcpWriteMss(seg.p.payload, DATA, pcb.rcvMss);
  return ERR_OK;
}

function control(pcb: TcpPcb, flags: number, optLen: number): TcpSeg | null {
  const stack = pcb.stack;
  const p = pbufAlloc(stack, PBUF_IP, TCP_HLEN + optLen, PBUF_RAM);
  const seg = p && tcpSegNew(stack, p, pcb.sndLbb, 0, flags, (pcb.sndLbb + 1) | 0);
  if (!seg) {
    pbufFree(p);
    statInc(stack, STAT_TCP + MEMERR);
    return null;
  }
  writeHeader(pcb, p!.payload, seg.seq, (TCP_HLEN + optLen) >> 2);
  append(pcb, seg);
  pcb.sndQueuelen++;
  return seg;
}

/**
 * Queues a FIN and moves on to the state that follows. Without memory for it, it is tried again later.
 * @returns ERR_OK, or ERR_MEM when it had to be put off
 */
export function tcpSendFin(pcb: TcpPcb): Err {
  const tail = openTail(pcb);
  if (tail) {
    tail.flags |= FIN | PSH;
    tail.end = (tail.end + 1) | 0;
    pcb.sndLbb = tail.end;
  } else if (!control(pcb, FIN, 0)) {
    pcb.flags |= TF_CLOSEPEND;
    pcb.retryAt = (pcb.stack.clock() + TCP_RETRY) | 0;
    tcpTimerNeed(pcb.stack, pcb.retryAt);
    return ERR_MEM;
  }
  pcb.flags = (pcb.flags | TF_FIN) & ~TF_CLOSEPEND;
  pcb.since = pcb.stack.clock() | 0;
  pcb.state = pcb.state === CLOSE_WAIT ? LAST_ACK : FIN_WAIT_1;
  return ERR_OK;
}

/**
 * Splits a segment that nobody else holds: it keeps its first `n` bytes, a new one after it has the rest.
 * @returns ERR_OK or ERR_MEM
 */
export function tcpSplit(pcb: TcpPcb, seg: TcpSeg, n: number): Err {
  const stack = pcb.stack;
  const left = seg.len - n;
  const p = pbufAlloc(stack, PBUF_TRANSPORT, left, PBUF_RAM);
  const rest = p && tcpSegNew(stack, p, (seg.seq + n) | 0, left, seg.flags, seg.end);
  if (!rest) {
    pbufFree(p);
    return ERR_MEM;
  }
  pbufCopyPartial(seg.p, p!.payload, DATA, left, TCP_HLEN + n);
  p!.off = PBUF_IP;
  p!.len = TCP_HLEN + left;
  p!.totLen = TCP_HLEN + left;
  writeHeader(pcb, p!.payload, rest.seq, TCP_HLEN >> 2);
  pcb.sndQueuelen += 1 - pbufClen(seg.p);
  pbufRealloc(seg.p, TCP_HLEN + n);
  pcb.sndQueuelen += pbufClen(seg.p);
  seg.len = n;
  seg.end = rest.seq;
  seg.flags &= ~(FIN | PSH);
  seg.chksum = -1;
  rest.next = seg.next;
  seg.next = rest;
  if (pcb.sndQTail === seg) pcb.sndQTail = rest;
  return ERR_OK;
}
