// A web server: a page at /, the board's state as JSON at /api/status, and the resolver at /api/resolve?name=...

import { ERR_INPROGRESS, ERR_OK } from '../stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { NETIF_FLAG_LINK_UP } from '../stack/core/netif.js';
import { DROP, RECV, STAT_LINK, STAT_TCP, STAT_TCPX, TCPX_REXMIT, XMIT } from '../stack/core/stats.js';
import { dnsGethostbyname, dnsGetserver } from '../stack/dns/dns.js';
import {
  HTTP_LATER,
  httpRespond,
  httpServerStart,
  type HttpRequest,
  type HttpResponse,
} from '../services/http/server.js';
import { textToBytes } from '../services/text.js';
import { boardStart, type Board } from './board/board.js';
import { pageText } from './http-server/page.js';

function main(): void {
  const board = boardStart();
  const page = textToBytes(pageText());
  const server = httpServerStart(board.stack, 80, function (request: HttpRequest, response: HttpResponse) {
    const path = request.path;
    if (path === '/') {
      response.type = 'text/html';
      response.body = page;
    } else if (path === '/api/status') json(response, status(board, server!.requests));
    else if (path === '/api/resolve') resolve(board, request.query, response);
    else response.body = response.status = '404 Not Found';
  });
  if (!server) board.hal.log.log('cannot open port 80');
}

function json(response: HttpResponse, value: unknown): void {
  response.type = 'application/json';
  response.body = JSON.stringify(value) + '\n';
}

function status(board: Board, requests: number): unknown {
  const netif = board.netif;
  const stack = board.stack;
  const s = stack.stats;
  const heap = board.hal.memory();
  return {
    'uptime': (board.hal.clock.millis() / 1000) | 0,
    'address': ipaddrNtoa(netif.ipAddr),
    'gateway': ipaddrNtoa(netif.gw),
    'resolver': ipaddrNtoa(dnsGetserver(stack, 0)),
    'link': (netif.flags & NETIF_FLAG_LINK_UP) !== 0,
    'heap': { 'heapUsed': heap.heapUsed, 'heapTotal': heap.heapTotal },
    'frames': {
      'received': s[STAT_LINK + RECV],
      'sent': s[STAT_LINK + XMIT],
      'dropped': s[STAT_LINK + DROP],
    },
    'segments': {
      'received': s[STAT_TCP + RECV],
      'sent': s[STAT_TCP + XMIT],
      'resent': s[STAT_TCPX + TCPX_REXMIT],
    },
    'requests': requests,
  };
}

function resolve(board: Board, query: string, response: HttpResponse): void {
  const match = /^name=([\w.-]+)$/.exec(query);
  if (!match) {
    response.status = '400 Bad Request';
    response.body = '?name=example.com\n';
    return;
  }
  const name = match[1]!;
  const known = { addr: 0 as IpAddr };
  const err = dnsGethostbyname(board.stack, name, known, resolved, response);
  if (err === ERR_INPROGRESS) response.status = HTTP_LATER;
  else resolved(name, err === ERR_OK ? known.addr : null, response);
}

function resolved(name: string, addr: IpAddr | null, response: HttpResponse): void {
  const later = response.status === HTTP_LATER;
  response.status = '200 OK';
  json(response, { 'host': name, 'address': addr === null ? null : ipaddrNtoa(addr) });
  if (later) httpRespond(response);
}

main();
