// An HTTP/1.1 server (RFC 9112) on the raw TCP API: kept-alive connections, pipelined requests, any number of
// clients that the PCB pool allows. What a path answers is the handler's; content is either constant bytes,
// sent without a copy, or text made for the request.

import { ERR_ABRT, ERR_MEM, ERR_OK, type Err } from '../../stack/core/err.js';
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

export interface HttpResponse {
  /** Status code; HTTP_LATER when the handler will call httpRespond() after it has returned. */
  status: number;
  type: string;
  /** Constant bytes are sent where they stand and must stay unchanged; text is turned into bytes. */
  body: Uint8Array | string;
  /** Further field lines, each ended by CR LF; '' for none. */
  fields: string;
  connection: Connection;
}

/** A status that says: the response comes later. */
export const HTTP_LATER = 0;

export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

export interface HttpServer {
  handler: HttpHandler;
  /** Bytes that a request head may have. */
  maxHead: number;
  connections: number;
  requests: number;
  errors: number;
}

interface Piece {
  bytes: Uint8Array;
  /** TCP_WRITE_FLAG_COPY, or 0 for bytes that stay as they are for good. */
  flags: number;
}

interface Connection {
  server: HttpServer;
  /** Null once the connection is gone. */
  pcb: TcpPcb | null;
  /** The request that is being answered later. */
  pending: HttpRequest | null;
  idle: number;
  /** Bytes of content of the present request that are still to be skipped. */
  skip: number;
  /** The client has closed its side. */
  eof: boolean;
  /** Nothing more is read: close when all is sent. */
  closing: boolean;
  /** What is to be sent, in order; `at` bytes of the first are written. */
  out: Piece[];
  at: number;
  /** Request text that is not yet served. */
  text: string;
}

/**
 * Serves `port` on all addresses.
 * @param handler fills in the response; called once per request
 * @returns the server's counters, or null when no PCB could be had or the port is taken
 */
export function httpServerStart(stack: Stack, port: number, handler: HttpHandler): HttpServer | null {
  const pcb = tcpNew(stack);
  if (!pcb) return null;
  if (tcpBind(pcb, IP_ADDR_ANY, port) !== ERR_OK) {
    tcpClose(pcb);
    return null;
  }
  const listener = tcpListen(pcb);
  if (!listener) {
    tcpClose(pcb);
    return null;
  }
  const server: HttpServer = { handler, maxHead: 2048, connections: 0, requests: 0, errors: 0 };
  tcpArg(listener, server);
  tcpAccept(listener, accepted);
  return server;
}

function accepted(arg: unknown, pcb: TcpPcb | null, err: Err): Err {
  if (err !== ERR_OK || !pcb) return err;
  const server = arg as HttpServer;
  server.connections++;
  const c: Connection = {
    server,
    pcb,
    pending: null,
    idle: 0,
    skip: 0,
    eof: false,
    closing: false,
    out: [],
    at: 0,
    text: '',
  };
  tcpArg(pcb, c);
  tcpErr(pcb, failed);
  tcpSent(pcb, sent);
  tcpPoll(pcb, polled, POLL_INTERVAL);
  tcpRecv(pcb, received);
  return ERR_OK;
}

function failed(arg: unknown): void {
  gone(arg as Connection);
}

function gone(c: Connection): void {
  c.pcb = null;
  c.server.connections--;
}

function received(arg: unknown, pcb: TcpPcb, p: Pbuf | null): Err {
  const c = arg as Connection;
  c.idle = 0;
  if (!p) {
    // The client sends no more; what it asked for is still answered.
    c.eof = true;
    if (!c.out.length && !c.pending) c.closing = true;
    return push(c, pcb);
  }
  tcpRecved(pcb, p.totLen);
  if (!c.closing) {
    for (let q: Pbuf | null = p; q; q = q.next) {
      let at = q.off;
      let n = q.len;
      if (c.skip && !c.text) {
        const drop = n < c.skip ? n : c.skip;
        c.skip -= drop;
        at += drop;
        n -= drop;
      }
      if (n) c.text += bytesToText(q.payload, at, n);
    }
  }
  pbufFree(p);
  serve(c);
  return push(c, pcb);
}

function sent(arg: unknown, pcb: TcpPcb): Err {
  const c = arg as Connection;
  c.idle = 0;
  // Requests that waited behind a full send queue are taken up again.
  serve(c);
  return push(c, pcb);
}

function polled(arg: unknown, pcb: TcpPcb): Err {
  const c = arg as Connection;
  if (!c.pending && ++c.idle >= IDLE_POLLS) {
    gone(c);
    tcpArg(pcb, null);
    tcpErr(pcb, null);
    tcpAbort(pcb);
    return ERR_ABRT;
  }
  serve(c);
  return push(c, pcb);
}

