// An HTTP/1.1 server (RFC 9112) on the raw TCP API: kept-alive connections, pipelined requests, any number of
// clients that the PCB pool allows. What a path answers is the handler's; content is either constant bytes,
// sent without a copy, or text made for the request. Content of requests is skipped.

import { ERR_ABRT, ERR_OK, type Err } from '../../stack/core/err.js';
import { IP_ADDR_ANY } from '../../stack/core/ipaddr.js';
import { pbufFree, type Pbuf } from '../../stack/core/pbuf.js';
import type { Stack } from '../../stack/core/stack.js';
import {
  tcpAbort,
  tcpAccept,
  tcpArg,
  tcpBind,
  tcpClose,
  tcpErr,
  tcpListen,
  tcpNagleDisable,
  tcpNew,
  tcpOutput,
  tcpPoll,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
  TCP_WRITE_FLAG_MORE,
} from '../../stack/tcp/tcp.js';
import type { TcpPcb } from '../../stack/tcp/tcp_state.js';
import { bytesToText, textToBytes } from '../text.js';
import { parseRequest, type HttpRequest } from './request.js';

export type { HttpRequest };

/** Half-seconds between looks at an idle connection, and looks until it is closed: 30 s. */
const POLL_INTERVAL = 4;
const IDLE_POLLS = 15;

/** Bytes that a request head may have. */
const MAX_HEAD = 2048;

/** A status that says: the response comes later. */
export const HTTP_LATER = '';

export interface HttpResponse {
  /** Code and reason phrase; HTTP_LATER when the handler will call httpRespond() after it has returned. */
  status: string;
  type: string;
  /** Constant bytes are sent where they stand and must stay unchanged; text is turned into bytes. */
  body: Uint8Array | string;
  /** Further field lines, each ended by CR LF; '' for none. */
  fields: string;
  connection: Connection;
}

/** Fills in the response, which is an empty 200 of plain text before. Asked only for GET and HEAD. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

export interface HttpServer {
  handler: HttpHandler;
  connections: number;
  /** Requests understood, answered with whatever status. */
  requests: number;
}

interface Connection {
  server: HttpServer;
  /** Null once the connection is gone. */
  pcb: TcpPcb | null;
  /** Polls since the connection last came forward. */
  idle: number;
  /** The client has closed its side. */
  eof: boolean;
  /** Bytes received that the client may not yet replace by others. */
  held: number;
  /** Bytes of content of the present request that are still to be skipped. */
  skip: number;
  /** Constant bytes to be sent after `out`. */
  body: Uint8Array | null;
  /** How `out` is written: TCP_WRITE_FLAG_COPY, or 0 for bytes that stay as they are for good. */
  flags: number;
  /** Bytes of `out` that are written. */
  at: number;
  /** The request that is being answered later. */
  pending: HttpRequest | null;
  /** No further request is served: close when all is sent. */
  closing: boolean;
  /** What is being sent. */
  out: Uint8Array | null;
  /** Request text that is not yet served. */
  text: string;
}

/**
 * Serves `port` on all addresses.
 * @param handler called once per request
 * @returns the server's counters, or null when no PCB could be had or the port is taken
 */
export function httpServerStart(stack: Stack, port: number, handler: HttpHandler): HttpServer | null {
  const pcb = tcpNew(stack);
  if (!pcb) return null;
  const listener = tcpBind(pcb, IP_ADDR_ANY, port) === ERR_OK ? tcpListen(pcb) : null;
  if (!listener) {
    tcpClose(pcb);
    return null;
  }
  const server: HttpServer = { handler, connections: 0, requests: 0 };
  tcpArg(listener, server);
  tcpAccept(listener, accepted);
  return server;
}

function accepted(arg: unknown, pcb: TcpPcb | null, err: Err): Err {
  if (!pcb) return err;
  const server = arg as HttpServer;
  server.connections++;
  const c: Connection = {
    server,
    pcb,
    idle: 0,
    eof: false,
    held: 0,
    skip: 0,
    body: null,
    flags: 0,
    at: 0,
    pending: null,
    closing: false,
    out: null,
    text: '',
  };
  tcpArg(pcb, c);
  tcpErr(pcb, gone);
  tcpSent(pcb, sent);
  tcpPoll(pcb, polled, POLL_INTERVAL);
  tcpRecv(pcb, received);
  // All that is to be said is written in one go; the next response must not wait for a delayed ACK.
  tcpNagleDisable(pcb);
  return ERR_OK;
}

function gone(arg: unknown): void {
  const c = arg as Connection;
  c.pcb = null;
  c.server.connections--;
}

function received(arg: unknown, pcb: TcpPcb, p: Pbuf | null): Err {
  const c = arg as Connection;
  // The client sends no more; what it asked for is still answered.
  if (!p) c.eof = true;
  else {
    c.held += p.totLen;
    if (!c.closing) {
      // A head has 30 s, however slowly it trickles in.
      if (!c.text) c.idle = 0;
      for (let q: Pbuf | null = p; q; q = q.next) {
        let drop = c.text ? 0 : c.skip;
        if (drop > q.len) drop = q.len;
        c.skip -= drop;
        if (q.len > drop) c.text += bytesToText(q.payload, q.off + drop, q.len - drop);
      }
    }
    pbufFree(p);
  }
  return proceed(c, pcb);
}

