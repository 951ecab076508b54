// Kaluma's network device: TCP connections and listeners. The stack's callbacks, and what the program's writes and
// shutdowns become.

import { ERR_CONN, ERR_MEM, ERR_OK, ERR_RST, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, ipaddrNtoa } from '../stack/core/ipaddr.js';
import { LWIP_TCP_KEEPALIVE } from '../stack/core/opt.js';
import { pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { pbufBytes } from '../stack/core/pbuf_data.js';
import { SOF_REUSEADDR } from '../stack/ip/ip_pcb.js';
import {
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpErr,
  tcpKeepalive,
  tcpListen,
  tcpNagleDisable,
  tcpNew,
  tcpPoll,
  tcpRecv,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
} from '../stack/tcp/tcp.js';
import type { TcpPcb } from '../stack/tcp/tcp_state.js';
import { EADDRINUSE, ECONNABORTED, ECONNREFUSED, ECONNRESET, errToErrno, ETIMEDOUT } from './errno.js';
import {
  endpointNew,
  endpointReclaim,
  NETDEV_CONNECTED,
  netdevEvent,
  type Endpoint,
} from './kaluma_netdev_endpoint.js';
import { LATIN1_PIECE } from './latin1.js';

/** Half-seconds between looks at a connection, and looks until a silent one is closed: 10 s after the peer has closed
 * its side, 60 s after the program has closed its own. */
const POLL_INTERVAL = 4;
const EOF_POLLS = 5;
const FIN_POLLS = 30;

/** Silence before a peer is asked whether it is still there, between questions, ms, and questions. */
const KEEP_IDLE = 60000;
const KEEP_INTERVAL = 15000;
const KEEP_COUNT = 4;

/** Binds to a port of all own addresses. @returns an error code of tcpBind(), or ERR_MEM */
export function netdevTcpBind(e: Endpoint, port: number): Err {
  const pcb = tcpNew(e.dev.stack);
  if (!pcb) return ERR_MEM;
  e.pcb = pcb;
  // As Node does: a server may come back while connections of the old one are in TIME_WAIT.
  pcb.soOptions |= SOF_REUSEADDR;
  const err = tcpBind(pcb, IP_ADDR_ANY, port);
  e.obj.lport = pcb.localPort;
  return err;
}

/** @returns 0, or EADDRINUSE */
export function netdevTcpListen(e: Endpoint): number {
  const lpcb = tcpListen(e.pcb!);
  if (!lpcb) return EADDRINUSE;
  e.pcb = null;
  e.lpcb = lpcb;
  tcpArg(lpcb, e);
  tcpAccept(lpcb, accepted);
  return 0;
}

/** Sets the callbacks of a connection. */
export function netdevTcpAttach(e: Endpoint, pcb: TcpPcb): void {
  e.pcb = pcb;
  tcpArg(pcb, e);
  tcpErr(pcb, failed);
  tcpRecv(pcb, received);
  tcpSent(pcb, sent);
  tcpPoll(pcb, polled, POLL_INTERVAL);
  // Kaluma's streams gather what is written in a turn; what they hand over is to leave.
  tcpNagleDisable(pcb);
  if (LWIP_TCP_KEEPALIVE) tcpKeepalive(pcb, true, KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT);
}

/** The connection is made: notes its ends. */
export function netdevTcpMade(e: Endpoint): void {
  const pcb = e.pcb!;
  const o = e.obj;
  o.state = NETDEV_CONNECTED;
  o.laddr = ipaddrNtoa(pcb.localIp);
  o.lport = pcb.localPort;
  o.raddr = ipaddrNtoa(pcb.remoteIp);
  o.rport = pcb.remotePort;
}

function accepted(parent: Endpoint, pcb: TcpPcb | null, err: Err): Err {
  const e = pcb && endpointNew(parent.dev, 'STREAM');
  if (!e) {
    endpointReclaim(parent.dev);
    return pcb ? ERR_CONN : err;
  }
  e.parent = parent;
  netdevTcpAttach(e, pcb!);
  netdevTcpMade(e);
  netdevEvent(e);
  return ERR_OK;
}

function received(e: Endpoint, _pcb: TcpPcb, p: Pbuf | null): Err {
  e.idle = 0;
  if (!p) e.eof = true;
  else {
    // Nobody to take them yet: the stack keeps them, and offers them again.
    if (!e.obj.read_cb && !e.parent && !e.fresh) return ERR_MEM;
    e.inbox.push(pbufBytes(p));
    pbufFree(p);
  }
  netdevEvent(e);
  return ERR_OK;
}

function sent(e: Endpoint): Err {
  e.idle = 0;
  if (e.out.length) netdevEvent(e);
  return ERR_OK;
}

function polled(e: Endpoint): Err {
  if ((e.eofTold || e.fin) && !e.out.length && ++e.idle >= (e.eofTold ? EOF_POLLS : FIN_POLLS)) e.over = true;
  if (e.over || e.out.length || e.inbox.length) netdevEvent(e);
  return ERR_OK;
}

function failed(e: Endpoint, err: Err): void {
  e.pcb = null;
  if (e.cancel) e.fault = err === ERR_RST ? ECONNREFUSED : ETIMEDOUT;
  else e.fault = err === ERR_RST ? ECONNRESET : ECONNABORTED;
  netdevEvent(e);
}

/** Hands the stack as much as it takes of what the program has written, then its FIN. */
export function netdevTcpPump(e: Endpoint, pcb: TcpPcb): void {
  const out = e.out;
  while (out.length) {
    const w = out[0]!;
    const data = w.data;
    const left = data.length - w.at;
    let n = tcpSndbuf(pcb);
    let off = w.at;
    if (n > left) n = left;
    let bytes: Uint8Array;
    if (typeof data === 'string') {
      if (n > LATIN1_PIECE) n = LATIN1_PIECE;
      bytes = e.dev.encode(data.substring(off, off + n));
      off = 0;
    } else bytes = data;
    const flags =
      n < left || out.length > 1 ? TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE : TCP_WRITE_FLAG_COPY;
    let err: Err = left ? ERR_MEM : ERR_OK;
    // Out of segments or heap: a smaller piece may do, or else the sent or the poll callback comes back to it.
    for (; n && (err = tcpWrite(pcb, bytes, flags, off, n)) === ERR_MEM; n >>= 1);
    if (err === ERR_MEM) break;
    if (err !== ERR_OK) {
      e.fault = errToErrno(err);
      return;
    }
    w.at += n;
    if (n < left) continue;
    out.shift();
    e.written.push(w.done);
  }
  if (e.shut && !e.fin && !out.length) {
    e.fin = true;
    tcpShutdown(pcb, false, true);
  }
}
