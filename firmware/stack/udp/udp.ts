// UDP (RFC 768, RFC 1122, 4.1).

import { ERR_OK, type Err } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import type { IpPcb } from '../ip/ip_pcb.js';

export type UdpRecv<T> = (arg: T, pcb: UdpPcb, p: Pbuf, addr: IpAddr, port: number) => void;
export type UdpErr<T> = (arg: T, pcb: UdpPcb, err: Err) => void;

export interface UdpPcb extends IpPcb {
  next: UdpPcb | null;
  errArg: unknown;
  err: UdpErr<never> | null;
  recvArg: unknown;
  recv: UdpRecv<never> | null;
  remotePort: number;
  localPort: number;
}

export interface UdpState {
  pcbs: UdpPcb | null;
}

export function udpInit(stack: Stack): void {
  stack.udp = { pcbs: null };
}

export function udpNew(_stack: Stack): UdpPcb | null {
  return null;
}

export function udpBind(_pcb: UdpPcb, _ip: IpAddr, _port: number): Err {
  return ERR_OK;
}

export function udpBindNetif(_pcb: UdpPcb, _netif: Netif | null): void {}

export function udpConnect(_pcb: UdpPcb, _ip: IpAddr, _port: number): Err {
  return ERR_OK;
}

export function udpDisconnect(_pcb: UdpPcb): void {}

export function udpRecv<T>(_pcb: UdpPcb, _fn: UdpRecv<T> | null, _arg: T): void {}

/** Sets who is told of ICMP errors about this PCB's datagrams. */
export function udpErr<T>(_pcb: UdpPcb, _fn: UdpErr<T> | null, _arg: T): void {}

export function udpSend(_pcb: UdpPcb, _p: Pbuf): Err {
  return ERR_OK;
}

export function udpSendto(_pcb: UdpPcb, _p: Pbuf, _ip: IpAddr, _port: number): Err {
  return ERR_OK;
}

export function udpSendtoIf(_pcb: UdpPcb, _p: Pbuf, _ip: IpAddr, _port: number, _netif: Netif): Err {
  return ERR_OK;
}

export function udpSendtoIfSrc(
  _pcb: UdpPcb,
  _p: Pbuf,
  _ip: IpAddr,
  _port: number,
  _netif: Netif,
  _src: IpAddr,
): Err {
  return ERR_OK;
}

export function udpRemove(_pcb: UdpPcb): void {}

export function udpInput(_p: Pbuf, _netif: Netif, _src: IpAddr, _dst: IpAddr, _hlen: number): void {}