function sent(arg: unknown, pcb: TcpPcb): Err {
  const c = arg as Connection;
  c.idle = 0;
  return proceed(c, pcb);
}

function polled(arg: unknown, pcb: TcpPcb): Err {
  const c = arg as Connection;
  if (!c.pending && ++c.idle >= IDLE_POLLS) {
    if (c.closing || c.out) {
      tcpAbort(pcb);
      return ERR_ABRT;
    }
    c.closing = true;
  }
  return proceed(c, pcb);
}

/** Sends what the send buffer takes, serves the next request when all is written, closes after the last. */
function proceed(c: Connection, pcb: TcpPcb): Err {
  while (c.out || next(c)) {
    const out = c.out!;
    const left = out.length - c.at;
    let n = tcpSndbuf(pcb);
    if (n > left) n = left;
    // Out of segments or heap: a smaller piece may do, or else the sent or the poll callback comes back to it.
    while (n && tcpWrite(pcb, out, n < left || c.body ? c.flags | TCP_WRITE_FLAG_MORE : c.flags, c.at, n)) {
      n >>= 1;
    }
    if (!n) break;
    c.at += n;
    if (n < left) continue;
    c.out = c.body;
    c.body = null;
    c.flags = c.at = 0;
  }
  tcpOutput(pcb);
  // A client that sends requests faster than it takes responses meets a closed window.
  if (c.text.length <= MAX_HEAD) {
    tcpRecved(pcb, c.held);
    c.held = 0;
  }
  if (c.closing && !c.out) {
    if (c.eof) {
      gone(c);
      return tcpClose(pcb);
    }
    // RFC 9112, 9.6: half-close first, so that the client reads the last response before a reset could reach it.
    tcpShutdown(pcb, false, true);
  }
  return ERR_OK;
}

/** Takes the next complete request up. @returns whether there is something to send */
function next(c: Connection): boolean {
  if (c.closing || c.pending) return false;
  const drop = c.skip < c.text.length ? c.skip : c.text.length;
  c.skip -= drop;
  // RFC 9112, 2.2: empty lines before a request are ignored.
  let from = drop;
  while (c.text.charCodeAt(from) === 13 && c.text.charCodeAt(from + 1) === 10) from += 2;
  c.text = c.text.substring(from);
  const end = c.text.indexOf('\r\n\r\n');
  if ((end < 0 ? c.text.length : end) > MAX_HEAD) {
    answer(c, '431 Request Header Fields Too Large');
  } else if (end < 0) {
    c.closing = c.eof;
  } else {
    const request = parseRequest(c.text.substring(0, end));
    c.text = c.text.substring(end + 4);
    answer(c, request);
  }
  return c.out !== null;
}

/** @param request or the status that refuses it: what follows on the connection cannot be made out then */
function answer(c: Connection, request: HttpRequest | string): void {
  const r: HttpResponse = { status: '200 OK', type: 'text/plain', body: '', fields: '', connection: c };
  if (typeof request === 'string') {
    refuse(r, request);
    emit(c, r, null);
    return;
  }
  c.server.requests++;
  c.skip = request.contentLength;
  if (request.method === 'GET' || request.method === 'HEAD') c.server.handler(request, r);
  else {
    refuse(r, '405 Method Not Allowed');
    r.fields = 'Allow: GET, HEAD\r\n';
  }
  if (r.status === HTTP_LATER) c.pending = request;
  else emit(c, r, request);
}

function refuse(r: HttpResponse, status: string): void {
  r.status = status;
  r.body = status + '\n';
}

/**
 * Sends a response whose handler had set HTTP_LATER. Quietly does nothing when the client has gone meanwhile.
 */
export function httpRespond(r: HttpResponse): void {
  const c = r.connection;
  const request = c.pending;
  if (!request || !c.pcb) return;
  c.pending = null;
  emit(c, r, request);
  proceed(c, c.pcb);
}

function emit(c: Connection, r: HttpResponse, request: HttpRequest | null): void {
  const text = typeof r.body === 'string' ? r.body : '';
  const body = text === r.body ? textToBytes(text) : (r.body as Uint8Array);
  const close = !request || !request.keepAlive;
  const empty = request && request.method === 'HEAD';
  if (close) {
    c.closing = true;
    c.text = '';
  }
  c.flags = TCP_WRITE_FLAG_COPY;
  // Text goes along with the head: encoding it twice costs less than writing twice.
  c.out = textToBytes(
    `HTTP/1.1 ${r.status}\r\nContent-Type: ${r.type}\r\nContent-Length: ${body.length}\r\n${r.fields}Connection: ` +
      (close ? 'close\r\n\r\n' : 'keep-alive\r\n\r\n') +
      (empty ? '' : text),
  );
  if (!text && !empty && body.length) c.body = body;
}
