// net.resolve(name), and the way from what a user calls a host to its address.

import { ERR_ARG, ERR_INPROGRESS, ERR_MEM, ERR_OK, ERR_RTE, ERR_VAL, type Err } from '../stack/core/err.js';
import { ipaddrAton, ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_DNS } from '../stack/core/opt.js';
import { dnsGethostbyname } from '../stack/dns/dns.js';
import { cut, HOST } from './columns.js';
import { show, type Diagnostics } from './console.js';

export function resolve(d: Diagnostics, name: unknown): void {
  lookup(d, 'resolve', name, function (addr) {
    if (addr !== null) show(d, [cut(name as string, HOST) + ' is ' + ipaddrNtoa(addr)]);
  });
}

/**
 * Finds a host's address, and tells the user when there is none.
 * @param who the command that asks
 * @param host a name or dotted decimal; anything else is told to be wrong
 * @param found told the address, or null; perhaps from within this call
 */
export function lookup(
  d: Diagnostics,
  who: string,
  host: unknown,
  found: (addr: IpAddr | null) => void,
): void {
  const known = { addr: 0 as IpAddr };
  const answered = function (_name: string, addr: IpAddr | null): void {
    if (addr === null) show(d, [who + ': ' + cut(host as string, HOST) + ' is not known']);
    found(addr);
  };
  let err: Err = ERR_ARG;
  if (typeof host === 'string') {
    if (LWIP_DNS) err = dnsGethostbyname(d.stack, host, known, answered, null);
    else if ((known.addr = ipaddrAton(host)) >= 0) err = ERR_OK;
  }
  if (err === ERR_OK) answered('', known.addr);
  else if (err !== ERR_INPROGRESS) {
    show(d, [who + ': ' + reason(err)]);
    found(null);
  }
}

/** Why something could not be begun. */
export function reason(err: Err): string {
  return err === ERR_ARG
    ? LWIP_DNS
      ? "a host is '10.0.0.1' or 'example.com'"
      : "a host is '10.0.0.1'"
    : err === ERR_VAL
      ? 'no DNS server'
      : err === ERR_RTE
        ? 'no route'
        : err === ERR_MEM
          ? 'out of memory'
          : 'error ' + err;
}
