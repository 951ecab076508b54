// Raw PCBs: whole IP datagrams of one protocol number, for diagnostics and protocols above the stack.

import { tcpipAssert } from '../core/context.js';
import { LWIP_ASSERT_CORE_LOCKED } from '../core/opt.js';
import { ERR_MEM, ERR_OK, ERR_RTE, ERR_VAL, type Err } from '../core/err.js';
import { IP_ADDR_ANY, ipAddrEq, ipAddrIsAny, type IpAddr } from '../core/ipaddr.js';
import { MEMP_RAW_PCB, mempFree, mempTake } from '../core/memp.js';
import type { Netif } from '../core/netif.js';
import { pbufFree, type Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { MEMERR, RECV, RTERR, STAT_RAW, XMIT, statInc } from '../core/stats.js';
import { ipOutputIf, ipRoute, ipSrcAddr } from '../ip/ip.js';
import { ipHeaderRoom, type IpPcb } from '../ip/ip_pcb.js';

/**
 * Looks at a datagram.
 * @param p at the IP header
 * @param addr where it comes from
 * @returns 1 when it was taken (the callback frees `p`), 0 to leave it, as it was, to others
 */
export type RawRecv<T> = (arg: T, pcb: RawPcb, p: Pbuf, addr: IpAddr) => number;

export interface RawPcb extends IpPcb {
  next: RawPcb | null;
  recvArg: unknown;
  recv: RawRecv<unknown> | null;
  protocol: number;
}

/** A PCB for one IP protocol number. @returns null when MEMP_NUM_RAW_PCB are in use */
export function rawNew(stack: Stack, proto: number): RawPcb | null {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(stack, 'rawNew');
  if (mempTake(stack, MEMP_RAW_PCB) !== ERR_OK) return null;
  return (stack.rawPcbs = {
    stack,
    netif: null,
    soOptions: 0,
    tos: 0,
    ttl: stack.opt.IP_DEFAULT_TTL,
    remoteIp: IP_ADDR_ANY,
    localIp: IP_ADDR_ANY,
    next: stack.rawPcbs,
    recvArg: null,
    recv: null,
    protocol: proto,
  });
}

/** Receives only what is sent to `ip`, and sends from it; IP_ADDR_ANY for any. */
export function rawBind(pcb: RawPcb, ip: IpAddr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'rawBind');
  pcb.localIp = ip;
  return ERR_OK;
}

/** Receives only what comes from `ip`; IP_ADDR_ANY for anybody. */
export function rawConnect(pcb: RawPcb, ip: IpAddr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'rawConnect');
  pcb.remoteIp = ip;
  return ERR_OK;
}

/** Sets who looks at received datagrams; they are seen before the stack's own protocols see them. */
export function rawRecv<T>(pcb: RawPcb, fn: RawRecv<T> | null, arg: T): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'rawRecv');
  pcb.recv = fn as RawRecv<unknown> | null;
  pcb.recvArg = arg;
}

/**
 * Sends `p` as the payload of an IP datagram.
 * @returns ERR_OK, ERR_VAL (no destination), ERR_RTE, ERR_MEM, ERR_IF
 */
export function rawSendto(pcb: RawPcb, p: Pbuf, ip: IpAddr): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'rawSendto');
  const stack = pcb.stack;
  if (ipAddrIsAny(ip)) return ERR_VAL;
  const netif = pcb.netif || ipRoute(stack, pcb.localIp, ip);
  if (!netif) {
    statInc(stack, STAT_RAW + RTERR);
    return ERR_RTE;
  }
  const q = ipHeaderRoom(p, 0);
  if (!q) {
    statInc(stack, STAT_RAW + MEMERR);
    return ERR_MEM;
  }
  const src = ipAddrIsAny(pcb.localIp) ? ipSrcAddr(netif, ip) : pcb.localIp;
  const err = ipOutputIf(q, src, ip, pcb.ttl, pcb.tos, pcb.protocol, netif);
  if (err === ERR_OK) statInc(stack, STAT_RAW + XMIT);
  if (q !== p) pbufFree(q);
  return err;
}

/** Sends to the address given to rawConnect(). */
export function rawSend(pcb: RawPcb, p: Pbuf): Err {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'rawSend');
  return rawSendto(pcb, p, pcb.remoteIp);
}

/** Ends a PCB. */
export function rawRemove(pcb: RawPcb): void {
  if (LWIP_ASSERT_CORE_LOCKED) tcpipAssert(pcb.stack, 'rawRemove');
  const stack = pcb.stack;
  // Where a datagram is being offered to several, this one may be next.
  pcb.recv = null;
  let found = stack.rawPcbs === pcb;
  if (found) stack.rawPcbs = pcb.next;
  for (let r = stack.rawPcbs; r && !found; r = r.next) {
    if (r.next === pcb) {
      r.next = pcb.next;
      found = true;
    }
  }
  if (found) mempFree(stack, MEMP_RAW_PCB);
}

/**
 * Offers a received datagram to raw PCBs.
 * @param p at the transport header, the IP header `hlen` bytes before it
 * @returns whether one took it
 */
export function rawInput(
  p: Pbuf,
  netif: Netif,
  src: IpAddr,
  dst: IpAddr,
  hlen: number,
  proto: number,
): boolean {
  const stack = netif.stack;
  for (let pcb = stack.rawPcbs, next: RawPcb | null; pcb; pcb = next) {
    next = pcb.next;
    if (
      pcb.protocol !== proto ||
      !pcb.recv ||
      (pcb.netif && pcb.netif !== netif) ||
      (!ipAddrIsAny(pcb.localIp) && !ipAddrEq(pcb.localIp, dst)) ||
      (!ipAddrIsAny(pcb.remoteIp) && !ipAddrEq(pcb.remoteIp, src))
    ) {
      continue;
    }
    statInc(stack, STAT_RAW + RECV);
    const off = p.off;
    const len = p.len;
    const totLen = p.totLen;
    p.off = off - hlen;
    p.len = len + hlen;
    p.totLen = totLen + hlen;
    if (pcb.recv(pcb.recvArg, pcb, p, src)) return true;
    p.off = off;
    p.len = len;
    p.totLen = totLen;
  }
  return false;
}
