// Sending. TCP takes a copy of what fits into its send buffer and waits for room for the rest; datagrams never wait.

import { ERR_OK } from '../stack/core/err.js';
import { LWIP_TCP } from '../stack/core/opt.js';
import { BLOCKED, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import {
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
  tcpOutput,
  tcpSndbuf,
  tcpWrite,
} from '../stack/tcp/tcp.js';
import { EAGAIN, EOPNOTSUPP, EPIPE } from './errno.js';
import {
  NETCONN_FLAG_CONNECTED,
  NETCONN_FLAG_TXEND,
  NETCONN_HOLD,
  NETCONN_STATE_CONNECT,
  type NetconnWriteReq,
} from './netconn_state.js';
import { netconnTcpHeld } from './netconn_tcp.js';
import { netconnTryWrite } from './netconn_write.js';
import { MSG_DONTWAIT, MSG_MORE, MSG_OOB, SOCK_STREAM, type Msghdr, type SockaddrIn } from './socket_defs.js';
import { sockSendDatagram } from './socket_send_dgram.js';
import { sockShut, sockTakeError } from './socket_state.js';
import {
  BAD_FD,
  SEND_SHUTDOWN,
  checkBytes,
  checkHolder,
  iovLength,
  sockBlock,
  sockOf,
  socketLater,
  socketLeave,
  type Sock,
  type Sockets,
} from './socket_table.js';

/** What MSG_MORE asks of netconn. */
const COPY_MORE = TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE | NETCONN_HOLD;

/**
 * Sends. TCP waits until it has taken all bytes, at most for SO_SNDTIMEO; UDP and RAW send a datagram to their peer.
 * @param flags MSG_DONTWAIT: TCP takes what fits now; MSG_MORE: more follows (TCP: an incomplete segment waits for it, 500 ms
 *   at most; UDP and RAW: it is of the same datagram, which goes where its first piece was sent to); MSG_NOSIGNAL: there are no signals anyway
 * @returns bytes taken, or a Wait for that; or -1 with EBADF, EPIPE (TCP: not connected, or closed for sending; UDP: after
 *   shutdown()), ECONNRESET, ETIMEDOUT, ECONNREFUSED (each told once), EAGAIN (no room, and it does not wait, or not
 *   longer), EDESTADDRREQ (no peer), EMSGSIZE, ENETUNREACH (no route), EACCES (a broadcast address without SO_BROADCAST),
 *   ENOBUFS, ENETDOWN, EOPNOTSUPP (MSG_OOB), EFAULT
 */
export function send(s: Sockets, fd: number, buf: Uint8Array, len: number, flags: number): number | Wait {
  return sendto(s, fd, buf, len, flags, null);
}

/** As send() without flags. */
export function write(s: Sockets, fd: number, buf: Uint8Array, len: number): number | Wait {
  return sendto(s, fd, buf, len, 0, null);
}

/**
 * As send(), to an address; TCP ignores it, as on Linux. There are EAFNOSUPPORT and EINVAL beside.
 * @param to INADDR_ANY is this host; null: the peer of connect()
 */
export function sendto(
  s: Sockets,
  fd: number,
  buf: Uint8Array,
  len: number,
  flags: number,
  to: SockaddrIn | null,
): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return sendto(s, fd, buf, len, flags, to);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  const err = checkBytes(buf, len);
  if (err) return socketLeave(s, err);
  if (!LWIP_TCP || sock.type !== SOCK_STREAM)
    return socketLeave(s, sockSendDatagram(sock, [buf], len, flags, to));
  if (flags & MSG_OOB) return socketLeave(s, -EOPNOTSUPP);
  const conn = sock.conn;
  const pcb = conn.tcp!;
  // Most of what is sent fits at once.
  if (
    (conn.flags & (NETCONN_FLAG_CONNECTED | NETCONN_FLAG_TXEND)) === NETCONN_FLAG_CONNECTED &&
    !conn.writer &&
    !(sock.shut & SEND_SHUTDOWN) &&
    len <= tcpSndbuf(pcb) &&
    tcpWrite(pcb, buf, writeFlags(flags), 0, len) === ERR_OK
  ) {
    if (!(flags & MSG_MORE && netconnTcpHeld(conn))) tcpOutput(pcb);
    return socketLeave(s, len);
  }
  return socketLeave(s, stream(sock, flags, null, buf, len));
}

/** As sendto(), with the bytes in several pieces: they make one datagram. */
export function sendmsg(s: Sockets, fd: number, msg: Msghdr, flags: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return sendmsg(s, fd, msg, flags);
    });
  }
  const sock = sockOf(s, fd);
  if (!sock) return socketLeave(s, BAD_FD);
  const len = checkHolder(msg) || iovLength(msg.msgIov);
  if (len < 0) return socketLeave(s, len);
  const iov = msg.msgIov;
  if (!LWIP_TCP || sock.type !== SOCK_STREAM)
    return socketLeave(s, sockSendDatagram(sock, iov, len, flags, msg.msgName));
  if (flags & MSG_OOB) return socketLeave(s, -EOPNOTSUPP);
  const bytes = iov[0] || s.stack.noBytes;
  return socketLeave(s, stream(sock, flags, iov, bytes, bytes.length));
}

/** As sendmsg() without address and flags; of no bytes it is 0, and sends no datagram. */
export function writev(s: Sockets, fd: number, iov: Uint8Array[]): number | Wait {
  if (iovLength(iov) === 0) return s.handOut(sockOf(s, fd) ? 0 : BAD_FD);
  return sendmsg(s, fd, { msgName: null, msgIov: iov, msgFlags: 0 }, 0);
}

/** @inline */
function writeFlags(flags: number): number {
  return flags & MSG_MORE ? COPY_MORE : TCP_WRITE_FLAG_COPY;
}

/** @param vectors the pieces, of which `bytes` is the first; null: it is all */
function stream(
  sock: Sock,
  flags: number,
  vectors: Uint8Array[] | null,
  bytes: Uint8Array,
  end: number,
): number | Wait {
  const conn = sock.conn;
  const how = writeFlags(flags);
  const req: NetconnWriteReq = { vectors, next: 1, flags: how, written: 0, out: null, bytes, off: 0, end };
  const dontWait = sock.nonblock || (flags & MSG_DONTWAIT) !== 0;
  return sockBlock(sock, conn.writers, dontWait, conn.sendTimeout, tryStream, req);
}

function tryStream(sock: Sock, req: NetconnWriteReq, late: boolean): number {
  const conn = sock.conn;
  if (conn.state === NETCONN_STATE_CONNECT) return late ? -EAGAIN : BLOCKED;
  if (!(conn.flags & NETCONN_FLAG_CONNECTED) || sockShut(sock) & SEND_SHUTDOWN) {
    if (conn.writer === req) conn.writer = null;
    return req.written || -(sockTakeError(sock) || EPIPE);
  }
  const err = netconnTryWrite(conn, req, late);
  if (err === BLOCKED) return BLOCKED;
  return req.written || (err === ERR_OK ? 0 : -EAGAIN);
}
