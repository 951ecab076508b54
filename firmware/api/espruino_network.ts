// Espruino's network device in JavaScript, for `require('NetworkJS').create(...)`: create, close, accept, recv and send by
// number of the socket, on the raw API. Espruino asks again and again from its idle loop; nothing here calls it back.
// Facts from Espruino's sources: libs/network/js (what each function is given and may return), libs/network/socketerrors.h
// (negative results), libs/network/socketserver.c (when they are called).

import { ERR_CONN, ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_RST, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import { netifIsReady } from '../stack/core/netif.js';
import { pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { pbufBytes } from '../stack/core/pbuf_data.js';
import type { Stack } from '../stack/core/stack.js';
import { dnsCancel, dnsGethostbyname } from '../stack/dns/dns.js';
import { SOF_REUSEADDR } from '../stack/ip/ip_pcb.js';
import {
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpListen,
  tcpNagleDisable,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../stack/tcp/tcp.js';
import type { TcpListenPcb, TcpPcb } from '../stack/tcp/tcp_state.js';
import { LATIN1_PIECE, bytesToText, latin1Encoder } from './latin1.js';
import { ownInterface } from './own_interface.js';

// Espruino's socket errors.
const CLOSED = -1;
const MEM = -2;
const TIMEOUT = -3;
const NO_ROUTE = -4;
const NOT_FOUND = -6;
const MAX_SOCK = -7;
const RESET = -9;
const NO_CONN = -11;
const BAD_ARG = -12;

/** Sockets at most. */
const SOCKETS = 16;
/** Connections that wait for accept(), per listener; more are refused. */
const MAX_WAITING = 4;
/** From create() until the connection is made, ms. */
const CONNECT_LIMIT = 30000;

/** @external */
export interface NetworkJs {
  /**
   * Makes a socket.
   * @param host name or address to connect to; undefined: a listener
   * @returns its number, or a negative error
   */
  create(host: string | undefined, port: number): number;
  /** Ends a socket; what was sent still leaves. */
  close(sckt: number): void;
  /** @returns the number of a connection that a listener has, or -1 */
  accept(sckt: number): number;
  /** @returns up to `maxLen` bytes as text, '' while there are none, or a negative error: -1 at the end of the stream */
  recv(sckt: number, maxLen: number): string | number;
  /** @returns how many bytes of `data` were taken, 0 while none can be, or a negative error */
  send(sckt: number, data: string): number;
}

interface Socket {
  stack: Stack;
  lpcb: TcpListenPcb | null;
  /** A listener's connections that were not accepted yet. */
  waiting: Socket[];
  /** Whom to connect to: '' once that has begun. */
  host: string;
  port: number;
  since: number;
  connected: boolean;
  eof: boolean;
  /** What has ended it, 0 while nothing has. */
  error: number;
  inbox: Uint8Array[];
  /** Bytes of the first of the inbox that are read. */
  at: number;
  pcb: TcpPcb | null;
}

/** The object for `require('NetworkJS').create()`. All of its calls are for the core context. */
export function espruinoNetwork(stack: Stack): NetworkJs {
  const sockets: (Socket | null)[] = [];
  const encode = latin1Encoder();

  /** Gives a socket a number. @returns MAX_SOCK when all are taken */
  function add(s: Socket): number {
    for (let i = 0; i < SOCKETS; i++) {
      if (sockets[i]) continue;
      sockets[i] = s;
      return i;
    }
    end(s);
    return MAX_SOCK;
  }

  return {
    create: function (host, port) {
      if (!(port >= 0 && port <= 0xffff)) return BAD_ARG;
      const s = socketNew(stack);
      const err = host ? (port ? 0 : BAD_ARG) : listen(s, port);
      if (err) return err;
      s.host = host || '';
      s.port = port;
      const n = add(s);
      if (n >= 0 && host) proceed(s);
      return n;
    },

    close: function (sckt) {
      const s = sockets[sckt];
      if (!s) return;
      sockets[sckt] = null;
      end(s);
    },

    accept: function (sckt) {
      const s = sockets[sckt];
      const client = s && s.waiting.shift();
      const n = client ? add(client) : CLOSED;
      return n < 0 ? CLOSED : n;
    },

    recv: function (sckt, maxLen) {
      const s = sockets[sckt];
      if (!s || s.lpcb) return CLOSED;
      proceed(s);
      const first = s.inbox[0];
      if (!first) return s.error || (s.eof ? CLOSED : s.connected ? '' : NO_CONN);
      const n = first.length - s.at > maxLen ? maxLen : first.length - s.at;
      const text = bytesToText(first, s.at, n);
      s.at += n;
      if (s.at === first.length) {
        s.inbox.shift();
        s.at = 0;
      }
      if (s.pcb) tcpRecved(s.pcb, n);
      return text;
    },

    send: function (sckt, data) {
      const s = sockets[sckt];
      if (!s || s.lpcb) return CLOSED;
      proceed(s);
      if (s.error || !s.connected) return s.error;
      const pcb = s.pcb!;
      let sent = 0;
      for (;;) {
        let n = tcpSndbuf(pcb);
        if (n > LATIN1_PIECE) n = LATIN1_PIECE;
        const bytes = encode(data.substring(sent, sent + n));
        let err: Err = ERR_OK;
        for (
          n = bytes.length;
          n && (err = tcpWrite(pcb, bytes, TCP_WRITE_FLAG_COPY, 0, n)) === ERR_MEM;
          n >>= 1
        );
        if (err !== ERR_OK && err !== ERR_MEM) return CLOSED;
        if (!n) break;
        sent += n;
      }
      tcpOutput(pcb);
      return sent;
    },
  };
}

function socketNew(stack: Stack): Socket {
  return {
    stack,
    lpcb: null,
    waiting: [],
    host: '',
    port: 0,
    since: stack.clock(),
    connected: false,
    eof: false,
    error: 0,
    inbox: [],
    at: 0,
    pcb: null,
  };
}

/** Gives everything of a socket back. */
function end(s: Socket): void {
  dnsCancel(s.stack, found, s);
  if (s.pcb) tcpClose(s.pcb);
  if (s.lpcb) tcpClose(s.lpcb);
  s.pcb = s.lpcb = null;
  for (let i = 0; i < s.waiting.length; i++) end(s.waiting[i]!);
}

function listen(s: Socket, port: number): number {
  const pcb = tcpNew(s.stack);
  if (!pcb) return MEM;
  pcb.soOptions |= SOF_REUSEADDR;
  s.lpcb = tcpBind(pcb, IP_ADDR_ANY, port) === ERR_OK ? tcpListen(pcb) : null;
  if (!s.lpcb) {
    tcpClose(pcb);
    return MEM;
  }
  tcpArg(s.lpcb, s);
  tcpAccept(s.lpcb, accepted);
  return 0;
}

function attach(s: Socket, pcb: TcpPcb): void {
  s.pcb = pcb;
  tcpArg(pcb, s);
  tcpErr(pcb, failed);
  tcpRecv(pcb, received);
  // Espruino hands over what it has gathered in an idle loop: it is to leave.
  tcpNagleDisable(pcb);
}

function accepted(listener: Socket, pcb: TcpPcb | null, err: Err): Err {
  if (!pcb) return err;
  if (listener.waiting.length >= MAX_WAITING) return ERR_CONN;
  const s = socketNew(listener.stack);
  s.connected = true;
  attach(s, pcb);
  listener.waiting.push(s);
  return ERR_OK;
}

/** Goes on with connecting, as soon as there is an address. */
function proceed(s: Socket): void {
  const stack = s.stack;
  const netif = ownInterface(stack);
  if (s.connected || s.error) return;
  if (((stack.clock() - s.since) | 0) >= CONNECT_LIMIT) s.error = s.host ? NO_ROUTE : TIMEOUT;
  else if (s.host && netif && netifIsReady(netif)) {
    const out: { addr: IpAddr } = { addr: 0 };
    const host = s.host;
    s.host = '';
    const err = dnsGethostbyname(stack, host, out, found, s);
    if (err === ERR_OK) open(s, out.addr);
    else if (err !== ERR_INPROGRESS) s.error = err === ERR_MEM ? MEM : NOT_FOUND;
  }
}

function found(_name: string, addr: IpAddr | null, s: Socket): void {
  if (addr === null) s.error = NOT_FOUND;
  else open(s, addr);
}

function open(s: Socket, addr: IpAddr): void {
  const pcb = tcpNew(s.stack);
  if (!pcb) {
    s.error = MEM;
    return;
  }
  attach(s, pcb);
  if (tcpConnect(pcb, addr, s.port, connected) !== ERR_OK) s.error = NO_ROUTE;
}

function connected(s: Socket): Err {
  s.connected = true;
  return ERR_OK;
}

function received(s: Socket, _pcb: TcpPcb, p: Pbuf | null): Err {
  if (!p) s.eof = true;
  else {
    s.inbox.push(pbufBytes(p));
    pbufFree(p);
  }
  return ERR_OK;
}

function failed(s: Socket, err: Err): void {
  s.pcb = null;
  s.error = err === ERR_RST ? (s.connected ? RESET : NO_CONN) : TIMEOUT;
}
