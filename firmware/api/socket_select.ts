// select() and poll(): waiting for several sockets at a time. Everybody who waits looks again at each event of any socket:
// with so few sockets that is cheaper than lists of who waits for what.

import { BLOCKED, sysWait, type Wait } from '../stack/core/sys.js';
import { tcpipEnter } from '../stack/core/tcpip.js';
import { EBADF, EFAULT, EINVAL } from './errno.js';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDNORM,
  POLLWRNORM,
  type Pollfd,
} from './socket_defs.js';
import { sockEvents } from './socket_state.js';
import { checkHolder, sockOf, socketLater, socketLeave, type Sockets } from './socket_table.js';

/** A set of descriptors: bit `fd` of one small integer. */
export interface FdSet {
  bits: number;
}

export const FD_SETSIZE = 30;

const READABLE = POLLIN | POLLRDNORM | POLLHUP | POLLERR;
const WRITABLE = POLLOUT | POLLWRNORM | POLLERR;

export function FD_ZERO(set: FdSet): void {
  set.bits = 0;
}

export function FD_SET(fd: number, set: FdSet): void {
  set.bits |= 1 << fd;
}

export function FD_CLR(fd: number, set: FdSet): void {
  set.bits &= ~(1 << fd);
}

export function FD_ISSET(fd: number, set: FdSet): boolean {
  return (set.bits & (1 << fd)) !== 0;
}

interface Selecting {
  nfds: number;
  read: FdSet | null;
  write: FdSet | null;
  except: FdSet | null;
}

/**
 * Waits until one of several sockets is ready.
 * @param nfds the highest descriptor, plus 1
 * @param read which ones to watch for data, connections, or the end; null: none. Holds those that are ready afterwards
 * @param write which ones to watch for room, or the end of connect()
 * @param except which ones to watch for urgent data: of which there are none
 * @param ms time limit in milliseconds; 0: does not wait; null: none
 * @returns how many bits are set, 0 when the time is up, or a Wait for that; -1 with EBADF (a socket that is none, or was
 *   closed meanwhile), EINVAL (nfds, ms), EFAULT (no set), ENOMEM (no time-out is free); the sets are then as they were
 */
export function select(
  s: Sockets,
  nfds: number,
  read: FdSet | null,
  write: FdSet | null,
  except: FdSet | null,
  ms: number | null,
): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return select(s, nfds, read, write, except, ms);
    });
  }
  if (!(nfds >= 0) || (ms !== null && !(ms >= 0))) return socketLeave(s, -EINVAL);
  if (!isSet(read) || !isSet(write) || !isSet(except)) return socketLeave(s, -EFAULT);
  const call: Selecting = { nfds: nfds < FD_SETSIZE ? nfds : FD_SETSIZE, read, write, except };
  const r = trySelect(s, call, ms === 0);
  return socketLeave(s, r === BLOCKED ? sysWait(s.stack, s.selectors, limit(ms), trySelect, s, call) : r);
}

function isSet(set: FdSet | null): boolean {
  return set === null || (typeof set === 'object' && typeof set.bits === 'number');
}

/** Time-outs are of whole milliseconds, and at least one. */
function limit(ms: number | null): number {
  return ms === null || ms < 0 ? 0 : Math.ceil(ms);
}

function trySelect(s: Sockets, call: Selecting, late: boolean): number {
  const read = call.read ? call.read.bits : 0;
  const write = call.write ? call.write.bits : 0;
  const except = call.except ? call.except.bits : 0;
  const all = read | write | except;
  let readable = 0;
  let writable = 0;
  let urgent = 0;
  let n = 0;
  for (let fd = 0; fd < call.nfds; fd++) {
    const bit = 1 << fd;
    if (!(all & bit)) continue;
    const sock = sockOf(s, fd);
    if (!sock) return -EBADF;
    const events = sockEvents(sock);
    if (read & bit && events & READABLE) {
      readable |= bit;
      n++;
    }
    if (write & bit && events & WRITABLE) {
      writable |= bit;
      n++;
    }
    if (except & bit && events & POLLPRI) {
      urgent |= bit;
      n++;
    }
  }
  if (!n && !late) return BLOCKED;
  if (call.read) call.read.bits = readable;
  if (call.write) call.write.bits = writable;
  if (call.except) call.except.bits = urgent;
  return n;
}

/**
 * Waits until one of several sockets is ready.
 * @param fds what to watch for, in `events`; `revents` receives what there is. A negative `fd` is left out
 * @param ms time limit in milliseconds; 0: does not wait; negative: none
 * @returns how many have `revents`, 0 when the time is up, or a Wait for that; -1 with EFAULT (no array), ENOMEM
 */
export function poll(s: Sockets, fds: Pollfd[], ms: number): number | Wait {
  if (!tcpipEnter(s.stack)) {
    return socketLater(s, function () {
      return poll(s, fds, ms);
    });
  }
  if (checkHolder(fds) || typeof fds.length !== 'number') return socketLeave(s, -EFAULT);
  const r = tryPoll(s, fds, ms === 0);
  return socketLeave(s, r === BLOCKED ? sysWait(s.stack, s.selectors, limit(ms), tryPoll, s, fds) : r);
}

function tryPoll(s: Sockets, fds: Pollfd[], late: boolean): number {
  let n = 0;
  for (let i = 0; i < fds.length; i++) {
    const f = fds[i]!;
    if (checkHolder(f)) return -EFAULT;
    f.revents = 0;
    if (f.fd < 0) continue;
    const sock = sockOf(s, f.fd);
    f.revents = sock ? sockEvents(sock) & (f.events | POLLERR | POLLHUP) : POLLNVAL;
    if (f.revents) n++;
  }
  return n || late ? n : BLOCKED;
}
