// The smallest DHCP and DNS servers that the self-test's clients can talk to: fixed answers, on UDP of the peer
// stack.

import { get16, put16, put32 } from '../../stack/core/bytes.js';
import { ERR_OK } from '../../stack/core/err.js';
import { IP_ADDR_ANY, IP_ADDR_BROADCAST, type Ip4Addr } from '../../stack/core/ipaddr.js';
import { PBUF_RAM, PBUF_TRANSPORT, pbufAlloc, pbufFree, type Pbuf } from '../../stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../stack/core/pbuf_data.js';
import type { Stack } from '../../stack/core/stack.js';
import { udpBind, udpNew, udpRecv, udpSendto, type UdpPcb } from '../../stack/udp/udp.js';

function reply(pcb: UdpPcb, bytes: Uint8Array, to: Ip4Addr, port: number): void {
  const p = pbufAlloc(pcb.stack, PBUF_TRANSPORT, bytes.length, PBUF_RAM);
  if (!p) return;
  pbufTake(p, bytes);
  udpSendto(pcb, p, to, port);
  pbufFree(p);
}

/**
 * A DHCP server that leases one address for an hour (RFC 2131).
 * @param self the server's own address, also told as router and DNS server
 */
export function dhcpPeer(stack: Stack, self: Ip4Addr, lease: Ip4Addr): boolean {
  const pcb = udpNew(stack);
  if (!pcb || udpBind(pcb, IP_ADDR_ANY, 67) !== ERR_OK) return false;
  udpRecv(
    pcb,
    function (_arg: unknown, server: UdpPcb, p: Pbuf) {
      const q = pbufBytes(p);
      pbufFree(p);
      let kind = 0;
      for (let i = 240; i + 2 < q.length && q[i] !== 255; i += q[i] ? q[i + 1]! + 2 : 1) {
        if (q[i] === 53) kind = q[i + 2]!;
      }
      if (kind !== 1 && kind !== 3) return;
      const r = new Uint8Array(300);
      r.set(q.subarray(0, 236));
      r[0] = 2;
      put32(r, 16, lease);
      put32(r, 20, self);
      put32(r, 236, 0x63825363);
      r.set([53, 1, kind === 1 ? 2 : 5, 54, 4, 0, 0, 0, 0, 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0], 240);
      put32(r, 245, self);
      r.set([3, 4, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 255], 261);
      put32(r, 263, self);
      put32(r, 269, self);
      reply(server, r, IP_ADDR_BROADCAST, 68);
    },
    null,
  );
  return true;
}

/** A DNS server that answers every question with one address, by way of a CNAME (RFC 1035). */
export function dnsPeer(stack: Stack, answer: Ip4Addr): boolean {
  const pcb = udpNew(stack);
  if (!pcb || udpBind(pcb, IP_ADDR_ANY, 53) !== ERR_OK) return false;
  udpRecv(
    pcb,
    function (_arg: unknown, server: UdpPcb, p: Pbuf, from, port) {
      const q = pbufBytes(p);
      pbufFree(p);
      let end = 12;
      while (end < q.length && q[end]) end += q[end]! + 1;
      end += 5;
      if (q.length < end || get16(q, 4) !== 1) return;
      const r = new Uint8Array(end + 18 + 16);
      r.set(q.subarray(0, end));
      put16(r, 2, 0x8180);
      put16(r, 6, 2);
      put16(r, 8, 0);
      put16(r, 10, 0);
      // <question> CNAME a.<question>; a.<question> A <answer>
      r.set([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 97, 0xc0, 12], end);
      r.set([0xc0, end + 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 0, 0, 0, 0], end + 16);
      put32(r, end + 28, answer);
      reply(server, r.subarray(0, end + 32), from as Ip4Addr, port);
    },
    null,
  );
  return true;
}
