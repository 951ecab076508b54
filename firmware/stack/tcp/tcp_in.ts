// Input: validation and demultiplexing.
import { ERR_OK, type Err } from '../core/err.js';
import type { IpAddr } from '../core/ipaddr.js';
import type { Netif } from '../core/netif.js';
import { pbufFree, type Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';

export function tcpInput(p: Pbuf, _netif: Netif, _src: IpAddr, _dst: IpAddr, _hlen: number): Err {
  pbufFree(p);
  return ERR_OK;
}

export function tcpIcmpError(
  _stack: Stack,
  _src: IpAddr,
  _dst: IpAddr,
  _localPort: number,
  _remotePort: number,
  _seq: number,
  _type: number,
  _code: number,
  _mtu: number,
): void {}
