// The C structures of the socket calls on Linux, little-endian with 64-bit longs.

import type {
  IpMreq,
  Linger,
  Pollfd,
  SockaddrIn,
  OptionValue,
  Timeval,
} from '../../firmware/api/socket_defs.js';
import {
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  SOL_SOCKET,
  SO_LINGER,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
} from '../../firmware/api/socket_defs.js';

export const SOCKADDR_SIZE = 16;
const POLLFD_SIZE = 8;
/** Bits of an fd_set. */
export const FD_SETSIZE = 1024;

export function packSockaddr(a: SockaddrIn): Buffer {
  const b = Buffer.alloc(SOCKADDR_SIZE);
  b.writeUInt16LE(a.sinFamily, 0);
  b.writeUInt16BE(a.sinPort, 2);
  b.writeUInt32BE(a.sinAddr >>> 0, 4);
  return b;
}

export function unpackSockaddr(b: Buffer, out: SockaddrIn): void {
  out.sinFamily = b.readUInt16LE(0);
  out.sinPort = b.readUInt16BE(2);
  out.sinAddr = b.readUInt32BE(4);
}

export function packPollfds(fds: Pollfd[]): Buffer {
  const b = Buffer.alloc(Math.max(1, fds.length) * POLLFD_SIZE);
  fds.forEach((p, i) => {
    b.writeInt32LE(p.fd, i * POLLFD_SIZE);
    b.writeInt16LE(p.events, i * POLLFD_SIZE + 4);
  });
  return b;
}

export function unpackPollfds(b: Buffer, fds: Pollfd[]): void {
  fds.forEach((p, i) => (p.revents = b.readInt16LE(i * POLLFD_SIZE + 6)));
}

export function packFdSet(fds: number[] | null): Buffer | null {
  if (!fds) return null;
  const b = Buffer.alloc(FD_SETSIZE / 8);
  for (const fd of fds) b[fd >> 3]! |= 1 << (fd & 7);
  return b;
}

/** Leaves those of `fds` that are in the set. */
export function unpackFdSet(b: Buffer | null, fds: number[] | null): void {
  if (b && fds) fds.splice(0, fds.length, ...fds.filter((fd) => b[fd >> 3]! & (1 << (fd & 7))));
}

export function packTimeval(t: Timeval): Buffer {
  const b = Buffer.alloc(16);
  b.writeBigInt64LE(BigInt(t.tvSec), 0);
  b.writeBigInt64LE(BigInt(t.tvUsec), 8);
  return b;
}

export function packOption(value: OptionValue): Buffer {
  if (typeof value === 'number') {
    const b = Buffer.alloc(4);
    b.writeInt32LE(value | 0);
    return b;
  }
  if ('tvSec' in value) return packTimeval(value);
  const b = Buffer.alloc(8);
  if ('onoff' in value) {
    b.writeInt32LE(value.onoff, 0);
    b.writeInt32LE(value.linger, 4);
  } else {
    b.writeUInt32BE(value.imrMultiaddr >>> 0, 0);
    b.writeUInt32BE(value.imrInterface >>> 0, 4);
  }
  return b;
}

/** What getsockopt() wrote, by option and length. */
export function unpackOption(level: number, name: number, b: Buffer): OptionValue {
  if (level === SOL_SOCKET && name === SO_LINGER) return linger(b);
  if (level === SOL_SOCKET && (name === SO_RCVTIMEO || name === SO_SNDTIMEO)) {
    return { tvSec: Number(b.readBigInt64LE(0)), tvUsec: Number(b.readBigInt64LE(8)) };
  }
  if (level === IPPROTO_IP && name === IP_MULTICAST_IF) return b.readUInt32BE(0);
  if (level === IPPROTO_IP && (name === IP_ADD_MEMBERSHIP || name === IP_DROP_MEMBERSHIP))
    return membership(b);
  return b.length < 4 ? b.readUInt8(0) : b.readInt32LE(0);
}

function linger(b: Buffer): Linger {
  return { onoff: b.readInt32LE(0), linger: b.readInt32LE(4) };
}

function membership(b: Buffer): IpMreq {
  return { imrMultiaddr: b.readUInt32BE(0), imrInterface: b.readUInt32BE(4) };
}
