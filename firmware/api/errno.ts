// errno values, numbered as on Linux, and how the stack's error codes map to them.

import type { Err } from '../stack/core/err.js';

export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const EBADF = 9;
export const EAGAIN = 11;
export const EWOULDBLOCK = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOTTY = 25;
export const EPIPE = 32;
export const EDOM = 33;
export const EPROTO = 71;
export const ENOTSOCK = 88;
export const EDESTADDRREQ = 89;
export const EMSGSIZE = 90;
export const EPROTOTYPE = 91;
export const ENOPROTOOPT = 92;
export const EPROTONOSUPPORT = 93;
export const ESOCKTNOSUPPORT = 94;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const EISCONN = 106;
export const ENOTCONN = 107;
export const ESHUTDOWN = 108;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const EALREADY = 114;
export const EINPROGRESS = 115;

/** The errno for an error code of the stack, 0 for ERR_OK. */
export function errToErrno(err: Err): number {
  const errno = [
    0,
    ENOMEM,
    ENOBUFS,
    EAGAIN,
    EHOSTUNREACH,
    EINPROGRESS,
    EINVAL,
    EAGAIN,
    EADDRINUSE,
    EALREADY,
    EISCONN,
    ENOTCONN,
    ENETDOWN,
    ECONNABORTED,
    ECONNRESET,
    ENOTCONN,
    EINVAL,
  ][-err];
  return errno === undefined ? EIO : errno;
}
