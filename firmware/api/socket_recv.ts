// Receiving. TCP's bytes go straight from where they were received into the program's buffer, and the window opens by as
// many.

import { LWIP_TCP } from '../stack/core/opt.js';
import { pbufFree, pbufRemoveHeader } from '../stack/core/pbuf.js';
import { pbufCopyPartial } from '../stack/core/pbuf_data.js';
import { BLOCKED, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { tcpProcessRefusedData, tcpRecved } from '../stack/tcp/tcp.js';
import { EAGAIN, EINVAL, ENOTCONN } from './errno.js';
import { netbufDelete } from './netbuf.js';
import { NETCONN_STATE_CONNECT, NETCONN_STATE_LISTEN, type Netconn } from './netconn_state.js';
import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SOCK_STREAM,
  type SockaddrIn,
} from './socket_defs.js';
import { sockIsClosed, sockShut, sockTakeError } from './socket_state.js';
import {
  BAD_FD,
  RCV_SHUTDOWN,
  SOCKET_FLAG_DONE,
  checkBytes,
  checkHolder,
  putAddr,
  sockBlock,
  sockOf,
  socketLater,
  socketLeave,
  type Sock,
  type Sockets,
} from './socket_table.js';

interface RecvCall {
  buf: Uint8Array;
  len: number;
  flags: number;
  from: SockaddrIn | null;
  /** Bytes received already. */
  done: number;
}

/**
 * Receives: from TCP what has come, from UDP a datagram, from RAW one with its IP header.
 * @param buf receives the bytes
 * @param len how many at most. What does not fit of a datagram is lost
 * @param flags MSG_PEEK: they stay to be received again; MSG_DONTWAIT; MSG_WAITALL: TCP waits for `len` bytes; MSG_TRUNC:
 *   the result is the whole length of a datagram, whatever fits
 * @returns bytes received, or a Wait for that; 0: TCP: the peer has closed, or the connection is over; UDP: an empty
 *   datagram, or shutdown() was called; or -1 with EBADF, ENOTCONN (TCP), ECONNRESET, ETIMEDOUT, ECONNREFUSED (each told
 *   once, after the data before it), EAGAIN (nothing there, and it does not wait, or not longer), EFAULT, EINVAL (MSG_OOB)
 */
export function recv(s: Sockets, fd: number, buf: Uint8Array, len: number, flags: number): number | Wait {
  return recvfrom(s, fd, buf, len, flags, null);
}

/** As recv() without flags. */
export function read(s: Sockets, fd: number, buf: Uint8Array, len: number): number | Wait {
  return recvfrom(s, fd, buf, len, 0, null);
}

/** As recv(). @param from receives the sender's address, except for TCP; or null */
export function recvfrom(
  s: Sockets,
  fd: number,
  buf: Uint8Array,
  len: number,
  flags: number,
  from: SockaddrIn | null,
): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return recvfrom(s, fd, buf, len, flags, from);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  const conn = sock.conn;
  const err = checkBytes(buf, len) || (from ? checkHolder(from) : 0) || (flags & MSG_OOB ? -EINVAL : 0);
  if (err) return socketLeave(s, err);
  const dontWait = sock.nonblock || (flags & MSG_DONTWAIT) !== 0;
  if (!LWIP_TCP || sock.type !== SOCK_STREAM) {
    const call: RecvCall = { buf, len, flags, from, done: 0 };
    return socketLeave(s, sockBlock(sock, conn.readers, dontWait, conn.recvTimeout, tryDatagram, call));
  }
  // Mostly there is something, and as much as is there will do.
  if (conn.pbufs.length && !(flags & (MSG_PEEK | MSG_WAITALL)))
    return socketLeave(s, take(conn, buf, 0, len));
  const call: RecvCall = { buf, len, flags, from, done: 0 };
  return socketLeave(s, sockBlock(sock, conn.readers, dontWait, conn.recvTimeout, tryStream, call));
}

/** Moves bytes out of a connection's mailbox. */
function take(conn: Netconn, buf: Uint8Array, at: number, len: number): number {
  const box = conn.pbufs;
  let done = 0;
  while (done < len && box.length) {
    const p = box[0]!;
    const left = len - done;
    const n = p.len < left ? p.len : left;
    buf.set(p.payload.subarray(p.off, p.off + n), at + done);
    if (n < p.len) pbufRemoveHeader(p, n);
    else {
      box.shift();
      pbufFree(p);
    }
    done += n;
  }
  const pcb = conn.tcp!;
  conn.recvAvail -= done;
  tcpRecved(pcb, done);
  if (pcb.refusedData) tcpProcessRefusedData(pcb);
  return done;
}

/** Copies bytes out of the mailbox, which keeps them. */
function peek(conn: Netconn, buf: Uint8Array, len: number): number {
  let done = 0;
  for (let i = 0; i < conn.pbufs.length && done < len; i++) {
    done += pbufCopyPartial(conn.pbufs[i]!, buf, done, len - done, 0);
  }
  return done;
}

function tryStream(sock: Sock, call: RecvCall, late: boolean): number {
  const conn = sock.conn;
  if (conn.state === NETCONN_STATE_LISTEN) return -ENOTCONN;
  if (call.flags & MSG_PEEK) call.done = peek(conn, call.buf, call.len);
  else if (conn.pbufs.length) {
    const at = call.done;
    call.done += take(conn, call.buf, at, call.len - at);
  }
  const done = call.done;
  if (done === call.len || (done && !(call.flags & MSG_WAITALL))) return done;
  // RFC 9293 and POSIX: what has come is received before anything is told of the end.
  if (conn.flags & SOCKET_FLAG_DONE) return done;
  if (!done) {
    const errno = sockTakeError(sock);
    if (errno) return -errno;
  }
  if (sockShut(sock) & RCV_SHUTDOWN) return done;
  if (conn.state !== NETCONN_STATE_CONNECT && sockIsClosed(sock)) return done || -ENOTCONN;
  return late ? done || -EAGAIN : BLOCKED;
}

function tryDatagram(sock: Sock, call: RecvCall, late: boolean): number {
  const conn = sock.conn;
  const errno = sockTakeError(sock);
  if (errno) return -errno;
  const packet = conn.netbufs[0];
  if (!packet) {
    if (late) return -EAGAIN;
    return sock.shut & RCV_SHUTDOWN ? 0 : BLOCKED;
  }
  const p = packet.p!;
  const length = p.totLen;
  const n = pbufCopyPartial(p, call.buf, 0, call.len, 0);
  putAddr(call.from, packet.addr, conn.udp ? packet.port : 0);
  if (!(call.flags & MSG_PEEK)) {
    conn.netbufs.shift();
    conn.recvAvail -= length;
    netbufDelete(packet);
  }
  return call.flags & MSG_TRUNC ? length : n;
}
