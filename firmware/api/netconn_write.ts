// Writing to a TCP netconn. One writer at a time: others wait for their turn. What does not fit is written when the peer
// has acknowledged something.

import {
  ERR_ARG,
  ERR_CLSD,
  ERR_MEM,
  ERR_OK,
  ERR_TIMEOUT,
  ERR_VAL,
  ERR_WOULDBLOCK,
  type Err,
} from '../stack/core/err.js';
import { BLOCKED, sysWait, type Wait } from '../stack/core/sys.js';
import { tcpipEnter, tcpipLater, tcpipLeave } from '../stack/core/tcpip.js';
import {
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
  tcpOutput,
  tcpSndbuf,
  tcpWrite,
} from '../stack/tcp/tcp.js';
import {
  NETCONN_DONTBLOCK,
  NETCONN_EVT_SENDMINUS,
  NETCONN_FLAG_CHECK_WRITESPACE,
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_NON_BLOCKING,
  NETCONN_FLAG_TXEND,
  NETCONN_HOLD,
  NETCONN_STATE_CONNECT,
  NETCONN_TCP,
  netconnEvent,
  netconnTcpCall,
  netconnValid,
  type Netconn,
  type NetconnWriteReq,
} from './netconn_state.js';
import { netconnTcpFault, netconnTcpHeld, netconnTcpPoll, netconnTcpRoom } from './netconn_tcp.js';

/**
 * Writes bytes, waiting until all are queued.
 * @param flags NETCONN_COPY: they may change once the call is done; without it they stay as they are until the peer has
 *   acknowledged them. NETCONN_MORE: more follows soon
 * @returns ERR_OK; ERR_CLSD: closed, or shut down for writing; ERR_RST, ERR_ABRT: the connection's failure, told once;
 *   ERR_CONN: not connected; ERR_INPROGRESS: still connecting; ERR_TIMEOUT: the send time-out is over, and some bytes may
 *   be written; ERR_VAL: it must not block, and nobody could tell what was written: netconnWritePartly(); ERR_ARG
 */
export function netconnWrite(conn: Netconn, bytes: Uint8Array, flags: number): Err | Wait {
  return netconnWritePartly(conn, bytes, 0, bytes ? bytes.length : 0, flags, null);
}

/**
 * Writes bytes, and tells how many: those that must not block write what fits, and a send time-out may end a write
 * half-way.
 * @param off where in `bytes` to begin
 * @param len how many
 * @param out its `written` counts the bytes that are queued, also when the call fails
 * @returns as netconnWrite(); ERR_WOULDBLOCK: nothing fits now, or nothing did before the send time-out
 */
export function netconnWritePartly(
  conn: Netconn,
  bytes: Uint8Array,
  off: number,
  len: number,
  flags: number,
  out: { written: number } | null,
): Err | Wait {
  if (out) out.written = 0;
  if (!netconnValid(conn) || conn.type !== NETCONN_TCP || !bytes || !bytes.subarray) return ERR_ARG;
  if (!(off >= 0 && len >= 0 && off + len <= bytes.length)) return ERR_ARG;
  const stack = conn.stack;
  if (!tcpipEnter(stack)) {
    return tcpipLater(stack, function () {
      return netconnWritePartly(conn, bytes, off, len, flags, out);
    });
  }
  const dontBlock = (conn.flags & NETCONN_FLAG_NON_BLOCKING) | (flags & NETCONN_DONTBLOCK);
  if (dontBlock && !out) return tcpipLeave(stack, ERR_VAL);
  // Most writes fit at once.
  const pcb = conn.tcp;
  if (
    pcb &&
    !conn.writer &&
    len <= tcpSndbuf(pcb) &&
    (conn.flags & (NETCONN_FLAG_CONNECTED | NETCONN_FLAG_TXEND)) === NETCONN_FLAG_CONNECTED &&
    tcpWrite(pcb, bytes, flags & (TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE), off, len) === ERR_OK
  ) {
    tcpOutput(pcb);
    if (out) out.written = len;
    return tcpipLeave(stack, ERR_OK);
  }
  const req: NetconnWriteReq = { vectors: null, next: 0, flags, written: 0, out, bytes, off, end: off + len };
  return tcpipLeave(stack, netconnWriteReq(conn, req));
}

/**
 * Writes several arrays as one.
 * @returns as netconnWritePartly()
 */
