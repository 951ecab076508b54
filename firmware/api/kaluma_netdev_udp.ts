// Kaluma's network device: datagrams. A write is one datagram to whom the socket is connected; what arrives goes to
// read_cb, with the sender in raddr and rport.

import { ERR_ARG, ERR_MEM, ERR_OK, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../stack/core/ipaddr.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree, type Pbuf } from '../stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../stack/core/pbuf_data.js';
import { udpBind, udpNew, udpRecv, udpSendto, type UdpPcb } from '../stack/udp/udp.js';
import { EMSGSIZE, errToErrno } from './errno.js';
import { NETDEV_CONNECTED, netdevEvent, type Endpoint } from './kaluma_netdev_endpoint.js';
import { LATIN1_PIECE } from './latin1.js';

/** Bytes that a datagram takes without fragments (1500 - 20 - 8). */
const MAX_DATAGRAM = 1472;
/** Datagrams that wait for read_cb; more are dropped. */
const MAX_WAITING = 4;

/** Binds to a port of all own addresses, 0 for any. @returns an error code of udpBind(), or ERR_MEM */
export function netdevUdpBind(e: Endpoint, port: number): Err {
  const pcb = e.udp || udpNew(e.dev.stack);
  if (!pcb) return ERR_MEM;
  e.udp = pcb;
  udpRecv(pcb, received, e);
  const err = udpBind(pcb, IP_ADDR_ANY, port);
  e.obj.lport = pcb.localPort;
  return err;
}

/** Sets whom datagrams go to. Those of others are received, too. */
export function netdevUdpConnect(e: Endpoint, addr: IpAddr): Err {
  const err = e.udp ? ERR_OK : netdevUdpBind(e, 0);
  e.peer = addr;
  if (err === ERR_OK) e.obj.state = NETDEV_CONNECTED;
  return err;
}

/** Sends a datagram. @returns 0 or an errno */
export function netdevUdpSend(e: Endpoint, data: string | Uint8Array): number {
  const n = data.length;
  if (n > MAX_DATAGRAM) return EMSGSIZE;
  const p = pbufAlloc(e.dev.stack, PBUF_TRANSPORT, n, PBUF_RAM);
  let err: Err = ERR_MEM;
  if (p) {
    if (typeof data !== 'string') pbufTake(p, data);
    else {
      for (let at = 0; at < n; at += LATIN1_PIECE) {
        p.payload.set(e.dev.encode(data.substring(at, at + LATIN1_PIECE)), p.off + at);
      }
    }
    err = e.udp ? udpSendto(e.udp, p, e.peer, e.obj.rport) : ERR_ARG;
    pbufFree(p);
  }
  return errToErrno(err);
}

function received(e: Endpoint, _pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number): void {
  if (e.datagrams.length < MAX_WAITING) e.datagrams.push({ data: pbufBytes(p), addr, port });
  pbufFree(p);
  netdevEvent(e);
}
