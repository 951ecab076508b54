// The TCP echo server (RFC 862) on the raw API.

import { ERR_ARG, ERR_MEM, ERR_OK, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY } from '../stack/core/ipaddr.js';
import { pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import type { Stack } from '../stack/core/stack.js';
import {
  tcpAccept,
  tcpBind,
  tcpClose,
  tcpListen,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpWritePbuf,
  TCP_WRITE_FLAG_COPY,
} from '../stack/tcp/tcp.js';
import type { TcpPcb } from '../stack/tcp/tcp_state.js';

function echoRecv(_arg: unknown, pcb: TcpPcb, p: Pbuf | null, _err: Err): Err {
  if (p === null) {
    // Connection closed by remote.
    return tcpClose(pcb);
  }
  // Echo the data back. No room to send: refuse the data for now. The stack keeps them and offers them again, and
  // the window stays closed to the sender meanwhile.
  if (tcpWritePbuf(pcb, p, TCP_WRITE_FLAG_COPY) !== ERR_OK) return ERR_MEM;
  tcpOutput(pcb);
  tcpRecved(pcb, p.totLen);
  pbufFree(p);
  return ERR_OK;
}

function echoAccept(_arg: unknown, newpcb: TcpPcb | null, err: Err): Err {
  if (err !== ERR_OK || !newpcb) return ERR_ARG;
  tcpRecv(newpcb, echoRecv);
  return ERR_OK;
}

/**
 * Starts the echo server on port 7.
 * @returns ERR_OK, ERR_MEM when no PCB could be had, ERR_USE when the port is taken
 */
export function echoServerInit(stack: Stack): Err {
  const pcb = tcpNew(stack);
  if (!pcb) return ERR_MEM;
  const err = tcpBind(pcb, IP_ADDR_ANY, 7); // Port 7 = echo
  if (err !== ERR_OK) {
    tcpClose(pcb);
    return err;
  }
  const listener = tcpListen(pcb);
  if (!listener) return ERR_MEM;
  tcpAccept(listener, echoAccept);
  return ERR_OK;
}
