// Errors as Node's own sockets report them: the same code, errno, syscall, address, port and message.

import { getSystemErrorMap } from 'node:util';
import {
  ERR_ABRT,
  ERR_BUF,
  ERR_CONN,
  ERR_ISCONN,
  ERR_MEM,
  ERR_RST,
  ERR_RTE,
  ERR_USE,
  type Err,
} from '../../firmware/stack/core/err.js';

/** What the systems's call was about; goes into the error and its message. */
export interface ErrorPlace {
  address?: string | undefined;
  port?: number | undefined;
}

/** Errno and description of a code such as ECONNREFUSED. */
function known(code: string): { errno: number; text: string } {
  for (const [errno, [name, text]] of getSystemErrorMap()) if (name === code) return { errno, text };
  throw new Error(`${code} is no error of this system`);
}

/**
 * An error of a system call.
 * @param syscall such as `connect`
 * @param code such as ECONNREFUSED
 * @param place the address and port that it was about
 * @param described whether the message says what the code means, as Node's does for bind and listen
 */
export function systemError(
  syscall: string,
  code: string,
  place: ErrorPlace = {},
  described = false,
): NodeJS.ErrnoException {
  const { errno, text } = known(code);
  const where = !place.port ? place.address : `${place.address}:${place.port}`;
  const message = `${syscall} ${code}${described ? `: ${text}` : ''}${where === undefined ? '' : ` ${where}`}`;
  const error: NodeJS.ErrnoException = Object.assign(new Error(message), { errno, code, syscall });
  if (place.address !== undefined) Object.assign(error, { address: place.address });
  if (place.port) Object.assign(error, { port: place.port });
  return error;
}

/** The error of a look-up, as dns.lookup() gives it. */
export function lookupError(code: string, hostname: string): NodeJS.ErrnoException {
  const { errno } = known(code === 'ENOTFOUND' ? 'EAI_NONAME' : code);
  const message = `getaddrinfo ${code} ${hostname}`;
  return Object.assign(new Error(message), { errno, code, syscall: 'getaddrinfo', hostname });
}

/** An error of Node's own, with one of its codes and no errno. */
export function nodeError<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code });
}

/** The errno name for what a raw call returned. */
export function codeOfCall(err: Err): string {
  switch (err) {
    case ERR_MEM:
      return 'ENOBUFS';
    case ERR_BUF:
      return 'EADDRNOTAVAIL';
    case ERR_RTE:
      return 'ENETUNREACH';
    case ERR_USE:
      return 'EADDRINUSE';
    case ERR_ISCONN:
      return 'EISCONN';
    case ERR_CONN:
      return 'EPIPE';
    default:
      return 'EINVAL';
  }
}

const DEST_UNREACHABLE = 3;
/** RFC 1122, 3.2.2.1: the codes of "destination unreachable" that say network, and host. */
const NETWORK_CODES = [0, 6, 8, 11];
const HOST_CODES = [1, 7, 9, 10, 12, 13];

/**
 * The errno name for what the error callback of a connection got.
 * @param connected whether the handshake had been completed
 * @param softError ICMP type and code in one number as the pcb keeps it, -1 without
 */
export function codeOfFailure(err: Err, connected: boolean, softError: number): string {
  if (err === ERR_RST) return connected ? 'ECONNRESET' : 'ECONNREFUSED';
  if (err === ERR_ABRT && !connected && softError >> 8 === DEST_UNREACHABLE) {
    if (NETWORK_CODES.includes(softError & 255)) return 'ENETUNREACH';
    if (HOST_CODES.includes(softError & 255)) return 'EHOSTUNREACH';
  }
  return err === ERR_ABRT ? 'ETIMEDOUT' : 'ECONNABORTED';
}