/** Answers the complete requests in hand, one response in the queue at a time. */
function serve(c: Connection): void {
  while (!c.closing && !c.pending && !c.out.length) {
    if (c.skip && c.text) {
      const drop = c.text.length < c.skip ? c.text.length : c.skip;
      c.text = c.text.substring(drop);
      c.skip -= drop;
    }
    // RFC 9112, 2.2: empty lines before a request are ignored.
    while (c.text.substring(0, 2) === '\r\n') c.text = c.text.substring(2);
    const end = c.text.indexOf('\r\n\r\n');
    if (end < 0 ? c.text.length > c.server.maxHead : end > c.server.maxHead) {
      respond(c, 431, true);
      return;
    }
    if (end < 0 || c.skip) {
      if (c.eof) c.closing = true;
      return;
    }
    const head = c.text.substring(0, end);
    c.text = c.text.substring(end + 4);
    answer(c, parseRequest(head));
  }
}

function answer(c: Connection, request: HttpRequest | number): void {
  if (typeof request === 'number') {
    respond(c, request, true);
    return;
  }
  c.server.requests++;
  c.skip = request.contentLength;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    respond(c, 405, !request.keepAlive);
    return;
  }
  const r: HttpResponse = { status: 200, type: 'text/plain', body: '', fields: '', connection: c };
  c.server.handler(request, r);
  if (r.status === HTTP_LATER) c.pending = request;
  else emit(c, r, request.method === 'HEAD', !request.keepAlive, request.minor);
}

/**
 * Sends a response whose handler had set HTTP_LATER. Quietly does nothing when the client has gone meanwhile.
 */
export function httpRespond(r: HttpResponse): void {
  const c = r.connection;
  const request = c.pending;
  const pcb = c.pcb;
  if (!request || !pcb) return;
  c.pending = null;
  emit(c, r, request.method === 'HEAD', !request.keepAlive, request.minor);
  push(c, pcb);
}

function respond(c: Connection, status: number, close: boolean): void {
  c.server.errors++;
  const text = reason(status) + '\n';
  const fields = status === 405 ? 'Allow: GET, HEAD\r\n' : '';
  emit(c, { status, type: 'text/plain', body: text, fields, connection: c }, false, close, 1);
}

function emit(c: Connection, r: HttpResponse, headOnly: boolean, close: boolean, minor: number): void {
  const body = typeof r.body === 'string' ? textToBytes(r.body) : r.body;
  c.out.push({
    flags: TCP_WRITE_FLAG_COPY,
    bytes: textToBytes(
      'HTTP/1.1 ' +
        reason(r.status) +
        '\r\nServer: Lightwire\r\nContent-Type: ' +
        r.type +
        '\r\nContent-Length: ' +
        body.length +
        '\r\n' +
        r.fields +
        (close ? 'Connection: close\r\n' : minor ? '' : 'Connection: keep-alive\r\n') +
        '\r\n',
    ),
  });
  if (!headOnly && body.length) c.out.push({ flags: body === r.body ? 0 : TCP_WRITE_FLAG_COPY, bytes: body });
  if (close) c.closing = true;
}

/** Writes what the send buffer takes; closes when all is written and nothing more will come. */
function push(c: Connection, pcb: TcpPcb): Err {
  let wrote = false;
  while (c.out.length) {
    const piece = c.out[0]!;
    const left = piece.bytes.length - c.at;
    const room = tcpSndbuf(pcb);
    const n = left < room ? left : room;
    if (!n) break;
    const more = c.out.length > 1 || n < left ? TCP_WRITE_FLAG_MORE : 0;
    // Out of segments or heap: the sent or the poll callback comes back to it.
    if (tcpWrite(pcb, piece.bytes, piece.flags | more, c.at, n) !== ERR_OK) break;
    wrote = true;
    c.at += n;
    if (n === left) {
      c.out.shift();
      c.at = 0;
    }
  }
  if (wrote) tcpOutput(pcb);
  if (c.closing && !c.out.length) return finish(c, pcb);
  return ERR_OK;
}

function finish(c: Connection, pcb: TcpPcb): Err {
  tcpArg(pcb, null);
  tcpErr(pcb, null);
  tcpSent(pcb, null);
  tcpPoll(pcb, null, 0);
  tcpRecv(pcb, discard);
  gone(c);
  if (c.eof) return tcpClose(pcb);
  // RFC 9112, 9.6: half-close first, so that the client reads the last response before a reset could reach it.
  if (tcpShutdown(pcb, false, true) === ERR_MEM) {
    tcpAbort(pcb);
    return ERR_ABRT;
  }
  tcpPoll(pcb, lingered, POLL_INTERVAL);
  return ERR_OK;
}

function discard(_arg: unknown, pcb: TcpPcb, p: Pbuf | null): Err {
  if (p) {
    tcpRecved(pcb, p.totLen);
    pbufFree(p);
    return ERR_OK;
  }
  tcpPoll(pcb, null, 0);
  return tcpClose(pcb);
}

/** The client did not close in time. */
function lingered(_arg: unknown, pcb: TcpPcb): Err {
  tcpAbort(pcb);
  return ERR_ABRT;
}

/** The reason phrase; any will do (RFC 9112, 4). */
function reason(status: number): string {
  const known =
    '200 OK,400 Bad Request,404 Not Found,405 Method Not Allowed,431 Head Too Large,501 Not Implemented,505 Version';
  const at = known.indexOf(status + ' ');
  return at < 0 ? status + ' Status' : known.substring(at).split(',')[0]!;
}
