// Bytes to the board by UDP of the gateway's stack.

import { ERR_MEM, type Err } from '../../firmware/stack/core/err.js';
import type { IpAddr } from '../../firmware/stack/core/ipaddr.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree } from '../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../firmware/stack/core/pbuf_data.js';
import { udpSendto, type UdpPcb } from '../../firmware/stack/udp/udp.js';

/** Sends one datagram from the PCB's address and port. */
export function sendDatagram(pcb: UdpPcb, bytes: Uint8Array, to: IpAddr, port: number): Err {
  const p = pbufAlloc(pcb.stack, PBUF_TRANSPORT, bytes.length, PBUF_RAM);
  if (!p) return ERR_MEM;
  pbufTake(p, bytes);
  const err = udpSendto(pcb, p, to, port);
  pbufFree(p);
  return err;
}