export function netconnWriteVectorsPartly(
  conn: Netconn,
  vectors: Uint8Array[],
  flags: number,
  out: { written: number } | null,
): Err | Wait {
  if (out) out.written = 0;
  if (!vectors || !vectors.length) return ERR_ARG;
  for (let i = 0; i < vectors.length; i++) if (!vectors[i] || !vectors[i]!.subarray) return ERR_ARG;
  const bytes = vectors[0]!;
  const req = { vectors, next: 1, flags, written: 0, out, bytes, off: 0, end: bytes.length };
  return netconnTcpCall<NetconnWriteReq>(conn, netconnWriteReq, req);
}

/** Writes, in the core context: blocks or does not, as conn and req say. */
export function netconnWriteReq(conn: Netconn, req: NetconnWriteReq): Err | Wait {
  const dontBlock = (conn.flags & NETCONN_FLAG_NON_BLOCKING) | (req.flags & NETCONN_DONTBLOCK);
  if (dontBlock && !req.out) return ERR_VAL;
  const r = netconnTryWrite(conn, req, dontBlock !== 0);
  return r === BLOCKED ? sysWait(conn.stack, conn.writers, conn.sendTimeout, netconnTryWrite, conn, req) : r;
}

/** Attempt: writes what fits. @returns as netconnWritePartly() */
export function netconnTryWrite(conn: Netconn, req: NetconnWriteReq, late: boolean): number {
  const writer = conn.writer;
  let err: Err;
  if (conn.flags & NETCONN_FLAG_TXEND || !(conn.flags & NETCONN_FLAG_CONNECTED)) err = netconnTcpFault(conn);
  else if (writer && writer !== req) err = ERR_MEM;
  else {
    const before = req.written;
    err = put(conn, req);
    if (req.out) req.out.written = req.written;
    const held = err === ERR_OK && req.flags & NETCONN_HOLD && netconnTcpHeld(conn);
    if (req.written > before && !held) tcpOutput(conn.tcp!);
    if (err === ERR_MEM) conn.writer = req;
  }
  if (err !== ERR_MEM) {
    if (writer === req) conn.writer = null;
    return err;
  }
  if (!late) return BLOCKED;
  if (conn.writer === req) conn.writer = null;
  conn.flags |= NETCONN_FLAG_CHECK_WRITESPACE;
  netconnEvent(conn, NETCONN_EVT_SENDMINUS);
  if (!req.out) return ERR_TIMEOUT;
  return req.written ? ERR_OK : ERR_WOULDBLOCK;
}

/** Queues as much as there is room for. @returns ERR_OK: all; ERR_MEM: no more now; ERR_CLSD */
function put(conn: Netconn, req: NetconnWriteReq): Err {
  const pcb = conn.tcp!;
  for (;;) {
    if (req.off === req.end) {
      const vectors = req.vectors;
      if (!vectors || req.next >= vectors.length) return ERR_OK;
      req.bytes = vectors[req.next++]!;
      req.off = 0;
      req.end = req.bytes.length;
      continue;
    }
    const left = req.end - req.off;
    const room = tcpSndbuf(pcb);
    let n = left < room ? left : room;
    // Not a small segment where a full one will be possible soon.
    if (n < left && n < pcb.mss && pcb.sndQ) return ERR_MEM;
    let flags = req.flags & (TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
    if (n < left || (req.vectors && req.next < req.vectors.length)) flags |= TCP_WRITE_FLAG_MORE;
    let err = tcpWrite(pcb, req.bytes, flags, req.off, n);
    if (err === ERR_MEM && n > pcb.mss) {
      n = pcb.mss;
      err = tcpWrite(pcb, req.bytes, flags | TCP_WRITE_FLAG_MORE, req.off, n);
    }
    if (err !== ERR_OK) {
      if (err !== ERR_MEM) return ERR_CLSD;
      netconnTcpPoll(conn);
      return ERR_MEM;
    }
    req.off += n;
    req.written += n;
  }
}

/** Whether a write would not block: there is room, or it fails at once. */
export function netconnWritable(conn: Netconn): boolean {
  if (conn.type !== NETCONN_TCP) return true;
  if (conn.state === NETCONN_STATE_CONNECT) return false;
  if (conn.flags & NETCONN_FLAG_TXEND || conn.pendingErr !== ERR_OK) return true;
  if (!(conn.flags & NETCONN_FLAG_CONNECTED)) return false;
  return netconnTcpRoom(conn);
}
