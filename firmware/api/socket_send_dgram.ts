// Sending of UDP and RAW: to whom, with which errors, and the datagram that MSG_MORE makes of several calls.

import { ERR_IF, ERR_OK, ERR_RTE, ERR_VAL } from '../stack/core/err.js';
import { IP_ADDR_LOOPBACK, ipAddrIsMulticast } from '../stack/core/ipaddr.js';
import { LWIP_RAW, LWIP_UDP } from '../stack/core/opt.js';
import { PBUF_RAM, PBUF_UDP, pbufAlloc, pbufCat, pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { ipRoute } from '../stack/ip/ip.js';
import { SOF_BROADCAST } from '../stack/ip/ip_pcb.js';
import { ip4IsBroadcast } from '../stack/ip4/ip4_addr.js';
import { rawSendto } from '../stack/raw/raw.js';
import { udpBind, udpSendto } from '../stack/udp/udp.js';
import {
  EACCES,
  EAGAIN,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETDOWN,
  ENETUNREACH,
  ENOBUFS,
  EOPNOTSUPP,
  EPIPE,
} from './errno.js';
import { NETCONN_FLAG_CONNECTED } from './netconn_state.js';
import { AF_INET, MSG_MORE, MSG_OOB, type SockaddrIn } from './socket_defs.js';
import { sockTakeError } from './socket_state.js';
import { SEND_SHUTDOWN, checkAddr, type HeldDatagram, type Sock } from './socket_table.js';

/** The longest payload of a datagram: 65535 bytes less the headers. */
const UDP_MAX = 65507;
const RAW_MAX = 65515;

/** Sends a datagram of several pieces, together `len` bytes. @returns len, or an errno of send() made negative */
export function sockSendDatagram(
  sock: Sock,
  iov: Uint8Array[],
  len: number,
  flags: number,
  to: SockaddrIn | null,
): number {
  const conn = sock.conn;
  const stack = sock.table.stack;
  const udp = LWIP_UDP ? conn.udp : null;
  const pcb = udp || conn.raw!;
  const held = sock.held;
  const first = held ? held.p.totLen : 0;
  if (len > (udp ? UDP_MAX : RAW_MAX) - first) return drop(sock, -EMSGSIZE);
  if (flags & MSG_OOB) return -EOPNOTSUPP;
  // The address of further pieces is ignored, as on Linux.
  if (held) return append(sock, held, iov, len, flags);
  // Whoever sends has a port, also where nothing comes of it.
  if (udp && !udp.localPort && udpBind(udp, udp.localIp, 0) !== ERR_OK) return -EAGAIN;
  let ip: number;
  let port = udp ? udp.remotePort : 0;
  if (to) {
    // Linux takes AF_UNSPEC for AF_INET here.
    const err = checkAddr(
      to.sinFamily ? to : { sinFamily: AF_INET, sinPort: to.sinPort, sinAddr: to.sinAddr },
    );
    if (err) return err;
    port = to.sinPort;
    if (udp && !port) return -EINVAL;
    ip = to.sinAddr || IP_ADDR_LOOPBACK;
  } else if (conn.flags & NETCONN_FLAG_CONNECTED) ip = pcb.remoteIp as number;
  else return -EDESTADDRREQ;
  const route = (udp && ipAddrIsMulticast(ip) && udp.mcastNetif) || ipRoute(stack, pcb.localIp, ip);
  if (!route) return -ENETUNREACH;
  if (ip4IsBroadcast(ip, route) && !(sock.options.soOptions & SOF_BROADCAST)) return -EACCES;
  const errno = sockTakeError(sock);
  if (errno) return -errno;
  if (sock.shut & SEND_SHUTDOWN) return -EPIPE;
  const p = packetOf(pbufAlloc(stack, PBUF_UDP, len, PBUF_RAM), iov, len);
  if (!p) return -ENOBUFS;
  if (!(flags & MSG_MORE)) return emit(sock, p, ip, port) || len;
  sock.held = { p, ip, port };
  return len;
}

/** A further piece of a datagram that is held back; the last one sends it. */
function append(sock: Sock, held: HeldDatagram, iov: Uint8Array[], len: number, flags: number): number {
  const p = packetOf(pbufAlloc(sock.table.stack, PBUF_UDP, len, PBUF_RAM), iov, len);
  if (!p) return drop(sock, -ENOBUFS);
  pbufCat(held.p, p);
  if (flags & MSG_MORE) return len;
  sock.held = null;
  return emit(sock, held.p, held.ip, held.port) || len;
}

/** Gives up what is held back. @returns errno */
function drop(sock: Sock, errno: number): number {
  if (sock.held) pbufFree(sock.held.p);
  sock.held = null;
  return errno;
}

/** Sends and frees a packet. @returns 0 or an errno made negative */
function emit(sock: Sock, p: Pbuf, ip: number, port: number): number {
  const conn = sock.conn;
  const o = sock.options;
  let err = ERR_VAL;
  if (LWIP_UDP && conn.udp) err = udpSendto(conn.udp, p, ip, port);
  else if (LWIP_RAW) {
    const raw = conn.raw!;
    raw.ttl = ipAddrIsMulticast(ip) ? o.multicastTtl : o.ttl;
    err = rawSendto(raw, p, ip);
  }
  pbufFree(p);
  if (err === ERR_OK) return 0;
  return err === ERR_RTE ? -ENETUNREACH : err === ERR_IF ? -ENETDOWN : err === ERR_VAL ? -EMSGSIZE : -ENOBUFS;
}

/** Copies the pieces of a datagram into its packet. */
function packetOf(p: Pbuf | null, iov: Uint8Array[], len: number): Pbuf | null {
  if (!p) return null;
  let at = p.off;
  for (let i = 0, left = len; i < iov.length; i++) {
    const bytes = iov[i]!;
    p.payload.set(bytes.length > left ? bytes.subarray(0, left) : bytes, at);
    at += bytes.length;
    left -= bytes.length;
  }
  return p;
}
