// Numbers of the socket API in words, for traces.

import { constants } from 'node:os';
import * as errnos from '../../firmware/api/errno.js';
import * as netdb from '../../firmware/api/socket_netdb.js';
import * as defs from '../../firmware/api/socket_defs.js';

/** Where two names share a number, the first of the API's is the one: EAGAIN, not EWOULDBLOCK. */
const ERRNO_NAMES = new Map(
  [...Object.entries(constants.errno), ...Object.entries(errnos).reverse()].map(([name, value]) => [
    value,
    name,
  ]),
);

export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? 'errno ' + errno;
}

/** Flag bits by name, such as `IN|HUP`; '0' for none. */
export function flagNames(prefix: 'POLL' | 'MSG_', value: number): string {
  const names: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(defs)) {
    if (!name.startsWith(prefix) || typeof bit !== 'number' || !(value & bit)) continue;
    names.push(name.slice(prefix.length));
    rest &= ~bit;
  }
  if (rest) names.push('0x' + rest.toString(16));
  return names.join('|') || '0';
}

/** A constant's name among those that begin with one of the prefixes, else its number. */
export function constantName(prefixes: string[], value: number): string {
  const found = Object.entries({ ...defs, ...netdb }).find(
    ([name, v]) => v === value && prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return found ? found[0] : String(value);
}

export function dotted(addr: number): string {
  return [24, 16, 8, 0].map((n) => (addr >>> n) & 255).join('.');
}
