// The small servers of old on the raw API, for measurements and tests: UDP echo (RFC 862), TCP discard (RFC 863) and TCP
// chargen (RFC 864).

import { ERR_ARG, ERR_MEM, ERR_OK, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import { pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import type { Stack } from '../stack/core/stack.js';
import {
  TCP_WRITE_FLAG_COPY,
  tcpAccept,
  tcpBind,
  tcpClose,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpSndbuf,
  tcpWrite,
} from '../stack/tcp/tcp.js';
import type { TcpAcceptFn, TcpPcb } from '../stack/tcp/tcp_state.js';
import { udpBind, udpNew, udpRecv, udpSendto, type UdpPcb } from '../stack/udp/udp.js';

const ECHO = 7;
const DISCARD = 9;
const CHARGEN = 19;
/** Characters of a line of chargen, and the printing ones there are (RFC 864). */
const LINE = 72;
const PRINTING = 95;

/**
 * Starts the UDP echo server on port 7: each datagram goes back in the buffer that it came in.
 * @returns ERR_OK, ERR_MEM when no PCB could be had, ERR_USE when the port is taken
 */
export function udpEchoInit(stack: Stack): Err {
  const pcb = udpNew(stack);
  if (!pcb) return ERR_MEM;
  udpRecv(pcb, udpEcho, null);
  return udpBind(pcb, IP_ADDR_ANY, ECHO);
}

function udpEcho(_arg: null, pcb: UdpPcb, p: Pbuf, ip: IpAddr, port: number): void {
  udpSendto(pcb, p, ip, port);
  pbufFree(p);
}

/** Starts the TCP discard server on port 9. @returns ERR_OK, ERR_MEM or ERR_USE */
export function discardInit(stack: Stack): Err {
  return listen(stack, DISCARD, discardAccept);
}

function discardAccept(_arg: unknown, pcb: TcpPcb | null, err: Err): Err {
  if (err !== ERR_OK || !pcb) return ERR_ARG;
  tcpRecv(pcb, discardRecv);
  return ERR_OK;
}

function discardRecv(_arg: unknown, pcb: TcpPcb, p: Pbuf | null): Err {
  if (!p) return tcpClose(pcb);
  tcpRecved(pcb, p.totLen);
  pbufFree(p);
  return ERR_OK;
}

/**
 * Starts the TCP character generator on port 19: sends until the peer closes.
 * @param pattern what it sends again and again; see chargenPattern()
 * @returns ERR_OK, ERR_MEM or ERR_USE
 */
export function chargenInit(stack: Stack, pattern: Uint8Array): Err {
  const generate = function (_arg: unknown, pcb: TcpPcb): Err {
    while (tcpSndbuf(pcb) >= pattern.length) {
      if (tcpWrite(pcb, pattern, TCP_WRITE_FLAG_COPY) !== ERR_OK) break;
    }
    return tcpOutput(pcb);
  };
  return listen(stack, CHARGEN, function (_arg: unknown, pcb: TcpPcb | null, err: Err): Err {
    if (err !== ERR_OK || !pcb) return ERR_ARG;
    tcpRecv(pcb, discardRecv);
    tcpSent(pcb, generate);
    return generate(null, pcb);
  });
}

/** `length` bytes of rotating lines. */
export function chargenPattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const line = (i / (LINE + 2)) | 0;
    const column = i % (LINE + 2);
    bytes[i] = column === LINE ? 13 : column > LINE ? 10 : 32 + ((line + column) % PRINTING);
  }
  return bytes;
}

function listen(stack: Stack, port: number, accept: TcpAcceptFn): Err {
  const pcb = tcpNew(stack);
  if (!pcb) return ERR_MEM;
  const err = tcpBind(pcb, IP_ADDR_ANY, port);
  if (err !== ERR_OK) {
    tcpClose(pcb);
    return err;
  }
  const listener = tcpListen(pcb);
  if (!listener) return ERR_MEM;
  tcpAccept(listener, accept);
  return ERR_OK;
}
