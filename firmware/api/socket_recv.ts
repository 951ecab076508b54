// Receiving. TCP's bytes go straight from where they were received into the program's buffer, and the window opens by as
// many.

import { LWIP_TCP } from '../stack/core/opt.js';
import { pbufFree, pbufRemoveHeader, type Pbuf } from '../stack/core/pbuf.js';
import { pbufCopyPartial } from '../stack/core/pbuf_data.js';
import { BLOCKED, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { tcpProcessRefusedData, tcpRecved } from '../stack/tcp/tcp.js';
import { EAGAIN, EINVAL, ENOTCONN, EOPNOTSUPP } from './errno.js';
import { netbufDelete } from './netbuf.js';
import { NETCONN_STATE_CONNECT, NETCONN_STATE_LISTEN, type Netconn } from './netconn_state.js';
import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Msghdr,
  type SockaddrIn,
} from './socket_defs.js';
import { sockIsClosed, sockShut, sockTakeError } from './socket_state.js';
import {
  BAD_FD,
  RCV_SHUTDOWN,
  SOCKET_FLAG_DONE,
  checkBytes,
  checkHolder,
  iovLength,
  putAddr,
  sockBlock,
  sockOf,
  socketLater,
  socketLeave,
  type Sock,
  type Sockets,
} from './socket_table.js';

interface RecvCall {
  iov: Uint8Array[];
  /** Bytes that are wanted, at most what the pieces hold. */
  len: number;
  flags: number;
  from: SockaddrIn | null;
  msg: Msghdr | null;
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
 *   once, after the data before it), EAGAIN (nothing there, and it does not wait, or not longer), EFAULT, EINVAL (MSG_OOB of TCP),
 *   EOPNOTSUPP (MSG_OOB of RAW)
 */
export function recv(s: Sockets, fd: number, buf: Uint8Array, len: number, flags: number): number | Wait {
  return recvfrom(s, fd, buf, len, flags, null);
}

/** As recv() without flags; of no bytes it is 0 at once. */
export function read(s: Sockets, fd: number, buf: Uint8Array, len: number): number | Wait {
  return len === 0 ? nothing(s, fd) : recvfrom(s, fd, buf, len, 0, null);
}

/** As read(), into several pieces one after the other. */
export function readv(s: Sockets, fd: number, iov: Uint8Array[]): number | Wait {
  return iovLength(iov) === 0
    ? nothing(s, fd)
    : recvmsg(s, fd, { msgName: null, msgIov: iov, msgFlags: 0 }, 0);
}

function nothing(s: Sockets, fd: number): number {
  return s.handOut(sockOf(s, fd) ? 0 : BAD_FD);
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
  const err = checkBytes(buf, len) || (from ? checkHolder(from) : 0) || checkFlags(sock, flags);
  if (err) return socketLeave(s, err);
  // Mostly there is something, and as much as is there will do.
  if (LWIP_TCP && sock.type === SOCK_STREAM && conn.pbufs.length && !(flags & (MSG_PEEK | MSG_WAITALL))) {
    return socketLeave(s, take(conn, buf, 0, len));
  }
  return socketLeave(s, receive(sock, { iov: [buf], len, flags, from, msg: null, done: 0 }));
}

/**
 * As recvfrom(), into several pieces one after the other.
 * @param msg its name receives the sender's address, unless that is null; its flags whether a datagram was cut
 */
export function recvmsg(s: Sockets, fd: number, msg: Msghdr, flags: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return recvmsg(s, fd, msg, flags);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  const err = checkHolder(msg) || checkHolder(msg.msgIov) || (msg.msgName ? checkHolder(msg.msgName) : 0);
  const len = err || checkFlags(sock, flags) || iovLength(msg.msgIov);
  if (len < 0) return socketLeave(s, len);
  msg.msgFlags = 0;
  return socketLeave(s, receive(sock, { iov: msg.msgIov, len, flags, from: msg.msgName, msg, done: 0 }));
}

/** Urgent data: there are none; UDP takes no notice of being asked, as on Linux. @returns 0, -EINVAL or -EOPNOTSUPP */
function checkFlags(sock: Sock, flags: number): number {
  if (!(flags & MSG_OOB) || sock.type === SOCK_DGRAM) return 0;
  return sock.type === SOCK_STREAM ? -EINVAL : -EOPNOTSUPP;
}

function receive(sock: Sock, call: RecvCall): number | Wait {
  const conn = sock.conn;
  const dontWait = sock.nonblock || (call.flags & MSG_DONTWAIT) !== 0;
  const attempt = LWIP_TCP && sock.type === SOCK_STREAM ? tryStream : tryDatagram;
  return sockBlock(sock, conn.readers, dontWait, conn.recvTimeout, attempt, call);
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

/** As take(), into what is still empty of the pieces. */
function takePieces(conn: Netconn, call: RecvCall): void {
  let at = call.done;
  for (let i = 0; i < call.iov.length && conn.pbufs.length; i++) {
    const piece = call.iov[i]!;
    const left = call.len - call.done;
    const room = piece.length - at;
    if (room > 0) call.done += take(conn, piece, at, room < left ? room : left);
    at = room > 0 ? 0 : -room;
  }
}

/** Copies bytes out of the mailbox, which keeps them. */
function peek(conn: Netconn, call: RecvCall): number {
  let done = 0;
  for (let i = 0; i < conn.pbufs.length && done < call.len; i++) done += copy(conn.pbufs[i]!, call, done);
  return done;
}

/** Copies a packet into the pieces, from byte `done` of them on. @returns bytes copied */
function copy(p: Pbuf, call: RecvCall, done: number): number {
  let at = done;
  let copied = 0;
  for (let i = 0; i < call.iov.length; i++) {
    const piece = call.iov[i]!;
    const left = call.len - done - copied;
    const room = piece.length - at;
    if (room > 0) copied += pbufCopyPartial(p, piece, at, room < left ? room : left, copied);
    at = room > 0 ? 0 : -room;
  }
  return copied;
}

function tryStream(sock: Sock, call: RecvCall, late: boolean): number {
  const conn = sock.conn;
  if (conn.state === NETCONN_STATE_LISTEN) return -ENOTCONN;
  if (call.flags & MSG_PEEK) call.done = peek(conn, call);
  else takePieces(conn, call);
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
  const n = copy(p, call, 0);
  if (call.msg && n < length) call.msg.msgFlags = MSG_TRUNC;
  putAddr(call.from, packet.addr, conn.udp ? packet.port : 0);
  if (!(call.flags & MSG_PEEK)) {
    conn.netbufs.shift();
    conn.recvAvail -= length;
    netbufDelete(packet);
  }
  return call.flags & MSG_TRUNC ? length : n;
}
