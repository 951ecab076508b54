// A web server: a page at /, the board's state as JSON at /api/status, and the resolver at /api/resolve?name=...

import { ERR_INPROGRESS, ERR_OK } from '../stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { NETIF_FLAG_LINK_UP } from '../stack/core/netif.js';
import {
  DROP,
  RECV,
  STAT_IP,
  STAT_LINK,
  STAT_TCP,
  STAT_TCPX,
  TCPX_REXMIT,
  XMIT,
} from '../stack/core/stats.js';

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
  const board = boardStart({ TCP_MSS: 1460, MEMP_NUM_TCP_PCB: 12 });
  const page = textToBytes(pageText());
  const server = httpServerStart(board.stack, 80, function (request: HttpRequest, response: HttpResponse) {
    switch (request.path) {
      case '/':
      case '/index.html':
        response.type = 'text/html; charset=utf-8';
        response.body = page;
        return;
      case '/api/status':
        json(response, status(board, server!.requests));
        return;
      case '/api/resolve':
        resolve(board, request.query, response);
        return;
    }
    response.status = 404;
    response.body = '404 Not Found\n';
  });
  if (!server) board.hal.log.log('http-server: port 80 could not be opened');
}

function json(response: HttpResponse, value: unknown): void {
  response.type = 'application/json';
  response.body = JSON.stringify(value) + '\n';
}

function status(board: Board, requests: number): unknown {
  const { netif, stack, hal } = board;
  const s = stack.stats;
  const heap = hal.memory();
  return {
    'board': 'lightwire',
    'uptime': Math.floor((hal.clock.millis() - board.started) / 1000),
    'address': ipaddrNtoa(netif.ipAddr),
    'gateway': ipaddrNtoa(netif.gw),
    'dns': ipaddrNtoa(dnsGetserver(stack, 0)),
    'link': (netif.flags & NETIF_FLAG_LINK_UP) !== 0,
    'heap': { 'used': heap.heapUsed, 'total': heap.heapTotal },
    'frames': { 'in': s[STAT_LINK + RECV], 'out': s[STAT_LINK + XMIT], 'dropped': s[STAT_LINK + DROP] },
    'ip': { 'in': s[STAT_IP + RECV], 'out': s[STAT_IP + XMIT], 'dropped': s[STAT_IP + DROP] },
    'tcp': { 'in': s[STAT_TCP + RECV], 'out': s[STAT_TCP + XMIT], 'resent': s[STAT_TCPX + TCPX_REXMIT] },
    'requests': requests,
  };
}

function resolve(board: Board, query: string, response: HttpResponse): void {
  const match = /^name=([A-Za-z0-9._-]+)$/.exec(query);
  if (!match) {
    response.status = 400;
    response.body = 'usage: /api/resolve?name=example.com\n';
    return;
  }
  const name = match[1]!;
  const cached = { addr: 0 as IpAddr };
  const tell = function (addr: IpAddr | null): void {
    response.status = 200;
    json(response, { 'name': name, 'address': addr === null ? null : ipaddrNtoa(addr) });
  };
  const err = dnsGethostbyname(
    board.stack,
    name,
    cached,
    function (_name: string, addr: IpAddr | null) {
      tell(addr);
      httpRespond(response);
    },
    null,
  );
  if (err === ERR_INPROGRESS) response.status = HTTP_LATER;
  else tell(err === ERR_OK ? cached.addr : null);
}

main();
