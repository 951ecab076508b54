// Asking for an echo: builds requests, and keeps one question at a time for a caller that wants to know the answer.

import { tcpipAssert } from '../core/context.js';
import { LWIP_ASSERT_CORE_LOCKED } from '../core/opt.js';
import { put16 } from '../core/bytes.js';
import { CHKSUM_HEADROOM, chksumPbuf } from '../core/checksum.js';
import { ERR_ALREADY, ERR_MEM, ERR_OK, ERR_TIMEOUT, type Err } from '../core/err.js';
import { IP_ADDR_ANY, type IpAddr } from '../core/ipaddr.js';
import {
  PBUF_IP,
  PBUF_RAM,
  pbufAddHeader,
  pbufAlloc,
  pbufFree,
  pbufRemoveHeader,
  type Pbuf,
} from '../core/pbuf.js';
import { pbufGet16, pbufGetAt } from '../core/pbuf_data.js';
import type { Stack } from '../core/stack.js';
import { sysTimeout, sysUntimeout } from '../core/timers.js';
import { IP_PROTO_ICMP } from '../ip/ip_wire.js';
import { IP4_TTL } from '../ip4/ip4_wire.js';
import { rawConnect, rawNew, rawRecv, rawRemove, rawSendto, type RawPcb } from '../raw/raw.js';
import { ICMP_CHKSUM, ICMP_CODE, ICMP_ECHO, ICMP_ER, ICMP_HLEN, ICMP_ID, ICMP_SEQ } from './icmp_wire.js';

/** Told how a ping ended. @param result what came back; its `err` is ERR_OK or ERR_TIMEOUT */
export type PingDone = (ping: Ping, result: PingResult) => void;

export interface PingResult {
  err: Err;
  /** Sequence number of the request. */
  seq: number;
  /** Milliseconds from request to reply. */
  time: number;
  /** Time to live that the reply arrived with. */
  ttl: number;
  /** Bytes of data in the reply. */
  size: number;
}

export interface Ping {
  stack: Stack;
  pcb: RawPcb;
  done: PingDone | null;
  arg: unknown;
  /** Distinguishes this pinger from others on the host; random. */
  id: number;
  seq: number;
  /** Clock when the request was sent. */
  sent: number;
  waiting: boolean;
}

/**
 * An echo request, ready for rawSendto(). The data count up from 0.
 * @param id and @param seq 16-bit numbers that the reply repeats
 * @param size bytes of data
 * @returns null when the heap is exhausted
 */
export function icmpEchoRequest(stack: Stack, id: number, seq: number, size: number): Pbuf | null {
  const p = pbufAlloc(stack, PBUF_IP, ICMP_HLEN + size, PBUF_RAM);
  if (!p) return null;
  const b = p.payload;
  const o = p.off;
  b[o] = ICMP_ECHO;
  b[o + ICMP_CODE] = 0;
  put16(b, o + ICMP_CHKSUM, 0);
  put16(b, o + ICMP_ID, id);
  put16(b, o + ICMP_SEQ, seq);
  for (let i = 0; i < size; i++) b[o + ICMP_HLEN + i] = i;
  put16(b, o + ICMP_CHKSUM, ~chksumPbuf(p, ICMP_HLEN + size, CHKSUM_HEADROOM));
  return p;
}

/** A pinger; takes one raw PCB. @returns null when there is none left */
export function pingNew(stack: Stack): Ping | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'pingNew');
  const pcb = rawNew(stack, IP_PROTO_ICMP);
  if (!pcb) return null;
  const id = stack.random16();
  const ping: Ping = { stack, pcb, done: null, arg: null, id, seq: 0, sent: 0, waiting: false };
  rawRecv(pcb, receive, ping);
  return ping;
}

/**
 * Sends one request and waits for its reply.
 * @param size bytes of data
 * @param timeout milliseconds
 * @param done told the outcome, once; not when this call fails
 * @param arg for the caller: ping.arg
 * @returns ERR_OK, ERR_ALREADY (the last request is not settled), ERR_MEM, or as rawSendto()
 */
export function pingSend(
  ping: Ping,
  dst: IpAddr,
  size: number,
  timeout: number,
  done: PingDone,
  arg?: unknown,
): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(ping.stack, 'pingSend');
  const stack = ping.stack;
  if (ping.waiting) return ERR_ALREADY;
  ping.seq = (ping.seq + 1) & 0xffff;
  const p = icmpEchoRequest(stack, ping.id, ping.seq, size);
  if (!p) return ERR_MEM;
  if (sysTimeout(stack, timeout, expire, ping) !== ERR_OK) {
    pbufFree(p);
    return ERR_MEM;
  }
  ping.done = done;
  ping.arg = arg;
  ping.sent = stack.clock() | 0;
  ping.waiting = true;
  rawConnect(ping.pcb, dst);
  const err = rawSendto(ping.pcb, p, dst);
  pbufFree(p);
  if (err !== ERR_OK) settle(ping);
  return err;
}

/** Gives the pinger up, with what it waits for. */
export function pingRemove(ping: Ping): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(ping.stack, 'pingRemove');
  settle(ping);
  rawRemove(ping.pcb);
}

function settle(ping: Ping): void {
  if (ping.waiting) sysUntimeout(ping.stack, expire, ping);
  ping.waiting = false;
  rawConnect(ping.pcb, IP_ADDR_ANY);
}

function receive(ping: Ping, _pcb: RawPcb, p: Pbuf): number {
  const hlen = (pbufGetAt(p, 0) & 15) << 2;
  if (
    !ping.waiting ||
    pbufGetAt(p, hlen) !== ICMP_ER ||
    pbufGet16(p, hlen + ICMP_ID) !== ping.id ||
    pbufGet16(p, hlen + ICMP_SEQ) !== ping.seq ||
    p.totLen < hlen + ICMP_HLEN ||
    !checksumFine(p, hlen)
  ) {
    return 0;
  }
  const ttl = pbufGetAt(p, IP4_TTL);
  const size = p.totLen - hlen - ICMP_HLEN;
  const time = ((ping.stack.clock() | 0) - ping.sent) | 0;
  pbufFree(p);
  settle(ping);
  ping.done!(ping, { err: ERR_OK, seq: ping.seq, time, ttl, size });
  return 1;
}

/** Raw PCBs see a message before its checksum was looked at. */
function checksumFine(p: Pbuf, hlen: number): boolean {
  if (!pbufRemoveHeader(p, hlen)) return false;
  const sum = chksumPbuf(p, p.totLen, 0);
  pbufAddHeader(p, hlen);
  return sum === 0xffff;
}

function expire(ping: Ping): void {
  ping.waiting = false;
  settle(ping);
  ping.done!(ping, { err: ERR_TIMEOUT, seq: ping.seq, time: 0, ttl: 0, size: 0 });
}
