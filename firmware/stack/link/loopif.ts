// The loopback interface lo0, 127.0.0.1/8, and the way back for datagrams to an own address. They are copied, and
// given to IP from a time-out: never from within the call that sent them.

import { ERR_MEM, ERR_OK, type Err } from '../core/err.js';
import { IP_ADDR_LOOPBACK } from '../core/ipaddr.js';
import {
  NETIF_CHECKSUM_GEN_ICMP,
  NETIF_FLAG_LINK_UP,
  NETIF_FLAG_LOOPBACK,
  NETIF_FLAG_UP,
  netifAdd,
  netifFind,
  type Netif,
} from '../core/netif.js';
import { PBUF_LINK, pbufFree, type Pbuf } from '../core/pbuf.js';
import { pbufClone } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { MEMERR, STAT_LINK, statDrop } from '../core/stats.js';
import { sysTimeout } from '../core/timers.js';
import { ip4Input } from '../ip4/ip4.js';

/** Datagrams that may wait; more are dropped, as on any wire. */
const QUEUE_LEN = 16;

interface LoopState {
  queue: Pbuf[];
  scheduled: boolean;
  /** The queue is being emptied: what is sent meanwhile waits for the next turn of the clock. */
  draining: boolean;
}

export function loopifInit(stack: Stack): void {
  const state: LoopState = { queue: [], scheduled: false, draining: false };
  netifAdd(stack, IP_ADDR_LOOPBACK, 0xff000000, 0, state, loopifSetUp, ip4Input);
}

function loopifSetUp(netif: Netif): Err {
  netif.name = 'lo';
  netif.mtu = 0xffff;
  netif.output = loopOutput;
  // What never leaves memory needs no checksums; ICMP's are made for raw PCBs, which check them themselves.
  netif.chksumFlags = NETIF_CHECKSUM_GEN_ICMP;
  netif.flags = NETIF_FLAG_UP | NETIF_FLAG_LINK_UP | NETIF_FLAG_LOOPBACK;
  return ERR_OK;
}

/**
 * Turns a datagram round. It arrives by lo0 whatever interface it was sent by.
 * @param p at its IP header; stays the caller's
 * @returns ERR_OK or ERR_MEM (heap, queue or time-outs exhausted; counted)
 */
export function loopOutput(from: Netif, p: Pbuf): Err {
  const stack = from.stack;
  const netif = from.flags & NETIF_FLAG_LOOPBACK ? from : netifFind(stack, 'lo0');
  const state = netif && (netif.state as LoopState);
  const copy = state && state.queue.length < QUEUE_LEN ? pbufClone(p, PBUF_LINK) : null;
  if (!netif || !state || !copy) {
    statDrop(stack, STAT_LINK, MEMERR);
    return ERR_MEM;
  }
  if (!state.scheduled) {
    if (sysTimeout(stack, state.draining ? 1 : 0, drain, netif) !== ERR_OK) {
      pbufFree(copy);
      statDrop(stack, STAT_LINK, MEMERR);
      return ERR_MEM;
    }
    state.scheduled = true;
  }
  state.queue.push(copy);
  netif.outPackets++;
  netif.outOctets += copy.totLen;
  return ERR_OK;
}

function drain(netif: Netif): void {
  const state = netif.state as LoopState;
  state.scheduled = false;
  state.draining = true;
  for (let n = state.queue.length; n > 0; n--) {
    const p = state.queue.shift()!;
    netif.inPackets++;
    netif.inOctets += p.totLen;
    netif.input(p, netif);
  }
  state.draining = false;
}
