// The raw API of TCP.
import { ERR_OK, type Err } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import type { Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import type {
  TcpAcceptFn,
  TcpConnectedFn,
  TcpErrFn,
  TcpListenPcb,
  TcpPcb,
  TcpPollFn,
  TcpRecvFn,
  TcpSentFn,
} from './tcp_state.js';

export const TCP_WRITE_FLAG_COPY = 1;
export const TCP_WRITE_FLAG_MORE = 2;

export function tcpNew(_stack: Stack): TcpPcb | null {
  return null;
}
export function tcpArg(_pcb: TcpPcb | TcpListenPcb, _arg: unknown): void {}
export function tcpBind(_pcb: TcpPcb, _ip: IpAddr, _port: number): Err {
  return ERR_OK;
}
export function tcpBindNetif(_pcb: TcpPcb | TcpListenPcb, _netif: Netif | null): void {}
export function tcpListen(_pcb: TcpPcb): TcpListenPcb | null {
  return null;
}
export function tcpListenWithBacklog(_pcb: TcpPcb, _backlog: number): TcpListenPcb | null {
  return null;
}
export function tcpListenAny(_pcb: TcpPcb, _netif: Netif): TcpListenPcb | null {
  return null;
}
export function tcpBacklogDelayed(_pcb: TcpPcb): void {}
export function tcpBacklogAccepted(_pcb: TcpPcb): void {}
export function tcpAccept(_pcb: TcpListenPcb, _fn: TcpAcceptFn | null): void {}
export function tcpConnect(_pcb: TcpPcb, _ip: IpAddr, _port: number, _connected: TcpConnectedFn | null): Err {
  return ERR_OK;
}
export function tcpRecv(_pcb: TcpPcb, _fn: TcpRecvFn | null): void {}
export function tcpSent(_pcb: TcpPcb, _fn: TcpSentFn | null): void {}
export function tcpPoll(_pcb: TcpPcb, _fn: TcpPollFn | null, _interval: number): void {}
export function tcpErr(_pcb: TcpPcb, _fn: TcpErrFn | null): void {}
export function tcpRecved(_pcb: TcpPcb, _len: number): void {}
export function tcpWrite(
  _pcb: TcpPcb,
  _bytes: Uint8Array,
  _flags: number,
  _off?: number,
  _len?: number,
): Err {
  return ERR_OK;
}
export function tcpWritePbuf(_pcb: TcpPcb, _p: Pbuf, _flags: number): Err {
  return ERR_OK;
}
export function tcpOutput(_pcb: TcpPcb): Err {
  return ERR_OK;
}
export function tcpClose(_pcb: TcpPcb | TcpListenPcb): Err {
  return ERR_OK;
}
export function tcpShutdown(_pcb: TcpPcb, _rx: boolean, _tx: boolean): Err {
  return ERR_OK;
}
export function tcpAbort(_pcb: TcpPcb): void {}
export function tcpSndbuf(_pcb: TcpPcb): number {
  return 0;
}
export function tcpSndqueuelen(_pcb: TcpPcb): number {
  return 0;
}
export function tcpMss(_pcb: TcpPcb): number {
  return 0;
}
export function tcpNagleDisable(_pcb: TcpPcb): void {}
export function tcpNagleEnable(_pcb: TcpPcb): void {}
export function tcpNagleDisabled(_pcb: TcpPcb): boolean {
  return false;
}
