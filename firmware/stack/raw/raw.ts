// Raw PCBs: whole IP datagrams of one protocol number.

import { ERR_OK, type Err } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import type { IpPcb } from '../ip/ip_pcb.js';

export type RawRecv<T> = (arg: T, pcb: RawPcb, p: Pbuf, addr: IpAddr) => number;

export interface RawPcb extends IpPcb {
  next: RawPcb | null;
  recvArg: unknown;
  recv: RawRecv<never> | null;
  protocol: number;
}

export function rawNew(_stack: Stack, _proto: number): RawPcb | null {
  return null;
}

export function rawBind(_pcb: RawPcb, _ip: IpAddr): Err {
  return ERR_OK;
}

export function rawConnect(_pcb: RawPcb, _ip: IpAddr): Err {
  return ERR_OK;
}

export function rawRecv<T>(_pcb: RawPcb, _fn: RawRecv<T> | null, _arg: T): void {}

export function rawSendto(_pcb: RawPcb, _p: Pbuf, _ip: IpAddr): Err {
  return ERR_OK;
}

export function rawRemove(_pcb: RawPcb): void {}

export function rawInput(
  _p: Pbuf,
  _netif: Netif,
  _src: IpAddr,
  _dst: IpAddr,
  _hlen: number,
  _proto: number,
): boolean {
  return false;
}
